#include "passes/build.h"

pass_function pass_make_tables;

enum { LEVELS = 256 };

/* For each value: the 8-bit value that alone decides it, element by element ("root"). */
struct tables {
  struct ctx *ctx;
  struct pointer_map root; /* value -> struct value, absent: none */
};

static bool is_8bit_activation(const struct value *v) {
  return dtype_is_8bit(v->type.dtype) && !v->data && (!v->type.quant || v->type.quant->axis < 0);
}

static bool is_pointwise(enum op op) {
  switch ((int)op) {
    case OP_QUANTIZE:
    case OP_DEQUANTIZE:
    case OP_REQUANTIZE:
    case OP_RETYPE:
    case OP_TABLE:
    case OP_CAST:
    case OP_WHERE: return true;
    default: return op_is_unary(op) || op_is_binary(op);
  }
}

/* The root of a value that is read: its own, or itself when it is an 8-bit tensor. */
static struct value *root_of(const struct tables *t, struct value *v) {
  struct value *root = pointer_map_get(&t->root, v);
  return root ? root : is_8bit_activation(v) ? v : NULL;
}

/* The root of a node's output: all inputs that are no scalar constants have this root and the output's shape.
 */
static struct value *common_root(const struct tables *t, const struct node *n) {
  struct value *common = NULL;
  if (!is_pointwise(n->op)) return NULL;
  for (int i = 0; i < n->input_count; i++) {
    struct value *v = n->input[i];
    if (!v) continue;
    const bool table = n->op == OP_TABLE && i == 1;
    if (v->data && (table || type_elements(&v->type) == 1)) continue;
    struct value *root = v->data ? NULL : root_of(t, v);
    if (!root || (common && root != common) || !type_same_shape(&v->type, &n->output[0]->type)) return NULL;
    common = root;
  }
  return common && (!common->type.quant || common->type.quant->axis < 0) ? common : NULL;
}

static struct type with_levels(const struct type *t) {
  return type_with_shape(*t, 1, (const int64_t[]){LEVELS});
}

/* Computes `target` for all 256 bit patterns of `root`: the nodes between them, evaluated on tensors of 256
 * elements. */
static const void *evaluate(struct tables *t, const struct graph *g, struct value *root,
                            struct value *target) {
  struct ctx *c = t->ctx;
  struct graph *small = graph_new(c, "table");
  struct pointer_map to_small;
  pointer_map_init(&to_small, c);
  pointer_map_set(&to_small, root, graph_input(small, root->name, with_levels(&root->type)));
  for (int i = 0; i < g->nodes.count && !pointer_map_get(&to_small, target); i++) {
    const struct node *n = g->nodes.at[i];
    if (n->output_count != 1 || pointer_map_get(&t->root, n->output[0]) != root) continue;
    struct value **input = CTX_ARRAY(c, struct value *, n->input_count);
    for (int k = 0; k < n->input_count; k++) {
      struct value *v = n->input[k];
      if (!v) continue;
      input[k] = pointer_map_get(&to_small, v);
      if (!input[k] && v->data) /* a scalar of any rank becomes one of rank 0, a table stays */
        input[k] =
            n->op == OP_TABLE ? v : value_constant(c, v->name, type_with_shape(v->type, 0, NULL), v->data);
    }
    const struct type want = with_levels(&n->output[0]->type);
    pointer_map_set(&to_small, n->output[0],
                    ops_node(small, n->op, n->input_count, input, n->attr_count, n->attr, &want, n->origin));
  }
  graph_output(small, "table", pointer_map_get(&to_small, target));
  uint8_t levels[LEVELS];
  for (int i = 0; i < LEVELS; i++) levels[i] = (uint8_t)i;
  const void *input[1] = {levels};
  return eval_graph(c, small, true, input)[0];
}

/* The nodes that a table stands for, as one list. */
static const struct origin *joined_origins(struct tables *t, const struct graph *g, const struct value *root,
                                           const struct value *target) {
  struct pointer_map needed;
  pointer_map_init(&needed, t->ctx);
  pointer_map_set(&needed, target, t);
  const struct origin *list = NULL;
  for (int i = g->nodes.count - 1; i >= 0; i--) {
    const struct node *n = g->nodes.at[i];
    if (!pointer_map_get(&needed, n->output[0]) || pointer_map_get(&t->root, n->output[0]) != root) continue;
    list = list ? origin_join(t->ctx, n->origin, list) : n->origin;
    for (int k = 0; k < n->input_count; k++)
      if (n->input[k]) pointer_map_set(&needed, n->input[k], t);
  }
  return list;
}

/* needs: fuse-qdq. keeps: results to the bit. gives: an 8-bit value that one other 8-bit value decides is a
 * table of it. What lay between them goes as dead code where nothing else reads it. */
struct graph *pass_make_tables(struct ctx *c, const struct graph *g) {
  struct tables t = {.ctx = c};
  pointer_map_init(&t.root, c);
  struct rewrite r;
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    struct value *y = n->output[0], *root = common_root(&t, n);
    if (root) pointer_map_set(&t.root, y, root);
    if (!root || !is_8bit_activation(y) || n->op == OP_RETYPE || (n->op == OP_TABLE && n->input[0] == root)) {
      rewrite_copy(&r, n);
      continue;
    }
    struct value *table = value_constant(
        c, NULL, type_make(y->type.dtype, 1, (const int64_t[]){LEVELS}, NULL), evaluate(&t, g, root, y));
    struct value *input[2] = {rewrite_value(&r, root), table};
    rewrite_replace(&r, y,
                    ops_node(r.graph, OP_TABLE, 2, input, 0, NULL, &y->type, joined_origins(&t, g, root, y)));
  }
  return pass_dead_code(c, rewrite_end(&r));
}
