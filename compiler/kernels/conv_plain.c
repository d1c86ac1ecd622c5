/* Convolutions, portable C: the oracle of the SIMD variants, and the product at level scalar.
 * A sum runs over kernel rows, kernel columns, channels, in this order; padding adds nothing to an integer
 * sum. */
#include "kernels/dot_words.h"

/* Sums of `width` output channels from o on, of one group, at one window. The loop over `width` unrolls: each
 * input element is loaded once for all of them. */
EAIC_INLINE void conv_sums_x8(const struct conv_params *p, void *const *operand, struct window win, int32_t o,
                              int32_t width, int32_t x_zero, int32_t *sum) {
  int32_t depth = p->in_c / p->group, taps = p->kernel_h * p->kernel_w;
  int32_t first_channel = o / (p->out_c / p->group) * depth;
  int32_t w_zero[4];
  for (int32_t j = 0; j < width; j++) {
    w_zero[j] = zero_point_at(operand[DOT_W_ZERO], p->w_zero_count, o + j, p->w_signed, 0);
    sum[j] = 0;
  }
  for (int32_t i = win.rows.first; i < win.rows.end; i++) {
    for (int32_t k = win.columns.first; k < win.columns.end; k++) {
      int32_t pixel = win.origin + i * p->dilation_h * p->in_w + k * p->dilation_w;
      const uint8_t *x = (const uint8_t *)operand[DOT_X] + (pixel * p->in_c + first_channel);
      const uint8_t *w = (const uint8_t *)operand[DOT_W] + (o * taps + i * p->kernel_w + k) * depth;
      for (int32_t c = 0; c < depth; c++) {
        int32_t v = load8(x, c, p->x_signed) - x_zero;
        for (int32_t j = 0; j < width; j++)
          sum[j] = add_wrapping(sum[j], v * (load8(w, j * taps * depth + c, p->w_signed) - w_zero[j]));
      }
    }
  }
}

/* The same for a depthwise conv: channel o + j of x meets channel o + j of w. */
EAIC_INLINE void depthwise_sums_x8(const struct conv_params *p, void *const *operand, struct window win,
                                   int32_t o, int32_t width, int32_t x_zero, int32_t *sum) {
  int32_t taps = p->kernel_h * p->kernel_w;
  int32_t w_zero[4];
  for (int32_t j = 0; j < width; j++) {
    w_zero[j] = zero_point_at(operand[DOT_W_ZERO], p->w_zero_count, o + j, p->w_signed, 0);
    sum[j] = 0;
  }
  for (int32_t i = win.rows.first; i < win.rows.end; i++) {
    for (int32_t k = win.columns.first; k < win.columns.end; k++) {
      int32_t pixel = win.origin + i * p->dilation_h * p->in_w + k * p->dilation_w;
      const uint8_t *x = (const uint8_t *)operand[DOT_X] + (pixel * p->in_c + o);
      const uint8_t *w = (const uint8_t *)operand[DOT_W] + (o * taps + i * p->kernel_w + k);
      for (int32_t j = 0; j < width; j++) {
        int32_t v = (load8(x, j, p->x_signed) - x_zero) * (load8(w, j * taps, p->w_signed) - w_zero[j]);
        sum[j] = add_wrapping(sum[j], v);
      }
    }
  }
}

EAIC_INLINE void conv_channels_x8(const struct conv_params *p, void *const *operand, int32_t pixel, int32_t o,
                                  int32_t width, int32_t x_zero) {
  int32_t sum[4];
  struct window win = window_of(p, pixel);
  if (p->group == p->in_c && p->group == p->out_c)
    depthwise_sums_x8(p, operand, win, o, width, x_zero, sum);
  else
    conv_sums_x8(p, operand, win, o, width, x_zero, sum);
  for (int32_t j = 0; j < width; j++)
    store_x8(&p->epilogue, operand[DOT_NUMBERS], operand, pixel * p->out_c + o + j, o + j, sum[j]);
}

