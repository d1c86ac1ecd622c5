/* Look-ups, orders and masks: Gather and Scatter by elements and tuples, ArgMax, TopK, CumSum, Trilu, EyeLike, Hardmax,
 * ReverseSequence. */
#include <string.h>

#include "onnx/import.h"

static struct value *iota(struct import *n, int64_t count, int rank, const int64_t *dim) {
  charge_constant(n, count * (int64_t)sizeof(int64_t));
  int64_t *data = CTX_ARRAY(n->ctx, int64_t, count);
  for (int64_t i = 0; i < count; i++) data[i] = i;
  return constant_ints_value(n, rank, dim, data);
}

/* f16 has no kernels of its own where elements are computed with. */
static struct value *computable(struct import *n, struct value *x) {
  bool narrow = x->type.dtype == DT_F16 || x->type.dtype == DT_BF16;
  return narrow ? make_cast(n, x, DT_F32) : x->type.dtype == DT_BOOL ? make_cast(n, x, DT_U8) : x;
}

void import_gather_elements(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, need_axis(n, attribute_int(n, "axis", 0), x->type.rank));
  n->output[0] = make(n, OP_GATHER_ELEMENTS, 2, (struct value *[]){x, need_input(n, 1, "indices")}, 1, &attr, NULL);
}

void import_gather_nd(struct import *n) {
  const struct attr attr = attr_make_int(n->ctx, ATTR_BATCH_DIMS, attribute_int(n, "batch_dims", 0));
  struct value *const in[2] = {need_input(n, 0, "data"), need_input(n, 1, "indices")};
  n->output[0] = make(n, OP_GATHER_ND, 2, in, 1, &attr, NULL);
}

/* Argument: OP_SCATTER_ELEMENTS or OP_SCATTER_ND. */
void import_scatter(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "data")), *updates = make_plain(n, need_input(n, 2, "updates"));
  const char *mode = attribute_text(n, "reduction", "none");
  bool combines = strcmp(mode, "none") != 0, elements = n->row->argument == OP_SCATTER_ELEMENTS;
  struct value *const in[3] = {combines ? computable(n, x) : x, need_input(n, 1, "indices"),
                               combines ? computable(n, updates) : updates};
  struct attr attr[2] = {attr_make_name(n->ctx, ATTR_MODE, mode)};
  if (elements) attr[1] = attr_make_int(n->ctx, ATTR_AXIS, need_axis(n, attribute_int(n, "axis", 0), x->type.rank));
  n->output[0] = make_cast(n, make(n, (enum op)n->row->argument, 3, in, elements ? 2 : 1, attr, NULL), x->type.dtype);
}

static struct value *arg(struct import *n, enum op op, struct value *x, int axis, bool keep_dims, bool last) {
  const struct attr attr[3] = {attr_make_int(n->ctx, ATTR_AXIS, axis),
                               attr_make_int(n->ctx, ATTR_KEEP_DIMS, keep_dims), attr_make_int(n->ctx, ATTR_LAST, last)};
  x = computable(n, x);
  return make(n, op, 1, &x, 3, attr, NULL);
}

/* ArgMax, ArgMin. Argument: the IR op. */
void import_arg(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "data"));
  int axis = need_axis(n, attribute_int(n, "axis", 0), x->type.rank);
  n->output[0] = arg(n, (enum op)n->row->argument, x, axis, attribute_bool(n, "keepdims", true),
                     attribute_bool(n, "select_last_index", false));
}

