#include "passes/layout.h"

struct transposed { /* a transpose that exists already */
  struct perm perm;
  struct value *value;
  struct transposed *next;
};

void layout_begin(struct layout *l, const struct graph *old) {
  *l = (struct layout){.ctx = old->ctx, .uses = uses_compute(old->ctx, old)};
  rewrite_begin(&l->rewrite, old);
  pointer_map_init(&l->pending, l->ctx);
  pointer_map_init(&l->old_of, l->ctx);
  pointer_map_init(&l->made, l->ctx);
}

struct pending layout_get(struct layout *l, struct value *old) {
  const struct pending *p = pointer_map_get(&l->pending, old);
  if (p) return *p;
  return (struct pending){rewrite_value(&l->rewrite, old), perm_identity(old->type.rank)};
}

void layout_set(struct layout *l, struct value *old, struct value *stored, const struct perm *perm) {
  const struct pending p = {stored, *perm};
  pointer_map_set(&l->pending, old, ctx_copy(l->ctx, &p, sizeof p));
  if (stored->producer && !stored->name) stored->name = old->name;
  if (!pointer_map_get(&l->old_of, stored)) pointer_map_set(&l->old_of, stored, old);
}

static struct transposed *find_made(struct layout *l, const struct value *stored, const struct perm *p) {
  struct transposed *t = pointer_map_get(&l->made, stored);
  while (t && !perm_equal(&t->perm, p)) t = t->next;
  return t;
}

/* Ops that are done again on the moved bytes rather than having their result moved. */
static bool is_repeatable(struct layout *l, const struct value *v) {
  const struct node *n = v->producer;
  if (!n) return false;
  if (n->op == OP_DEQUANTIZE) return true;
  const struct value *old = pointer_map_get(&l->old_of, v);
  return (op_is_unary(n->op) || n->op == OP_CAST) && old && uses_count(l->uses, old) == 1;
}

/* The value above `v`, through repeatable ops, that is a constant or has narrower elements; else v itself. */
static struct value *narrow_source(struct layout *l, struct value *v) {
  struct value *s = v;
  while (is_repeatable(l, s)) {
    s = s->producer->input[0];
    if (value_is_constant(s) || dtype_bytes(s->type.dtype) < dtype_bytes(v->type.dtype)) return s;
  }
  return v;
}

/* transpose(v, p), where v is made from `source`, whose transpose is used instead. */
static struct value *repeat_from(struct layout *l, struct value *v, struct value *source,
                                 const struct perm *p, const struct origin *origin) {
  if (v == source) return layout_transpose(l, source, p, origin);
  const struct node *n = v->producer;
  struct value *x = repeat_from(l, n->input[0], source, p, origin);
  const struct type want = perm_type(l->ctx, p, &v->type);
  return ops_node(l->rewrite.graph, n->op, 1, &x, n->attr_count, n->attr, &want, n->origin);
}

struct value *layout_transpose(struct layout *l, struct value *stored, const struct perm *p,
                               const struct origin *origin) {
  if (perm_is_identity(p)) return stored;
  const struct transposed *known = find_made(l, stored, p);
  if (known) return known->value;
  struct value *source = perm_moves_memory(p, &stored->type) ? narrow_source(l, stored) : stored;
  struct transposed *t = CTX_NEW(l->ctx, struct transposed);
  t->perm = *p;
  t->value = source == stored ? build_transpose(l->rewrite.graph, stored, p, origin)
                              : repeat_from(l, stored, source, p, origin);
  t->next = pointer_map_get(&l->made, stored);
  pointer_map_set(&l->made, stored, t);
  return t->value;
}

int64_t layout_cost(struct layout *l, struct value *stored, const struct perm *p) {
  if (!perm_moves_memory(p, &stored->type) || find_made(l, stored, p)) return 0;
  const struct value *source = narrow_source(l, stored);
  return value_is_constant(source) ? 0 : type_bytes(&source->type);
}

struct value *layout_in(struct layout *l, const struct pending *p, const struct perm *target,
                        const struct origin *origin) {
  const struct perm back = perm_inverse(target), due = perm_then(&p->perm, &back);
  return layout_transpose(l, p->stored, &due, origin);
}

struct value *layout_plain(struct layout *l, struct value *old, const struct origin *origin) {
  if (!old) return NULL;
  const struct pending p = layout_get(l, old);
  return layout_transpose(l, p.stored, &p.perm, origin);
}
