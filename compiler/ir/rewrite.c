#include "ir/ir.h"

void rewrite_begin(struct rewrite *r, const struct graph *old) {
  r->ctx = old->ctx;
  r->old = old;
  r->graph = graph_new(old->ctx, old->name);
  pointer_map_init(&r->map, old->ctx);
  for (int i = 0; i < old->inputs.count; i++) {
    const struct value *v = old->inputs.at[i];
    pointer_map_set(&r->map, v, graph_input(r->graph, v->name, v->type));
  }
}

struct value *rewrite_value(struct rewrite *r, struct value *old) {
  if (!old) return NULL;
  struct value *mapped = pointer_map_get(&r->map, old);
  if (mapped) return mapped;
  if (old->data) return old;
  BUG(r->ctx, "value '%s' is used before it is made", old->name ? old->name : "?");
}

struct node *rewrite_copy(struct rewrite *r, const struct node *n) {
  struct value **input = CTX_ARRAY(r->ctx, struct value *, n->input_count);
  struct type *types = CTX_ARRAY(r->ctx, struct type, n->output_count);
  for (int i = 0; i < n->input_count; i++) input[i] = rewrite_value(r, n->input[i]);
  for (int i = 0; i < n->output_count; i++) types[i] = n->output[i]->type;
  struct node *copy = graph_node(r->graph, n->op, n->input_count, input, n->attr_count, n->attr,
                                 n->output_count, types, n->origin);
  for (int i = 0; i < n->output_count; i++) rewrite_replace(r, n->output[i], copy->output[i]);
  return copy;
}

void rewrite_replace(struct rewrite *r, struct value *old, struct value *replacement) {
  if (replacement->producer && !replacement->name) replacement->name = old->name;
  pointer_map_set(&r->map, old, replacement);
}

struct graph *rewrite_end(struct rewrite *r) {
  for (int i = 0; i < r->old->outputs.count; i++)
    graph_output(r->graph, r->old->output_names.at[i], rewrite_value(r, r->old->outputs.at[i]));
  return r->graph;
}

struct use_list {
  VECTOR(struct node *) nodes;
  int output_count;
};

struct uses {
  struct ctx *ctx;
  struct pointer_map lists;
};

static struct use_list *list_of(struct uses *u, const struct value *v) {
  struct use_list *l = pointer_map_get(&u->lists, v);
  if (!l) {
    l = CTX_NEW(u->ctx, struct use_list);
    pointer_map_set(&u->lists, v, l);
  }
  return l;
}

struct uses *uses_compute(struct ctx *c, const struct graph *g) {
  struct uses *u = CTX_NEW(c, struct uses);
  u->ctx = c;
  pointer_map_init(&u->lists, c);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    for (int k = 0; k < n->input_count; k++) {
      if (!n->input[k]) continue;
      struct use_list *l = list_of(u, n->input[k]);
      VECTOR_PUSH(c, &l->nodes, n);
    }
  }
  for (int i = 0; i < g->outputs.count; i++) list_of(u, g->outputs.at[i])->output_count++;
  return u;
}

int uses_nodes(const struct uses *u, const struct value *v, struct node *const **nodes) {
  const struct use_list *l = pointer_map_get(&u->lists, v);
  *nodes = l ? l->nodes.at : NULL;
  return l ? l->nodes.count : 0;
}

bool uses_is_output(const struct uses *u, const struct value *v) {
  const struct use_list *l = pointer_map_get(&u->lists, v);
  return l && l->output_count > 0;
}

int uses_count(const struct uses *u, const struct value *v) {
  const struct use_list *l = pointer_map_get(&u->lists, v);
  return l ? l->nodes.count + l->output_count : 0;
}

struct node *uses_single(const struct uses *u, const struct value *v) {
  const struct use_list *l = pointer_map_get(&u->lists, v);
  return l && l->output_count == 0 && l->nodes.count == 1 ? l->nodes.at[0] : NULL;
}
