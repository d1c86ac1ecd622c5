#include "lower/lower_quantized.h"

#include <math.h>
#include <string.h>

#include "lower/lower_elementwise.h"
#include "lower/single_add.h"

void lower_unary_levels(struct lowering *l, float alpha, float beta) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  uint8_t table[256];
  table_make(l, n->op, alpha, beta, x, y, table);
  if (table_is_identity(table))
    l->alias_input = 0;
  else
    emit_table(l, x->dtype, type_elements(x), table, operand_value(n->input[0]), operand_value(n->output[0]));
}

struct operand emit_to_levels(struct lowering *l, struct operand x, const struct type *from,
                              const struct type *to, int number) {
  uint8_t table[256];
  table_make(l, OP_REQUANTIZE, 0, 0, from, to, table);
  if (table_is_identity(table)) return x;
  struct operand y = operand_scratch(number, type_elements(from));
  emit_table(l, from->dtype, type_elements(from), table, x, y);
  return y;
}

/* ONNX Runtime's u8 kernel on s8 + 128 (form "shifted"), its kernel for the dtype itself, or dequantize, op,
 * quantize. */
enum form { FORM_INTEGER, FORM_SHIFTED, FORM_FLOAT };

static enum form form_of(struct lowering *l, const struct type *a, const struct type *b,
                         const struct type *y) {
  const char *name = attr_name(l->node, ATTR_FORM, "integer");
  if (l->node->op != OP_ADD && l->node->op != OP_MUL) return FORM_FLOAT;
  if (a->dtype != b->dtype || a->dtype != y->dtype || strcmp(name, "float") == 0) return FORM_FLOAT;
  return strcmp(name, "shifted") == 0 && y->dtype == DT_S8 ? FORM_SHIFTED : FORM_INTEGER;
}

/* The formulas of ONNX Runtime (MLAS QLinearAdd and QLinearMul kernels of x86-64 with FMA), one float
 * rounding an operation. */
static struct quantized_binary_numbers numbers_of(enum op op, enum form form, const struct type *a,
                                                  const struct type *b, const struct type *y) {
  int32_t shift = form == FORM_SHIFTED ? 128 : 0;
  bool is_signed = y->dtype == DT_S8 && !shift;
  float scale_a = a->quant->scale[0], scale_b = b->quant->scale[0], scale_y = y->quant->scale[0];
  int32_t zero_a = a->quant->zero_point[0] + shift, zero_b = b->quant->zero_point[0] + shift;
  int32_t zero_y = y->quant->zero_point[0] + shift;
  struct quantized_binary_numbers k = {
      .low = is_signed ? -128 : 0, .high = is_signed ? 127 : 255, .y_zero = -shift};
  if (form == FORM_FLOAT) {
    k.a_scale = scale_a, k.b_scale = scale_b, k.y_scale = scale_y;
    k.a_zero = zero_a, k.b_zero = zero_b, k.y_zero = zero_y;
    k.low -= (float)zero_y, k.high -= (float)zero_y;
  } else if (op == OP_ADD) {
    k.a_scale = scale_a / scale_y, k.b_scale = scale_b / scale_y;
    k.a_zero = k.b_zero = -shift;
    k.fixed = (float)zero_y - fmaf(k.a_scale, (float)zero_a, k.b_scale * (float)zero_b);
  } else {
    k.a_scale = scale_a * scale_b / scale_y;
    k.a_zero = zero_a - shift, k.b_zero = zero_b - shift;
    k.fixed = (float)zero_y;
  }
  return k;
}

/* Single precision for the add where it gives the same levels, and no clamps where narrowing does. */
static void simplify(struct lowering *l, enum kernel_id kernel, struct quantized_binary_params *p,
                     struct quantized_binary_numbers *k) {
  const int32_t a_lowest = (p->a_signed ? -128 : 0) - k->a_zero;
  const int32_t b_lowest = (p->b_signed ? -128 : 0) - k->b_zero;
  if (kernel == KERNEL_qlinear_add_x8_simd128 || kernel == KERNEL_qlinear_add_x8_plain) {
    struct level_sum s = {k->a_scale, k->b_scale, k->fixed, k->low, k->high, a_lowest, b_lowest};
    p->add_is_single = p->narrowing_clamps = single_add_find(l->ctx, &s);
    k->a_scale = s.ratio_a;
    k->b_scale = s.ratio_b;
    k->fixed = s.fixed;
  }
  if (kernel == KERNEL_qlinear_mul_x8_simd128)
    p->narrowing_clamps = 65536.0 * (double)k->a_scale + 256 < 4194304.0;
}

static enum kernel_id kernel_of(struct lowering *l, enum form form, int32_t columns) {
  enum op op = l->node->op;
  bool simd = lower_simd(l) && columns >= 8;
  if (form != FORM_FLOAT && op == OP_ADD)
    return simd ? KERNEL_qlinear_add_x8_simd128 : KERNEL_qlinear_add_x8_plain;
  if (form != FORM_FLOAT) return simd ? KERNEL_qlinear_mul_x8_simd128 : KERNEL_qlinear_mul_x8_plain;
  static const short table[OP_COUNT] = { /* kernel_id + 1 */
#define ROW(e, name) [OP_##e] = KERNEL_##name##_x8_plain + 1,
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define BINARY(e, name, types, doc) QUANTIZED_##types(ROW, e, name)
#include "ir/ops.def"
#undef ROW
  };
  if (!table[op]) lower_unsupported(l, "has no kernel for quantized operands");
  return (enum kernel_id)(table[op] - 1);
}

void lower_binary_levels(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *y = &n->output[0]->type;
  enum form form = form_of(l, &n->input[0]->type, &n->input[1]->type, y);
  struct value *a = n->input[0], *b = n->input[1];
  const struct type *input[] = {&a->type, &b->type};
  struct quantized_binary_params p = {.at = broadcast_make(l, y, 2, input),
                                      .a_signed = a->type.dtype == DT_S8,
                                      .b_signed = b->type.dtype == DT_S8,
                                      .y_signed = y->dtype == DT_S8,
                                      .alpha = attr_float(n, ATTR_ALPHA, 0)};
  struct quantized_binary_numbers numbers = numbers_of(n->op, form, &a->type, &b->type, y);
  enum kernel_id kernel = kernel_of(l, form, p.at.dim[p.at.rank - 1]);
  simplify(l, kernel, &p, &numbers);
  struct call *c = lower_call(l, kernel, &p, sizeof p, QUANTIZED_OPERANDS);
  call_reads(c, QUANTIZED_A_OPERAND, a);
  call_reads(c, QUANTIZED_B_OPERAND, b);
  call_writes(c, QUANTIZED_Y_OPERAND, n->output[0]);
  call_constant(c, QUANTIZED_NUMBERS, ctx_copy(l->ctx, &numbers, sizeof numbers), sizeof numbers);
}
