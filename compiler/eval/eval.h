/* eval: graphs and single nodes executed natively: constant folding, before/after checks of passes, `eaic
 * verify`. */
#ifndef EAIC_EVAL_H
#define EAIC_EVAL_H

#include "lower/lower.h"

/* Runs one node, with plain kernels or the best ones. input[i] and output[i] point to the bytes of the node's
 * inputs (NULL when omitted) and outputs. Constants' bytes are their own. */
void eval_node(struct ctx *c, const struct node *n, bool plain, const void *const *input,
               void *const *output);

/* Runs a graph. input[i]: bytes of g->inputs.at[i]. Returns, in the ctx, one pointer for each graph output.
 */
const void **eval_graph(struct ctx *c, const struct graph *g, bool plain, const void *const *input);

/* The same; afterwards `bytes` maps every value of the graph to its bytes. */
void eval_graph_into(struct ctx *c, const struct graph *g, bool plain, const void *const *input,
                     struct pointer_map *bytes);

/* When every input of `n` is a constant and the result is of moderate size, replaces its outputs by
 * constants: returns true and sets value->data on each output; the caller takes the node out of its graph. */
bool eval_fold(struct ctx *c, struct node *n);

#endif
