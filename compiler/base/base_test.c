/* base: memory limits, messages, maps, numbers, files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static int failures;

static void check(bool ok, const char *what) {
  if (ok) return;
  printf("base_test: %s\n", what);
  failures++;
}

static void check_text(const char *got, const char *expected, const char *what) {
  if (strcmp(got, expected) == 0) return;
  printf("base_test: %s: got '%s', expected '%s'\n", what, got, expected);
  failures++;
}

static char last_message[4096];

static void remember(void *user, const char *line) {
  (void)user;
  snprintf(last_message, sizeof last_message, "%s", line);
}

static void test_arena(struct ctx *c) {
  for (size_t bytes = 0; bytes < 300000; bytes = bytes * 3 + 1) {
    uint8_t *p = ctx_alloc(c, bytes), *q = ctx_alloc(c, 1);
    bool zero = true;
    for (size_t i = 0; i < bytes; i++) zero = zero && p[i] == 0;
    memset(p, 0xff, bytes);
    check(zero && (uintptr_t)p % 64 == 0 && *q == 0 && p != q, "allocations are zeroed, aligned and apart");
  }
  check_text(ctx_printf(c, "%d-%s", 7, "x"), "7-x", "ctx_printf");
}

static void too_much(struct ctx *c, void *argument) {
  (void)argument;
  ctx_alloc(c, 2000);
}

static void too_many(struct ctx *c, void *argument) {
  (void)argument;
  ctx_alloc_array(c, SIZE_MAX / 2, 8);
}

static void inner_fails(struct ctx *c, void *argument) {
  *(bool *)argument = !ctx_run(c, too_many, NULL);
  diag_warning(c, NULL, "only a warning");
}

static void test_limits(void) {
  struct ctx c;
  ctx_init(&c);
  c.report = remember;
  c.max_bytes = 1000;
  check(!ctx_run(&c, too_much, NULL), "an allocation over the limit ends the run");
  check_text(last_message, "eaic: error: more than 1000 bytes of memory would be needed",
             "the limit's message");
  check(!ctx_run(&c, too_many, NULL), "a product of sizes that overflows ends the run");
  bool escaped = false;
  ctx_run(&c, inner_fails, &escaped);
  check(escaped && c.warnings == 1, "a nested run fails alone");
  ctx_free(&c);
}

static void test_messages(struct ctx *c) {
  const struct {
    struct location at;
    const char *expected;
  } rows[] = {
      {{NULL, NULL, NULL}, "m.onnx: error: wrong 5"},
      {{"Conv_1", "Conv", NULL}, "m.onnx: error: node 'Conv_1' (Conv): wrong 5"},
      {{"Conv_1", NULL, "w"}, "m.onnx: error: node 'Conv_1': tensor 'w': wrong 5"},
      {{NULL, NULL, "a\nb\x7f"}, "m.onnx: error: tensor 'a?b?': wrong 5"},
  };
  const int before = c->errors;
  c->file = "m.onnx";
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    diag_error(c, &rows[i].at, "wrong %d", 5);
    check_text(last_message, rows[i].expected, "message");
  }
  check(c->errors == before + (int)COUNT_OF(rows), "errors are counted");
  char *endless = ctx_alloc(c, 5000);
  memset(endless, 'x', 4999);
  diag_error(c, NULL, "%s", endless);
  check(strlen(last_message) < 2048, "a long message is cut");
  c->file = NULL;
}

static void test_maps(struct ctx *c) {
  enum { COUNT = 3000 };
  struct map m;
  struct pointer_map p;
  static int values[COUNT];
  bool right = true;
  map_init(&m, c);
  pointer_map_init(&p, c);
  check(!map_get(&m, "x") && !pointer_map_get(&p, values), "an empty map has nothing");
  for (int i = 0; i < COUNT; i++) {
    map_set(&m, ctx_printf(c, "key %d", i), &values[i]);
    pointer_map_set(&p, &values[i], &values[COUNT - 1 - i]);
  }
  map_set(&m, "key 5", &values[6]);
  pointer_map_set(&p, &values[5], &values[6]);
  for (int i = 0; i < COUNT; i++) {
    right = right && map_get(&m, ctx_printf(c, "key %d", i)) == &values[i == 5 ? 6 : i];
    right = right && pointer_map_get(&p, &values[i]) == &values[i == 5 ? 6 : COUNT - 1 - i];
    right = right && strcmp(m.entry[i].key, ctx_printf(c, "key %d", i)) == 0;
  }
  check(right && m.count == COUNT && p.count == COUNT, "maps hold what was set, in order of insertion");
}

static void test_float_text(struct ctx *c) {
  const struct {
    double x;
    const char *single, *twice;
  } rows[] = {
      {0.0, "0", "0"},
      {-0.0, "-0", "-0"},
      {0.1, "0.1", "0.1"},
      {1e-5, "1e-05", "1e-05"},
      {16777216.0, "16777216", "16777216"},
      {1.0 / 3.0, "0.33333334", "0.3333333333333333"},
      {(double)INFINITY, "inf", "inf"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    struct buffer b;
    buffer_init(&b, c);
    buffer_float(&b, (float)rows[i].x);
    check_text((const char *)b.data, rows[i].single, "buffer_float");
    buffer_init(&b, c);
    buffer_double(&b, rows[i].x);
    check_text((const char *)b.data, rows[i].twice, "buffer_double");
  }
  uint64_t seed = 1;
  for (int i = 0; i < 2000; i++) { /* any bits read back */
    const uint32_t bits = (uint32_t)random_next(&seed);
    float x, back;
    double parsed;
    struct buffer b;
    memcpy(&x, &bits, sizeof x);
    if (x != x || x - x != 0) continue;
    buffer_init(&b, c);
    buffer_float(&b, x);
    check(parse_double((const char *)b.data, &parsed), "a printed float parses");
    back = (float)parsed;
    check(memcmp(&x, &back, sizeof x) == 0, "a printed float reads back the same");
  }
}

