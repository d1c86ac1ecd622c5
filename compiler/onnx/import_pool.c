/* MaxPool-8/10/11/12/22, AveragePool-7/10/11/19/22, the global pools, and com.microsoft's quantized ones. */
#include <string.h>

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
  struct attr attr[4];
  int attr_count = window_attrs(n, &w, true, attr);
  struct value *nhwc = make_to_nhwc(n, x, false);
  struct value *y = make(n, OP_MAX_POOL, 1, &nhwc, attr_count, attr, NULL);
  n->output[0] = make_from_nhwc(n, y, w.spatial, false);
}

/* The padding that the model asks for, without what ceil_mode adds. */
static void declared_pads(struct import *n, const struct window *w, const struct value *x, bool channels_last,
                          int64_t pads[4]) {
  struct window floor_window = *w;
  read_window(n, &floor_window, x, channels_last, false);
  memcpy(pads, floor_window.pads, sizeof floor_window.pads);
}

/* Padding counts in the divisor, but what ceil_mode adds beyond it does not: pad first, then count what is there. */
static struct value *pad_then_pool(struct import *n, struct window *w, struct value *nhwc, const int64_t pads[4]) {
  const int64_t all[8] = {0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0};
  const struct attr attr = attr_make_ints(n->ctx, ATTR_PADS, 8, all);
  for (int i = 0; i < 4; i++) w->pads[i] -= pads[i];
  return make(n, OP_PAD, 1, &nhwc, 1, &attr, NULL);
}

static bool covers_everything(const struct window *w, const struct value *nhwc) {
  for (int i = 0; i < 4; i++)
    if (w->pads[i]) return false;
  return w->kernel[0] == nhwc->type.dim[1] && w->kernel[1] == nhwc->type.dim[2];
}

/* `want` of a quantized pool, else NULL. */
static struct value *average_pool(struct import *n, struct value *x, bool channels_last, const struct type *want) {
  struct window w;
  read_pool(n, &w, x, channels_last);
  bool count_pad = attribute_bool(n, "count_include_pad", false);
  struct value *nhwc = make_to_nhwc(n, x, channels_last);
  int64_t pads[4];
  declared_pads(n, &w, x, channels_last, pads);
  /* ONNX Runtime's QLinearAveragePool divides by the whole window there, so only floats need this. */
  if (count_pad && !want && memcmp(pads, w.pads, sizeof pads)) {
    nhwc = pad_then_pool(n, &w, nhwc, pads);
    count_pad = false;
  }
  struct value *y;
  if (want && covers_everything(&w, nhwc)) { /* then ONNX Runtime runs QLinearGlobalAveragePool */
    static const int64_t axes[2] = {1, 2};
    const struct attr attr[2] = {attr_make_ints(n->ctx, ATTR_AXES, 2, axes), attr_make_int(n->ctx, ATTR_KEEP_DIMS, 1)};
    y = make(n, OP_REDUCE_MEAN, 1, &nhwc, 2, attr, want);
  } else {
    struct attr attr[5];
    int attr_count = window_attrs(n, &w, true, attr);
    attr[attr_count++] = attr_make_int(n->ctx, ATTR_COUNT_PAD, count_pad);
    y = make(n, OP_AVERAGE_POOL, 1, &nhwc, attr_count, attr, want);
  }
  return make_from_nhwc(n, y, w.spatial, channels_last);
}

void import_average_pool(struct import *n) { n->output[0] = average_pool(n, need_input(n, 0, "X"), false, NULL); }

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
  const struct attr attr[3] = {attr_make_ints(n->ctx, ATTR_AXES, count, axes), attr_make_int(n->ctx, ATTR_KEEP_DIMS, 1),
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
