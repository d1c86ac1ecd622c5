/* Gather and scatter by elements and tuples, arg_max, top_k, cumulate, reduce_by. */
#include <string.h>

#include "lower/lower_elementwise.h"
#include "lower/lower_move.h"

static int32_t index_is_wide(const struct value *index) { return index->type.dtype == DT_S64; }

/* Types whose elements a kernel only moves are fine everywhere but where they are computed with. */
static int32_t number_type(struct lowering *l, enum dtype dtype) {
  if (dtype == DT_BOOL || dtype == DT_F16 || dtype == DT_BF16 || dtype >= DT_F8E4M3FN)
    lower_unsupported(l, ctx_printf(l->ctx, "%s has no kernel for elements of type %s", op_name(l->node->op),
                                    dtype_name(dtype)));
  return element_of(l, dtype);
}

static enum combine combine_of(const struct node *n) {
  static const char *const names[] = {"none", "add", "mul", "max", "min"};
  const char *mode = attr_name(n, ATTR_MODE, "none");
  int i = 0;
  while (i < (int)COUNT_OF(names) - 1 && strcmp(names[i], mode)) i++;
  return (enum combine)i;
}

static struct index_elements_params elements_params(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *index = &n->input[1]->type;
  int64_t stride[MAX_RANK];
  lower_need_small(l);
  dense_strides(x, stride);
  struct index_elements_params p = {.rank = x->rank,
                                    .axis = (int32_t)attr_int(n, ATTR_AXIS, 0),
                                    .wide = index_is_wide(n->input[1]),
                                    .combine = (int32_t)combine_of(n),
                                    .count = lower_int32(l, type_elements(x))};
  p.type = p.combine ? number_type(l, x->dtype) : (int32_t)element_of(l, x->dtype);
  p.size = lower_int32(l, x->dim[p.axis]);
  for (int i = 0; i < x->rank; i++) {
    p.dim[i] = lower_int32(l, index->dim[i]);
    p.stride[i] = lower_int32(l, stride[i]);
  }
  return p;
}

static void gather_call(struct lowering *l, enum kernel_id kernel, const void *params, size_t bytes) {
  struct call *call = lower_call(l, kernel, params, bytes, GATHER_ND_OPERANDS);
  call_reads(call, GATHER_ND_X, l->node->input[0]);
  call_reads(call, GATHER_ND_INDEX, l->node->input[1]);
  call_writes(call, GATHER_ND_Y, l->node->output[0]);
}

static void scatter_call(struct lowering *l, enum kernel_id kernel, const void *params, size_t bytes) {
  struct call *call = lower_call(l, kernel, params, bytes, SCATTER_OPERANDS);
  call_reads(call, SCATTER_X, l->node->input[0]);
  call_reads(call, SCATTER_INDEX, l->node->input[1]);
  call_reads(call, SCATTER_UPDATES, l->node->input[2]);
  call_writes(call, SCATTER_Y, l->node->output[0]);
}

void lower_gather_elements(struct lowering *l) {
  struct index_elements_params p = elements_params(l);
  if (type_elements(&l->node->output[0]->type) > 0) gather_call(l, KERNEL_gather_elements_plain, &p, sizeof p);
}

void lower_scatter_elements(struct lowering *l) {
  struct index_elements_params p = elements_params(l);
  if (p.count > 0) scatter_call(l, KERNEL_scatter_elements_plain, &p, sizeof p);
}

/* Tuples over `batch` leading axes of x; x has no empty axis. */
static struct index_tuples_params tuples_params(struct lowering *l, int batch) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *index = &n->input[1]->type;
  int64_t stride[MAX_RANK], batches = 1, tuples = 1, depth = index->dim[index->rank - 1];
  lower_need_small(l);
  dense_strides(x, stride);
  for (int i = 0; i < batch; i++) batches *= x->dim[i];
  for (int i = batch; i < index->rank - 1; i++) tuples *= index->dim[i];
  struct index_tuples_params p = {.batch = lower_int32(l, batches),
                                  .tuples = lower_int32(l, tuples),
                                  .depth = (int32_t)depth,
                                  .batch_size = lower_int32(l, type_elements(x) / max_i64(batches, 1)),
                                  .wide = index_is_wide(n->input[1]),
                                  .combine = (int32_t)combine_of(n),
                                  .count = lower_int32(l, type_elements(x))};
  p.type = p.combine ? number_type(l, x->dtype) : (int32_t)element_of(l, x->dtype);
  p.run = p.batch_size;
  for (int i = 0; i < p.depth; i++) {
    p.dim[i] = lower_int32(l, x->dim[batch + i]);
    p.stride[i] = lower_int32(l, stride[batch + i]);
    p.run = p.stride[i];
  }
  return p;
}

