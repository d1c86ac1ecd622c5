/* Largest and smallest elements, running sums and products, and reductions over axes known at run time only. */
#include "kernels/kernel.h"

#include "kernels/elementwise_words.h"
#include "kernels/typed_words.h"

#define ARG(t)                                                                     \
  for (int32_t r = 0; r < p->outer * p->inner; r++) {                              \
    const c_##t *x = (const c_##t *)operand[ORDER_X] + r / p->inner * p->size * p->inner + r % p->inner; \
    int32_t best = 0;                                                              \
    for (int32_t i = 1; i < p->size; i++) {                                        \
      const c_##t a = x[i * p->inner], b = x[best * p->inner];                     \
      if ((p->largest ? a > b : a < b) || (p->last && a == b)) best = i;           \
    }                                                                              \
    index[r] = best;                                                               \
  }

EAIC_KERNEL(arg_plain) {
  const struct order_params *p = params;
  int64_t *index = operand[ORDER_INDEX];
  switch (p->type) { EACH_NUMBER_TYPE(ARG) }
}

/* Each next element is the best of those that come after the one before; equal ones in order of their index. When none is
 * left (numbers that have no order, NaN), the last one stands in. */
#define TOP_K(t)                                                                                        \
  for (int32_t r = 0; r < p->outer * p->inner; r++) {                                                   \
    const int32_t row = r / p->inner, column = r % p->inner;                                            \
    const c_##t *x = (const c_##t *)operand[ORDER_X] + row * p->size * p->inner + column;               \
    int32_t before = -1;                                                                                \
    for (int32_t k = 0; k < p->count; k++) {                                                            \
      int32_t best = -1;                                                                                \
      for (int32_t i = 0; i < p->size; i++) {                                                           \
        const c_##t v = x[i * p->inner], limit = x[(before < 0 ? i : before) * p->inner];               \
        const int after = before < 0 || (p->largest ? v < limit : v > limit) || (v == limit && i > before); \
        const c_##t b = x[(best < 0 ? i : best) * p->inner];                                            \
        if (after && (best < 0 || (p->largest ? v > b : v < b))) best = i;                              \
      }                                                                                                 \
      before = best < 0 ? p->size - 1 : best;                                                           \
      ((c_##t *)operand[ORDER_Y])[(row * p->count + k) * p->inner + column] = x[before * p->inner];     \
      index[(row * p->count + k) * p->inner + column] = before;                                         \
    }                                                                                                   \
  }

EAIC_KERNEL(top_k_plain) {
  const struct order_params *p = params;
  int64_t *index = operand[ORDER_INDEX];
  switch (p->type) { EACH_NUMBER_TYPE(TOP_K) }
}

EAIC_INLINE int64_t load_axis(const void *axes, int32_t i, int32_t wide, int32_t rank) {
  int64_t axis = wide ? ((const int64_t *)axes)[i] : (int64_t)((const int32_t *)axes)[i];
  return axis < 0 ? axis + rank : axis;
}

#define CUMULATE(t)                                                                                 \
  for (int32_t r = 0; r < outer * inner; r++) {                                                     \
    const int32_t first = r / inner * size * inner + r % inner;                                     \
    c_##t sum = p->product ? 1 : 0;                                                                 \
    for (int32_t i = 0; i < size; i++) {                                                            \
      const int32_t at = first + (p->reverse ? size - 1 - i : i) * inner;                           \
      const c_##t v = ((const c_##t *)operand[CUMULATE_X])[at];                                     \
      const c_##t next = p->product ? binary_mul_##t(sum, v, 0) : binary_add_##t(sum, v, 0);        \
      ((c_##t *)operand[CUMULATE_Y])[at] = p->exclusive ? sum : next;                               \
      sum = next;                                                                                   \
    }                                                                                               \
  }

EAIC_KERNEL(cumulate_plain) {
  const struct cumulate_params *p = params;
  int64_t axis = load_axis(operand[CUMULATE_AXIS], 0, p->wide, p->rank);
  axis = axis < 0 ? 0 : axis < p->rank ? axis : p->rank - 1;
  int32_t outer = 1, size = 1, inner = 1;
  for (int32_t i = 0; i < p->rank; i++) {
    if (i < axis) outer *= p->dim[i];
    else if (i == axis) size = p->dim[i];
    else inner *= p->dim[i];
  }
  switch (p->type) { EACH_NUMBER_TYPE(CUMULATE) }
}

/* What a reduction of nothing gives. */
#define FIRST_VALUE_FLOAT(t, infinity)                                   \
  EAIC_INLINE c_##t first_value_##t(int32_t kind) {                      \
    return kind == REDUCE_KIND_PROD ? 1 : kind == REDUCE_KIND_MAX ? -infinity : kind == REDUCE_KIND_MIN ? infinity : 0; \
  }
#define FIRST_VALUE_INTEGER(t, lowest, highest)                         \
  EAIC_INLINE c_##t first_value_##t(int32_t kind) {                     \
    return kind == REDUCE_KIND_PROD ? 1 : kind == REDUCE_KIND_MAX ? lowest : kind == REDUCE_KIND_MIN ? highest : 0; \
  }
FIRST_VALUE_FLOAT(f32, __builtin_inff())
FIRST_VALUE_FLOAT(f64, __builtin_inf())
FIRST_VALUE_INTEGER(u8, 0, UINT8_MAX)
FIRST_VALUE_INTEGER(u16, 0, UINT16_MAX)
FIRST_VALUE_INTEGER(u32, 0, UINT32_MAX)
FIRST_VALUE_INTEGER(u64, 0, UINT64_MAX)
FIRST_VALUE_INTEGER(s8, INT8_MIN, INT8_MAX)
FIRST_VALUE_INTEGER(s16, INT16_MIN, INT16_MAX)
FIRST_VALUE_INTEGER(s32, INT32_MIN, INT32_MAX)
FIRST_VALUE_INTEGER(s64, INT64_MIN, INT64_MAX)

#define REDUCE_BY(t)                                                                          \
  do {                                                                                        \
    const c_##t *x = operand[REDUCE_BY_X];                                                    \
    c_##t *y = operand[REDUCE_BY_Y];                                                          \
    for (int32_t i = 0; i < p->count; i++) y[i] = fits ? first_value_##t(p->kind) : 0;        \
    for (int32_t i = 0; fits && i < all; i++) {                                               \
      int32_t at = 0, rest = i;                                                               \
      for (int32_t a = p->rank - 1; a >= 0; a--) {                                            \
        at += rest % p->dim[a] * stride[a];                                                   \
        rest /= p->dim[a];                                                                    \
      }                                                                                       \
      if (p->kind == REDUCE_KIND_MAX) y[at] = binary_max_##t(y[at], x[i], 0);                 \
      else if (p->kind == REDUCE_KIND_MIN) y[at] = binary_min_##t(y[at], x[i], 0);            \
      else if (p->kind == REDUCE_KIND_PROD) y[at] = binary_mul_##t(y[at], x[i], 0);           \
      else y[at] = binary_add_##t(y[at], x[i], 0);                                            \
    }                                                                                         \
    if (p->kind == REDUCE_KIND_MEAN)                                                          \
      for (int32_t i = 0; fits && i < p->count; i++) y[i] = binary_div_##t(y[i], (c_##t)(all / p->count), 0); \
  } while (0)

EAIC_KERNEL(reduce_by_plain) {
  const struct reduce_by_params *p = params;
  int32_t stride[INDEX_AXES], kept = 1, all = 1, named = 0;
  for (int32_t i = 0; i < p->axes; i++) {
    int64_t axis = load_axis(operand[REDUCE_BY_AXES], i, p->wide, p->rank);
    if (axis >= 0 && axis < p->rank) named |= 1 << axis;
  }
  for (int32_t a = p->rank - 1; a >= 0; a--) {
    stride[a] = named >> a & 1 ? 0 : kept;
    kept *= named >> a & 1 ? 1 : p->dim[a];
    all *= p->dim[a];
  }
  const int fits = kept == p->count;
  switch (p->type) { EACH_NUMBER_TYPE(REDUCE_BY) }
}
