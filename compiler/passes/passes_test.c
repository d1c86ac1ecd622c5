/* Passes on random graphs: the outputs keep their bits, pass by pass. Float graphs full of transposes,
 * reshapes and the ops that transposes sink through for the passes that rearrange; quantized ones, from
 * fuse-qdq on, for those that fuse. */
#include <math.h>
#include <string.h>

#include "passes/passes.h"

struct builder {
  struct ctx *ctx;
  struct graph *graph;
  uint64_t seed;
  struct value *value[64]; /* candidates for inputs */
  int count;
};

static int pick(struct builder *b, int n) { return (int)(random_next(&b->seed) % (uint64_t)n); }

/* Mostly one of the newest, so that chains grow long. */
static struct value *any(struct builder *b) {
  const int newest = b->count < 4 || pick(b, 4) == 0 ? b->count : 4;
  return b->value[b->count - 1 - pick(b, newest)];
}

static void keep(struct builder *b, struct value *v) {
  if (b->count < (int)COUNT_OF(b->value) && type_elements(&v->type) <= 4096) b->value[b->count++] = v;
}

static struct value *make(struct builder *b, enum op op, int inputs, struct value *const *input, int attrs,
                          const struct attr *attr, const struct type *want) {
  return ops_node(b->graph, op, inputs, input, attrs, attr, want, NULL);
}

/* Small whole numbers, which stay exact in sums and products. */
static const void *numbers(struct builder *b, const struct type *t) {
  float *f = ctx_alloc(b->ctx, (size_t)type_bytes(t));
  for (int64_t i = 0; i < type_elements(t); i++) f[i] = (float)(pick(b, 17) - 8);
  return f;
}

static struct type random_type(struct builder *b) {
  int64_t dim[4];
  const int rank = 1 + pick(b, 4);
  for (int i = 0; i < rank; i++) dim[i] = pick(b, 4) == 0 ? 1 : 1 + pick(b, 4);
  return type_make(DT_F32, rank, dim, NULL);
}

static struct value *transpose(struct builder *b) {
  struct value *x = any(b);
  int64_t perm[MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    const int at = pick(b, i + 1);
    perm[i] = perm[at];
    perm[at] = i;
  }
  const struct attr a = attr_make_ints(b->ctx, ATTR_PERM, x->type.rank, perm);
  return make(b, OP_TRANSPOSE, 1, &x, 1, &a, NULL);
}

/* Joins two axes, splits one, adds or drops one of size 1. */
static struct value *reshape(struct builder *b) {
  struct value *x = any(b);
  int64_t dim[MAX_RANK];
  int rank = 0;
  const int at = pick(b, x->type.rank), how = pick(b, 3);
  for (int i = 0; i < x->type.rank; i++) {
    if (i == at && how == 0 && rank > 0) {
      dim[rank - 1] *= x->type.dim[i];
    } else if (i == at && how == 1 && x->type.rank < 5) {
      const int64_t n = x->type.dim[i], part = n % 2 == 0 && n > 0 ? 2 : 1;
      dim[rank++] = part;
      dim[rank++] = n / part;
    } else if (i != at || how != 2 || x->type.dim[i] != 1 || x->type.rank == 1) {
      dim[rank++] = x->type.dim[i];
    }
  }
  const struct attr a = attr_make_ints(b->ctx, ATTR_SHAPE, rank, dim);
  return make(b, OP_RESHAPE, 1, &x, 1, &a, NULL);
}

static struct value *unary(struct builder *b) {
  static const enum op ops[] = {OP_NEG, OP_ABS, OP_SIGN, OP_FLOOR};
  struct value *x = any(b);
  if (pick(b, 2) == 0) return make(b, ops[pick(b, COUNT_OF(ops))], 1, &x, 0, NULL, NULL);
  const struct attr clip[] = {attr_make_float(b->ctx, ATTR_ALPHA, -(float)pick(b, 4)),
                              attr_make_float(b->ctx, ATTR_BETA, (float)pick(b, 6))};
  return make(b, OP_CLIP, 1, &x, 2, clip, NULL);
}

