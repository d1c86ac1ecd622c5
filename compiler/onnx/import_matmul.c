/* Matrix products: MatMul-1/9/13, Gemm-7/9/11/13, MatMulInteger-10, and com.microsoft's fused ones. */
#include <string.h>

#include "onnx/import.h"

struct vectors promote_vectors(struct import *n, struct value **a, struct value **b) {
  struct vectors v = {(*a)->type.rank == 1, (*b)->type.rank == 1};
  const int64_t row[2] = {1, v.a ? (*a)->type.dim[0] : 0}, column[2] = {v.b ? (*b)->type.dim[0] : 0, 1};
  if (v.a) *a = make_reshape(n, *a, 2, row);
  if (v.b) *b = make_reshape(n, *b, 2, column);
  return v;
}

struct value *demote_vectors(struct import *n, struct vectors v, struct value *y) {
  int64_t dim[MAX_RANK];
  int rank = 0;
  for (int i = 0; i < y->type.rank; i++) {
    bool added = (v.a && i == y->type.rank - 2) || (v.b && i == y->type.rank - 1);
    if (!added) dim[rank++] = y->type.dim[i];
  }
  return make_reshape(n, y, rank, dim);
}

static struct value *times(struct import *n, struct value *x, float factor) {
  return factor == 1 ? x : make_2(n, OP_MUL, x, make_scalar_like(n, x, (double)factor));
}

/* 16-bit floats are multiplied as f32. For other types a product is [.., m, k, 1] * [.., 1, k, n], summed over k. */
static struct value *product(struct import *n, struct value *a, struct value *b) {
  enum dtype dtype = a->type.dtype;
  if (dtype == DT_F32 || dtype != b->type.dtype) return make_matmul(n, a, b, NULL, false, false, NULL);
  if (dtype == DT_F16 || dtype == DT_BF16)
    return make_cast(n, make_matmul(n, make_cast(n, a, DT_F32), make_cast(n, b, DT_F32), NULL, false, false, NULL), dtype);
  int64_t left[MAX_RANK], right[MAX_RANK];
  int a_rank = a->type.rank, b_rank = b->type.rank;
  if (a_rank >= MAX_RANK || b_rank >= MAX_RANK) FAIL(n, "products of this type have at most %d dimensions", MAX_RANK - 1);
  if (a->type.dim[a_rank - 1] != b->type.dim[b_rank - 2])
    FAIL(n, "%s and %s cannot be multiplied", type_text(n->ctx, &a->type), type_text(n->ctx, &b->type));
  memcpy(left, a->type.dim, sizeof left);
  memcpy(right, b->type.dim, sizeof right);
  left[a_rank] = 1;
  right[b_rank] = right[b_rank - 1], right[b_rank - 1] = right[b_rank - 2], right[b_rank - 2] = 1;
  struct value *terms = make_2(n, OP_MUL, make_reshape(n, a, a_rank + 1, left), make_reshape(n, b, b_rank + 1, right));
  const int64_t axis = terms->type.rank - 2;
  return make_reduce(n, OP_REDUCE_SUM, terms, 1, &axis, false);
}

void import_matmul(struct import *n) {
  struct value *a = make_plain(n, need_input(n, 0, "A")), *b = make_plain(n, need_input(n, 1, "B"));
  struct vectors v = promote_vectors(n, &a, &b);
  n->output[0] = demote_vectors(n, v, product(n, a, b));
}

/* alpha * a . b; transBatch is for an axis order that only ONNX Runtime's own fusions make. */
void import_fused_matmul(struct import *n) {
  struct value *a = need_input(n, 0, "A"), *b = need_input(n, 1, "B");
  if (attribute_bool(n, "transBatchA", false) || attribute_bool(n, "transBatchB", false))
    FAIL(n, "attributes 'transBatchA' and 'transBatchB' are not supported");
  bool transpose_a = attribute_bool(n, "transA", false) && a->type.rank > 1;
  bool transpose_b = attribute_bool(n, "transB", false) && b->type.rank > 1;
  struct vectors v = promote_vectors(n, &a, &b);
  struct value *y = times(n, make_matmul(n, a, b, NULL, transpose_a, transpose_b, NULL),
                          attribute_float(n, "alpha", 1));
  n->output[0] = demote_vectors(n, v, y);
}

