/* Largest and mean element of windows over [n, h, w, c]. A window's taps outside of the input are left out.
 */
#include "kernels/kernel.h"

/* The taps of one window that are inside of the input. */
struct window {
  int32_t first;         /* element of the first tap, channel 0; meaningless when there is none */
  int32_t rows, columns; /* taps */
  int32_t divisor;       /* of an average */
};

/* How many of `kernel` taps at start, start + dilation, .. are in 0..size - 1, and the first of them. */
EAIC_INLINE int32_t taps_inside(int32_t start, int32_t dilation, int32_t kernel, int32_t size,
                                int32_t *first) {
  int32_t before = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int32_t end = start < size ? (size - start + dilation - 1) / dilation : 0;
  end = end < kernel ? end : kernel;
  *first = start + before * dilation;
  return end > before ? end - before : 0;
}

EAIC_INLINE struct window pool_window(const struct pool_params *p, int32_t n, int32_t r, int32_t k) {
  struct window w;
  const int32_t top = r * p->stride_h, left = k * p->stride_w; /* in the padded input */
  int32_t row, column, unused;
  w.rows = taps_inside(top - p->pad_top, p->dilation_h, p->kernel_h, p->in_h, &row);
  w.columns = taps_inside(left - p->pad_left, p->dilation_w, p->kernel_w, p->in_w, &column);
  w.first = w.rows && w.columns ? ((n * p->in_h + row) * p->in_w + column) * p->channels : 0;
  w.divisor = w.rows * w.columns;
  if (p->count_pad)
    w.divisor = taps_inside(top, p->dilation_h, p->kernel_h, p->counted_h, &unused) *
                taps_inside(left, p->dilation_w, p->kernel_w, p->counted_w, &unused);
  return w;
}

/* Calls BODY for each output pixel, with its window `w` and the element `to` of its channel 0. */
#define FOR_EACH_WINDOW(p, w, to)                                   \
  for (int32_t n = 0, to = 0; n < (p)->batch; n++)                  \
    for (int32_t r = 0; r < (p)->out_h; r++)                        \
      for (int32_t k = 0; k < (p)->out_w; k++, to += (p)->channels) \
        for (struct window w = pool_window(p, n, r, k), *once = &w; once; once = 0)

/* Calls BODY for each tap of a window, with the element `at` of its channel 0. Row by row. */
#define FOR_EACH_TAP(p, w, at)                                    \
  for (int32_t i = 0, start = (w).first; i < (w).rows;            \
       i++, start += (p)->dilation_h * (p)->in_w * (p)->channels) \
    for (int32_t j = 0, at = start; j < (w).columns; j++, at += (p)->dilation_w * (p)->channels)

#define MAX_POOL(name, T, LOWEST)                                           \
  EAIC_KERNEL(name) {                                                       \
    const struct pool_params *p = params;                                   \
    const T *restrict x = operand[MOVE_X];                                  \
    T *restrict y = operand[MOVE_Y];                                        \
    FOR_EACH_WINDOW (p, w, to) {                                            \
      for (int32_t c = 0; c < p->channels; c++) {                           \
        T best = (LOWEST);                                                  \
        FOR_EACH_TAP (p, w, at) best = x[at + c] > best ? x[at + c] : best; \
        y[to + c] = best;                                                   \
      }                                                                     \
    }                                                                       \
  }

MAX_POOL(max_pool_f32_plain, float, -__builtin_inff())
MAX_POOL(max_pool_f64_plain, double, -__builtin_inf())
MAX_POOL(max_pool_u8_plain, uint8_t, 0)
MAX_POOL(max_pool_s8_plain, int8_t, INT8_MIN)
MAX_POOL(max_pool_u16_plain, uint16_t, 0)
MAX_POOL(max_pool_s16_plain, int16_t, INT16_MIN)
MAX_POOL(max_pool_u32_plain, uint32_t, 0)
MAX_POOL(max_pool_s32_plain, int32_t, INT32_MIN)
MAX_POOL(max_pool_u64_plain, uint64_t, 0)
MAX_POOL(max_pool_s64_plain, int64_t, INT64_MIN)

/* A function that adds up the taps of one window in the order of the params. V: a sum, of one channel or of
 * several. */
