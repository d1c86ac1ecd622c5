#include "ops/infer.h"

struct verifier {
  const struct graph *graph;
  const char *after; /* the pass that made the graph; NULL: a person wrote it */
  struct pointer_map seen; /* values that exist at this point of the list */
};

static const char *name_of(const struct value *v) { return v->name ? v->name : "?"; }

EAIC_PRINTF(2, 3)
EAIC_NORETURN static void fail(const struct verifier *v, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (!v->after) fatal(v->graph->ctx, NULL, "%s", text);
  BUG(v->graph->ctx, "after %s: %s", v->after, text);
}

static void mark(struct verifier *v, struct value *value) {
  pointer_map_set(&v->seen, value, value);
}

static void check_available(struct verifier *v, const struct node *n, struct value *value) {
  if (value_is_constant(value) || pointer_map_get(&v->seen, value)) return;
  fail(v, "%s reads '%s' before it is made", n ? op_name(n->op) : "an output", name_of(value));
}

static void check_type(struct verifier *v, const struct value *value) {
  const struct type *t = &value->type;
  if (!type_is_sane(t)) fail(v, "impossible type of '%s'", name_of(value));
  const struct quant *q = t->quant;
  if (!q) return;
  const bool fits = q->axis < 0 ? q->n == 1 : q->axis < t->rank && q->n == t->dim[q->axis];
  if (!fits || dtype_is_float(t->dtype)) fail(v, "quantization does not fit '%s'", name_of(value));
}

static void check_node(struct verifier *v, const struct node *n) {
  struct ctx *c = v->graph->ctx;
  for (int i = 0; i < n->input_count; i++) {
    if (!n->input[i]) continue;
    check_available(v, n, n->input[i]);
    check_type(v, n->input[i]);
  }
  const struct location at = node_location(n, NULL);
  struct type *types = CTX_ARRAY(c, struct type, n->output_count);
  ops_infer(c, n->op, n->input_count, n->input, n->attr_count, n->attr, &n->output[0]->type, &at,
            n->output_count, types);
  for (int i = 0; i < n->output_count; i++) {
    check_type(v, n->output[i]);
    if (!type_equal(&types[i], &n->output[i]->type))
      fail(v, "output %d of %s, '%s', should be %s%s", i, op_name(n->op), name_of(n->output[i]),
           infer_text(&(struct infer){.ctx = c}, &types[i]),
           types[i].quant ? " with a scale and zero point" : "");
    if (n->output[i]->producer != n) fail(v, "'%s' names a wrong producer", name_of(n->output[i]));
    mark(v, n->output[i]);
  }
}

void ops_verify(const struct graph *g, const char *after) {
  struct verifier v = {.graph = g, .after = after};
  pointer_map_init(&v.seen, g->ctx);
  for (int i = 0; i < g->inputs.count; i++) mark(&v, g->inputs.at[i]);
  for (int i = 0; i < g->nodes.count; i++) check_node(&v, g->nodes.at[i]);
  for (int i = 0; i < g->outputs.count; i++) check_available(&v, NULL, g->outputs.at[i]);
}
