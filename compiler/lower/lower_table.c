/* Functions of one 8-bit number as tables of 256, and the cheaper forms that some of those have. */
#include <string.h>

#include "kernels/kernel.h"
#include "lower/lower_elementwise.h"
#include "lower/ort_float.h"

bool type_is_levels(const struct type *t) {
  return dtype_is_8bit(t->dtype) && t->quant && t->quant->axis < 0;
}

/* y = f(x) on 256 floats: ONNX Runtime's function where it is known to the bit, else the kernel, run
 * natively. */
static void apply(struct lowering *l, enum op op, float alpha, float beta, const float *x, float *y) {
  float (*f)(float) = NULL;
  if (op == OP_SIGMOID) f = ort_sigmoid;
  if (op == OP_TANH) f = ort_tanh;
  if (op == OP_EXP) f = ort_exp;
  if (f) {
    for (int i = 0; i < 256; i++) y[i] = f(x[i]);
  } else if (op == OP_REQUANTIZE) {
    memcpy(y, x, 256 * sizeof *x);
  } else {
    float in[256];
    memcpy(in, x, sizeof in);
    void *operand[UNARY_OPERANDS] = {[UNARY_X] = in, [UNARY_Y] = y};
    struct unary_params p = {.count = 256, .alpha = alpha, .beta = beta};
    kernel_row(elementwise_kernel(l, op, DT_F32))->run(&p, operand);
  }
}

void table_make(struct lowering *l, enum op op, float alpha, float beta, const struct type *x,
                const struct type *y, uint8_t table[256]) {
  float real[256], result[256];
  bool is_signed = y->dtype == DT_S8;
  for (int i = 0; i < 256; i++)
    real[i] = (float)((x->dtype == DT_S8 ? (int8_t)i : i) - x->quant->zero_point[0]) * x->quant->scale[0];
  apply(l, op, alpha, beta, real, result);
  for (int i = 0; i < 256; i++)
    table[i] = (uint8_t)quantize_f32(result[i], y->quant->scale[0], y->quant->zero_point[0],
                                     is_signed ? -128 : 0, is_signed ? 127 : 255);
}

bool table_is_identity(const uint8_t table[256]) {
  for (int i = 0; i < 256; i++)
    if (table[i] != i) return false;
  return true;
}

/* Is the table min(max(x, *low), *high), x and table being numbers of `dtype`? */
static bool table_is_clamp(const uint8_t table[256], enum dtype dtype, int *low, int *high) {
  int first = dtype == DT_S8 ? -128 : 0;
  *low = load8(table, first & 255, dtype == DT_S8);
  *high = load8(table, (first + 255) & 255, dtype == DT_S8);
  for (int x = first; x < first + 256; x++) {
    int y = load8(table, x & 255, dtype == DT_S8);
    if (y != (x < *low ? *low : x > *high ? *high : x)) return false;
  }
  return true;
}

void emit_table(struct lowering *l, enum dtype dtype, int64_t count, const uint8_t table[256],
                struct operand x, struct operand y) {
  int low, high;
  if (table_is_clamp(table, dtype, &low, &high)) {
    lower_unary_call(l, OP_CLIP, dtype, count, (float)low, (float)high, x, y);
    return;
  }
  struct table_params p = {.count = lower_int32(l, count), .bytes = 1};
  enum kernel_id id = lower_simd(l) ? KERNEL_table_x8_bytes_simd128 : KERNEL_table_x8_plain;
  struct call *c = lower_call(l, id, &p, sizeof p, TABLE_OPERANDS);
  call_operand(c, TABLE_X, x, false);
  call_operand(c, TABLE_Y, y, true);
  call_operand(c, TABLE_TABLE, operand_constant(ctx_copy(l->ctx, table, 256), 256), false);
}

void lower_table(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  const uint8_t *table = n->input[1]->data;
  if (table && dtype_bytes(y->dtype) == 1 && table_is_identity(table)) {
    l->alias_input = 0;
  } else if (table && dtype_bytes(y->dtype) == 1) {
    emit_table(l, y->dtype == x->dtype ? x->dtype : DT_U8, type_elements(x), table,
               operand_value(n->input[0]), operand_value(n->output[0]));
  } else {
    struct table_params p = {.count = lower_int32(l, type_elements(x)), .bytes = dtype_bytes(y->dtype)};
    struct call *c = lower_call(l, KERNEL_table_x8_plain, &p, sizeof p, TABLE_OPERANDS);
    call_reads(c, TABLE_X, n->input[0]);
    call_writes(c, TABLE_Y, n->output[0]);
    call_reads(c, TABLE_TABLE, n->input[1]);
  }
}
