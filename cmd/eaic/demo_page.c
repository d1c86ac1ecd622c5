/* --js: runtime-lite/js/demo.html with the library and a module inside. */
#include <string.h>

#include "base/embed.h"
#include "command.h"

EMBED(demo_html, EAIC_JS_FOLDER "/demo.html")
EMBED(demo_library, EAIC_JS_FOLDER "/eaic.mjs")

static void append_base64(struct buffer *out, struct bytes b) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < b.size; i += 3) {
    const size_t left = b.size - i;
    const uint32_t x = (uint32_t)b.data[i] << 16 | (left > 1 ? (uint32_t)b.data[i + 1] << 8 : 0) |
                       (left > 2 ? (uint32_t)b.data[i + 2] : 0);
    const char group[] = {digit[x >> 18], digit[x >> 12 & 63], left > 1 ? digit[x >> 6 & 63] : '=',
                          left > 2 ? digit[x & 63] : '='};
    buffer_append(out, group, sizeof group);
  }
}

/* Appends the page up to a marker, and returns what follows it. */
static const char *append_until(struct buffer *out, const char *at, const char *marker) {
  const char *found = strstr(at, marker);
  CHECK(out->ctx, found);
  buffer_append(out, at, (size_t)(found - at));
  return found + strlen(marker);
}

struct bytes demo_page(struct ctx *c, struct bytes module) {
  struct buffer out;
  buffer_init(&out, c);
  const char *page = ctx_strndup(c, (const char *)demo_html, (size_t)(demo_html_end - demo_html));
  page = append_until(&out, page, "@MODULE@");
  append_base64(&out, module);
  page = append_until(&out, page, "/*@LIBRARY@*/");
  buffer_append(&out, demo_library, (size_t)(demo_library_end - demo_library));
  buffer_text(&out, page);
  return (struct bytes){out.data, out.size};
}
