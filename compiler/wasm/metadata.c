#include <inttypes.h>
#include <string.h>

#include "wasm/section.h"

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 when there is none. */
static int utf8_length(const uint8_t *s) {
  if (s[0] < 0x80) return 1;
  if (s[0] < 0xc2 || s[0] > 0xf4) return 0; /* continuation, overlong, past U+10FFFF */
  const int length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
  for (int i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0; /* overlong, surrogates */
  if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0; /* overlong, past U+10FFFF */
  return length;
}

/* Names come from model files: any bytes; what is not UTF-8 becomes U+FFFD. */
static void json_string(struct buffer *out, const char *text) {
  buffer_byte(out, '"');
  for (const uint8_t *s = (const uint8_t *)(text ? text : ""); *s;) {
    const int length = utf8_length(s);
    if (!length) {
      buffer_text(out, "\xef\xbf\xbd");
      s++;
      continue;
    }
    if (*s == '"' || *s == '\\') buffer_byte(out, '\\');
    if (*s < 0x20)
      buffer_printf(out, "\\u%04x", *s);
    else
      buffer_append(out, s, (size_t)length);
    s += length;
  }
  buffer_byte(out, '"');
}

/* "name": with a comma before it unless it opens an object. */
static void json_key(struct buffer *out, const char *name) {
  const uint8_t before = out->size ? out->data[out->size - 1] : '{';
  buffer_printf(out, "%s\"%s\":", before == '{' ? "" : ",", name);
}

static void json_comma(struct buffer *out, int index) {
  if (index) buffer_byte(out, ',');
}

static void json_int(struct buffer *out, const char *name, int64_t x) {
  json_key(out, name);
  buffer_printf(out, "%" PRId64, x);
}

static void json_text(struct buffer *out, const char *name, const char *text) {
  json_key(out, name);
  json_string(out, text);
}

static void write_quantization(struct buffer *out, const struct quant *q) {
  json_key(out, "quantization");
  buffer_byte(out, '{');
  json_key(out, "scale");
  buffer_float(out, q->scale[0]);
  json_int(out, "zero_point", q->zero_point[0]);
  buffer_byte(out, '}');
}

static void write_port(struct buffer *out, const struct port *p) {
  buffer_byte(out, '{');
  json_text(out, "name", p->name);
  json_text(out, "dtype", dtype_numpy_name(p->type.dtype));
  json_key(out, "shape");
  buffer_byte(out, '[');
  for (int i = 0; i < p->type.rank; i++) {
    json_comma(out, i);
    buffer_printf(out, "%" PRId64, p->type.dim[i]);
  }
  buffer_byte(out, ']');
  json_int(out, "offset", p->offset);
  json_int(out, "bytes", p->bytes);
  const struct quant *q = p->type.quant;
  if (q && q->axis < 0) write_quantization(out, q); /* the contract knows scales per tensor only */
  buffer_byte(out, '}');
}

static void write_step(struct buffer *out, const struct step *s) {
  buffer_byte(out, '{');
  json_key(out, "nodes");
  buffer_byte(out, '[');
  const struct origin *first = s->call->node ? s->call->node->origin : NULL;
  for (const struct origin *o = first; o; o = o->next) {
    json_comma(out, o != first);
    json_string(out, o->name);
  }
  buffer_byte(out, ']');
  json_text(out, "kernel", s->kernel->name);
  json_int(out, "macs", s->call->macs);
  buffer_byte(out, '}');
}

void write_metadata(struct buffer *out, const struct program *p, const struct module_info *info, bool wasi,
                    uint64_t memory_bytes) {
  static const char *const features[LEVEL_COUNT] = {
      [LEVEL_SCALAR] = "scalar", [LEVEL_SIMD128] = "simd128", [LEVEL_RELAXED] = "relaxed"};
  buffer_byte(out, '{');
  json_int(out, "abi", 1);
  json_text(out, "eaic", EAIC_VERSION);
  json_key(out, "model");
  buffer_byte(out, '{');
  json_text(out, "name", info->model_name);
  json_text(out, "sha256", info->model_sha256);
  json_int(out, "opset", info->opset);
  buffer_byte(out, '}');
  json_text(out, "features", features[p->level]);
  if (wasi) {
    json_key(out, "wasi");
    buffer_text(out, "true");
  }
  json_key(out, "inputs");
  buffer_byte(out, '[');
  for (int i = 0; i < p->inputs.count; i++) {
    json_comma(out, i);
    write_port(out, &p->inputs.at[i]);
  }
  buffer_text(out, "]");
  json_key(out, "outputs");
  buffer_byte(out, '[');
  for (int i = 0; i < p->outputs.count; i++) {
    json_comma(out, i);
    write_port(out, &p->outputs.at[i]);
  }
  buffer_text(out, "]");
  json_key(out, "memory");
  buffer_byte(out, '{');
  json_int(out, "weights", p->weights_bytes);
  json_int(out, "arena", p->arena_bytes);
  json_int(out, "arena_offset", p->arena_offset);
  json_int(out, "total", (int64_t)memory_bytes);
  buffer_byte(out, '}');
  json_key(out, "steps");
  buffer_byte(out, '[');
  for (int i = 0; i < p->steps.count; i++) {
    json_comma(out, i);
    write_step(out, &p->steps.at[i]);
  }
  buffer_text(out, "]}");
}