void lower_gather_nd(struct lowering *l) {
  if (type_elements(&l->node->output[0]->type) == 0) return;
  struct index_tuples_params p = tuples_params(l, (int)attr_int(l->node, ATTR_BATCH_DIMS, 0));
  gather_call(l, KERNEL_gather_nd_plain, &p, sizeof p);
}

void lower_scatter_nd(struct lowering *l) {
  if (type_elements(&l->node->output[0]->type) == 0) return;
  struct index_tuples_params p = tuples_params(l, 0);
  scatter_call(l, KERNEL_scatter_nd_plain, &p, sizeof p);
}

static struct order_params order_of_rows(struct lowering *l) {
  const struct type *x = &l->node->input[0]->type;
  int axis = (int)attr_int(l->node, ATTR_AXIS, 0);
  int64_t outer = 1, inner = 1;
  lower_need_small(l);
  for (int i = 0; i < axis; i++) outer *= x->dim[i];
  for (int i = axis + 1; i < x->rank; i++) inner *= x->dim[i];
  return (struct order_params){.outer = lower_int32(l, outer),
                               .size = lower_int32(l, x->dim[axis]),
                               .inner = lower_int32(l, inner),
                               .type = number_type(l, x->dtype)};
}

void lower_arg(struct lowering *l) {
  struct order_params p = order_of_rows(l);
  p.largest = l->node->op == OP_ARG_MAX;
  p.last = (int32_t)attr_int(l->node, ATTR_LAST, 0);
  struct call *call = lower_call(l, KERNEL_arg_plain, &p, sizeof p, ORDER_OPERANDS);
  call_reads(call, ORDER_X, l->node->input[0]);
  call_writes(call, ORDER_INDEX, l->node->output[0]);
}

void lower_top_k(struct lowering *l) {
  struct order_params p = order_of_rows(l);
  p.largest = (int32_t)attr_int(l->node, ATTR_LARGEST, 1);
  p.count = lower_int32(l, attr_int(l->node, ATTR_TAKE, 0));
  if (type_elements(&l->node->output[0]->type) == 0) return;
  struct call *call = lower_call(l, KERNEL_top_k_plain, &p, sizeof p, ORDER_OPERANDS);
  call_reads(call, ORDER_X, l->node->input[0]);
  call_writes(call, ORDER_Y, l->node->output[0]);
  call_writes(call, ORDER_INDEX, l->node->output[1]);
}

static void store_dims(struct lowering *l, const struct type *x, int32_t dim[INDEX_AXES]) {
  for (int i = 0; i < x->rank; i++) dim[i] = lower_int32(l, x->dim[i]);
}

void lower_cumulate(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type;
  lower_need_small(l);
  struct cumulate_params p = {.rank = x->rank,
                              .wide = index_is_wide(n->input[1]),
                              .type = number_type(l, x->dtype),
                              .product = !strcmp(attr_name(n, ATTR_MODE, "sum"), "prod"),
                              .exclusive = (int32_t)attr_int(n, ATTR_EXCLUSIVE, 0),
                              .reverse = (int32_t)attr_int(n, ATTR_REVERSE, 0)};
  store_dims(l, x, p.dim);
  if (type_elements(x) == 0) return;
  struct call *call = lower_call(l, KERNEL_cumulate_plain, &p, sizeof p, CUMULATE_OPERANDS);
  call_reads(call, CUMULATE_X, n->input[0]);
  call_reads(call, CUMULATE_AXIS, n->input[1]);
  call_writes(call, CUMULATE_Y, n->output[0]);
}

static enum reduce_kind reduce_kind_of(const char *mode) {
  static const char *const names[] = {"sum", "mean", "max", "min", "prod"};
  int i = 0;
  while (i < (int)COUNT_OF(names) - 1 && strcmp(names[i], mode)) i++;
  return (enum reduce_kind)i;
}

void lower_reduce_by(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  lower_need_small(l);
  if (type_elements(y) == 0) return;
  struct reduce_by_params p = {.rank = x->rank,
                               .axes = lower_int32(l, type_elements(&n->input[1]->type)),
                               .wide = index_is_wide(n->input[1]),
                               .type = number_type(l, x->dtype),
                               .kind = (int32_t)reduce_kind_of(attr_name(n, ATTR_MODE, "sum")),
                               .count = lower_int32(l, type_elements(y))};
  store_dims(l, x, p.dim);
  struct call *call = lower_call(l, KERNEL_reduce_by_plain, &p, sizeof p, REDUCE_BY_OPERANDS);
  call_reads(call, REDUCE_BY_X, n->input[0]);
  call_reads(call, REDUCE_BY_AXES, n->input[1]);
  call_writes(call, REDUCE_BY_Y, n->output[0]);
}
