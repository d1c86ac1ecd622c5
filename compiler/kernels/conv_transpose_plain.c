/* Transposed convolution. A sum runs over kernel rows, kernel columns, input channels of the group, in this
 * order, and each tap begins a new part (see DOT_PART). The channels of an output pixel are neighbours in w
 * and y, so that LLVM vectorises the loop over `width`. */
#include "kernels/dot_words.h"

/* The input index that tap `tap` of output index `out` (padding added) reads, or -1. */
EAIC_INLINE int32_t transposed_index(int32_t out, int32_t tap, int32_t dilation, int32_t stride,
                                     int32_t size) {
  int32_t at = out - tap * dilation;
  return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

EAIC_INLINE void conv_transpose_channels(const struct conv_transpose_params *p, void *const *operand,
                                         int32_t pixel, int32_t o, int32_t width) {
  int32_t column = pixel % p->out_w, row = pixel / p->out_w % p->out_h, image = pixel / (p->out_w * p->out_h);
  int32_t depth = p->in_c / p->group, group_out = p->out_c / p->group, group = o / group_out;
  int32_t taps = p->kernel_h * p->kernel_w;
  float sum[8], part[8];
  for (int32_t j = 0; j < width; j++) sum[j] = part[j] = 0;
  for (int32_t i = 0; i < p->kernel_h; i++) {
    int32_t r = transposed_index(row + p->pad_top, i, p->dilation_h, p->stride_h, p->in_h);
    if (r < 0) continue;
    for (int32_t k = 0; k < p->kernel_w; k++) {
      int32_t s = transposed_index(column + p->pad_left, k, p->dilation_w, p->stride_w, p->in_w);
      if (s < 0) continue;
      const float *x =
          (const float *)operand[DOT_X] + (((image * p->in_h + r) * p->in_w + s) * p->in_c + group * depth);
      const float *w = (const float *)operand[DOT_W] +
                       ((group * depth * taps + i * p->kernel_w + k) * group_out + o - group * group_out);
      for (int32_t first = 0; first < depth; first += DOT_PART) {
        int32_t end = min_i32(depth, first + DOT_PART);
        for (int32_t c = first; c < end; c++)
          for (int32_t j = 0; j < width; j++) part[j] += x[c] * w[c * taps * group_out + j];
        add_parts_f32(sum, part, width);
      }
    }
  }
  for (int32_t j = 0; j < width; j++)
    store_f32(&p->epilogue, operand[DOT_NUMBERS], operand, pixel * p->out_c + o + j, o + j, sum[j]);
}

EAIC_KERNEL(conv_transpose_f32_plain) {
  const struct conv_transpose_params *p = params;
  int32_t pixels = p->batch * p->out_h * p->out_w, group_out = p->out_c / p->group;
  for (int32_t pixel = 0; pixel < pixels; pixel++) {
    for (int32_t first = 0; first < p->out_c; first += group_out) {
      int32_t o = first;
      for (; o + 8 <= first + group_out; o += 8) conv_transpose_channels(p, operand, pixel, o, 8);
      for (; o < first + group_out; o++) conv_transpose_channels(p, operand, pixel, o, 1);
    }
  }
}
