/* Sum, mean, largest, smallest and product over axes. */
#include "kernels/kernel.h"

#include "kernels/row_words.h"

/* Calls BODY for each output element, with the offset `from` of its first input. */
#define FOR_EACH_KEPT(p, from)                                                          \
  for (int32_t ka = 0, fa = 0; ka < (p)->kept[0]; ka++, fa += (p)->kept_stride[0])      \
    for (int32_t kb = 0, fb = fa; kb < (p)->kept[1]; kb++, fb += (p)->kept_stride[1])   \
      for (int32_t kc = 0, fc = fb; kc < (p)->kept[2]; kc++, fc += (p)->kept_stride[2]) \
        for (int32_t kd = 0, from = fc; kd < (p)->kept[3]; kd++, from += (p)->kept_stride[3])

/* Calls BODY for each element that is reduced into the output element that starts at `from`. */
#define FOR_EACH_REDUCED(p, from, at)                                                         \
  for (int32_t ra = 0, sa = (from); ra < (p)->reduced[0]; ra++, sa += (p)->reduced_stride[0]) \
    for (int32_t rb = 0, sb = sa; rb < (p)->reduced[1]; rb++, sb += (p)->reduced_stride[1])   \
      for (int32_t rc = 0, sc = sb; rc < (p)->reduced[2]; rc++, sc += (p)->reduced_stride[2]) \
        for (int32_t rd = 0, at = sc; rd < (p)->reduced[3]; rd++, at += (p)->reduced_stride[3])

/* T: stored type, A: type of the calculation, U: A, unsigned for integers, whose sums and products wrap. */
#define REDUCE(name, T, A, U, LOWEST, HIGHEST)                           \
  EAIC_INLINE A name##_step(int32_t kind, A a, A v) {                    \
    switch (kind) {                                                      \
      case REDUCE_KIND_MAX: return a < v ? v : a;                        \
      case REDUCE_KIND_MIN: return v < a ? v : a;                        \
      case REDUCE_KIND_PROD: return (A)((U)a * (U)v);                    \
      default: return (A)((U)a + (U)v);                                  \
    }                                                                    \
  }                                                                      \
  EAIC_KERNEL(name) {                                                    \
    const struct reduce_params *p = params;                              \
    const T *restrict x = operand[MOVE_X];                               \
    T *restrict y = operand[MOVE_Y];                                     \
    const int32_t kind = p->kind;                                        \
    FOR_EACH_KEPT (p, from) {                                            \
      A v = kind == REDUCE_KIND_MAX    ? (A)(LOWEST)                     \
            : kind == REDUCE_KIND_MIN  ? (A)(HIGHEST)                    \
            : kind == REDUCE_KIND_PROD ? (A)1                            \
                                       : (A)0;                           \
      FOR_EACH_REDUCED (p, from, at) v = name##_step(kind, v, (A)x[at]); \
      if (kind == REDUCE_KIND_MEAN && p->count) v /= (A)p->count;        \
      *y++ = (T)v;                                                       \
    }                                                                    \
  }

REDUCE(reduce_f32_plain, float, float, float, -__builtin_inff(), __builtin_inff())
REDUCE(reduce_f64_plain, double, double, double, -__builtin_inf(), __builtin_inf())
REDUCE(reduce_u8_plain, uint8_t, int32_t, uint32_t, 0, UINT8_MAX)
REDUCE(reduce_s8_plain, int8_t, int32_t, uint32_t, INT8_MIN, INT8_MAX)
REDUCE(reduce_u16_plain, uint16_t, int32_t, uint32_t, 0, UINT16_MAX)
REDUCE(reduce_s16_plain, int16_t, int32_t, uint32_t, INT16_MIN, INT16_MAX)
REDUCE(reduce_u32_plain, uint32_t, uint32_t, uint32_t, 0, UINT32_MAX)
REDUCE(reduce_s32_plain, int32_t, int32_t, uint32_t, INT32_MIN, INT32_MAX)
REDUCE(reduce_u64_plain, uint64_t, uint64_t, uint64_t, 0, UINT64_MAX)
REDUCE(reduce_s64_plain, int64_t, int64_t, uint64_t, INT64_MIN, INT64_MAX)

