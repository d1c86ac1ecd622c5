/* Splits `infer` into its calls, so that `eaic verify` can look at memory after each step of any module. */
#include <string.h>

#include "abi/abi.h"

enum { SECTION_IMPORT = 2, SECTION_FUNCTION = 3, SECTION_EXPORT = 7, SECTION_CODE = 10 };
enum { OPCODE_END = 0x0b, OPCODE_CALL = 0x10, OPCODE_LOCAL_GET = 0x20, OPCODE_I32_CONST = 0x41, EXPORT_FUNCTION = 0 };

/* A walk over a section's bytes; `ok` falls when they are not what is expected. */
struct cursor {
  struct bytes bytes;
  size_t at;
  bool ok;
};

static uint32_t next_u32(struct cursor *c) {
  uint32_t x = 0;
  c->ok = c->ok && wasm_read_u32(c->bytes, &c->at, &x);
  return c->ok ? x : 0;
}

static struct bytes next_bytes(struct cursor *c, uint32_t size) {
  c->ok = c->ok && size <= c->bytes.size - c->at;
  if (!c->ok) return (struct bytes){0};
  c->at += size;
  return (struct bytes){c->bytes.data + c->at - size, size};
}

static const struct wasm_section *find_section(const wasm_sections *sections, int id) {
  for (int i = 0; i < sections->count; i++) {
    if (sections->at[i].id == id) return &sections->at[i];
  }
  return NULL;
}

/* Index of the function exported as `infer`. */
static bool find_infer(const struct wasm_section *exports, uint32_t *out) {
  struct cursor c = {exports->body, 0, true};
  bool found = false;
  for (uint32_t n = next_u32(&c); c.ok && n > 0; n--) {
    struct bytes name = next_bytes(&c, next_u32(&c)), kind = next_bytes(&c, 1);
    uint32_t index = next_u32(&c);
    if (!c.ok || name.size != 5 || memcmp(name.data, "infer", 5) || kind.data[0] != EXPORT_FUNCTION) continue;
    *out = index;
    found = true;
  }
  return found && c.ok;
}

/* The entry `index` of a vector of numbers (function section). */
static bool entry_u32(struct bytes vector, uint32_t index, uint32_t *out) {
  struct cursor c = {vector, 0, true};
  uint32_t count = next_u32(&c);
  for (uint32_t i = 0; c.ok && i <= index; i++) *out = next_u32(&c);
  return c.ok && index < count;
}

/* The entry `index` of a vector of sized bodies (code section). */
static bool entry_body(struct bytes vector, uint32_t index, struct bytes *out) {
  struct cursor c = {vector, 0, true};
  uint32_t count = next_u32(&c);
  for (uint32_t i = 0; c.ok && i <= index; i++) *out = next_bytes(&c, next_u32(&c));
  return c.ok && index < count;
}

typedef VECTOR(struct bytes) pieces;

/* Cuts a body into "operands, call"; false when there is anything else in it. Locals (`locals`: their declarations)
 * are only read, so they are 0 in each piece too: LLVM gives them to parameters that a kernel ignores. */
static bool cut_body(struct ctx *ctx, struct bytes body, struct bytes *locals, pieces *out) {
  struct cursor c = {body, 0, true};
  for (uint32_t groups = next_u32(&c); c.ok && groups > 0; groups--) {
    next_u32(&c); /* how many */
    next_bytes(&c, 1); /* of which type */
  }
  *locals = (struct bytes){body.data, c.at};
  size_t start = c.at;
  while (c.ok) {
    struct bytes opcode = next_bytes(&c, 1);
    if (!c.ok) return false;
    if (opcode.data[0] == OPCODE_END) return c.at == body.size && start + 1 == c.at && out->count > 0;
    bool operand = opcode.data[0] == OPCODE_I32_CONST || opcode.data[0] == OPCODE_LOCAL_GET;
    if (!operand && opcode.data[0] != OPCODE_CALL) return false;
    next_u32(&c); /* a signed constant ends at the same byte */
    if (operand) continue;
    struct bytes piece = {body.data + start, c.at - start};
    VECTOR_PUSH(ctx, out, piece);
    start = c.at;
  }
  return false;
}

