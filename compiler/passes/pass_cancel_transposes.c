#include "passes/layout.h"

pass_function pass_cancel_transposes;

/* One rule an op: works on the stored order of its inputs and passes the due permutation on. False when it
 * can't: then the node gets its inputs in the model's order. */
typedef bool sink_function(struct layout *l, const struct node *n);

/* n on other inputs and attributes, its output 0 in the order in which `due` is left to do. */
static void sink(struct layout *l, const struct node *n, struct value *const *input, const struct attr *attr,
                 const struct perm *due) {
  const struct perm back = perm_inverse(due);
  const struct type want = perm_type(l->ctx, &back, &n->output[0]->type);
  struct value *v =
      ops_node(l->rewrite.graph, n->op, n->input_count, input, n->attr_count, attr, &want, n->origin);
  layout_set(l, n->output[0], v, due);
  for (int i = 1; i < n->output_count; i++) {
    const struct perm none = perm_identity(n->output[i]->type.rank);
    layout_set(l, n->output[i], v->producer->output[i], &none);
  }
}

/* The node as it is, on inputs in the model's order. */
static void keep(struct layout *l, const struct node *n) {
  struct value **input = CTX_ARRAY(l->ctx, struct value *, n->input_count);
  struct type *types = CTX_ARRAY(l->ctx, struct type, n->output_count);
  for (int i = 0; i < n->input_count; i++) input[i] = layout_plain(l, n->input[i], n->origin);
  for (int i = 0; i < n->output_count; i++) types[i] = n->output[i]->type;
  struct node *copy = graph_node(l->rewrite.graph, n->op, n->input_count, input, n->attr_count, n->attr,
                                 n->output_count, types, n->origin);
  for (int i = 0; i < n->output_count; i++) {
    const struct perm none = perm_identity(types[i].rank);
    layout_set(l, n->output[i], copy->output[i], &none);
  }
}

/* Inputs of n with the first one replaced by its stored value, the others in the model's order. */
static struct value **stored_first(struct layout *l, const struct node *n, struct pending *first) {
  struct value **input = CTX_ARRAY(l->ctx, struct value *, n->input_count);
  *first = layout_get(l, n->input[0]);
  input[0] = first->stored;
  for (int i = 1; i < n->input_count; i++) input[i] = layout_plain(l, n->input[i], n->origin);
  return input;
}

static struct attr *copy_attrs(struct layout *l, const struct node *n) {
  return ctx_copy(l->ctx, n->attr, (size_t)n->attr_count * sizeof *n->attr);
}

/* Attributes with one number an axis (pads: begins, then ends) follow their axes. */
static struct attr *attrs_per_axis(struct layout *l, const struct node *n, const struct perm *p) {
  struct attr *attrs = copy_attrs(l, n);
  for (int i = 0; i < n->attr_count; i++) {
    const struct attr *a = &n->attr[i];
    if (a->n % p->rank || a->name || (!a->ints && !a->floats)) continue;
    int64_t *ints = CTX_ARRAY(l->ctx, int64_t, a->n);
    float *floats = CTX_ARRAY(l->ctx, float, a->n);
    for (int k = 0; k < a->n; k++) {
      const int to = k / p->rank * p->rank + p->axis[k % p->rank];
      if (a->ints)
        ints[to] = a->ints[k];
      else
        floats[to] = a->floats[k];
    }
    attrs[i] =
        a->ints ? attr_make_ints(l->ctx, a->key, a->n, ints) : attr_make_floats(l->ctx, a->key, a->n, floats);
  }
  return attrs;
}

/* Attribute `axis` names another axis. */
static struct attr *attrs_with_axis(struct layout *l, const struct node *n, int axis) {
  struct attr *attrs = copy_attrs(l, n);
  for (int i = 0; i < n->attr_count; i++)
    if (attrs[i].key == ATTR_AXIS) attrs[i] = attr_make_int(l->ctx, ATTR_AXIS, axis);
  return attrs;
}

static bool sink_transpose(struct layout *l, const struct node *n) {
  const struct pending p = layout_get(l, n->input[0]);
  const struct perm own = perm_of_node(n), due = perm_then(&p.perm, &own);
  layout_set(l, n->output[0], p.stored, &due);
  return true;
}

/* Lower rank than the output's: leading axes of size 1 are understood. */
static struct perm extended(const struct perm *p, int rank) {
  struct perm e = perm_identity(rank);
  for (int i = 0; i < p->rank; i++) e.axis[rank - p->rank + i] = p->axis[i] + rank - p->rank;
  return e;
}

