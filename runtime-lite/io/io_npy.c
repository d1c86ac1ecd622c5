/* NumPy's .npy, format versions 1 to 3: magic, version, header length, a Python dict as text, the elements.
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 4), } */
#include <string.h>

#include "io/io_formats.h"

static const char magic[6] = "\x93NUMPY";

/* descr codes; the byte order mark before them is '<', '|' (one byte) or '=' . NumPy has no bfloat16:
 * ml_dtypes stores V2. */
static const struct {
  const char *code;
  enum abi_dtype dtype;
} codes[] = {
    {"f4", ABI_F32}, {"f8", ABI_F64}, {"f2", ABI_F16}, {"V2", ABI_BF16}, {"b1", ABI_BOOL},
    {"u1", ABI_U8},  {"u2", ABI_U16}, {"u4", ABI_U32}, {"u8", ABI_U64},  {"i1", ABI_S8},
    {"i2", ABI_S16}, {"i4", ABI_S32}, {"i8", ABI_S64},
};

/* The text after 'key': in the header, or NULL. */
static const char *find_value(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (!at) return NULL;
  at += strlen(key);
  while (*at == ' ') at++;
  if (*at++ != ':') return NULL;
  while (*at == ' ') at++;
  return at;
}

static bool read_descr(const char *at, enum abi_dtype *out) {
  if (!at || (*at != '\'' && *at != '"') || !strchr("<|=", at[1]) || !at[1]) return false;
  for (size_t i = 0; i < COUNT_OF(codes); i++) {
    if (!strncmp(at + 2, codes[i].code, 2) && at[4] == at[0]) return *out = codes[i].dtype, true;
  }
  return false;
}

/* "(1, 3, 4)", "(5,)", "()" */
static bool read_shape(const char *at, struct loaded *l) {
  if (!at || *at++ != '(') return false;
  while (true) {
    at += strspn(at, " ,");
    if (*at == ')') return true;
    size_t digits = strspn(at, "0123456789");
    if (!digits || digits > 12 || l->rank == ABI_MAX_RANK) return false;
    int64_t extent = 0;
    for (size_t i = 0; i < digits; i++) extent = extent * 10 + (at[i] - '0');
    l->dim[l->rank++] = extent;
    at += digits;
  }
}

struct loaded load_npy(struct ctx *c, const struct load_request *request) {
  struct bytes file = file_read(c, request->path, MAX_TENSOR_FILE);
  const uint8_t *p = file.data;
  if (file.size < 12 || memcmp(p, magic, sizeof magic)) load_failed(c, request, "is no .npy file");
  if (p[6] < 1 || p[6] > 3) load_failed(c, request, "is a .npy file of unknown version %d", p[6]);
  size_t start = p[6] == 1 ? 10 : 12;
  size_t length = p[8] | (size_t)p[9] << 8;
  if (p[6] > 1) length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
  if (length > file.size - start) load_failed(c, request, "is cut off");

  const char *header = ctx_strndup(c, (const char *)p + start, length);
  struct loaded l = {.typed = true};
  if (!read_descr(find_value(header, "'descr'"), &l.dtype)) {
    load_failed(c, request, "has a dtype that is not supported (big-endian, or not a number)");
  }
  const char *order = find_value(header, "'fortran_order'");
  if (!order || strncmp(order, "False", 5)) {
    load_failed(c, request, "is in Fortran order; save it with numpy.ascontiguousarray");
  }
  if (!read_shape(find_value(header, "'shape'"), &l)) load_failed(c, request, "has a malformed shape");
  l.data = (struct bytes){p + start + length, file.size - start - length};
  size_t expected = (size_t)abi_dtype_bytes(l.dtype, loaded_elements(c, request, &l));
  if (l.data.size != expected) {
    load_failed(c, request, "holds %zu bytes of elements, its header says %zu", l.data.size, expected);
  }
  return l;
}

struct bytes save_npy(struct ctx *c, const struct abi_tensor *t, const void *data) {
  const char *code = "V1";
  for (size_t i = 0; i < COUNT_OF(codes); i++) {
    if (codes[i].dtype == t->dtype) code = codes[i].code;
  }
  struct buffer header;
  buffer_init(&header, c);
  buffer_printf(&header, "{'descr': '%s%s', 'fortran_order': False, 'shape': (",
                abi_dtype_bits(t->dtype) > 8 ? "<" : "|", code);
  for (int i = 0; i < t->rank; i++)
    buffer_printf(&header, "%lld,%s", (long long)t->dim[i], i + 1 < t->rank ? " " : "");
  buffer_text(&header, "), }");
  size_t total =
      (size_t)align_up((int64_t)header.size + 11, 64); /* prefix of 10 bytes, a newline at the end */
  while (header.size + 11 < total) buffer_byte(&header, ' ');
  buffer_byte(&header, '\n');

  struct buffer out;
  buffer_init(&out, c);
  buffer_append(&out, magic, sizeof magic);
  const uint8_t version_and_length[4] = {1, 0, (uint8_t)header.size, (uint8_t)(header.size >> 8)};
  buffer_append(&out, version_and_length, sizeof version_and_length);
  buffer_append(&out, header.data, header.size);
  buffer_append(&out, data, (size_t)t->bytes);
  return (struct bytes){out.data, out.size};
}
