/* Elementwise operators on 8-bit levels. */
#ifndef EAIC_LOWER_QUANTIZED_H
#define EAIC_LOWER_QUANTIZED_H

#include "lower/lower.h"

/* The node is a UNARY row from levels to levels (type_is_levels): a table, a clamp, or nothing at all. */
void lower_unary_levels(struct lowering *l, float alpha, float beta);
/* The node is a BINARY row on levels. */
void lower_binary_levels(struct lowering *l);
/* x in the levels of `to`: itself, or requantized by a table into scratch `number`. */
struct operand emit_to_levels(struct lowering *l, struct operand x, const struct type *from,
                              const struct type *to, int number);

#endif
