/* Between floats and levels: quantize, dequantize, requantize, and the forms whose scale is known at run time
 * only. */
#include "lower/lower_elementwise.h"
#include "lower/lower_quantized.h"

#include <string.h>

enum element element_of(struct lowering *l, enum dtype dtype) {
  static const unsigned char table[DT_COUNT] = {
      /* enum element + 1 */
      [DT_F32] = ELEMENT_F32 + 1,   [DT_F64] = ELEMENT_F64 + 1, [DT_F16] = ELEMENT_F16 + 1,
      [DT_BF16] = ELEMENT_BF16 + 1, [DT_U8] = ELEMENT_U8 + 1,   [DT_U16] = ELEMENT_U16 + 1,
      [DT_U32] = ELEMENT_U32 + 1,   [DT_U64] = ELEMENT_U64 + 1, [DT_S8] = ELEMENT_S8 + 1,
      [DT_S16] = ELEMENT_S16 + 1,   [DT_S32] = ELEMENT_S32 + 1, [DT_S64] = ELEMENT_S64 + 1,
      [DT_BOOL] = ELEMENT_BOOL + 1,
      [DT_F8E4M3FN] = ELEMENT_F8E4M3FN + 1,
      [DT_F8E4M3FNUZ] = ELEMENT_F8E4M3FNUZ + 1,
      [DT_F8E5M2] = ELEMENT_F8E5M2 + 1,
      [DT_F8E5M2FNUZ] = ELEMENT_F8E5M2FNUZ + 1,
      [DT_F4E2M1] = ELEMENT_F4E2M1 + 1,
      [DT_F8E8M0] = ELEMENT_F8E8M0 + 1,
      [DT_U4] = ELEMENT_U4 + 1,
      [DT_S4] = ELEMENT_S4 + 1,
      [DT_U2] = ELEMENT_U2 + 1,
      [DT_S2] = ELEMENT_S2 + 1};
  if (!table[dtype])
    lower_unsupported(l, ctx_printf(l->ctx, "elements of type %s have no kernel", dtype_name(dtype)));
  return (enum element)(table[dtype] - 1);
}

void lower_cast_call(struct lowering *l, enum dtype from, enum dtype to, int64_t count, struct operand x,
                     struct operand y) {
  struct cast_params p = {.count = lower_int32(l, count), .from = (int32_t)element_of(l, from),
                          .to = (int32_t)element_of(l, to),
                          .overflow = (int32_t)attr_int(l->node, ATTR_OVERFLOW, 0),
                          .rounding = (int32_t)attr_int(l->node, ATTR_ROUNDING, 0)};
  struct call *c = lower_call(l, KERNEL_cast_plain, &p, sizeof p, CAST_OPERANDS);
  call_operand(c, CAST_X, x, false);
  call_operand(c, CAST_Y, y, true);
}

/* The element type of levels, checked: quantize makes 8 and 16 bits, dequantize also reads s32. */
static int32_t level_type(struct lowering *l, enum dtype dtype, bool s32) {
  bool ok =
      dtype == DT_U8 || dtype == DT_S8 || dtype == DT_U16 || dtype == DT_S16 || (s32 && dtype == DT_S32);
  if (!ok) lower_unsupported(l, ctx_printf(l->ctx, "levels of type %s have no kernel", dtype_name(dtype)));
  return (int32_t)element_of(l, dtype);
}

/* Sizes before, along and after an axis; axis -1: one scale for all. */
static struct quantize_axis_params axis_params(struct lowering *l, const struct type *t, int axis,
                                               int32_t type) {
  int64_t outer = 1, channels = axis < 0 ? 1 : t->dim[axis], inner = 1;
  for (int i = 0; i < t->rank; i++) *(i < axis ? &outer : &inner) *= i == axis ? 1 : t->dim[i];
  lower_int32(l, type_elements(t));
  return (struct quantize_axis_params){.outer = lower_int32(l, outer), .channels = lower_int32(l, channels),
                                       .inner = lower_int32(l, inner), .type = type};
}

/* Zero points as an array of the levels' dtype. */
static struct operand pack_zero_points(struct lowering *l, const struct quant *q, enum dtype dtype) {
  int bytes = dtype_bytes(dtype);
  uint8_t *packed = ctx_alloc_array(l->ctx, (size_t)q->n, (size_t)bytes);
  for (int i = 0; i < q->n; i++)
    memcpy(packed + i * bytes, &q->zero_point[i], (size_t)bytes); /* little-endian */
  return operand_constant(packed, (int64_t)q->n * bytes);
}

