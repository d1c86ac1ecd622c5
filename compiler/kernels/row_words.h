/* Reductions of one row of contiguous floats in a stated order, that of ONNX Runtime's softmax: element i
 * goes to partial result i % 16; j and j + 8 are joined, then neighbours, neighbouring pairs, and both
 * halves. Four vectors hold the sixteen, so SIMD gives the same bits. */
#ifndef EAIC_ROW_WORDS_H
#define EAIC_ROW_WORDS_H

/* Beyond enum reduce_kind: the sum of squares. */
enum { REDUCE_KIND_SQUARES = 100, ROW_PARTS = 16 };

EAIC_INLINE float reduce_start_f32(int32_t kind) {
  switch (kind) {
    case REDUCE_KIND_MAX: return -__builtin_inff();
    case REDUCE_KIND_MIN: return __builtin_inff();
    case REDUCE_KIND_PROD: return 1.0f;
    default: return 0.0f;
  }
}
EAIC_INLINE float reduce_join_f32(int32_t kind, float a, float b) {
  switch (kind) {
    case REDUCE_KIND_MAX: return a < b ? b : a;
    case REDUCE_KIND_MIN: return b < a ? b : a;
    case REDUCE_KIND_PROD: return a * b;
    default: return a + b;
  }
}
EAIC_INLINE float reduce_step_f32(int32_t kind, float a, float v) {
  return reduce_join_f32(kind, a, kind == REDUCE_KIND_SQUARES ? v * v : v);
}

/* Elements first..n - 1 into their parts, then the parts joined. */
EAIC_INLINE float row_finish_f32(int32_t kind, float *part, const float *x, int32_t first, int32_t n) {
  for (int32_t i = first; i < n; i++) part[i % ROW_PARTS] = reduce_step_f32(kind, part[i % ROW_PARTS], x[i]);
  for (int32_t j = 0; j < 8; j++) part[j] = reduce_join_f32(kind, part[j], part[j + 8]);
  for (int32_t step = 1; step < 8; step *= 2)
    for (int32_t j = 0; j < 8; j += 2 * step) part[j] = reduce_join_f32(kind, part[j], part[j + step]);
  return part[0];
}

EAIC_INLINE float row_reduce_f32(int32_t kind, const float *x, int32_t n) {
  float part[ROW_PARTS];
  for (int32_t j = 0; j < ROW_PARTS; j++) part[j] = reduce_start_f32(kind);
  return row_finish_f32(kind, part, x, 0, n);
}

#if EAIC_SIMD128
EAIC_INLINE v128_t reduce_step_f32x4(int32_t kind, v128_t a, v128_t v) {
  switch (kind) {
    case REDUCE_KIND_MAX: return wasm_f32x4_pmax(a, v);
    case REDUCE_KIND_MIN: return wasm_f32x4_pmin(a, v);
    case REDUCE_KIND_PROD: return wasm_f32x4_mul(a, v);
    case REDUCE_KIND_SQUARES: return wasm_f32x4_add(a, wasm_f32x4_mul(v, v));
    default: return wasm_f32x4_add(a, v);
  }
}

EAIC_INLINE float row_reduce_f32_simd128(int32_t kind, const float *x, int32_t n) {
  float part[ROW_PARTS];
  v128_t a = wasm_f32x4_splat(reduce_start_f32(kind)), b = a, c = a, d = a;
  int32_t i = 0;
  for (; i + ROW_PARTS <= n; i += ROW_PARTS) {
    a = reduce_step_f32x4(kind, a, wasm_v128_load(x + i));
    b = reduce_step_f32x4(kind, b, wasm_v128_load(x + i + 4));
    c = reduce_step_f32x4(kind, c, wasm_v128_load(x + i + 8));
    d = reduce_step_f32x4(kind, d, wasm_v128_load(x + i + 12));
  }
  wasm_v128_store(part, a);
  wasm_v128_store(part + 4, b);
  wasm_v128_store(part + 8, c);
  wasm_v128_store(part + 12, d);
  return row_finish_f32(kind, part, x, i, n);
}
#endif

#endif
