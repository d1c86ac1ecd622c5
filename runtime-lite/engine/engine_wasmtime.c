/* wasmtime through its C API. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_impl.h"
#ifdef EAIC_WASMTIME_HEADERS
#include <wasmtime.h>
#else
#include "engine/wasmtime_api.h"
#endif

struct engine_module {
  wasm_engine_t *engine;
  wasmtime_module_t *module;
  wasmtime_linker_t *linker; /* imports that trap: `infer` calls none */
};

struct engine_instance {
  wasmtime_store_t *store;
  wasmtime_context_t *context;
  wasmtime_instance_t instance;
  wasmtime_memory_t memory;
  wasmtime_func_t *function; /* found so far; handles are indices */
  int function_count;
};

/* The last line of a message of wasmtime, as malloc'd text: messages end with the cause. Takes the vector. */
static char *take_text(wasm_byte_vec_t *message) {
  size_t end = message->size;
  while (end > 0 && strchr("\n ", message->data[end - 1])) end--; /* also skips a NUL */
  size_t start = end;
  while (start > 0 && message->data[start - 1] != '\n') start--;
  while (start < end && message->data[start] == ' ') start++;
  char *text = strndup(message->data + start, end - start);
  wasm_byte_vec_delete(message);
  return text;
}

/* What a call left, an error, a trap or neither, as a message. */
static char *take_failure(wasmtime_error_t *error, wasm_trap_t *trap) {
  wasm_byte_vec_t message;
  if (error) {
    wasmtime_error_message(error, &message);
    wasmtime_error_delete(error);
  } else if (trap) {
    wasm_trap_message(trap, &message);
    wasm_trap_delete(trap);
  } else {
    return NULL;
  }
  return take_text(&message);
}

static void wasmtime_close(struct engine_module *m) {
  if (m->linker) wasmtime_linker_delete(m->linker);
  if (m->module) wasmtime_module_delete(m->module);
  if (m->engine) wasm_engine_delete(m->engine);
  free(m);
}

static char *wasmtime_open(const void *wasm, size_t bytes, struct engine_module **out) {
  struct engine_module *m = calloc(1, sizeof *m);
  wasm_config_t *config = m ? wasm_config_new() : NULL;
  if (!config) return free(m), strdup("out of memory");
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_memory_may_move_set(config, false); /* modules of ours never grow their memory */
  m->engine = wasm_engine_new_with_config(config);
  if (!m->engine) return wasmtime_close(m), strdup("the engine cannot be started");
  wasmtime_error_t *error = wasmtime_module_new(m->engine, wasm, bytes, &m->module);
  if (error) {
    m->module = NULL;
  } else {
    m->linker = wasmtime_linker_new(m->engine);
    error = wasmtime_linker_define_unknown_imports_as_traps(m->linker, m->module);
  }
  if (error) {
    wasmtime_close(m);
    return take_failure(error, NULL);
  }
  *out = m;
  return NULL;
}

static void wasmtime_drop(struct engine_instance *i) {
  wasmtime_store_delete(i->store);
  free(i->function);
  free(i);
}

/* The export `name` when it is of the kind. */
static bool get_export(struct engine_instance *i, const char *name, wasmtime_extern_kind_t kind,
                       wasmtime_extern_t *item) {
  if (!wasmtime_instance_export_get(i->context, &i->instance, name, strlen(name), item)) return false;
  if (item->kind == kind) return true;
  wasmtime_extern_delete(item);
  return false;
}

static char *wasmtime_instantiate(struct engine_module *m, struct engine_instance **out) {
  struct engine_instance *i = calloc(1, sizeof *i);
  if (!i) return strdup("out of memory");
  i->store = wasmtime_store_new(m->engine, NULL, NULL);
  i->context = wasmtime_store_context(i->store);
  wasm_trap_t *trap = NULL;
  wasmtime_error_t *error =
      wasmtime_linker_instantiate(m->linker, i->context, m->module, &i->instance, &trap);
  char *problem = take_failure(error, trap);
  wasmtime_extern_t item;
  if (!problem && !get_export(i, "memory", WASMTIME_EXTERN_MEMORY, &item))
    problem = strdup("no exported memory 'memory'");
  if (problem) return wasmtime_drop(i), problem;
  i->memory = item.of.memory;
  *out = i;
  return NULL;
}

static uint8_t *wasmtime_memory(struct engine_instance *i, size_t *bytes) {
  *bytes = wasmtime_memory_data_size(i->context, &i->memory);
  return wasmtime_memory_data(i->context, &i->memory);
}

static bool takes_and_gives_nothing(struct engine_instance *i, const wasmtime_func_t *f) {
  wasm_functype_t *type = wasmtime_func_type(i->context, f);
  bool nothing = !wasm_functype_params(type)->size && !wasm_functype_results(type)->size;
  wasm_functype_delete(type);
  return nothing;
}

static char *wasmtime_find(struct engine_instance *i, const char *name, int *out) {
  wasmtime_extern_t item;
  char *problem = NULL;
  if (!get_export(i, name, WASMTIME_EXTERN_FUNC, &item) || !takes_and_gives_nothing(i, &item.of.func)) {
    return asprintf(&problem, "no exported function '%s' without parameters and results", name) < 0
               ? strdup(name)
               : problem;
  }
  wasmtime_func_t *grown = realloc(i->function, (size_t)(i->function_count + 1) * sizeof *grown);
  if (!grown) return strdup("out of memory");
  i->function = grown;
  *out = i->function_count;
  i->function[i->function_count++] = item.of.func;
  return NULL;
}

static char *wasmtime_call(struct engine_instance *i, int function) {
  wasm_trap_t *trap = NULL;
  wasmtime_error_t *error = wasmtime_func_call(i->context, &i->function[function], NULL, 0, NULL, 0, &trap);
  return take_failure(error, trap);
}

const struct engine engine_wasmtime = {
    .name = "wasmtime",
    .doc = "compiles to machine code with Cranelift",
    .open = wasmtime_open,
    .close = wasmtime_close,
    .instantiate = wasmtime_instantiate,
    .drop = wasmtime_drop,
    .memory = wasmtime_memory,
    .find = wasmtime_find,
    .call = wasmtime_call,
};
