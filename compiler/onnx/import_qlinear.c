/* QLinearConv-10, QLinearMatMul-10/21, and com.microsoft's QLinear operators and QGemm: the IR's ops over
 * quantized types. The pools, QLinearSoftmax and QLinearReduceMean are with their families. */
#include <string.h>

#include "onnx/import.h"

/* QLinearConv: x, scale, zero point, w, scale(s), zero point(s), y scale, zero point, bias. Weights [o,..]
 * have scales along axis 0. */
void import_qlinear_conv(struct import *n) {
  struct value *x = quantized_input(n, 0, "x"), *w = need_input(n, 3, "w"), *bias = optional_input(n, 8);
  if (!dtype_is_8bit(w->type.dtype))
    FAIL(n, "input 3 'w' is %s, expected u8 or s8", type_text(n->ctx, &w->type));
  need_rank(n, w, 3, MAX_RANK, "input 3 'w'");
  w = make_retype(n, w, read_quant(n, 4, 5, &w->type, 0));
  bias = make_plain(n, bias);
  struct type want = quantized_output(n, 6, 7, x);
  n->output[0] = make_conv(n, OP_CONV, x, w, 1, &bias, &want);
}

/* A matrix operand with scales for its columns (the last axis, or the first when it is transposed). */
static struct value *quantized_matrix(struct import *n, int i, const char *what, bool transposed) {
  struct value *v = need_input(n, i, what);
  if (!dtype_is_8bit(v->type.dtype))
    FAIL(n, "input %d '%s' is %s, expected u8 or s8", i, what, type_text(n->ctx, &v->type));
  int axis = v->type.rank < 2 ? -1 : v->type.rank - (transposed ? 2 : 1);
  return make_retype(n, v, read_quant(n, i + 1, i + 2, &v->type, axis));
}

void import_qlinear_matmul(struct import *n) {
  struct value *a = quantized_input(n, 0, "a"), *b = quantized_matrix(n, 3, "b", false);
  struct type want = quantized_output(n, 6, 7, a);
  struct vectors v = promote_vectors(n, &a, &b);
  n->output[0] = demote_vectors(n, v, make_matmul(n, a, b, NULL, false, false, &want));
}

static bool is_row(const struct value *c) {
  return c->type.rank < 2 || (c->type.rank == 2 && c->type.dim[0] == 1);
}

/* The int32 addend of QGemm, which is one row for all rows, as a vector of one entry a column. */
static struct value *gemm_bias(struct import *n, struct value *c, int64_t columns) {
  int64_t count = type_elements(&c->type);
  return make_expand(n, make_reshape(n, c, 1, &count), 1, &columns);
}

/* The zero points of a quantized matrix as MatMulInteger takes them: one, or one a column. */
static struct value *zero_points(struct import *n, const struct value *v) {
  const struct quant *q = v->type.quant;
  if (q->axis < 0) return make_scalar(n, v->type.dtype, q->zero_point[0]);
  uint8_t *data = CTX_ARRAY(n->ctx, uint8_t, q->n); /* the low byte of u8 and s8 */
  for (int i = 0; i < q->n; i++) data[i] = (uint8_t)q->zero_point[i];
  const int64_t dim[1] = {q->n};
  return value_constant(n->ctx, NULL, type_make(v->type.dtype, 1, dim, NULL), data);
}

/* (scale of a * scale of b) / scale of y as float32, one or one a column. */
static struct value *product_scale(struct import *n, const struct value *a, const struct value *b,
                                   const struct quant *y) {
  const struct quant *q = b->type.quant;
  float *data = CTX_ARRAY(n->ctx, float, q->n);
  for (int i = 0; i < q->n; i++) data[i] = a->type.quant->scale[0] * q->scale[i] / (y ? y->scale[0] : 1);
  const int64_t dim[1] = {q->n};
  return value_constant(n->ctx, NULL, type_make(DT_F32, 1, dim, NULL), data);
}

/* QGemm whose C has several rows, step by step: the int32 product plus C, scaled; a quantize by 1 then clamps, rounds and adds
 * the zero point as requantization does. */
static struct value *gemm_in_steps(struct import *n, struct value *a, struct value *b, struct value *c,
                                   const struct type *want) {
  struct value *const in[4] = {make_plain(n, a), make_plain(n, b), zero_points(n, a), zero_points(n, b)};
  struct value *sum = make_2(n, OP_ADD, make(n, OP_MATMUL_INTEGER, 4, in, 0, NULL, NULL), c);
  struct value *y = make_2(n, OP_MUL, make_cast(n, sum, DT_F32), product_scale(n, a, b, want->quant));
  if (!want->quant) return y;
  struct type levels = type_make(want->dtype, 0, NULL, quant_scalar(n->ctx, 1, want->quant->zero_point[0]));
  return make_retype(n, make(n, OP_QUANTIZE, 1, &y, 0, NULL, &levels), want->quant);
}

