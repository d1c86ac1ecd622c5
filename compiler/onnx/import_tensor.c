/* TensorProto -> constant: raw bytes, typed fields, external files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "onnx/import.h"

static const char *const element_names[] = {
    "UNDEFINED",      "FLOAT",      "UINT8",          "INT8",       "UINT16",    "INT16",
    "INT32",          "INT64",      "STRING",         "BOOL",       "FLOAT16",   "DOUBLE",
    "UINT32",         "UINT64",     "COMPLEX64",      "COMPLEX128", "BFLOAT16",  "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",      "INT4",      "FLOAT4E2M1",
    "FLOAT8E8M0",     "UINT2",      "INT2",           "FLOAT6E2M3", "FLOAT6E3M2"};

static const char *element_type_name(int data_type) {
  bool known = data_type >= 0 && data_type < (int)COUNT_OF(element_names);
  return known ? element_names[data_type] : "an unknown type";
}

enum dtype element_type(struct ctx *c, int data_type, const struct location *at, const char *what) {
  enum dtype dtype;
  if (!dtype_from_onnx(data_type, &dtype))
    fatal(c, at, "%s has element type %s (%d), which is not supported", what, element_type_name(data_type),
          data_type);
  return dtype;
}

/* One constant at work. */
struct source {
  struct importer *importer;
  const Onnx__TensorProto *proto;
  const struct location *at;
  const char *name;
};

#define TENSOR_FAIL(s, format, ...) \
  fatal((s)->importer->ctx, (s)->at, "tensor '%s': " format, (s)->name, __VA_ARGS__)

static struct type source_type(const struct source *s) {
  const Onnx__TensorProto *t = s->proto;
  char *what = ctx_printf(s->importer->ctx, "tensor '%s'", s->name);
  enum dtype dtype = element_type(s->importer->ctx, t->data_type, s->at, what);
  if (t->n_dims > MAX_RANK)
    TENSOR_FAIL(s, "it has %zu dimensions, at most %d are supported", t->n_dims, MAX_RANK);
  for (size_t i = 0; i < t->n_dims; i++)
    if (t->dims[i] < 0) TENSOR_FAIL(s, "dimension %zu is negative", i);
  struct type type = type_make(dtype, (int)t->n_dims, t->dims, NULL);
  if (!type_is_sane(&type)) TENSOR_FAIL(s, "%s is impossibly large", type_text(s->importer->ctx, &type));
  if (t->segment) TENSOR_FAIL(s, "%s", "tensors in segments are not supported");
  return type;
}

/* The typed field for a data type, per the comments of TensorProto. Elements are in native order of wide
 * numbers. */
struct field {
  const void *data;
  size_t count;
  int bytes; /* of one entry; it may be wider than the element */
};

static struct field typed_field(const Onnx__TensorProto *t, enum dtype dtype) {
  switch (dtype) {
    case DT_F32: return (struct field){t->float_data, t->n_float_data, 4};
    case DT_F64: return (struct field){t->double_data, t->n_double_data, 8};
    case DT_S64: return (struct field){t->int64_data, t->n_int64_data, 8};
    case DT_U32:
    case DT_U64: return (struct field){t->uint64_data, t->n_uint64_data, 8};
    case DT_U8:
    case DT_S8:
    case DT_U16:
    case DT_S16:
    case DT_S32:
    case DT_BOOL:
    case DT_F16:
    case DT_F8E4M3FN:
    case DT_F8E4M3FNUZ:
    case DT_F8E5M2:
    case DT_F8E5M2FNUZ:
    case DT_F4E2M1:
    case DT_F8E8M0:
    case DT_U4:
    case DT_S4:
    case DT_U2:
    case DT_S2:
    case DT_BF16: return (struct field){t->int32_data, t->n_int32_data, 4};
    case DT_COUNT: break;
  }
  return (struct field){NULL, 0, 1};
}

