/* Between floats and levels, per tensor, per axis, and with a scale that is computed at run time; and tables
 * of 256. */
#include "kernels/kernel.h"

/* CASE(enum element, C type, lowest, highest) for each type of levels that quantize makes. */
#define EACH_LEVEL_TYPE(CASE)              \
  CASE(ELEMENT_U8, uint8_t, 0, 255)        \
  CASE(ELEMENT_S8, int8_t, -128, 127)      \
  CASE(ELEMENT_U16, uint16_t, 0, 65535)    \
  CASE(ELEMENT_S16, int16_t, -32768, 32767)

#define QUANTIZE(element, level, lowest, highest)                                                        \
  case element:                                                                                          \
    for (int32_t i = 0; i < p->count; i++)                                                               \
      ((level *)y)[i] = (level)quantize_f32(x[i], n->scale, n->zero_point, lowest, highest);             \
    break;

EAIC_KERNEL(quantize_f32_plain) {
  const struct quantize_params *p = params;
  const struct level_numbers *n = operand[QUANTIZE_NUMBERS];
  const float *x = operand[QUANTIZE_X];
  void *y = operand[QUANTIZE_Y];
  switch (p->type) { EACH_LEVEL_TYPE(QUANTIZE) default: break; }
}

#define QUANTIZE_AXIS(element, level, lowest, highest)                                                   \
  case element:                                                                                          \
    if (p->inner == 1) {                                                                                 \
      for (int32_t o = 0; o < p->outer; o++)                                                             \
        for (int32_t c = 0; c < p->channels; c++)                                                        \
          ((level *)y)[o * p->channels + c] =                                                            \
              (level)quantize_f32(x[o * p->channels + c], scale[c],                                      \
                                  zero_point ? ((const level *)zero_point)[c] : 0, lowest, highest);     \
    } else {                                                                                             \
      for (int32_t row = 0; row < p->outer * p->channels; row++) {                                       \
        const int32_t c = row % p->channels, zero = zero_point ? ((const level *)zero_point)[c] : 0;     \
        for (int32_t i = row * p->inner; i < (row + 1) * p->inner; i++)                                  \
          ((level *)y)[i] = (level)quantize_f32(x[i], scale[c], zero, lowest, highest);                  \
      }                                                                                                  \
    }                                                                                                    \
    break;

EAIC_KERNEL(quantize_axis_f32_plain) {
  const struct quantize_axis_params *p = params;
  const float *x = operand[QUANTIZE_AXIS_X], *scale = operand[QUANTIZE_AXIS_SCALE];
  const void *zero_point = operand[QUANTIZE_AXIS_ZERO_POINT];
  void *y = operand[QUANTIZE_AXIS_Y];
  switch (p->type) { EACH_LEVEL_TYPE(QUANTIZE_AXIS) default: break; }
}

/* Differences wrap around: only an s32 zero point, which ONNX forbids, could make them. */
EAIC_INLINE float dequantize_f32(int32_t x, int32_t zero_point, float scale) {
  return (float)(int32_t)((uint32_t)x - (uint32_t)zero_point) * scale;
}

#define DEQUANTIZE(element, level, lowest, highest)                                                      \
  case element:                                                                                          \
    for (int32_t i = 0; i < p->count; i++)                                                               \
      y[i] = dequantize_f32(((const level *)x)[i], n->zero_point, n->scale);                             \
    break;

EAIC_KERNEL(dequantize_f32_plain) {
  const struct quantize_params *p = params;
  const struct level_numbers *n = operand[QUANTIZE_NUMBERS];
  const void *x = operand[QUANTIZE_X];
  float *y = operand[QUANTIZE_Y];
  switch (p->type) {
    EACH_LEVEL_TYPE(DEQUANTIZE)
    DEQUANTIZE(ELEMENT_S32, int32_t, , )
    default: break;
  }
}

#define DEQUANTIZE_AXIS(element, level, lowest, highest)                                             \
  case element:                                                                                      \
    if (p->inner == 1) {                                                                             \
      for (int32_t o = 0; o < p->outer; o++)                                                         \
        for (int32_t c = 0; c < p->channels; c++)                                                    \
          y[o * p->channels + c] =                                                                   \
              dequantize_f32(((const level *)x)[o * p->channels + c],                                \
                             zero_point ? ((const level *)zero_point)[c] : 0, scale[c]);             \
    } else {                                                                                         \
      for (int32_t row = 0; row < p->outer * p->channels; row++) {                                   \
        const int32_t c = row % p->channels, zero = zero_point ? ((const level *)zero_point)[c] : 0; \
        for (int32_t i = row * p->inner; i < (row + 1) * p->inner; i++)                              \
          y[i] = dequantize_f32(((const level *)x)[i], zero, scale[c]);                              \
      }                                                                                              \
    }                                                                                                \
    break;

