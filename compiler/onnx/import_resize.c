/* Resize-10/11/13/18/19 and Upsample-7/9. The graph's resize has a scale and a size for every axis. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

struct resize {
  const char *mode, *coordinates, *nearest;
  float scale[MAX_RANK], roi[2 * MAX_RANK]; /* roi: starts, then ends */
  int64_t size[MAX_RANK];
  int axis_count;
  int axis[MAX_RANK]; /* the axes that scales, sizes and roi of the model speak of */
};

static void read_resize_axes(struct import *n, struct resize *r, int rank) {
  int count = 0;
  const int64_t *axes = n->opset >= 18 ? attribute_ints(n, "axes", &count) : NULL;
  if (count > rank) FAIL(n, "attribute 'axes' has %d entries, the input has rank %d", count, rank);
  r->axis_count = axes ? count : rank;
  for (int i = 0; i < r->axis_count; i++) r->axis[i] = axes ? need_axis(n, axes[i], rank) : i;
}

/* ONNX Runtime multiplies in float32: 10 * 0.7f is 7, not 6.99.. The region of interest has no say. */
static void use_scales(struct import *n, struct resize *r, const struct value *x, const float *given,
                       int count) {
  if (count != r->axis_count) FAIL(n, "scales has %d entries, expected %d", count, r->axis_count);
  for (int i = 0; i < count; i++) {
    int axis = r->axis[i];
    float scale = given[i], size = floorf(scale * (float)x->type.dim[axis]);
    if (!(scale > 0 && isfinite(scale)) || !(size >= 0 && size < 1e9f))
      FAIL(n, "scale %g of axis %d is not possible for %s", (double)scale, axis, type_text(n->ctx, &x->type));
    r->scale[axis] = scale;
    r->size[axis] = (int64_t)size;
  }
}

/* Resize-18: all named axes may have to keep their proportions. */
static void use_sizes(struct import *n, struct resize *r, const struct value *x, const int64_t *given,
                      int count) {
  if (count != r->axis_count) FAIL(n, "sizes has %d entries, expected %d", count, r->axis_count);
  const char *policy = n->opset >= 18 ? attribute_text(n, "keep_aspect_ratio_policy", "stretch") : "stretch";
  bool not_larger = !strcmp(policy, "not_larger"), not_smaller = !strcmp(policy, "not_smaller");
  if (!not_larger && !not_smaller && strcmp(policy, "stretch"))
    FAIL(n, "attribute 'keep_aspect_ratio_policy' is '%s', which is unknown", policy);
  float common = not_larger ? INFINITY : 0;
  for (int i = 0; i < count; i++) {
    int axis = r->axis[i];
    if (given[i] < 1 || given[i] > 1 << 30 || x->type.dim[axis] < 1)
      FAIL(n, "axis %d of %s cannot be resized to %lld", axis, type_text(n->ctx, &x->type),
           (long long)given[i]);
    r->size[axis] = given[i];
    r->scale[axis] = (float)given[i] / (float)x->type.dim[axis];
    common = not_larger ? fminf(common, r->scale[axis]) : fmaxf(common, r->scale[axis]);
  }
  for (int i = 0; (not_larger || not_smaller) && i < count; i++) {
    int axis = r->axis[i];
    r->scale[axis] = common;
    float size = roundf(common * (float)x->type.dim[axis]);
    if (!(size < 1e9f)) FAIL(n, "axis %d would become too large", axis);
    r->size[axis] = (int64_t)size;
  }
}

/* Sizes that come at run time: those of the declared output. */
static bool declared_sizes(struct import *n, const struct resize *r, const struct value *x, int64_t out[MAX_RANK]) {
  struct value *sizes = optional_input(n, 3);
  int64_t dim[MAX_RANK];
  int rank;
  if (!sizes || sizes->data || type_elements(&sizes->type) == 0) return false;
  if (n->opset >= 18 && strcmp(attribute_text(n, "keep_aspect_ratio_policy", "stretch"), "stretch")) return false;
  if (!declared_shape(n, 0, &rank, dim) || rank != x->type.rank) return false;
  for (int i = 0; i < r->axis_count; i++) out[i] = dim[r->axis[i]];
  return true;
}

static void read_roi(struct import *n, struct resize *r, int rank) {
  int count = 0;
  for (int i = 0; i < rank; i++) r->roi[i] = 0, r->roi[rank + i] = 1;
  if (strcmp(r->coordinates, "tf_crop_and_resize")) return;
  const float *given = constant_floats(n, 1, "roi", &count);
  if (count != 2 * r->axis_count) FAIL(n, "roi has %d entries, expected %d", count, 2 * r->axis_count);
  for (int i = 0; i < r->axis_count; i++) {
    r->roi[r->axis[i]] = given[i];
    r->roi[rank + r->axis[i]] = given[r->axis_count + i];
  }
}

