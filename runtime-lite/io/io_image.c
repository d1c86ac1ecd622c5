/* Pictures as tensors: decoded, resized to the input's size, scaled to its numbers. */
#include <math.h>
#include <string.h>

#include "io/io_formats.h"

/* Where the pixels of an image-like input lie. */
struct layout {
  int channels, height, width;
  int64_t channel_stride, row_stride, column_stride; /* in elements */
};

static bool is_channels(int64_t n) { return n == 1 || n == 3 || n == 4; }

/* [1,C,H,W], [1,H,W,C], the same without the 1, or [H,W] with H > 1 (else it is a list of numbers); C of 1, 3
 * or 4. Both possible: channels first. */
static bool find_layout(const struct abi_tensor *t, struct layout *out) {
  const int64_t *dim = t->dim;
  int rank = t->rank;
  if (rank == 4 && dim[0] == 1) dim++, rank--;
  if (t->elements < 1 || t->elements > INT32_MAX) return false;
  if (rank == 2 && dim[0] > 1) {
    *out = (struct layout){1, (int)dim[0], (int)dim[1], 0, dim[1], 1};
  } else if (rank == 3 && is_channels(dim[0])) {
    *out = (struct layout){(int)dim[0], (int)dim[1], (int)dim[2], dim[1] * dim[2], dim[2], 1};
  } else if (rank == 3 && is_channels(dim[2])) {
    *out = (struct layout){(int)dim[2], (int)dim[0], (int)dim[1], 1, dim[1] * dim[2], dim[2]};
  } else {
    return false;
  }
  return true;
}

/* Resamples one axis: `count` lines of `from` pixels become lines of `to` pixels. Element (line, i, channel)
 * stands at line * line_stride + i * stride + channel; the strides of the two sides differ. */
struct axis {
  int count, channels, from, to;
  int64_t in_line, in_stride, out_line, out_stride;
};

/* Bilinear with pixel centres at .5; shrinking widens the triangle so that every source pixel counts, as
 * Pillow does. */
static void resample(const struct axis *a, const float *in, float *out) {
  double step = (double)a->from / a->to, reach = step > 1 ? step : 1;
  for (int i = 0; i < a->to; i++) {
    double centre = (i + 0.5) * step;
    int first = (int)max_i64(0, (int64_t)(centre - reach)),
        end = (int)min_i64(a->from, (int64_t)(centre + reach) + 1);
    double total = 0;
    for (int k = first; k < end; k++) total += fmax(0, 1 - fabs(k + 0.5 - centre) / reach);
    for (int k = first; k < end; k++) {
      float weight = (float)(fmax(0, 1 - fabs(k + 0.5 - centre) / reach) / total);
      for (int line = 0; line < a->count; line++) {
        const float *from = in + line * a->in_line + k * a->in_stride;
        float *to = out + line * a->out_line + i * a->out_stride;
        for (int ch = 0; ch < a->channels; ch++) to[ch] += weight * from[ch];
      }
    }
  }
}

/* Pixels as floats in 0..255, [height][width][channels], at the layout's size. */
static const float *resize(struct ctx *c, const struct picture *p, const struct layout *l) {
  int64_t ch = p->channels, w = p->width, h = p->height;
  float *pixel = CTX_ARRAY(c, float, w * h * ch);
  for (int64_t i = 0; i < w * h * ch; i++) pixel[i] = p->pixel[i];
  if (w != l->width) {
    float *wide = CTX_ARRAY(c, float, h * l->width * ch);
    resample(&(struct axis){p->height, p->channels, p->width, l->width, w * ch, ch, l->width * ch, ch}, pixel,
             wide);
    pixel = wide;
  }
  if (h != l->height) {
    int64_t row = l->width * ch;
    float *high = CTX_ARRAY(c, float, l->height *row);
    resample(&(struct axis){l->width, p->channels, p->height, l->height, ch, row, ch, row}, pixel, high);
    pixel = high;
  }
  return pixel;
}

static double per_channel(const double *value, int count, int channel, double fallback) {
  return count == 0 ? fallback : value[count == 1 ? 0 : channel];
}

struct loaded load_image(struct ctx *c, const struct load_request *request) {
  const struct abi_tensor *t = request->want;
  const struct image_options *o = request->image;
  struct layout l;
  if (!find_layout(t, &l)) {
    load_failed(c, request,
                "is a picture, but the tensor is %s and not [1,C,H,W] or [1,H,W,C] with 1, 3 or 4 channels",
                abi_type_text(c, t));
  }
  if ((o->mean_count > 1 && o->mean_count != l.channels) ||
      (o->std_count > 1 && o->std_count != l.channels)) {
    load_failed(c, request, "needs one mean and std, or %d", l.channels);
  }
  for (int i = 0; i < o->std_count; i++) {
    if (o->std[i] == 0) load_failed(c, request, "cannot be divided by a std of 0");
  }
  struct picture p = picture_decode(c, request, file_read(c, request->path, MAX_TENSOR_FILE), l.channels);
  const float *pixel = resize(c, &p, &l);

  bool is_integer = !abi_dtype_is_float(t->dtype);
  double scale = o->has_scale ? o->scale : is_integer && !t->quantized ? 1 : 1.0 / 255;
  uint8_t *data = ctx_alloc(c, (size_t)t->bytes);
  for (int y = 0; y < l.height; y++) {
    for (int x = 0; x < l.width; x++) {
      for (int ch = 0; ch < l.channels; ch++) {
        double value = *pixel++ * scale - per_channel(o->mean, o->mean_count, ch, 0);
        value /= per_channel(o->std, o->std_count, ch, 1);
        if (t->quantized) value = nearbyint(value / t->scale) + (double)t->zero_point;
        abi_element_set(t->dtype, data, ch * l.channel_stride + y * l.row_stride + x * l.column_stride,
                        value);
      }
    }
  }
  return (struct loaded){.data = {data, (size_t)t->bytes}};
}
