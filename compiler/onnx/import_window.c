/* Windows of Conv and pools: strides, dilations, pads in all their forms, and the way to NHWC and back.
 * A 1-D window is a 2-D one with a single row. */
#include <string.h>

#include "onnx/import.h"

enum { WINDOW_LIMIT = 1 << 30 }; /* sizes beyond are mistakes; products of two still fit int64 */

/* An attribute with one entry a spatial axis, as rows and columns. */
static void read_spatial(struct import *n, const char *name, int spatial, int64_t low, int64_t out[2]) {
  int count = 0;
  const int64_t *given = attribute_ints(n, name, &count);
  out[0] = out[1] = 1;
  if (!given) return;
  if (count != spatial) FAIL(n, "attribute '%s' has %d entries, expected %d", name, count, spatial);
  for (int i = 0; i < spatial; i++) {
    if (given[i] < low || given[i] > WINDOW_LIMIT)
      FAIL(n, "attribute '%s' holds %lld, expected at least %lld", name, (long long)given[i], (long long)low);
    out[2 - spatial + i] = given[i];
  }
}

static void read_pads(struct import *n, struct window *w) {
  int count = 0;
  const int64_t *given = attribute_ints(n, "pads", &count);
  if (!given) return;
  if (count != 2 * w->spatial) FAIL(n, "attribute 'pads' has %d entries, expected %d", count, 2 * w->spatial);
  for (int i = 0; i < count; i++) {
    if (given[i] < 0 || given[i] > WINDOW_LIMIT) FAIL(n, "attribute 'pads' holds %lld", (long long)given[i]);
    int end = i >= w->spatial, axis = 2 - w->spatial + i % w->spatial;
    w->pads[2 * end + axis] = given[i];
  }
}

int64_t window_input_size(const struct window *w, const struct value *x, bool channels_last, int i) {
  int first = channels_last ? 1 : 2; /* axis of the first spatial size */
  return w->spatial == 1 && i == 0 ? 1 : x->type.dim[first + i - (2 - w->spatial)];
}

/* SAME: as many windows as ceil(size / stride); an odd padding puts the extra element at the end (UPPER) or
 * the beginning. */
static void pad_same(struct window *w, int i, int64_t size, bool upper) {
  int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
  int64_t windows = (size + w->stride[i] - 1) / w->stride[i];
  int64_t total = max_i64((windows - 1) * w->stride[i] + reach - size, 0);
  w->pads[i] = upper ? total / 2 : total - total / 2;
  w->pads[2 + i] = total - w->pads[i];
}

/* One window more when the last one is partial, unless it would start in the padding at the end (ONNX
 * Pool-19, PyTorch). Earlier opsets run the same way in ONNX Runtime. */
static void pad_for_ceil(struct window *w, int i, int64_t size) {
  int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1, stride = w->stride[i];
  int64_t room = size + w->pads[i] + w->pads[2 + i] - reach;
  if (room < 0) return; /* inference says what is wrong */
  int64_t windows = (room + stride - 1) / stride + 1;
  if ((windows - 1) * stride >= size + w->pads[i]) windows--;
  int64_t needed = (windows - 1) * stride + reach - size - w->pads[i];
  w->extra[i] = max_i64(needed - w->pads[2 + i], 0);
}

void read_window(struct import *n, struct window *w, const struct value *x, bool channels_last,
                 bool ceil_mode) {
  read_spatial(n, "strides", w->spatial, 1, w->stride);
  read_spatial(n, "dilations", w->spatial, 1, w->dilation);
  memset(w->pads, 0, sizeof w->pads);
  memset(w->extra, 0, sizeof w->extra);
  const char *mode = attribute_text(n, "auto_pad", "NOTSET");
  bool same = !strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER"),
       explicit_pads = !strcmp(mode, "NOTSET") || !*mode;
  if (!same && !explicit_pads && strcmp(mode, "VALID"))
    FAIL(n, "attribute 'auto_pad' is '%s', which is unknown", mode);
  if (explicit_pads) read_pads(n, w);
  for (int i = 0; i < 2; i++) {
    if (w->kernel[i] < 1 || w->kernel[i] > WINDOW_LIMIT)
      FAIL(n, "the window has size %lld", (long long)w->kernel[i]);
    int64_t size = window_input_size(w, x, channels_last, i);
    if (size > WINDOW_LIMIT) FAIL(n, "the input is too large: %s", type_text(n->ctx, &x->type));
    bool one_row = w->spatial == 1 && i == 0;
    if (same && !one_row) pad_same(w, i, size, !strcmp(mode, "SAME_UPPER"));
    else if (ceil_mode && !one_row) pad_for_ceil(w, i, size);
  }
}

struct value *make_to_nhwc(struct import *n, struct value *x, bool channels_last) {
  struct value *y = channels_last ? x : make_channels_last(n, x);
  if (x->type.rank == 4) return y;
  const int64_t dim[4] = {y->type.dim[0], 1, y->type.dim[1], y->type.dim[2]};
  return make_reshape(n, y, 4, dim);
}

struct value *make_from_nhwc(struct import *n, struct value *y, int spatial, bool channels_last) {
  const int64_t dim[3] = {y->type.dim[0], y->type.dim[2], y->type.dim[3]};
  if (spatial == 1) y = make_reshape(n, y, 3, dim);
  return channels_last ? y : make_channels_first(n, y);
}

struct value *make_weights_nhwc(struct import *n, struct value *w) { return make_to_nhwc(n, w, false); }

int window_attrs(struct import *n, const struct window *w, bool pool, struct attr attr[MAX_WINDOW_ATTRS]) {
  int count = 0;
  attr[count++] = attr_make_ints(n->ctx, ATTR_PADS, 4, w->pads);
  attr[count++] = attr_make_ints(n->ctx, ATTR_STRIDES, 2, w->stride);
  attr[count++] = attr_make_ints(n->ctx, ATTR_DILATIONS, 2, w->dilation);
  if (pool) attr[count++] = attr_make_ints(n->ctx, ATTR_KERNEL, 2, w->kernel);
  if (w->extra[0] || w->extra[1]) attr[count++] = attr_make_ints(n->ctx, ATTR_OUTPUT_PADDING, 2, w->extra);
  return count;
}