/* [n,c,h,w] with only h and w resized runs as [n,h,w,c], like its neighbours. */
static bool wants_channels_last(const struct resize *r, const struct value *x) {
  return x->type.rank == 4 && r->scale[0] == 1 && r->scale[1] == 1 && x->type.dim[1] > 1 &&
         strcmp(r->coordinates, "tf_crop_and_resize");
}

static void move_channels_last(struct resize *r) {
  float scale = r->scale[1];
  int64_t size = r->size[1];
  for (int i = 1; i < 3; i++) r->scale[i] = r->scale[i + 1], r->size[i] = r->size[i + 1];
  r->scale[3] = scale;
  r->size[3] = size;
}

static struct value *make_resize(struct import *n, struct resize *r, struct value *x) {
  bool nothing = strcmp(r->coordinates, "tf_crop_and_resize") != 0;
  for (int i = 0; i < x->type.rank; i++) nothing &= r->scale[i] == 1 && r->size[i] == x->type.dim[i];
  if (nothing) return x;
  bool channels_last = wants_channels_last(r, x);
  if (channels_last) move_channels_last(r);
  struct value *in = channels_last ? make_channels_last(n, x) : x;
  struct attr attr[10] = {attr_make_name(n->ctx, ATTR_MODE, r->mode),
                          attr_make_name(n->ctx, ATTR_COORDINATES, r->coordinates),
                          attr_make_name(n->ctx, ATTR_NEAREST, r->nearest),
                          attr_make_floats(n->ctx, ATTR_SCALES, x->type.rank, r->scale),
                          attr_make_ints(n->ctx, ATTR_SIZES, x->type.rank, r->size)};
  int attr_count = 5;
  if (!strcmp(r->coordinates, "tf_crop_and_resize")) {
    attr[attr_count++] = attr_make_floats(n->ctx, ATTR_ROI, 2 * x->type.rank, r->roi);
    attr[attr_count++] = attr_make_float(n->ctx, ATTR_EXTRAPOLATION,
                                         attribute_float(n, "extrapolation_value", 0));
  }
  if (!strcmp(r->mode, "cubic")) {
    attr[attr_count++] = attr_make_float(n->ctx, ATTR_CUBIC, attribute_float(n, "cubic_coeff_a", -0.75f));
    attr[attr_count++] = attr_make_int(n->ctx, ATTR_EXCLUDE_OUTSIDE,
                                       attribute_bool(n, "exclude_outside", false));
  }
  struct value *y = make(n, OP_RESIZE, 1, &in, attr_count, attr, NULL);
  return channels_last ? make_channels_first(n, y) : y;
}

static void start_resize(struct resize *r, const struct value *x) {
  for (int i = 0; i < x->type.rank; i++) r->scale[i] = 1, r->size[i] = x->type.dim[i];
}

/* Upsample-7 has attribute scales, Upsample-9 and Resize-10 input 1. Their linear mode has no half pixels,
 * their nearest one rounds down when it enlarges and up when it shrinks ("simple", ONNX Runtime). */
void import_resize_10(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  struct resize r = {.coordinates = "asymmetric", .nearest = "simple"};
  r.mode = attribute_text(n, "mode", "nearest");
  if (!strcmp(r.mode, "bilinear")) r.mode = "linear";
  start_resize(&r, x);
  read_resize_axes(n, &r, x->type.rank);
  int count = 0;
  const float *scales = n->opset < 9 ? attribute_floats(n, "scales", &count)
                                     : constant_floats(n, 1, "scales", &count);
  if (!scales) FAIL(n, "the scales are missing");
  use_scales(n, &r, x, scales, count);
  n->output[0] = make_resize(n, &r, x);
}

/* Resize-11 and later: inputs X, roi, scales, sizes. */
void import_resize_11(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  struct resize r = {.mode = attribute_text(n, "mode", "nearest")};
  r.coordinates = attribute_text(n, "coordinate_transformation_mode", "half_pixel");
  r.nearest = attribute_text(n, "nearest_mode", "round_prefer_floor");
  start_resize(&r, x);
  read_resize_axes(n, &r, x->type.rank);
  read_roi(n, &r, x->type.rank);
  int scale_count = 0, size_count = 0;
  const float *scales = constant_floats(n, 2, "scales", &scale_count);
  int64_t declared[MAX_RANK];
  const int64_t *sizes = declared_sizes(n, &r, x, declared) ? declared : constant_ints(n, 3, "sizes", &size_count);
  if (sizes == declared) size_count = r.axis_count;
  if (size_count > 0) use_sizes(n, &r, x, sizes, size_count);
  else if (scale_count > 0) use_scales(n, &r, x, scales, scale_count);
  else FAIL(n, "neither scales nor sizes are given");
  bool smaller = false;
  for (int i = 0; i < x->type.rank; i++) smaller |= r.scale[i] < 1;
  if (n->opset >= 18 && smaller && strcmp(r.mode, "nearest") && attribute_bool(n, "antialias", false))
    FAIL(n, "attribute 'antialias' is not supported");
  n->output[0] = make_resize(n, &r, x);
}