static void test_buffer(struct ctx *c) {
  struct buffer b;
  buffer_init(&b, c);
  check(b.size == 0 && b.data[0] == 0, "an empty buffer is an empty text");
  for (int i = 0; i < 1000; i++) buffer_printf(&b, "%03d", i);
  check(b.size == 3000 && memcmp(b.data + 2997, "999", 4) == 0, "a buffer grows");
  buffer_byte(&b, 'x');
  buffer_pad(&b, 256);
  check(b.size == 3072 && b.data[3000] == 'x' && b.data[3071] == 0, "padding is zeros up to the alignment");
}

static void test_numbers(void) {
  int64_t v = 0;
  double d;
  check(checked_mul(1 << 20, 1 << 20, &v) && v == (int64_t)1 << 40 && !checked_mul(INT64_MAX, 2, &v),
        "checked_mul");
  check(checked_add(INT64_MAX, 0, &v) && !checked_add(INT64_MAX, 1, &v), "checked_add");
  check(align_up(0, 64) == 0 && align_up(1, 64) == 64 && align_up(64, 64) == 64, "align_up");
  const struct {
    const char *text;
    bool integer, real;
  } rows[] = {{"12", true, true},
              {"-7", true, true},
              {"", false, false},
              {"1x", false, false},
              {" 1", false, false},
              {"+1", false, true},
              {"1.5", false, true},
              {"1e3", false, true},
              {"-", false, false},
              {"1 ", false, false},
              {"99999999999999999999", false, true}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    check(parse_int64(rows[i].text, &v) == rows[i].integer, rows[i].text);
    check(parse_double(rows[i].text, &d) == rows[i].real, rows[i].text);
  }
  char hex[65];
  sha256_hex("abc", 3, hex);
  check_text(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
             "SHA-256 (FIPS 180-4 example)");
}

struct read_request {
  const char *path;
  uint64_t limit;
  struct bytes got;
};

static void read_one(struct ctx *c, void *argument) {
  struct read_request *r = argument;
  r->got = file_read(c, r->path, r->limit);
}

static void test_files(struct ctx *c) {
  const char *parent = getenv("TMPDIR");
  char *folder = ctx_printf(c, "%s/eaic-base-test-XXXXXX", parent ? parent : P_tmpdir);
  if (!mkdtemp(folder)) {
    check(false, "mkdtemp");
    return;
  }
  const char *path = ctx_printf(c, "%s/a.bin", folder), *beside = path_join(c, path, "b.bin");
  file_write(c, path, "hello", 5);
  struct read_request whole = {path, 5, {0}}, large = {path, 4, {0}}, missing = {beside, 5, {0}},
                      dir = {folder, 5, {0}};
  check(ctx_run(c, read_one, &whole) && whole.got.size == 5 && memcmp(whole.got.data, "hello", 5) == 0,
        "read back");
  check(!ctx_run(c, read_one, &large) && strstr(last_message, "a.bin"),
        "a file over the limit is refused by name");
  check(!ctx_run(c, read_one, &missing) && strstr(last_message, "b.bin"), "a missing file is named");
  check(!ctx_run(c, read_one, &dir), "a folder is no file");
  check_text(beside, ctx_printf(c, "%s/b.bin", folder), "path_join");
  check_text(path_join(c, "model.onnx", "w"), "w", "path_join without a folder");
  check(path_has_suffix("a.PNG", ".png") && !path_has_suffix("png", ".png"), "path_has_suffix");
  check_text(path_basename("a/b/c.onnx"), "c.onnx", "path_basename");
  unlink(path);
  check(rmdir(folder) == 0, "no temporary file is left");
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  c.report = remember;
  test_arena(&c);
  test_limits();
  test_messages(&c);
  test_maps(&c);
  test_float_text(&c);
  test_buffer(&c);
  test_numbers();
  test_files(&c);
  ctx_free(&c);
  return failures != 0;
}
