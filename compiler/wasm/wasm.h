/* wasm: object + program -> module. Links with lld, adds weights as data segments and the metadata of
 * eaic-module(5), fixes the memory's size; validates and prints modules with wabt. */
#ifndef EAIC_WASM_H
#define EAIC_WASM_H

#include "codegen/codegen.h"

/* What the metadata says about the model file. */
struct module_info {
  const char *model_name;   /* UTF-8; bytes that are not are replaced */
  const char *model_sha256; /* 64 hex digits */
  int64_t opset;            /* version of the default ONNX domain */
};

struct wasm_options {
  bool debug_info; /* keep the object's DWARF sections */
  bool profile;    /* export step_0, step_1, ... */
  bool wasi;       /* export `_start`, import three functions of WASI */
};

/* The finished module: no imports, or WASI's; exports `memory`, `infer` (and steps); `eaic`, `name` and
 * `producers` sections. `object` is codegen_object's for the same program. The bytes live in `c` and depend
 * on the arguments alone. fatal() when the program does not fit the 4 GiB of wasm32 or a temporary folder
 * cannot be written. */
struct bytes wasm_link(struct ctx *c, const struct program *p, struct bytes object,
                       const struct module_info *info, const struct wasm_options *options);

/* wabt.cc */

/* NULL when the module is valid for the features of `level`; else wabt's messages, in the ctx. */
const char *wasm_validate(struct ctx *c, struct bytes module, enum level level);
/* The module as WebAssembly text (--emit=wat). fatal() with wabt's messages on an invalid module. */
struct bytes wasm_to_wat(struct ctx *c, struct bytes module, enum level level);

#endif