struct operands { /* of an elementwise op, that broadcast to one shape of `rank` */
  int count, rank;
  struct pending *at; /* perm: extended to rank; stored: as it is */
};

static bool is_scalar(const struct pending *p) { return type_elements(&p->stored->type) == 1; }

/* The stored value of operand i with leading axes of size 1. */
static struct value *full_rank(struct layout *l, const struct operands *o, int i,
                               const struct origin *origin) {
  struct value *v = o->at[i].stored;
  int64_t dim[MAX_RANK];
  for (int k = 0; k < o->rank; k++) {
    const int from = k - (o->rank - v->type.rank);
    dim[k] = from < 0 ? 1 : v->type.dim[from];
  }
  return build_reshape(l->rewrite.graph, v, o->rank, dim, origin);
}

static struct perm due_for(const struct pending *p, const struct perm *target) {
  const struct perm back = perm_inverse(target);
  return perm_then(&p->perm, &back);
}

/* The order in which the fewest bytes must be moved; among equals one that is not the model's, as
 * convolutions want channels last. */
static struct perm best_order(struct layout *l, const struct operands *o) {
  struct perm best = perm_identity(o->rank);
  int64_t best_cost = INT64_MAX;
  for (int i = 0; i < o->count; i++) {
    const struct perm candidate = o->at[i].perm;
    int64_t cost = 0;
    if (is_scalar(&o->at[i]) || value_is_constant(o->at[i].stored)) continue;
    for (int k = 0; k < o->count; k++) {
      const struct perm due = due_for(&o->at[k], &candidate);
      if (is_scalar(&o->at[k]) || perm_is_identity(&due)) continue;
      if (o->at[k].stored->type.rank == o->rank)
        cost += layout_cost(l, o->at[k].stored, &due);
      else if (!value_is_constant(o->at[k].stored))
        cost += type_bytes(&o->at[k].stored->type);
    }
    if (cost < best_cost || (cost == best_cost && perm_is_identity(&best))) {
      best = candidate;
      best_cost = cost;
    }
  }
  return best;
}

/* Attributes of a node whose operands come in the order `p`. */
typedef struct attr *attrs_function(struct layout *l, const struct node *n, const struct perm *p);

/* The first `count` inputs broadcast (0: all of them); the others have an order of their own. */
static bool sink_operands(struct layout *l, const struct node *n, int count, attrs_function *attrs) {
  struct operands o = {.count = count ? count : n->input_count, .rank = n->output[0]->type.rank};
  struct value **input = CTX_ARRAY(l->ctx, struct value *, n->input_count);
  o.at = CTX_ARRAY(l->ctx, struct pending, o.count);
  for (int i = 0; i < o.count; i++) {
    o.at[i] = layout_get(l, n->input[i]);
    o.at[i].perm = extended(&o.at[i].perm, o.rank);
  }
  const struct perm order = best_order(l, &o);
  for (int i = 0; i < n->input_count; i++) {
    if (i >= o.count) {
      input[i] = layout_plain(l, n->input[i], n->origin);
      continue;
    }
    const struct perm due = due_for(&o.at[i], &order);
    input[i] = o.at[i].stored;
    if (!perm_is_identity(&due) && !is_scalar(&o.at[i]))
      input[i] = layout_transpose(l, full_rank(l, &o, i, n->origin), &due, n->origin);
  }
  sink(l, n, input, attrs(l, n, &order), &order);
  return true;
}

static struct attr *same_attrs(struct layout *l, const struct node *n, const struct perm *p) {
  (void)p;
  return copy_attrs(l, n);
}

static struct attr *moved_axis(struct layout *l, const struct node *n, const struct perm *p) {
  return attrs_with_axis(l, n, p->axis[attr_int(n, ATTR_AXIS, 0)]);
}

static bool sink_all(struct layout *l, const struct node *n) { return sink_operands(l, n, 0, same_attrs); }
static bool sink_first(struct layout *l, const struct node *n) { return sink_operands(l, n, 1, same_attrs); }
static bool sink_concat(struct layout *l, const struct node *n) { return sink_operands(l, n, 0, moved_axis); }

static bool sink_quantize_by(struct layout *l, const struct node *n) {
  return sink_operands(l, n, 1, attr_find(n, ATTR_AXIS) ? moved_axis : same_attrs);
}

