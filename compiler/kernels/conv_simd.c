/* Convolutions with 128-bit vectors: tiles of 4 output pixels x 8 channels. The patches of 4 pixels are
 * gathered into the tile's scratch (integers widened to i16 on the way) once, for all output channels. */
#include "kernels/dot_tile.h"

#if EAIC_SIMD128

/* The patch of one output pixel: kernel rows, kernel columns, channels of the group; padding is x's zero
 * point. */
EAIC_INLINE void gather_patch_x8(const struct conv_params *p, int16_t *to, const uint8_t *x, int32_t pixel,
                                 int32_t channel, int32_t zero) {
  int32_t column = pixel % p->out_w, row = pixel / p->out_w % p->out_h, image = pixel / (p->out_w * p->out_h);
  int32_t top = row * p->stride_h - p->pad_top, left = column * p->stride_w - p->pad_left;
  int32_t depth = p->in_c / p->group, run = p->kernel_w * depth;
  int32_t padding = p->x_is_centered ? 0 : zero;
  /* With one group and no dilation, a kernel row inside of the input is one run of bytes. */
  int32_t is_run = p->group == 1 && p->dilation_w == 1 && left >= 0 && left + p->kernel_w <= p->in_w;
  EAIC_ROLLED
  for (int32_t i = 0; i < p->kernel_h; i++) {
    int32_t r = top + i * p->dilation_h, inside = r >= 0 && r < p->in_h;
    const uint8_t *from = x + (((image * p->in_h + r) * p->in_w + left) * p->in_c + channel);
    if (is_run && inside) {
      widen_x8(to, from, run, p->x_signed, p->x_is_centered, zero);
      to += run;
      continue;
    }
    EAIC_ROLLED
    for (int32_t k = 0; k < p->kernel_w; k++, to += depth, from += p->dilation_w * p->in_c) {
      int32_t s = left + k * p->dilation_w;
      if (inside && s >= 0 && s < p->in_w) {
        widen_x8(to, from, depth, p->x_signed, p->x_is_centered, zero);
      } else {
        for (int32_t c = 0; c < depth; c++) to[c] = (int16_t)padding;
      }
    }
  }
}

EAIC_INLINE int32_t conv_is_pointwise(const struct conv_params *p) {
  return p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 &&
         p->out_h == p->in_h && p->out_w == p->in_w;
}

EAIC_INLINE void conv_tile_x8(const struct conv_params *p, void *const *operand, int32_t rows, int32_t pixel,
                              int32_t group, struct weights_x8 w, int32_t zero) {
  const uint8_t *x = operand[DOT_X];
  int16_t *a = operand[DOT_SCRATCH];
  int32_t depth = p->in_c / p->group, k = p->kernel_h * p->kernel_w * depth, stride = dot_row_stride(k);
  EAIC_ROLLED
  for (int32_t r = 0; r < rows; r++) {
    if (conv_is_pointwise(p))
      widen_x8(a + r * stride, x + ((pixel + r) * p->in_c + group * depth), depth, p->x_signed,
               p->x_is_centered, zero);
    else
      gather_patch_x8(p, a + r * stride, x, pixel + r, group * depth, zero);
    if (k % 2) a[r * stride + k] = 0; /* the partner of the last element */
  }
  int32_t channels = p->out_c / p->group;
  struct block b = {&p->epilogue, operand, pixel * p->out_c + group * channels, group * channels, 0};
  dense_rows_x8(b, rows, channels, a, k, w, p->out_c);
}

