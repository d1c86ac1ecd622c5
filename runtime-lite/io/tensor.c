/* Loading and saving tensors: picks the format, checks that what a file holds fits the tensor. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "io/io_formats.h"

static const struct format {
  const char *suffix;
  loader *load;
  saver *save;
  const char *doc;
} formats[] = {
#define FORMAT(suffix, load, save, doc) {suffix, load, save, doc},
#include "io/formats.def"
#undef FORMAT
};

static const struct format *find_format(const char *path) {
  for (size_t i = 0; i < COUNT_OF(formats); i++) {
    if (path_has_suffix(path, formats[i].suffix)) return &formats[i];
  }
  return NULL;
}

static const char *known_suffixes(struct ctx *c, bool for_saving) {
  struct buffer b;
  buffer_init(&b, c);
  for (size_t i = 0; i < COUNT_OF(formats); i++) {
    if (!for_saving || formats[i].save) buffer_printf(&b, "%s%s", b.size ? " " : "", formats[i].suffix);
  }
  return (const char *)b.data;
}

void load_failed(struct ctx *c, const struct load_request *request, const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fatal(c, NULL, "%s '%s': '%s' %s", request->what, request->want->name, request->path, text);
}

int64_t loaded_elements(struct ctx *c, const struct load_request *request, const struct loaded *l) {
  int64_t elements = 1;
  for (int i = 0; i < l->rank; i++) {
    if (l->dim[i] < 0) load_failed(c, request, "has a negative extent");
    if (!checked_mul(elements, l->dim[i], &elements) || elements > MAX_TENSOR_FILE) {
      load_failed(c, request, "has too many elements");
    }
  }
  return elements;
}

/* ---- Where the bytes come from ---- */

struct loaded load_raw(struct ctx *c, const struct load_request *request) {
  return (struct loaded){.data = file_read(c, request->path, MAX_TENSOR_FILE)};
}

struct bytes save_raw(struct ctx *c, const struct abi_tensor *t, const void *data) {
  (void)c;
  return (struct bytes){data, (size_t)t->bytes};
}

static struct loaded load_stdin(struct ctx *c, const struct load_request *request) {
  uint64_t wanted = (uint64_t)request->want->bytes;
  uint8_t *data = ctx_alloc(c, (size_t)wanted + 1); /* one more, to notice surplus */
  size_t size = fread(data, 1, (size_t)wanted + 1, stdin);
  if (ferror(stdin)) load_failed(c, request, "cannot be read");
  return (struct loaded){.data = {data, size}};
}

static struct loaded make_random(struct ctx *c, const struct load_request *request, int64_t seed) {
  const struct abi_tensor *t = request->want;
  uint8_t *data = ctx_alloc(c, (size_t)t->bytes);
  uint64_t state = (uint64_t)seed;
  bool any_bits = abi_dtype_bits(t->dtype) <= 8 || t->quantized;
  bool by_bytes = any_bits && t->dtype != ABI_BOOL && !abi_dtype_is_float(t->dtype);
  for (int64_t i = 0; i < (by_bytes ? t->bytes : t->elements); i++) {
    uint64_t x = random_next(&state);
    if (abi_dtype_is_float(t->dtype)) {
      abi_element_set(t->dtype, data, i, (double)(x >> 40) * 0x1p-24);
    } else if (t->dtype == ABI_BOOL) {
      data[i] = x >> 63;
    } else if (by_bytes) {
      data[i] = (uint8_t)(x >> 56);
    } else {
      abi_element_set(t->dtype, data, i, (double)(x % 100));
    }
  }
  return (struct loaded){.data = {data, (size_t)t->bytes}};
}

static struct loaded load_any(struct ctx *c, const struct load_request *request) {
  const char *path = request->path;
  if (!strcmp(path, "-")) return load_stdin(c, request);
  if (!strcmp(path, "zeros")) {
    size_t bytes = (size_t)request->want->bytes;
    return (struct loaded){.data = {ctx_alloc(c, bytes), bytes}};
  }
  const char *seed_text = !strcmp(path, "random") ? "0" : !strncmp(path, "random:", 7) ? path + 7 : NULL;
  if (seed_text) {
    int64_t seed;
    if (!parse_int64(seed_text, &seed))
      load_failed(c, request, "needs a whole number as its seed");
    return make_random(c, request, seed);
  }
  const struct format *f = find_format(path);
  if (!f) load_failed(c, request, "has no known suffix (%s)", known_suffixes(c, false));
  return f->load(c, request);
}

/* ---- Does it fit? ---- */

/* Equal shapes, but for extents of 1: [28,28] is [1,1,28,28]. */
static bool shapes_match(const struct abi_tensor *t, const struct loaded *l) {
  int i = 0, k = 0;
  for (;;) {
    while (i < t->rank && t->dim[i] == 1) i++;
    while (k < l->rank && l->dim[k] == 1) k++;
    if (i == t->rank || k == l->rank) return i == t->rank && k == l->rank;
    if (t->dim[i++] != l->dim[k++]) return false;
  }
}

/* ONNX QuantizeLinear: float32 division, rounded to nearest even, then the zero point, saturated. */
static void quantize(const struct abi_tensor *t, const struct loaded *l, uint8_t *out) {
  for (int64_t i = 0; i < t->elements; i++) {
    float x = (float)abi_element_get(l->dtype, l->data.data, i);
    double steps = (double)nearbyintf(x / (float)t->scale);
    abi_element_set(t->dtype, out, i, isnan(steps) ? (double)t->zero_point : steps + (double)t->zero_point);
  }
}

void tensor_load(struct ctx *c, const char *what, const struct abi_tensor *want, const char *source,
                 const struct image_options *image, uint8_t *out) {
  struct load_request request = {.path = source, .what = what, .want = want, .image = image};
  struct loaded l = load_any(c, &request);
  if (!l.typed) {
    if (l.data.size > (size_t)want->bytes && !strcmp(source, "-")) {
      load_failed(c, &request, "has more than %lld bytes, the tensor is %s", (long long)want->bytes,
                  abi_type_text(c, want));
    }
    if (l.data.size != (size_t)want->bytes) {
      load_failed(c, &request, "has %zu bytes, expected %lld (%s)", l.data.size, (long long)want->bytes,
                  abi_type_text(c, want));
    }
    memcpy(out, l.data.data, l.data.size);
    return;
  }
  bool to_quantize = abi_dtype_is_float(l.dtype) && want->quantized && l.dtype != want->dtype;
  if (!shapes_match(want, &l) || (l.dtype != want->dtype && !to_quantize)) {
    load_failed(c, &request, "has %s%s, expected %s", abi_dtype_name(l.dtype),
                abi_shape_text(c, l.rank, l.dim), abi_type_text(c, want));
  }
  if (to_quantize) {
    quantize(want, &l, out);
  } else {
    memcpy(out, l.data.data, (size_t)want->bytes);
  }
}

void tensor_check_save_path(struct ctx *c, const char *path) {
  const struct format *f = find_format(path);
  if (strcmp(path, "-") && (!f || !f->save)) {
    fatal(c, NULL, "output file '%s' has no known suffix (%s)", path, known_suffixes(c, true));
  }
}

void tensor_save(struct ctx *c, const struct abi_tensor *t, const void *data, const char *path) {
  tensor_check_save_path(c, path);
  struct bytes file = strcmp(path, "-") ? find_format(path)->save(c, t, data) : save_raw(c, t, data);
  file_write(c, path, file.data, file.size);
}
