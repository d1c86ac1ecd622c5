/* Elementwise operators of two 8-bit quantized operands. The formulas stand in params_elementwise.h. */
#include "kernels/kernel.h"

#include "kernels/broadcast.h"
#include "kernels/elementwise_words.h"

EAIC_INLINE int32_t qlinear_add_x8(const struct quantized_binary_params *p, int32_t a, int32_t b,
                                   const struct quantized_binary_numbers *n) {
  float v = add_levels_f32((float)(a - n->a_zero), (float)(b - n->b_zero), n->a_scale, n->b_scale, n->fixed,
                           p->add_is_single);
  return requantize_f32(v, n->low, n->high, n->y_zero);
}
EAIC_INLINE int32_t qlinear_mul_x8(const struct quantized_binary_params *p, int32_t a, int32_t b,
                                   const struct quantized_binary_numbers *n) {
  float v = (float)((a - n->a_zero) * (b - n->b_zero)) * n->a_scale + n->fixed;
  return requantize_f32(v, n->low, n->high, n->y_zero);
}

/* What the rows of a kernel read and write. */
struct x8_row {
  const uint8_t *a, *b;
  uint8_t *y;
};
EAIC_INLINE struct x8_row x8_row(const struct quantized_binary_params *p, void *const *operand, int32_t row) {
  return (struct x8_row){(const uint8_t *)operand[QUANTIZED_A_OPERAND] + broadcast_offset(&p->at, 0, row),
                         (const uint8_t *)operand[QUANTIZED_B_OPERAND] + broadcast_offset(&p->at, 1, row),
                         (uint8_t *)operand[QUANTIZED_Y_OPERAND] + row * broadcast_columns(&p->at)};
}

/* `value` is in terms of the levels a and b, params p and numbers n. */
#define X8_KERNEL(name, value)                                                               \
  EAIC_KERNEL(name) {                                                                        \
    const struct quantized_binary_params *p = params;                                        \
    const struct quantized_binary_numbers *n = operand[QUANTIZED_NUMBERS];                   \
    const int32_t rows = broadcast_rows(&p->at), columns = broadcast_columns(&p->at);        \
    const int32_t a_step = broadcast_step(&p->at, 0), b_step = broadcast_step(&p->at, 1);    \
    for (int32_t row = 0; row < rows; row++) {                                               \
      struct x8_row r = x8_row(p, operand, row);                                             \
      for (int32_t i = 0; i < columns; i++) {                                                \
        const int32_t a = load8(r.a, i * a_step, p->a_signed), b = load8(r.b, i * b_step, p->b_signed); \
        r.y[i] = (uint8_t)(value);                                                           \
      }                                                                                      \
    }                                                                                        \
  }

X8_KERNEL(qlinear_add_x8_plain, qlinear_add_x8(p, a, b, n))
X8_KERNEL(qlinear_mul_x8_plain, qlinear_mul_x8(p, a, b, n))

/* The rows of ir/ops.def between a dequantize of each operand and a quantize. */
#define DEQUANTIZED_KERNEL(name)                                                                \
  X8_KERNEL(name##_x8_plain,                                                                    \
            requantize_f32(binary_##name##_f32((float)(a - n->a_zero) * n->a_scale,             \
                                               (float)(b - n->b_zero) * n->b_scale, p->alpha) / \
                               n->y_scale,                                                      \
                           n->low, n->high, n->y_zero))
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define BINARY(e, name, types, doc) QUANTIZED_##types(DEQUANTIZED_KERNEL, name)
#include "ir/ops.def"

