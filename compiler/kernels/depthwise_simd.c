/* Depthwise convolutions with 128-bit vectors, 8 channels (a block) at a time. For each output row and block
 * the input rows that it needs are gathered, with padding, into scratch: every tap is then a constant offset
 * from one pointer.
 *
 * Integers are widened to i16 on the way, and rows 2i and 2i + 1 interleaved channel by channel, so that one
 * i32x4.dot multiplies two taps: scratch is [kernel_h / 2][pixels][8][2], then of an odd last row
 * [pixels][8]. The taps' order in packed weights follows: see depthwise_tap. */
#include "kernels/dot_tile.h"

#if EAIC_SIMD128

enum { DEPTHWISE_UNROLLED_TAPS = 49 };

/* Where the 8 channels of a block are in one input row, from pixel to pixel; padding stays at a cell. */
struct row_source {
  const uint8_t *at;
  int32_t step; /* bytes */
};

/* Columns of a scratch row: padding, input, padding. */
struct row_columns {
  int32_t left, copied, right;
  int32_t first; /* input column of the first copied one; pads below 0 crop */
};
EAIC_INLINE struct row_columns columns_of(const struct conv_params *p) {
  int32_t needed = depthwise_row_pixels(p), left = min_i32(max_i32(p->pad_left, 0), needed);
  int32_t copied = max_i32(min_i32(needed, p->in_w + p->pad_left) - left, 0);
  return (struct row_columns){left, copied, needed - left - copied, left - p->pad_left};
}

/* Input row `i` of the kernel at output row `row` (of all images). */
EAIC_INLINE struct row_source source_of(const struct conv_params *p, const void *x, int32_t row, int32_t i,
                                        int32_t channel, int32_t element_bytes, const uint8_t *padding) {
  int32_t r = row % p->out_h * p->stride_h - p->pad_top + i * p->dilation_h, image = row / p->out_h;
  if (r < 0 || r >= p->in_h) return (struct row_source){padding, 0};
  int32_t pixel = (image * p->in_h + r) * p->in_w + columns_of(p).first;
  return (struct row_source){(const uint8_t *)x + (pixel * p->in_c + channel) * element_bytes,
                             p->in_c * element_bytes};
}

/* What the gathering of integers needs to know. */
struct gather {
  const struct conv_params *p;
  v128_t zero; /* x's zero point, subtracted when p->x_is_centered */
  const uint8_t *padding;
};

EAIC_INLINE v128_t gather_pixel(const struct gather *g, const uint8_t *at) {
  v128_t v = load8x8(at, g->p->x_signed);
  return g->p->x_is_centered ? wasm_i16x8_sub(v, g->zero) : v;
}

EAIC_INLINE int16_t *gather_pairs(const struct gather *g, int16_t *to, struct row_source a,
                                  struct row_source b, int32_t count) {
  EAIC_ROLLED
  for (int32_t i = 0; i < count; i++, to += 16, a.at += a.step, b.at += b.step) {
    v128_t even = gather_pixel(g, a.at), odd = gather_pixel(g, b.at);
    wasm_v128_store(to, wasm_i16x8_shuffle(even, odd, 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 8u, wasm_i16x8_shuffle(even, odd, 4, 12, 5, 13, 6, 14, 7, 15));
  }
  return to;
}

EAIC_INLINE int16_t *gather_single(const struct gather *g, int16_t *to, struct row_source a, int32_t count) {
  EAIC_ROLLED
  for (int32_t i = 0; i < count; i++, to += 8, a.at += a.step) wasm_v128_store(to, gather_pixel(g, a.at));
  return to;
}

/* All kernel rows of one block at one output row. */
EAIC_INLINE void gather_rows_x8(const struct gather *g, int16_t *to, const void *x, int32_t row,
                                int32_t channel) {
  const struct conv_params *p = g->p;
  struct row_columns columns = columns_of(p);
  struct row_source padding = {g->padding, 0};
  EAIC_ROLLED
  for (int32_t i = 0; i + 1 < p->kernel_h; i += 2) {
    to = gather_pairs(g, to, padding, padding, columns.left);
    to = gather_pairs(g, to, source_of(p, x, row, i, channel, 1, g->padding),
                      source_of(p, x, row, i + 1, channel, 1, g->padding), columns.copied);
    to = gather_pairs(g, to, padding, padding, columns.right);
  }
  if (p->kernel_h % 2 == 0) return;
  to = gather_single(g, to, padding, columns.left);
  to = gather_single(g, to, source_of(p, x, row, p->kernel_h - 1, channel, 1, g->padding), columns.copied);
  gather_single(g, to, padding, columns.right);
}

struct sums {
  v128_t low, high;
};

/* Zero points of a block's weights where they are not packed away. */
struct weight_zeros {
  int32_t count;
  v128_t single; /* of the 8 channels */
  struct pair_zeros pairs;
};

/* Pair `pair` of the packed weights; the last of an odd number of taps stands alone, in `low`. */
EAIC_INLINE struct sums load_weights(const struct conv_params *p, const uint8_t *w, int32_t pair,
                                     const struct weight_zeros *z) {
  w += (uint32_t)(pair * 16);
  struct sums v = {load8x8(w, p->w_signed), load8x8(w + 8u, p->w_signed)};
  if (z->count == 0) return v;
  if (2 * pair == p->kernel_h * p->kernel_w - 1)
    return (struct sums){wasm_i16x8_sub(v.low, z->single), v.high};
  return (struct sums){wasm_i16x8_sub(v.low, z->pairs.low), wasm_i16x8_sub(v.high, z->pairs.high)};
}

EAIC_INLINE struct sums add_pair(struct sums s, v128_t low, v128_t high, struct sums w) {
  return (struct sums){wasm_i32x4_add(s.low, wasm_i32x4_dot_i16x8(low, w.low)),
                       wasm_i32x4_add(s.high, wasm_i32x4_dot_i16x8(high, w.high))};
}

EAIC_INLINE struct sums interleave(v128_t a, v128_t b) {
  return (struct sums){wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
                       wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)};
}