#define WINDOW_SUM(name, V, ZERO, ADD, LOAD)                                                                 \
  EAIC_INLINE V name(const struct pool_params *p, const void *x, struct window w, int32_t channel) {         \
    V total = ZERO;                                                                                          \
    const int32_t first = w.first + channel, count = w.rows * w.columns;                                     \
    if (p->order == POOL_BY_LANES) {                                                                         \
      V lane[4] = {ZERO, ZERO, ZERO, ZERO};                                                                  \
      for (int32_t t = 0; t + 4 <= count; t += 4)                                                            \
        for (int32_t i = 0; i < 4; i++) lane[i] = ADD(lane[i], LOAD(p, x, first + (t + i) * p->channels));   \
      total = ADD(ADD(lane[0], lane[2]), ADD(lane[1], lane[3]));                                             \
      for (int32_t t = count / 4 * 4; t < count; t++)                                                        \
        total = ADD(total, LOAD(p, x, first + t * p->channels));                                             \
    } else if (p->order == POOL_BY_COLUMNS) {                                                                \
      for (int32_t j = 0; j < w.columns; j++) {                                                              \
        V column = ZERO;                                                                                     \
        for (int32_t i = 0; i < w.rows; i++)                                                                 \
          column = ADD(column,                                                                               \
                       LOAD(p, x, first + (i * p->dilation_h * p->in_w + j * p->dilation_w) * p->channels)); \
        total = ADD(total, column);                                                                          \
      }                                                                                                      \
    } else {                                                                                                 \
      FOR_EACH_TAP (p, w, at) total = ADD(total, LOAD(p, x, at + channel));                                  \
    }                                                                                                        \
    return total;                                                                                            \
  }

#define ADD_SCALARS(a, b) ((a) + (b))
#define LOAD_F32(p, x, at) ((const float *)(x))[at]
#define LOAD_F64(p, x, at) ((const double *)(x))[at]
/* A quantized tap as a real number. */
#define LOAD_X8(p, x, at) ((float)(load8(x, at, (p)->x_signed) - (p)->x_zero_point) * (p)->x_scale)

WINDOW_SUM(window_sum_f32, float, 0.0f, ADD_SCALARS, LOAD_F32)
WINDOW_SUM(window_sum_f64, double, 0.0, ADD_SCALARS, LOAD_F64)
WINDOW_SUM(window_sum_x8, float, 0.0f, ADD_SCALARS, LOAD_X8)

#define AVERAGE_POOL(name, T, sum)                                                                        \
  EAIC_KERNEL(name) {                                                                                     \
    const struct pool_params *p = params;                                                                 \
    T *restrict y = operand[MOVE_Y];                                                                      \
    FOR_EACH_WINDOW (p, w, to)                                                                            \
      for (int32_t c = 0; c < p->channels; c++) y[to + c] = sum(p, operand[MOVE_X], w, c) / (T)w.divisor; \
  }

AVERAGE_POOL(average_pool_f32_plain, float, window_sum_f32)
AVERAGE_POOL(average_pool_f64_plain, double, window_sum_f64)

/* What an 8-bit mean is rounded to: v = mean / scale + before, clamped to low..high, rounded, plus after. */
struct levels {
  float before, low, high;
  int32_t after;
};
EAIC_INLINE struct levels pool_levels(const struct pool_params *p) {
  const int32_t shift = p->form == POOL_FORM_FLOAT                    ? -p->y_zero_point
                        : p->form == POOL_FORM_SHIFTED && p->y_signed ? 128
                                                                      : 0;
  const int32_t low = p->y_signed ? -128 : 0, high = p->y_signed ? 127 : 255;
  return (struct levels){.before = (float)(p->y_zero_point + shift),
                         .low = (float)(low + shift),
                         .high = (float)(high + shift),
                         .after = -shift};
}

EAIC_INLINE void average_x8_channel(const struct pool_params *p, const void *x, void *y, struct window w,
                                    int32_t to, int32_t c) {
  const struct levels l = pool_levels(p);
  float v = window_sum_x8(p, x, w, c) / (float)w.divisor / p->y_scale + l.before;
  store8(y, to + c, (int32_t)round_even_f32(clamp_levels_f32(v, l.low, l.high)) + l.after);
}

EAIC_KERNEL(average_pool_x8_plain) {
  const struct pool_params *p = params;
  FOR_EACH_WINDOW (p, w, to)
    for (int32_t c = 0; c < p->channels; c++)
      average_x8_channel(p, operand[MOVE_X], operand[MOVE_Y], w, to, c);
}

#if EAIC_SIMD128

/* Sixteen channels at a time; the last sixteen of more overlap those before, fewer go one by one. */
#define MAX_POOL_X8(name, T, LOWEST, max)                                         \
  EAIC_KERNEL(name) {                                                             \
    const struct pool_params *p = params;                                         \
    const T *restrict x = operand[MOVE_X];                                        \
    T *restrict y = operand[MOVE_Y];                                              \
    FOR_EACH_WINDOW (p, w, to) {                                                  \
      int32_t c = 0;                                                              \
      for (; c < p->channels && p->channels >= 16; c += 16) {                     \
        int32_t block = c + 16 <= p->channels ? c : p->channels - 16;             \
        v128_t best = wasm_i8x16_splat(LOWEST);                                   \
        FOR_EACH_TAP (p, w, at) best = max(best, wasm_v128_load(x + at + block)); \
        wasm_v128_store(y + to + block, best);                                    \
      }                                                                           \
      for (; c < p->channels; c++) {                                              \
        T best = LOWEST;                                                          \
        FOR_EACH_TAP (p, w, at) best = x[at + c] > best ? x[at + c] : best;       \
        y[to + c] = best;                                                         \
      }                                                                           \
    }                                                                             \
  }