/* Along the last axis elements lie together, which is worth more than one transpose less. */
static bool sink_softmax(struct layout *l, const struct node *n) {
  const struct pending p = layout_get(l, n->input[0]);
  const int rank = p.perm.rank, axis = (int)attr_int(n, ATTR_AXIS, rank - 1);
  if (!attr_find(n, ATTR_AXIS) || (axis == rank - 1 && p.perm.axis[axis] != rank - 1)) return false;
  return sink_operands(l, n, 1, moved_axis);
}

/* Normalized axes stay where they are; those before them may come in any order. */
static bool sink_layer_norm(struct layout *l, const struct node *n) {
  const struct pending p = layout_get(l, n->input[0]);
  for (int i = (int)attr_int(n, ATTR_AXIS, p.perm.rank - 1); i < p.perm.rank; i++)
    if (p.perm.axis[i] != i) return false;
  return sink_operands(l, n, 1, same_attrs);
}

/* slice, pad, resize. */
static bool sink_per_axis(struct layout *l, const struct node *n) {
  struct pending p;
  struct value **input = stored_first(l, n, &p);
  if (p.perm.rank < 2) return false;
  sink(l, n, input, attrs_per_axis(l, n, &p.perm), &p.perm);
  return true;
}

static bool sink_expand(struct layout *l, const struct node *n) {
  const struct type *y = &n->output[0]->type;
  struct pending p;
  struct value **input = stored_first(l, n, &p);
  const struct perm due = extended(&p.perm, y->rank), back = perm_inverse(&due);
  const struct type t = perm_type(l->ctx, &back, y);
  const struct attr shape = attr_make_ints(l->ctx, ATTR_SHAPE, t.rank, t.dim);
  sink(l, n, input, &shape, &due);
  return true;
}

/* The axes of x in front of and behind the gathered one stay there, those of the index take its place. */
static bool sink_gather(struct layout *l, const struct node *n) {
  struct pending p;
  struct value **input = stored_first(l, n, &p);
  if (!attr_find(n, ATTR_AXIS)) return false;
  const int axis = (int)attr_int(n, ATTR_AXIS, 0), index_rank = n->input[1]->type.rank,
            stored_axis = p.perm.axis[axis];
  struct perm due = perm_identity(n->output[0]->type.rank);
  for (int i = 0; i < index_rank; i++) due.axis[axis + i] = stored_axis + i;
  for (int i = 0; i < p.perm.rank; i++) {
    const int at = p.perm.axis[i] > stored_axis ? p.perm.axis[i] + index_rank - 1 : p.perm.axis[i];
    if (i != axis) due.axis[i > axis ? i + index_rank - 1 : i] = at;
  }
  sink(l, n, input, attrs_with_axis(l, n, stored_axis), &due);
  return true;
}

/* The order of the axes that a reduction leaves: old remaining axis -> place among the remaining
 * stored axes. */
static struct perm remaining_order(const struct perm *p, const bool *reduced) {
  struct perm due = {0};
  for (int i = 0; i < p->rank; i++) {
    if (reduced[i]) continue;
    int place = 0;
    for (int k = 0; k < p->rank; k++) place += !reduced[k] && p->axis[k] < p->axis[i];
    due.axis[due.rank++] = place;
  }
  return due;
}

/* Elements are summed in the order of the reduced axes, so that one must stay. */
static bool sink_reduce(struct layout *l, const struct node *n) {
  const struct pending p = layout_get(l, n->input[0]);
  bool reduced[MAX_RANK] = {false}, stored_reduced[MAX_RANK] = {false};
  int count, last = -1, out = 0;
  const int64_t *axes = attr_ints(n, ATTR_AXES, &count);
  if (!axes) return false;
  for (int i = 0; i < count; i++) {
    const int at = p.perm.axis[axes[i]];
    if (at < last) return false;
    last = at;
    reduced[axes[i]] = stored_reduced[at] = true;
  }
  int64_t stored_axes[MAX_RANK];
  for (int i = 0; i < p.perm.rank; i++)
    if (stored_reduced[i]) stored_axes[out++] = i;
  struct attr *attrs = copy_attrs(l, n);
  for (int i = 0; i < n->attr_count; i++)
    if (attrs[i].key == ATTR_AXES) attrs[i] = attr_make_ints(l->ctx, ATTR_AXES, count, stored_axes);
  const struct perm due = attr_int(n, ATTR_KEEP_DIMS, 0) ? p.perm : remaining_order(&p.perm, reduced);
  struct value *input[1] = {p.stored};
  sink(l, n, input, attrs, &due);
  return true;
}

