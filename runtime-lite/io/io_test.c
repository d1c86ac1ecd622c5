/* Tensor files: there and back in every format and dtype, pictures, and everything that must be refused. */
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>

#include "io/io.h"

static int failures;
static char last_message[2100];

#define EXPECT(condition) \
  do { \
    if (!(condition)) failures++, printf("%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
  } while (0)

static void keep_message(void *user, const char *line) {
  (void)user;
  snprintf(last_message, sizeof last_message, "%s", line);
}

static char folder[] = "/tmp/eaic_io_test_XXXXXX";

static char *path_of(struct ctx *c, const char *name) { return ctx_printf(c, "%s/%s", folder, name); }

static char *write_bytes(struct ctx *c, const char *name, const void *data, size_t size) {
  char *path = path_of(c, name);
  file_write(c, path, data, size);
  return path;
}

static struct abi_tensor tensor(const char *name, enum abi_dtype dtype, int rank, const int64_t *dim) {
  struct abi_tensor t = {.name = name, .dtype = dtype, .rank = rank, .elements = 1};
  for (int i = 0; i < rank; i++) t.elements *= t.dim[i] = dim[i];
  t.bytes = abi_dtype_bytes(dtype, t.elements);
  return t;
}

struct load {
  const struct abi_tensor *want;
  const char *source;
  struct image_options image;
  uint8_t out[4096];
};

static void load(struct ctx *c, void *argument) {
  struct load *l = argument;
  tensor_load(c, "input", l->want, l->source, &l->image, l->out);
}

static bool loads(struct ctx *c, struct load *l) {
  last_message[0] = 0;
  return ctx_run(c, load, l);
}

/* The load must fail with a message that holds `message`. */
static void expect_refused(struct ctx *c, const struct abi_tensor *want, const char *source,
                           const char *message) {
  struct load l = {.want = want, .source = source};
  if (loads(c, &l) || !strstr(last_message, message)) {
    failures++;
    printf("'%s': '%s', expected '%s'\n", source, last_message, message);
  }
}

static void test_round_trips(struct ctx *c) {
  static const char *const suffixes[] = {"bin", "npy", "pb"};
  static const int64_t dims[] = {2, 1, 3};
  for (int i = 0; i < ABI_DTYPE_COUNT; i++) {
    for (size_t k = 0; k < COUNT_OF(suffixes); k++) {
      if (k == 1 && i >= ABI_F8E4M3FN) continue; /* NumPy's files have no name for them */
      for (int rank = 0; rank <= 3; rank++) {
        struct abi_tensor t = tensor("x", (enum abi_dtype)i, rank, dims);
        struct load first = {.want = &t, .source = "random:3"};
        EXPECT(loads(c, &first));
        char *path = path_of(c, ctx_printf(c, "x.%s", suffixes[k]));
        tensor_save(c, &t, first.out, path);
        struct load second = {.want = &t, .source = path};
        EXPECT(loads(c, &second) && !memcmp(first.out, second.out, (size_t)t.bytes));
      }
    }
  }
}

static void test_sources(struct ctx *c) {
  struct abi_tensor f = tensor("x", ABI_F32, 1, (const int64_t[]){64}),
                    n = tensor("n", ABI_S64, 1, (const int64_t[]){64});
  struct load a = {.want = &f, .source = "random:1"}, b = {.want = &f, .source = "random:1"},
              d = {.want = &f, .source = "random:2"};
  EXPECT(loads(c, &a) && loads(c, &b) && loads(c, &d) && !memcmp(a.out, b.out, 256) &&
         memcmp(a.out, d.out, 256));
  for (int i = 0; i < 64; i++)
    EXPECT(abi_element_get(ABI_F32, a.out, i) >= 0 && abi_element_get(ABI_F32, a.out, i) < 1);
  struct load ids = {.want = &n, .source = "random:1"}, zeros = {.want = &n, .source = "zeros", .out = {7}};
  EXPECT(loads(c, &ids) && loads(c, &zeros) && zeros.out[0] == 0);
  for (int i = 0; i < 64; i++)
    EXPECT(abi_element_get(ABI_S64, ids.out, i) >= 0 && abi_element_get(ABI_S64, ids.out, i) < 100);
  expect_refused(c, &f, "random:x", "whole number");
  expect_refused(c, &f, "file.txt", "no known suffix");
  expect_refused(c, &f, path_of(c, "missing.bin"), "cannot open");
}

static void test_fits(struct ctx *c) {
  struct abi_tensor t = tensor("x", ABI_F32, 2, (const int64_t[]){28, 2}),
                    wide = tensor("x", ABI_F32, 4, (const int64_t[]){1, 28, 1, 2}),
                    other = tensor("x", ABI_F32, 2, (const int64_t[]){2, 28}),
                    integer = tensor("x", ABI_S32, 2, (const int64_t[]){28, 2});
  uint8_t data[224] = {1, 2, 3};
  char *npy = path_of(c, "t.npy"), *bin = path_of(c, "t.bin");
  tensor_save(c, &t, data, npy);
  tensor_save(c, &t, data, bin);
  struct load same = {.want = &wide, .source = npy};
  EXPECT(loads(c, &same) && !memcmp(same.out, data, sizeof data));
  expect_refused(c, &other, npy, "t.npy' has float32[28,2], expected float32[2,28]");
  expect_refused(c, &integer, npy, "has float32[28,2], expected int32[28,2]");
  struct abi_tensor small = tensor("y", ABI_F32, 1, (const int64_t[]){3});
  expect_refused(c, &small, bin, "input 'y'");
  expect_refused(c, &small, bin, "has 224 bytes, expected 12 (float32[3])");
}

static void test_quantizes(struct ctx *c) {
  struct abi_tensor f = tensor("x", ABI_F32, 1, (const int64_t[]){6}),
                    q = tensor("x", ABI_U8, 1, (const int64_t[]){6});
  q.quantized = true;
  q.scale = 0.5;
  q.zero_point = 10;
  const float x[] = {0, 0.5f, 0.25f, 0.75f, -100, 1000};
  const uint8_t expected[] = {10, 11, 10, 12, 0, 255}; /* ties to even */
  char *npy = path_of(c, "q.npy");
  tensor_save(c, &f, x, npy);
  struct load l = {.want = &q, .source = npy};
  EXPECT(loads(c, &l) && !memcmp(l.out, expected, sizeof expected));
}

static void test_npy(struct ctx *c) {
  struct abi_tensor t = tensor("x", ABI_U8, 1, (const int64_t[]){3});
#define NPY(header) "\x93NUMPY\1\0\x40\0" header
#define PAD "                    "
  static const struct {
    const char *bytes, *message; /* message NULL: loads */
  } cases[] = {
      {NPY("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}      \nabc"), NULL},
      {NPY("{'descr': '<u1', 'shape': (1, 3,  ), 'fortran_order': False, }\nabc"), NULL},
      {NPY("{'descr': '|u1', 'fortran_order': True,  'shape': (3,)}      \nabc"), "Fortran order"},
      {NPY("{'descr': '>u2', 'fortran_order': False, 'shape': (3,)}      \nabc"),
       "dtype that is not supported"},
      {NPY("{'descr': '|S3', 'fortran_order': False, 'shape': (3,)}      \nabc"),
       "dtype that is not supported"},
      {NPY("{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}      \nabc"),
       "holds 3 bytes of elements, its header says 4"},
      {NPY("{'descr': '|u1', 'fortran_order': False, 'shape': (-3)}      \nabc"), "malformed shape"},
      {NPY("{'descr': '|u1', 'fortran_order': False, 'shape': (3,        \nabc"), "malformed shape"},
      {NPY("{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999,999999999999)}\n"),
       "too many elements"},
      {NPY("{'descr': '|u1'}"), "cut off"},
      {"\x93NUMPY\7\0\x40\0" PAD, "unknown version 7"},
      {"a text file, no array", "no .npy"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct buffer b;
    buffer_init(&b, c);
    size_t fixed = cases[i].bytes[0] == 'a' ? 0 : 10; /* the prefix holds a NUL */
    buffer_append(&b, cases[i].bytes, fixed);
    buffer_text(&b, cases[i].bytes + fixed);
    if (fixed) b.data[8] = (uint8_t)(strcspn(cases[i].bytes + 10, "\n") + 1);
    if (cases[i].message && !strcmp(cases[i].message, "cut off")) b.data[8] = 200;
    char *path = write_bytes(c, "case.npy", b.data, b.size);
    if (cases[i].message) {
      expect_refused(c, &t, path, cases[i].message);
    } else {
      struct load l = {.want = &t, .source = path};
      EXPECT(loads(c, &l) && !memcmp(l.out, "abc", 3));
    }
  }
}

/* Typed fields of TensorProto, packed and not, and damaged messages. */
static void test_pb(struct ctx *c) {
  static const struct {
    enum abi_dtype dtype;
    const char *bytes;
    size_t size;
    const char *expected; /* the two elements' bytes, or NULL: refused */
    const char *message;
  } cases[] = {
#define CASE(dtype, text, expected, message) {dtype, text, sizeof(text) - 1, expected, message}
      CASE(ABI_F32, "\10\2\20\1\42\10\0\0\200\77\0\0\0\100", "\0\0\200\77\0\0\0\100",
           NULL), /* float_data, packed */
      CASE(ABI_F32, "\10\2\20\1\45\0\0\200\77\45\0\0\0\100", "\0\0\200\77\0\0\0\100", NULL), /* one by one */
      CASE(ABI_S8, "\12\1\2\20\3\52\13\1\377\377\377\377\377\377\377\377\377\1", "\1\377",
           NULL), /* int32_data 1, -1 */
      CASE(ABI_U16, "\10\2\20\4\50\1\50\200\2", "\1\0\0\1", NULL),
      CASE(ABI_F16, "\10\2\20\12\52\5\200\170\200\200\1", "\0\74\0\100", NULL), /* bits 0x3c00, 0x4000 */
      CASE(ABI_S64, "\10\2\20\7\72\2\1\2", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", NULL),
      CASE(ABI_U64, "\10\2\20\15\132\2\1\2", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", NULL),
      CASE(ABI_U32, "\10\2\20\14\132\2\1\2", "\1\0\0\0\2\0\0\0", NULL),
      CASE(ABI_F64, "\10\2\20\13\122\20\0\0\0\0\0\0\360\77\0\0\0\0\0\0\0\100",
           "\0\0\0\0\0\0\360\77\0\0\0\0\0\0\0\100", NULL),
      CASE(ABI_U8, "\10\2\20\2\112\2ab", "ab", NULL),
      CASE(ABI_U8, "\102\1n\10\2\20\2\112\2ab\142\3doc", "ab", NULL), /* name, doc_string */
      CASE(ABI_U8, "\10\2\20\2\112\3abc", NULL, "holds 3 bytes of elements, uint8[2] has 2"),
      CASE(ABI_U8, "\10\2\20\10\62\2ab", NULL, "data type 8"), /* strings */
      CASE(ABI_U8, "\10\2\20\2\160\1", NULL, "another file"),
      CASE(ABI_U8, "\10\377\377\377\377\377\377\377\377\377\1\20\2", NULL, "negative extent"),
      CASE(ABI_U8, "\12\11\1\1\1\1\1\1\1\1\1\20\2\112\1a", NULL, "more than 8 extents"),
      CASE(ABI_U8, "\10\2\20\2\112\177ab", NULL, "no ONNX TensorProto"),
      CASE(ABI_U8, "\10\2\20\2\113", NULL, "no ONNX TensorProto"), /* group */
      CASE(ABI_U8, "\10\377\377\377\377\377\377\377\377\377\377\377", NULL, "no ONNX TensorProto"),
      CASE(ABI_U8, "\10", NULL, "no ONNX TensorProto"),
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct abi_tensor t = tensor("x", cases[i].dtype, 1, (const int64_t[]){2});
    char *path = write_bytes(c, "case.pb", cases[i].bytes, cases[i].size);
    if (!cases[i].expected) {
      expect_refused(c, &t, path, cases[i].message);
      continue;
    }
    struct load l = {.want = &t, .source = path};
    bool equal = loads(c, &l) && !memcmp(l.out, cases[i].expected, (size_t)t.bytes);
    if (!equal) failures++, printf("pb case %zu: %s\n", i, last_message);
  }
}

/* ---- Pictures ---- */

static char *write_png(struct ctx *c, int width, int height, uint32_t format, const uint8_t *pixel) {
  char *path = path_of(c, "case.png");
  png_image image = {
      .version = PNG_IMAGE_VERSION, .width = (uint32_t)width, .height = (uint32_t)height, .format = format};
  EXPECT(png_image_write_to_file(&image, path, 0, pixel, 0, NULL));
  return path;
}

static char *write_jpeg(struct ctx *c, int width, int height, uint8_t grey) {
  struct jpeg_error_mgr error;
  struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&error)};
  unsigned char *data = NULL;
  unsigned long size = 0;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &data, &size);
  jpeg.image_width = (JDIMENSION)width;
  jpeg.image_height = (JDIMENSION)height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  uint8_t *row = ctx_alloc(c, (size_t)width * 3);
  memset(row, grey, (size_t)width * 3);
  for (int y = 0; y < height; y++) jpeg_write_scanlines(&jpeg, &row, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  char *path = write_bytes(c, "case.jpg", data, size);
  free(data);
  return path;
}

static const float *floats_of(const struct load *l) { return (const float *)(const void *)l->out; }

static void test_pixels(struct ctx *c) {
  static const uint8_t rgb[] = {255, 0, 51, 0, 255, 102, 10, 20, 30, 40, 50, 60}; /* 2 x 2 */
  char *path = write_png(c, 2, 2, PNG_FORMAT_RGB, rgb);
  struct abi_tensor nchw = tensor("x", ABI_F32, 4, (const int64_t[]){1, 3, 2, 2}),
                    nhwc = tensor("x", ABI_F32, 4, (const int64_t[]){1, 2, 2, 3}),
                    raw = tensor("x", ABI_U8, 4, (const int64_t[]){1, 2, 2, 3}),
                    grey = tensor("x", ABI_U8, 2, (const int64_t[]){2, 2}),
                    text = tensor("x", ABI_F32, 2, (const int64_t[]){2, 0}),
                    odd = tensor("x", ABI_F32, 4, (const int64_t[]){1, 5, 2, 2});
  struct load a = {.want = &nchw, .source = path}, b = {.want = &nhwc, .source = path},
              d = {.want = &raw, .source = path}, e = {.want = &grey, .source = path};
  EXPECT(loads(c, &a) && loads(c, &b) && loads(c, &d) && loads(c, &e));
  for (int y = 0; y < 4; y++) {
    for (int ch = 0; ch < 3; ch++) {
      EXPECT(fabsf(floats_of(&a)[ch * 4 + y] - (float)rgb[y * 3 + ch] / 255) < 1e-6f);
      EXPECT(floats_of(&b)[y * 3 + ch] == floats_of(&a)[ch * 4 + y]);
      EXPECT(d.out[y * 3 + ch] == rgb[y * 3 + ch]);
    }
  }
  EXPECT(e.out[0] == 82 && e.out[2] == 18); /* 0.299 R + 0.587 G + 0.114 B */
  struct load scaled = {
      .want = &nchw,
      .source = path,
      .image = {
          .has_scale = true, .scale = 2, .mean_count = 3, .mean = {1, 2, 3}, .std_count = 1, .std = {4}}};
  EXPECT(loads(c, &scaled) && floats_of(&scaled)[0] == (255 * 2 - 1) / 4.0f &&
         floats_of(&scaled)[4 + 1] == (255 * 2 - 2) / 4.0f);
  expect_refused(c, &text, path, "not [1,C,H,W] or [1,H,W,C]");
  expect_refused(c, &odd, path, "not [1,C,H,W] or [1,H,W,C]");
}

static void test_resize(struct ctx *c) {
  static const uint8_t pixel[] = {0, 100, 200, 100, 0, 100, 200, 100}; /* grey, 4 x 2 */
  char *path = write_png(c, 4, 2, PNG_FORMAT_GRAY, pixel);
  struct abi_tensor one = tensor("x", ABI_F32, 4, (const int64_t[]){1, 1, 1, 1}),
                    wide = tensor("x", ABI_F32, 4, (const int64_t[]){1, 1, 2, 8});
  struct load mean = {.want = &one, .source = path, .image = {.has_scale = true, .scale = 1}};
  EXPECT(loads(c, &mean) && fabsf(floats_of(&mean)[0] - 325 / 3.0f) < 0.01f); /* weights 5 7 7 5, by 24 */
  struct load up = {.want = &wide, .source = path, .image = {.has_scale = true, .scale = 1}};
  static const float expected[] = {0, 25, 75, 125, 175, 175, 125, 100};
  EXPECT(loads(c, &up));
  for (int i = 0; i < 8; i++) EXPECT(fabsf(floats_of(&up)[i] - expected[i]) < 0.01f);
}

static void test_pictures(struct ctx *c) {
  struct abi_tensor t = tensor("x", ABI_U8, 4, (const int64_t[]){1, 3, 8, 8}),
                    rgba = tensor("x", ABI_U8, 4, (const int64_t[]){1, 4, 8, 8});
  char *path = write_jpeg(c, 16, 8, 77);
  struct load l = {.want = &t, .source = path};
  EXPECT(loads(c, &l));
  for (int i = 0; i < t.bytes; i++) EXPECT(abs(l.out[i] - 77) <= 1);
  expect_refused(c, &rgba, path, "without transparency");
  struct bytes jpeg = file_read(c, path, 1 << 20);
  expect_refused(c, &t, write_bytes(c, "cut.jpg", jpeg.data, jpeg.size / 2), "cannot be decoded");
  expect_refused(c, &t, write_bytes(c, "cut.jpg", jpeg.data, jpeg.size - 10), "cannot be decoded");
  expect_refused(c, &t, write_bytes(c, "text.png", "hello", 5), "neither a PNG nor a JPEG");
  static const uint8_t grey[64] = {9};
  struct bytes png = file_read(c, write_png(c, 8, 8, PNG_FORMAT_GRAY, grey), 1 << 20);
  expect_refused(c, &t, write_bytes(c, "cut.png", png.data, png.size / 2), "damaged PNG");
  struct load grey_as_rgb = {.want = &t,
                             .source = write_bytes(c, "whole.jpg", png.data, png.size)}; /* content decides */
  EXPECT(loads(c, &grey_as_rgb) && grey_as_rgb.out[0] == 9 && grey_as_rgb.out[64] == 9 &&
         grey_as_rgb.out[1] == 0);
}

/* ---- Summary and comparison ---- */

static void test_print(struct ctx *c) {
  struct buffer out;
  buffer_init(&out, c);
  struct abi_tensor q = tensor("q", ABI_S8, 2, (const int64_t[]){2, 2}),
                    f = tensor("f", ABI_F32, 1, (const int64_t[]){3}),
                    none = tensor("none", ABI_F32, 1, (const int64_t[]){0}),
                    big = tensor("big", ABI_U64, 0, NULL);
  q.quantized = true;
  q.scale = 0.25;
  q.zero_point = -1;
  const int8_t q_data[] = {-1, 3, 7, 3};
  const float f_data[] = {1.5f, NAN, -2};
  const uint64_t big_data = UINT64_MAX;
  struct labels labels = labels_read(c, write_bytes(c, "labels.txt", "zero\r\none\ntwo", 13));
  EXPECT(labels.count == 3 && !strcmp(labels.at[0], "zero") && !strcmp(labels.at[2], "two"));
  tensor_print(&out, &q, q_data, 3, &labels);
  tensor_print(&out, &f, f_data, 0, &labels);
  tensor_print(&out, &none, f_data, 5, &labels);
  tensor_print(&out, &big, &big_data, 0, &labels);
  static const char expected[] = "q: int8[2,2]  scale 0.25 zero point -1  min 0  max 2  mean 1\n"
                                 "  (1,0)  2  two\n  (0,1)  1  one\n  (1,1)  1\n"
                                 "f: float32[3]  min -2  max 1.5  mean -0.25  NaN 1 times\n  1.5 nan -2\n"
                                 "none: float32[0]\n"
                                 "big: uint64[]  min 18446744073709551615  max 18446744073709551615  mean "
                                 "1.84467e+19\n  18446744073709551615\n";
  if (strcmp((const char *)out.data, expected)) failures++, printf("summary is:\n%s", (const char *)out.data);
}

static void test_compare(void) {
  const float a[] = {1, NAN, 0, 100.001f, INFINITY}, b[] = {1, NAN, -0.0f, 100, INFINITY};
  struct comparison exact = tensor_compare(ABI_F32, 5, a, b, 0),
                    loose = tensor_compare(ABI_F32, 5, a, b, 1e-4);
  EXPECT(exact.different == 2 && exact.first == 2 && fabs(exact.largest - 0.001) < 1e-4);
  EXPECT(loose.different == 0 && loose.first == -1 && loose.largest == 0);
  EXPECT(exact.accepted == 0 && fabs(loose.accepted - 0.001) < 1e-4);
  const float c[] = {NAN, 1}, d[] = {1, 1};
  EXPECT(tensor_compare(ABI_F32, 2, c, d, 1).different == 1 &&
         isinf(tensor_compare(ABI_F32, 2, c, d, 1).largest));
  const uint8_t e[] = {1, 2, 3}, f[] = {1, 4, 3};
  struct comparison integers = tensor_compare(ABI_U8, 3, e, f, 100); /* no tolerance for integers */
  EXPECT(integers.different == 1 && integers.first == 1 && integers.largest == 2);
}

static void remove_files(struct ctx *c) {
  static const char *const names[] = {"x.bin",   "x.npy",    "x.pb",    "t.npy",     "t.bin",
                                      "q.npy",   "case.npy", "case.pb", "case.png",  "case.jpg",
                                      "cut.jpg", "text.png", "cut.png", "whole.jpg", "labels.txt"};
  for (size_t i = 0; i < COUNT_OF(names); i++) unlink(path_of(c, names[i]));
  if (rmdir(folder)) failures++, printf("%s is not empty\n", folder);
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  c.report = keep_message;
  if (!mkdtemp(folder)) return puts("no temporary folder"), 1;
  test_round_trips(&c);
  test_sources(&c);
  test_fits(&c);
  test_quantizes(&c);
  test_npy(&c);
  test_pb(&c);
  test_pixels(&c);
  test_resize(&c);
  test_pictures(&c);
  test_print(&c);
  test_compare();
  remove_files(&c);
  ctx_free(&c);
  return failures != 0;
}
