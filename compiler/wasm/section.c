#include "wasm/section.h"

#include <string.h>

static const uint8_t header[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};

struct reader reader_of(struct bytes b) { return (struct reader){b.data, b.data + b.size, false}; }

struct bytes read_bytes(struct reader *r, size_t count) {
  if (r->failed || (size_t)(r->end - r->at) < count) {
    r->failed = true;
    return (struct bytes){0};
  }
  const struct bytes b = {r->at, count};
  r->at += count;
  return b;
}

uint8_t read_byte(struct reader *r) {
  const struct bytes b = read_bytes(r, 1);
  return b.data ? b.data[0] : 0;
}

uint32_t read_u32(struct reader *r) {
  uint32_t x = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const uint8_t byte = read_byte(r);
    if (shift == 28 && byte > 0x0f) break; /* more than 32 bits */
    x |= (uint32_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return r->failed ? 0 : x;
  }
  r->failed = true;
  return 0;
}

void write_u32(struct buffer *b, uint32_t x) {
  for (; x >= 0x80; x >>= 7) buffer_byte(b, (uint8_t)(x | 0x80));
  buffer_byte(b, (uint8_t)x);
}

void write_address(struct buffer *b, uint32_t x) {
  int64_t rest = (int32_t)x;
  while (rest < -64 || rest > 63) {
    buffer_byte(b, (uint8_t)((rest & 0x7f) | 0x80));
    rest >>= 7;
  }
  buffer_byte(b, (uint8_t)(rest & 0x7f));
}

void write_name(struct buffer *b, const char *s) {
  write_u32(b, (uint32_t)strlen(s));
  buffer_text(b, s);
}

bool sections_read(struct ctx *c, struct bytes module, section_list *out) {
  struct reader r = reader_of(module);
  const struct bytes start = read_bytes(&r, sizeof header);
  if (r.failed || memcmp(start.data, header, sizeof header) != 0) return false;
  while (!r.failed && r.at < r.end) {
    struct section s = {.id = read_byte(&r)};
    s.body = read_bytes(&r, read_u32(&r));
    if (!r.failed && s.id == SECTION_CUSTOM) {
      struct reader inside = reader_of(s.body);
      const struct bytes name = read_bytes(&inside, read_u32(&inside));
      if (inside.failed) return false;
      s.name = ctx_strndup(c, (const char *)name.data, name.size);
      s.body = (struct bytes){inside.at, (size_t)(inside.end - inside.at)};
    }
    VECTOR_PUSH(c, out, s);
  }
  return !r.failed;
}

struct bytes sections_write(struct ctx *c, const section_list *sections) {
  struct buffer out;
  buffer_init(&out, c);
  buffer_append(&out, header, sizeof header);
  for (int i = 0; i < sections->count; i++) {
    const struct section *s = &sections->at[i];
    struct buffer name;
    buffer_init(&name, c);
    if (s->name) write_name(&name, s->name);
    if (s->body.size > UINT32_MAX - name.size) fatal(c, NULL, "a section of the module would pass 4 GiB");
    buffer_byte(&out, s->id);
    write_u32(&out, (uint32_t)(name.size + s->body.size));
    buffer_append(&out, name.data, name.size);
    buffer_append(&out, s->body.data, s->body.size);
  }
  return (struct bytes){out.data, out.size};
}