static struct value *constant(struct builder *b, const struct type *t) {
  return value_constant(b->ctx, "k", *t, numbers(b, t));
}

/* Something that broadcasts with x: a value that happens to, or a constant made for it. */
static struct value *partner(struct builder *b, const struct value *x) {
  int rank;
  int64_t dim[MAX_RANK];
  for (int i = 0; i < 4; i++) {
    struct value *y = any(b);
    if (broadcast_shape(&x->type, &y->type, &rank, dim)) return y;
  }
  struct type t = type_make(DT_F32, 1 + pick(b, x->type.rank), x->type.dim, NULL);
  for (int i = 0; i < t.rank; i++) t.dim[i] = pick(b, 2) ? 1 : x->type.dim[x->type.rank - t.rank + i];
  return constant(b, &t);
}

static struct value *binary(struct builder *b) {
  static const enum op ops[] = {OP_ADD, OP_SUB, OP_MUL, OP_MAX, OP_MIN};
  struct value *input[2] = {any(b), NULL};
  input[1] = partner(b, input[0]);
  if (pick(b, 2)) {
    struct value *swap = input[0];
    input[0] = input[1];
    input[1] = swap;
  }
  struct value *v = make(b, ops[pick(b, COUNT_OF(ops))], 2, input, 0, NULL, NULL);
  const struct attr range[] = {attr_make_float(b->ctx, ATTR_ALPHA, -64),
                               attr_make_float(b->ctx, ATTR_BETA, 64)};
  return make(b, OP_CLIP, 1, &v, 2, range, NULL); /* numbers stay small enough to be exact */
}

static struct value *where(struct builder *b) {
  struct value *x = any(b), *pair[2] = {x, partner(b, x)};
  struct value *condition = make(b, OP_LESS, 2, pair, 0, NULL, NULL), *input[3] = {condition, x, pair[1]};
  return make(b, OP_WHERE, 3, input, 0, NULL, NULL);
}

static struct value *slice(struct builder *b) {
  struct value *x = any(b);
  const struct type *t = &x->type;
  int64_t starts[MAX_RANK], steps[MAX_RANK], sizes[MAX_RANK];
  for (int i = 0; i < t->rank; i++) {
    const bool back = pick(b, 3) == 0;
    steps[i] = back ? -1 : 1;
    sizes[i] = 1 + pick(b, (int)t->dim[i]);
    starts[i] = back ? sizes[i] - 1 + pick(b, (int)(t->dim[i] - sizes[i] + 1))
                     : pick(b, (int)(t->dim[i] - sizes[i] + 1));
  }
  const struct attr a[] = {attr_make_ints(b->ctx, ATTR_STARTS, t->rank, starts),
                           attr_make_ints(b->ctx, ATTR_STEPS, t->rank, steps),
                           attr_make_ints(b->ctx, ATTR_SIZES, t->rank, sizes)};
  return make(b, OP_SLICE, 1, &x, 3, a, NULL);
}

static struct value *pad(struct builder *b) {
  struct value *x = any(b);
  int64_t pads[2 * MAX_RANK];
  for (int i = 0; i < 2 * x->type.rank; i++) pads[i] = pick(b, 3) == 0;
  const struct attr a = attr_make_ints(b->ctx, ATTR_PADS, 2 * x->type.rank, pads);
  return make(b, OP_PAD, 1, &x, 1, &a, NULL);
}

static struct value *concat(struct builder *b) {
  struct value *x = any(b), *input[3] = {x, x, constant(b, &x->type)};
  const struct attr a = attr_make_int(b->ctx, ATTR_AXIS, pick(b, x->type.rank));
  for (int i = 0; i < 4; i++) {
    struct value *y = any(b);
    if (type_same_shape(&x->type, &y->type)) input[1] = y;
  }
  return make(b, OP_CONCAT, 1 + pick(b, 3), input, 1, &a, NULL);
}

