/* Resize: index and weight tables for the kernels. Coordinates are computed in floats exactly as ONNX Runtime
 * does, so that ties fall to the same side; the formulas are those of ONNX Resize-19. */
#include "lower/lower_move.h"

#include <math.h>
#include <string.h>

/* One axis. */
struct axis {
  int64_t in, out;
  float scale;
  float roi_start, roi_end;
  const char *coordinates;
  bool extrapolates; /* what is outside of the input gets the extrapolation value */
};

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Where index i of the output lies in the input. */
static float source_coordinate(const struct axis *a, int64_t index) {
  const float i = (float)index, in = (float)a->in, out = (float)a->out;
  if (a->scale == 1.0f) return i; /* even where a region of interest is given: ONNX Runtime */
  if (is(a->coordinates, "tf_crop_and_resize")) {
    if (a->out <= 1) return (float)(0.5 * (double)(a->roi_start + a->roi_end) * (double)(in - 1));
    return a->roi_start * (in - 1) + i * (a->roi_end - a->roi_start) * (in - 1) / (out - 1);
  }
  if (is(a->coordinates, "asymmetric")) return i / a->scale;
  if (is(a->coordinates, "pytorch_half_pixel")) return a->out > 1 ? (i + 0.5f) / a->scale - 0.5f : 0.0f;
  if (is(a->coordinates, "tf_half_pixel_for_nn")) return (i + 0.5f) / a->scale;
  if (is(a->coordinates, "align_corners")) return a->out == 1 ? 0.0f : i * (in - 1) / (out - 1);
  if (is(a->coordinates, "half_pixel_symmetric")) {
    float adjustment = out / (a->scale * in);
    float offset = in / 2 * (1 - adjustment);
    return (float)((double)offset + ((double)i + 0.5) / (double)a->scale - 0.5);
  }
  return (i + 0.5f) / a->scale - 0.5f; /* half_pixel */
}

static bool is_outside(const struct axis *a, float x) {
  return a->extrapolates && (x < 0 || x > (float)(a->in - 1));
}

