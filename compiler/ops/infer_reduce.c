/* Inference of reductions, softmax and layer normalization. */
#include "ops/infer.h"

/* Quantized inputs may give another quantization; plain ones keep their type. */
static void same_or_wanted(const struct infer *in, int rank, const int64_t *dim) {
  const struct type *x = infer_type(in, 0);
  if (in->want && (type_is_quantized(x) ? !in->want->quant || !dtype_is_8bit(in->want->dtype)
                                        : in->want->dtype != x->dtype || in->want->quant))
    INFER_FAIL(in, "output of %s cannot be %s%s", infer_text(in, x), in->want->quant ? "quantized " : "",
               dtype_name(in->want->dtype));
  infer_wanted_or(in, x->dtype, x->quant, rank, dim);
}

static void need_one_scale(const struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (x->quant && x->quant->axis >= 0) INFER_FAIL(in, "input has one scale a channel, expected one scale");
}

/* Attribute `axes` as flags; absent: all axes. */
static void reduced_axes(const struct infer *in, int rank, bool reduced[MAX_RANK]) {
  int n = 0;
  bool given = attr_find(in->attrs, ATTR_AXES) != NULL;
  const int64_t *axes = attr_ints(in->attrs, ATTR_AXES, &n);
  for (int i = 0; i < rank; i++) reduced[i] = !given;
  for (int i = 0; i < n; i++) {
    if (axes[i] < 0 || axes[i] >= rank)
      INFER_FAIL(in, "axis %lld is outside of a tensor of rank %d", (long long)axes[i], rank);
    if (i > 0 && axes[i] <= axes[i - 1])
      INFER_FAIL(in, "axes are not ascending: %lld after %lld", (long long)axes[i], (long long)axes[i - 1]);
    reduced[axes[i]] = true;
  }
}

void infer_reduce(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  bool reduced[MAX_RANK], keep = infer_int(in, ATTR_KEEP_DIMS, 0, 0, 1);
  reduced_axes(in, x->rank, reduced);
  need_one_scale(in);
  if (x->dtype == DT_BOOL) INFER_FAIL(in, "input is %s, expected numbers", infer_text(in, x));
  if (x->quant && (in->op == OP_REDUCE_SUM || in->op == OP_REDUCE_PROD))
    INFER_FAIL(in, "sum and product of quantized numbers are not supported");
  int64_t dim[MAX_RANK];
  int rank = 0;
  for (int i = 0; i < x->rank; i++) {
    if (!reduced[i])
      dim[rank++] = x->dim[i];
    else if (keep)
      dim[rank++] = 1;
  }
  same_or_wanted(in, rank, dim);
}

void infer_softmax(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  infer_axis(in, x->rank, x->rank - 1);
  need_one_scale(in);
  if (!dtype_is_float(x->dtype) && !type_is_quantized(x))
    INFER_FAIL(in, "input is %s, expected floats or quantized u8 or s8", infer_text(in, x));
  if (x->quant && in->op == OP_LOG_SOFTMAX) INFER_FAIL(in, "quantized log_softmax is not supported");
  same_or_wanted(in, x->rank, x->dim);
}

void infer_layer_norm(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int axis = infer_axis(in, x->rank, x->rank - 1);
  if (!dtype_is_float(x->dtype)) INFER_FAIL(in, "input is %s, expected floats", infer_text(in, x));
  infer_need_dtype(in, 1, "scale", x->dtype);
  infer_need_dtype(in, 2, "bias", x->dtype);
  infer_need_shape(in, 1, "scale", x->rank - axis, x->dim + axis);
  infer_need_shape(in, 2, "bias", x->rank - axis, x->dim + axis);
  infer_output(in, 0, x->dtype, x->rank, x->dim, NULL);
}
