#include <string.h>

#include "passes/build.h"

pass_function pass_fuse_residual;

/* The conv or matmul that makes input `i` of this add for nobody else, and which can add a residual itself.
 */
static struct node *host_of(const struct uses *u, const struct node *add, int i) {
  struct node *n = add->input[i]->producer;
  if (!n || (n->op != OP_CONV && n->op != OP_MATMUL) || uses_single(u, n->output[0]) != add) return NULL;
  if (n->input_count > 3 && n->input[3]) return NULL;
  const struct type *mid = &n->output[0]->type, *other = &add->input[1 - i]->type,
                    *sum = &add->output[0]->type;
  if (!type_same_shape(mid, sum) || !type_same_shape(other, sum)) return NULL;
  if (mid->dtype == DT_F32 && sum->dtype == DT_F32) return n;
  const bool quantized = mid->quant && other->quant && sum->quant;
  const bool one_dtype = mid->dtype == sum->dtype && other->dtype == sum->dtype;
  return quantized && one_dtype && strcmp(attr_name(add, ATTR_FORM, "integer"), "integer") == 0 ? n : NULL;
}

static struct value *fused(struct rewrite *r, const struct node *add, const struct node *host, int side) {
  struct ctx *c = r->ctx;
  const struct quant *mid = host->output[0]->type.quant;
  struct attr attrs[ATTR_COUNT];
  int count = 0;
  for (int k = 0; k < host->attr_count; k++) attrs[count++] = host->attr[k];
  if (mid) {
    attrs[count++] = attr_make_float(c, ATTR_MID_SCALE, mid->scale[0]);
    attrs[count++] = attr_make_int(c, ATTR_MID_ZERO_POINT, mid->zero_point[0]);
    if (side == 1) attrs[count++] = attr_make_int(c, ATTR_RESIDUAL_FIRST, 1);
  }
  struct value *input[4] = {rewrite_value(r, host->input[0]), rewrite_value(r, host->input[1]),
                            host->input_count > 2 ? rewrite_value(r, host->input[2]) : NULL,
                            rewrite_value(r, add->input[1 - side])};
  return ops_node(r->graph, host->op, 4, input, count, attrs, &add->output[0]->type,
                  origin_join(c, host->origin, add->origin));
}

/* needs: nothing. keeps: results to the bit. gives: the add behind a conv or matmul is its fourth input;
 * where both sides come from one, the later one adds. */
struct graph *pass_fuse_residual(struct ctx *c, const struct graph *g) {
  struct uses *u = uses_compute(c, g);
  struct pointer_map position;
  pointer_map_init(&position, c);
  for (int i = 0; i < g->nodes.count; i++) pointer_map_set(&position, g->nodes.at[i], &g->nodes.at[i]);
  struct rewrite r;
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    struct node *host[2] = {NULL, NULL};
    for (int side = 0; side < 2 && n->op == OP_ADD; side++) host[side] = host_of(u, n, side);
    if (!host[0] && !host[1]) {
      rewrite_copy(&r, n);
      continue;
    }
    struct node **at[2];
    for (int side = 0; side < 2; side++)
      at[side] = host[side] ? pointer_map_get(&position, host[side]) : NULL;
    const int side = host[0] && (!host[1] || at[0] > at[1]) ? 0 : 1;
    rewrite_replace(&r, n->output[0], fused(&r, n, host[side], side));
  }
  return pass_dead_code(c, rewrite_end(&r));
}