static struct value *reduce(struct builder *b) {
  struct value *x = any(b);
  int64_t axes[MAX_RANK];
  int count = 0;
  for (int i = 0; i < x->type.rank; i++)
    if (pick(b, 2)) axes[count++] = i;
  if (count == 0 || count == x->type.rank) return x;
  const struct attr a[] = {attr_make_ints(b->ctx, ATTR_AXES, count, axes),
                           attr_make_int(b->ctx, ATTR_KEEP_DIMS, pick(b, 2))};
  return make(b, pick(b, 2) ? OP_REDUCE_MAX : OP_REDUCE_MIN, 1, &x, 2, a, NULL);
}

static struct value *gather(struct builder *b) {
  struct value *x = any(b);
  const int axis = pick(b, x->type.rank), rank = pick(b, 3);
  const struct type t = type_make(DT_S64, rank, (const int64_t[]){2, 3}, NULL);
  int64_t *index = ctx_alloc(b->ctx, (size_t)type_bytes(&t));
  for (int64_t i = 0; i < type_elements(&t); i++) index[i] = pick(b, (int)x->type.dim[axis]);
  if (x->type.rank - 1 + rank > 5 || x->type.rank - 1 + rank < 1) return x;
  struct value *input[2] = {x, value_constant(b->ctx, "i", t, index)};
  const struct attr a = attr_make_int(b->ctx, ATTR_AXIS, axis);
  return make(b, OP_GATHER, 2, input, 1, &a, NULL);
}

static struct value *expand(struct builder *b) {
  struct value *x = any(b);
  int64_t dim[MAX_RANK];
  const int more = x->type.rank < 4 ? pick(b, 2) : 0;
  if (more) dim[0] = 2;
  for (int i = 0; i < x->type.rank; i++)
    dim[more + i] = x->type.dim[i] == 1 ? 1 + pick(b, 2) : x->type.dim[i];
  const struct attr a = attr_make_ints(b->ctx, ATTR_SHAPE, more + x->type.rank, dim);
  return make(b, OP_EXPAND, 1, &x, 1, &a, NULL);
}

/* To 8 bits, per tensor or per axis, and back. */
static struct value *quantize(struct builder *b) {
  struct value *x = any(b);
  const int axis = pick(b, x->type.rank);
  const int64_t n = x->type.dim[axis];
  float *scale = CTX_ARRAY(b->ctx, float, n);
  int32_t *zero = CTX_ARRAY(b->ctx, int32_t, n);
  for (int64_t i = 0; i < n; i++) {
    scale[i] = (float)(1 << pick(b, 3)) / 2;
    zero[i] = pick(b, 20);
  }
  struct type t = x->type;
  t.dtype = DT_U8;
  t.quant =
      pick(b, 2) ? quant_scalar(b->ctx, scale[0], zero[0]) : quant_make(b->ctx, axis, (int)n, scale, zero);
  struct value *q = make(b, OP_QUANTIZE, 1, &x, 0, NULL, &t);
  return make(b, OP_DEQUANTIZE, 1, &q, 0, NULL, &x->type);
}

static struct value *matmul(struct builder *b) {
  struct value *a = any(b);
  if (a->type.rank < 2) return a;
  int64_t perm[MAX_RANK];
  for (int i = 0; i < a->type.rank; i++) perm[i] = i;
  perm[a->type.rank - 1] = a->type.rank - 2;
  perm[a->type.rank - 2] = a->type.rank - 1;
  const struct attr p = attr_make_ints(b->ctx, ATTR_PERM, a->type.rank, perm);
  struct value *input[2] = {a, make(b, OP_TRANSPOSE, 1, &a, 1, &p, NULL)};
  struct value *v = make(b, OP_MATMUL, 2, input, 0, NULL, NULL);
  const struct attr range[] = {attr_make_float(b->ctx, ATTR_ALPHA, -64),
                               attr_make_float(b->ctx, ATTR_BETA, 64)};
  return make(b, OP_CLIP, 1, &v, 2, range, NULL);
}