EAIC_KERNEL(conv_x8_plain) {
  const struct conv_params *p = params;
  const struct dot_numbers *numbers = operand[DOT_NUMBERS];
  int32_t x_zero =
      zero_point_at(operand[DOT_X_ZERO], p->x_zero_is_operand, 0, p->x_signed, numbers->x_zero_point);
  int32_t pixels = p->batch * p->out_h * p->out_w, group_out = p->out_c / p->group;
  /* Four channels at a time never straddle groups, but in a depthwise conv they may. */
  int32_t span = p->group == p->in_c && p->group == p->out_c ? p->out_c : group_out;
  for (int32_t pixel = 0; pixel < pixels; pixel++) {
    for (int32_t first = 0; first < p->out_c; first += span) {
      int32_t o = first;
      for (; o + 4 <= first + span; o += 4) conv_channels_x8(p, operand, pixel, o, 4, x_zero);
      for (; o < first + span; o++) conv_channels_x8(p, operand, pixel, o, 1, x_zero);
    }
  }
}

EAIC_INLINE void conv_sums_f32(const struct conv_params *p, void *const *operand, struct window win,
                               int32_t o, int32_t width, float *sum) {
  int32_t depth = p->in_c / p->group, taps = p->kernel_h * p->kernel_w, current = 0;
  int32_t first_channel = o / (p->out_c / p->group) * depth;
  float part[4];
  for (int32_t j = 0; j < width; j++) sum[j] = part[j] = 0;
  for (int32_t i = win.rows.first; i < win.rows.end; i++) {
    for (int32_t k = win.columns.first; k < win.columns.end; k++) {
      int32_t pixel = win.origin + i * p->dilation_h * p->in_w + k * p->dilation_w;
      int32_t tap = i * p->kernel_w + k, c = 0;
      const float *x = (const float *)operand[DOT_X] + (pixel * p->in_c + first_channel);
      const float *w = (const float *)operand[DOT_W] + (o * taps + tap) * depth;
      while (c < depth) {
        int32_t at = tap * depth + c, end = min_i32(depth, c + DOT_PART - at % DOT_PART);
        if (at / DOT_PART != current) add_parts_f32(sum, part, width);
        current = at / DOT_PART;
        for (; c < end; c++)
          for (int32_t j = 0; j < width; j++) part[j] += x[c] * w[j * taps * depth + c];
      }
    }
  }
  add_parts_f32(sum, part, width);
}

EAIC_INLINE void depthwise_sums_f32(const struct conv_params *p, void *const *operand, struct window win,
                                    int32_t o, int32_t width, float *sum) {
  int32_t taps = p->kernel_h * p->kernel_w;
  for (int32_t j = 0; j < width; j++) sum[j] = 0;
  for (int32_t i = win.rows.first; i < win.rows.end; i++) {
    for (int32_t k = win.columns.first; k < win.columns.end; k++) {
      int32_t pixel = win.origin + i * p->dilation_h * p->in_w + k * p->dilation_w;
      const float *x = (const float *)operand[DOT_X] + (pixel * p->in_c + o);
      const float *w = (const float *)operand[DOT_W] + (o * taps + i * p->kernel_w + k);
      for (int32_t j = 0; j < width; j++) sum[j] += x[j] * w[j * taps];
    }
  }
}

EAIC_INLINE void conv_channels_f32(const struct conv_params *p, void *const *operand, int32_t pixel,
                                   int32_t o, int32_t width) {
  float sum[4];
  struct window win = window_of(p, pixel);
  if (p->group == p->in_c && p->group == p->out_c)
    depthwise_sums_f32(p, operand, win, o, width, sum);
  else
    conv_sums_f32(p, operand, win, o, width, sum);
  for (int32_t j = 0; j < width; j++)
    store_f32(&p->epilogue, operand[DOT_NUMBERS], operand, pixel * p->out_c + o + j, o + j, sum[j]);
}

EAIC_KERNEL(conv_f32_plain) {
  const struct conv_params *p = params;
  int32_t pixels = p->batch * p->out_h * p->out_w, group_out = p->out_c / p->group;
  int32_t span = p->group == p->in_c && p->group == p->out_c ? p->out_c : group_out;
  for (int32_t pixel = 0; pixel < pixels; pixel++) {
    for (int32_t first = 0; first < p->out_c; first += span) {
      int32_t o = first;
      for (; o + 4 <= first + span; o += 4) conv_channels_f32(p, operand, pixel, o, 4);
      for (; o < first + span; o++) conv_channels_f32(p, operand, pixel, o, 1);
    }
  }
}
