/* kernels: what runs inside a module, and natively for tests, constant folding and `eaic verify`.
 *
 * A kernel is a C function  void NAME(const void *params, void *const *operand)  in a file of this room,
 * compiled to wasm bitcode (once a feature level) and natively (through SIMDe). `params` points to the
 * family's params struct; when a model is compiled it is a constant, so that LLVM folds every `if (p->flag)`
 * and every shape. `operand` holds the addresses of inputs, constants, outputs and scratch in the order of
 * the family's enum below; an absent one is NULL (a constant NULL inside the module, so `if
 * (operand[CONV_BIAS])` folds too).
 *
 * Params structs hold only int32_t, float and fixed arrays of them: one layout on host and wasm32.
 * Kernels never read or write outside of their operands, except that they may read (not use) up to TAIL_PAD
 * bytes past the end of an operand. The arithmetic of floats is in the stated order, without contraction: the
 * same bits on every engine, and the same for the plain kernel and its SIMD variants. Buffers never overlap
 * unless a family says so. */
#ifndef EAIC_KERNELS_H
#define EAIC_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAIL_PAD = 64 };

/* Feature levels of a module; a kernel row names the lowest one it needs. */
enum level { LEVEL_SCALAR, LEVEL_SIMD128, LEVEL_RELAXED, LEVEL_COUNT };

typedef void kernel_function(const void *params, void *const *operand);

/* One row of kernels.def; the name is the wasm function's, the plan's and the profile's. */
struct kernel {
  const char *name;
  enum level level;
  kernel_function *run; /* native build of the same source */
  const char *doc;
};

enum kernel_id {
#define KERNEL(name, level, doc) KERNEL_##name,
#include "kernels/kernels.def"
#undef KERNEL
  KERNEL_COUNT
};
const struct kernel *kernel_row(enum kernel_id id);
const struct kernel *kernel_find(const char *name); /* NULL when there is none */

/* The params structs and operand enums of each family. */
#include "kernels/params.h"

#endif
