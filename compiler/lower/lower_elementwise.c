/* Unary, binary, where, cast: rows of ir/ops.def to kernels by element type. Levels: lower_quantized.c. */
#include "lower/lower_elementwise.h"

#include "lower/lower_quantized.h"

struct operand operand_value(struct value *v) {
  return (struct operand){.kind = v ? OPERAND_VALUE : OPERAND_NONE, .value = v};
}

struct operand operand_constant(const void *data, int64_t bytes) {
  return (struct operand){.kind = OPERAND_CONSTANT, .data = data, .bytes = bytes};
}

struct operand operand_scratch(int number, int64_t bytes) {
  return (struct operand){.kind = OPERAND_SCRATCH, .scratch = number, .bytes = bytes};
}

void call_operand(struct call *c, int operand, struct operand o, bool written) {
  o.written = written;
  c->operand[operand] = o;
}

enum kernel_id elementwise_kernel(struct lowering *l, enum op op, enum dtype dtype) {
  enum { DT_f32 = DT_F32, DT_f64 = DT_F64, DT_u8 = DT_U8, DT_u16 = DT_U16, DT_u32 = DT_U32, DT_u64 = DT_U64,
         DT_s8 = DT_S8, DT_s16 = DT_S16, DT_s32 = DT_S32, DT_s64 = DT_S64, DT_bool8 = DT_BOOL };
  static const short table[OP_COUNT][DT_COUNT] = { /* kernel_id + 1; 0: none */
#define ROW(type, e, name) [OP_##e][DT_##type] = KERNEL_##name##_##type##_plain + 1,
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define UNARY(e, name, types, doc) TYPES_##types(ROW, e, name)
#define BINARY(e, name, types, doc) TYPES_##types(ROW, e, name)
#define COMPARE(e, name, types, doc) TYPES_##types(ROW, e, name)
#include "ir/ops.def"
#undef ROW
  };
  if (!table[op][dtype])
    lower_unsupported(
        l, ctx_printf(l->ctx, "%s has no kernel for elements of type %s", op_name(op), dtype_name(dtype)));
  return (enum kernel_id)(table[op][dtype] - 1);
}

/* Stride of axis `axis` of y in an input, right-aligned; 0 where the input is repeated. */
static int64_t stride_in(const struct type *y, const struct type *input, int axis) {
  int own = axis - (y->rank - input->rank);
  if (own < 0 || input->dim[own] == 1) return 0;
  int64_t stride = 1;
  for (int i = own + 1; i < input->rank; i++) stride *= input->dim[i];
  return stride;
}

struct broadcast broadcast_make(struct lowering *l, const struct type *y, int count,
                                const struct type *const *input) {
  struct broadcast b = {.rank = 0};
  for (int axis = 0; axis < y->rank; axis++) {
    if (y->dim[axis] == 1) continue;
    bool merges = b.rank > 0;
    for (int k = 0; k < count; k++)
      merges = merges && b.stride[k][b.rank - 1] == stride_in(y, input[k], axis) * y->dim[axis];
    if (!merges) b.dim[b.rank++] = 1;
    b.dim[b.rank - 1] = lower_int32(l, b.dim[b.rank - 1] * y->dim[axis]);
    for (int k = 0; k < count; k++) b.stride[k][b.rank - 1] = lower_int32(l, stride_in(y, input[k], axis));
  }
  if (b.rank == 0) {
    b.rank = b.dim[0] = 1;
    for (int k = 0; k < count; k++) b.stride[k][0] = 1;
  }
  lower_int32(l, type_elements(y));
  return b;
}

void lower_unary_call(struct lowering *l, enum op op, enum dtype dtype, int64_t count, float alpha,
                      float beta, struct operand x, struct operand y) {
  struct unary_params p = {.count = lower_int32(l, count), .alpha = alpha, .beta = beta};
  struct call *c = lower_call(l, elementwise_kernel(l, op, dtype), &p, sizeof p, UNARY_OPERANDS);
  call_operand(c, UNARY_X, x, false);
  call_operand(c, UNARY_Y, y, true);
}

static void emit_binary(struct lowering *l, enum op op, enum dtype dtype, struct operand a, struct operand b,
                        struct operand y) {
  const struct node *n = l->node;
  const struct type *input[] = {&n->input[0]->type, &n->input[1]->type};
  struct binary_params p = {.at = broadcast_make(l, &n->output[0]->type, 2, input),
                            .alpha = attr_float(n, ATTR_ALPHA, 0)};
  struct call *c = lower_call(l, elementwise_kernel(l, op, dtype), &p, sizeof p, BINARY_OPERANDS);
  call_operand(c, BINARY_A, a, false);
  call_operand(c, BINARY_B, b, false);
  call_operand(c, BINARY_Y, y, true);
}

/* f16 and bf16 are stored, not computed with; levels that no kernel takes are dequantized. */
static bool needs_f32(const struct type *t) { return t->quant || t->dtype == DT_F16 || t->dtype == DT_BF16; }

