/* Tiles of dot products with 128-bit vectors: 8 output channels (a block) of 4 rows or 1. The words below
 * store a block as struct dot_epilogue says, with the same bits as the portable words. */
#ifndef EAIC_DOT_TILE_H
#define EAIC_DOT_TILE_H

#include "kernels/dot_words.h"

#if EAIC_SIMD128

/* Where a block ends up: element `i` of y and residual, output channel `n`, `count` channels (8, or fewer
 * when there are fewer in all). */
struct block {
  const struct dot_epilogue *epilogue;
  void *const *operand;
  int32_t i, n, count;
};

/* First channel of the block at `n` of `channels`: the last block overlaps the one before it. */
EAIC_INLINE int32_t block_start(int32_t n, int32_t channels) {
  if (channels % DOT_BLOCK == 0) return n;
  return channels > DOT_BLOCK ? min_i32(n, channels - DOT_BLOCK) : 0;
}

/* What the epilogue needs for a block, loaded once for all of its rows. */
struct finish {
  v128_t bias_low, bias_high;   /* f32 sums */
  v128_t scale_low, scale_high; /* integer sums */
  v128_t low, high, post_low, post_high;
  v128_t offset; /* see round_even_i32x4 */
  struct add_lanes add;
};

/* Reads a number behind the dot-product loop: were it not volatile, LLVM would read it before, and keep it in
 * one of 16 vector registers that engines need for sums. */
EAIC_INLINE v128_t splat_late(const float *p) { return wasm_f32x4_splat(*(const volatile float *)p); }

EAIC_INLINE struct finish finish_of(struct block b, int32_t integer) {
  const struct dot_epilogue *e = b.epilogue;
  const struct dot_numbers *numbers = b.operand[DOT_NUMBERS];
  const float *bias = (const float *)b.operand[DOT_BIAS], *scale = b.operand[DOT_SCALE];
  int32_t levels = e->output == DOT_U8 || e->output == DOT_S8;
  struct finish f = {0};
  if (!integer && e->has_bias) {
    f.bias_low = wasm_v128_load(bias + b.n);
    f.bias_high = wasm_v128_load(bias + b.n + 4);
  }
  if (integer && e->output != DOT_S32) {
    f.scale_low = e->scale_count > 1 ? wasm_v128_load(scale + b.n) : splat_late(scale);
    f.scale_high = e->scale_count > 1 ? wasm_v128_load(scale + b.n + 4) : f.scale_low;
  }
  if (levels ? !e->narrowing_clamps : e->has_clip) {
    f.low = splat_late(&numbers->low);
    f.high = splat_late(&numbers->high);
  }
  if ((levels && e->residual) || e->has_post_clip) {
    f.post_low = splat_late(&numbers->post_low);
    f.post_high = splat_late(&numbers->post_high);
  }
  if (levels) f.offset = wasm_i32x4_splat(round_offset(*(const volatile int32_t *)&numbers->zero_point));
  if (levels && e->residual)
    f.add = add_lanes_make(*(const volatile float *)&numbers->ratio_a,
                           *(const volatile float *)&numbers->ratio_b,
                           *(const volatile float *)&numbers->fixed, e->add_is_single);
  return f;
}

/* The second four channels of a block. */
EAIC_INLINE struct block half_block(struct block b) {
  return (struct block){b.epilogue, b.operand, b.i + 4, b.n + 4, b.count - 4};
}

/* Stores the first four channels of a block, or as many as it has. */
EAIC_INLINE void store_half(struct block b, v128_t v) {
  uint32_t *y = (uint32_t *)b.operand[DOT_Y] + b.i, word[4];
  if (b.count >= 4) {
    wasm_v128_store(y, v);
    return;
  }
  wasm_v128_store(word, v);
  for (int32_t j = 0; j < b.count; j++) y[j] = word[j];
}

EAIC_INLINE void store_words(struct block b, v128_t low, v128_t high) {
  store_half(b, low);
  if (b.count > 4) store_half(half_block(b), high);
}

EAIC_INLINE void store_bytes(struct block b, v128_t v) {
  uint8_t *y = (uint8_t *)b.operand[DOT_Y] + b.i;
  if (b.count == DOT_BLOCK) {
    wasm_v128_store64_lane(y, v, 0);
    return;
  }
  uint64_t bits = (uint64_t)wasm_i64x2_extract_lane(v, 0);
  for (int32_t j = 0; j < b.count; j++) y[j] = (uint8_t)(bits >> (8 * j));
}

/* finish_f32 for four channels, `offset` further on. */
EAIC_INLINE v128_t finish_f32x4(struct block b, const struct finish *f, int32_t offset, v128_t v) {
  if (b.epilogue->has_clip) v = clip_f32x4(v, f->low, f->high);
  if (b.epilogue->residual)
    v = wasm_f32x4_add(v, wasm_v128_load((const float *)b.operand[DOT_RESIDUAL] + (b.i + offset)));
  if (b.epilogue->has_post_clip) v = clip_f32x4(v, f->post_low, f->post_high);
  return v;
}