/* Hardmax-1/11: over all axes from `axis` on, flattened; 13: over one axis. 1 at the first largest element. */
void import_hardmax(struct import *n) {
  struct value *x = need_input(n, 0, "input"), *y = x;
  bool flatten = n->opset < 13;
  int axis = need_axis(n, attribute_int(n, "axis", flatten ? 1 : -1), x->type.rank);
  if (flatten) {
    int64_t dim[2] = {1, 1};
    for (int i = 0; i < x->type.rank; i++) dim[i >= axis] *= x->type.dim[i];
    y = make_reshape(n, x, 2, dim);
    axis = 1;
  }
  int64_t line[MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  line[axis] = y->type.dim[axis];
  struct value *hit = make_2(n, OP_EQUAL, arg(n, OP_ARG_MAX, y, axis, true, false), iota(n, line[axis], y->type.rank, line));
  n->output[0] = make_reshape(n, make_cast(n, hit, x->type.dtype), x->type.rank, x->type.dim);
}

/* TopK-1 has attribute k, 10/11 an input, which the declared shape of the output tells when it is not constant. */
void import_top_k(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "X"));
  int axis = need_axis(n, attribute_int(n, "axis", -1), x->type.rank), rank;
  int64_t dim[MAX_RANK], k;
  if (n->opset < 10) k = attribute_int(n, "k", 0);
  else if (!need_input(n, 1, "K")->data && declared_shape(n, 0, &rank, dim) && rank == x->type.rank) k = dim[axis];
  else k = (int64_t)constant_number(n, 1, "K", 0);
  const struct attr attr[3] = {attr_make_int(n->ctx, ATTR_AXIS, axis), attr_make_int(n->ctx, ATTR_TAKE, k),
                               attr_make_int(n->ctx, ATTR_LARGEST, attribute_bool(n, "largest", true))};
  struct value *in = computable(n, x);
  struct node *node = make_node(n, OP_TOP_K, 1, &in, 3, attr, NULL);
  n->output[0] = make_cast(n, node->output[0], x->type.dtype);
  n->output[1] = node->output[1];
}

/* CumSum (argument 0), CumProd (1). */
void import_cumulate(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "x"));
  struct value *const in[2] = {computable(n, x), need_input(n, 1, "axis")};
  const struct attr attr[3] = {attr_make_name(n->ctx, ATTR_MODE, n->row->argument ? "prod" : "sum"),
                               attr_make_int(n->ctx, ATTR_EXCLUSIVE, attribute_bool(n, "exclusive", false)),
                               attr_make_int(n->ctx, ATTR_REVERSE, attribute_bool(n, "reverse", false))};
  n->output[0] = make_cast(n, make(n, OP_CUMULATE, 2, in, 3, attr, NULL), x->type.dtype);
}

/* column - row of the last two axes. */
static struct value *diagonals(struct import *n, int64_t rows, int64_t columns) {
  const int64_t down[2] = {rows, 1}, across[2] = {1, columns};
  return make_2(n, OP_SUB, iota(n, columns, 2, across), iota(n, rows, 2, down));
}

/* Keeps column - row >= k (upper) or <= k. */
void import_trilu(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input")), *k = optional_input(n, 1);
  need_rank(n, x, 2, MAX_RANK, "the input");
  if (k) k = make_reshape(n, make_cast(n, k, DT_S64), 0, NULL);
  else k = make_scalar(n, DT_S64, 0);
  struct value *diagonal = diagonals(n, x->type.dim[x->type.rank - 2], x->type.dim[x->type.rank - 1]);
  bool upper = attribute_bool(n, "upper", true);
  struct value *keep = make_2(n, upper ? OP_GREATER_EQUAL : OP_LESS_EQUAL, diagonal, k);
  n->output[0] = make_where(n, keep, x, make_scalar_like(n, x, 0));
}

void import_eye_like(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  need_rank(n, x, 2, 2, "the input");
  enum dtype dtype = x->type.dtype;
  if (has_attribute(n, "dtype")) dtype = element_type(n->ctx, (int)attribute_int(n, "dtype", 0), &n->at, "the output");
  struct value *k = make_scalar(n, DT_S64, (double)attribute_int(n, "k", 0));
  n->output[0] = make_cast(n, make_2(n, OP_EQUAL, diagonals(n, x->type.dim[0], x->type.dim[1]), k), dtype);
}

/* y[t, b] = x[t < length[b] ? length[b] - 1 - t : t, b]. */
void import_reverse_sequence(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input")), *length = need_input(n, 1, "sequence_lens");
  int time = need_axis(n, attribute_int(n, "time_axis", 0), x->type.rank);
  int batch = need_axis(n, attribute_int(n, "batch_axis", 1), x->type.rank);
  int64_t times[MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1}, batches[MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  times[time] = x->type.dim[time], batches[batch] = x->type.dim[batch];
  struct value *t = iota(n, times[time], x->type.rank, times);
  length = make_reshape(n, make_cast(n, length, DT_S64), x->type.rank, batches);
  struct value *back = make_2(n, OP_SUB, make_2(n, OP_SUB, length, make_scalar(n, DT_S64, 1)), t);
  struct value *index = make_where(n, make_2(n, OP_LESS, t, length), back, t);
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, time);
  index = make_expand(n, index, x->type.rank, x->type.dim);
  n->output[0] = make(n, OP_GATHER_ELEMENTS, 2, (struct value *[]){x, index}, 1, &attr, NULL);
}
