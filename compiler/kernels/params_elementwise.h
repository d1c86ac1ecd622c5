/* Elementwise and quantization families. An output may have the address of an input of the same element size
 * and shape. Numbers that differ from layer to layer of one shape (scales, zero points) are an operand, so
 * that such layers share one function of the module. */
#ifndef EAIC_PARAMS_ELEMENTWISE_H
#define EAIC_PARAMS_ELEMENTWISE_H

/* y[i] = f(x[i]). <op>_<type>_plain of the UNARY rows; clamp_x8: alpha and beta are levels. */
struct unary_params {
  int32_t count;
  float alpha, beta;
};
enum { UNARY_X, UNARY_Y, UNARY_OPERANDS };

/* Broadcast reads: the output is contiguous with `rank` axes, element (i0, i1 ..) of input k lies at sum(i *
 * stride[k]). Axes are merged as far as strides allow; the last axis has stride 0 or 1 in each input. rank
 * >= 1. */
enum { BROADCAST_RANK = 8, BROADCAST_INPUTS = 3 };
struct broadcast {
  int32_t rank;
  int32_t dim[BROADCAST_RANK];
  int32_t stride[BROADCAST_INPUTS][BROADCAST_RANK];
};

/* y = f(a, b). <op>_<type>_plain of the BINARY and COMPARE rows. */
struct binary_params {
  struct broadcast at;
  float alpha;
};
enum { BINARY_A, BINARY_B, BINARY_Y, BINARY_OPERANDS };

/* y = condition ? a : b; `bytes` of an element of a, b, y: 1, 2, 4 or 8. Inputs 0: condition, 1: a, 2: b. */
struct where_params {
  struct broadcast at;
  int32_t bytes;
};
enum { WHERE_CONDITION, WHERE_A, WHERE_B, WHERE_Y, WHERE_OPERANDS };

/* y = x in another dtype. */
enum element {
  ELEMENT_F32,
  ELEMENT_F64,
  ELEMENT_U8,
  ELEMENT_U16,
  ELEMENT_U32,
  ELEMENT_U64,
  ELEMENT_S8,
  ELEMENT_S16,
  ELEMENT_S32,
  ELEMENT_S64,
  ELEMENT_BOOL,
  ELEMENT_F16,
  ELEMENT_BF16,
  /* Storage only, a byte each; the floats in the order of enum small_float. */
  ELEMENT_F8E4M3FN,
  ELEMENT_F8E4M3FNUZ,
  ELEMENT_F8E5M2,
  ELEMENT_F8E5M2FNUZ,
  ELEMENT_F4E2M1,
  ELEMENT_F8E8M0,
  ELEMENT_U4,
  ELEMENT_S4,
  ELEMENT_U2,
  ELEMENT_S2
};
struct cast_params {
  int32_t count;
  int32_t from, to; /* enum element */
  int32_t overflow; /* to 8-bit floats: 1 lets what is too large become infinity or NaN */
  int32_t rounding; /* to E8M0: enum small_rounding */
};
enum { CAST_X, CAST_Y, CAST_OPERANDS };

/* f32 <-> levels, per tensor: one struct level_numbers. `type` is the enum element of the levels: quantize
 * u8, s8, u16, s16; dequantize s32 too. */
struct quantize_params {
  int32_t count;
  int32_t type;
};
struct level_numbers {
  float scale;
  int32_t zero_point;
};
enum { QUANTIZE_X, QUANTIZE_Y, QUANTIZE_NUMBERS, QUANTIZE_OPERANDS };

/* f32 <-> levels, element (o, c, i) with scale[c] and zero_point[c]; channels 1: one of each. Zero points
 * have the type of the levels, and may be absent. */
struct quantize_axis_params {
  int32_t outer, channels, inner;
  int32_t type;
};
enum {
  QUANTIZE_AXIS_X,
  QUANTIZE_AXIS_Y,
  QUANTIZE_AXIS_SCALE,
  QUANTIZE_AXIS_ZERO_POINT,
  QUANTIZE_AXIS_OPERANDS
};

/* y[i] = table[x[i]], x as u8; `bytes` of an element of y and the table: 1, 2, 4 or 8. */
struct table_params {
  int32_t count;
  int32_t bytes;
};
enum { TABLE_X, TABLE_Y, TABLE_TABLE, TABLE_OPERANDS };

/* DynamicQuantizeLinear: y u8, scale f32, zero point u8. */
struct quantize_dynamic_params {
  int32_t count;
};
enum { DYNAMIC_X, DYNAMIC_Y, DYNAMIC_SCALE, DYNAMIC_ZERO_POINT, DYNAMIC_OPERANDS };

/* 8-bit quantized y = f(a, b): qlinear_add, qlinear_mul (ONNX Runtime's arithmetic) and <op>_x8 (dequantize
 * both, f, quantize). */
struct quantized_binary_params {
  struct broadcast at;
  int32_t a_signed, b_signed, y_signed;
  int32_t add_is_single;    /* qlinear_add: see add_levels_f32 */
  int32_t narrowing_clamps; /* qlinear_*: low and high are the dtype's limits, and no sum reaches 2^22 */
  float alpha;
};
/* 64 bytes. With a' = a - a_zero, b' = b - b_zero:
 *     qlinear_add: y = round_even(clamp(fma(a', a_scale, fma(b', b_scale, fixed)))) + y_zero
 *     qlinear_mul: y = round_even(clamp(float(a' * b') * a_scale + fixed)) + y_zero
 *     <op>_x8:     y = round_even(clamp(op(a' * a_scale, b' * b_scale) / y_scale)) + y_zero
 * clamp is to [low, high], which are integers. */
struct quantized_binary_numbers {
  float a_scale, b_scale, y_scale;
  int32_t a_zero, b_zero, y_zero;
  float fixed, low, high;
  int32_t reserved[7];
};
enum { QUANTIZED_A_OPERAND, QUANTIZED_B_OPERAND, QUANTIZED_Y_OPERAND, QUANTIZED_NUMBERS, QUANTIZED_OPERANDS };

#endif
