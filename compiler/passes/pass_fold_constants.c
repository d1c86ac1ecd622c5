#include "passes/build.h"

pass_function pass_fold_constants, pass_fold_weights;

static bool reads_only_constants(const struct value *const *input, int count) {
  for (int i = 0; i < count; i++)
    if (input[i] && !input[i]->data) return false;
  return true;
}

static bool is_movement(enum op op) {
  return op == OP_RESHAPE || op == OP_TRANSPOSE || op == OP_SLICE || op == OP_GATHER || op == OP_EXPAND;
}

/* keep_weights: a dequantize of a constant stays, for the op behind it to become an integer one. */
static struct graph *fold(struct ctx *c, const struct graph *with_dead, bool keep_weights) {
  const struct graph *g = pass_dead_code(c, with_dead); /* nothing is computed in vain */
  struct rewrite r;
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    const struct node *n = g->nodes.at[i];
    struct value **input = CTX_ARRAY(c, struct value *, n->input_count);
    for (int k = 0; k < n->input_count; k++) input[k] = rewrite_value(&r, n->input[k]);
    if (is_movement(n->op) && is_dequantized_constant(input[0])) {
      rewrite_replace(&r, n->output[0],
                      build_move(r.graph, n->op, n->input_count, input, n->attr_count, n->attr, n->origin));
      continue;
    }
    struct node *copy = rewrite_copy(&r, n);
    const bool kept = keep_weights && n->op == OP_DEQUANTIZE;
    if (!kept && reads_only_constants((const struct value *const *)input, n->input_count) &&
        eval_fold(c, copy))
      r.graph->nodes.count--; /* the copy is the last one */
  }
  return pass_dead_code(c, rewrite_end(&r));
}

/* needs: static shapes. keeps: dequantize of constants, so that weights stay 8-bit. gives: no other node
 * whose inputs are all constant, unless its result is very large; movement of a dequantized constant is done
 * on the constant. */
struct graph *pass_fold_constants(struct ctx *c, const struct graph *g) { return fold(c, g, true); }

/* needs: fuse-qdq has taken the weights that it wants. keeps: values. gives: no node whose inputs are all
 * constant: float ops with 8-bit weights have float ones. */
struct graph *pass_fold_weights(struct ctx *c, const struct graph *g) { return fold(c, g, false); }
