/* codegen: Program + kernels' bitcode -> a wasm object file. The only room that uses LLVM's C interface.
 *
 * For each distinct (kernel, params, absent operands) of a program one function is made that calls the kernel
 * with constant params; LLVM inlines and folds. `infer` calls these functions in the order of the steps, with
 * constant addresses. Weights are not here: wasm/ writes them as data segments.
 *
 * LLVM and lld keep options for the whole process: one compilation at a time. */
#ifndef EAIC_CODEGEN_H
#define EAIC_CODEGEN_H

#include "plan/plan.h"

struct codegen_options {
  bool debug_info;    /* DWARF of the kernels' C source */
  bool profile;       /* export step_0, step_1, ... */
  bool wasi;          /* with `_start`, a WASI command */
  bool text;          /* optimized LLVM IR as text instead of an object (--emit=llvm) */
  const char *passes; /* LLVM pass pipeline in place of the default one; NULL: default */
};

/* A relocatable wasm32 object that defines `infer` (and `step_<i>`, `_start`), or LLVM IR as text. The bytes
 * live in `c` and depend only on the program and the options. fatal() on a malformed `passes`. */
struct bytes codegen_object(struct ctx *c, const struct program *p, const struct codegen_options *options);

/* Bytes of stack that a module's code may use; wasm/ reserves them. */
enum { CODEGEN_STACK_BYTES = 32 << 10 };

#endif
