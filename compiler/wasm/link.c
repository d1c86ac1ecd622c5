#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/llvm_compat.h"
#include "wasm/section.h"

enum { PAGE_BYTES = 1 << 16 };
#define MAX_MEMORY_BYTES ((int64_t)1 << 32)

/* Room for read-only data of code, beyond what the program's own memory takes. */
enum { CODE_DATA_BYTES = 1 << 20 };

/* lld reads and writes files only: a private folder that exists while it works. */
struct workspace {
  char folder[512], object[600], module[600];
};

static void workspace_open(struct ctx *c, struct workspace *w) {
  const char *temporary = getenv("TMPDIR");
  if (!temporary || !*temporary) temporary = "/tmp";
  const int n = snprintf(w->folder, sizeof w->folder, "%s/eaic-XXXXXX", temporary);
  if (n < 0 || (size_t)n >= sizeof w->folder) fatal(c, NULL, "TMPDIR is too long");
  if (!mkdtemp(w->folder))
    fatal(c, NULL, "cannot make a temporary folder in %s: %s", temporary, strerror(errno));
  snprintf(w->object, sizeof w->object, "%s/code.o", w->folder);
  snprintf(w->module, sizeof w->module, "%s/code.wasm", w->folder);
}

static void workspace_close(const struct workspace *w) {
  unlink(w->object);
  unlink(w->module);
  rmdir(w->folder);
}

static const char **linker_arguments(struct ctx *c, const struct program *p, const struct workspace *w,
                                     const struct wasm_options *options) {
  VECTOR(const char *) args = {0};
  const char *const fixed[] = {"wasm-ld",        "--threads=1", "--no-entry",
                               "--export=infer", w->object,     "-o",         w->module};
  for (size_t i = 0; i < COUNT_OF(fixed); i++) VECTOR_PUSH(c, &args, fixed[i]);
  /* From program->end upwards: read-only data, then the stack. */
  VECTOR_PUSH(c, &args, ctx_printf(c, "--global-base=%" PRId64, align_up(p->end + TAIL_PAD, PLAN_ALIGN)));
  VECTOR_PUSH(c, &args, "-z");
  VECTOR_PUSH(c, &args, ctx_printf(c, "stack-size=%d", CODEGEN_STACK_BYTES));
  if (LLD_STACK_LAST) VECTOR_PUSH(c, &args, LLD_STACK_LAST);
  if (!options->debug_info) {
    VECTOR_PUSH(c, &args, "--strip-debug");
    /* Call targets and addresses in as few bytes as they need. */
    VECTOR_PUSH(c, &args, "--compress-relocations");
  }
  for (int i = 0; options->profile && i < p->steps.count; i++)
    VECTOR_PUSH(c, &args, ctx_printf(c, "--export=step_%d", i));
  if (options->wasi) VECTOR_PUSH(c, &args, "--export=_start");
  VECTOR_PUSH(c, &args, NULL);
  return args.at;
}

/* The code alone, as lld links it. */
static struct bytes link_object(struct ctx *c, const struct program *p, struct bytes object,
                                const struct wasm_options *options) {
  struct workspace w;
  workspace_open(c, &w);
  FILE *f = fopen(w.object, "wb");
  const bool written = f && fwrite(object.data, 1, object.size, f) == object.size;
  const bool closed = f && fclose(f) == 0;
  char *error = NULL;
  struct bytes module = {0};
  if (written && closed) {
    error = lld_link_wasm(linker_arguments(c, p, &w, options));
    if (!error) module = file_read(c, w.module, UINT32_MAX);
  }
  workspace_close(&w);
  if (!written || !closed) fatal(c, NULL, "cannot write %s: the disk may be full", w.object);
  if (error) {
    const char *why = ctx_strdup(c, error);
    free(error);
    BUG(c, "lld: %s", why);
  }
  return module;
}

/* `infer` never grows memory: its largest size is its first one. */
static struct bytes fixed_memory(struct ctx *c, struct bytes body, uint64_t *memory_bytes) {
  struct reader r = reader_of(body);
  const uint32_t memories = read_u32(&r);
  read_byte(&r); /* flags */
  const uint32_t pages = read_u32(&r);
  CHECK(c, !r.failed && memories == 1);
  *memory_bytes = (uint64_t)pages * PAGE_BYTES;
  struct buffer out;
  buffer_init(&out, c);
  write_u32(&out, 1);
  buffer_byte(&out, 1); /* has a maximum */
  write_u32(&out, pages);
  write_u32(&out, pages);
  return (struct bytes){out.data, out.size};
}