EAIC_INLINE float mean_or_same(const struct reduce_params *p, float v) {
  return p->kind == REDUCE_KIND_MEAN && p->count ? v / (float)p->count : v;
}

/* A function that adds n elements, `stride` apart, by lanes of four; the first `before` are left for later.
 * V: one sum, or several side by side. */
#define LANE_SUM(name, V, ZERO, ADD, LOAD)                                                             \
  EAIC_INLINE V name(const float *x, int32_t stride, int32_t n, int32_t before, int32_t two_sets) {    \
    V lane[8] = {ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO};                                      \
    const int32_t fours = (n - before) / 4, regular = two_sets ? fours / 2 * 2 : fours;                \
    const float *at = x + before * stride;                                                             \
    for (int32_t v = 0; v < regular; v++)                                                              \
      for (int32_t j = 0; j < 4; j++, at += stride) {                                                  \
        const int32_t k = (two_sets && v % 2 ? 4 : 0) + j;                                             \
        lane[k] = ADD(lane[k], LOAD(at));                                                              \
      }                                                                                                \
    for (int32_t j = 0; two_sets && j < 4; j++) lane[j] = ADD(lane[j], lane[j + 4]);                   \
    for (int32_t j = 0; regular < fours && j < 4; j++, at += stride) lane[j] = ADD(lane[j], LOAD(at)); \
    V total = ADD(ADD(lane[0], lane[2]), ADD(lane[1], lane[3]));                                       \
    for (int32_t i = 0; i < before; i++) total = ADD(total, LOAD(x + i * stride));                     \
    for (int32_t i = before + fours * 4; i < n; i++, at += stride) total = ADD(total, LOAD(at));       \
    return total;                                                                                      \
  }

#define ADD_F32(a, b) ((a) + (b))
#define LOAD_F32(at) (*(at))
LANE_SUM(lane_sum_f32, float, 0.0f, ADD_F32, LOAD_F32)

/* Elements of row r before the next index divisible by 4, if rows of n stand one after another. */
EAIC_INLINE int32_t unaligned_start(int32_t row, int32_t n) {
  const int32_t before = (int32_t)(-((uint32_t)row * (uint32_t)n) % 4);
  return before < n ? before : n;
}

EAIC_INLINE float plane_sum(const struct reduce_params *p, const float *x, int32_t row) {
  const int32_t aligned = p->order == REDUCE_BY_ALIGNED_LANES;
  return lane_sum_f32(x, p->reduced_stride[3], p->count, aligned ? unaligned_start(row, p->count) : 0,
                      aligned);
}

/* Only the last reduced axis is larger than 1. Sums go by lanes, others are contiguous and go by 16 parts. */
EAIC_KERNEL(reduce_rows_f32_plain) {
  const struct reduce_params *p = params;
  float *y = operand[MOVE_Y];
  int32_t row = 0;
  FOR_EACH_KEPT (p, from) {
    const float *x = (const float *)operand[MOVE_X] + from;
    *y++ = mean_or_same(
        p, p->order == REDUCE_IN_ORDER ? row_reduce_f32(p->kind, x, p->count) : plane_sum(p, x, row));
    row++;
  }
}

/* The sum of 8-bit levels, to the mean as ONNX Runtime's QLinearGlobalAveragePool. */
EAIC_INLINE int32_t mean_level(const struct reduce_params *p, int32_t sum) {
  int32_t low = p->y_signed ? -128 : 0, high = p->y_signed ? 127 : 255;
  float v = (float)(sum - p->count * p->x_zero_point) * p->scale;
  return requantize_f32(v, (float)(low - p->y_zero_point), (float)(high - p->y_zero_point), p->y_zero_point);
}

