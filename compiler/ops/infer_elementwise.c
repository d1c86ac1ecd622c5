/* Inference of the elementwise rows: unary, binary, compare, where. */
#include "ops/infer.h"

#include <string.h>

/* The `types` column: F floats; A floats and integers; I integers; L bool; LI bool and integers; E
 * everything. */
static const char *types_of(enum op op) {
  static const char *const types[OP_COUNT] = {
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define UNARY(e, name, types, doc) [OP_##e] = #types,
#define BINARY(e, name, types, doc) [OP_##e] = #types,
#define COMPARE(e, name, types, doc) [OP_##e] = #types,
#include "ir/ops.def"
  };
  return types[op];
}

/* 8-bit quantized numbers stand for real ones, so they are fine where floats are. */
static void need_element_type(const struct infer *in, const struct type *t) {
  const char *types = types_of(in->op);
  bool ok = strchr(types, 'E') != NULL;
  ok |= (dtype_is_float(t->dtype) || t->quant) && strpbrk(types, "FA");
  ok |= dtype_is_integer(t->dtype) && strpbrk(types, "AI");
  ok |= t->dtype == DT_BOOL && strchr(types, 'L');
  if (!ok)
    INFER_FAIL(in, "input is %s, %s takes %s", infer_text(in, t), op_name(in->op),
               strchr(types, 'F')   ? "floats"
               : strchr(types, 'L') ? "bool"
                                    : "numbers");
}

/* Plain numbers keep their type, quantized ones need to be told the output's. `keeps`: the output may have
 * the input's. */
static void elementwise_output(const struct infer *in, const struct type *x, bool keeps, int rank,
                               const int64_t *dim) {
  if (!x->quant && in->want && (in->want->dtype != x->dtype || in->want->quant))
    INFER_FAIL(in, "output of %s cannot be %s%s", infer_text(in, x), in->want->quant ? "quantized " : "",
               dtype_name(in->want->dtype));
  if (x->quant && !in->want && !keeps)
    INFER_FAIL(in, "quantized inputs need the output's scale and zero point");
  if (x->quant && in->want && !in->want->quant)
    INFER_FAIL(in, "quantized inputs cannot give %s", dtype_name(in->want->dtype));
  infer_wanted_or(in, x->dtype, x->quant, rank, dim);
}

void infer_unary(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  need_element_type(in, x);
  elementwise_output(in, x, in->op == OP_CLIP, x->rank, x->dim);
}

static int broadcast_inputs(const struct infer *in, int i, int j, int64_t dim[MAX_RANK]) {
  const struct type *a = infer_type(in, i), *b = infer_type(in, j);
  int rank;
  if (!broadcast_shape(a, b, &rank, dim))
    INFER_FAIL(in, "inputs %s and %s do not broadcast", infer_text(in, a), infer_text(in, b));
  return rank;
}

static void need_same_dtype(const struct infer *in, int i, int j) {
  const struct type *a = infer_type(in, i), *b = infer_type(in, j);
  if (a->dtype != b->dtype || !a->quant != !b->quant)
    INFER_FAIL(in, "inputs are %s%s and %s%s, expected one type", a->quant ? "quantized " : "",
               infer_text(in, a), b->quant ? "quantized " : "", infer_text(in, b));
}

void infer_binary(struct infer *in) {
  int64_t dim[MAX_RANK];
  const struct type *a = infer_type(in, 0), *b = infer_type(in, 1);
  need_same_dtype(in, 0, 1);
  need_element_type(in, a);
  bool chooses = in->op == OP_MAX || in->op == OP_MIN; /* the result is one of the inputs */
  int rank = broadcast_inputs(in, 0, 1, dim);
  elementwise_output(in, a, chooses && quant_equal(a->quant, b->quant), rank, dim);
}

void infer_compare(struct infer *in) {
  int64_t dim[MAX_RANK];
  const struct type *a = infer_type(in, 0), *b = infer_type(in, 1);
  need_same_dtype(in, 0, 1);
  need_element_type(in, a);
  if (!quant_equal(a->quant, b->quant)) INFER_FAIL(in, "inputs have different scales and cannot be compared");
  int rank = broadcast_inputs(in, 0, 1, dim);
  infer_output(in, 0, DT_BOOL, rank, dim, NULL);
}

void infer_where(struct infer *in) {
  int64_t dim[MAX_RANK];
  infer_need_dtype(in, 0, "condition", DT_BOOL);
  const struct type *condition = infer_type(in, 0), *a = infer_type(in, 1), *b = infer_type(in, 2);
  need_same_dtype(in, 1, 2);
  int rank = broadcast_inputs(in, 1, 2, dim);
  struct type both = {.dtype = a->dtype, .rank = rank};
  memcpy(both.dim, dim, sizeof both.dim);
  if (!broadcast_shape(condition, &both, &rank, dim))
    INFER_FAIL(in, "condition %s and values %s do not broadcast", infer_text(in, condition),
               infer_text(in, &both));
  elementwise_output(in, a, quant_equal(a->quant, b->quant), rank, dim);
}
