/* Model files that are none, and external data: what the file system has to do with an import. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "onnx/model_text.h"
#include "onnx/onnx.h"

struct test {
  const char *folder;
  const char *what; /* the case at work */
  int failures;
  bool finished;
};

struct attempt {
  const char *path;
  struct graph *graph;
  char message[512]; /* the first one */
  int messages;
};

static void keep_message(void *user, const char *line) {
  struct attempt *a = user;
  if (a->messages++ == 0) snprintf(a->message, sizeof a->message, "%s", line);
}

static void import(struct ctx *c, void *argument) {
  struct attempt *a = argument;
  a->graph = onnx_import(c, a->path, NULL, NULL);
}

/* Imports the file; `expected` is a part of the one message it gives, or NULL when it has to succeed. */
static void check_import(struct test *t, struct ctx *c, const char *path, const char *expected) {
  struct attempt a = {.path = path};
  c->report = keep_message;
  c->report_user = &a;
  ctx_run(c, import, &a);
  bool right = expected ? a.messages == 1 && strstr(a.message, expected) : a.messages == 0 && a.graph;
  if (right) return;
  printf("%s: %d messages, the first is '%s', expected '%s'\n", t->what, a.messages, a.message,
         expected ? expected : "none");
  t->failures++;
}

static char *in_folder(struct ctx *c, const struct test *t, const char *name) {
  return ctx_printf(c, "%s/%s", t->folder, name);
}

/* Bytes that are no model. */

static const struct {
  const char *what, *bytes;
  size_t size;
  const char *message;
} broken[] = {
    {"empty", "", 0, "the file is empty"},
    {"text", "This is no model at all.", 24, "this is not an ONNX model"},
    {"picture", "\x89PNG\r\n\x1a\n", 8, "this is not an ONNX model"},
    {"module", "\0asm\1\0\0\0", 8, "this is a WebAssembly module, not an ONNX model"},
    {"zeros", "\0\0\0\0", 4, "a field has no valid number"},
    {"one byte", "\x08", 1, "the file ends inside of a number"},
    {"long number", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "more than 64 bits"},
    {"too short", "\x08\x08\x3a\x05\x12", 5, "the file ends too early"},
    {"field beyond its message", "\x3a\x03\x12\x05gg", 6, "longer than the message that holds it"},
    {"no graph", "\x08\x08", 2, "it has no graph"},
    {"graph twice", "\x3a\x00\x3a\x00", 4, "is there twice"},
    {"wrong type", "\x38\x08", 2, "a field has the wrong type"},
};

static void test_broken(struct test *t, struct ctx *c) {
  char *path = in_folder(c, t, "broken.onnx");
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    t->what = broken[i].what;
    file_write(c, path, broken[i].bytes, broken[i].size);
    check_import(t, c, path, broken[i].message);
  }
  t->what = "no file";
  check_import(t, c, in_folder(c, t, "none.onnx"), "cannot open");
  t->what = "folder";
  check_import(t, c, t->folder, "it is a folder");
}

/* Every beginning of a model is an error, never a crash. */
static void test_truncated(struct test *t, struct ctx *c) {
  struct bytes model =
      model_text_pack(c, "opset 13\nin x float [2]\nconst w float [2] = 1\ny = Add(x, w)\nout y\n");
  char *path = in_folder(c, t, "truncated.onnx");
  for (size_t size = 1; size <= model.size; size++) {
    t->what = ctx_printf(c, "%zu of %zu bytes", size, model.size);
    struct attempt a = {.path = path};
    file_write(c, path, model.data, size);
    c->report = keep_message;
    c->report_user = &a;
    bool ok = ctx_run(c, import, &a);
    /* The fields come in order of their numbers: the opset is last, and without it the model is of opset 1.
     */
    if (ok == (size == model.size)) continue;
    printf("%s: '%s'\n", t->what, a.message);
    t->failures++;
  }
}

/* Graphs in attributes of nodes of graphs, deeper than any stack. */
static void test_nested(struct test *t, struct ctx *c) {
  static const uint8_t tags[3] = {0x0a, 0x2a, 0x32}; /* graph.node, node.attribute, attribute.g */
  enum { DEPTH = 3000, LENGTH_BYTES = 5 };
  size_t size = (size_t)DEPTH * 3 * (1 + LENGTH_BYTES) + 1 + LENGTH_BYTES;
  uint8_t *data = ctx_alloc(c, size), *at = data;
  for (int i = 0; at < data + size; i++) {
    *at++ = i == 0 ? 0x3a : tags[(i - 1) % 3]; /* model.graph first */
    uint32_t rest = (uint32_t)(data + size - at) - LENGTH_BYTES;
    for (int k = 0; k < LENGTH_BYTES; k++, rest >>= 7)
      *at++ = (uint8_t)((rest & 0x7f) | (k < LENGTH_BYTES - 1 ? 0x80 : 0));
  }
  t->what = "nested";
  char *path = in_folder(c, t, "nested.onnx");
  file_write(c, path, data, size);
  check_import(t, c, path, "nested too deeply");
}

/* External data. w.bin holds the floats 0, 1, .. 7. */

