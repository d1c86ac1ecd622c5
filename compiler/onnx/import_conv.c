/* Conv-1/11/22, ConvTranspose-1/11/22, ConvInteger-10; QLinearConv's convolution. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

/* Kernel sizes of the weights, which the attribute (when given) has to repeat. */
static void read_kernel(struct import *n, struct window *w, const struct value *weights) {
  int count = 0;
  const int64_t *given = attribute_ints(n, "kernel_shape", &count);
  w->kernel[0] = w->kernel[1] = 1;
  for (int i = 0; i < w->spatial; i++) {
    int64_t size = weights->type.dim[2 + i];
    if (given && (count != w->spatial || given[i] != size))
      FAIL(n, "attribute 'kernel_shape' does not fit the weights %s", type_text(n->ctx, &weights->type));
    w->kernel[2 - w->spatial + i] = size;
  }
}

static void start_window(struct import *n, struct window *w, const struct value *x,
                         const struct value *weights) {
  if (x->type.rank == 5) FAIL(n, "3-D convolutions are not supported");
  need_rank(n, x, 3, 4, "the input");
  w->spatial = x->type.rank - 2;
  need_rank(n, weights, x->type.rank, x->type.rank, "the weights");
  read_kernel(n, w, weights);
}

/* A bias of shape [o]; others are for inference to refuse. */
static struct value *channels_first_conv(struct import *n, enum op op, const struct window *w,
                                         struct value *x, struct value *weights, int extra_count,
                                         struct value *const *extra, const struct type *want) {
  struct value *in[4] = {make_to_nhwc(n, x, false), make_weights_nhwc(n, weights), NULL, NULL};
  for (int i = 0; i < extra_count; i++) in[2 + i] = extra[i];
  while (extra_count > 0 && !extra[extra_count - 1]) extra_count--;
  struct attr attr[MAX_WINDOW_ATTRS + 1];
  int attr_count = window_attrs(n, w, false, attr);
  attr[attr_count++] = attr_make_int(n->ctx, ATTR_GROUP, attribute_int(n, "group", 1));
  struct value *y = make(n, op, 2 + extra_count, in, attr_count, attr, want);
  return make_from_nhwc(n, y, w->spatial, false);
}

struct value *make_conv(struct import *n, enum op op, struct value *x, struct value *weights, int extra_count,
                        struct value *const *extra, const struct type *want) {
  struct window w;
  start_window(n, &w, x, weights);
  read_window(n, &w, x, false, false);
  return channels_first_conv(n, op, &w, x, weights, extra_count, extra, want);
}

void import_conv(struct import *n) {
  struct value *bias = optional_input(n, 2);
  n->output[0] = make_conv(n, OP_CONV, need_input(n, 0, "X"), need_input(n, 1, "W"), 1, &bias, NULL);
}

void import_conv_integer(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "x")), *w = make_plain(n, need_input(n, 1, "w"));
  struct value *const zero_points[2] = {make_plain(n, optional_input(n, 2)),
                                        make_plain(n, optional_input(n, 3))};
  n->output[0] = make_conv(n, OP_CONV_INTEGER, x, w, 2, zero_points, NULL);
}

/* com.microsoft FusedConv: Conv, then an activation. */
void import_fused_conv(struct import *n) {
  if (optional_input(n, 3)) FAIL(n, "input 3 'Z' (a residual) is not supported");
  import_conv(n);
  const char *name = attribute_text(n, "activation", "");
  int count = 0;
  const float *p = attribute_floats(n, "activation_params", &count);
  struct value *y = n->output[0];
  if (!strcmp(name, "Relu")) y = make_clip(n, y, 0, INFINITY);
  else if (!strcmp(name, "Tanh")) y = make_1(n, OP_TANH, y);
  else if (!strcmp(name, "Sigmoid")) y = make_1(n, OP_SIGMOID, y);
  else if (!strcmp(name, "LeakyRelu") && count == 1) y = make_unary(n, OP_LEAKY_RELU, y, p[0], 0);
  else if (!strcmp(name, "Clip") && count == 2) y = make_clip(n, y, p[0], p[1]);
  else if (!strcmp(name, "HardSigmoid") && count == 2) y = make_unary(n, OP_HARD_SIGMOID, y, p[0], p[1]);
  else if (*name) FAIL(n, "activation '%s' is not supported", name);
  n->output[0] = y;
}