/* c as a vector [columns], when it is one row for all rows; else NULL. */
static struct value *as_bias(struct import *n, struct value *c, int64_t columns) {
  int rank = c->type.rank;
  bool one_row = rank == 1 || (rank == 2 && c->type.dim[0] == 1);
  return one_row && c->type.dim[rank - 1] == columns ? make_reshape(n, c, 1, &columns) : NULL;
}

void import_gemm(struct import *n) {
  struct value *a = need_input(n, 0, "A"), *b = need_input(n, 1, "B"), *c = optional_input(n, 2);
  need_rank(n, a, 2, 2, "input 0 'A'");
  need_rank(n, b, 2, 2, "input 1 'B'");
  if (!c && n->opset < 11) need_input(n, 2, "C");
  float alpha = attribute_float(n, "alpha", 1), beta = attribute_float(n, "beta", 1);
  bool transpose_a = attribute_bool(n, "transA", false), transpose_b = attribute_bool(n, "transB", false);
  struct value *bias = NULL;
  if (c && alpha == 1 && beta == 1) bias = as_bias(n, c, b->type.dim[transpose_b ? 0 : 1]);
  struct value *y = times(n, make_matmul(n, a, b, bias, transpose_a, transpose_b, NULL), alpha);
  if (c && !bias && beta != 0) {
    struct value *sum = make_2(n, OP_ADD, y, times(n, c, beta));
    if (!type_same_shape(&sum->type, &y->type))
      FAIL(n, "input 2 'C' is %s, which does not broadcast to %s", type_text(n->ctx, &c->type),
           type_text(n->ctx, &y->type));
    y = sum;
  }
  n->output[0] = y;
}

/* Integer products. */

static struct value *integer_product(struct import *n, struct value *a, struct value *b, struct value *a_zero,
                                     struct value *b_zero) {
  a = make_plain(n, a);
  b = make_plain(n, b);
  struct vectors v = promote_vectors(n, &a, &b);
  struct value *const in[4] = {a, b, make_plain(n, a_zero), make_plain(n, b_zero)};
  return demote_vectors(n, v, make(n, OP_MATMUL_INTEGER, b_zero ? 4 : a_zero ? 3 : 2, in, 0, NULL, NULL));
}

void import_matmul_integer(struct import *n) {
  n->output[0] = integer_product(n, need_input(n, 0, "A"), need_input(n, 1, "B"), optional_input(n, 2),
                                 optional_input(n, 3));
}

/* The s32 product as floats: times both scales, plus a bias. */
static struct value *scaled_product(struct import *n, struct value *product, struct value *a_scale,
                                    struct value *b_scale, struct value *bias) {
  struct value *scale = make_2(n, OP_MUL, a_scale, b_scale);
  struct value *y = make_2(n, OP_MUL, make_cast(n, product, DT_F32), scale);
  return bias ? make_2(n, OP_ADD, y, bias) : y;
}

/* com.microsoft MatMulIntegerToFloat: A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias. */
void import_matmul_integer_to_float(struct import *n) {
  struct value *product = integer_product(n, need_input(n, 0, "A"), need_input(n, 1, "B"),
                                          optional_input(n, 4), optional_input(n, 5));
  n->output[0] = scaled_product(n, product, need_input(n, 2, "a_scale"), need_input(n, 3, "b_scale"),
                                optional_input(n, 6));
}

/* com.microsoft DynamicQuantizeMatMul: A (float), B, b_scale, b_zero_point, bias. */
void import_dynamic_quantize_matmul(struct import *n) {
  struct value *x = need_input(n, 0, "A");
  struct node *a = make_node(n, OP_QUANTIZE_DYNAMIC, 1, &x, 0, NULL, NULL);
  struct value *product = integer_product(n, a->output[0], need_input(n, 1, "B"), a->output[2],
                                          optional_input(n, 3));
  n->output[0] = scaled_product(n, product, a->output[1], need_input(n, 2, "b_scale"), optional_input(n, 4));
}
