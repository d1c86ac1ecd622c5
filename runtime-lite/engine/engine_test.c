/* Every engine of this build on small modules written as bytes: one that works and each way not to. */
#include <string.h>

#include "engine/engine.h"

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

/* A piece of a wasm file: bytes that may hold zeros. */
struct piece {
  const char *bytes;
  size_t size;
};
#define PIECE(text) {text, sizeof(text) - 1}

/* The sections of a module; a case replaces some. */
enum { TYPE, IMPORT, FUNCTION, MEMORY, EXPORT, CODE, PIECES };
static const struct piece normal[PIECES] = {
    [TYPE] = PIECE("\1\10\2\x60\0\0\x60\1\x7f\0"), /* type 0: [] -> []; type 1: [i32] -> [] */
    [IMPORT] = PIECE(""),
    [FUNCTION] = PIECE("\3\3\2\0\0"),
    [MEMORY] = PIECE("\5\3\1\0\1"), /* one page, may grow */
    [EXPORT] = PIECE("\7\x1b\3\6memory\2\0\5infer\0\0\6step_0\0\1"),
    /* infer: mem[128] = mem[64] + 1; step_0: nothing */
    [CODE] = PIECE("\12\x16\2\x11\0\x41\x80\1\x41\xc0\0\x2d\0\0\x41\1\x6a\x3a\0\0\13\2\0\13"),
};
static const char metadata[] =
    "{\"abi\":1,\"eaic\":\"0\",\"model\":{\"name\":\"n\",\"sha256\":\"0\",\"opset\":1},\"features\":"
    "\"scalar\","
    "\"inputs\":[{\"name\":\"x\",\"dtype\":\"uint8\",\"shape\":[1],\"offset\":64,\"bytes\":1}],"
    "\"outputs\":[{\"name\":\"y\",\"dtype\":\"uint8\",\"shape\":[1],\"offset\":128,\"bytes\":1}],"
    "\"memory\":{\"weights\":0,\"arena\":64,\"total\":65536},\"steps\":[]}";

static struct bytes make_module(struct ctx *c, const struct piece *pieces) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_append(&b, "\0asm\1\0\0\0", 8);
  for (int i = 0; i < PIECES; i++) {
    const struct piece *p = pieces && pieces[i].bytes ? &pieces[i] : &normal[i];
    buffer_append(&b, p->bytes, p->size);
  }
  size_t size = sizeof metadata - 1 + 5;
  const uint8_t head[] = {0, (uint8_t)(size | 0x80), (uint8_t)(size >> 7), 4, 'e', 'a', 'i', 'c'};
  buffer_append(&b, head, sizeof head);
  buffer_append(&b, metadata, sizeof metadata - 1);
  return (struct bytes){b.data, b.size};
}

static const struct {
  const char *what, *message;
  struct piece piece[PIECES];
} broken[] = {
    {"infer traps", "unreachable", {[CODE] = PIECE("\12\10\2\3\0\0\13\2\0\13")}},
    {"infer reads past memory",
     "out of bounds",
     {[CODE] = PIECE("\12\15\2\10\0\x41\x7f\x2d\0\0\x1a\13\2\0\13")}},
    {"infer is missing", "no exported function 'infer'", {[EXPORT] = PIECE("\7\12\1\6memory\2\0")}},
    {"infer takes a number",
     "no exported function 'infer'",
     {[FUNCTION] = PIECE("\3\3\2\1\0"), [CODE] = PIECE("\12\7\2\2\0\13\2\0\13")}},
    {"infer is the memory",
     "no exported function 'infer'",
     {[EXPORT] = PIECE("\7\x12\2\6memory\2\0\5infer\2\0")}},
    {"memory is not exported", "no exported memory", {[EXPORT] = PIECE("\7\11\1\5infer\0\0")}},
    {"memory is too small", "it has 0 bytes of memory", {[MEMORY] = PIECE("\5\3\1\0\0")}},
    {"it imports a function", "import", {[IMPORT] = PIECE("\2\7\1\1a\1b\0\0")}},
    {"it is not valid", "", {[CODE] = PIECE("\12\10\2\3\0\x6a\13\2\0\13")}},
};