/* A window in scratch: its top left pixel in the first pair of rows, and in the odd last row. */
struct scratch_window {
  const int16_t *pairs, *single;
};

/* Adds pair number `pair` of taps. */
EAIC_INLINE struct sums add_taps(const struct conv_params *p, struct sums s, struct scratch_window at,
                                 struct sums w, int32_t pair) {
  int32_t row_pairs = p->kernel_h / 2 * p->kernel_w;
  if (pair < row_pairs) {
    int32_t pixel = pair / p->kernel_w * depthwise_row_pixels(p) + pair % p->kernel_w * p->dilation_w;
    const int16_t *x = at.pairs + (uint32_t)(pixel * 16);
    return add_pair(s, wasm_v128_load(x), wasm_v128_load(x + 8u), w);
  }
  int32_t k = 2 * (pair - row_pairs); /* in the odd last row */
  const int16_t *x = at.single + (uint32_t)(k * p->dilation_w * 8);
  v128_t a = wasm_v128_load(x), zero = wasm_i32x4_splat(0);
  if (k + 1 < p->kernel_w) {
    struct sums v = interleave(a, wasm_v128_load(x + (uint32_t)(p->dilation_w * 8)));
    return add_pair(s, v.low, v.high, w);
  }
  if (p->w_signed && !p->x_is_centered && p->w_zero_count == 0) { /* |product| <= 255 * 128 fits i16 */
    v128_t product = wasm_i16x8_mul(a, w.low);
    return (struct sums){wasm_i32x4_add(s.low, wasm_i32x4_extend_low_i16x8(product)),
                         wasm_i32x4_add(s.high, wasm_i32x4_extend_high_i16x8(product))};
  }
  struct sums v = interleave(a, zero);
  return add_pair(s, v.low, v.high, interleave(w.low, zero));
}

/* One output row of one block of channels. Weights of small kernels are widened before the loop. */
EAIC_INLINE void depthwise_block_x8(const struct conv_params *p, struct block b, const int16_t *x,
                                    const uint8_t *w, const struct weight_zeros *z) {
  int32_t taps = p->kernel_h * p->kernel_w, pairs = (taps + 1) / 2;
  struct scratch_window at = {x, x + p->kernel_h / 2 * depthwise_row_pixels(p) * 16};
  struct sums kept[DEPTHWISE_UNROLLED_TAPS / 2 + 1], start = {start_i32x4(b, 0), start_i32x4(b, 4)};
  struct finish f = finish_of(b, 1);
  if (taps <= DEPTHWISE_UNROLLED_TAPS) {
    EAIC_UNROLLED
    for (int32_t i = 0; i < pairs; i++) kept[i] = load_weights(p, w, i, z);
  }
  EAIC_ROLLED
  for (int32_t column = 0; column < p->out_w; column++) {
    struct sums s = start;
    if (taps <= DEPTHWISE_UNROLLED_TAPS) {
      EAIC_UNROLLED
      for (int32_t i = 0; i < pairs; i++) s = add_taps(p, s, at, kept[i], i);
    } else {
      EAIC_ROLLED
      for (int32_t i = 0; i < pairs; i++) s = add_taps(p, s, at, load_weights(p, w, i, z), i);
    }
    store_block_x8(b, &f, s.low, s.high);
    at.pairs += p->stride_w * 16;
    at.single += p->stride_w * 8;
    b.i += p->out_c;
  }
}