EAIC_KERNEL(reduce_mean_x8_plain) {
  const struct reduce_params *p = params;
  const void *x = operand[MOVE_X];
  int32_t to = 0;
  FOR_EACH_KEPT (p, from) {
    int32_t sum = 0;
    FOR_EACH_REDUCED (p, from, at) sum += load8(x, at, p->x_signed);
    store8(operand[MOVE_Y], to++, mean_level(p, sum));
  }
}

#if EAIC_SIMD128

/* lane_sum_f32 of contiguous elements, with two sets of lanes. */
EAIC_INLINE float aligned_sum_simd128(const float *x, int32_t n, int32_t before) {
  v128_t first = wasm_f32x4_splat(0), second = first;
  const int32_t fours = (n - before) / 4;
  const float *at = x + before;
  for (int32_t v = 0; v < fours / 2; v++, at += 8) {
    first = wasm_f32x4_add(first, wasm_v128_load(at));
    second = wasm_f32x4_add(second, wasm_v128_load(at + 4));
  }
  first = wasm_f32x4_add(first, second);
  if (fours % 2) first = wasm_f32x4_add(first, wasm_v128_load(at));
  float total = (wasm_f32x4_extract_lane(first, 0) + wasm_f32x4_extract_lane(first, 2)) +
                (wasm_f32x4_extract_lane(first, 1) + wasm_f32x4_extract_lane(first, 3));
  for (int32_t i = 0; i < before; i++) total += x[i];
  for (int32_t i = before + fours * 4; i < n; i++) total += x[i];
  return total;
}

/* Contiguous rows. */
EAIC_KERNEL(reduce_rows_f32_simd128) {
  const struct reduce_params *p = params;
  float *y = operand[MOVE_Y];
  int32_t row = 0;
  FOR_EACH_KEPT (p, from) {
    const float *x = (const float *)operand[MOVE_X] + from;
    *y++ = mean_or_same(p, p->order == REDUCE_IN_ORDER
                               ? row_reduce_f32_simd128(p->kind, x, p->count)
                               : aligned_sum_simd128(x, p->count, unaligned_start(row, p->count)));
    row++;
  }
}

/* Calls BODY for each run of the last kept axis, which is contiguous in x and y. */
#define FOR_EACH_KEPT_RUN(p, from)                                                    \
  for (int32_t ka = 0, fa = 0; ka < (p)->kept[0]; ka++, fa += (p)->kept_stride[0])    \
    for (int32_t kb = 0, fb = fa; kb < (p)->kept[1]; kb++, fb += (p)->kept_stride[1]) \
      for (int32_t kc = 0, from = fb; kc < (p)->kept[2]; kc++, from += (p)->kept_stride[2])

#define SPLAT_0 wasm_f32x4_splat(0.0f)
LANE_SUM(lane_sum_f32x4, v128_t, SPLAT_0, wasm_f32x4_add, wasm_v128_load)

/* Four planes side by side, by lanes: their elements are neighbours, `reduced_stride` apart. */
EAIC_KERNEL(reduce_planes_f32_simd128) {
  const struct reduce_params *p = params;
  float *restrict y = operand[MOVE_Y];
  const int32_t n = p->kept[3], aligned = p->order == REDUCE_BY_ALIGNED_LANES;
  int32_t row = 0;
  FOR_EACH_KEPT_RUN (p, from) {
    const float *restrict x = (const float *)operand[MOVE_X] + from;
    int32_t c = 0;
    for (; c < n && n >= 4; c += 4) {
      int32_t block = c + 4 <= n ? c : n - 4;
      v128_t v = lane_sum_f32x4(x + block, p->reduced_stride[3], p->count, 0, aligned);
      if (p->kind == REDUCE_KIND_MEAN) v = wasm_f32x4_div(v, wasm_f32x4_splat((float)p->count));
      wasm_v128_store(y + block, v);
    }
    for (; c < n; c++) y[c] = mean_or_same(p, plane_sum(p, x + c, row + c));
    y += n;
    row += n;
  }
}