/* One call between f32 and levels of type `t`, in either direction. */
static void emit_levels(struct lowering *l, bool quantizes, struct operand x, struct operand y,
                        const struct type *t) {
  const struct quant *q = t->quant;
  int32_t type = level_type(l, t->dtype, !quantizes);
  struct call *c;
  if (q->axis >= 0) {
    struct quantize_axis_params p = axis_params(l, t, q->axis, type);
    c = lower_call(l, quantizes ? KERNEL_quantize_axis_f32_plain : KERNEL_dequantize_axis_f32_plain, &p,
                   sizeof p, QUANTIZE_AXIS_OPERANDS);
    call_operand(c, QUANTIZE_AXIS_SCALE, operand_constant(q->scale, (int64_t)sizeof(float) * q->n), false);
    call_operand(c, QUANTIZE_AXIS_ZERO_POINT, pack_zero_points(l, q, t->dtype), false);
  } else {
    struct quantize_params p = {.count = lower_int32(l, type_elements(t)), .type = type};
    struct level_numbers numbers = {q->scale[0], q->zero_point[0]};
    bool simd = lower_simd(l) && dtype_is_8bit(t->dtype);
    enum kernel_id quantize = simd ? KERNEL_quantize_f32_x8_simd128 : KERNEL_quantize_f32_plain;
    enum kernel_id dequantize = simd ? KERNEL_dequantize_x8_f32_simd128 : KERNEL_dequantize_f32_plain;
    c = lower_call(l, quantizes ? quantize : dequantize, &p, sizeof p, QUANTIZE_OPERANDS);
    call_constant(c, QUANTIZE_NUMBERS, ctx_copy(l->ctx, &numbers, sizeof numbers), sizeof numbers);
  }
  _Static_assert((int)QUANTIZE_X == (int)QUANTIZE_AXIS_X && (int)QUANTIZE_Y == (int)QUANTIZE_AXIS_Y,
                 "one order");
  call_operand(c, QUANTIZE_X, x, false);
  call_operand(c, QUANTIZE_Y, y, true);
}

struct operand emit_to_f32(struct lowering *l, struct operand x, const struct type *t, int number) {
  if (t->dtype == DT_F32) return x;
  struct operand f32 = operand_scratch(number, type_elements(t) * (int64_t)sizeof(float));
  if (t->quant)
    emit_levels(l, false, x, f32, t);
  else
    lower_cast_call(l, t->dtype, DT_F32, type_elements(t), x, f32);
  return f32;
}

struct operand f32_result(struct operand y, const struct type *t, int number) {
  return t->dtype == DT_F32 ? y : operand_scratch(number, type_elements(t) * (int64_t)sizeof(float));
}

void emit_from_f32(struct lowering *l, struct operand f32, struct operand y, const struct type *t) {
  if (t->quant)
    emit_levels(l, true, f32, y, t);
  else if (t->dtype != DT_F32)
    lower_cast_call(l, DT_F32, t->dtype, type_elements(t), f32, y);
}

/* quantize, dequantize; requantize of what has no table (16 bits, per axis). */
static void lower_through_f32(struct lowering *l) {
  struct value *x = l->node->input[0], *y = l->node->output[0];
  struct operand to = operand_value(y);
  if (y->type.dtype == DT_F32) { /* straight into the output */
    emit_levels(l, false, operand_value(x), to, &x->type);
    return;
  }
  emit_from_f32(l, emit_to_f32(l, operand_value(x), &x->type, 0), to, &y->type);
}

void lower_quantize(struct lowering *l) { lower_through_f32(l); }
void lower_dequantize(struct lowering *l) { lower_through_f32(l); }

void lower_requantize(struct lowering *l) {
  const struct type *x = &l->node->input[0]->type, *y = &l->node->output[0]->type;
  if (type_is_levels(x) && type_is_levels(y))
    lower_unary_levels(l, 0, 0);
  else
    lower_through_f32(l);
}

void lower_quantize_dynamic(struct lowering *l) {
  const struct node *n = l->node;
  struct quantize_dynamic_params p = {.count = lower_int32(l, type_elements(&n->input[0]->type))};
  enum kernel_id id = lower_simd(l) ? KERNEL_quantize_dynamic_f32_simd128 : KERNEL_quantize_dynamic_f32_plain;
  struct call *c = lower_call(l, id, &p, sizeof p, DYNAMIC_OPERANDS);
  call_reads(c, DYNAMIC_X, n->input[0]);
  call_writes(c, DYNAMIC_Y, n->output[0]);
  call_writes(c, DYNAMIC_SCALE, n->output[1]);
  call_writes(c, DYNAMIC_ZERO_POINT, n->output[2]);
}

/* quantize_by, dequantize_by: scale and zero point are values. */
static void lower_by(struct lowering *l, bool quantizes) {
  const struct node *n = l->node;
  struct value *scale = n->input[1], *zero_point = n->input_count > 2 ? n->input[2] : NULL;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  if ((quantizes ? x : y)->dtype != DT_F32 || scale->type.dtype != DT_F32)
    lower_unsupported(l,
                      "a scale that is computed at run time must be f32, and so the numbers that it scales");
  int64_t scales = type_elements(&scale->type);
  if (zero_point && type_elements(&zero_point->type) != scales)
    lower_unsupported(l, "scale and zero point have different numbers of elements");
  int axis = scales == 1 ? -1 : (int)attr_int(n, ATTR_AXIS, 1);
  struct quantize_axis_params p =
      axis_params(l, x, axis, level_type(l, (quantizes ? y : x)->dtype, !quantizes));
  struct call *c =
      lower_call(l, quantizes ? KERNEL_quantize_axis_f32_plain : KERNEL_dequantize_axis_f32_plain, &p,
                 sizeof p, QUANTIZE_AXIS_OPERANDS);
  call_reads(c, QUANTIZE_AXIS_X, n->input[0]);
  call_writes(c, QUANTIZE_AXIS_Y, n->output[0]);
  call_reads(c, QUANTIZE_AXIS_SCALE, scale);
  call_reads(c, QUANTIZE_AXIS_ZERO_POINT, zero_point);
}

void lower_quantize_by(struct lowering *l) { lower_by(l, true); }
void lower_dequantize_by(struct lowering *l) { lower_by(l, false); }
