#include "eval/eval.h"

#include <string.h>

enum { MAX_SCRATCH = 16 };
/* Results of folding larger than this stay in the graph as nodes: a constant costs bytes in the module. */
#define FOLD_LIMIT ((int64_t)64 << 20)

/* Where the bytes of a node's values are while it runs. */
struct binding {
  const struct node *node;
  const void *const *input;
  void *const *output;
  void *scratch[MAX_SCRATCH];
};

/* Kernels take `void *` for everything; they write only through the operands that the call marks as written.
 */
static void *unconst(const void *p) { return (void *)(uintptr_t)p; }

static void *address_of(struct ctx *c, struct binding *b, const struct operand *o) {
  switch (o->kind) {
    case OPERAND_NONE: return NULL;
    case OPERAND_CONSTANT: {
      uint8_t *padded = ctx_alloc(c, (size_t)o->bytes + TAIL_PAD); /* kernels may read past the end */
      return memcpy(padded, o->data, (size_t)o->bytes);
    }
    case OPERAND_SCRATCH:
      CHECK(c, o->scratch < MAX_SCRATCH);
      if (!b->scratch[o->scratch]) b->scratch[o->scratch] = ctx_alloc(c, (size_t)o->bytes + TAIL_PAD);
      return b->scratch[o->scratch];
    case OPERAND_VALUE: break;
  }
  for (int i = 0; i < b->node->output_count; i++)
    if (b->node->output[i] == o->value) return b->output[i];
  for (int i = 0; i < b->node->input_count; i++)
    if (b->node->input[i] == o->value) return unconst(b->input[i]);
  BUG(c, "%s: a kernel operand is no value of the node", op_name(b->node->op));
}

void eval_node(struct ctx *c, const struct node *n, bool plain, const void *const *input,
               void *const *output) {
  struct lowering l = {.ctx = c, .level = plain ? LEVEL_SCALAR : LEVEL_SIMD128, .plain = plain};
  lower_node(&l, n);
  if (l.alias_input >= 0) {
    const int64_t bytes = type_bytes(&n->output[0]->type);
    if (bytes) memcpy(output[0], input[l.alias_input], (size_t)bytes);
    return;
  }
  struct binding b = {.node = n, .input = input, .output = output};
  for (int i = 0; i < l.calls.count; i++) {
    const struct call *call = l.calls.at[i];
    void **operand = CTX_ARRAY(c, void *, call->operand_count);
    for (int k = 0; k < call->operand_count; k++) operand[k] = address_of(c, &b, &call->operand[k]);
    call->kernel->run(call->params, operand);
  }
}

static void *padded_copy(struct ctx *c, const void *data, int64_t bytes) {
  void *p = ctx_alloc(c, (size_t)bytes + TAIL_PAD);
  if (bytes) memcpy(p, data, (size_t)bytes);
  return p;
}

static void *bytes_of(struct pointer_map *bytes, const struct value *v) {
  if (!v) return NULL;
  void *p = pointer_map_get(bytes, v);
  if (!p) {
    p = v->data ? padded_copy(bytes->ctx, v->data, type_bytes(&v->type))
                : ctx_alloc(bytes->ctx, (size_t)type_bytes(&v->type) + TAIL_PAD);
    pointer_map_set(bytes, v, p);
  }
  return p;
}

void eval_graph_into(struct ctx *c, const struct graph *g, bool plain, const void *const *input,
                     struct pointer_map *bytes) {
  for (int i = 0; i < g->inputs.count; i++) {
    const struct value *v = g->inputs.at[i];
    pointer_map_set(bytes, v, padded_copy(c, input[i], type_bytes(&v->type)));
  }
  for (int i = 0; i < g->nodes.count; i++) {
    const struct node *n = g->nodes.at[i];
    const void **in = CTX_ARRAY(c, const void *, n->input_count);
    void **out = CTX_ARRAY(c, void *, n->output_count);
    for (int k = 0; k < n->input_count; k++) in[k] = bytes_of(bytes, n->input[k]);
    for (int k = 0; k < n->output_count; k++) out[k] = bytes_of(bytes, n->output[k]);
    eval_node(c, n, plain, in, out);
  }
  for (int i = 0; i < g->outputs.count; i++) bytes_of(bytes, g->outputs.at[i]);
}

const void **eval_graph(struct ctx *c, const struct graph *g, bool plain, const void *const *input) {
  struct pointer_map bytes;
  pointer_map_init(&bytes, c);
  eval_graph_into(c, g, plain, input, &bytes);
  const void **out = CTX_ARRAY(c, const void *, g->outputs.count);
  for (int i = 0; i < g->outputs.count; i++) out[i] = pointer_map_get(&bytes, g->outputs.at[i]);
  return out;
}

bool eval_fold(struct ctx *c, struct node *n) {
  int64_t bytes = 0, read = 0;
  for (int i = 0; i < n->input_count; i++) {
    if (n->input[i] && !n->input[i]->data) return false;
    if (n->input[i]) read += type_bytes(&n->input[i]->type);
  }
  for (int i = 0; i < n->output_count; i++) bytes += type_bytes(&n->output[i]->type);
  if (bytes > FOLD_LIMIT && bytes > read) return false; /* moving weights about is always worth it */
  const void **in = CTX_ARRAY(c, const void *, n->input_count);
  void **out = CTX_ARRAY(c, void *, n->output_count);
  for (int i = 0; i < n->input_count; i++)
    if (n->input[i]) in[i] = padded_copy(c, n->input[i]->data, type_bytes(&n->input[i]->type));
  for (int i = 0; i < n->output_count; i++)
    out[i] = ctx_alloc(c, (size_t)type_bytes(&n->output[i]->type) + TAIL_PAD);
  eval_node(c, n, true, in, out);
  for (int i = 0; i < n->output_count; i++) {
    n->output[i]->data = out[i];
    n->output[i]->producer = NULL;
  }
  return true;
}
