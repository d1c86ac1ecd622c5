/* The contract's reader: element types, a good module, and every way to break one. */
#include <math.h>
#include <string.h>

#include "abi/abi.h"

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

/* ---- dtypes ---- */

static void test_every_dtype(void) {
  for (int i = 0; i < ABI_DTYPE_COUNT; i++) {
    enum abi_dtype t = (enum abi_dtype)i, back;
    EXPECT(abi_dtype_from_name(abi_dtype_name(t), &back) && back == t);
    EXPECT(abi_dtype_from_onnx(abi_dtype_onnx(t), &back) && back == t);
    EXPECT(abi_dtype_bytes(t, 8) == abi_dtype_bits(t));
    uint8_t data[24] = {0};
    abi_element_set(t, data, 1, 1);
    bool has_zero = t != ABI_F8E8M0;
    EXPECT((!has_zero || abi_element_get(t, data, 0) == 0) && abi_element_get(t, data, 1) == 1 &&
           (!has_zero || abi_element_get(t, data, 2) == 0));
  }
}

static void test_saturation(void) {
  static const struct {
    enum abi_dtype t;
    double in, out;
  } cases[] = {
      {ABI_U8, -1, 0},
      {ABI_U8, 300, 255},
      {ABI_U8, 2.5, 2},
      {ABI_U8, 3.5, 4},
      {ABI_S8, -200, -128},
      {ABI_S8, 128, 127},
      {ABI_S8, -0.5, 0},
      {ABI_S16, 1e9, 32767},
      {ABI_U16, 70000, 65535},
      {ABI_S32, 1e12, 2147483647.0},
      {ABI_U32, -3, 0},
      {ABI_U32, 1e12, 4294967295.0},
      {ABI_S64, -1e30, -0x1p63},
      {ABI_S64, 1e30, 0x1p63},
      {ABI_U64, 1e30, 0x1p64},
      {ABI_BOOL, 7, 1},
      {ABI_U8, NAN, 0},
      {ABI_F16, 65520, INFINITY},
      {ABI_F16, 65519, 65504},
      {ABI_F16, 0x1p-25, 0},
      {ABI_F16, 0x1.8p-25, 0x1p-24},
      {ABI_F16, -0.1, -0x1.998p-4},
      {ABI_BF16, 1.00390625, 1},
      {ABI_BF16, 1e39, INFINITY},
      {ABI_BF16, 3.14159, 3.140625},
      {ABI_F32, 0.1, (double)0.1f},
      {ABI_F16, 0x1.ffep-15, 0x1p-14},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uint8_t data[8];
    abi_element_set(cases[i].t, data, 0, cases[i].in);
    double got = abi_element_get(cases[i].t, data, 0);
    if (got != cases[i].out) {
      failures++;
      printf("%s of %g is %g, expected %g\n", abi_dtype_name(cases[i].t), cases[i].in, got, cases[i].out);
    }
  }
  uint16_t nan;
  abi_element_set(ABI_F16, &nan, 0, NAN);
  EXPECT(isnan(abi_element_get(ABI_F16, &nan, 0)));
}

/* All 65,536 half floats survive the way to double and back. */
static void test_halves(enum abi_dtype t) {
  for (uint32_t bits = 0; bits < 65536; bits++) {
    uint16_t half = (uint16_t)bits, back;
    double x = abi_element_get(t, &half, 0);
    abi_element_set(t, &back, 0, x);
    if (isnan(x) ? !isnan(abi_element_get(t, &back, 0)) : back != half) {
      failures++;
      printf("%s bits %04x came back as %04x\n", abi_dtype_name(t), half, back);
      return;
    }
  }
}

/* ---- modules ---- */

static void append_leb128(struct buffer *b, size_t x) {
  for (; x >= 0x80; x >>= 7) buffer_byte(b, (uint8_t)(x | 0x80));
  buffer_byte(b, (uint8_t)x);
}

static void append_custom(struct buffer *b, const char *name, const char *text) {
  struct buffer body;
  buffer_init(&body, b->ctx);
  append_leb128(&body, strlen(name));
  buffer_text(&body, name);
  buffer_text(&body, text);
  buffer_byte(b, 0);
  append_leb128(b, body.size);
  buffer_append(b, body.data, body.size);
}

static struct bytes make_module(struct ctx *c, const char *json) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_append(&b, "\0asm\1\0\0\0", 8);
  append_custom(&b, "producers", "x");
  append_custom(&b, "eaic", json);
  return (struct bytes){b.data, b.size};
}

#define X "{\"name\":\"x\",\"dtype\":\"float32\",\"shape\":[2,3],\"offset\":64,\"bytes\":24}"
#define Y \
  "{\"name\":\"y\",\"dtype\":\"int8\",\"shape\":[],\"offset\":128,\"bytes\":1,\"quantization\":{\"scale\":" \
  "0.5,\"zero_point\":-3}}"
