/* Look-ups by run-time indices of single elements and of tuples of coordinates: gather and scatter. */
#include "kernels/kernel.h"

#include "kernels/elementwise_words.h"
#include "kernels/typed_words.h"

EAIC_INLINE int64_t load_index(const void *index, int32_t i, int32_t wide) {
  return wide ? ((const int64_t *)index)[i] : (int64_t)((const int32_t *)index)[i];
}

/* y = y combined with x. Types that are only moved (16-bit floats, bool) are replaced. */
#define COMBINE(t)                                                    \
  do {                                                                \
    c_##t *a = (c_##t *)y + at;                                       \
    const c_##t b = ((const c_##t *)x)[from];                         \
    if (combine == COMBINE_ADD) *a = binary_add_##t(*a, b, 0);        \
    else if (combine == COMBINE_MUL) *a = binary_mul_##t(*a, b, 0);   \
    else if (combine == COMBINE_MAX) *a = binary_max_##t(*a, b, 0);   \
    else *a = binary_min_##t(*a, b, 0);                               \
  } while (0)

EAIC_INLINE void copy_element(void *y, int32_t at, const void *x, int32_t from, int32_t bytes) {
  switch (bytes) {
    case 1: ((uint8_t *)y)[at] = ((const uint8_t *)x)[from]; break;
    case 2: ((uint16_t *)y)[at] = ((const uint16_t *)x)[from]; break;
    case 4: ((uint32_t *)y)[at] = ((const uint32_t *)x)[from]; break;
    default: ((uint64_t *)y)[at] = ((const uint64_t *)x)[from]; break;
  }
}

EAIC_INLINE void combine_element(void *y, int32_t at, const void *x, int32_t from, int32_t type, int32_t combine) {
  if (combine == COMBINE_REPLACE) {
    copy_element(y, at, x, from, element_bytes(type));
    return;
  }
  switch (type) { EACH_NUMBER_TYPE(COMBINE) }
}

EAIC_INLINE void copy_elements(void *y, const void *x, int32_t count, int32_t bytes) {
  for (int32_t i = 0; i < count; i++) copy_element(y, i, x, i, bytes);
}

/* Offset in x or y of the element that index element `i` names; -1: out of range. */
EAIC_INLINE int32_t element_offset(const struct index_elements_params *p, const void *index, int32_t i, int clamp) {
  int64_t v = load_index(index, i, p->wide);
  v = v < 0 ? v + p->size : v;
  if (clamp) v = v < 0 ? 0 : v < p->size ? v : p->size - 1;
  if (v < 0 || v >= p->size) return -1;
  int32_t offset = (int32_t)v * p->stride[p->axis];
  for (int32_t a = p->rank - 1; a >= 0; a--) {
    offset += a == p->axis ? 0 : i % p->dim[a] * p->stride[a];
    i /= p->dim[a];
  }
  return offset;
}

EAIC_INLINE int32_t index_count(const struct index_elements_params *p) {
  int32_t count = 1;
  for (int32_t a = 0; a < p->rank; a++) count *= p->dim[a];
  return count;
}

EAIC_KERNEL(gather_elements_plain) {
  const struct index_elements_params *p = params;
  for (int32_t i = 0, count = index_count(p); i < count; i++)
    copy_element(operand[GATHER_ND_Y], i, operand[GATHER_ND_X], element_offset(p, operand[GATHER_ND_INDEX], i, 1),
                 element_bytes(p->type));
}

EAIC_KERNEL(scatter_elements_plain) {
  const struct index_elements_params *p = params;
  copy_elements(operand[SCATTER_Y], operand[SCATTER_X], p->count, element_bytes(p->type));
  for (int32_t i = 0, count = index_count(p); i < count; i++) {
    int32_t at = element_offset(p, operand[SCATTER_INDEX], i, 0);
    if (at >= 0) combine_element(operand[SCATTER_Y], at, operand[SCATTER_UPDATES], i, p->type, p->combine);
  }
}

/* Offset of the run that tuple `t` (over all batches) names; -1: out of range. */
EAIC_INLINE int32_t tuple_offset(const struct index_tuples_params *p, const void *index, int32_t t, int clamp) {
  int32_t offset = t / p->tuples * p->batch_size;
  for (int32_t i = 0; i < p->depth; i++) {
    int64_t v = load_index(index, t * p->depth + i, p->wide);
    v = v < 0 ? v + p->dim[i] : v;
    if (clamp) v = v < 0 ? 0 : v < p->dim[i] ? v : p->dim[i] - 1;
    if (v < 0 || v >= p->dim[i]) return -1;
    offset += (int32_t)v * p->stride[i];
  }
  return offset;
}

EAIC_KERNEL(gather_nd_plain) {
  const struct index_tuples_params *p = params;
  for (int32_t t = 0; t < p->batch * p->tuples; t++) {
    int32_t from = tuple_offset(p, operand[GATHER_ND_INDEX], t, 1);
    for (int32_t i = 0; i < p->run; i++)
      copy_element(operand[GATHER_ND_Y], t * p->run + i, operand[GATHER_ND_X], from + i, element_bytes(p->type));
  }
}

EAIC_KERNEL(scatter_nd_plain) {
  const struct index_tuples_params *p = params;
  copy_elements(operand[SCATTER_Y], operand[SCATTER_X], p->count, element_bytes(p->type));
  for (int32_t t = 0; t < p->tuples; t++) {
    int32_t at = tuple_offset(p, operand[SCATTER_INDEX], t, 0);
    for (int32_t i = 0; at >= 0 && i < p->run; i++)
      combine_element(operand[SCATTER_Y], at + i, operand[SCATTER_UPDATES], t * p->run + i, p->type, p->combine);
  }
}