/* Bits of an element in a file: two or four share a byte, the first in its low bits. */
static int stored_bits(enum dtype t) {
  if (t == DT_U4 || t == DT_S4 || t == DT_F4E2M1) return 4;
  return t == DT_U2 || t == DT_S2 ? 2 : dtype_bytes(t) * 8;
}

static const void *unpack_bits(struct ctx *c, const uint8_t *packed, int64_t count, int bits) {
  uint8_t *out = ctx_alloc(c, (size_t)count + 1);
  for (int64_t i = 0; i < count; i++)
    out[i] = (uint8_t)(packed[i * bits / 8] >> i * bits % 8 & ((1 << bits) - 1));
  return out;
}

/* The low bytes of each entry: integers are stored widened, 16-bit floats as their bits. */
static const void *read_typed(const struct source *s, const struct type *type) {
  struct field f = typed_field(s->proto, type->dtype);
  int64_t count = type_elements(type);
  int bits = stored_bits(type->dtype);
  if (bits < 8) {
    int64_t entries = (count * bits + 7) / 8;
    if ((int64_t)f.count != entries) TENSOR_FAIL(s, "it holds %zu entries, not %lld", f.count, (long long)entries);
    uint8_t *packed = ctx_alloc(s->importer->ctx, (size_t)entries + 1);
    for (int64_t i = 0; i < entries; i++) packed[i] = (uint8_t)((const int32_t *)f.data)[i];
    return unpack_bits(s->importer->ctx, packed, count, bits);
  }
  if ((int64_t)f.count != count)
    TENSOR_FAIL(s, "it holds %zu numbers, its shape says %s", f.count, type_text(s->importer->ctx, type));
  int bytes = dtype_bytes(type->dtype);
  uint8_t *out = ctx_alloc_array(s->importer->ctx, (size_t)count, (size_t)bytes);
  for (int64_t i = 0; i < count; i++)
    memcpy(out + i * bytes, (const uint8_t *)f.data + i * f.bytes, (size_t)bytes);
  return out;
}

static const void *read_raw(const struct source *s, const struct type *type) {
  const ProtobufCBinaryData *raw = &s->proto->raw_data;
  int bits = stored_bits(type->dtype);
  if (bits < 8) {
    int64_t bytes = (type_elements(type) * bits + 7) / 8;
    if ((int64_t)raw->len != bytes) TENSOR_FAIL(s, "it holds %zu bytes, not %lld", raw->len, (long long)bytes);
    return unpack_bits(s->importer->ctx, raw->data, type_elements(type), bits);
  }
  if ((int64_t)raw->len != type_bytes(type))
    TENSOR_FAIL(s, "it holds %zu bytes, %s needs %lld", raw->len, type_text(s->importer->ctx, type),
                (long long)type_bytes(type));
  bool aligned = ((uintptr_t)raw->data & 63) == 0 && raw->data;
  return aligned ? raw->data : ctx_copy(s->importer->ctx, raw->data, raw->len);
}

/* Value of a key of external_data, or NULL. */
static const char *external_key(const struct source *s, const char *key) {
  for (size_t i = 0; i < s->proto->n_external_data; i++) {
    const Onnx__StringStringEntryProto *e = s->proto->external_data[i];
    if (e->key && e->value && !strcmp(e->key, key)) return e->value;
  }
  return NULL;
}

static int64_t external_number(const struct source *s, const char *key, int64_t fallback) {
  const char *text = external_key(s, key);
  int64_t value = fallback;
  if (text && (!parse_int64(text, &value) || value < 0))
    TENSOR_FAIL(s, "%s '%s' of its external data is no valid number", key, text);
  return value;
}

/* Weights come from beside the model or below, never from elsewhere: no absolute path, no "..", no link that
 * leads out. */