/* b with its last two axes swapped is what transpose_b says. */
static bool sink_matmul(struct layout *l, const struct node *n) {
  const struct pending b = layout_get(l, n->input[1]);
  const int rank = b.perm.rank;
  struct perm swap = perm_identity(rank);
  swap.axis[rank - 1] = rank - 2;
  swap.axis[rank - 2] = rank - 1;
  const struct perm rest = perm_then(&b.perm, &swap);
  if (value_is_constant(b.stored) || !perm_moves_memory(&b.perm, &b.stored->type) ||
      perm_moves_memory(&rest, &b.stored->type))
    return false;
  struct value *input[4];
  for (int i = 0; i < n->input_count; i++)
    input[i] =
        i == 1 ? layout_transpose(l, b.stored, &rest, n->origin) : layout_plain(l, n->input[i], n->origin);
  struct attr *attrs = CTX_ARRAY(l->ctx, struct attr, n->attr_count + 1);
  int count = 0;
  for (int i = 0; i < n->attr_count; i++)
    if (n->attr[i].key != ATTR_TRANSPOSE_B) attrs[count++] = n->attr[i];
  if (!attr_int(n, ATTR_TRANSPOSE_B, 0)) attrs[count++] = attr_make_int(l->ctx, ATTR_TRANSPOSE_B, 1);
  const struct perm none = perm_identity(n->output[0]->type.rank);
  struct value *v = ops_node(l->rewrite.graph, OP_MATMUL, n->input_count, input, count, attrs,
                             &n->output[0]->type, n->origin);
  layout_set(l, n->output[0], v, &none);
  return true;
}

static sink_function *rule_of(enum op op) {
  static sink_function *const rules[OP_COUNT] = {
      [OP_TRANSPOSE] = sink_transpose,
      [OP_RESHAPE] = layout_sink_reshape,
      [OP_MATMUL] = sink_matmul,
      [OP_WHERE] = sink_all,
      [OP_CONCAT] = sink_concat,
      [OP_QUANTIZE] = sink_first,
      [OP_DEQUANTIZE] = sink_first,
      [OP_REQUANTIZE] = sink_first,
      [OP_RETYPE] = sink_first,
      [OP_CAST] = sink_first,
      [OP_TABLE] = sink_first,
      [OP_QUANTIZE_DYNAMIC] = sink_first,
      [OP_QUANTIZE_BY] = sink_quantize_by,
      [OP_DEQUANTIZE_BY] = sink_quantize_by,
      [OP_SOFTMAX] = sink_softmax,
      [OP_LOG_SOFTMAX] = sink_softmax,
      [OP_LAYER_NORM] = sink_layer_norm,
      [OP_SLICE] = sink_per_axis,
      [OP_PAD] = sink_per_axis,
      [OP_RESIZE] = sink_per_axis,
      [OP_EXPAND] = sink_expand,
      [OP_GATHER] = sink_gather,
      [OP_REDUCE_SUM] = sink_reduce,
      [OP_REDUCE_MEAN] = sink_reduce,
      [OP_REDUCE_MAX] = sink_reduce,
      [OP_REDUCE_MIN] = sink_reduce,
      [OP_REDUCE_PROD] = sink_reduce,
  };
  return op_is_unary(op) || op_is_binary(op) ? sink_all : rules[op];
}

/* needs: static shapes. keeps: every value's numbers. gives: no transpose whose inverse follows; those left
 * stand where a value meets an op or an output that wants another order than its producer, and move the
 * narrowest elements; no dead nodes. */
struct graph *pass_cancel_transposes(struct ctx *c, const struct graph *g) {
  struct layout l;
  layout_begin(&l, g);
  for (int i = 0; i < g->nodes.count; i++) {
    const struct node *n = g->nodes.at[i];
    sink_function *rule = rule_of(n->op);
    if (!rule || !rule(&l, n)) keep(&l, n);
  }
  for (int i = 0; i < g->outputs.count; i++) {
    struct value *v = g->outputs.at[i];
    const struct origin *origin = v->producer ? v->producer->origin : NULL;
    rewrite_replace(&l.rewrite, v, layout_plain(&l, v, origin));
  }
  return pass_dead_code(c, rewrite_end(&l.rewrite));
}
