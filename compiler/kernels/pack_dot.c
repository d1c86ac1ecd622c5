/* Packs the right side of a matrix product for the SIMD kernels when it is known at run time only. */
#include "kernels/dot_words.h"

/* Column of b that lane `lane` of the block at `first` holds, or -1. */
EAIC_INLINE int32_t packed_column(int32_t first, int32_t lane, int32_t n) {
  int32_t column = (n > DOT_BLOCK ? min_i32(first, n - DOT_BLOCK) : 0) + lane;
  return column < n ? column : -1;
}

EAIC_KERNEL(pack_x8_plain) {
  const struct pack_params *p = params;
  uint8_t *y = operand[PACK_Y];
  for (int32_t batch = 0; batch < p->batch; batch++) {
    const uint8_t *b = (const uint8_t *)operand[PACK_B] + batch * p->k * p->n;
    for (int32_t first = 0; first < p->n; first += DOT_BLOCK) {
      for (int32_t k = 0; k < p->k; k += 2, y += 2 * DOT_BLOCK) {
        for (int32_t lane = 0; lane < DOT_BLOCK; lane++) {
          int32_t n = packed_column(first, lane, p->n);
          y[2 * lane] = n < 0 ? 0 : b[k * p->b_row + n * p->b_column];
          y[2 * lane + 1] = n < 0 || k + 1 == p->k ? 0 : b[(k + 1) * p->b_row + n * p->b_column];
        }
      }
    }
  }
}

EAIC_KERNEL(pack_f32_plain) {
  const struct pack_params *p = params;
  float *y = operand[PACK_Y];
  for (int32_t batch = 0; batch < p->batch; batch++) {
    const float *b = (const float *)operand[PACK_B] + batch * p->k * p->n;
    for (int32_t first = 0; first < p->n; first += DOT_BLOCK) {
      for (int32_t k = 0; k < p->k; k++, y += DOT_BLOCK) {
        for (int32_t lane = 0; lane < DOT_BLOCK; lane++) {
          int32_t n = packed_column(first, lane, p->n);
          y[lane] = n < 0 ? 0 : b[k * p->b_row + n * p->b_column];
        }
      }
    }
  }
}
