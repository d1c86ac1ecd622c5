/* Which kernel computes a dot product. */
#include "lower/lower_dot.h"

static bool wants_simd(const struct dot_query *q) {
  return !q->plain && q->level >= LEVEL_SIMD128 && q->k > 0;
}

enum kernel_id select_conv(const struct dot_query *q) {
  if (!wants_simd(q) || !q->constant) return q->integer ? KERNEL_conv_x8_plain : KERNEL_conv_f32_plain;
  if (q->depthwise) return q->integer ? KERNEL_depthwise_x8_simd128 : KERNEL_depthwise_f32_simd128;
  return q->integer ? KERNEL_conv_x8_4x8_simd128 : KERNEL_conv_f32_4x8_simd128;
}

enum kernel_id select_conv_transpose(const struct dot_query *q) {
  return wants_simd(q) && q->upsampling ? KERNEL_conv_transpose_f32_4x8_simd128
                                        : KERNEL_conv_transpose_f32_plain;
}

enum kernel_id select_matmul(const struct dot_query *q) {
  /* Packing at run time costs about as much as one row of the plain kernel. */
  bool pack = !q->constant && (q->integer || q->transpose_b);
  if (!wants_simd(q) || (pack && q->rows < DOT_TILE_ROWS))
    return q->integer ? KERNEL_matmul_x8_plain : KERNEL_matmul_f32_plain;
  return q->integer ? KERNEL_matmul_x8_4x8_simd128 : KERNEL_matmul_f32_4x8_simd128;
}