/* store_f32 of a block. */
EAIC_INLINE void store_block_f32(struct block b, const struct finish *f, v128_t low, v128_t high) {
  if (b.epilogue->has_bias) {
    low = wasm_f32x4_add(low, f->bias_low);
    high = wasm_f32x4_add(high, f->bias_high);
  }
  store_words(b, finish_f32x4(b, f, 0, low), finish_f32x4(b, f, 4, high));
}

/* add_residual_x8 of four levels. */
EAIC_INLINE v128_t add_residual_i32x4(struct block b, const struct finish *f, v128_t level, v128_t residual) {
  int32_t first = b.epilogue->residual == DOT_RESIDUAL_FIRST;
  v128_t v = add_levels_f32x4(first ? residual : level, first ? level : residual, f->add,
                              b.epilogue->add_is_single);
  return round_even_i32x4(clamp_levels_f32x4(v, f->post_low, f->post_high),
                          wasm_i32x4_splat(round_offset(0)));
}

/* Sums that start from the bias. */
EAIC_INLINE v128_t start_i32x4(struct block b, int32_t offset) {
  if (!b.epilogue->has_bias) return wasm_i32x4_splat(0);
  return wasm_v128_load((const int32_t *)b.operand[DOT_BIAS] + (b.n + offset));
}

/* store_x8 of a block whose sums contain the bias. */
EAIC_INLINE void store_block_x8(struct block b, const struct finish *f, v128_t low, v128_t high) {
  const struct dot_epilogue *e = b.epilogue;
  if (e->output == DOT_S32) {
    store_words(b, low, high);
    return;
  }
  low = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(low), f->scale_low);
  high = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(high), f->scale_high);
  if (e->output == DOT_F32) {
    store_words(b, finish_f32x4(b, f, 0, low), finish_f32x4(b, f, 4, high));
    return;
  }
  if (!e->narrowing_clamps) {
    low = clamp_levels_f32x4(low, f->low, f->high);
    high = clamp_levels_f32x4(high, f->low, f->high);
  }
  low = round_even_i32x4(low, f->offset);
  high = round_even_i32x4(high, f->offset);
  if (e->residual) {
    v128_t r = load8x8((const uint8_t *)b.operand[DOT_RESIDUAL] + b.i, e->residual_signed);
    low = add_residual_i32x4(b, f, low, wasm_i32x4_extend_low_i16x8(r));
    high = add_residual_i32x4(b, f, high, wasm_i32x4_extend_high_i16x8(r));
  }
  store_bytes(b, narrow8_i32x4(low, high, e->output == DOT_S8));
}

/* The right side of an integer product: packed weights (see dot_pack_dense_x8) and their zero points. */
struct weights_x8 {
  const uint8_t *packed;
  int32_t is_signed, zero_count;
  const void *zero;
};

/* Zero points of 8 channels from n on, each twice: to be subtracted from widened pairs. */
struct pair_zeros {
  v128_t low, high;
};
EAIC_INLINE struct pair_zeros pair_zeros_at(struct weights_x8 w, int32_t n) {
  if (w.zero_count <= 1) {
    v128_t one = wasm_i16x8_splat((int16_t)zero_point_at(w.zero, w.zero_count, 0, w.is_signed, 0));
    return (struct pair_zeros){one, one};
  }
  v128_t z = load8x8((const uint8_t *)w.zero + n, w.is_signed);
  return (struct pair_zeros){wasm_i16x8_shuffle(z, z, 0, 0, 1, 1, 2, 2, 3, 3),
                             wasm_i16x8_shuffle(z, z, 4, 4, 5, 5, 6, 6, 7, 7)};
}

/* `rows` rows of i16 from `a` on, `stride` elements apart, times one block of `pairs` pairs of weights; y's
 * rows are `y_stride` elements apart. `rows` is 4 or 1, a constant. */
EAIC_INLINE void dense_block_x8(struct block b, int32_t rows, const int16_t *a, int32_t stride, int32_t pairs,
                                struct weights_x8 w, int32_t y_stride) {
  v128_t low[DOT_TILE_ROWS], high[DOT_TILE_ROWS];
  struct pair_zeros zero = pair_zeros_at(w, b.n);
  for (int32_t r = 0; r < rows; r++) {
    low[r] = start_i32x4(b, 0);
    high[r] = start_i32x4(b, 4);
  }
  const uint8_t *at = w.packed;
  EAIC_ROLLED
  for (int32_t k = 0; k < pairs; k++, a += 2, at += 2 * DOT_BLOCK) {
    v128_t w_low = load8x8(at, w.is_signed), w_high = load8x8(at + DOT_BLOCK, w.is_signed);
    if (w.zero_count) {
      w_low = wasm_i16x8_sub(w_low, zero.low);
      w_high = wasm_i16x8_sub(w_high, zero.high);
    }
    for (int32_t r = 0; r < rows; r++) {
      v128_t x = wasm_v128_load32_splat(a + (uint32_t)(r * stride)); /* unsigned: a constant offset in wasm */
      low[r] = wasm_i32x4_add(low[r], wasm_i32x4_dot_i16x8(x, w_low));
      high[r] = wasm_i32x4_add(high[r], wasm_i32x4_dot_i16x8(x, w_high));
    }
  }
  struct finish f = finish_of(b, 1);
  for (int32_t r = 0; r < rows; r++, b.i += y_stride) store_block_x8(b, &f, low[r], high[r]);
}

