#include "passes/build.h"

struct perm perm_identity(int rank) {
  struct perm p = {.rank = rank};
  for (int i = 0; i < rank; i++) p.axis[i] = i;
  return p;
}

struct perm perm_of_node(const struct node *transpose) {
  struct perm p = {0};
  const int64_t *axis = attr_ints(transpose, ATTR_PERM, &p.rank);
  for (int i = 0; i < p.rank; i++) p.axis[i] = (int)axis[i];
  return p;
}

bool perm_is_identity(const struct perm *p) {
  for (int i = 0; i < p->rank; i++)
    if (p->axis[i] != i) return false;
  return true;
}

bool perm_equal(const struct perm *a, const struct perm *b) {
  if (a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->axis[i] != b->axis[i]) return false;
  return true;
}

struct perm perm_inverse(const struct perm *p) {
  struct perm inverse = {.rank = p->rank};
  for (int i = 0; i < p->rank; i++) inverse.axis[p->axis[i]] = i;
  return inverse;
}

struct perm perm_then(const struct perm *first, const struct perm *second) {
  struct perm both = {.rank = first->rank};
  for (int i = 0; i < both.rank; i++) both.axis[i] = first->axis[second->axis[i]];
  return both;
}

bool perm_moves_memory(const struct perm *p, const struct type *x) {
  int last = -1;
  for (int i = 0; i < p->rank; i++) {
    if (x->dim[p->axis[i]] == 1) continue;
    if (p->axis[i] < last) return true;
    last = p->axis[i];
  }
  return false;
}

struct type perm_type(struct ctx *c, const struct perm *p, const struct type *x) {
  int64_t dim[MAX_RANK];
  const struct quant *q = x->quant;
  for (int i = 0; i < p->rank; i++) {
    dim[i] = x->dim[p->axis[i]];
    if (x->quant && x->quant->axis == p->axis[i])
      q = quant_make(c, i, x->quant->n, x->quant->scale, x->quant->zero_point);
  }
  return type_make(x->dtype, x->rank, dim, q);
}

struct value *build_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                         int attr_count, const struct attr *attr, const struct type *want,
                         const struct origin *origin) {
  struct value *v = ops_node(g, op, input_count, input, attr_count, attr, want, origin);
  if (eval_fold(g->ctx, v->producer)) g->nodes.count--; /* it is the last one */
  return v;
}

bool is_dequantized_constant(const struct value *v) {
  return v->producer && v->producer->op == OP_DEQUANTIZE && value_is_constant(v->producer->input[0]);
}

/* Whether inference can carry the scales of `x` through the movement: always when there is one scale. */
static bool scales_can_move(enum op op, const struct value *x, const struct node *attrs) {
  const struct quant *q = x->type.quant;
  int rank = 0;
  if (q->axis < 0) return true;
  if (op == OP_TRANSPOSE) return true;
  if (op == OP_SLICE) return attr_ints(attrs, ATTR_SIZES, &rank)[q->axis] > 0;
  if (op == OP_GATHER) return attr_int(attrs, ATTR_AXIS, 0) != q->axis;
  if (op == OP_RESHAPE) {
    const int64_t *shape = attr_ints(attrs, ATTR_SHAPE, &rank);
    return quant_reshaped_axis(&x->type, rank, shape) >= 0;
  }
  return false;
}

struct value *build_move(struct graph *g, enum op op, int input_count, struct value *const *input,
                         int attr_count, const struct attr *attr, const struct origin *origin) {
  const struct node attrs = {.attr_count = attr_count, .attr = attr};
  struct value *x = input[0];
  if (!is_dequantized_constant(x) || !scales_can_move(op, x->producer->input[0], &attrs))
    return build_node(g, op, input_count, input, attr_count, attr, NULL, origin);
  struct value **moved = ctx_copy(g->ctx, input, (size_t)input_count * sizeof *input);
  moved[0] = x->producer->input[0];
  moved[0] = build_node(g, op, input_count, moved, attr_count, attr, NULL, origin);
  return ops_node(g, OP_DEQUANTIZE, 1, moved, 0, NULL, &x->type, x->producer->origin);
}

struct value *build_reshape(struct graph *g, struct value *x, int rank, const int64_t *dim,
                            const struct origin *origin) {
  const struct type wanted = type_make(x->type.dtype, rank, dim, NULL);
  if (type_same_shape(&x->type, &wanted)) return x;
  const struct attr shape = attr_make_ints(g->ctx, ATTR_SHAPE, rank, dim);
  return build_move(g, OP_RESHAPE, 1, &x, 1, &shape, origin);
}

struct value *build_transpose(struct graph *g, struct value *x, const struct perm *p,
                              const struct origin *origin) {
  if (perm_is_identity(p)) return x;
  if (!perm_moves_memory(p, &x->type)) {
    const struct type t = perm_type(g->ctx, p, &x->type);
    return build_reshape(g, x, t.rank, t.dim, origin);
  }
  int64_t axis[MAX_RANK];
  for (int i = 0; i < p->rank; i++) axis[i] = p->axis[i];
  const struct attr perm = attr_make_ints(g->ctx, ATTR_PERM, p->rank, axis);
  return build_move(g, OP_TRANSPOSE, 1, &x, 1, &perm, origin);
}
