/* Words that kernels share: rounding, saturation, requantization. One definition each, scalar and SIMD. */
#ifndef EAIC_ARITH_H
#define EAIC_ARITH_H

/* Nearest integer, ties to even, for |x| < 2^22; exact by the addition of 1.5 * 2^23. */
EAIC_INLINE float round_even_f32(float x) { return __builtin_rintf(x); }

/* 8-bit memory of either signedness; `is_signed` is a constant where it matters. */
EAIC_INLINE int32_t load8(const void *p, int32_t i, int32_t is_signed) {
  return is_signed ? (int32_t)((const int8_t *)p)[i] : (int32_t)((const uint8_t *)p)[i];
}
EAIC_INLINE void store8(void *p, int32_t i, int32_t v) { ((uint8_t *)p)[i] = (uint8_t)v; }

/* Products of 8-bit numbers are summed modulo 2^32: only absurd models wrap, and then every kernel wraps
 * alike. */
EAIC_INLINE int32_t add_wrapping(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/* Clip of real numbers: NaN stays. */
EAIC_INLINE float clip_f32(float v, float low, float high) {
  v = v < low ? low : v;
  return high < v ? high : v;
}
/* Clamp of quantization levels: NaN gives the lowest, as in ONNX Runtime. */
EAIC_INLINE float clamp_levels_f32(float v, float low, float high) {
  v = low < v ? v : low;
  return v < high ? v : high;
}

/* A scaled sum to a level: low and high are levels minus the zero point, |low|, |high| < 2^22. */
EAIC_INLINE int32_t requantize_f32(float v, float low, float high, int32_t zero_point) {
  return (int32_t)round_even_f32(clamp_levels_f32(v, low, high)) + zero_point;
}
/* ONNX QuantizeLinear: a true division. Levels `lowest`..`highest` (0..255, -128..127 ...). */
EAIC_INLINE int32_t quantize_f32(float x, float scale, int32_t zero_point, int32_t lowest, int32_t highest) {
  return requantize_f32(x / scale, (float)(lowest - zero_point), (float)(highest - zero_point), zero_point);
}

/* a * b + c rounded once, when a or b is an 8-bit integer: the product is exact in double, and so is the sum
 * unless the operands are more than 2^20 apart, where a second rounding hits a tie of the first with
 * probability 2^-28. */
EAIC_INLINE float fma_f32(float a, float b, float c) { return (float)((double)a * (double)b + (double)c); }
/* QLinearAdd of ONNX Runtime before clamp and rounding: fma(a, ratio_a, fma(b, ratio_b, fixed)) of levels a
 * and b; `is_single` where numbers are known with which single precision gives the same levels
 * (lower/single_add.h). */
EAIC_INLINE float add_levels_f32(float a, float b, float ratio_a, float ratio_b, float fixed,
                                 int32_t is_single) {
  return is_single ? a * ratio_a + (b * ratio_b + fixed) : fma_f32(a, ratio_a, fma_f32(b, ratio_b, fixed));
}

#if EAIC_SIMD128
/* clip_f32 and clamp_levels_f32 on four lanes. */
EAIC_INLINE v128_t clip_f32x4(v128_t v, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(wasm_f32x4_pmax(v, low), high);
}
EAIC_INLINE v128_t clamp_levels_f32x4(v128_t v, v128_t low, v128_t high) {
  return wasm_f32x4_pmin(high, wasm_f32x4_pmax(low, v));
}
/* round_even to i32 plus a zero point, for |v| < 2^22: the low bits of v + 1.5 * 2^23 are the integer (two
 * instructions, where f32x4.nearest and trunc_sat need seven on x86). `offset` is round_offset(zero_point) in
 * every lane. */
EAIC_INLINE int32_t round_offset(int32_t zero_point) { return 0x4b400000 - zero_point; }
EAIC_INLINE v128_t round_even_i32x4(v128_t v, v128_t offset) {
  return wasm_i32x4_sub(wasm_f32x4_add(v, wasm_f32x4_splat(12582912.0f)), offset);
}
/* add_levels_f32 of four levels. a and b are i32x4. */
struct add_lanes {
  v128_t ratio_a, ratio_b, fixed; /* f32x4 when is_single, else f64x2 */
};
EAIC_INLINE struct add_lanes add_lanes_make(float ratio_a, float ratio_b, float fixed, int32_t is_single) {
  if (is_single)
    return (struct add_lanes){wasm_f32x4_splat(ratio_a), wasm_f32x4_splat(ratio_b), wasm_f32x4_splat(fixed)};
  return (struct add_lanes){wasm_f64x2_splat((double)ratio_a), wasm_f64x2_splat((double)ratio_b),
                            wasm_f64x2_splat((double)fixed)};
}
/* Two lanes in double precision, rounded to single after each multiply-add. */
EAIC_INLINE v128_t add_levels_f64x2(v128_t a, v128_t b, struct add_lanes n) {
  v128_t v = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(b), n.ratio_b), n.fixed);
  v = wasm_f64x2_promote_low_f32x4(wasm_f32x4_demote_f64x2_zero(v));
  v = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(a), n.ratio_a), v);
  return wasm_f32x4_demote_f64x2_zero(v);
}
EAIC_INLINE v128_t add_levels_f32x4(v128_t a, v128_t b, struct add_lanes n, int32_t is_single) {
  if (is_single) {
    b = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(b), n.ratio_b), n.fixed);
    return wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_convert_i32x4(a), n.ratio_a), b);
  }
  v128_t high =
      add_levels_f64x2(wasm_i32x4_shuffle(a, a, 2, 3, 2, 3), wasm_i32x4_shuffle(b, b, 2, 3, 2, 3), n);
  return wasm_i32x4_shuffle(add_levels_f64x2(a, b, n), high, 0, 1, 4, 5);
}
/* 8 neighbouring 8-bit numbers, widened to i16. */
EAIC_INLINE v128_t load8x8(const void *p, int32_t is_signed) {
  return is_signed ? wasm_i16x8_load8x8(p) : wasm_u16x8_load8x8(p);
}
/* 8 levels in two i32x4, each in range, to 8 bytes in the low half. */
EAIC_INLINE v128_t narrow8_i32x4(v128_t a, v128_t b, int32_t is_signed) {
  v128_t v = wasm_i16x8_narrow_i32x4(a, b);
  return is_signed ? wasm_i8x16_narrow_i16x8(v, v) : wasm_u8x16_narrow_i16x8(v, v);
}
#endif

#endif
