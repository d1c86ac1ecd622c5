/* Constant weights in the order in which the SIMD kernels read them, and what that makes of zero points and
 * biases. */
#include <math.h>
#include <stdlib.h>

#include "kernels/kernel.h"
#include "lower/lower_dot.h"

/* Bytes of a constant that a kernel may over-read. */
static void *constant_bytes(struct dot *d, int64_t bytes) {
  return ctx_alloc(d->l->ctx, (size_t)bytes + TAIL_PAD);
}

static int64_t block_count(int64_t channels) { return (channels + DOT_BLOCK - 1) / DOT_BLOCK; }

/* Channel that lane `lane` of block `block` holds, or -1: the last block overlaps the one before it. */
static int64_t block_channel(int64_t block, int64_t lane, int64_t channels) {
  int64_t first = block * DOT_BLOCK;
  if (first + DOT_BLOCK > channels) first = max_i64(channels - DOT_BLOCK, 0);
  return first + lane < channels ? first + lane : -1;
}

/* Element i of w, of channel n. `centered`: minus the zero point. */
static int32_t weight_at(const struct dot *d, int64_t i, int64_t n, bool centered) {
  int32_t is_signed = dtype_is_signed(d->w->type.dtype);
  int32_t v = load8(d->w->data, (int32_t)i, is_signed);
  if (!centered || d->w_zero_count == 0) return v;
  return v - load8(d->w_zero, d->w_zero_count == 1 ? 0 : (int32_t)n, is_signed);
}

static int64_t weight_index(const struct dot_weights *s, int64_t batch, int64_t n, int64_t k) {
  return batch * s->batch_stride + n * s->channel_stride + k * s->k_stride;
}

/* Whether every weight minus its zero point fits s8; then the packed weights need no zero points. */
static bool centered_fits(const struct dot *d, const struct dot_weights *s) {
  for (int64_t batch = 0; batch < s->batch; batch++) {
    for (int64_t n = 0; n < s->group * s->count; n++) {
      for (int64_t k = 0; k < s->k; k++) {
        int32_t v = weight_at(d, weight_index(s, batch, n, k), n, true);
        if (v < -128 || v > 127) return false;
      }
    }
  }
  return true;
}

static void pack_done(struct dot *d, const void *packed, int64_t bytes, bool centered) {
  d->packed = packed;
  d->packed_bytes = bytes;
  d->packed_signed = centered || dtype_is_signed(d->w->type.dtype);
  if (centered) d->w_zero_count = 0;
}

int64_t dot_packed_bytes(int64_t channels, int64_t k, bool integer) {
  return block_count(channels) * DOT_BLOCK * (integer ? (k + 1) / 2 * 2 : k * (int64_t)sizeof(float));
}

void dot_pack_dense_x8(struct dot *d, const struct dot_weights *s) {
  bool centered = centered_fits(d, s);
  int64_t pairs = (s->k + 1) / 2, blocks = block_count(s->count);
  int64_t bytes = s->batch * s->group * dot_packed_bytes(s->count, s->k, true);
  uint8_t *packed = constant_bytes(d, bytes), *to = packed;
  for (int64_t part = 0; part < s->batch * s->group; part++) {
    int64_t batch = part / s->group, group = part % s->group;
    for (int64_t block = 0; block < blocks; block++) {
      for (int64_t k = 0; k < pairs * 2; k += 2, to += 2 * DOT_BLOCK) {
        for (int64_t i = 0; i < 2 * DOT_BLOCK; i++) {
          int64_t n = block_channel(block, i / 2, s->count), at = k + i % 2;
          if (n < 0 || at >= s->k) continue;
          n += group * s->count;
          to[i] = (uint8_t)weight_at(d, weight_index(s, batch, n, at), n, centered);
        }
      }
    }
  }
  pack_done(d, packed, bytes, centered);
}

void dot_pack_dense_f32(struct dot *d, const struct dot_weights *s) {
  int64_t blocks = block_count(s->count),
          bytes = s->batch * s->group * dot_packed_bytes(s->count, s->k, false);
  const float *w = d->w->data;
  float *packed = constant_bytes(d, bytes), *to = packed;
  for (int64_t part = 0; part < s->batch * s->group; part++) {
    int64_t batch = part / s->group, group = part % s->group;
    for (int64_t block = 0; block < blocks; block++) {
      for (int64_t k = 0; k < s->k; k++, to += DOT_BLOCK) {
        for (int64_t lane = 0; lane < DOT_BLOCK; lane++) {
          int64_t n = block_channel(block, lane, s->count);
          if (n >= 0) to[lane] = w[weight_index(s, batch, n + group * s->count, k)];
        }
      }
    }
  }
  pack_done(d, packed, bytes, false);
}

