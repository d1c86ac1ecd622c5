/* softmax and log_softmax. */
#include "kernels/kernel.h"

#include "kernels/math.h"
#include "kernels/row_words.h"

typedef float row_function(int32_t kind, const float *x, int32_t n);

/* The classes are contiguous. Sums are in the order of row_words.h. */
EAIC_INLINE void softmax_rows(const struct softmax_params *p, void *const *operand, row_function *reduce) {
  const float *restrict x = operand[SOFTMAX_X];
  float *restrict y = operand[SOFTMAX_Y];
  const int32_t n = p->size;
  for (int32_t o = 0; o < p->outer; o++, x += n, y += n) {
    const float largest = reduce(REDUCE_KIND_MAX, x, n);
    for (int32_t i = 0; i < n; i++) y[i] = k_exp_f32(x[i] - largest);
    const float sum = reduce(REDUCE_KIND_SUM, y, n);
    if (p->log) {
      const float shift = k_log_f32(sum);
      for (int32_t i = 0; i < n; i++) y[i] = (x[i] - largest) - shift;
    } else {
      const float reciprocal = 1.0f / sum;
      for (int32_t i = 0; i < n; i++) y[i] = y[i] * reciprocal;
    }
  }
}

EAIC_KERNEL(softmax_rows_f32_plain) { softmax_rows(params, operand, row_reduce_f32); }
#if EAIC_SIMD128
EAIC_KERNEL(softmax_rows_f32_simd128) { softmax_rows(params, operand, row_reduce_f32_simd128); }
#endif

/* The classes are `inner` apart: neighbouring rows are worked on side by side, each summed in order of its
 * classes. */
EAIC_KERNEL(softmax_columns_f32_plain) {
  const struct softmax_params *p = params;
  const int32_t n = p->inner, plane = p->size * n;
  float *restrict largest = operand[SOFTMAX_SCRATCH];
  float *restrict sum = largest + n;
  for (int32_t o = 0; o < p->outer; o++) {
    const float *restrict x = (const float *)operand[SOFTMAX_X] + o * plane;
    float *restrict y = (float *)operand[SOFTMAX_Y] + o * plane;
    for (int32_t j = 0; j < n; j++) largest[j] = -__builtin_inff(), sum[j] = 0;
    for (int32_t i = 0; i < plane; i += n)
      for (int32_t j = 0; j < n; j++) largest[j] = largest[j] < x[i + j] ? x[i + j] : largest[j];
    for (int32_t i = 0; i < plane; i += n) {
      for (int32_t j = 0; j < n; j++) y[i + j] = k_exp_f32(x[i + j] - largest[j]);
      for (int32_t j = 0; j < n; j++) sum[j] += y[i + j];
    }
    if (p->log)
      for (int32_t j = 0; j < n; j++) sum[j] = k_log_f32(sum[j]);
    for (int32_t i = 0; i < plane; i += n)
      for (int32_t j = 0; j < n; j++)
        y[i + j] = p->log ? (x[i + j] - largest[j]) - sum[j] : y[i + j] / sum[j];
  }
}

/* As C's conversion on x86: what does not fit gives the smallest integer. */
EAIC_INLINE int32_t round_to_int32(float v) {
  return v < 2147483648.0f && v >= -2147483648.0f ? (int32_t)round_even_f32(v) : INT32_MIN;
}

/* ONNX Runtime's QLinearSoftmax: probabilities from a table of floats, summed in order; the zero point is
 * added with wrap-around, and unsigned results are cut above only. */
EAIC_KERNEL(softmax_x8_plain) {
  const struct softmax_params *p = params;
  const float *table = operand[SOFTMAX_TABLE];
  for (int32_t r = 0; r < p->outer * p->inner; r++) {
    const int32_t first = r / p->inner * p->size * p->inner + r % p->inner;
    const int32_t end = first + p->size * p->inner;
    int32_t largest = -128;
    float sum = 0;
    for (int32_t i = first; i < end; i += p->inner) {
      int32_t v = load8(operand[SOFTMAX_X], i, p->is_signed);
      largest = largest < v ? v : largest;
    }
    const float *shifted = table + 255 - largest;
    for (int32_t i = first; i < end; i += p->inner)
      sum += shifted[load8(operand[SOFTMAX_X], i, p->is_signed)];
    for (int32_t i = first; i < end; i += p->inner) {
      float v = shifted[load8(operand[SOFTMAX_X], i, p->is_signed)] * p->levels / sum;
      int32_t level = add_wrapping(round_to_int32(v), p->y_zero_point);
      if (p->is_signed && level < -128) level = -128;
      if (level > (p->is_signed ? 127 : 255)) level = p->is_signed ? 127 : 255;
      store8(operand[SOFTMAX_Y], i, level);
    }
  }
}
