/* Inference of pools and resize. */
#include "ops/infer.h"

#include <math.h>
#include <string.h>

void infer_pool(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (x->rank != 4) INFER_FAIL(in, "input is %s, expected rank 4", infer_text(in, x));
  struct window w;
  if (!attr_find(in->attrs, ATTR_KERNEL)) INFER_FAIL(in, "the size of the window is not given");
  infer_ints(in, ATTR_KERNEL, 2, 1, 1, w.kernel);
  infer_window(in, &w, 0);
  infer_int(in, ATTR_COUNT_PAD, 0, 0, 1);
  int64_t dim[4] = {x->dim[0], 0, 0, x->dim[3]}, extra[2];
  infer_ints(in, ATTR_OUTPUT_PADDING, 2, 0, 0, extra);
  w.pads[2] += extra[0];
  w.pads[3] += extra[1];
  infer_window_sizes(in, &w, x, dim + 1);
  if (in->op == OP_MAX_POOL) {
    if (x->dtype == DT_BOOL) INFER_FAIL(in, "input is %s, expected numbers", infer_text(in, x));
    if (in->want && (in->want->dtype != x->dtype || !quant_equal(in->want->quant, x->quant)))
      INFER_FAIL(in, "the output of a max pool has the type of its input");
    infer_output(in, 0, x->dtype, 4, dim, x->quant);
    return;
  }
  if (!dtype_is_float(x->dtype) && !type_is_quantized(x))
    INFER_FAIL(in, "input is %s, expected floats or quantized u8 or s8", infer_text(in, x));
  if (in->want && (type_is_quantized(x) ? !in->want->quant || !dtype_is_8bit(in->want->dtype)
                                        : in->want->dtype != x->dtype))
    INFER_FAIL(in, "the output of an average pool of %s cannot be %s", infer_text(in, x),
               dtype_name(in->want->dtype));
  infer_wanted_or(in, x->dtype, x->quant, 4, dim);
}

static void need_word(const struct infer *in, enum attr_key key, const char *fallback,
                      const char *const *words) {
  const char *given = attr_name(in->attrs, key, fallback);
  for (; *words; words++)
    if (!strcmp(*words, given)) return;
  INFER_FAIL(in, "%s is '%s', which is not supported", attr_key_name(key), given);
}

static void need_resize_words(const struct infer *in) {
  static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
  static const char *const coordinates[] = {
      "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
      "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
  static const char *const nearest[] = {
      "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple", NULL};
  need_word(in, ATTR_MODE, "nearest", modes);
  need_word(in, ATTR_COORDINATES, "half_pixel", coordinates);
  need_word(in, ATTR_NEAREST, "round_prefer_floor", nearest);
}

/* Sizes when only scales are given: floor(size * scale). ONNX Resize-19 speaks of the part in the region of
 * interest there, but neither ONNX's own inference nor ONNX Runtime looks at it. */
static void resize_by_scales(const struct infer *in, const struct type *x, const float *scale, int64_t *dim) {
  for (int i = 0; i < x->rank; i++) {
    float size = floorf((float)x->dim[i] * scale[i]); /* in floats, as ONNX Runtime */
    if (!(size >= 0 && size <= INFER_LIMIT))
      INFER_FAIL(in, "scale %g gives no sensible size on axis %d", (double)scale[i], i);
    dim[i] = (int64_t)size;
  }
}

void infer_resize(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int scale_count = 0, roi_count = 0;
  const float *scale = attr_floats(in->attrs, ATTR_SCALES, &scale_count);
  attr_floats(in->attrs, ATTR_ROI, &roi_count);
  need_resize_words(in);
  bool crop = !strcmp(attr_name(in->attrs, ATTR_COORDINATES, "half_pixel"), "tf_crop_and_resize");
  if (scale && scale_count != x->rank)
    INFER_FAIL(in, "scales has %d entries, input has rank %d", scale_count, x->rank);
  for (int i = 0; i < scale_count; i++)
    if (!(scale[i] > 0 && isfinite(scale[i])))
      INFER_FAIL(in, "scales[%d] is %g, expected a positive number", i, (double)scale[i]);
  if (crop && roi_count != 2 * x->rank)
    INFER_FAIL(in, "roi has %d entries, expected %d", roi_count, 2 * x->rank);
  int64_t dim[MAX_RANK];
  if (attr_find(in->attrs, ATTR_SIZES))
    infer_ints(in, ATTR_SIZES, x->rank, 1, 0, dim);
  else if (scale)
    resize_by_scales(in, x, scale, dim);
  else
    INFER_FAIL(in, "neither sizes nor scales are given");
  for (int i = 0; i < x->rank; i++)
    if (x->dim[i] == 0 && dim[i] > 0)
      INFER_FAIL(in, "axis %d of size 0 cannot be resized to %lld", i, (long long)dim[i]);
  if (x->quant && x->quant->axis >= 0) INFER_FAIL(in, "input has one scale a channel, expected one scale");
  if (in->want && (in->want->dtype != x->dtype || !quant_equal(in->want->quant, x->quant)))
    INFER_FAIL(in, "the output of a resize has the type of its input");
  infer_output(in, 0, x->dtype, x->rank, dim, x->quant);
}
