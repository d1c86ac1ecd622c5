/* Layer normalization: the mean first, then the variance of the differences; sums in the order of
 * row_words.h. */
#include "kernels/kernel.h"

#include "kernels/row_words.h"

typedef float row_function(int32_t kind, const float *x, int32_t n);

EAIC_INLINE void layer_norm(const struct layer_norm_params *p, void *const *operand, row_function *reduce) {
  const float *restrict x = operand[NORM_X];
  const float *restrict scale = operand[NORM_SCALE];
  const float *restrict bias = operand[NORM_BIAS];
  float *restrict y = operand[NORM_Y];
  const int32_t n = p->size;
  for (int32_t o = 0; o < p->outer; o++, x += n, y += n) {
    const float mean = reduce(REDUCE_KIND_SUM, x, n) / (float)n;
    for (int32_t i = 0; i < n; i++) y[i] = x[i] - mean;
    const float deviation = __builtin_sqrtf(reduce(REDUCE_KIND_SQUARES, y, n) / (float)n + p->epsilon);
    if (bias)
      for (int32_t i = 0; i < n; i++) y[i] = y[i] / deviation * scale[i] + bias[i];
    else
      for (int32_t i = 0; i < n; i++) y[i] = y[i] / deviation * scale[i];
  }
}

EAIC_KERNEL(layer_norm_f32_plain) { layer_norm(params, operand, row_reduce_f32); }
#if EAIC_SIMD128
EAIC_KERNEL(layer_norm_f32_simd128) { layer_norm(params, operand, row_reduce_f32_simd128); }
#endif
