/* Lowering of dot products, shared by lower_dot_*.c: the epilogue, packed weights, the call. */
#ifndef EAIC_LOWER_DOT_H
#define EAIC_LOWER_DOT_H

#include "lower/lower.h"

/* A dot product on its way to a call. Zeroed, then filled by the functions below. */
struct dot {
  struct lowering *l;
  struct value *x, *w, *bias, *residual, *y;
  int64_t channels; /* of the output */
  int w_axis;       /* the axis of w that holds them */
  bool integer;     /* 8-bit x and w */

  /* dot_finish */
  struct dot_epilogue epilogue;
  struct dot_numbers numbers;
  const float *scale; /* epilogue.scale_count of them; NULL: none */

  /* Zero points. Static ones stand in numbers and w_zero, run-time ones are values. */
  const void *w_zero; /* w_zero_count numbers of w's dtype */
  int32_t w_zero_count;
  struct value *x_zero_value, *w_zero_value;

  /* dot_pack_*: constants that replace w and bias */
  const void *packed;
  int64_t packed_bytes;
  bool packed_signed;
  const void *folded_bias; /* `channels` numbers of 4 bytes */

  int64_t weight_scratch_bytes; /* > 0: w is packed at run time, into scratch 1 */

  int64_t scratch_bytes, macs;
};

/* lower_dot_epilogue.c */

/* Takes inputs 0 and 1 and the output of a node. fatal() when their dtypes or quantization have no kernel. */
void dot_begin(struct dot *d, struct lowering *l, int64_t channels, int w_axis);
/* Fills epilogue, numbers, scale and static zero points; the caller has set bias and residual. */
void dot_finish(struct dot *d);
/* Zero points of an op that has them as inputs; either may be NULL (0). Constants become static ones where
 * kernels allow. */
void dot_take_zero_points(struct dot *d, struct value *x_zero, struct value *w_zero);
/* What SIMD kernels need to be known when they are chosen: see struct dot_query. */
bool dot_is_constant(const struct dot *d);
/* Appends the call: its operands are the dot's constants where it has them, else its values. */
struct call *dot_call(struct dot *d, enum kernel_id kernel, const void *params, size_t params_bytes);

/* lower_dot_pack.c: constant weights. `count` channels of each of `group` groups meet `k` elements; the
 * element of channel n of all and k is at n * channel_stride + k * k_stride, in the order of w's elements. */

struct dot_weights {
  int64_t batch; /* weight matrices one after the other, batch_stride elements apart (matmul); groups: 1 */
  int64_t batch_stride;
  int64_t group, count, k; /* channels of all: group * count */
  int64_t channel_stride, k_stride;
};
/* 8-bit: [batch][group][blocks of 8 channels][ceil(k / 2)][8][2]. Weights minus zero points where these fit
 * s8, and then d->w_zero_count becomes 0; else as they are. */
void dot_pack_dense_x8(struct dot *d, const struct dot_weights *s);
/* f32: [batch][group][blocks of 8 channels][k][8]. */
void dot_pack_dense_f32(struct dot *d, const struct dot_weights *s);
/* Depthwise: [blocks of 8 channels][taps / 2][8][2], then of an odd last tap [8], in the order of
 * depthwise_tap. */
void dot_pack_depthwise_x8(struct dot *d, int32_t channels, int32_t kernel_h, int32_t kernel_w);
/* f32: [blocks of 8 channels][taps][8]. */
void dot_pack_depthwise_f32(struct dot *d, int64_t channels, int64_t taps);
/* Call it before packing. Sets epilogue.narrowing_clamps where weights and scales allow. */
void dot_bound_sums(struct dot *d, const struct dot_weights *s);
/* Bytes of one packed dense matrix of one group. */
int64_t dot_packed_bytes(int64_t channels, int64_t k, bool integer);
/* Call it before packing. folded_bias[n] = bias[n] - x_zero_point * (sum of the weights of channel n minus
 * their zero points). */
void dot_fold_bias(struct dot *d, const struct dot_weights *s);

/* select_dot.c: which kernel; pure. */

struct dot_query {
  enum level level;
  bool plain; /* only plain kernels */
  bool integer;
  bool constant;    /* weights, and for integers their zero points and the bias, are known now */
  bool depthwise;   /* conv */
  bool upsampling;  /* conv_transpose: kernel and stride are equal, output is input times stride */
  bool transpose_b; /* matmul */
  int64_t rows;     /* matmul: of one product */
  int64_t k;        /* length of a sum */
};
enum kernel_id select_conv(const struct dot_query *q);
enum kernel_id select_conv_transpose(const struct dot_query *q);
enum kernel_id select_matmul(const struct dot_query *q);

#endif