/* ConvTranspose. */

/* Rows and columns added at the end of the output. */
static void read_output_padding(struct import *n, int spatial, int64_t out[2]) {
  int count = 0;
  const int64_t *given = attribute_ints(n, "output_padding", &count);
  out[0] = out[1] = 0;
  if (given && count != spatial)
    FAIL(n, "attribute 'output_padding' has %d entries, expected %d", count, spatial);
  for (int i = 0; i < count; i++) {
    if (given[i] < 0 || given[i] > 1 << 30)
      FAIL(n, "attribute 'output_padding' holds %lld", (long long)given[i]);
    out[2 - spatial + i] = given[i];
  }
}

/* Size of the output before padding cuts it. */
static int64_t full_size(const struct window *w, const int64_t extra[2], int i, int64_t size) {
  return (size - 1) * w->stride[i] + extra[i] + w->dilation[i] * (w->kernel[i] - 1) + 1;
}

/* Pads that leave `wanted` of the full size; an odd number goes to the end for SAME_UPPER, else to the
 * beginning. A larger output than the full one grows at the end. */
static void cut_to(struct window *w, int i, int64_t full, int64_t wanted, bool upper) {
  int64_t total = max_i64(full - wanted, 0);
  w->pads[i] = upper ? total / 2 : total - total / 2;
  w->pads[2 + i] = full - wanted - w->pads[i];
}

/* The attribute output_shape and auto_pad decide the pads (ConvTranspose-11, ONNX Runtime's
 * ConvTransposeAttributes). */
static void transposed_pads(struct import *n, struct window *w, const int64_t extra[2],
                            const struct value *x) {
  int count = 0;
  const int64_t *shape = attribute_ints(n, "output_shape", &count);
  if (shape && count != w->spatial && count != w->spatial + 2)
    FAIL(n, "attribute 'output_shape' has %d entries, expected %d", count, w->spatial);
  if (shape && count == w->spatial + 2) shape += 2; /* some models repeat batch and channels */
  const char *mode = attribute_text(n, "auto_pad", "NOTSET");
  bool upper = !strcmp(mode, "SAME_UPPER"), same = upper || !strcmp(mode, "SAME_LOWER");
  for (int i = 2 - w->spatial; i < 2; i++) {
    int64_t size = window_input_size(w, x, false, i), full = full_size(w, extra, i, size);
    if (!shape && !same) continue;
    int64_t wanted = shape ? shape[i - (2 - w->spatial)] : size * w->stride[i];
    if (wanted < 1 || wanted > 1 << 30) FAIL(n, "attribute 'output_shape' holds %lld", (long long)wanted);
    if (!shape) wanted = min_i64(wanted, full);
    cut_to(w, i, full, wanted, upper);
  }
}

void import_conv_transpose(struct import *n) {
  struct value *x = need_input(n, 0, "X"), *weights = need_input(n, 1, "W"), *bias = optional_input(n, 2);
  struct window w;
  int64_t extra[2];
  start_window(n, &w, x, weights);
  read_window(n, &w, x, false, false);
  read_output_padding(n, w.spatial, extra);
  transposed_pads(n, &w, extra, x);
  struct value *const in[3] = {make_to_nhwc(n, x, false), make_weights_nhwc(n, weights), bias};
  struct attr attr[MAX_WINDOW_ATTRS + 2];
  int attr_count = window_attrs(n, &w, false, attr);
  attr[attr_count++] = attr_make_int(n->ctx, ATTR_GROUP, attribute_int(n, "group", 1));
  if (extra[0] || extra[1]) attr[attr_count++] = attr_make_ints(n->ctx, ATTR_OUTPUT_PADDING, 2, extra);
  struct value *y = make(n, OP_CONV_TRANSPOSE, bias ? 3 : 2, in, attr_count, attr, NULL);
  n->output[0] = make_from_nhwc(n, y, w.spatial, false);
}
