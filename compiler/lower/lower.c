#include "lower/lower.h"

#include <string.h>

/* Rows of ir/ops.def name their lowering; several rows may share one. */
typedef void lower_function(struct lowering *l);
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc) lower_function lower_##lower;
#include "ir/ops.def"

static lower_function *lower_of(enum op op) {
  static lower_function *const table[OP_COUNT] = {
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc) [OP_##e] = lower_##lower,
#include "ir/ops.def"
  };
  return table[op];
}

void lower_node(struct lowering *out, const struct node *n) {
  out->node = n;
  out->alias_input = -1;
  out->calls.count = 0;
  lower_of(n->op)(out);
}

/* reshape, retype: the same bytes under another type. */
void lower_alias(struct lowering *l) { l->alias_input = 0; }

struct call *lower_call(struct lowering *l, enum kernel_id kernel, const void *params, size_t params_bytes,
                        int operand_count) {
  CHECK(l->ctx, operand_count <= MAX_OPERANDS);
  struct call *c = CTX_NEW(l->ctx, struct call);
  c->kernel = kernel_row(kernel);
  c->params = ctx_copy(l->ctx, params, params_bytes);
  c->params_bytes = params_bytes;
  c->operand_count = operand_count;
  c->operand = CTX_ARRAY(l->ctx, struct operand, operand_count);
  c->node = l->node;
  VECTOR_PUSH(l->ctx, &l->calls, c);
  return c;
}

void call_reads(struct call *c, int operand, struct value *v) {
  if (v) c->operand[operand] = (struct operand){.kind = OPERAND_VALUE, .value = v};
}

void call_writes(struct call *c, int operand, struct value *v) {
  c->operand[operand] = (struct operand){.kind = OPERAND_VALUE, .value = v, .written = true};
}

void call_constant(struct call *c, int operand, const void *data, int64_t bytes) {
  if (data) c->operand[operand] = (struct operand){.kind = OPERAND_CONSTANT, .data = data, .bytes = bytes};
}

void call_scratch(struct call *c, int operand, int scratch, int64_t bytes, bool written) {
  c->operand[operand] =
      (struct operand){.kind = OPERAND_SCRATCH, .scratch = scratch, .bytes = bytes, .written = written};
}

void lower_unsupported(struct lowering *l, const char *why) {
  struct location at = node_location(l->node, NULL);
  fatal(l->ctx, &at, "%s", why);
}

int32_t lower_int32(struct lowering *l, int64_t x) {
  if (x < INT32_MIN || x > INT32_MAX) lower_unsupported(l, "a size or stride does not fit 32 bits");
  return (int32_t)x;
}
