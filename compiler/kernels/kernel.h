/* Included first by every kernel source file: the macro that defines a kernel, and the shared words of
 * arithmetic. Compiled for wasm32 without a C library, and natively. */
#ifndef EAIC_KERNEL_H
#define EAIC_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/params.h"

/* EAIC_SIMD128 is 1 where 128-bit kernels exist: native builds (SIMDe) and wasm at simd128 and relaxed. */
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#define EAIC_SIMD128 1
#elif !defined(__wasm__)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#define EAIC_SIMD128 1
#else
#define EAIC_SIMD128 0
#endif

#if defined(__wasm__)
#define EAIC_INLINE static inline __attribute__((always_inline))
#define EAIC_KERNEL(name) \
  void name(const void *params, void *const *operand); \
  __attribute__((always_inline)) void name(const void *params, void *const *operand)
#else
#define EAIC_INLINE static inline
#define EAIC_KERNEL(name) \
  void name(const void *params, void *const *operand); \
  void name(const void *params, void *const *operand)
#endif
/* Keeps a loop rolled: engines run the hot dot-product loops faster so (unrolling K makes them spill). */
#if defined(__clang__)
#define EAIC_ROLLED _Pragma("clang loop unroll(disable)")
#define EAIC_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define EAIC_ROLLED
#define EAIC_UNROLLED
#endif

#include "kernels/arith.h"

#endif