static const char *external_path(const struct source *s) {
  const char *location = external_key(s, "location");
  if (!location || !*location) TENSOR_FAIL(s, "%s", "its external data has no location");
  bool leaves = location[0] == '/' || strchr(location, '\\') || strchr(location, ':');
  for (const char *p = location; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    leaves |= p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == 0);
  }
  if (leaves) TENSOR_FAIL(s, "its external data '%s' is not inside of the model's folder", location);
  struct ctx *c = s->importer->ctx;
  const char *path = path_join(c, s->importer->path, location);
  char *folder = realpath(path_join(c, s->importer->path, "."), NULL), *real = realpath(path, NULL);
  size_t length = folder ? strlen(folder) : 0;
  while (length && folder[length - 1] == '/') length--; /* the root folder */
  bool inside = folder && real && !strncmp(folder, real, length) && real[length] == '/';
  bool exists = real != NULL;
  free(folder);
  free(real);
  if (exists && !inside)
    TENSOR_FAIL(s, "its external data '%s' is a link that leads out of the model's folder", location);
  return path;
}

/* Reads `bytes` at `offset`; returns a text on failure. */
static const char *read_range(struct ctx *c, int fd, int64_t offset, int64_t bytes, uint8_t **out) {
  struct stat st;
  if (fstat(fd, &st) != 0) return strerror(errno);
  if (!S_ISREG(st.st_mode)) return "it is not a regular file";
  int64_t end;
  if (!checked_add(offset, bytes, &end) || end > st.st_size)
    return ctx_printf(c, "bytes %lld to %lld are needed, it has %lld", (long long)offset,
                      (long long)offset + (long long)bytes, (long long)st.st_size);
  if ((size_t)bytes > c->max_bytes - c->arena_bytes) return "it is too large for the memory";
  *out = ctx_alloc(c, (size_t)bytes);
  for (int64_t done = 0; done < bytes;) {
    ssize_t n = pread(fd, *out + done, (size_t)(bytes - done), offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? strerror(errno) : "it became shorter while it was read";
    done += n;
  }
  return NULL;
}

static const void *read_external(const struct source *s, const struct type *type) {
  if (stored_bits(type->dtype) < 8) TENSOR_FAIL(s, "%s", "external data of less than 8 bits is not supported");
  const char *path = external_path(s);
  int64_t offset = external_number(s, "offset", 0), bytes = type_bytes(type);
  int64_t length = external_number(s, "length", bytes);
  if (length != bytes)
    TENSOR_FAIL(s, "its external data has %lld bytes, %s needs %lld", (long long)length,
                type_text(s->importer->ctx, type), (long long)bytes);
  if (offset > INT64_MAX - bytes)
    TENSOR_FAIL(s, "offset %lld of its external data is too large", (long long)offset);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) TENSOR_FAIL(s, "cannot open its external data '%s': %s", path, strerror(errno));
  uint8_t *out = NULL;
  const char *problem = read_range(s->importer->ctx, fd, offset, bytes, &out);
  close(fd);
  if (problem) TENSOR_FAIL(s, "cannot read its external data '%s': %s", path, problem);
  return out;
}

/* A bool is 0 or 1 for our kernels; files may hold other bytes. */
static const void *clean_bools(struct ctx *c, const struct type *type, const void *data) {
  uint8_t *copy = ctx_copy(c, data, (size_t)type_bytes(type));
  for (int64_t i = 0; i < type_elements(type); i++) copy[i] = copy[i] != 0;
  return copy;
}

struct value *tensor_value(struct importer *m, const Onnx__TensorProto *t, const char *name,
                           const struct location *at) {
  struct source s = {m, t, at, name && *name ? name : "(no name)"};
  struct type type = source_type(&s);
  const void *data;
  if (t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) data = read_external(&s, &type);
  else if (t->has_raw_data && (t->raw_data.len > 0 || type_elements(&type) == 0)) data = read_raw(&s, &type);
  else data = read_typed(&s, &type);
  m->fold_bytes += type_bytes(&type) * FOLD_BYTES_PER_BYTE;
  if (type.dtype == DT_BOOL) data = clean_bools(m->ctx, &type, data);
  return value_constant(m->ctx, name, type, data);
}
