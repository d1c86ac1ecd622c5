#include <string.h>

#include "ir/ir.h"

const struct quant *quant_make(struct ctx *c, int axis, int n, const float *scale,
                               const int32_t *zero_point) {
  struct quant *q = CTX_NEW(c, struct quant);
  q->axis = axis;
  q->n = n;
  q->scale = ctx_copy(c, scale, (size_t)n * sizeof *scale);
  q->zero_point = ctx_copy(c, zero_point, (size_t)n * sizeof *zero_point);
  return q;
}

const struct quant *quant_scalar(struct ctx *c, float scale, int32_t zero_point) {
  return quant_make(c, -1, 1, &scale, &zero_point);
}

bool quant_equal(const struct quant *a, const struct quant *b) {
  if (a == b) return true;
  if (!a || !b || a->axis != b->axis || a->n != b->n) return false;
  return memcmp(a->scale, b->scale, (size_t)a->n * sizeof *a->scale) == 0 &&
         memcmp(a->zero_point, b->zero_point, (size_t)a->n * sizeof *a->zero_point) == 0;
}

struct type type_make(enum dtype dtype, int rank, const int64_t *dim, const struct quant *quant) {
  struct type t = {.dtype = dtype, .rank = rank, .quant = quant};
  for (int i = 0; i < rank; i++) t.dim[i] = dim[i];
  return t;
}

struct type type_with_shape(struct type t, int rank, const int64_t *dim) {
  return type_make(t.dtype, rank, dim, t.quant);
}

int64_t type_elements(const struct type *t) {
  int64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->dim[i];
  return n;
}

int64_t type_bytes(const struct type *t) { return type_elements(t) * dtype_bytes(t->dtype); }

bool type_same_shape(const struct type *a, const struct type *b) {
  if (a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return true;
}

bool type_equal(const struct type *a, const struct type *b) {
  return a->dtype == b->dtype && type_same_shape(a, b) && quant_equal(a->quant, b->quant);
}

bool type_is_sane(const struct type *t) {
  const int64_t limit = (int64_t)1 << 40;
  int64_t n = dtype_bytes(t->dtype),
          padded = 1; /* padded: with zero dims as 1, so that products of parts are safe too */
  if (t->rank < 0 || t->rank > MAX_RANK) return false;
  for (int i = 0; i < t->rank; i++) {
    if (t->dim[i] < 0 || !checked_mul(padded, t->dim[i] ? t->dim[i] : 1, &padded) || padded > limit / n)
      return false;
  }
  return true;
}