static const struct {
  const char *keys;
  const char *message; /* NULL: fine, and then element 0 is `first` */
  float first;
} external[] = {
    {"location=w.bin", NULL, 0},
    {"location=w.bin offset=8 length=16", NULL, 2},
    {"location=below/w.bin", NULL, 0},
    {"location=w.bin offset=16 checksum=abc", NULL, 4},
    {"location=w.bin offset=20", "bytes 20 to 36 are needed, it has 32", 0},
    {"location=w.bin offset=-4", "offset '-4' of its external data is no valid number", 0},
    {"location=w.bin offset=12345678901234567890", "is no valid number", 0},
    {"location=w.bin offset=9223372036854775807", "is too large", 0},
    {"location=w.bin length=15", "has 15 bytes, f32[4] needs 16", 0},
    {"location=none.bin", "cannot open its external data", 0},
    {"location=below", "it is not a regular file", 0},
    {"location=../w.bin", "is not inside of the model's folder", 0},
    {"location=below/../../w.bin", "is not inside of the model's folder", 0},
    {"location=/etc/hosts", "is not inside of the model's folder", 0},
    {"location=link.bin", "is a link that leads out of the model's folder", 0},
    {"offset=0", "its external data has no location", 0},
};

static void test_external(struct test *t, struct ctx *c) {
  float numbers[8];
  for (int i = 0; i < 8; i++) numbers[i] = (float)i;
  char *below = in_folder(c, t, "below"), *inner = in_folder(c, t, "below/w.bin"),
       *link = in_folder(c, t, "link.bin");
  char *path = in_folder(c, t, "external.onnx"), *data = in_folder(c, t, "w.bin");
  mkdir(below, 0777);
  file_write(c, data, numbers, sizeof numbers);
  file_write(c, inner, numbers, sizeof numbers);
  if (symlink("/etc/hosts", link) != 0) fatal(c, NULL, "cannot make a link");
  for (size_t i = 0; i < COUNT_OF(external); i++) {
    t->what = external[i].keys;
    struct bytes model =
        model_text_pack(c, ctx_printf(c, "opset 13\nconst w float [4] @ %s\nout w\n", external[i].keys));
    file_write(c, path, model.data, model.size);
    check_import(t, c, path, external[i].message);
    if (external[i].message) continue;
    struct attempt a = {.path = path};
    ctx_run(c, import, &a);
    const float *got = a.graph ? a.graph->outputs.at[0]->data : NULL;
    if (got && got[0] == external[i].first && got[3] == external[i].first + 3) continue;
    printf("%s: wrong numbers\n", t->what);
    t->failures++;
  }
  unlink(inner);
  rmdir(below);
}

/* Numbers in typed fields: each type, then too many and too few. */
static void test_typed(struct test *t, struct ctx *c) {
  static const char *const types[] = {"float",  "double", "int64",  "int32", "int16",  "int8",
                                      "uint64", "uint32", "uint16", "uint8", "boolean"};
  char *path = in_folder(c, t, "typed.onnx");
  for (size_t i = 0; i < COUNT_OF(types); i++) {
    t->what = types[i];
    struct bytes model = model_text_pack(
        c, ctx_printf(c, "opset 13\ntyped w %s [3] = 1 0 1\nv = Cast(w) to=1\nout v\n", types[i]));
    file_write(c, path, model.data, model.size);
    struct attempt a = {.path = path};
    c->report_user = &a;
    ctx_run(c, import, &a);
    const float *got = a.graph ? a.graph->outputs.at[0]->data : NULL;
    if (got && got[0] == 1 && got[1] == 0 && got[2] == 1) continue;
    printf("typed %s: wrong numbers, or '%s'\n", types[i], a.message);
    t->failures++;
  }
  for (int shape = 2; shape <= 4; shape += 2) {
    t->what = "typed, wrong count";
    struct bytes model =
        model_text_pack(c, ctx_printf(c, "opset 13\ntyped w float [%d] = 1 0 1\nout w\n", shape));
    file_write(c, path, model.data, model.size);
    check_import(t, c, path, "it holds 3 numbers, its shape says");
  }
}

/* What the importer says about a file. */
static void test_info(struct test *t, struct ctx *c) {
  struct bytes model = model_text_pack(c, "opset 13\nin x float [2]\ny = Relu(x)\nout y\n");
  char *path = in_folder(c, t, "info.onnx"), hex[65];
  file_write(c, path, model.data, model.size);
  struct onnx_info info;
  struct attempt a = {.path = path};
  c->report_user = &a;
  onnx_import(c, path, NULL, &info);
  sha256_hex(model.data, model.size, hex);
  bool right = !strcmp(info.name, "test") && info.opset == 13 && info.ir_version == 8 &&
               !strcmp(info.sha256, hex) && !strcmp(info.producer, "");
  if (right) return;
  printf("info: name '%s', opset %lld, IR %lld, sha256 %s\n", info.name, (long long)info.opset,
         (long long)info.ir_version, info.sha256);
  t->failures++;
}

static void run_all(struct ctx *c, void *argument) {
  struct test *t = argument;
  char *folder = ctx_printf(c, "%s/import_file_XXXXXX", P_tmpdir);
  if (!mkdtemp(folder)) fatal(c, NULL, "cannot make a temporary folder");
  t->folder = folder;
  test_broken(t, c);
  test_truncated(t, c);
  test_nested(t, c);
  test_external(t, c);
  test_typed(t, c);
  test_info(t, c);
  static const char *const files[] = {"broken.onnx", "truncated.onnx", "nested.onnx", "external.onnx",
                                      "w.bin",       "link.bin",       "typed.onnx",  "info.onnx"};
  for (size_t i = 0; i < COUNT_OF(files); i++) unlink(in_folder(c, t, files[i]));
  rmdir(folder);
  t->finished = true;
}

int main(void) {
  struct test t = {0};
  struct ctx c;
  ctx_init(&c);
  c.file = "m.onnx";
  ctx_run(&c, run_all, &t);
  ctx_free(&c);
  if (!t.finished) printf("%s: the test was cut short\n", t.what ? t.what : "start");
  return t.failures || !t.finished;
}
