/* MaxPool-8/10/11/12/22, AveragePool-7/10/11/19/22, the global pools, and com.microsoft's quantized ones. */
#include "onnx/import.h"

static void read_pool(struct import *n, struct window *w, const struct value *x, bool channels_last) {
  if (x->type.rank == 5) FAIL(n, "3-D pools are not supported");
  need_rank(n, x, 3, 4, "the input");
  w->spatial = x->type.rank - 2;
  int count = 0;
  const int64_t *kernel = attribute_ints(n, "kernel_shape", &count);
  if (count != w->spatial) FAIL(n, "attribute 'kernel_shape' has %d entries, expected %d", count, w->spatial);
  w->kernel[0] = w->kernel[1] = 1;
  for (int i = 0; i < count; i++) w->kernel[2 - w->spatial + i] = kernel[i];
  read_window(n, w, x, channels_last, attribute_bool(n, "ceil_mode", false));
}

void import_max_pool(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  struct window w;
  read_pool(n, &w, x, false);
  struct attr attr[MAX_WINDOW_ATTRS];
  int attr_count = window_attrs(n, &w, true, attr);
  struct value *nhwc = make_to_nhwc(n, x, false);
  struct value *y = make(n, OP_MAX_POOL, 1, &nhwc, attr_count, attr, NULL);
  n->output[0] = make_from_nhwc(n, y, w.spatial, false);
}

/* `want` of a quantized pool, else NULL. */
static struct value *average_pool(struct import *n, struct value *x, bool channels_last,
                                  const struct type *want) {
  struct window w;
  read_pool(n, &w, x, channels_last);
  struct attr attr[MAX_WINDOW_ATTRS + 2];
  int attr_count = window_attrs(n, &w, true, attr);
  bool count_pad = attribute_bool(n, "count_include_pad", false);
  attr[attr_count++] = attr_make_int(n->ctx, ATTR_COUNT_PAD, count_pad);
  /* ONNX Runtime has another kernel from opset 19 on, which adds floats in another order. */
  if (!want && n->opset >= 19) attr[attr_count++] = attr_make_name(n->ctx, ATTR_ORDER, "rows");
  struct value *nhwc = make_to_nhwc(n, x, channels_last);
  struct value *y = make(n, OP_AVERAGE_POOL, 1, &nhwc, attr_count, attr, want);
  return make_from_nhwc(n, y, w.spatial, channels_last);
}

void import_average_pool(struct import *n) {
  n->output[0] = average_pool(n, need_input(n, 0, "X"), false, NULL);
}

void import_qlinear_average_pool(struct import *n) {
  struct value *x = quantized_input(n, 0, "X");
  struct type want = quantized_output(n, 3, 4, x);
  n->output[0] = average_pool(n, x, attribute_bool(n, "channels_last", false), &want);
}

/* Global pools are reductions over the spatial axes. */
static struct value *global_pool(struct import *n, enum op op, struct value *x, bool channels_last,
                                 const struct type *want) {
  need_rank(n, x, 3, MAX_RANK, "the input");
  int64_t axes[MAX_RANK];
  int count = x->type.rank - 2;
  for (int i = 0; i < count; i++) axes[i] = i + (channels_last ? 1 : 2);
  const struct attr attr[3] = {attr_make_ints(n->ctx, ATTR_AXES, count, axes),
                               attr_make_int(n->ctx, ATTR_KEEP_DIMS, 1),
                               attr_make_name(n->ctx, ATTR_FORM, "integer")}; /* not so for ReduceMean */
  return make(n, op, 1, &x, op == OP_REDUCE_MEAN ? 3 : 2, attr, want);
}

/* Argument: the reduction. */
void import_global_pool(struct import *n) {
  n->output[0] = global_pool(n, (enum op)n->row->argument, make_plain(n, need_input(n, 0, "X")), false, NULL);
}

void import_qlinear_global_average_pool(struct import *n) {
  struct value *x = quantized_input(n, 0, "X");
  struct type want = quantized_output(n, 3, 4, x);
  n->output[0] = global_pool(n, OP_REDUCE_MEAN, x, attribute_bool(n, "channels_last", false), &want);
}