/* A vector's section with `count` more entries, whose bytes are `more`. */
static void append_extended(struct buffer *out, const struct wasm_section *s, uint32_t count,
                            const struct buffer *more) {
  struct cursor c = {s->body, 0, true};
  struct buffer body;
  buffer_init(&body, out->ctx);
  wasm_write_u32(&body, next_u32(&c) + count);
  buffer_append(&body, s->body.data + c.at, s->body.size - c.at);
  buffer_append(&body, more->data, more->size);
  buffer_byte(out, (uint8_t)s->id);
  wasm_write_u32(out, (uint32_t)body.size);
  buffer_append(out, body.data, body.size);
}

/* The sections that get an entry more for each call. */
enum { FUNCTIONS, EXPORTS, CODE, EXTENDED };

/* The entries for the calls: functions of `type`, numbered from `first`. */
static void make_entries(struct buffer more[EXTENDED], struct bytes locals, const pieces *calls, uint32_t type,
                         int64_t first) {
  for (int i = 0; i < calls->count; i++) {
    const struct bytes call = calls->at[i];
    const char *name = ctx_printf(more[EXPORTS].ctx, "step_%d", i);
    wasm_write_u32(&more[FUNCTIONS], type);
    wasm_write_u32(&more[EXPORTS], (uint32_t)strlen(name));
    buffer_text(&more[EXPORTS], name);
    buffer_byte(&more[EXPORTS], EXPORT_FUNCTION);
    wasm_write_u32(&more[EXPORTS], (uint32_t)(first + i));
    wasm_write_u32(&more[CODE], (uint32_t)(locals.size + call.size + 1));
    buffer_append(&more[CODE], locals.data, locals.size);
    buffer_append(&more[CODE], call.data, call.size);
    buffer_byte(&more[CODE], OPCODE_END);
  }
}

struct bytes wasm_split_infer(struct ctx *c, struct bytes wasm, int *steps) {
  static const int ids[EXTENDED] = {SECTION_FUNCTION, SECTION_EXPORT, SECTION_CODE};
  wasm_sections sections = wasm_sections_read(c, wasm);
  const struct wasm_section *s[EXTENDED];
  struct buffer more[EXTENDED], out;
  for (int i = 0; i < EXTENDED; i++) {
    buffer_init(&more[i], c);
    s[i] = find_section(&sections, ids[i]);
    if (!s[i]) return (struct bytes){0};
  }
  uint32_t infer = 0, type = 0;
  struct bytes body, locals;
  pieces calls = {0};
  /* Imports are functions (abi_read), and are numbered first. */
  const struct wasm_section *imports = find_section(&sections, SECTION_IMPORT);
  const int64_t imported = imports ? imports->count : 0;
  if (!find_infer(s[EXPORTS], &infer) || infer < imported ||
      !entry_u32(s[FUNCTIONS]->body, (uint32_t)(infer - imported), &type) ||
      !entry_body(s[CODE]->body, (uint32_t)(infer - imported), &body) || !cut_body(c, body, &locals, &calls)) {
    return (struct bytes){0};
  }
  make_entries(more, locals, &calls, type, imported + s[FUNCTIONS]->count);
  buffer_init(&out, c);
  size_t copied = 0; /* of `wasm`; sections between the extended ones go over as they are */
  for (int i = 0; i < EXTENDED; i++) {
    buffer_append(&out, wasm.data + copied, s[i]->offset - copied);
    append_extended(&out, s[i], (uint32_t)calls.count, &more[i]);
    copied = (size_t)(s[i]->body.data + s[i]->body.size - wasm.data);
  }
  buffer_append(&out, wasm.data + copied, wasm.size - copied);
  *steps = calls.count;
  return (struct bytes){out.data, out.size};
}
