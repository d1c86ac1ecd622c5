/* Sessions: abi and engine brought together. */
#include <stdlib.h>

#include "engine/engine.h"

/* Turns an engine's message into fatal(). */
static void check(struct ctx *c, char *problem, const char *what) {
  if (!problem) return;
  char *text = ctx_strdup(c, problem);
  free(problem);
  fatal(c, NULL, "%s: %s", what, text);
}

void session_open(struct ctx *c, struct session *s, const struct engine *e, struct bytes wasm) {
  *s = (struct session){.engine = e, .wasm = wasm};
  s->abi = abi_read(c, wasm);
}

void session_compile(struct ctx *c, struct session *s) {
  check(c, s->engine->open(s->wasm.data, s->wasm.size, &s->module), s->engine->name);
}

void session_instantiate(struct ctx *c, struct session *s) {
  const struct engine *e = s->engine;
  if (s->instance) e->drop(s->instance);
  s->instance = NULL;
  check(c, e->instantiate(s->module, &s->instance), e->name);
  check(c, e->find(s->instance, "infer", &s->infer), e->name);
  size_t bytes = 0;
  e->memory(s->instance, &bytes);
  if ((int64_t)bytes < s->abi->total_bytes) {
    fatal(c, NULL, "damaged module: it has %zu bytes of memory, its metadata says %lld", bytes,
          (long long)s->abi->total_bytes);
  }
}

void session_start(struct ctx *c, struct session *s, const struct engine *e, struct bytes wasm) {
  session_open(c, s, e, wasm);
  session_compile(c, s);
  session_instantiate(c, s);
}

void session_close(struct session *s) {
  if (s->instance) s->engine->drop(s->instance);
  if (s->module) s->engine->close(s->module);
  *s = (struct session){0};
}

uint8_t *session_tensor(const struct session *s, const struct abi_tensor *t) {
  size_t bytes;
  return s->engine->memory(s->instance, &bytes) + t->offset;
}

void session_call(struct ctx *c, struct session *s, int function) {
  check(c, s->engine->call(s->instance, function), s->engine->name);
}

void session_infer(struct ctx *c, struct session *s) { session_call(c, s, s->infer); }

int session_find_step(struct session *s, int step) {
  char name[32];
  snprintf(name, sizeof name, "step_%d", step);
  int function = -1;
  char *problem = s->engine->find(s->instance, name, &function);
  if (!problem) return function;
  free(problem);
  return -1;
}
