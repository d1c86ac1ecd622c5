/* Batches of matrix products. */
#ifndef EAIC_MATMUL_WORDS_H
#define EAIC_MATMUL_WORDS_H

#include "kernels/dot_words.h"

/* Where one product of a batch starts, in elements. */
struct matmul_batch {
  int32_t a, b, y;
};
EAIC_INLINE int32_t matmul_batches(const struct matmul_params *p) {
  int32_t count = 1;
  for (int32_t i = 0; i < p->batch_axes; i++) count *= p->batch_size[i];
  return count;
}
EAIC_INLINE struct matmul_batch matmul_batch_at(const struct matmul_params *p, int32_t batch) {
  struct matmul_batch at = {0, 0, batch * p->m * p->n};
  for (int32_t i = p->batch_axes - 1; i >= 0; i--) {
    int32_t index = batch % p->batch_size[i];
    at.a += index * p->a_batch[i];
    at.b += index * p->b_batch[i];
    batch /= p->batch_size[i];
  }
  return at;
}

#endif
