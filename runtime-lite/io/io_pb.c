/* ONNX TensorProto (.pb), read and written without a protobuf library: the message is small and its wire
 * format simple. Field numbers from onnx.proto: dims 1, data_type 2, float_data 4, int32_data 5, int64_data
 * 7, name 8, raw_data 9, double_data 10, uint64_data 11, external_data 13, data_location 14. */
#include <string.h>

#include "io/io_formats.h"

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum field {
  FIELD_DIMS = 1,
  FIELD_DATA_TYPE = 2,
  FIELD_FLOAT = 4,
  FIELD_INT32 = 5,
  FIELD_INT64 = 7,
  FIELD_NAME = 8,
  FIELD_RAW = 9,
  FIELD_DOUBLE = 10,
  FIELD_UINT64 = 11,
  FIELD_DATA_LOCATION = 14
};

struct message {
  struct ctx *c;
  const struct load_request *request;
  const uint8_t *at, *end;
};

EAIC_NORETURN static void malformed(struct message *m) {
  load_failed(m->c, m->request, "is no ONNX TensorProto");
}

static uint64_t read_varint(struct message *m) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (m->at == m->end) malformed(m);
    uint8_t byte = *m->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  malformed(m);
}

/* Little-endian number of `bytes` bytes. */
static uint64_t read_fixed(struct message *m, int bytes) {
  if (m->end - m->at < bytes) malformed(m);
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)m->at[i] << (8 * i);
  m->at += bytes;
  return value;
}

static struct bytes read_bytes(struct message *m) {
  uint64_t length = read_varint(m);
  if (length > (uint64_t)(m->end - m->at)) malformed(m);
  struct bytes b = {m->at, (size_t)length};
  m->at += length;
  return b;
}

/* One number in the wire type's encoding. */
static uint64_t read_number(struct message *m, enum wire wire) {
  switch (wire) {
    case WIRE_VARINT: return read_varint(m);
    case WIRE_64: return read_fixed(m, 8);
    case WIRE_32: return read_fixed(m, 4);
    case WIRE_BYTES: break;
  }
  malformed(m);
}

/* What the message holds, before the parts are put together. */
struct tensor_proto {
  struct loaded l;
  int64_t data_type;
  bool external;
  struct bytes raw;
  bool has_raw;
  struct buffer element[FIELD_UINT64 + 1]; /* of typed fields: each number as uint64_t */
};

/* A repeated number, packed or not. */
static void read_repeated(struct message *m, enum wire wire, enum wire packed, struct buffer *out) {
  if (wire != WIRE_BYTES) {
    uint64_t x = read_number(m, wire);
    buffer_append(out, &x, sizeof x);
    return;
  }
  struct bytes b = read_bytes(m);
  struct message inner = {m->c, m->request, b.data, b.data + b.size};
  while (inner.at < inner.end) {
    uint64_t x = read_number(&inner, packed);
    buffer_append(out, &x, sizeof x);
  }
}

static void read_field(struct message *m, struct tensor_proto *t) {
  uint64_t key = read_varint(m);
  enum wire wire = (enum wire)(key & 7);
  switch (key >> 3) {
    case FIELD_DATA_TYPE: t->data_type = (int64_t)read_number(m, wire); return;
    case FIELD_DATA_LOCATION: t->external = read_number(m, wire) == 1; return;
    case FIELD_DIMS:
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_UINT64: read_repeated(m, wire, WIRE_VARINT, &t->element[key >> 3]); return;
    case FIELD_FLOAT: read_repeated(m, wire, WIRE_32, &t->element[FIELD_FLOAT]); return;
    case FIELD_DOUBLE: read_repeated(m, wire, WIRE_64, &t->element[FIELD_DOUBLE]); return;
    case FIELD_RAW:
      if (wire != WIRE_BYTES) malformed(m);
      t->raw = read_bytes(m);
      t->has_raw = true;
      return;
    default: /* names, doc strings, metadata */
      if (wire == WIRE_BYTES) {
        read_bytes(m);
      } else {
        read_number(m, wire);
      }
      return;
  }
}