EAIC_KERNEL(dequantize_axis_f32_plain) {
  const struct quantize_axis_params *p = params;
  const void *x = operand[QUANTIZE_AXIS_X], *zero_point = operand[QUANTIZE_AXIS_ZERO_POINT];
  const float *scale = operand[QUANTIZE_AXIS_SCALE];
  float *y = operand[QUANTIZE_AXIS_Y];
  switch (p->type) {
    EACH_LEVEL_TYPE(DEQUANTIZE_AXIS)
    DEQUANTIZE_AXIS(ELEMENT_S32, int32_t, , )
    default: break;
  }
}

#define LOOK_UP(element)                                                                                 \
  for (int32_t i = 0; i < p->count; i++) ((element *)y)[i] = ((const element *)table)[x[i]];

EAIC_KERNEL(table_x8_plain) {
  const struct table_params *p = params;
  const uint8_t *x = operand[TABLE_X];
  const void *table = operand[TABLE_TABLE];
  void *y = operand[TABLE_Y];
  switch (p->bytes) {
    case 1: LOOK_UP(uint8_t) break;
    case 2: LOOK_UP(uint16_t) break;
    case 4: LOOK_UP(uint32_t) break;
    default: LOOK_UP(uint64_t) break;
  }
}

/* DynamicQuantizeLinear-11, ONNX Runtime's order of operations. NaN takes no part in the range. */
EAIC_INLINE struct level_numbers dynamic_numbers(float lowest, float highest) {
  float scale = highest == lowest ? 1.0f : (highest - lowest) / 255.0f;
  float zero = clamp_levels_f32(0.0f - lowest / scale, 0.0f, 255.0f);
  return (struct level_numbers){scale, (int32_t)round_even_f32(zero)};
}
EAIC_INLINE struct level_numbers dynamic_store(void *const *operand, float lowest, float highest) {
  struct level_numbers n = dynamic_numbers(lowest, highest);
  *(float *)operand[DYNAMIC_SCALE] = n.scale;
  *(uint8_t *)operand[DYNAMIC_ZERO_POINT] = (uint8_t)n.zero_point;
  return n;
}

EAIC_KERNEL(quantize_dynamic_f32_plain) {
  const struct quantize_dynamic_params *p = params;
  const float *x = operand[DYNAMIC_X];
  uint8_t *y = operand[DYNAMIC_Y];
  float lowest = 0.0f, highest = 0.0f;
  for (int32_t i = 0; i < p->count; i++) {
    lowest = x[i] < lowest ? x[i] : lowest;
    highest = highest < x[i] ? x[i] : highest;
  }
  struct level_numbers n = dynamic_store(operand, lowest, highest);
  for (int32_t i = 0; i < p->count; i++) y[i] = (uint8_t)quantize_f32(x[i], n.scale, n.zero_point, 0, 255);
}

#if EAIC_SIMD128
/* Four floats to levels minus the zero point plus `offset` (see round_even_i32x4). */
struct level_lanes {
  v128_t scale, low, high, offset;
};
EAIC_INLINE struct level_lanes level_lanes_make(struct level_numbers n, int32_t lowest, int32_t highest) {
  return (struct level_lanes){wasm_f32x4_splat(n.scale), wasm_f32x4_splat((float)(lowest - n.zero_point)),
                              wasm_f32x4_splat((float)(highest - n.zero_point)),
                              wasm_i32x4_splat(round_offset(n.zero_point))};
}
EAIC_INLINE v128_t quantize_f32x4(const float *x, struct level_lanes n) {
  v128_t v = wasm_f32x4_div(wasm_v128_load(x), n.scale);
  return round_even_i32x4(clamp_levels_f32x4(v, n.low, n.high), n.offset);
}
/* Levels of 8 bits; returns how many were done, a multiple of 16. */
EAIC_INLINE int32_t quantize_x8_lanes(const float *x, uint8_t *y, int32_t count, int32_t is_signed,
                                      struct level_lanes n) {
  int32_t i = 0;
  for (; i + 16 <= count; i += 16) {
    v128_t low = wasm_i16x8_narrow_i32x4(quantize_f32x4(x + i, n), quantize_f32x4(x + i + 4, n));
    v128_t high = wasm_i16x8_narrow_i32x4(quantize_f32x4(x + i + 8, n), quantize_f32x4(x + i + 12, n));
    wasm_v128_store(y + i,
                    is_signed ? wasm_i8x16_narrow_i16x8(low, high) : wasm_u8x16_narrow_i16x8(low, high));
  }
  return i;
}