static struct graph *random_graph(struct ctx *c, uint64_t seed) {
  static struct value *(*const makers[])(struct builder *) = {
      transpose, transpose, transpose, reshape, reshape, unary,  binary,   binary, where,
      slice,     pad,       concat,    reduce,  gather,  expand, quantize, matmul};
  struct builder b = {.ctx = c, .graph = graph_new(c, "random"), .seed = seed};
  for (int i = 0; i < 3; i++) keep(&b, graph_input(b.graph, ctx_printf(c, "x%d", i), random_type(&b)));
  const struct type t = random_type(&b);
  keep(&b, constant(&b, &t));
  for (int i = 0; i < 36; i++) keep(&b, makers[pick(&b, COUNT_OF(makers))](&b));
  for (int i = 0; i < 4; i++) graph_output(b.graph, ctx_printf(c, "y%d", i), b.value[b.count - 1 - i]);
  return b.graph;
}

/* Quantized graphs as a quantizer writes them: dequantize, op (perhaps a clip), quantize; over [1,4,4,c]. */

static const struct quant *random_scale(struct builder *b, float scale) {
  return quant_scalar(b->ctx, scale * (float)(1 + pick(b, 8)), pick(b, 3) ? 100 + pick(b, 50) : 0);
}

static struct value *dequantized(struct builder *b, struct value *q) {
  const struct type f32 = type_make(DT_F32, q->type.rank, q->type.dim, NULL);
  return make(b, OP_DEQUANTIZE, 1, &q, 0, NULL, &f32);
}

static struct value *random_8bit(struct builder *b, enum dtype dtype, int rank, const int64_t *dim,
                                 const struct quant *q) {
  const struct type t = type_make(dtype, rank, dim, q);
  uint8_t *bytes = ctx_alloc(b->ctx, (size_t)type_bytes(&t));
  for (int64_t i = 0; i < type_bytes(&t); i++) bytes[i] = (uint8_t)pick(b, 256);
  return value_constant(b->ctx, "w", t, bytes);
}

/* 1x1 conv with 8-bit weights to as many channels as x has, so that residual adds find partners. */
static struct value *quantized_conv(struct builder *b, struct value *x) {
  const int64_t c = x->type.dim[3], dim[4] = {c, 1, 1, c};
  struct value *w = random_8bit(b, DT_S8, 4, dim, quant_scalar(b->ctx, 0.002f, 0));
  struct value *input[3] = {x, dequantized(b, w), NULL};
  const struct type bias = type_make(DT_F32, 1, &c, NULL);
  if (pick(b, 2)) input[2] = value_constant(b->ctx, "b", bias, numbers(b, &bias));
  return make(b, OP_CONV, 3, input, 0, NULL, NULL);
}

static struct value *quantized_pair(struct builder *b, struct value *x, enum op op) {
  struct value *input[2] = {x, x};
  for (int i = 0; i < 6 && input[1] == x; i++) {
    struct value *q = any(b);
    if (type_same_shape(&q->type, &x->type)) input[1] = dequantized(b, q);
  }
  if (pick(b, 2)) input[0] = input[1], input[1] = x;
  if (op != OP_CONCAT) return make(b, op, 2, input, 0, NULL, NULL);
  const struct attr axis = attr_make_int(b->ctx, ATTR_AXIS, pick(b, 2) ? 3 : 1);
  struct value *v = make(b, op, 2, input, 1, &axis, NULL);
  const struct attr part[] = {attr_make_ints(b->ctx, ATTR_STARTS, 4, (const int64_t[]){0, 0, 0, 0}),
                              attr_make_ints(b->ctx, ATTR_SIZES, 4, x->type.dim)};
  return make(b, OP_SLICE, 1, &v, 2, part, NULL);
}

static struct value *quantized_op(struct builder *b, struct value *x) {
  static const enum op unaries[] = {OP_SIGMOID, OP_TANH, OP_NEG, OP_HARD_SWISH, OP_ABS};
  switch (pick(b, 8)) {
    case 0:
    case 1:
    case 2: return quantized_conv(b, x);
    case 3:
    case 4: return quantized_pair(b, x, OP_ADD);
    case 5: return quantized_pair(b, x, OP_MUL);
    case 6: return quantized_pair(b, x, OP_CONCAT);
    default: return make(b, unaries[pick(b, COUNT_OF(unaries))], 1, &x, 0, NULL, NULL);
  }
}

