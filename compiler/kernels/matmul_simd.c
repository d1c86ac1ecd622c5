/* Matrix products with 128-bit vectors: tiles of 4 rows x 8 columns. */
#include "kernels/dot_tile.h"
#include "kernels/matmul_words.h"

#if EAIC_SIMD128

/* Row m of a, widened into the tile. */
EAIC_INLINE void widen_row(const struct matmul_params *p, void *const *operand, int16_t *to, const uint8_t *a,
                           int32_t m) {
  const struct dot_numbers *numbers = operand[DOT_NUMBERS];
  int32_t zero = zero_point_at(operand[DOT_X_ZERO], p->x_zero_count, m, p->x_signed, numbers->x_zero_point);
  a += m * p->a_row;
  if (p->a_column == 1) {
    widen_x8(to, a, p->k, p->x_signed, p->x_is_centered, zero);
  } else {
    for (int32_t k = 0; k < p->k; k++)
      to[k] = (int16_t)(load8(a, k * p->a_column, p->x_signed) - (p->x_is_centered ? zero : 0));
  }
  if (p->k % 2) to[p->k] = 0; /* the partner of the last element */
}

EAIC_KERNEL(matmul_x8_4x8_simd128) {
  const struct matmul_params *p = params;
  int32_t batches = matmul_batches(p), rows = p->m >= DOT_TILE_ROWS ? DOT_TILE_ROWS : 1;
  int16_t *tile = operand[DOT_SCRATCH];
  EAIC_ROLLED
  for (int32_t batch = 0; batch < batches; batch++) {
    struct matmul_batch at = matmul_batch_at(p, batch);
    struct weights_x8 w = {(const uint8_t *)operand[DOT_W] + at.b, p->w_signed, p->w_zero_count,
                           operand[DOT_W_ZERO]};
    EAIC_ROLLED
    for (int32_t tile_row = 0; tile_row < p->m; tile_row += rows) {
      int32_t m = min_i32(tile_row, p->m - rows);
      EAIC_ROLLED
      for (int32_t r = 0; r < rows; r++)
        widen_row(p, operand, tile + r * dot_row_stride(p->k), (const uint8_t *)operand[DOT_X] + at.a, m + r);
      struct block b = {&p->epilogue, operand, at.y + m * p->n, 0, 0};
      dense_rows_x8(b, rows, p->n, tile, p->k, w, p->n);
    }
  }
}

EAIC_KERNEL(matmul_f32_4x8_simd128) {
  const struct matmul_params *p = params;
  int32_t batches = matmul_batches(p), rows = p->m >= DOT_TILE_ROWS ? DOT_TILE_ROWS : 1;
  EAIC_ROLLED
  for (int32_t batch = 0; batch < batches; batch++) {
    struct matmul_batch at = matmul_batch_at(p, batch);
    EAIC_ROLLED
    for (int32_t tile_row = 0; tile_row < p->m; tile_row += rows) {
      int32_t m = min_i32(tile_row, p->m - rows), stride = p->a_row;
      const float *a = (const float *)operand[DOT_X] + (at.a + m * p->a_row);
      if (p->a_column != 1) { /* a is transposed: gather the tile's rows */
        float *tile = operand[DOT_SCRATCH];
        stride = dot_row_stride(p->k);
        for (int32_t r = 0; r < rows; r++)
          for (int32_t k = 0; k < p->k; k++) tile[r * stride + k] = a[r * p->a_row + k * p->a_column];
        a = tile;
      }
      struct block b = {&p->epilogue, operand, at.y + m * p->n, 0, 0};
      dense_rows_f32(b, rows, p->n, a, stride, p->k, (const float *)operand[DOT_W] + at.b, p->b_row,
                     p->b_block, p->n);
    }
  }
}

#endif
