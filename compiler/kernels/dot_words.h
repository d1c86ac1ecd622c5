/* Words of the dot-product kernels, portable: windows, and what happens to a finished sum. */
#ifndef EAIC_DOT_WORDS_H
#define EAIC_DOT_WORDS_H

#include "kernels/kernel.h"

EAIC_INLINE int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }
EAIC_INLINE int32_t max_i32(int32_t a, int32_t b) { return a > b ? a : b; }

/* Kernel taps [first, end) of one axis that meet the input when tap 0 is at input index `start`. */
struct taps {
  int32_t first, end;
};
EAIC_INLINE struct taps taps_inside(int32_t start, int32_t size, int32_t kernel, int32_t dilation) {
  int32_t first = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int32_t end = start < size ? (size - start + dilation - 1) / dilation : 0;
  return (struct taps){min_i32(first, kernel), min_i32(end, kernel)};
}

/* The taps of output pixel number `pixel` (over batch, out_h, out_w) that are inside of the input. */
struct window {
  struct taps rows, columns;
  int32_t origin; /* input pixel number of tap (0, 0); may lie outside */
};
EAIC_INLINE struct window window_of(const struct conv_params *p, int32_t pixel) {
  int32_t column = pixel % p->out_w, row = pixel / p->out_w % p->out_h, image = pixel / (p->out_w * p->out_h);
  int32_t top = row * p->stride_h - p->pad_top, left = column * p->stride_w - p->pad_left;
  return (struct window){taps_inside(top, p->in_h, p->kernel_h, p->dilation_h),
                         taps_inside(left, p->in_w, p->kernel_w, p->dilation_w),
                         (image * p->in_h + top) * p->in_w + left};
}

/* Ends one part of `width` f32 sums: see DOT_PART. */
EAIC_INLINE void add_parts_f32(float *sum, float *part, int32_t width) {
  for (int32_t j = 0; j < width; j++) {
    sum[j] += part[j];
    part[j] = 0;
  }
}

/* The rest of the way to element i of an f32 y, after bias or scale: see struct dot_epilogue. */
EAIC_INLINE void finish_f32(const struct dot_epilogue *e, const struct dot_numbers *numbers,
                            void *const *operand, int32_t i, float v) {
  if (e->has_clip) v = clip_f32(v, numbers->low, numbers->high);
  if (e->residual) v = v + ((const float *)operand[DOT_RESIDUAL])[i];
  if (e->has_post_clip) v = clip_f32(v, numbers->post_low, numbers->post_high);
  ((float *)operand[DOT_Y])[i] = v;
}
/* Stores one f32 sum as element i (channel n) of y. */
EAIC_INLINE void store_f32(const struct dot_epilogue *e, const struct dot_numbers *numbers,
                           void *const *operand, int32_t i, int32_t n, float sum) {
  if (e->has_bias) sum = sum + ((const float *)operand[DOT_BIAS])[n];
  finish_f32(e, numbers, operand, i, sum);
}

/* The quantized add of a level and the residual's, QLinearAdd of ONNX Runtime. */
EAIC_INLINE int32_t add_residual_x8(const struct dot_epilogue *e, const struct dot_numbers *numbers,
                                    int32_t level, int32_t residual) {
  float a = (float)(e->residual == DOT_RESIDUAL_FIRST ? residual : level);
  float b = (float)(e->residual == DOT_RESIDUAL_FIRST ? level : residual);
  float v = add_levels_f32(a, b, numbers->ratio_a, numbers->ratio_b, numbers->fixed, e->add_is_single);
  return requantize_f32(v, numbers->post_low, numbers->post_high, 0);
}

/* Stores one integer sum as element i (channel n) of y. */
EAIC_INLINE void store_x8(const struct dot_epilogue *e, const struct dot_numbers *numbers,
                          void *const *operand, int32_t i, int32_t n, int32_t sum) {
  if (e->has_bias) sum = add_wrapping(sum, ((const int32_t *)operand[DOT_BIAS])[n]);
  if (e->output == DOT_S32) {
    ((int32_t *)operand[DOT_Y])[i] = sum;
    return;
  }
  float v = (float)sum * ((const float *)operand[DOT_SCALE])[e->scale_count > 1 ? n : 0];
  if (e->output == DOT_F32) {
    finish_f32(e, numbers, operand, i, v);
    return;
  }
  int32_t level = requantize_f32(v, numbers->low, numbers->high, numbers->zero_point);
  if (e->residual)
    level = add_residual_x8(e, numbers, level, load8(operand[DOT_RESIDUAL], i, e->residual_signed));
  store8(operand[DOT_Y], i, level);
}

/* Zero points of an 8-bit operand: number i of `count` (0: none, and `fallback` counts). */
EAIC_INLINE int32_t zero_point_at(const void *zeros, int32_t count, int32_t i, int32_t is_signed,
                                  int32_t fallback) {
  return count == 0 ? fallback : load8(zeros, count == 1 ? 0 : i, is_signed);
}

#endif
