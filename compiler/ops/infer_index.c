/* Inference of look-ups by elements and tuples, of orders along an axis, and of reductions over run-time axes. */
#include "ops/infer.h"

#include <string.h>

static void need_index(const struct infer *in, int i, const char *what) {
  const struct type *t = infer_type(in, i);
  if (t->dtype != DT_S32 && t->dtype != DT_S64)
    INFER_FAIL(in, "%s are %s, expected s32 or s64", what, infer_text(in, t));
}

static void need_plain(const struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (x->quant && x->quant->axis >= 0) INFER_FAIL(in, "input has one scale a channel, expected one scale");
}

/* Each axis of the index but `axis` is at most that of x. */
static void need_index_shape(const struct infer *in, int axis) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1);
  bool fits = index->rank == x->rank && (x->dim[axis] > 0 || type_elements(index) == 0);
  for (int i = 0; fits && i < x->rank; i++) fits = i == axis || index->dim[i] <= x->dim[i];
  if (!fits) INFER_FAIL(in, "indices %s do not fit %s", infer_text(in, index), infer_text(in, x));
}

void infer_gather_elements(struct infer *in) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1);
  need_index(in, 1, "indices");
  need_plain(in);
  need_index_shape(in, infer_axis(in, x->rank, 0));
  infer_output(in, 0, x->dtype, index->rank, index->dim, x->quant);
}

/* The length of the tuples of a gather_nd or scatter_nd. */
static int need_tuples(const struct infer *in, int batch) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1);
  need_index(in, 1, "indices");
  int64_t depth = index->rank > batch ? index->dim[index->rank - 1] : -1;
  bool fits = depth >= 0 && batch + depth <= x->rank;
  for (int i = 0; fits && i < batch; i++) fits = index->dim[i] == x->dim[i];
  for (int i = 0; fits && i < depth; i++) fits = x->dim[batch + i] > 0 || type_elements(index) == 0;
  if (!fits) INFER_FAIL(in, "indices %s do not fit %s", infer_text(in, index), infer_text(in, x));
  return (int)depth;
}

void infer_gather_nd(struct infer *in) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1);
  int batch = (int)infer_int(in, ATTR_BATCH_DIMS, 0, 0, MAX_RANK), depth = need_tuples(in, batch), rank = 0;
  int64_t dim[2 * MAX_RANK];
  need_plain(in);
  for (int i = 0; i < index->rank - 1; i++) dim[rank++] = index->dim[i];
  for (int i = batch + depth; i < x->rank; i++) dim[rank++] = x->dim[i];
  infer_output(in, 0, x->dtype, rank, dim, x->quant);
}

static void need_mode(const struct infer *in, const char *fallback, const char *words) {
  const char *mode = attr_name(in->attrs, ATTR_MODE, fallback), *at = strstr(words, mode);
  size_t n = strlen(mode);
  if (!at || n < 3 || (at[n] && at[n] != ' ') || (at > words && at[-1] != ' '))
    INFER_FAIL(in, "mode is '%s', which is not supported", mode);
}

void infer_scatter(struct infer *in) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1), *updates = infer_type(in, 2);
  need_plain(in);
  infer_need_dtype(in, 2, "updates", x->dtype);
  need_mode(in, "none", "none add mul max min");
  if (in->op == OP_SCATTER_ELEMENTS) {
    need_index(in, 1, "indices");
    need_index_shape(in, infer_axis(in, x->rank, 0));
    infer_need_shape(in, 2, "updates", index->rank, index->dim);
  } else {
    int depth = need_tuples(in, 0), rank = 0;
    int64_t dim[2 * MAX_RANK];
    for (int i = 0; i < index->rank - 1; i++) dim[rank++] = index->dim[i];
    for (int i = depth; i < x->rank; i++) dim[rank++] = x->dim[i];
    if (rank > MAX_RANK || updates->rank != rank) INFER_FAIL(in, "updates are %s", infer_text(in, updates));
    infer_need_shape(in, 2, "updates", rank, dim);
  }
  infer_output(in, 0, x->dtype, x->rank, x->dim, x->quant);
}

void infer_arg(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int axis = infer_axis(in, x->rank, 0), rank = 0;
  bool keep = infer_int(in, ATTR_KEEP_DIMS, 0, 0, 1);
  infer_int(in, ATTR_LAST, 0, 0, 1);
  if (x->dim[axis] == 0) INFER_FAIL(in, "axis %d of %s is empty", axis, infer_text(in, x));
  int64_t dim[MAX_RANK];
  for (int i = 0; i < x->rank; i++)
    if (i != axis || keep) dim[rank++] = i == axis ? 1 : x->dim[i];
  infer_output(in, 0, DT_S64, rank, dim, NULL);
}

void infer_top_k(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int axis = infer_axis(in, x->rank, 0);
  int64_t dim[MAX_RANK];
  need_plain(in);
  infer_int(in, ATTR_LARGEST, 1, 0, 1);
  memcpy(dim, x->dim, sizeof dim);
  dim[axis] = infer_int(in, ATTR_TAKE, 0, 0, x->dim[axis]);
  infer_output(in, 0, x->dtype, x->rank, dim, x->quant);
  infer_output(in, 1, DT_S64, x->rank, dim, NULL);
}

void infer_cumulate(struct infer *in) {
  const struct type *x = infer_type(in, 0), *axis = infer_type(in, 1);
  need_index(in, 1, "axes");
  need_mode(in, "sum", "sum prod");
  if (x->quant || x->rank == 0) INFER_FAIL(in, "input is %s, expected plain numbers", infer_text(in, x));
  if (type_elements(axis) != 1) INFER_FAIL(in, "axis is %s, expected one number", infer_text(in, axis));
  infer_output(in, 0, x->dtype, x->rank, x->dim, NULL);
}

void infer_reduce_by(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int rank = 0;
  int64_t dim[MAX_RANK];
  attr_ints(in->attrs, ATTR_SHAPE, &rank);
  if (rank > MAX_RANK) INFER_FAIL(in, "shape has rank %d, at most %d is supported", rank, MAX_RANK);
  infer_ints(in, ATTR_SHAPE, rank, 1, 0, dim);
  need_index(in, 1, "axes");
  need_mode(in, "sum", "sum mean max min prod");
  if (x->quant) INFER_FAIL(in, "input is quantized");
  infer_output(in, 0, x->dtype, rank, dim, NULL);
}

void infer_bitcast(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (!in->want) INFER_FAIL(in, "the output type is not given");
  if (x->quant || dtype_bytes(in->want->dtype) != dtype_bytes(x->dtype))
    INFER_FAIL(in, "%s cannot be taken for %s", infer_text(in, x), dtype_name(in->want->dtype));
  infer_output(in, 0, in->want->dtype, x->rank, x->dim, NULL);
}
