/* A program made by hand -> object -> module: what is in the module, and that damaged modules are refused. */
#include <string.h>

#include "wasm/section.h"

static int failures;

#define EXPECT(condition, ...)                                        \
  do {                                                                \
    if (!(condition)) {                                               \
      failures++;                                                     \
      printf("%s:%d: expected %s: ", __FILE__, __LINE__, #condition); \
      printf(__VA_ARGS__);                                            \
      printf("\n");                                                   \
    }                                                                 \
  } while (0)

/* The program: three f32 matrix products in a row; the first two have equal params and share one function. */

enum { ROWS = 4, INNER = 8, LAST = 3, PRODUCTS = 3 };

static int64_t add_constant(struct program *p, const void *data, int64_t bytes) {
  const struct segment s = {.offset = align_up(p->end, PLAN_ALIGN), .bytes = bytes, .data = data};
  VECTOR_PUSH(p->ctx, &p->segments, s);
  p->weights_bytes += bytes;
  p->end = s.offset + bytes;
  return s.offset;
}

static int64_t add_buffer(struct program *p, int64_t bytes) {
  const int64_t offset = align_up(p->end, PLAN_ALIGN);
  p->end = offset + bytes;
  return offset;
}

static const float *numbers(struct ctx *c, int count, uint64_t seed) {
  float *data = CTX_ARRAY(c, float, count);
  for (int i = 0; i < count; i++) data[i] = (float)((int)(random_next(&seed) % 41) - 20) / 16;
  return data;
}

static void add_product(struct program *p, int columns, int64_t x, int64_t w, int64_t bias,
                        int64_t numbers_at, int64_t y) {
  struct ctx *c = p->ctx;
  struct matmul_params *params = CTX_NEW(c, struct matmul_params);
  *params = (struct matmul_params){.m = ROWS,
                                   .n = columns,
                                   .k = INNER,
                                   .a_row = INNER,
                                   .a_column = 1,
                                   .b_row = columns,
                                   .b_column = 1,
                                   .epilogue = {.output = DOT_F32, .has_bias = bias != 0}};
  struct origin *origin = CTX_NEW(c, struct origin);
  origin->name = ctx_printf(c, "Gemm_%d \"\xff\"", p->steps.count);
  struct node *node = CTX_NEW(c, struct node);
  node->origin = origin;
  struct call *call = CTX_NEW(c, struct call);
  call->node = node;
  call->macs = ROWS * INNER * columns;
  struct step s = {.kernel = kernel_find("matmul_f32_plain"),
                   .params = params,
                   .params_bytes = sizeof *params,
                   .operand_count = DOT_OPERANDS,
                   .offset = CTX_ARRAY(c, int64_t, DOT_OPERANDS),
                   .call = call};
  s.offset[DOT_X] = x;
  s.offset[DOT_W] = w;
  s.offset[DOT_BIAS] = bias;
  s.offset[DOT_NUMBERS] = numbers_at;
  s.offset[DOT_Y] = y;
  VECTOR_PUSH(c, &p->steps, s);
}

static struct port port_make(const char *name, int columns, int64_t offset) {
  const int64_t shape[] = {ROWS, columns};
  return (struct port){name, type_make(DT_F32, 2, shape, NULL), offset,
                       (int64_t)sizeof(float) * ROWS * columns};
}

static struct program *make_program(struct ctx *c, enum level level) {
  struct program *p = CTX_NEW(c, struct program);
  p->ctx = c;
  p->level = level;
  p->end = PLAN_BASE;
  const int64_t zeros = add_constant(p, ctx_alloc(c, 1000), 1000);
  const int64_t w0 = add_constant(p, numbers(c, INNER * INNER, 1), 4 * INNER * INNER);
  const int64_t w1 = add_constant(p, numbers(c, INNER * INNER, 2), 4 * INNER * INNER);
  const int64_t w2 = add_constant(p, numbers(c, INNER * LAST, 3), 4 * INNER * LAST);
  const int64_t bias = add_constant(p, numbers(c, LAST, 4), 4 * LAST);
  p->arena_offset = align_up(p->end, PLAN_ALIGN);
  const int64_t x = add_buffer(p, 4 * ROWS * INNER), h0 = add_buffer(p, 4 * ROWS * INNER);
  const int64_t h1 = add_buffer(p, 4 * ROWS * INNER), y = add_buffer(p, 4 * ROWS * LAST);
  p->arena_bytes = p->end - p->arena_offset;
  const struct port in = port_make("x", INNER, x), out = port_make("y", LAST, y);
  VECTOR_PUSH(c, &p->inputs, in);
  VECTOR_PUSH(c, &p->outputs, out);
  add_product(p, INNER, x, w0, 0, zeros, h0);
  add_product(p, INNER, h0, w1, 0, zeros, h1);
  add_product(p, LAST, h1, w2, bias, zeros, y);
  return p;
}

static struct bytes make_module(struct ctx *c, const struct program *p, bool profile, bool debug_info) {
  const struct codegen_options codegen = {.profile = profile, .debug_info = debug_info};
  const struct wasm_options options = {.profile = profile, .debug_info = debug_info};
  const struct module_info info = {"toy", "0123", 13};
  return wasm_link(c, p, codegen_object(c, p, &codegen), &info, &options);
}

static const struct section *find_section(const section_list *list, uint8_t id, const char *name) {
  for (int i = 0; i < list->count; i++)
    if (list->at[i].id == id && (!name || strcmp(list->at[i].name, name) == 0)) return &list->at[i];
  return NULL;
}

/* The names in an export section, each followed by a space. */
static const char *export_names(struct ctx *c, struct bytes body) {
  struct buffer out;
  buffer_init(&out, c);
  struct reader r = reader_of(body);
  for (uint32_t n = read_u32(&r); n > 0 && !r.failed; n--) {
    const struct bytes name = read_bytes(&r, read_u32(&r));
    buffer_append(&out, name.data, name.size);
    buffer_byte(&out, ' ');
    read_byte(&r);
    read_u32(&r);
  }
  EXPECT(!r.failed && r.at == r.end, "export section ends early or late");
  return (const char *)out.data;
}

static int64_t read_address(struct reader *r) {
  uint32_t x = 0;
  uint8_t byte = 0x80;
  int shift = 0;
  for (; byte & 0x80 && shift < 35; shift += 7) {
    byte = read_byte(r);
    x |= (uint32_t)(byte & 0x7f) << shift;
  }
  if (shift < 32 && (byte & 0x40)) x |= ~0u << shift;
  return x;
}

/* The data segments make the memory image that program_load makes; where the program ends, the linker's data
 * may follow. */
static void check_data(struct ctx *c, const struct program *p, struct bytes body) {
  uint8_t *image = ctx_alloc(c, (size_t)p->end + TAIL_PAD),
          *expected = ctx_alloc(c, (size_t)p->end + TAIL_PAD);
  program_load(p, expected);
  struct reader r = reader_of(body);
  for (uint32_t n = read_u32(&r); n > 0 && !r.failed; n--) {
    EXPECT(read_byte(&r) == 0 && read_byte(&r) == 0x41, "not an active segment");
    const int64_t at = read_address(&r);
    EXPECT(read_byte(&r) == 0x0b, "no end of expression");
    const struct bytes data = read_bytes(&r, read_u32(&r));
    if (at < p->end) memcpy(image + at, data.data, data.size);
  }
  EXPECT(!r.failed && r.at == r.end, "data section ends early or late");
  EXPECT(memcmp(image, expected, (size_t)p->end) == 0, "memory image differs");
}

/* Zeros are left out where that saves bytes, and the number of segments stays below engines' limits. */
static void test_segments(struct ctx *c) {
  static const struct {
    int64_t bytes, period; /* one nonzero byte a period */
    uint32_t segments;
  } rows[] = {{1000, 1, 1}, {1000, 10, 1}, {1000, 100, 10}, {0, 1, 0}, {3000000, 40, 1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    struct program p = {.ctx = c, .end = PLAN_BASE};
    uint8_t *data = ctx_alloc(c, (size_t)rows[i].bytes);
    for (int64_t k = 0; k < rows[i].bytes; k += rows[i].period) data[k] = (uint8_t)(1 + k % 255);
    add_constant(&p, data, rows[i].bytes);
    add_constant(&p, ctx_alloc(c, 5000), 5000); /* all zeros */
    add_constant(&p, "x", 1);
    struct buffer body, section;
    buffer_init(&body, c);
    buffer_init(&section, c);
    const uint32_t count = write_weights(&body, &p);
    EXPECT(count == rows[i].segments + 1, "row %zu: %u segments", i, count);
    write_u32(&section, count);
    buffer_append(&section, body.data, body.size);
    check_data(c, &p, (struct bytes){section.data, section.size});
  }
}

static const char expected_json[] =
    "{\"abi\":1,\"eaic\":\"" EAIC_VERSION
    "\",\"model\":{\"name\":\"toy\",\"sha256\":\"0123\",\"opset\":13},\"features\":\"%s\","
    "\"inputs\":[{\"name\":\"x\",\"dtype\":\"float32\",\"shape\":[4,8],\"offset\":2752,\"bytes\":128}],"
    "\"outputs\":[{\"name\":\"y\",\"dtype\":\"float32\",\"shape\":[4,3],\"offset\":3136,\"bytes\":48}],"
    "\"memory\":{\"weights\":1620,\"arena\":432,\"arena_offset\":2752,\"total\":65536},"
    "\"steps\":[{\"nodes\":[\"Gemm_0 \\\"\xef\xbf\xbd\\\"\"],\"kernel\":\"matmul_f32_plain\",\"macs\":256},"
    "{\"nodes\":[\"Gemm_1 \\\"\xef\xbf\xbd\\\"\"],\"kernel\":\"matmul_f32_plain\",\"macs\":256},"
    "{\"nodes\":[\"Gemm_2 \\\"\xef\xbf\xbd\\\"\"],\"kernel\":\"matmul_f32_plain\",\"macs\":96}]}";

static void test_module(struct ctx *c, enum level level, const char *level_name) {
  const struct program *p = make_program(c, level);
  const struct bytes module = make_module(c, p, false, false);
  const char *problem = wasm_validate(c, module, level);
  EXPECT(!problem, "%s", problem);
  section_list sections = {0};
  EXPECT(sections_read(c, module, &sections), "unreadable module");
  EXPECT(!find_section(&sections, SECTION_IMPORT, NULL), "there are imports");
  const char *exports = export_names(c, find_section(&sections, SECTION_EXPORT, NULL)->body);
  EXPECT(strcmp(exports, "memory infer ") == 0, "exports: %s", exports);
  const struct bytes memory = find_section(&sections, SECTION_MEMORY, NULL)->body;
  EXPECT(memory.size == 4 && memcmp(memory.data, "\1\1\1\1", 4) == 0, "memory is not exactly one page");
  check_data(c, p, find_section(&sections, SECTION_DATA, NULL)->body);
  const struct bytes json = find_section(&sections, SECTION_CUSTOM, "eaic")->body;
  const char *expected = ctx_printf(c, expected_json, level_name);
  EXPECT(json.size == strlen(expected) && memcmp(json.data, expected, json.size) == 0,
         "metadata:\n%.*s\nexpected:\n%s", (int)json.size, (const char *)json.data, expected);
  EXPECT(find_section(&sections, SECTION_CUSTOM, "producers") != NULL, "no producers section");
  EXPECT(find_section(&sections, SECTION_CUSTOM, "name") != NULL, "no name section");
  EXPECT(!find_section(&sections, SECTION_CUSTOM, ".debug_info"), "DWARF without -g");

  const struct bytes again = make_module(c, p, false, false);
  EXPECT(again.size == module.size && memcmp(again.data, module.data, module.size) == 0,
         "second module differs");
}

static void test_options(struct ctx *c) {
  const struct program *p = make_program(c, LEVEL_SIMD128);
  const struct bytes module = make_module(c, p, true, true);
  const char *problem = wasm_validate(c, module, LEVEL_SIMD128);
  EXPECT(!problem, "%s", problem);
  section_list sections = {0};
  EXPECT(sections_read(c, module, &sections), "unreadable module");
  const char *exports = export_names(c, find_section(&sections, SECTION_EXPORT, NULL)->body);
  EXPECT(strcmp(exports, "memory step_0 step_1 step_2 infer ") == 0, "exports: %s", exports);
  const struct section *lines = find_section(&sections, SECTION_CUSTOM, ".debug_line");
  EXPECT(lines && memmem(lines->body.data, lines->body.size, "matmul_plain.c", 14),
         "no line table of the kernel's source");
  const struct bytes text = wasm_to_wat(c, module, LEVEL_SIMD128);
  EXPECT(memmem(text.data, text.size, "(func $matmul_f32_plain.1 ", 26), "no such function in the text form");
  const struct codegen_options as_text = {.text = true, .passes = "verify"};
  const struct bytes ir = codegen_object(c, p, &as_text);
  EXPECT(memmem(ir.data, ir.size, "define void @infer()", 20), "no infer in the LLVM text");
}

/* Bodies for ctx_run: each must fail with a message. */
static void link_too_large(struct ctx *c, void *unused) {
  (void)unused;
  struct program *p = make_program(c, LEVEL_SIMD128);
  p->end = (int64_t)1 << 32;
  make_module(c, p, false, false);
}

static void bad_passes(struct ctx *c, void *unused) {
  (void)unused;
  const struct codegen_options options = {.passes = "no-such-pass"};
  codegen_object(c, make_program(c, LEVEL_SIMD128), &options);
}

static void print_damaged(struct ctx *c, void *module) {
  wasm_to_wat(c, *(struct bytes *)module, LEVEL_SIMD128);
}

static void keep_last(void *user, const char *line) { snprintf(user, 256, "%s", line); }

static void test_failures(struct ctx *c) {
  char message[256] = "";
  c->report = keep_last;
  c->report_user = message;
  EXPECT(!ctx_run(c, link_too_large, NULL) && strstr(message, "4 GiB"), "message: %s", message);
  EXPECT(!ctx_run(c, bad_passes, NULL) && strstr(message, "no-such-pass"), "message: %s", message);

  const struct bytes module = make_module(c, make_program(c, LEVEL_SIMD128), false, false);
  section_list whole = {0}, sections;
  EXPECT(sections_read(c, module, &whole), "unreadable module");
  for (size_t size = 0; size < module.size; size++) {
    const uint8_t *copy = ctx_copy(c, module.data, size); /* ASan sees reads past its end */
    bool at_boundary = size == 8;
    for (int i = 0; i < whole.count; i++)
      at_boundary |= whole.at[i].body.data + whole.at[i].body.size == module.data + size;
    memset(&sections, 0, sizeof sections);
    EXPECT(sections_read(c, (struct bytes){copy, size}, &sections) == at_boundary, "cut at %zu", size);
  }
  uint64_t seed = 7;
  uint8_t *damaged = ctx_copy(c, module.data, module.size);
  for (int i = 0; i < 2000; i++) {
    const size_t at = random_next(&seed) % module.size;
    const uint8_t before = damaged[at];
    damaged[at] = (uint8_t)random_next(&seed);
    memset(&sections, 0, sizeof sections);
    if (sections_read(c, (struct bytes){damaged, module.size}, &sections))
      for (int k = 0; k < sections.count; k++)
        EXPECT(sections.at[k].body.data + sections.at[k].body.size <= damaged + module.size,
               "a body past the end");
    damaged[at] = before;
  }
  damaged[0] = 'x';
  struct bytes bad = {damaged, module.size};
  memset(&sections, 0, sizeof sections);
  EXPECT(!sections_read(c, bad, &sections), "wrong magic accepted");
  EXPECT(wasm_validate(c, bad, LEVEL_SIMD128) != NULL, "wrong magic validates");
  EXPECT(!ctx_run(c, print_damaged, &bad) && strstr(message, "invalid module"), "message: %s", message);
}

/* LEB128 at its edges: bytes that must be refused, and values that come back. */
static void test_integers(struct ctx *c) {
  static const uint32_t values[] = {0,      1,      63,         64,         127,       128,
                                    0x1fff, 0x2000, 0x7fffffff, 0x80000000, 0xffffffff};
  for (size_t i = 0; i < COUNT_OF(values); i++) {
    struct buffer b;
    buffer_init(&b, c);
    write_u32(&b, values[i]);
    write_address(&b, values[i]);
    struct reader r = reader_of((struct bytes){b.data, b.size});
    const uint32_t x = read_u32(&r);
    const int64_t address = read_address(&r);
    EXPECT(x == values[i] && address == values[i] && !r.failed && r.at == r.end, "%u: %u, %lld", values[i], x,
           (long long)address);
  }
  static const struct {
    const char *bytes;
    size_t size;
  } malformed[] = {{"", 0}, {"\x80", 1}, {"\xff\xff\xff\xff\x1f", 5}, {"\x80\x80\x80\x80\x80\x00", 6}};
  for (size_t i = 0; i < COUNT_OF(malformed); i++) {
    struct reader r = reader_of((struct bytes){(const uint8_t *)malformed[i].bytes, malformed[i].size});
    EXPECT(read_u32(&r) == 0 && r.failed, "malformed integer %zu accepted", i);
  }
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  test_integers(&c);
  test_segments(&c);
  test_module(&c, LEVEL_SCALAR, "scalar");
  test_module(&c, LEVEL_SIMD128, "simd128");
  test_module(&c, LEVEL_RELAXED, "relaxed");
  test_options(&c);
  test_failures(&c);
  ctx_free(&c);
  return failures != 0;
}