void dot_pack_depthwise_x8(struct dot *d, int32_t channels, int32_t kernel_h, int32_t kernel_w) {
  int32_t taps = kernel_h * kernel_w;
  struct dot_weights s = {
      .batch = 1, .group = channels, .count = 1, .k = taps, .channel_stride = taps, .k_stride = 1};
  bool centered = centered_fits(d, &s);
  int64_t bytes = block_count(channels) * taps * DOT_BLOCK;
  uint8_t *packed = constant_bytes(d, bytes), *to = packed;
  for (int64_t block = 0; block < block_count(channels); block++, to += taps * DOT_BLOCK) {
    for (int64_t lane = 0; lane < DOT_BLOCK; lane++) {
      int64_t n = block_channel(block, lane, channels);
      if (n < 0) continue;
      for (int32_t t = 0; t < taps; t++) {
        bool alone = t == taps - 1 && taps % 2;
        int64_t at = alone ? t * DOT_BLOCK + lane : t / 2 * 2 * DOT_BLOCK + lane * 2 + t % 2;
        to[at] = (uint8_t)weight_at(d, n * taps + depthwise_tap(kernel_h, kernel_w, t), n, centered);
      }
    }
  }
  pack_done(d, packed, bytes, centered);
}

void dot_pack_depthwise_f32(struct dot *d, int64_t channels, int64_t taps) {
  int64_t bytes = block_count(channels) * taps * DOT_BLOCK * 4;
  const float *w = d->w->data;
  float *packed = constant_bytes(d, bytes), *to = packed;
  for (int64_t block = 0; block < block_count(channels); block++, to += taps * DOT_BLOCK) {
    for (int64_t lane = 0; lane < DOT_BLOCK; lane++) {
      int64_t n = block_channel(block, lane, channels);
      for (int64_t t = 0; n >= 0 && t < taps; t++) to[t * DOT_BLOCK + lane] = w[n * taps + t];
    }
  }
  pack_done(d, packed, bytes, false);
}

void dot_fold_bias(struct dot *d, const struct dot_weights *s) {
  int32_t *folded = constant_bytes(d, d->channels * 4);
  for (int64_t n = 0; n < d->channels; n++) {
    int32_t sum = 0;
    for (int64_t k = 0; k < s->k; k++)
      sum = add_wrapping(sum, weight_at(d, weight_index(s, 0, n, k), n, true));
    int32_t correction = (int32_t)(0u - (uint32_t)sum * (uint32_t)d->numbers.x_zero_point);
    folded[n] = add_wrapping(d->bias ? ((const int32_t *)d->bias->data)[n] : 0, correction);
  }
  d->folded_bias = folded;
  d->epilogue.has_bias = 1;
}

/* Largest |sum + bias| * scale of channel n that any input can give. */
static double largest_level(const struct dot *d, const struct dot_weights *s, int64_t n) {
  int32_t lowest = d->x->type.dtype == DT_S8 ? -128 : 0, zero = d->numbers.x_zero_point;
  double weights = 0, input = (double)max_i64(zero - lowest, lowest + 255 - zero);
  for (int64_t batch = 0; batch < s->batch; batch++) {
    double sum = 0;
    for (int64_t k = 0; k < s->k; k++) sum += abs(weight_at(d, weight_index(s, batch, n, k), n, true));
    weights = sum > weights ? sum : weights;
  }
  double bias = d->bias ? fabs((double)((const int32_t *)d->bias->data)[n]) : 0;
  return (weights * input + bias) * (double)d->scale[d->epilogue.scale_count > 1 ? n : 0];
}

void dot_bound_sums(struct dot *d, const struct dot_weights *s) {
  int32_t lowest = d->epilogue.output == DOT_S8 ? -128 : 0, zero = d->numbers.zero_point;
  if ((d->epilogue.output != DOT_U8 && d->epilogue.output != DOT_S8) || d->residual) return;
  if (d->numbers.low != (float)(lowest - zero) || d->numbers.high != (float)(lowest + 255 - zero)) return;
  for (int64_t n = 0; n < d->channels; n++)
    if (!(largest_level(d, s, n) < 4194304.0 - 1024)) return;
  d->epilogue.narrowing_clamps = 1;
}
