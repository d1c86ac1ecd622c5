/* Movement of elements: transpose, slice, expand, pad, concat, gather. */
#include "lower/lower_move.h"

#include <math.h>
#include <string.h>

/* A box of the whole output, with strides of x still to be set. */
static struct box whole_output(const struct node *n) {
  const struct type *y = &n->output[0]->type;
  struct box b = {.rank = y->rank};
  memcpy(b.size, y->dim, sizeof b.size);
  dense_strides(y, b.to);
  return b;
}

/* The copy that makes output 0 of input 0, or none when that is the same bytes. */
static void copy_or_alias(struct lowering *l, struct box *b) {
  struct value *x = l->node->input[0], *y = l->node->output[0];
  box_collapse(b);
  if (box_is_identity(b, &x->type, &y->type))
    l->alias_input = 0;
  else
    lower_copy_box(l, x, y, b, NULL);
}

void lower_transpose(struct lowering *l) {
  const struct node *n = l->node;
  int64_t stride[MAX_RANK];
  int rank;
  const int64_t *perm = attr_ints(n, ATTR_PERM, &rank);
  lower_need_small(l);
  dense_strides(&n->input[0]->type, stride);
  struct box b = whole_output(n);
  for (int i = 0; i < rank; i++) b.from[i] = stride[perm[i]];
  copy_or_alias(l, &b);
}

void lower_slice(struct lowering *l) {
  const struct node *n = l->node;
  int64_t stride[MAX_RANK];
  int starts, steps;
  const int64_t *start = attr_ints(n, ATTR_STARTS, &starts), *step = attr_ints(n, ATTR_STEPS, &steps);
  lower_need_small(l);
  dense_strides(&n->input[0]->type, stride);
  struct box b = whole_output(n);
  for (int i = 0; i < b.rank; i++) {
    b.from[i] = stride[i] * (step ? step[i] : 1);
    b.from_start += start && b.size[i] > 0 ? stride[i] * start[i] : 0;
  }
  copy_or_alias(l, &b);
}

void lower_expand(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type;
  int64_t stride[MAX_RANK];
  lower_need_small(l);
  dense_strides(x, stride);
  struct box b = whole_output(n);
  for (int i = 0; i < b.rank; i++) {
    int axis = i - (b.rank - x->rank);
    b.from[i] = axis < 0 || x->dim[axis] == 1 ? 0 : stride[axis];
  }
  copy_or_alias(l, &b);
}

/* The element that stands for real zero in a type: the zero point, or 0. */
static const void *zero_element(struct lowering *l, const struct type *t) {
  int64_t zero =
      t->quant ? t->quant->zero_point[0] : 0; /* little-endian: its first bytes are the narrower number */
  return ctx_copy(l->ctx, &zero, sizeof zero);
}

static void fill_output(struct lowering *l, struct value *value) {
  struct value *y = l->node->output[0];
  struct fill_params p = {.count = lower_int32(l, type_elements(&y->type)),
                          .bytes = dtype_bytes(y->type.dtype)};
  struct call *call = lower_call(l, KERNEL_fill_plain, &p, sizeof p, FILL_OPERANDS);
  call_writes(call, FILL_Y, y);
  if (value)
    call_reads(call, FILL_VALUE, value);
  else
    call_constant(call, FILL_VALUE, zero_element(l, &y->type), 8);
}

/* pads: all begins, then all ends. A negative one crops. */
static void pad_constant(struct lowering *l, const int64_t *pads) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type;
  int64_t stride[MAX_RANK];
  bool border = false;
  dense_strides(x, stride);
  struct box b = whole_output(n);
  for (int i = 0; i < b.rank; i++) {
    int64_t begin = pads[i], end = pads[b.rank + i];
    b.from[i] = stride[i];
    b.from_start += stride[i] * max_i64(-begin, 0);
    b.to_start += b.to[i] * max_i64(begin, 0);
    b.size[i] = max_i64(x->dim[i] + min_i64(begin, 0) + min_i64(end, 0), 0);
    border |= begin > 0 || end > 0;
  }
  if (border) fill_output(l, n->input_count > 1 ? n->input[1] : NULL);
  copy_or_alias(l, &b);
}