EAIC_KERNEL(depthwise_x8_simd128) {
  const struct conv_params *p = params;
  const struct dot_numbers *numbers = operand[DOT_NUMBERS];
  int32_t zero =
      zero_point_at(operand[DOT_X_ZERO], p->x_zero_is_operand, 0, p->x_signed, numbers->x_zero_point);
  uint8_t *padding = operand[DOT_SCRATCH];
  int16_t *x = (int16_t *)(void *)(padding + DEPTHWISE_CELL);
  wasm_v128_store(padding, wasm_i8x16_splat((int8_t)zero));
  struct gather g = {p, wasm_i16x8_splat((int16_t)zero), padding};
  struct weights_x8 w = {operand[DOT_W], p->w_signed, p->w_zero_count, operand[DOT_W_ZERO]};
  int32_t rows = p->batch * p->out_h, taps = p->kernel_h * p->kernel_w;
  struct block b = {&p->epilogue, operand, 0, 0, min_i32(p->out_c, DOT_BLOCK)};
  EAIC_ROLLED
  for (int32_t row = 0; row < rows; row++) {
    EAIC_ROLLED
    for (int32_t first = 0; first < p->out_c; first += DOT_BLOCK) {
      b.n = block_start(first, p->out_c);
      b.i = row * p->out_w * p->out_c + b.n;
      struct weight_zeros z = {.count = p->w_zero_count, .pairs = pair_zeros_at(w, b.n)};
      z.single = wasm_i16x8_shuffle(z.pairs.low, z.pairs.high, 0, 2, 4, 6, 8, 10, 12, 14);
      gather_rows_x8(&g, x, operand[DOT_X], row, b.n);
      depthwise_block_x8(p, b, x, w.packed + first * taps, &z);
    }
  }
}

EAIC_INLINE float *gather_f32(float *to, struct row_source a, int32_t count) {
  EAIC_ROLLED
  for (int32_t i = 0; i < count; i++, to += DOT_BLOCK, a.at += a.step) {
    wasm_v128_store(to, wasm_v128_load(a.at));
    wasm_v128_store(to + 4u, wasm_v128_load(a.at + 16u));
  }
  return to;
}

EAIC_INLINE void gather_rows_f32(const struct conv_params *p, float *to, const void *x, int32_t row,
                                 int32_t channel, const uint8_t *padding) {
  struct row_columns columns = columns_of(p);
  EAIC_ROLLED
  for (int32_t i = 0; i < p->kernel_h; i++) {
    to = gather_f32(to, (struct row_source){padding, 0}, columns.left);
    to = gather_f32(to, source_of(p, x, row, i, channel, 4, padding), columns.copied);
    to = gather_f32(to, (struct row_source){padding, 0}, columns.right);
  }
}

EAIC_INLINE v128_t add_tap_f32(const struct conv_params *p, v128_t sum, const float *x, v128_t w, int32_t t) {
  int32_t pixel = t / p->kernel_w * depthwise_row_pixels(p) + t % p->kernel_w * p->dilation_w;
  return wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load(x + (uint32_t)(pixel * DOT_BLOCK)), w));
}

/* One output row of half a block, f32: taps in order. Four channels at a time leave registers for the weights
 * of a 3x3 kernel. */
EAIC_INLINE void depthwise_half_f32(const struct conv_params *p, struct block b, const float *x,
                                    const float *w) {
  int32_t taps = p->kernel_h * p->kernel_w;
  struct finish f = finish_of(b, 0);
  v128_t kept[DEPTHWISE_UNROLLED_TAPS];
  if (taps <= DEPTHWISE_UNROLLED_TAPS) {
    EAIC_UNROLLED
    for (int32_t t = 0; t < taps; t++) kept[t] = wasm_v128_load(w + (uint32_t)(t * DOT_BLOCK));
  }
  EAIC_ROLLED
  for (int32_t column = 0; column < p->out_w; column++, x += p->stride_w * DOT_BLOCK, b.i += p->out_c) {
    v128_t sum = wasm_f32x4_splat(0);
    if (taps <= DEPTHWISE_UNROLLED_TAPS) {
      EAIC_UNROLLED
      for (int32_t t = 0; t < taps; t++) sum = add_tap_f32(p, sum, x, kept[t], t);
    } else {
      EAIC_ROLLED
      for (int32_t t = 0; t < taps; t++) sum = add_tap_f32(p, sum, x, wasm_v128_load(w + t * DOT_BLOCK), t);
    }
    if (b.epilogue->has_bias) sum = wasm_f32x4_add(sum, f.bias_low);
    store_half(b, finish_f32x4(b, &f, 0, sum));
  }
}

EAIC_KERNEL(depthwise_f32_simd128) {
  const struct conv_params *p = params;
  int32_t rows = p->batch * p->out_h, taps = p->kernel_h * p->kernel_w;
  uint8_t *padding = operand[DOT_SCRATCH];
  float *x = (float *)(void *)(padding + DEPTHWISE_CELL);
  wasm_v128_store(padding, wasm_f32x4_splat(0));
  wasm_v128_store(padding + 16, wasm_f32x4_splat(0));
  struct block b = {&p->epilogue, operand, 0, 0, min_i32(p->out_c, DOT_BLOCK)};
  EAIC_ROLLED
  for (int32_t row = 0; row < rows; row++) {
    EAIC_ROLLED
    for (int32_t first = 0; first < p->out_c; first += DOT_BLOCK) {
      b.n = block_start(first, p->out_c);
      b.i = row * p->out_w * p->out_c + b.n;
      gather_rows_f32(p, x, operand[DOT_X], row, b.n, padding);
      const float *w = (const float *)operand[DOT_W] + first * taps;
      depthwise_half_f32(p, b, x, w);
      if (b.count > 4) depthwise_half_f32(p, half_block(b), x + 4, w + 4);
    }
  }
}

#endif