EAIC_KERNEL(quantize_f32_x8_simd128) {
  const struct quantize_params *p = params;
  const struct level_numbers n = *(const struct level_numbers *)operand[QUANTIZE_NUMBERS];
  const float *x = operand[QUANTIZE_X];
  uint8_t *y = operand[QUANTIZE_Y];
  const int32_t is_signed = p->type == ELEMENT_S8, lowest = is_signed ? -128 : 0,
                highest = is_signed ? 127 : 255;
  int32_t i = quantize_x8_lanes(x, y, p->count, is_signed, level_lanes_make(n, lowest, highest));
  for (; i < p->count; i++) y[i] = (uint8_t)quantize_f32(x[i], n.scale, n.zero_point, lowest, highest);
}

EAIC_INLINE void dequantize_store_f32x4(float *y, v128_t level, v128_t scale) {
  wasm_v128_store(y, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(level), scale));
}

EAIC_KERNEL(dequantize_x8_f32_simd128) {
  const struct quantize_params *p = params;
  const struct level_numbers *n = operand[QUANTIZE_NUMBERS];
  const uint8_t *x = operand[QUANTIZE_X];
  float *y = operand[QUANTIZE_Y];
  const int32_t is_signed = p->type == ELEMENT_S8;
  const v128_t zero = wasm_i16x8_splat((int16_t)n->zero_point), scale = wasm_f32x4_splat(n->scale);
  int32_t i = 0;
  for (; i + 8 <= p->count; i += 8) {
    v128_t level = wasm_i16x8_sub(load8x8(x + i, is_signed), zero);
    dequantize_store_f32x4(y + i, wasm_i32x4_extend_low_i16x8(level), scale);
    dequantize_store_f32x4(y + i + 4, wasm_i32x4_extend_high_i16x8(level), scale);
  }
  for (; i < p->count; i++) y[i] = dequantize_f32(load8(x, i, is_signed), n->zero_point, n->scale);
}

/* Not vectors (wasm has no gather), but eight independent look-ups a turn, which hide the loop and the loads'
 * latency. */
EAIC_KERNEL(table_x8_bytes_simd128) {
  const struct table_params *p = params;
  const uint8_t *x = operand[TABLE_X], *table = operand[TABLE_TABLE];
  uint8_t *y = operand[TABLE_Y];
  int32_t i = 0;
  for (; i + 8 <= p->count; i += 8) {
    uint8_t v[8];
    EAIC_UNROLLED
    for (int32_t k = 0; k < 8; k++) v[k] = table[x[i + k]];
    EAIC_UNROLLED
    for (int32_t k = 0; k < 8; k++) y[i + k] = v[k];
  }
  for (; i < p->count; i++) y[i] = table[x[i]];
}

EAIC_KERNEL(quantize_dynamic_f32_simd128) {
  const struct quantize_dynamic_params *p = params;
  const float *x = operand[DYNAMIC_X];
  uint8_t *y = operand[DYNAMIC_Y];
  v128_t low = wasm_f32x4_splat(0.0f), high = low;
  int32_t i = 0;
  for (; i + 4 <= p->count; i += 4) {
    low = wasm_f32x4_pmin(low, wasm_v128_load(x + i));
    high = wasm_f32x4_pmax(high, wasm_v128_load(x + i));
  }
  float lowest[4], highest[4];
  wasm_v128_store(lowest, low);
  wasm_v128_store(highest, high);
  for (int32_t lane = 1; lane < 4; lane++) {
    lowest[0] = lowest[lane] < lowest[0] ? lowest[lane] : lowest[0];
    highest[0] = highest[0] < highest[lane] ? highest[lane] : highest[0];
  }
  for (; i < p->count; i++) {
    lowest[0] = x[i] < lowest[0] ? x[i] : lowest[0];
    highest[0] = highest[0] < x[i] ? x[i] : highest[0];
  }
  struct level_numbers n = dynamic_store(operand, lowest[0], highest[0]);
  i = quantize_x8_lanes(x, y, p->count, 0, level_lanes_make(n, 0, 255));
  for (; i < p->count; i++) y[i] = (uint8_t)quantize_f32(x[i], n.scale, n.zero_point, 0, 255);
}
#endif