EAIC_KERNEL(conv_x8_4x8_simd128) {
  const struct conv_params *p = params;
  const struct dot_numbers *numbers = operand[DOT_NUMBERS];
  int32_t zero =
      zero_point_at(operand[DOT_X_ZERO], p->x_zero_is_operand, 0, p->x_signed, numbers->x_zero_point);
  int32_t pixels = p->batch * p->out_h * p->out_w, k = p->kernel_h * p->kernel_w * (p->in_c / p->group);
  int32_t rows = pixels >= DOT_TILE_ROWS ? DOT_TILE_ROWS : 1;
  int32_t blocks = (p->out_c / p->group + DOT_BLOCK - 1) / DOT_BLOCK,
          group_bytes = blocks * ((k + 1) / 2 * 2 * DOT_BLOCK);
  struct weights_x8 w = {operand[DOT_W], p->w_signed, p->w_zero_count, operand[DOT_W_ZERO]};
  EAIC_ROLLED
  for (int32_t group = 0; group < p->group; group++, w.packed += group_bytes) {
    EAIC_ROLLED
    for (int32_t pixel = 0; pixel < pixels; pixel += rows)
      conv_tile_x8(p, operand, rows, min_i32(pixel, pixels - rows), group, w, zero);
  }
}

/* gather_patch_x8 for floats. */
EAIC_INLINE void gather_patch_f32(const struct conv_params *p, float *to, const float *x, int32_t pixel,
                                  int32_t channel) {
  int32_t column = pixel % p->out_w, row = pixel / p->out_w % p->out_h, image = pixel / (p->out_w * p->out_h);
  int32_t top = row * p->stride_h - p->pad_top, left = column * p->stride_w - p->pad_left;
  int32_t depth = p->in_c / p->group;
  EAIC_ROLLED
  for (int32_t i = 0; i < p->kernel_h; i++) {
    int32_t r = top + i * p->dilation_h;
    EAIC_ROLLED
    for (int32_t k = 0; k < p->kernel_w; k++, to += depth) {
      int32_t s = left + k * p->dilation_w, inside = r >= 0 && r < p->in_h && s >= 0 && s < p->in_w;
      const float *from = x + (((image * p->in_h + r) * p->in_w + s) * p->in_c + channel);
      v128_t mask = wasm_i32x4_splat(-inside);
      if (!inside) from = x;
      EAIC_ROLLED
      for (int32_t c = 0; c < depth; c += 4)
        wasm_v128_store(to + c, wasm_v128_and(wasm_v128_load(from + c), mask));
    }
  }
}

EAIC_INLINE void conv_tile_f32(const struct conv_params *p, void *const *operand, int32_t rows, int32_t pixel,
                               int32_t group, const float *w) {
  const float *x = operand[DOT_X];
  int32_t depth = p->in_c / p->group, k = p->kernel_h * p->kernel_w * depth, channels = p->out_c / p->group;
  struct block b = {&p->epilogue, operand, pixel * p->out_c + group * channels, group * channels, 0};
  if (conv_is_pointwise(p)) {
    const float *a = x + (pixel * p->in_c + group * depth);
    dense_rows_f32(b, rows, channels, a, p->in_c, k, w, DOT_BLOCK, k * DOT_BLOCK, p->out_c);
    return;
  }
  float *a = operand[DOT_SCRATCH];
  EAIC_ROLLED
  for (int32_t r = 0; r < rows; r++)
    gather_patch_f32(p, a + r * dot_row_stride(k), x, pixel + r, group * depth);
  dense_rows_f32(b, rows, channels, a, dot_row_stride(k), k, w, DOT_BLOCK, k * DOT_BLOCK, p->out_c);
}

EAIC_KERNEL(conv_f32_4x8_simd128) {
  const struct conv_params *p = params;
  int32_t pixels = p->batch * p->out_h * p->out_w, k = p->kernel_h * p->kernel_w * (p->in_c / p->group);
  int32_t rows = pixels >= DOT_TILE_ROWS ? DOT_TILE_ROWS : 1;
  int32_t blocks = (p->out_c / p->group + DOT_BLOCK - 1) / DOT_BLOCK;
  const float *w = operand[DOT_W];
  EAIC_ROLLED
  for (int32_t group = 0; group < p->group; group++, w += blocks * k * DOT_BLOCK) {
    EAIC_ROLLED
    for (int32_t pixel = 0; pixel < pixels; pixel += rows)
      conv_tile_f32(p, operand, rows, min_i32(pixel, pixels - rows), group, w);
  }
}

#endif
