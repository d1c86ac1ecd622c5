/* Transposed convolution with 128-bit vectors where the kernel is as large as the stride (upsampling): every
 * output pixel has one tap, so that each tap, or each row of taps, is a matrix product of its own, stored to
 * every stride-th pixel. Tiles of 4 input pixels x 8 channels. */
#include "kernels/dot_tile.h"

#if EAIC_SIMD128

/* p->row_taps taps from `tap` on, of one group, over one input row. `pixel`: of x, the first in the row;
 * `to`: its output pixel. */
EAIC_INLINE void upsample_row(const struct conv_transpose_params *p, void *const *operand, int32_t group,
                              int32_t tap, int32_t pixel, int32_t to) {
  int32_t depth = p->in_c / p->group, tap_channels = p->out_c / p->group, taps = p->kernel_h * p->kernel_w;
  int32_t channels = p->row_taps * tap_channels;
  int32_t rows = p->in_w >= DOT_TILE_ROWS ? DOT_TILE_ROWS : 1;
  const float *w = (const float *)operand[DOT_W] + (group * depth * taps + tap) * tap_channels;
  EAIC_ROLLED
  for (int32_t tile = 0; tile < p->in_w; tile += rows) {
    int32_t column = min_i32(tile, p->in_w - rows);
    const float *a = (const float *)operand[DOT_X] + ((pixel + column) * p->in_c + group * depth);
    struct block b = {&p->epilogue, operand, (to + column * p->stride_w) * p->out_c + group * tap_channels,
                      group * tap_channels, 0};
    dense_rows_f32(b, rows, channels, a, p->in_c, depth, w, taps * tap_channels, 0, p->stride_w * p->out_c);
  }
}

EAIC_KERNEL(conv_transpose_f32_4x8_simd128) {
  const struct conv_transpose_params *p = params;
  int32_t rows = p->batch * p->in_h, products = p->kernel_h * p->kernel_w / p->row_taps;
  EAIC_ROLLED
  for (int32_t part = 0; part < p->group * rows * products; part++) {
    int32_t tap = part % products * p->row_taps, row = part / products % rows, group = part / products / rows;
    int32_t to = (row * p->stride_h + tap / p->kernel_w) * p->out_w + tap % p->kernel_w;
    upsample_row(p, operand, group, tap, row * p->in_w, to);
  }
}

#endif