void lower_unary(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  float alpha = attr_float(n, ATTR_ALPHA, 0), beta = attr_float(n, ATTR_BETA, 0);
  struct operand from = operand_value(n->input[0]), to = operand_value(n->output[0]);
  if (type_is_levels(x) && type_is_levels(y)) {
    lower_unary_levels(l, alpha, beta);
  } else if (needs_f32(x)) {
    struct operand f32 = f32_result(to, y, 1);
    lower_unary_call(l, n->op, DT_F32, type_elements(x), alpha, beta, emit_to_f32(l, from, x, 0), f32);
    emit_from_f32(l, f32, to, y);
  } else {
    lower_unary_call(l, n->op, x->dtype, type_elements(x), alpha, beta, from, to);
  }
}

static bool is_constant_two(const struct value *v) {
  return value_is_constant(v) && v->type.dtype == DT_F32 && type_elements(&v->type) == 1 &&
         *(const float *)v->data == 2.0f;
}

void lower_binary(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *a = &n->input[0]->type, *b = &n->input[1]->type, *y = &n->output[0]->type;
  struct operand from_a = operand_value(n->input[0]), from_b = operand_value(n->input[1]);
  struct operand to = operand_value(n->output[0]);
  bool same_levels = quant_equal(a->quant, b->quant) && a->dtype == b->dtype;
  bool compares = y->dtype == DT_BOOL && (n->op == OP_EQUAL || n->op == OP_LESS || n->op == OP_LESS_EQUAL ||
                                          n->op == OP_GREATER || n->op == OP_GREATER_EQUAL);
  bool chooses =
      (n->op == OP_MAX || n->op == OP_MIN) && quant_equal(a->quant, y->quant) && a->dtype == y->dtype;
  /* Scales are positive, so that levels have the order of their numbers. */
  bool of_levels = a->quant && same_levels && (compares || chooses);
  if (of_levels) {
    emit_binary(l, n->op, a->dtype, from_a, from_b, to);
  } else if (type_is_levels(a) && type_is_levels(b) && type_is_levels(y)) {
    lower_binary_levels(l);
  } else if (needs_f32(a) || needs_f32(b)) {
    struct operand f32_a = emit_to_f32(l, from_a, a, 0), f32_b = emit_to_f32(l, from_b, b, 1);
    struct operand f32 = compares ? to : f32_result(to, y, 2);
    emit_binary(l, n->op, DT_F32, f32_a, f32_b, f32);
    if (!compares) emit_from_f32(l, f32, to, y);
  } else if (n->op == OP_POW && a->dtype == DT_F32 && is_constant_two(n->input[1]) &&
             type_elements(a) == type_elements(y)) {
    struct binary_params p = {.at = broadcast_make(l, y, 2, (const struct type *[]){a, a})};
    struct call *c = lower_call(l, KERNEL_mul_f32_plain, &p, sizeof p, BINARY_OPERANDS);
    call_operand(c, BINARY_A, from_a, false);
    call_operand(c, BINARY_B, from_a, false);
    call_operand(c, BINARY_Y, to, true);
  } else {
    emit_binary(l, n->op, a->dtype, from_a, from_b, to);
  }
}

void lower_where(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *a = &n->input[1]->type, *b = &n->input[2]->type, *y = &n->output[0]->type;
  struct operand from_a = operand_value(n->input[1]), from_b = operand_value(n->input[2]);
  struct operand to = operand_value(n->output[0]), result = to;
  enum dtype dtype = y->dtype;
  if (quant_equal(a->quant, y->quant) && quant_equal(b->quant, y->quant)) {
    /* the same bytes */
  } else if (type_is_levels(a) && type_is_levels(b) && type_is_levels(y)) {
    from_a = emit_to_levels(l, from_a, a, y, 0);
    from_b = emit_to_levels(l, from_b, b, y, 1);
  } else {
    from_a = emit_to_f32(l, from_a, a, 0);
    from_b = emit_to_f32(l, from_b, b, 1);
    result = f32_result(to, y, 2);
    dtype = DT_F32;
  }
  const struct type *input[] = {&n->input[0]->type, a, b};
  struct where_params p = {.at = broadcast_make(l, y, 3, input), .bytes = dtype_bytes(dtype)};
  struct call *c = lower_call(l, KERNEL_where_plain, &p, sizeof p, WHERE_OPERANDS);
  call_operand(c, WHERE_CONDITION, operand_value(n->input[0]), false);
  call_operand(c, WHERE_A, from_a, false);
  call_operand(c, WHERE_B, from_b, false);
  call_operand(c, WHERE_Y, result, true);
  if (dtype != y->dtype) emit_from_f32(l, result, to, y);
}

void lower_cast(struct lowering *l) {
  const struct value *x = l->node->input[0], *y = l->node->output[0];
  if (x->type.dtype == y->type.dtype && x->type.dtype != DT_BOOL)
    l->alias_input = 0;
  else
    lower_cast_call(l, x->type.dtype, y->type.dtype, type_elements(&x->type),
                    operand_value(l->node->input[0]), operand_value(l->node->output[0]));
}
