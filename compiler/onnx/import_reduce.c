/* Reductions. Axes are an attribute up to opset 17 (ReduceSum: 12) and an input from then on. */
#include "onnx/import.h"

/* Ascending axes to reduce over; -1: none, by noop_with_empty_axes. */
static int read_axes(struct import *n, const struct value *x, bool from_input, int64_t axes[MAX_RANK]) {
  int count = 0;
  const int64_t *given = from_input ? constant_ints(n, 1, "axes", &count) : attribute_ints(n, "axes", &count);
  if (count > 0) return need_axes(n, given, count, x->type.rank, axes);
  if (from_input && attribute_bool(n, "noop_with_empty_axes", false)) return -1;
  for (int i = 0; i < x->type.rank; i++) axes[i] = i;
  return x->type.rank;
}

/* The axes, when they come at run time and the model declares the output's shape; else NULL. */
static struct value *run_time_axes(struct import *n, bool from_input, int *rank, int64_t dim[MAX_RANK]) {
  struct value *axes = from_input ? optional_input(n, 1) : NULL;
  bool known = !axes || axes->data || type_elements(&axes->type) == 0;
  return !known && declared_shape(n, 0, rank, dim) ? axes : NULL;
}

static const char *mode_of(enum op op) {
  return op == OP_REDUCE_MEAN ? "mean" : op == OP_REDUCE_MAX ? "max" : op == OP_REDUCE_MIN ? "min"
       : op == OP_REDUCE_PROD ? "prod" : "sum";
}

static struct value *reduce_by(struct import *n, enum op op, struct value *x, struct value *axes, int rank,
                               const int64_t *dim) {
  const struct attr attr[2] = {attr_make_ints(n->ctx, ATTR_SHAPE, rank, dim),
                               attr_make_name(n->ctx, ATTR_MODE, mode_of(op))};
  return make(n, OP_REDUCE_BY, 2, (struct value *[]){x, axes}, 2, attr, NULL);
}

static struct value *reduce_known(struct import *n, enum op op, struct value *x) {
  bool from_input = n->opset >= (n->row->argument == OP_REDUCE_SUM ? 13 : 18);
  int64_t axes[MAX_RANK];
  int count = read_axes(n, x, from_input, axes);
  bool keep_dims = attribute_bool(n, "keepdims", true);
  return count <= 0 ? x : make_reduce(n, op, x, count, axes, keep_dims);
}

/* x reduced as the node's axes and keepdims say. 16-bit floats are summed as f32. */
static struct value *reduce(struct import *n, enum op op, struct value *x) {
  bool from_input = n->opset >= (n->row->argument == OP_REDUCE_SUM ? 13 : 18);
  bool narrow = x->type.dtype == DT_F16 || x->type.dtype == DT_BF16;
  struct value *wide = narrow ? make_cast(n, x, DT_F32) : x;
  int rank;
  int64_t dim[MAX_RANK];
  struct value *axes = run_time_axes(n, from_input, &rank, dim);
  struct value *y = axes ? reduce_by(n, op, wide, axes, rank, dim) : reduce_known(n, op, wide);
  return make_cast(n, y, x->type.dtype);
}

/* Argument: the IR op. Max and Min take bool from opset 20 on. */
void import_reduce(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "data"));
  bool logical = x->type.dtype == DT_BOOL;
  struct value *y = reduce(n, (enum op)n->row->argument, logical ? make_cast(n, x, DT_U8) : x);
  n->output[0] = logical ? make_cast(n, y, DT_BOOL) : y;
}

static struct value *data(struct import *n) { return make_plain(n, need_input(n, 0, "data")); }

void import_reduce_l1(struct import *n) {
  n->output[0] = reduce(n, OP_REDUCE_SUM, make_1(n, OP_ABS, data(n)));
}

static struct value *sum_of_squares(struct import *n) {
  struct value *x = data(n);
  return reduce(n, OP_REDUCE_SUM, make_2(n, OP_MUL, x, x));
}

void import_reduce_sum_square(struct import *n) { n->output[0] = sum_of_squares(n); }

void import_reduce_l2(struct import *n) {
  enum dtype dtype = data(n)->type.dtype;
  struct value *sum = sum_of_squares(n);
  bool floats = dtype_is_float(dtype);
  struct value *root = make_1(n, OP_SQRT, floats ? sum : make_cast(n, sum, DT_F32));
  n->output[0] = make_cast(n, root, dtype);
}

void import_reduce_log_sum(struct import *n) {
  n->output[0] = make_1(n, OP_LOG, reduce(n, OP_REDUCE_SUM, data(n)));
}

/* log(sum(e^(x - m))) + m with the largest element m, so that nothing overflows. */
void import_reduce_log_sum_exp(struct import *n) {
  struct value *x = data(n);
  int64_t axes[MAX_RANK];
  int rank_declared;
  int64_t declared[MAX_RANK];
  if (run_time_axes(n, n->opset >= 18, &rank_declared, declared)) {
    /* The largest of all elements does as well. */
    for (int i = 0; i < x->type.rank; i++) axes[i] = i;
    struct value *most = make_reduce(n, OP_REDUCE_MAX, x, x->type.rank, axes, false);
    struct value *sum = reduce(n, OP_REDUCE_SUM, make_1(n, OP_EXP, make_2(n, OP_SUB, x, most)));
    n->output[0] = make_2(n, OP_ADD, make_1(n, OP_LOG, sum), most);
    return;
  }
  int count = read_axes(n, x, n->opset >= 18, axes);
  if (count <= 0) {
    n->output[0] = x;
    return;
  }
  struct value *largest = make_reduce(n, OP_REDUCE_MAX, x, count, axes, true);
  struct value *terms = make_1(n, OP_EXP, make_2(n, OP_SUB, x, largest));
  struct value *log_sum = make_1(n, OP_LOG, make_reduce(n, OP_REDUCE_SUM, terms, count, axes, true));
  struct value *y = make_2(n, OP_ADD, log_sum, largest);
  int64_t dim[MAX_RANK];
  int rank = 0;
  for (int i = 0, k = 0; i < y->type.rank; i++) {
    bool reduced = k < count && axes[k] == i;
    k += reduced;
    if (!reduced) dim[rank++] = y->type.dim[i];
  }
  n->output[0] = attribute_bool(n, "keepdims", true) ? y : make_reshape(n, y, rank, dim);
}

/* com.microsoft QLinearReduceMean: in floats, between dequantize and quantize. */
void import_qlinear_reduce_mean(struct import *n) {
  struct value *x = quantized_input(n, 0, "data");
  struct type want = quantized_output(n, 3, 4, x), floats = type_make(DT_F32, 0, NULL, NULL);
  int count = 0;
  const int64_t *given = attribute_ints(n, "axes", &count);
  int64_t axes[MAX_RANK];
  for (int i = 0; !count && i < x->type.rank; i++) axes[i] = i;
  count = count ? need_axes(n, given, count, x->type.rank, axes) : x->type.rank;
  struct value *real = make(n, OP_DEQUANTIZE, 1, &x, 0, NULL, &floats);
  struct value *mean = make_reduce(n, OP_REDUCE_MEAN, real, count, axes, attribute_bool(n, "keepdims", true));
  n->output[0] = make(n, OP_QUANTIZE, 1, &mean, 0, NULL, &want);
}
