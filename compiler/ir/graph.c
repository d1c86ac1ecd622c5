#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"

const char *op_name(enum op op) {
  static const char *const names[OP_COUNT] = {
#define OP(e, name, ...) [OP_##e] = name,
#include "ir/ops.def"
  };
  return names[op];
}

struct graph *graph_new(struct ctx *c, const char *name) {
  struct graph *g = CTX_NEW(c, struct graph);
  g->ctx = c;
  g->name = name;
  return g;
}

static struct value *value_new(struct ctx *c, const char *name, struct type type) {
  struct value *v = CTX_NEW(c, struct value);
  v->name = name;
  v->type = type;
  return v;
}

struct value *graph_input(struct graph *g, const char *name, struct type type) {
  struct value *v = value_new(g->ctx, name, type);
  VECTOR_PUSH(g->ctx, &g->inputs, v);
  return v;
}

struct value *value_constant(struct ctx *c, const char *name, struct type type, const void *data) {
  struct value *v = value_new(c, name, type);
  v->data = data;
  return v;
}

void graph_output(struct graph *g, const char *name, struct value *v) {
  VECTOR_PUSH(g->ctx, &g->outputs, v);
  VECTOR_PUSH(g->ctx, &g->output_names, name);
}

static int by_key(const void *a, const void *b) {
  const struct attr *x = a, *y = b;
  return (int)x->key - (int)y->key;
}

struct node *graph_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                        int attr_count, const struct attr *attr, int output_count,
                        const struct type *output_type, const struct origin *origin) {
  struct ctx *c = g->ctx;
  struct node *n = CTX_NEW(c, struct node);
  n->op = op;
  n->input_count = input_count;
  n->input = CTX_ARRAY(c, struct value *, input_count);
  for (int i = 0; i < input_count; i++) n->input[i] = input[i];
  struct attr *attrs = CTX_ARRAY(c, struct attr, attr_count);
  for (int i = 0; i < attr_count; i++) attrs[i] = attr[i];
  if (attr_count > 1) qsort(attrs, (size_t)attr_count, sizeof *attrs, by_key);
  n->attr = attrs;
  n->attr_count = attr_count;
  n->output_count = output_count;
  n->output = CTX_ARRAY(c, struct value *, output_count);
  for (int i = 0; i < output_count; i++) {
    n->output[i] = value_new(c, NULL, output_type[i]);
    n->output[i]->producer = n;
  }
  n->origin = origin;
  VECTOR_PUSH(c, &g->nodes, n);
  return n;
}

struct location node_location(const struct node *n, const struct value *v) {
  struct location at = {NULL, NULL, v ? v->name : NULL};
  if (n && n->origin) {
    at.node = n->origin->name;
    at.op = n->origin->op;
  }
  return at;
}

static bool origin_contains(const struct origin *list, const struct origin *o) {
  for (; list; list = list->next)
    if (strcmp(list->name, o->name) == 0 && strcmp(list->op, o->op) == 0) return true;
  return false;
}

/* a's entries, then those of b that a does not have. */
const struct origin *origin_join(struct ctx *c, const struct origin *a, const struct origin *b) {
  if (!a) return b;
  struct origin *head = NULL, **tail = &head;
  const struct origin *const lists[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    for (const struct origin *o = lists[i]; o; o = o->next) {
      if (origin_contains(head, o)) continue;
      *tail = ctx_copy(c, o, sizeof *o);
      (*tail)->next = NULL;
      tail = (struct origin **)(uintptr_t)&(*tail)->next;
    }
  }
  return head;
}
