/* engine: WebAssembly engines behind one interface, and sessions: a module of ours that is ready to run.
 *
 * Engines hold resources outside the ctx: whoever opens a session closes it, also after an error. */
#ifndef EAIC_ENGINE_H
#define EAIC_ENGINE_H

#include "abi/abi.h"

struct engine_module;   /* compiled code; an engine's own */
struct engine_instance; /* one instance: memory and functions */

/* What an engine implements. A function that can fail returns NULL, or a message of one line from malloc that
 * the caller frees; it never leaves through fatal() (an engine may be C++, and longjmp skips destructors). */
struct engine {
  const char *name, *doc;
  /* Validates and compiles. The bytes need not outlive the call. */
  char *(*open)(const void *wasm, size_t bytes, struct engine_module **out);
  void (*close)(struct engine_module *m);
  /* Runs the data segments. Imports, which `infer` never calls, become functions that trap. Fails without an
   * exported memory `memory`. */
  char *(*instantiate)(struct engine_module *m, struct engine_instance **out);
  void (*drop)(struct engine_instance *i);
  /* Linear memory; the pointer is good until the next call of a function. */
  uint8_t *(*memory)(struct engine_instance *i, size_t *bytes);
  /* Finds the exported function `name: [] -> []`; *out is its handle, good for the instance's life. */
  char *(*find)(struct engine_instance *i, const char *name, int *out);
  /* Calls it; a trap is an error. */
  char *(*call)(struct engine_instance *i, int function);
};

/* engine.c */

/* The engines of this build, the default one first. */
const struct engine *engine_at(int index); /* NULL after the last */
/* By name; NULL is the default one. fatal() on a name that is not there. */
const struct engine *engine_by_name(struct ctx *c, const char *name);

/* session.c: a module of ours, step by step to the first answer. Each function is fatal() on failure. */

struct session {
  const struct engine *engine;
  const struct abi_module *abi;
  struct bytes wasm;
  struct engine_module *module;
  struct engine_instance *instance;
  int infer;
};

/* Reads the contract; compiles; makes a new instance (dropping an older one) and checks it against the
 * contract. */
void session_open(struct ctx *c, struct session *s, const struct engine *e, struct bytes wasm);
void session_compile(struct ctx *c, struct session *s);
void session_instantiate(struct ctx *c, struct session *s);
/* All three. */
void session_start(struct ctx *c, struct session *s, const struct engine *e, struct bytes wasm);
/* Frees what the engine holds; fine on a zeroed or half-open session. */
void session_close(struct session *s);

/* The tensor's bytes in the instance's memory; good until the next call. */
uint8_t *session_tensor(const struct session *s, const struct abi_tensor *t);
void session_infer(struct ctx *c, struct session *s);
/* The handle of `step_<i>`, exported by modules compiled with --profile; -1 when there is none. */
int session_find_step(struct session *s, int step);
void session_call(struct ctx *c, struct session *s, int function);

#endif