static struct graph *random_quantized_graph(struct ctx *c, uint64_t seed) {
  struct builder b = {.ctx = c, .graph = graph_new(c, "quantized"), .seed = seed};
  const int64_t dim[4] = {1, 4, 4, 3};
  const struct type x = type_make(DT_U8, 4, dim, random_scale(&b, 0.01f));
  keep(&b, graph_input(b.graph, "x", x));
  for (int i = 0; i < 16; i++) {
    struct value *v = quantized_op(&b, dequantized(&b, any(&b)));
    const struct attr range[] = {attr_make_float(c, ATTR_ALPHA, pick(&b, 2) ? 0 : -1),
                                 attr_make_float(c, ATTR_BETA, pick(&b, 2) ? 6 : (float)INFINITY)};
    if (pick(&b, 3) == 0) v = make(&b, OP_CLIP, 1, &v, 2, range, NULL);
    const struct type t = type_make(DT_U8, 4, v->type.dim, random_scale(&b, 0.01f));
    keep(&b, make(&b, OP_QUANTIZE, 1, &v, 0, NULL, &t));
  }
  for (int i = 0; i < 3; i++) graph_output(b.graph, ctx_printf(c, "y%d", i), b.value[b.count - 1 - i]);
  return pass_find("fuse-qdq")->run(c, b.graph);
}

static bool same_outputs(struct ctx *c, const struct graph *before, const struct graph *after,
                         const void *const *input) {
  const void **x = eval_graph(c, before, true, input), **y = eval_graph(c, after, true, input);
  for (int i = 0; i < before->outputs.count; i++) {
    const struct type *t = &before->outputs.at[i]->type;
    if (!type_equal(t, &after->outputs.at[i]->type) || memcmp(x[i], y[i], (size_t)type_bytes(t)) != 0)
      return false;
  }
  return true;
}

struct request {
  uint64_t seed;
  bool quantized, failed;
};

static void report(struct ctx *c, uint64_t seed, const char *pass, const struct graph *before,
                   const struct graph *after) {
  struct buffer text;
  buffer_init(&text, c);
  eir_print(&text, before);
  buffer_text(&text, ";; ---\n");
  eir_print(&text, after);
  printf("passes_test: seed %d: %s changes an output\n%s", (int)seed, pass, (const char *)text.data);
}

static void check(struct ctx *c, void *argument) {
  static const char *const rearranging[] = {"fold-constants", "simplify", "cancel-transposes",
                                            "dead-code",      "simplify", NULL};
  static const char *const fusing[] = {"fold-weights",    "fuse-clip",      "make-tables", "fuse-residual",
                                       "fuse-clip-again", "simplify-again", "dead-code",   NULL};
  struct request *r = argument;
  const struct graph *g = r->quantized ? random_quantized_graph(c, r->seed) : random_graph(c, r->seed);
  ops_verify(g, "generating");
  struct builder b = {.ctx = c, .seed = r->seed};
  const void **input = CTX_ARRAY(c, const void *, g->inputs.count);
  for (int i = 0; i < g->inputs.count; i++) {
    const struct type *t = &g->inputs.at[i]->type;
    input[i] = r->quantized ? random_8bit(&b, DT_U8, t->rank, t->dim, t->quant)->data : numbers(&b, t);
  }
  for (const char *const *name = r->quantized ? fusing : rearranging; *name; name++) {
    const struct graph *after = pass_find(*name)->run(c, g);
    ops_verify(after, *name);
    if (!same_outputs(c, g, after, input)) {
      report(c, r->seed, *name, g, after);
      r->failed = true;
      return;
    }
    g = after;
  }
}

int main(void) {
  enum { GRAPHS = 400 };
  int failures = 0;
  for (uint64_t i = 0; i < 2 * GRAPHS; i++) {
    struct ctx c;
    struct request r = {1 + i / 2, i % 2 == 1, false};
    ctx_init(&c);
    if (!ctx_run(&c, check, &r)) {
      printf("passes_test: seed %d: an error was reported\n", (int)r.seed);
      r.failed = true;
    }
    failures += r.failed;
    ctx_free(&c);
  }
  if (failures) printf("passes_test: %d of %d graphs failed\n", failures, 2 * GRAPHS);
  return failures != 0;
}