static const char good[] =
    "{\"abi\":1,\"eaic\":\"9\",\"future\":[1],\"model\":{\"name\":\"n\",\"sha256\":\"0\",\"opset\":13},"
    "\"features\":\"simd128\",\"inputs\":[" X "],\"outputs\":[" Y "],"
    "\"memory\":{\"weights\":10,\"arena\":192,\"total\":65536},"
    "\"steps\":[{\"nodes\":[\"a\",\"b\"],\"kernel\":\"k\",\"macs\":7}]}";

static void read_module(struct ctx *c, void *module) { abi_read(c, *(struct bytes *)module); }

static void test_good(struct ctx *c) {
  const struct abi_module *m = abi_read(c, make_module(c, good));
  EXPECT(m->input_count == 1 && m->output_count == 1 && m->step_count == 1 && m->total_bytes == 65536);
  EXPECT(!strcmp(m->input[0].name, "x") && m->input[0].elements == 6 && m->input[0].dim[1] == 3 &&
         !m->input[0].quantized);
  EXPECT(m->output[0].rank == 0 && m->output[0].elements == 1 && m->output[0].scale == 0.5 &&
         m->output[0].zero_point == -3);
  EXPECT(m->step[0].node_count == 2 && !strcmp(m->step[0].node[1], "b") && m->step[0].macs == 7);
  EXPECT(!strcmp(abi_type_text(c, &m->input[0]), "float32[2,3]") &&
         !strcmp(abi_type_text(c, &m->output[0]), "int8[]"));
  EXPECT(m->model_opset == 13 && !strcmp(m->features, "simd128") && !strcmp(m->compiler_version, "9"));
}

/* Each replaces one piece of the good text; the message must hold `message`. */
static const struct {
  const char *piece, *replacement, *message;
} breaks[] = {
    {"\"abi\":1", "\"abi\":2", "ABI 2"},
    {"\"abi\":1", "\"abi\":\"1\"", "'abi' is no whole number"},
    {"\"abi\":1,", "", "'abi' is missing"},
    {"\"eaic\":\"9\",", "", "'eaic' is missing"},
    {"\"model\":{\"name\":\"n\",\"sha256\":\"0\",\"opset\":13},", "", "'model' is missing"},
    {"\"opset\":13", "\"opset\":1.5", "model: 'opset'"},
    {"\"total\":65536", "\"total\":1e300", "memory: 'total'"},
    {"\"arena\":192", "\"arena\":192,\"arena_offset\":65408", "memory: 'arena_offset'"},
    {"\"total\":65536", "\"total\":80", "pass the memory's 80"},
    {"\"inputs\":[", "\"inputs\":[" X ",", "second 'x'"},
    {"\"inputs\":[",
     "\"inputs\":[{\"name\":\"w\",\"dtype\":\"uint8\",\"shape\":[70],\"offset\":0,\"bytes\":70},", "overlap"},
    {"\"inputs\":[" X "]", "\"inputs\":{}", "'inputs' is no array"},
    {"\"inputs\":[" X "]", "\"inputs\":[1]", "input 0: 'name' is missing"},
    {"\"float32\"", "\"float33\"", "unknown dtype 'float33'"},
    {"\"float32\"", "32", "'dtype' is no string"},
    {"[2,3]", "[2,4]", "dtype and shape make 32"},
    {"[2,3]", "[2,-3]", "'shape' is no whole number"},
    {"[2,3]", "[4294967296,4294967296]", "too many elements"},
    {"[2,3]", "[0,4294967296,4294967296]", "'bytes' is 24"},
    {"[2,3]", "[1,1,1,1,1,1,1,2,3]", "9 extents"},
    {"\"offset\":64", "\"offset\":65", "not a multiple of 64"},
    {"\"offset\":64", "\"offset\":-64", "'offset' is no whole number"},
    {"\"offset\":64", "\"offset\":65536", "pass the memory's 65536"},
    {"\"scale\":0.5", "\"scale\":0", "'scale' is no positive number"},
    {"\"scale\":0.5", "\"scale\":[0.5]", "'scale' is no positive number"},
    {"\"zero_point\":-3", "\"zero_point\":1e10", "'zero_point' is no whole number"},
    {"\"macs\":7", "\"macs\":-7", "step 0: 'macs'"},
    {"[\"a\",\"b\"]", "[\"a\",1]", "step 0: 'nodes' is no string"},
    {"\"kernel\":\"k\",", "", "step 0: 'kernel' is missing"},
    {"{\"abi\"", "[\"abi\"", "no valid JSON"},
};