#if EAIC_SIMD128
struct x8_lanes {
  v128_t a_zero, b_zero, low, high, offset;
  struct add_lanes add; /* of the add */
  v128_t scale, fixed;  /* of the product */
};
EAIC_INLINE struct x8_lanes x8_lanes_make(const struct quantized_binary_params *p,
                                          const struct quantized_binary_numbers *n) {
  return (struct x8_lanes){wasm_i16x8_splat((int16_t)n->a_zero), wasm_i16x8_splat((int16_t)n->b_zero),
                           wasm_f32x4_splat(n->low), wasm_f32x4_splat(n->high),
                           wasm_i32x4_splat(round_offset(n->y_zero)),
                           add_lanes_make(n->a_scale, n->b_scale, n->fixed, p->add_is_single),
                           wasm_f32x4_splat(n->a_scale), wasm_f32x4_splat(n->fixed)};
}
EAIC_INLINE v128_t x8_finish(const struct quantized_binary_params *p, v128_t low, v128_t high,
                             struct x8_lanes k) {
  if (!p->narrowing_clamps) {
    low = clamp_levels_f32x4(low, k.low, k.high);
    high = clamp_levels_f32x4(high, k.low, k.high);
  }
  return narrow8_i32x4(round_even_i32x4(low, k.offset), round_even_i32x4(high, k.offset), p->y_signed);
}
/* 8 operands minus their zero point; step 0 repeats one. */
EAIC_INLINE v128_t x8_load(const uint8_t *x, int32_t i, int32_t step, int32_t is_signed, v128_t zero) {
  v128_t v = step ? load8x8(x + i, is_signed) : wasm_i16x8_splat((int16_t)load8(x, 0, is_signed));
  return wasm_i16x8_sub(v, zero);
}

EAIC_INLINE v128_t qlinear_add_lanes(const struct quantized_binary_params *p, v128_t a, v128_t b,
                                     struct x8_lanes k) {
  v128_t low = add_levels_f32x4(wasm_i32x4_extend_low_i16x8(a), wasm_i32x4_extend_low_i16x8(b), k.add,
                                p->add_is_single);
  v128_t high = add_levels_f32x4(wasm_i32x4_extend_high_i16x8(a), wasm_i32x4_extend_high_i16x8(b), k.add,
                                 p->add_is_single);
  return x8_finish(p, low, high, k);
}

EAIC_INLINE v128_t qlinear_mul_x4(v128_t product, struct x8_lanes k) {
  return wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(product), k.scale), k.fixed);
}
EAIC_INLINE v128_t qlinear_mul_lanes(const struct quantized_binary_params *p, v128_t a, v128_t b,
                                     struct x8_lanes k) {
  return x8_finish(p, qlinear_mul_x4(wasm_i32x4_extmul_low_i16x8(a, b), k),
                   qlinear_mul_x4(wasm_i32x4_extmul_high_i16x8(a, b), k), k);
}

/* Rows in groups of 8 lanes by `lanes`, the rest one by one by `value`. */
#define X8_SIMD_KERNEL(name, lanes, value)                                                               \
  EAIC_KERNEL(name) {                                                                                    \
    const struct quantized_binary_params *p = params;                                                    \
    const struct quantized_binary_numbers numbers = *(const struct quantized_binary_numbers *)           \
                                                        operand[QUANTIZED_NUMBERS],                      \
                                          *n = &numbers;                                                 \
    const struct x8_lanes k = x8_lanes_make(p, n);                                                       \
    const int32_t rows = broadcast_rows(&p->at), columns = broadcast_columns(&p->at);                    \
    const int32_t a_step = broadcast_step(&p->at, 0), b_step = broadcast_step(&p->at, 1);                \
    for (int32_t row = 0; row < rows; row++) {                                                           \
      struct x8_row r = x8_row(p, operand, row);                                                         \
      int32_t i = 0;                                                                                     \
      for (; i + 8 <= columns; i += 8) {                                                                 \
        v128_t v = lanes(p, x8_load(r.a, i, a_step, p->a_signed, k.a_zero),                              \
                         x8_load(r.b, i, b_step, p->b_signed, k.b_zero), k);                             \
        wasm_v128_store64_lane(r.y + i, v, 0);                                                           \
      }                                                                                                  \
      for (; i < columns; i++)                                                                           \
        r.y[i] = (uint8_t)value(p, load8(r.a, i * a_step, p->a_signed),                                  \
                                load8(r.b, i * b_step, p->b_signed), n);                                 \
    }                                                                                                    \
  }

X8_SIMD_KERNEL(qlinear_add_x8_simd128, qlinear_add_lanes, qlinear_add_x8)
X8_SIMD_KERNEL(qlinear_mul_x8_simd128, qlinear_mul_lanes, qlinear_mul_x8)
#endif