/* Eight outputs side by side: the order of summation is that of reduce_f32_plain. */
EAIC_KERNEL(reduce_columns_f32_simd128) {
  const struct reduce_params *p = params;
  const float *restrict x = operand[MOVE_X];
  float *restrict y = operand[MOVE_Y];
  const int32_t n = p->kept[3];
  FOR_EACH_KEPT_RUN (p, from) {
    int32_t c = 0;
    for (; c < n && n >= 8; c += 8) {
      int32_t block = c + 8 <= n ? c : n - 8;
      v128_t low = wasm_f32x4_splat(reduce_start_f32(p->kind)), high = low;
      FOR_EACH_REDUCED (p, from + block, at) {
        low = reduce_step_f32x4(p->kind, low, wasm_v128_load(x + at));
        high = reduce_step_f32x4(p->kind, high, wasm_v128_load(x + at + 4));
      }
      if (p->kind == REDUCE_KIND_MEAN && p->count) {
        low = wasm_f32x4_div(low, wasm_f32x4_splat((float)p->count));
        high = wasm_f32x4_div(high, wasm_f32x4_splat((float)p->count));
      }
      wasm_v128_store(y + block, low);
      wasm_v128_store(y + block + 4, high);
    }
    for (; c < n; c++) {
      float v = reduce_start_f32(p->kind);
      FOR_EACH_REDUCED (p, from + c, at) v = reduce_step_f32(p->kind, v, x[at]);
      y[c] = mean_or_same(p, v);
    }
    y += n;
  }
}

EAIC_INLINE v128_t mean_levels(const struct reduce_params *p, v128_t sum) {
  int32_t low = p->y_signed ? -128 : 0, high = p->y_signed ? 127 : 255;
  v128_t v = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(sum, wasm_i32x4_splat(p->count * p->x_zero_point)));
  v = wasm_f32x4_mul(v, wasm_f32x4_splat(p->scale));
  v = clamp_levels_f32x4(v, wasm_f32x4_splat((float)(low - p->y_zero_point)),
                         wasm_f32x4_splat((float)(high - p->y_zero_point)));
  return round_even_i32x4(v, wasm_i32x4_splat(round_offset(p->y_zero_point)));
}

/* Sums of eight channels; 128 levels fit an i16 of either signedness. Only the last reduced axis may be
 * larger than 1. */
EAIC_INLINE void sum_8_channels(const struct reduce_params *p, const uint8_t *x, v128_t *low, v128_t *high) {
  const int32_t stride = p->reduced_stride[3];
  *low = *high = wasm_i32x4_splat(0);
  for (int32_t first = 0; first < p->reduced[3]; first += 128) {
    int32_t end = first + 128 < p->reduced[3] ? first + 128 : p->reduced[3];
    v128_t part = wasm_i16x8_splat(0);
    for (int32_t i = first; i < end; i++) part = wasm_i16x8_add(part, load8x8(x + i * stride, p->x_signed));
    *low = wasm_i32x4_add(*low, wasm_i32x4_extend_low_i16x8(part));
    *high = wasm_i32x4_add(*high, wasm_i32x4_extend_high_i16x8(part));
  }
}

EAIC_KERNEL(reduce_mean_x8_simd128) {
  const struct reduce_params *p = params;
  const uint8_t *x = operand[MOVE_X];
  uint8_t *y = operand[MOVE_Y];
  const int32_t n = p->kept[3];
  FOR_EACH_KEPT_RUN (p, from) {
    int32_t c = 0;
    for (; c < n && n >= 8; c += 8) {
      int32_t block = c + 8 <= n ? c : n - 8;
      v128_t low, high;
      sum_8_channels(p, x + from + block, &low, &high);
      wasm_v128_store64_lane(y + block, narrow8_i32x4(mean_levels(p, low), mean_levels(p, high), p->y_signed),
                             0);
    }
    for (; c < n; c++) {
      int32_t sum = 0;
      for (int32_t i = 0; i < p->reduced[3]; i++)
        sum += load8(x, from + c + i * p->reduced_stride[3], p->x_signed);
      store8(y, c, mean_level(p, sum));
    }
    y += n;
  }
}

#endif