static void test_breaks(struct ctx *c) {
  for (size_t i = 0; i < COUNT_OF(breaks); i++) {
    const char *at = strstr(good, breaks[i].piece);
    EXPECT(at);
    if (!at) continue;
    char *json = ctx_printf(c, "%.*s%s%s", (int)(at - good), good, breaks[i].replacement,
                            at + strlen(breaks[i].piece));
    struct bytes module = make_module(c, json);
    last_message[0] = 0;
    if (ctx_run(c, read_module, &module) || !strstr(last_message, breaks[i].message)) {
      failures++;
      printf("break %zu: '%s', expected '%s'\n", i, last_message, breaks[i].message);
    }
  }
}

/* Every prefix and every changed byte of a module is refused or read, and nothing worse happens (run under
 * ASan). */
static void test_damage(struct ctx *c) {
  struct bytes module = make_module(c, good);
  for (size_t size = 0; size < module.size; size++) {
    struct bytes prefix = {ctx_copy(c, module.data, size), size};
    /* Between two sections a prefix is a module, but one without metadata. */
    EXPECT(!ctx_run(c, read_module, &prefix));
  }
  uint64_t state = 1;
  for (int i = 0; i < 3000; i++) {
    uint8_t *data = ctx_copy(c, module.data, module.size);
    data[random_next(&state) % module.size] = (uint8_t)random_next(&state);
    struct bytes changed = {data, module.size};
    ctx_run(c, read_module, &changed);
  }
}

static void test_not_ours(struct ctx *c) {
  static const struct {
    const char *bytes;
    size_t size;
    const char *message;
  } cases[] = {
      {"", 0, "not a WebAssembly module"},
      {"\x08\x07net", 5, "not a WebAssembly module"},
      {"\0asm\x0d\0\1\0", 8, "core module of version 1"},
      {"\0asm\1\0\0\0", 8, "no custom section 'eaic'"},
      {"\0asm\1\0\0\0\1\x7f", 10, "passes the end"},
      {"\0asm\1\0\0\0\1\xff\xff\xff\xff\xff\xff", 15, "passes the end"},
      {"\0asm\1\0\0\0\0\1\5", 11, "has no name"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct bytes module = {ctx_copy(c, cases[i].bytes, cases[i].size), cases[i].size};
    last_message[0] = 0;
    EXPECT(!ctx_run(c, read_module, &module));
    if (!strstr(last_message, cases[i].message)) {
      failures++;
      printf("case %zu: '%s', expected '%s'\n", i, last_message, cases[i].message);
    }
  }
}

static void test_imports(struct ctx *c) {
#define WASI "\x16wasi_snapshot_preview1"
  static const struct {
    const char *imports; /* after their number; types are 0 but where a case ends early */
    size_t size;
    uint8_t count;
    const char *message; /* NULL: accepted */
  } cases[] = {
#define IMPORTS(count, text) text, sizeof(text) - 1, count
      {IMPORTS(0, ""), NULL},
      {IMPORTS(3, WASI "\7fd_read\0\0" WASI "\10fd_write\0\0" WASI "\11proc_exit\0\0"), NULL},
      {IMPORTS(1, WASI "\12fd_advise2\0\0"), "imports 'fd_advise2' of 'wasi_snapshot_preview1'"},
      {IMPORTS(2, WASI "\7fd_read\0\0"
                       "\3env\7fd_read\0\0"),
       "imports 'fd_read' of 'env'"},
      {IMPORTS(1, WASI "\7fd_read\2\0\1"), "imports 'fd_read'"}, /* a memory */
      {IMPORTS(1, WASI "\7fd_read"), "imports 'fd_read'"},
      {IMPORTS(2, WASI "\7fd_read\0\0"), "its imports have no names"},
      {IMPORTS(1, "\x7fwasi"), "its imports have no names"},
      {IMPORTS(1, ""), "its imports have no names"},
#undef IMPORTS
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct buffer b;
    buffer_init(&b, c);
    const struct bytes rest = make_module(c, good);
    buffer_append(&b, rest.data, 8);
    buffer_byte(&b, 2);
    append_leb128(&b, cases[i].size + 1);
    buffer_byte(&b, cases[i].count);
    buffer_append(&b, cases[i].imports, cases[i].size);
    buffer_append(&b, rest.data + 8, rest.size - 8);
    struct bytes module = {b.data, b.size};
    last_message[0] = 0;
    const bool passed = ctx_run(c, read_module, &module), wanted = !cases[i].message;
    if (passed == wanted && (passed || strstr(last_message, cases[i].message))) continue;
    failures++;
    printf("imports %zu: %s, '%s'\n", i, passed ? "accepted" : "refused", last_message);
  }
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  c.report = keep_message;
  test_every_dtype();
  test_saturation();
  test_halves(ABI_F16);
  test_halves(ABI_BF16);
  test_good(&c);
  test_breaks(&c);
  test_damage(&c);
  test_not_ours(&c);
  test_imports(&c);
  ctx_free(&c);
  return failures != 0;
}