static int64_t clamp_index(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

/* The nearest element. What is within 1e-6 of the middle counts as a tie (as in ONNX Runtime 1.31). "simple"
 * is Resize-10 and Upsample: down, but up when the axis shrinks. */
static int64_t nearest_index(const struct axis *a, const char *rounding, float x) {
  float low = floorf(x), i = roundf(x);
  bool tie = fabsf(x - low - 0.5f) < 1e-6f;
  if (is(rounding, "floor"))
    i = low;
  else if (is(rounding, "ceil"))
    i = ceilf(x);
  else if (is(rounding, "simple"))
    i = a->scale < 1 ? ceilf(x) : truncf(x);
  else if (tie)
    i = is(rounding, "round_prefer_floor") ? low : low + 1;
  return clamp_index((int64_t)i, a->in);
}

static struct axis axis_of(const struct node *n, int i) {
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  int scales, rois;
  const float *scale = attr_floats(n, ATTR_SCALES, &scales), *roi = attr_floats(n, ATTR_ROI, &rois);
  struct axis a = {.in = x->dim[i], .out = y->dim[i], .roi_end = 1.0f};
  a.coordinates = attr_name(n, ATTR_COORDINATES, "half_pixel");
  a.extrapolates = is(a.coordinates, "tf_crop_and_resize");
  a.scale = scale ? scale[i] : (float)a.out / (float)a.in;
  if (!a.extrapolates) return a;
  a.roi_start = roi[i];
  a.roi_end = roi[x->rank + i];
  if (a.in == a.out && a.roi_start == 0 && a.roi_end == 1) { /* the axis is left as it is */
    a.extrapolates = false;
    a.coordinates = "asymmetric";
    a.scale = 1;
  }
  return a;
}

/* The extrapolation value as an element of the tensor; quantized levels are taken as they are, as in ONNX
 * Runtime. */
static const void *extrapolation_element(struct lowering *l, enum dtype t) {
  double v = (double)attr_float(l->node, ATTR_EXTRAPOLATION, 0.0f);
  uint8_t *element = ctx_alloc(l->ctx, 8);
  if (t == DT_F32)
    memcpy(element, &(float){(float)v}, sizeof(float));
  else if (t == DT_F64)
    memcpy(element, &v, sizeof v);
  else if (dtype_is_float(t) && v != 0)
    lower_unsupported(l, "extrapolation of 16-bit floats is not supported");
  else
    memcpy(element, &(int64_t){v > -9e18 && v < 9e18 ? (int64_t)v : 0}, sizeof(int64_t));
  return element;
}

static void resize_nearest(struct lowering *l) {
  const struct node *n = l->node;
  const char *rounding = attr_name(n, ATTR_NEAREST, "round_prefer_floor");
  int32_t *index[MAX_RANK];
  bool extrapolates = false;
  for (int i = 0; i < n->output[0]->type.rank; i++) {
    struct axis a = axis_of(n, i);
    index[i] = CTX_ARRAY(l->ctx, int32_t, a.out);
    for (int64_t k = 0; k < a.out; k++) {
      float x = source_coordinate(&a, k);
      index[i][k] = is_outside(&a, x) ? -1 : (int32_t)nearest_index(&a, rounding, x);
      extrapolates |= index[i][k] < 0;
    }
  }
  enum dtype t = n->input[0]->type.dtype;
  lower_copy_by_tables(l, n->input[0], n->output[0], index,
                       extrapolates ? extrapolation_element(l, t) : NULL);
}

static void linear_taps(const struct axis *a, float x, struct resize_tap *tap) {
  x = fmaxf(0.0f, fminf(x, (float)(a->in - 1)));
  int64_t low = clamp_index((int64_t)x, a->in), high = clamp_index(low + 1, a->in);
  float to_low = fabsf(x - (float)low), to_high = fabsf(x - (float)high);
  if (low == high) to_low = to_high = 0.5f;
  tap[0] = (struct resize_tap){(int32_t)low, to_high};
  tap[1] = (struct resize_tap){(int32_t)high, to_low};
}

/* Cubic convolution with coefficient c over the four elements around x; those outside repeat the edge, or
 * drop out. */
static void cubic_taps(const struct axis *a, float x, float c, bool exclude_outside, struct resize_tap *tap) {
  float floor_x = floorf(x), s = x - floor_x, sum = 0;
  float weight[4] = {((c * (s + 1) - 5 * c) * (s + 1) + 8 * c) * (s + 1) - 4 * c,
                     ((c + 2) * s - (c + 3)) * s * s + 1,
                     ((c + 2) * (1 - s) - (c + 3)) * (1 - s) * (1 - s) + 1,
                     ((c * (2 - s) - 5 * c) * (2 - s) + 8 * c) * (2 - s) - 4 * c};
  int64_t first = (int64_t)floor_x - 1;
  for (int i = 0; i < 4; i++) {
    if (exclude_outside && (first + i < 0 || first + i >= a->in)) weight[i] = 0;
    sum += weight[i];
  }
  for (int i = 0; i < 4; i++)
    tap[i] = (struct resize_tap){(int32_t)clamp_index(first + i, a->in),
                                 exclude_outside ? weight[i] / sum : weight[i]};
}

/* Taps of one axis; offsets times the axis' stride. `taps`: 1 where nothing is interpolated. */
static void axis_taps(struct lowering *l, const struct axis *a, int taps, int64_t stride,
                      struct resize_tap *tap) {
  float c = attr_float(l->node, ATTR_CUBIC, -0.75f);
  bool exclude = attr_int(l->node, ATTR_EXCLUDE_OUTSIDE, 0) != 0;
  for (int64_t k = 0; k < a->out; k++, tap += taps) {
    float x = source_coordinate(a, k);
    if (taps == 1)
      tap[0] = (struct resize_tap){(int32_t)k, 1.0f};
    else if (taps == 2)
      linear_taps(a, x, tap);
    else
      cubic_taps(a, x, c, exclude, tap);
    for (int i = 0; i < taps; i++) tap[i].offset = lower_int32(l, tap[i].offset * stride);
    if (is_outside(a, x)) tap[0].offset = -1;
  }
}

static bool is_resized(const struct axis *a) {
  return a->in != a->out || a->scale != 1.0f || a->extrapolates;
}

/* The last resized axis, and how many axes lie between the first and it; 0 when none is resized. */
static int resized_span(const struct node *n, int *last) {
  int first = -1;
  *last = -1;
  for (int i = 0; i < n->output[0]->type.rank; i++) {
    struct axis a = axis_of(n, i);
    if (!is_resized(&a)) continue;
    if (first < 0) first = i;
    *last = i;
  }
  return first < 0 ? 0 : *last - first + 1;
}

static enum kernel_id resize_kernel(struct lowering *l, enum dtype t) {
  switch ((int)t) {
    case DT_F32: return KERNEL_resize_f32_plain;
    case DT_U8: return KERNEL_resize_u8_plain;
    case DT_S8: return KERNEL_resize_s8_plain;
    default: lower_unsupported(l, "linear and cubic resize are supported for f32, u8 and s8");
  }
}

/* Axes last - 2, last - 1 and last are tabled; where the tensor has fewer, ones of size 1 stand in for them.
 */
static void resize_interpolated(struct lowering *l, int taps) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type;
  int last, span = resized_span(n, &last);
  if (span > RESIZE_AXES)
    lower_unsupported(l, "interpolation over more than three neighbouring axes is not supported");
  if (span == 0) {
    l->alias_input = 0;
    return;
  }
  const int first = last - (RESIZE_AXES - 1);
  int64_t stride[MAX_RANK], inner = 1, outer = 1, entries = 0;
  dense_strides(x, stride);
  for (int i = 0; i < first; i++) outer *= x->dim[i];
  for (int i = last + 1; i < x->rank; i++) inner *= x->dim[i];
  struct resize_params p = {.outer = lower_int32(l, outer),
                            .inner = lower_int32(l, inner),
                            .in_outer = lower_int32(l, first > 0 ? stride[first - 1] : 0),
                            .extrapolation = attr_float(n, ATTR_EXTRAPOLATION, 0.0f)};
  struct axis axes[RESIZE_AXES];
  for (int k = 0; k < RESIZE_AXES; k++) {
    axes[k] = (struct axis){.in = 1, .out = 1, .scale = 1, .coordinates = "asymmetric"};
    if (first + k >= 0) axes[k] = axis_of(n, first + k);
    p.out[k] = lower_int32(l, axes[k].out);
    p.taps[k] = is_resized(&axes[k]) ? taps : 1;
    entries += axes[k].out * p.taps[k];
  }
  struct resize_tap *table = CTX_ARRAY(l->ctx, struct resize_tap, entries), *at = table;
  for (int k = 0; k < RESIZE_AXES; k++) {
    axis_taps(l, &axes[k], p.taps[k], first + k >= 0 ? stride[first + k] : 0, at);
    at += axes[k].out * p.taps[k];
  }
  struct call *call = lower_call(l, resize_kernel(l, x->dtype), &p, sizeof p, RESIZE_OPERANDS);
  call_reads(call, RESIZE_X, n->input[0]);
  call_constant(call, RESIZE_TABLES, table, entries * (int64_t)sizeof *table);
  call_writes(call, RESIZE_Y, n->output[0]);
}

void lower_resize(struct lowering *l) {
  const struct type *x = &l->node->input[0]->type, *y = &l->node->output[0]->type;
  const char *mode = attr_name(l->node, ATTR_MODE, "nearest");
  lower_need_small(l);
  if (type_elements(y) == 0) return;
  bool crops = is(attr_name(l->node, ATTR_COORDINATES, "half_pixel"), "tf_crop_and_resize");
  if (type_same_shape(x, y) && !crops)
    l->alias_input = 0; /* whatever the scales say, as in ONNX Runtime */
  else if (is(mode, "nearest"))
    resize_nearest(l);
  else
    resize_interpolated(l, is(mode, "linear") ? 2 : 4);
}
