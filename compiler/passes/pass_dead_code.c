#include "passes/passes.h"

pass_function pass_dead_code;

/* needs: nothing. keeps: everything that an output depends on, in order. gives: every node is needed by an
 * output. */
struct graph *pass_dead_code(struct ctx *c, const struct graph *g) {
  struct pointer_map needed;
  pointer_map_init(&needed, c);
  for (int i = 0; i < g->outputs.count; i++) pointer_map_set(&needed, g->outputs.at[i], g->outputs.at[i]);
  for (int i = g->nodes.count - 1; i >= 0; i--) {
    const struct node *n = g->nodes.at[i];
    bool used = false;
    for (int k = 0; k < n->output_count; k++) used = used || pointer_map_get(&needed, n->output[k]);
    for (int k = 0; used && k < n->input_count; k++)
      if (n->input[k]) pointer_map_set(&needed, n->input[k], n->input[k]);
  }
  struct rewrite r;
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    const struct node *n = g->nodes.at[i];
    bool used = false;
    for (int k = 0; k < n->output_count; k++) used = used || pointer_map_get(&needed, n->output[k]);
    if (used) rewrite_copy(&r, n);
  }
  return rewrite_end(&r);
}
