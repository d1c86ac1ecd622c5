/* Walks the sections of a wasm binary. Their contents are the engine's business. */
#include <string.h>

#include "abi/abi.h"

static const char *const section_name[] = {"custom", "type",   "import",     "function", "table",
                                           "memory", "global", "export",     "start",    "element",
                                           "code",   "data",   "data count", "tag"};

static const uint8_t magic[8] = {0, 'a', 's', 'm', 1, 0, 0, 0};

bool bytes_are_wasm(struct bytes file) { return file.size >= 4 && !memcmp(file.data, magic, 4); }

bool wasm_read_u32(struct bytes b, size_t *at, uint32_t *out) {
  uint64_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (*at >= b.size) return false;
    uint8_t byte = b.data[(*at)++];
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) {
      *out = (uint32_t)value;
      return value <= UINT32_MAX;
    }
  }
  return false;
}

void wasm_write_u32(struct buffer *out, uint32_t x) {
  for (; x >= 0x80; x >>= 7) buffer_byte(out, (uint8_t)(x | 0x80));
  buffer_byte(out, (uint8_t)x);
}

/* Splits a custom section's name off its body. */
static bool take_name(struct ctx *c, struct wasm_section *s) {
  size_t at = 0;
  uint32_t length = 0;
  if (!wasm_read_u32(s->body, &at, &length) || length > s->body.size - at) return false;
  s->name = ctx_strndup(c, (const char *)s->body.data + at, length);
  s->body.data += at + length;
  s->body.size -= at + length;
  return true;
}

wasm_sections wasm_sections_read(struct ctx *c, struct bytes wasm) {
  if (!bytes_are_wasm(wasm)) fatal(c, NULL, "not a WebAssembly module");
  if (wasm.size < sizeof magic || memcmp(wasm.data, magic, sizeof magic)) {
    fatal(c, NULL, "not a WebAssembly core module of version 1");
  }
  wasm_sections sections = {0};
  for (size_t at = sizeof magic; at < wasm.size;) {
    size_t start = at;
    uint32_t size = 0;
    int id = wasm.data[at++];
    if (!wasm_read_u32(wasm, &at, &size) || size > wasm.size - at) {
      fatal(c, NULL, "damaged module: the section at byte %zu passes the end of the file", start);
    }
    struct wasm_section s = {
        .id = id, .name = "unknown", .offset = start, .body = {wasm.data + at, size}, .count = -1};
    if ((size_t)id < COUNT_OF(section_name)) s.name = section_name[id];
    size_t count_at = 0;
    uint32_t count = 0;
    if (id == 0) {
      if (!take_name(c, &s))
        fatal(c, NULL, "damaged module: the custom section at byte %zu has no name", start);
    } else if (wasm_read_u32(s.body, &count_at, &count)) {
      s.count = count;
    }
    VECTOR_PUSH(c, &sections, s);
    at += size;
  }
  return sections;
}