static struct value *transposed(struct import *n, struct value *x, bool transpose) {
  static const int perm[2] = {1, 0};
  return transpose ? make_transpose(n, x, perm) : x;
}

/* QGemm: A, scale, zero point, B, scale(s), zero point(s), C (int32), y scale, zero point (without: a float
 * result). ONNX Runtime scales by ((alpha * a) * b) / y: alpha goes into the scale of A. */
void import_qgemm(struct import *n) {
  bool transpose_a = attribute_bool(n, "transA", false), transpose_b = attribute_bool(n, "transB", false);
  struct value *a = quantized_input(n, 0, "A"), *b = quantized_matrix(n, 3, "B", transpose_b);
  need_rank(n, a, 2, 2, "input 0 'A'");
  need_rank(n, b, 2, 2, "input 3 'B'");
  float alpha = attribute_float(n, "alpha", 1), scale = alpha * a->type.quant->scale[0];
  if (!(scale > 0)) FAIL(n, "attribute 'alpha' is %g, only positive numbers are supported", (double)alpha);
  if (alpha != 1) a = make_retype(n, a, quant_scalar(n->ctx, scale, a->type.quant->zero_point[0]));
  struct type want = type_make(DT_F32, 0, NULL, NULL);
  if (optional_input(n, 7)) want = quantized_output(n, 7, 8, a);
  struct value *c = make_plain(n, optional_input(n, 6)), *bias = NULL;
  if (c && !is_row(c)) {
    n->output[0] = gemm_in_steps(n, transposed(n, a, transpose_a), transposed(n, b, transpose_b), c, &want);
    return;
  }
  if (c) bias = gemm_bias(n, c, b->type.dim[transpose_b ? 0 : 1]);
  n->output[0] = make_matmul(n, a, b, bias, transpose_a, transpose_b, &want);
}

/* QLinearAdd, QLinearMul. Argument: the IR op. */
void import_qlinear_binary(struct import *n) {
  struct value *a = quantized_input(n, 0, "A"), *b = quantized_input(n, 3, "B");
  struct type want = quantized_output(n, 6, 7, a);
  n->output[0] = make_binary(n, (enum op)n->row->argument, a, b, &want);
}

/* QLinearSigmoid, QLinearLeakyRelu. */
void import_qlinear_unary(struct import *n) {
  struct value *x = quantized_input(n, 0, "X");
  struct type want = quantized_output(n, 3, 4, x);
  enum op op = (enum op)n->row->argument;
  const struct attr alpha = attr_make_float(n->ctx, ATTR_ALPHA, attribute_float(n, "alpha", 0.01f));
  n->output[0] = make(n, op, 1, &x, op == OP_LEAKY_RELU, &alpha, &want);
}

/* x in the quantization of the output; the same bits when it has it already. */
static struct value *requantized(struct import *n, struct value *x, const struct type *want) {
  if (x->type.dtype == want->dtype && quant_equal(x->type.quant, want->quant)) return x;
  return make(n, OP_REQUANTIZE, 1, &x, 0, NULL, want);
}

/* QLinearConcat: y scale, zero point, then three inputs a piece. */
void import_qlinear_concat(struct import *n) {
  int count = (n->input_count - 2) / 3;
  if (count < 1 || n->input_count != 2 + 3 * count)
    FAIL(n, "%d inputs do not make pieces of three", n->input_count);
  struct value **x = CTX_ARRAY(n->ctx, struct value *, count);
  x[0] = quantized_input(n, 2, "X");
  struct type want = quantized_output(n, 0, 1, x[0]);
  for (int i = 0; i < count; i++) x[i] = requantized(n, quantized_input(n, 2 + 3 * i, "X"), &want);
  n->output[0] = make_concat(n, count, x, need_axis(n, attribute_int(n, "axis", 0), x[0]->type.rank));
}

/* QLinearWhere: condition, x, scale, zero point, y, scale, zero point, z scale, zero point. */
void import_qlinear_where(struct import *n) {
  struct value *x = quantized_input(n, 1, "X"), *y = quantized_input(n, 4, "Y");
  struct type want = quantized_output(n, 7, 8, x);
  n->output[0] = make_where(n, need_input(n, 0, "condition"), requantized(n, x, &want),
                            requantized(n, y, &want));
}