/* The program's constants before the linker's read-only data; returns the whole section's body. */
static struct bytes data_section(struct ctx *c, const struct program *p, struct bytes linked,
                                 uint32_t *count) {
  struct buffer weights, out;
  buffer_init(&weights, c);
  buffer_init(&out, c);
  struct reader r = reader_of(linked);
  *count = linked.size ? read_u32(&r) : 0;
  *count += write_weights(&weights, p);
  write_u32(&out, *count);
  buffer_append(&out, weights.data, weights.size);
  buffer_append(&out, r.at, (size_t)(r.end - r.at));
  return (struct bytes){out.data, out.size};
}

/* Of the name section only the functions' names: what profilers and stack traces show. */
static struct bytes function_names(struct ctx *c, struct bytes body) {
  enum { FUNCTION_NAMES = 1 };
  struct buffer out;
  buffer_init(&out, c);
  struct reader r = reader_of(body);
  while (!r.failed && r.at < r.end) {
    const uint8_t kind = read_byte(&r);
    const struct bytes names = read_bytes(&r, read_u32(&r));
    if (r.failed || kind != FUNCTION_NAMES) continue;
    buffer_byte(&out, kind);
    write_u32(&out, (uint32_t)names.size);
    buffer_append(&out, names.data, names.size);
  }
  return (struct bytes){out.data, out.size};
}

static struct bytes producers(struct ctx *c) {
  struct buffer out;
  buffer_init(&out, c);
  write_u32(&out, 1);
  write_name(&out, "processed-by");
  write_u32(&out, 1);
  write_name(&out, "eaic");
  write_name(&out, EAIC_VERSION);
  return (struct bytes){out.data, out.size};
}

static void push_custom(struct ctx *c, section_list *out, const char *name, struct bytes body) {
  const struct section s = {.id = SECTION_CUSTOM, .name = name, .body = body};
  VECTOR_PUSH(c, out, s);
}

/* Of the linker's custom sections `name` stays, and DWARF with -g. */
static void push_linked_custom(struct ctx *c, section_list *out, const struct section *s, bool debug_info) {
  if (strcmp(s->name, "name") == 0)
    push_custom(c, out, s->name, function_names(c, s->body));
  else if (debug_info && strncmp(s->name, ".debug_", 7) == 0)
    VECTOR_PUSH(c, out, *s);
}

/* Metadata stands first, so that tools find it without reading weights; then the code, weights, names. */
static struct bytes assemble(struct ctx *c, const struct program *p, const section_list *linked,
                             const struct module_info *info, const struct wasm_options *options) {
  struct bytes memory = {0}, linked_data = {0};
  uint64_t memory_bytes = 0;
  for (int i = 0; i < linked->count; i++) {
    const struct section *s = &linked->at[i];
    CHECK(c, options->wasi || s->id != SECTION_IMPORT);
    if (s->id == SECTION_MEMORY) memory = fixed_memory(c, s->body, &memory_bytes);
    if (s->id == SECTION_DATA) linked_data = s->body;
  }
  uint32_t segment_count;
  const struct bytes data = data_section(c, p, linked_data, &segment_count);
  struct buffer json, data_count;
  buffer_init(&json, c);
  buffer_init(&data_count, c);
  write_metadata(&json, p, info, options->wasi, memory_bytes);
  write_u32(&data_count, segment_count);

  section_list out = {0};
  push_custom(c, &out, "eaic", (struct bytes){json.data, json.size});
  for (int i = 0; i < linked->count; i++) {
    struct section s = linked->at[i];
    if (s.id == SECTION_CUSTOM) {
      push_linked_custom(c, &out, &s, options->debug_info);
      continue;
    }
    if (s.id == SECTION_DATA) continue;
    if (s.id == SECTION_MEMORY) s.body = memory;
    if (s.id == SECTION_DATA_COUNT) s.body = (struct bytes){data_count.data, data_count.size};
    VECTOR_PUSH(c, &out, s);
    if (s.id == SECTION_CODE && segment_count)
      VECTOR_PUSH(c, &out, ((struct section){.id = SECTION_DATA, .body = data}));
  }
  push_custom(c, &out, "producers", producers(c));
  return sections_write(c, &out);
}

struct bytes wasm_link(struct ctx *c, const struct program *p, struct bytes object,
                       const struct module_info *info, const struct wasm_options *options) {
  if (p->end > MAX_MEMORY_BYTES - CODE_DATA_BYTES)
    fatal(c, NULL, "the model needs %" PRId64 " bytes of memory; a wasm32 module has 4 GiB", p->end);
  const struct bytes linked = link_object(c, p, object, options);
  section_list sections = {0};
  if (!sections_read(c, linked, &sections)) BUG(c, "lld wrote a malformed module");
  return assemble(c, p, &sections, info, options);
}
