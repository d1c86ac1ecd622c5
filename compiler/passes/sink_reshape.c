/* Reshapes that only add or drop axes of size 1 sink below elementwise ops, exactly and for nothing. 1-D
 * convolutions run with height 1, and this brings the activation, batch norm or residual add behind one next
 * to it. */
#include "passes/build.h"

/* Output axis of the reshape for each axis of its input that is not of size 1, in order; -1 for those that
 * are. False when the reshape does more than add and drop axes of size 1. */
static bool map_axes(const struct type *x, const struct type *y, int *to) {
  int o = 0;
  for (int i = 0; i < x->rank; i++) {
    to[i] = -1;
    if (x->dim[i] == 1) continue;
    while (o < y->rank && y->dim[o] == 1) o++;
    if (o == y->rank || y->dim[o] != x->dim[i]) return false;
    to[i] = o++;
  }
  while (o < y->rank && y->dim[o] == 1) o++;
  return o == y->rank;
}

/* The input of a reshape that may sink; NULL when v is made by none. */
static struct value *above_reshape(const struct value *v, int *to) {
  const struct node *n = v->producer;
  if (!n || n->op != OP_RESHAPE || v->type.quant) return NULL;
  return map_axes(&n->input[0]->type, &v->type, to) ? n->input[0] : NULL;
}

/* The other operand, seen from above the reshape: its axes of size 1 added and dropped in the same way. NULL
 * when that would take a reshape of its own, which would sink back the other way. */
static struct value *follow(struct graph *g, struct value *v, const struct type *x, const int *to, int y_rank,
                            const struct origin *origin) {
  const struct node *n = v->producer;
  struct type t = {.dtype = v->type.dtype, .rank = x->rank};
  if (v->type.quant) return NULL;
  if (type_elements(&v->type) == 1 && v->type.rank <= x->rank) return v;
  for (int i = 0; i < x->rank; i++) {
    const int from = to[i] - (y_rank - v->type.rank);
    t.dim[i] = to[i] < 0 || from < 0 ? 1 : v->type.dim[from];
  }
  if (value_is_constant(v) || is_dequantized_constant(v)) return build_reshape(g, v, t.rank, t.dim, origin);
  return n && n->op == OP_RESHAPE && type_same_shape(&n->input[0]->type, &t) ? n->input[0] : NULL;
}

struct value *sink_reshape(struct graph *g, const struct node *n) {
  const struct type *y = &n->output[0]->type;
  int to[MAX_RANK];
  for (int side = 0; side < n->input_count; side++) {
    struct value *x = above_reshape(n->input[side], to), *input[2] = {x, x};
    if (!x || !type_same_shape(&n->input[side]->type, y)) continue; /* the other operand must not widen it */
    if (n->input_count == 2)
      input[1 - side] =
          follow(g, n->input[1 - side], &x->type, to, y->rank, n->input[side]->producer->origin);
    if (!input[1 - side]) continue;
    const struct type want = type_with_shape(*y, x->type.rank, x->type.dim);
    struct value *v = ops_node(g, n->op, n->input_count, input, n->attr_count, n->attr, &want, n->origin);
    return build_reshape(g, v, y->rank, y->dim, n->input[side]->producer->origin);
  }
  return NULL;
}
