/* Matrix products, portable C: the oracle of the SIMD variants, and the product at level scalar. */
#include "kernels/matmul_words.h"

EAIC_INLINE void matmul_columns_x8(const struct matmul_params *p, void *const *operand,
                                   struct matmul_batch at, int32_t m, int32_t n, int32_t width) {
  const struct dot_numbers *numbers = operand[DOT_NUMBERS];
  const uint8_t *a = (const uint8_t *)operand[DOT_X] + (at.a + m * p->a_row);
  const uint8_t *b = (const uint8_t *)operand[DOT_W] + (at.b + n * p->b_column);
  int32_t a_zero = zero_point_at(operand[DOT_X_ZERO], p->x_zero_count, m, p->x_signed, numbers->x_zero_point);
  int32_t b_zero[4], sum[4];
  for (int32_t j = 0; j < width; j++) {
    b_zero[j] = zero_point_at(operand[DOT_W_ZERO], p->w_zero_count, n + j, p->w_signed, 0);
    sum[j] = 0;
  }
  for (int32_t k = 0; k < p->k; k++) {
    int32_t v = load8(a, k * p->a_column, p->x_signed) - a_zero;
    for (int32_t j = 0; j < width; j++)
      sum[j] = add_wrapping(sum[j], v * (load8(b, k * p->b_row + j * p->b_column, p->w_signed) - b_zero[j]));
  }
  for (int32_t j = 0; j < width; j++)
    store_x8(&p->epilogue, numbers, operand, at.y + m * p->n + n + j, n + j, sum[j]);
}

EAIC_KERNEL(matmul_x8_plain) {
  const struct matmul_params *p = params;
  int32_t batches = matmul_batches(p);
  for (int32_t batch = 0; batch < batches; batch++) {
    struct matmul_batch at = matmul_batch_at(p, batch);
    for (int32_t m = 0; m < p->m; m++) {
      int32_t n = 0;
      for (; n + 4 <= p->n; n += 4) matmul_columns_x8(p, operand, at, m, n, 4);
      for (; n < p->n; n++) matmul_columns_x8(p, operand, at, m, n, 1);
    }
  }
}

EAIC_INLINE void matmul_columns_f32(const struct matmul_params *p, void *const *operand,
                                    struct matmul_batch at, int32_t m, int32_t n, int32_t width) {
  const float *a = (const float *)operand[DOT_X] + (at.a + m * p->a_row);
  const float *b = (const float *)operand[DOT_W] + (at.b + n * p->b_column);
  float sum[4], part[4];
  for (int32_t j = 0; j < width; j++) sum[j] = part[j] = 0;
  for (int32_t first = 0; first < p->k; first += DOT_PART) {
    int32_t end = min_i32(p->k, first + DOT_PART);
    for (int32_t k = first; k < end; k++)
      for (int32_t j = 0; j < width; j++) part[j] += a[k * p->a_column] * b[k * p->b_row + j * p->b_column];
    add_parts_f32(sum, part, width);
  }
  for (int32_t j = 0; j < width; j++)
    store_f32(&p->epilogue, operand[DOT_NUMBERS], operand, at.y + m * p->n + n + j, n + j, sum[j]);
}

EAIC_KERNEL(matmul_f32_plain) {
  const struct matmul_params *p = params;
  int32_t batches = matmul_batches(p);
  for (int32_t batch = 0; batch < batches; batch++) {
    struct matmul_batch at = matmul_batch_at(p, batch);
    for (int32_t m = 0; m < p->m; m++) {
      int32_t n = 0;
      for (; n + 4 <= p->n; n += 4) matmul_columns_f32(p, operand, at, m, n, 4);
      for (; n < p->n; n++) matmul_columns_f32(p, operand, at, m, n, 1);
    }
  }
}
