/* Private to passes/: permutations of axes, and building nodes that fold at once when they only move a
 * constant. */
#ifndef EAIC_BUILD_H
#define EAIC_BUILD_H

#include "passes/passes.h"

/* Passes that leave nodes without a reader end with this one, so that the next pass counts real uses only. */
pass_function pass_dead_code;

/* transpose(x, p): output axis i is axis p.axis[i] of x. */
struct perm {
  int rank;
  int axis[MAX_RANK];
};
struct perm perm_identity(int rank);
struct perm perm_of_node(const struct node *transpose);
bool perm_is_identity(const struct perm *p);
bool perm_equal(const struct perm *a, const struct perm *b);
struct perm perm_inverse(const struct perm *p);
/* transpose(transpose(x, first), second) == transpose(x, perm_then(first, second)). */
struct perm perm_then(const struct perm *first, const struct perm *second);
/* Whether a transpose of an `x` of this type changes the order of bytes: false when only axes of size
 * 1 move. */
bool perm_moves_memory(const struct perm *p, const struct type *x);
/* The type of transpose(x, p): scales of a per-axis quantization follow their axis. */
struct type perm_type(struct ctx *c, const struct perm *p, const struct type *x);

/* As ops_node, but a node that reads only constants is a constant at once. */
struct value *build_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                         int attr_count, const struct attr *attr, const struct type *want,
                         const struct origin *origin);
/* A movement op on input 0. When that is a dequantized constant, the constant is moved (its scales follow)
 * and dequantized again, so that weights stay 8-bit constants right below a dequantize. */
struct value *build_move(struct graph *g, enum op op, int input_count, struct value *const *input,
                         int attr_count, const struct attr *attr, const struct origin *origin);
/* Whether v is the dequantize of a constant. */
bool is_dequantized_constant(const struct value *v);
/* transpose(x, p), as cheap as can be: x itself, a reshape, a folded constant, else a transpose. */
struct value *build_transpose(struct graph *g, struct value *x, const struct perm *p,
                              const struct origin *origin);
/* reshape(x), or x itself when it has that shape. */
struct value *build_reshape(struct graph *g, struct value *x, int rank, const int64_t *dim,
                            const struct origin *origin);

/* sink_reshape.c: for an elementwise node on a reshape that only adds or drops axes of size 1: the reshape of
 * the op. NULL when there is none. */
struct value *sink_reshape(struct graph *g, const struct node *n);

#endif