/* The typed field that holds elements of a dtype (onnx.proto, at each field). */
static enum field typed_field(enum abi_dtype t) {
  switch ((int)t) {
    case ABI_F32: return FIELD_FLOAT;
    case ABI_F64: return FIELD_DOUBLE;
    case ABI_S64: return FIELD_INT64;
    case ABI_U32:
    case ABI_U64: return FIELD_UINT64;
    default: break;
  }
  return FIELD_INT32; /* floats of 16 and 8 bits as their bits */
}

/* Narrows the numbers of the typed field to elements: the low bytes of each, little-endian. */
static struct bytes typed_data(struct ctx *c, struct tensor_proto *t) {
  const struct buffer *from = &t->element[typed_field(t->l.dtype)];
  size_t size = (size_t)abi_dtype_bits(t->l.dtype) / 8, count = from->size / sizeof(uint64_t);
  uint8_t *data = ctx_alloc_array(c, count, size);
  for (size_t i = 0; i < count; i++) memcpy(data + i * size, from->data + i * sizeof(uint64_t), size);
  return (struct bytes){data, count * size};
}

struct loaded load_pb(struct ctx *c, const struct load_request *request) {
  struct bytes file = file_read(c, request->path, MAX_TENSOR_FILE);
  struct message m = {c, request, file.data, file.data + file.size};
  struct tensor_proto t = {.l = {.typed = true}};
  for (size_t i = 0; i < COUNT_OF(t.element); i++) buffer_init(&t.element[i], c);
  while (m.at < m.end) read_field(&m, &t);

  if (!abi_dtype_from_onnx(t.data_type, &t.l.dtype)) {
    load_failed(c, request, "has ONNX data type %lld, which is not supported", (long long)t.data_type);
  }
  if (t.external) load_failed(c, request, "keeps its elements in another file, which is not supported");
  const struct buffer *dims = &t.element[FIELD_DIMS];
  if (dims->size / sizeof(int64_t) > ABI_MAX_RANK)
    load_failed(c, request, "has more than %d extents", ABI_MAX_RANK);
  t.l.rank = (int)(dims->size / sizeof(int64_t));
  memcpy(t.l.dim, dims->data, dims->size);
  size_t expected = (size_t)abi_dtype_bytes(t.l.dtype, loaded_elements(c, request, &t.l));
  t.l.data = t.has_raw ? t.raw : typed_data(c, &t);
  if (t.l.data.size != expected) {
    load_failed(c, request, "holds %zu bytes of elements, %s%s has %zu", t.l.data.size,
                abi_dtype_name(t.l.dtype), abi_shape_text(c, t.l.rank, t.l.dim), expected);
  }
  return t.l;
}

static void write_varint(struct buffer *out, uint64_t x) {
  for (; x >= 0x80; x >>= 7) buffer_byte(out, (uint8_t)(x | 0x80));
  buffer_byte(out, (uint8_t)x);
}

static void write_key(struct buffer *out, enum field field, enum wire wire) {
  write_varint(out, (uint64_t)field << 3 | (uint64_t)wire);
}

static void write_bytes(struct buffer *out, enum field field, const void *data, size_t size) {
  write_key(out, field, WIRE_BYTES);
  write_varint(out, size);
  buffer_append(out, data, size);
}

struct bytes save_pb(struct ctx *c, const struct abi_tensor *t, const void *data) {
  struct buffer out;
  buffer_init(&out, c);
  for (int i = 0; i < t->rank; i++) {
    write_key(&out, FIELD_DIMS, WIRE_VARINT);
    write_varint(&out, (uint64_t)t->dim[i]);
  }
  write_key(&out, FIELD_DATA_TYPE, WIRE_VARINT);
  write_varint(&out, (uint64_t)abi_dtype_onnx(t->dtype));
  write_bytes(&out, FIELD_NAME, t->name, strlen(t->name));
  write_bytes(&out, FIELD_RAW, data, (size_t)t->bytes);
  return (struct bytes){out.data, out.size};
}
