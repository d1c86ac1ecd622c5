#include <math.h>

#include "passes/build.h"

pass_function pass_fuse_clip;

/* The conv or matmul whose only reader is this clip, and which can clip itself. */
static struct node *clippable(const struct uses *u, const struct node *clip) {
  struct node *n = clip->input[0]->producer;
  if (!n || (n->op != OP_CONV && n->op != OP_MATMUL) || uses_single(u, n->output[0]) != clip) return NULL;
  const struct type *before = &n->output[0]->type, *after = &clip->output[0]->type;
  const bool same = before->dtype == after->dtype && quant_equal(before->quant, after->quant);
  return same && (before->dtype == DT_F32 || before->quant) ? n : NULL;
}

/* needs: nothing. keeps: results to the bit. gives: a clip after a conv or matmul is one of its attributes:
 * `clip`, or `post_clip` behind a residual add. */
struct graph *pass_fuse_clip(struct ctx *c, const struct graph *g) {
  struct uses *u = uses_compute(c, g);
  struct rewrite r;
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    struct node *dot = n->op == OP_CLIP ? clippable(u, n) : NULL;
    if (!dot) {
      rewrite_copy(&r, n);
      continue;
    }
    const enum attr_key key = dot->input_count > 3 && dot->input[3] ? ATTR_POST_CLIP : ATTR_CLIP;
    float range[2] = {attr_float(n, ATTR_ALPHA, -INFINITY), attr_float(n, ATTR_BETA, INFINITY)};
    struct attr attrs[ATTR_COUNT];
    int count = 0;
    for (int k = 0; k < dot->attr_count; k++) {
      const struct attr *a = &dot->attr[k];
      if (a->key == key) { /* clip of a clip */
        range[0] = fminf(fmaxf(a->floats[0], range[0]), range[1]);
        range[1] = fmaxf(fminf(a->floats[1], range[1]), range[0]);
      } else {
        attrs[count++] = *a;
      }
    }
    attrs[count++] = attr_make_floats(c, key, 2, range);
    struct value **input = CTX_ARRAY(c, struct value *, dot->input_count);
    for (int k = 0; k < dot->input_count; k++) input[k] = rewrite_value(&r, dot->input[k]);
    rewrite_replace(&r, n->output[0],
                    ops_node(r.graph, dot->op, dot->input_count, input, count, attrs, &n->output[0]->type,
                             origin_join(c, dot->origin, n->origin)));
  }
  return pass_dead_code(c, rewrite_end(&r));
}