MAX_POOL_X8(max_pool_u8_simd128, uint8_t, 0, wasm_u8x16_max)
MAX_POOL_X8(max_pool_s8_simd128, int8_t, INT8_MIN, wasm_i8x16_max)

#define SPLAT_0 wasm_f32x4_splat(0.0f)
#define LOAD_F32X4(p, x, at) wasm_v128_load((const float *)(x) + (at))

/* Four quantized taps, of neighbouring channels, as real numbers. */
EAIC_INLINE v128_t load_x8x4(const struct pool_params *p, const void *x, int32_t at) {
  v128_t bytes = wasm_v128_load32_zero((const uint8_t *)x + at);
  v128_t v = p->x_signed ? wasm_i32x4_extend_low_i16x8(wasm_i16x8_extend_low_i8x16(bytes))
                         : wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(bytes));
  v = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(v, wasm_i32x4_splat(p->x_zero_point)));
  return wasm_f32x4_mul(v, wasm_f32x4_splat(p->x_scale));
}

WINDOW_SUM(window_sum_f32x4, v128_t, SPLAT_0, wasm_f32x4_add, LOAD_F32X4)
WINDOW_SUM(window_sum_x8x4, v128_t, SPLAT_0, wasm_f32x4_add, load_x8x4)

/* Calls BODY with `block`, the first of four channels; the last four of more overlap those before. Fewer than
 * four: not at all. */
#define FOR_EACH_4_CHANNELS(p, block)                                                        \
  for (int32_t c4 = 0, block; c4 < (p)->channels && (p)->channels >= 4 &&                    \
                              (block = c4 + 4 <= (p)->channels ? c4 : (p)->channels - 4, 1); \
       c4 += 4)

EAIC_KERNEL(max_pool_f32_simd128) {
  const struct pool_params *p = params;
  const float *restrict x = operand[MOVE_X];
  float *restrict y = operand[MOVE_Y];
  FOR_EACH_WINDOW (p, w, to) {
    FOR_EACH_4_CHANNELS (p, block) {
      v128_t best = wasm_f32x4_splat(-__builtin_inff());
      FOR_EACH_TAP (p, w, at) best = wasm_f32x4_pmax(best, wasm_v128_load(x + at + block));
      wasm_v128_store(y + to + block, best);
    }
    for (int32_t c = 0; c < p->channels && p->channels < 4; c++) {
      float best = -__builtin_inff();
      FOR_EACH_TAP (p, w, at) best = x[at + c] > best ? x[at + c] : best;
      y[to + c] = best;
    }
  }
}

EAIC_KERNEL(average_pool_f32_simd128) {
  const struct pool_params *p = params;
  const float *restrict x = operand[MOVE_X];
  float *restrict y = operand[MOVE_Y];
  FOR_EACH_WINDOW (p, w, to) {
    const v128_t divisor = wasm_f32x4_splat((float)w.divisor);
    FOR_EACH_4_CHANNELS (p, block)
      wasm_v128_store(y + to + block, wasm_f32x4_div(window_sum_f32x4(p, x, w, block), divisor));
    for (int32_t c = 0; c < p->channels && p->channels < 4; c++)
      y[to + c] = window_sum_f32(p, x, w, c) / (float)w.divisor;
  }
}

EAIC_KERNEL(average_pool_x8_simd128) {
  const struct pool_params *p = params;
  const uint8_t *x = operand[MOVE_X];
  uint8_t *y = operand[MOVE_Y];
  const struct levels l = pool_levels(p);
  FOR_EACH_WINDOW (p, w, to) {
    const v128_t divisor = wasm_f32x4_splat((float)w.divisor);
    FOR_EACH_4_CHANNELS (p, block) {
      v128_t v = wasm_f32x4_div(window_sum_x8x4(p, x, w, block), divisor);
      v = wasm_f32x4_add(wasm_f32x4_div(v, wasm_f32x4_splat(p->y_scale)), wasm_f32x4_splat(l.before));
      v = clamp_levels_f32x4(v, wasm_f32x4_splat(l.low), wasm_f32x4_splat(l.high));
      v = round_even_i32x4(v, wasm_i32x4_splat(round_offset(l.after)));
      wasm_v128_store32_lane(y + to + block, narrow8_i32x4(v, v, p->y_signed), 0);
    }
    for (int32_t c = 0; c < p->channels && p->channels < 4; c++) average_x8_channel(p, x, y, w, to, c);
  }
}

#endif