struct attempt {
  const struct engine *engine;
  struct bytes module;
  struct session session;
  uint8_t in, out;
};

static void attempt(struct ctx *c, void *argument) {
  struct attempt *a = argument;
  session_start(c, &a->session, a->engine, a->module);
  *session_tensor(&a->session, &a->session.abi->input[0]) = a->in;
  session_infer(c, &a->session);
  a->out = *session_tensor(&a->session, &a->session.abi->output[0]);
}

static void test_good(struct ctx *c, const struct engine *e) {
  struct attempt a = {.engine = e, .module = make_module(c, NULL), .in = 41};
  bool passed = ctx_run(c, attempt, &a);
  EXPECT(passed && a.out == 42);
  if (!passed) {
    printf("%s: %s\n", e->name, last_message);
    session_close(&a.session);
    return;
  }
  EXPECT(session_find_step(&a.session, 0) >= 0 && session_find_step(&a.session, 1) < 0);
  session_call(c, &a.session, session_find_step(&a.session, 0));
  session_infer(c, &a.session); /* as often as one likes */
  session_instantiate(c, &a.session);
  EXPECT(*session_tensor(&a.session, &a.session.abi->output[0]) ==
         0); /* a new instance has memory of its own */
  session_close(&a.session);
  session_close(&a.session);
}

static void test_broken(struct ctx *c, const struct engine *e) {
  for (size_t i = 0; i < COUNT_OF(broken); i++) {
    struct attempt a = {.engine = e, .module = make_module(c, broken[i].piece)};
    last_message[0] = 0;
    bool passed = ctx_run(c, attempt, &a);
    session_close(&a.session);
    if (passed || !strstr(last_message, broken[i].message) ||
        strchr(last_message, '?')) { /* '?': a line break */
      failures++;
      printf("%s, %s: '%s', expected '%s'\n", e->name, broken[i].what, last_message, broken[i].message);
    }
  }
}

/* infer: a call of the function that adds, twice, and a local; split, each call is a step. */
static void test_split(struct ctx *c, const struct engine *e) {
  static const struct piece list[PIECES] = {
      [EXPORT] = PIECE("\7\x12\2\6memory\2\0\5infer\0\0"),
      [CODE] = PIECE("\12\x1c\2\x8\1\1\x7f\x10\1\x10\1\13\x11\0\x41\x80\1\x41\xc0\0\x2d\0\0\x41\1\x6a\x3a\0\0\13"),
  };
  int steps = 0;
  struct attempt a = {.engine = e, .module = wasm_split_infer(c, make_module(c, list), &steps), .in = 7};
  EXPECT(steps == 2 && a.module.size && ctx_run(c, attempt, &a) && a.out == 8);
  if (a.session.instance) {
    *session_tensor(&a.session, &a.session.abi->input[0]) = 20;
    EXPECT(session_find_step(&a.session, 1) >= 0 && session_find_step(&a.session, 2) < 0);
    session_call(c, &a.session, session_find_step(&a.session, 1));
    EXPECT(*session_tensor(&a.session, &a.session.abi->output[0]) == 21);
  }
  session_close(&a.session);
  EXPECT(!wasm_split_infer(c, make_module(c, NULL), &steps).data); /* infer computes by itself */
}

static void ask_for_engine(struct ctx *c, void *name) { engine_by_name(c, name); }

int main(void) {
  struct ctx c;
  ctx_init(&c);
  c.report = keep_message;
  for (int i = 0; engine_at(i); i++) {
    EXPECT(engine_by_name(&c, engine_at(i)->name) == engine_at(i));
    test_good(&c, engine_at(i));
    test_broken(&c, engine_at(i));
    test_split(&c, engine_at(i));
  }
  EXPECT(engine_at(0) && engine_by_name(&c, NULL) == engine_at(0) && !engine_at(-1));
  char unknown[] = "v8";
  EXPECT(!ctx_run(&c, ask_for_engine, unknown) && strstr(last_message, "no engine 'v8'"));
  ctx_free(&c);
  return failures != 0;
}