/* All `channels` channels of one tile: b.i and b.n are those of the first. */
EAIC_INLINE void dense_rows_x8(struct block b, int32_t rows, int32_t channels, const int16_t *a, int32_t k,
                               struct weights_x8 w, int32_t y_stride) {
  int32_t pairs = (k + 1) / 2, i = b.i, n = b.n;
  b.count = min_i32(channels, DOT_BLOCK);
  EAIC_ROLLED
  for (int32_t first = 0; first < channels; first += DOT_BLOCK, w.packed += pairs * 2 * DOT_BLOCK) {
    int32_t start = block_start(first, channels);
    b.i = i + start;
    b.n = n + start;
    dense_block_x8(b, rows, a, dot_row_stride(k), pairs, w, y_stride);
  }
}

/* Widens `count` neighbouring 8-bit numbers to i16, minus `zero` when `centered`. Writes up to 7 more. */
EAIC_INLINE void widen_x8(int16_t *to, const void *from, int32_t count, int32_t is_signed, int32_t centered,
                          int32_t zero) {
  v128_t z = wasm_i16x8_splat((int16_t)zero);
  EAIC_ROLLED
  for (int32_t i = 0; i < count; i += 8) {
    v128_t v = load8x8((const uint8_t *)from + i, is_signed);
    wasm_v128_store(to + i, centered ? wasm_i16x8_sub(v, z) : v);
  }
}

/* Sums of `rows` rows and a block. */
struct tile_f32 {
  v128_t low[DOT_TILE_ROWS], high[DOT_TILE_ROWS];
};

/* One part of the sums: `count` neighbouring k. */
EAIC_INLINE struct tile_f32 dense_part_f32(int32_t rows, const float *a, int32_t stride, int32_t count,
                                           const float *w, int32_t w_row) {
  struct tile_f32 t;
  for (int32_t r = 0; r < rows; r++) t.low[r] = t.high[r] = wasm_f32x4_splat(0);
  EAIC_ROLLED
  for (int32_t i = 0; i < count; i++, a++, w += w_row) {
    v128_t w_low = wasm_v128_load(w), w_high = wasm_v128_load(w + 4);
    for (int32_t r = 0; r < rows; r++) {
      v128_t x = wasm_v128_load32_splat(a + (uint32_t)(r * stride));
      t.low[r] = wasm_f32x4_add(t.low[r], wasm_f32x4_mul(x, w_low));
      t.high[r] = wasm_f32x4_add(t.high[r], wasm_f32x4_mul(x, w_high));
    }
  }
  return t;
}

/* Rows `stride` floats apart times one block of weights; its row k is at w + k * w_row. */
EAIC_INLINE struct tile_f32 dense_sums_f32(int32_t rows, const float *a, int32_t stride, int32_t k,
                                           const float *w, int32_t w_row) {
  if (k <= DOT_PART) return dense_part_f32(rows, a, stride, k, w, w_row);
  struct tile_f32 sum;
  for (int32_t r = 0; r < rows; r++) sum.low[r] = sum.high[r] = wasm_f32x4_splat(0);
  EAIC_ROLLED
  for (int32_t first = 0; first < k; first += DOT_PART) {
    int32_t count = min_i32(k - first, DOT_PART);
    struct tile_f32 part = dense_part_f32(rows, a + first, stride, count, w + first * w_row, w_row);
    for (int32_t r = 0; r < rows; r++) {
      sum.low[r] = wasm_f32x4_add(sum.low[r], part.low[r]);
      sum.high[r] = wasm_f32x4_add(sum.high[r], part.high[r]);
    }
  }
  return sum;
}

EAIC_INLINE void dense_block_f32(struct block b, int32_t rows, const float *a, int32_t stride, int32_t k,
                                 const float *w, int32_t w_row, int32_t y_stride) {
  struct tile_f32 sum = dense_sums_f32(rows, a, stride, k, w, w_row);
  struct finish f = finish_of(b, 0);
  for (int32_t r = 0; r < rows; r++, b.i += y_stride) store_block_f32(b, &f, sum.low[r], sum.high[r]);
}

/* All channels of one tile. w_block: floats from one block's weights to the next; 0 means rows of b as they
 * lie (w + channel). */
EAIC_INLINE void dense_rows_f32(struct block b, int32_t rows, int32_t channels, const float *a,
                                int32_t stride, int32_t k, const float *w, int32_t w_row, int32_t w_block,
                                int32_t y_stride) {
  int32_t i = b.i, n = b.n;
  b.count = min_i32(channels, DOT_BLOCK);
  EAIC_ROLLED
  for (int32_t first = 0; first < channels; first += DOT_BLOCK) {
    int32_t start = block_start(first, channels);
    b.i = i + start;
    b.n = n + start;
    dense_block_f32(b, rows, a, stride, k, w_block ? w + first / DOT_BLOCK * w_block : w + start, w_row,
                    y_stride);
  }
}

#endif
#endif
