/* Before/after checks of passes: both graphs are evaluated natively, with plain kernels, on the same seeded
 * inputs. */
#ifndef EAIC_IR_CHECK_H
#define EAIC_IR_CHECK_H

#include "passes/passes.h"

/* Bytes for each input of g: floats in -2..2, 8-bit numbers over their full range, other integers in 0..7,
 * bools. */
const void **check_inputs(struct ctx *c, const struct graph *g, uint64_t seed);

/* Compares the outputs of the two graphs on those inputs within the pass's bound, and prints a line
 * "check NAME:" with the largest difference to `to`. False when the bound is passed or
 * outputs change type. */
bool check_pass(struct ctx *c, const struct pass *pass, const struct graph *before, const struct graph *after,
                const void *const *input, FILE *to);

#endif
