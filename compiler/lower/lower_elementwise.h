/* Calls of the elementwise and quantization families, for their lowering functions. */
#ifndef EAIC_LOWER_ELEMENTWISE_H
#define EAIC_LOWER_ELEMENTWISE_H

#include "lower/lower.h"

/* Operands: a value; bytes that lowering made; scratch of the node by number. */
struct operand operand_value(struct value *v);
struct operand operand_constant(const void *data, int64_t bytes);
struct operand operand_scratch(int number, int64_t bytes);
void call_operand(struct call *c, int operand, struct operand o, bool written);
static inline bool lower_simd(const struct lowering *l) { return l->level >= LEVEL_SIMD128 && !l->plain; }

/* lower_elementwise.c */

/* Strides of `count` inputs that broadcast to y, with axes merged. */
struct broadcast broadcast_make(struct lowering *l, const struct type *y, int count,
                                const struct type *const *input);
/* y = f(x) of a UNARY row on `count` elements of one plain dtype; fatal() when the row has no such kernel. */
void lower_unary_call(struct lowering *l, enum op op, enum dtype dtype, int64_t count, float alpha,
                      float beta, struct operand x, struct operand y);
enum kernel_id elementwise_kernel(struct lowering *l, enum op op, enum dtype dtype);

/* lower_quantize.c */

/* Copies of an operand as f32 (dequantized or cast) and back to type `t`. f32 itself is returned as it is,
 * everything else goes through scratch `number`. */
struct operand emit_to_f32(struct lowering *l, struct operand x, const struct type *t, int number);
struct operand f32_result(struct operand y, const struct type *t, int number); /* where to compute it */
void emit_from_f32(struct lowering *l, struct operand f32, struct operand y, const struct type *t);
/* The element type of a dtype, for params; fatal() when kernels know none. */
enum element element_of(struct lowering *l, enum dtype dtype);
void lower_cast_call(struct lowering *l, enum dtype from, enum dtype to, int64_t count, struct operand x,
                     struct operand y);

/* lower_table.c */

bool type_is_levels(const struct type *t); /* 8-bit, quantized per tensor */
/* table[x as u8] = quantize(f(dequantize(x))) for a UNARY row; `op` OP_REQUANTIZE: f(x) = x. */
void table_make(struct lowering *l, enum op op, float alpha, float beta, const struct type *x,
                const struct type *y, uint8_t table[256]);
/* y = table[x] by the cheapest kernel: a clamp when the table is one. */
void emit_table(struct lowering *l, enum dtype dtype, int64_t count, const uint8_t table[256],
                struct operand x, struct operand y);
bool table_is_identity(const uint8_t table[256]);

#endif