/* The element of an axis of size n that stands at index i of its endless continuation. */
static int64_t continued_index(const char *mode, int64_t i, int64_t n) {
  if (!strcmp(mode, "edge")) return i < 0 ? 0 : i < n ? i : n - 1;
  int64_t period = !strcmp(mode, "wrap") ? n : max_i64(2 * (n - 1), 1); /* reflect: 0 1 2 1 0 1 .. */
  int64_t k = i % period;
  if (k < 0) k += period;
  return k < n ? k : period - k;
}

void lower_pad(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  const char *mode = attr_name(n, ATTR_MODE, "constant");
  static const int64_t none[2 * MAX_RANK];
  int count;
  const int64_t *given = attr_ints(n, ATTR_PADS, &count), *pads = given ? given : none;
  lower_need_small(l);
  if (type_elements(y) == 0) return;
  if (!strcmp(mode, "constant")) {
    pad_constant(l, pads);
    return;
  }
  int32_t *index[MAX_RANK];
  for (int i = 0; i < x->rank; i++) {
    index[i] = CTX_ARRAY(l->ctx, int32_t, y->dim[i]);
    for (int64_t k = 0; k < y->dim[i]; k++)
      index[i][k] = (int32_t)continued_index(mode, k - pads[i], x->dim[i]);
  }
  lower_copy_by_tables(l, n->input[0], n->output[0], index, NULL);
}

/* What each byte of x becomes in y's quantization: dequantized, then quantized, as ONNX Runtime's
 * QLinearConcat. */
static const uint8_t *requantize_table(struct lowering *l, const struct type *x, const struct type *y) {
  uint8_t *table = ctx_alloc(l->ctx, 256);
  int32_t zero = y->quant->zero_point[0];
  float low = (float)((y->dtype == DT_S8 ? -128 : 0) - zero),
        high = (float)((y->dtype == DT_S8 ? 127 : 255) - zero);
  for (int i = 0; i < 256; i++) {
    int32_t level = x->dtype == DT_S8 ? (int8_t)i : i;
    float v = (float)(level - x->quant->zero_point[0]) * x->quant->scale[0] / y->quant->scale[0];
    v = v > low ? v : low;
    v = v < high ? v : high;
    table[i] = (uint8_t)((int32_t)rintf(v) + zero);
  }
  return table;
}

void lower_concat(struct lowering *l) {
  const struct node *n = l->node;
  struct value *y = n->output[0];
  int axis = (int)attr_int(n, ATTR_AXIS, 0);
  int64_t start = 0;
  lower_need_small(l);
  for (int i = 0; i < n->input_count; i++) {
    struct value *x = n->input[i];
    bool mapped = y->type.quant && y->type.quant->axis < 0 && !quant_equal(x->type.quant, y->type.quant);
    struct box b = whole_output(n);
    b.size[axis] = x->type.dim[axis];
    dense_strides(&x->type, b.from);
    b.to_start = start * b.to[axis];
    start += x->type.dim[axis];
    box_collapse(&b);
    if (n->input_count == 1 && !mapped)
      l->alias_input = 0;
    else
      lower_copy_box(l, x, y, &b, mapped ? requantize_table(l, &x->type, &y->type) : NULL);
  }
}

void lower_gather(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *index = &n->input[1]->type;
  int axis = (int)attr_int(n, ATTR_AXIS, 0);
  int64_t outer = 1, run = dtype_bytes(x->dtype);
  lower_need_small(l);
  if (type_elements(&n->output[0]->type) == 0) return;
  for (int i = 0; i < axis; i++) outer *= x->dim[i];
  for (int i = axis + 1; i < x->rank; i++) run *= x->dim[i];
  struct gather_params p = {.outer = lower_int32(l, outer),
                            .axis = lower_int32(l, x->dim[axis]),
                            .count = lower_int32(l, type_elements(index)),
                            .run = lower_int32(l, run),
                            .wide = index->dtype == DT_S64};
  struct call *call = lower_call(l, lower_pick(l, KERNEL_gather_runs_simd128, KERNEL_gather_runs_plain), &p,
                                 sizeof p, GATHER_OPERANDS);
  call_reads(call, GATHER_X, n->input[0]);
  call_reads(call, GATHER_INDEX, n->input[1]);
  call_writes(call, GATHER_Y, n->output[0]);
}
