#include <math.h>
#include <string.h>

#include "passes/build.h"

pass_function pass_simplify;

/* A rule looks at a node of the new graph and gives a value that may stand for its output, or NULL. */
typedef struct value *simplify_function(struct graph *g, const struct node *n);

static struct value *same_type_input(const struct node *n) {
  return type_equal(&n->input[0]->type, &n->output[0]->type) ? n->input[0] : NULL;
}

/* The node that makes input 0, when it is of this op. */
static const struct node *made_by(const struct node *n, enum op op) {
  const struct node *p = n->input[0]->producer;
  return p && p->op == op ? p : NULL;
}

static bool all_equal(const int64_t *v, int n, int64_t to) {
  for (int i = 0; i < n; i++)
    if (v[i] != to) return false;
  return true;
}

static struct value *simplify_reshape(struct graph *g, const struct node *n) {
  if (same_type_input(n)) return n->input[0];
  const struct node *inner = made_by(n, OP_RESHAPE);
  /* Scales of an axis are followed from shape to shape, so a chain of reshapes keeps its steps. */
  if (!inner || (n->output[0]->type.quant && n->output[0]->type.quant->axis >= 0)) return NULL;
  return build_reshape(g, inner->input[0], n->output[0]->type.rank, n->output[0]->type.dim,
                       origin_join(g->ctx, inner->origin, n->origin));
}

/* One that only moves axes of size 1 stays: cancel-transposes knows more about the order than a reshape would
 * tell. */
static struct value *simplify_transpose(struct graph *g, const struct node *n) {
  const struct perm own = perm_of_node(n);
  const struct node *inner = made_by(n, OP_TRANSPOSE);
  if (perm_is_identity(&own)) return n->input[0];
  if (!inner) return NULL;
  const struct perm first = perm_of_node(inner), both = perm_then(&first, &own);
  return build_transpose(g, inner->input[0], &both, origin_join(g->ctx, inner->origin, n->origin));
}

/* Start or step of axis i; absent lists are all 0 or all 1. */
static int64_t entry(const struct node *n, enum attr_key key, int i, int64_t fallback) {
  int count;
  const int64_t *v = attr_ints(n, key, &count);
  return v ? v[i] : fallback;
}

static struct value *simplify_slice(struct graph *g, const struct node *n) {
  const struct type *y = &n->output[0]->type;
  bool forward = true;
  for (int i = 0; i < y->rank; i++) forward = forward && (entry(n, ATTR_STEPS, i, 1) == 1 || y->dim[i] == 1);
  if (forward && same_type_input(n)) return n->input[0];
  const struct node *inner = made_by(n, OP_SLICE);
  if (!inner || type_elements(y) == 0) return NULL;
  int64_t starts[MAX_RANK], steps[MAX_RANK];
  for (int i = 0; i < y->rank; i++) {
    const int64_t step = entry(inner, ATTR_STEPS, i, 1);
    starts[i] = entry(inner, ATTR_STARTS, i, 0) + step * entry(n, ATTR_STARTS, i, 0);
    steps[i] = step * entry(n, ATTR_STEPS, i, 1);
  }
  const struct attr attrs[] = {attr_make_ints(g->ctx, ATTR_STARTS, y->rank, starts),
                               attr_make_ints(g->ctx, ATTR_STEPS, y->rank, steps),
                               attr_make_ints(g->ctx, ATTR_SIZES, y->rank, y->dim)};
  return build_node(g, OP_SLICE, 1, inner->input, COUNT_OF(attrs), attrs, NULL,
                    origin_join(g->ctx, inner->origin, n->origin));
}

static struct value *simplify_pad(struct graph *g, const struct node *n) {
  (void)g;
  int count;
  const int64_t *pads = attr_ints(n, ATTR_PADS, &count);
  return all_equal(pads, count, 0) ? n->input[0] : NULL;
}

static struct value *simplify_one_input(struct graph *g, const struct node *n) {
  (void)g;
  return n->input_count == 1 ? same_type_input(n) : NULL;
}

static struct value *simplify_same_type(struct graph *g, const struct node *n) {
  (void)g;
  return same_type_input(n);
}

/* Whether every value of `from` is a value of `to`. */
static bool converts_exactly(enum dtype from, enum dtype to) {
  if (dtype_is_float(from)) return dtype_is_float(to) && (to == DT_F64 || (to == DT_F32 && from != DT_F64));
  if (!dtype_is_integer(to) || !(dtype_is_integer(from) || from == DT_BOOL)) return false;
  const bool widens = dtype_bytes(to) > dtype_bytes(from);
  return widens ? dtype_is_signed(to) || !dtype_is_signed(from) : from == DT_BOOL;
}

static struct value *simplify_cast(struct graph *g, const struct node *n) {
  if (same_type_input(n)) return n->input[0];
  const struct node *inner = made_by(n, OP_CAST);
  if (!inner) return NULL;
  const enum dtype from = inner->input[0]->type.dtype, to = n->output[0]->type.dtype;
  if (!converts_exactly(from, n->input[0]->type.dtype) || (dtype_is_float(from) && !dtype_is_float(to)))
    return NULL;
  return build_node(g, OP_CAST, 1, inner->input, 0, NULL, &n->output[0]->type,
                    origin_join(g->ctx, inner->origin, n->origin));
}

static struct value *simplify_retype(struct graph *g, const struct node *n) {
  const struct node *inner = made_by(n, OP_RETYPE);
  if (same_type_input(n)) return n->input[0];
  if (!inner) return NULL;
  if (type_equal(&inner->input[0]->type, &n->output[0]->type)) return inner->input[0];
  return ops_node(g, OP_RETYPE, 1, inner->input, 0, NULL, &n->output[0]->type,
                  origin_join(g->ctx, inner->origin, n->origin));
}

static float clamp(float x, float low, float high) { return fminf(fmaxf(x, low), high); }

/* clip(clip(x, a, b), c, d) == clip(x, clip(a, c, d), clip(b, c, d)) for a <= b and c <= d. Bounds of -0.0
 * are left alone: which zero a clip gives then depends on more than order. */
static struct value *simplify_clip(struct graph *g, const struct node *n) {
  const float low = attr_float(n, ATTR_ALPHA, -INFINITY), high = attr_float(n, ATTR_BETA, INFINITY);
  if (low == -INFINITY && high == INFINITY) return same_type_input(n);
  const struct node *inner = made_by(n, OP_CLIP);
  if (!inner || n->output[0]->type.quant || !dtype_is_float(n->output[0]->type.dtype)) return NULL;
  const float a = attr_float(inner, ATTR_ALPHA, -INFINITY), b = attr_float(inner, ATTR_BETA, INFINITY);
  const float bound[] = {low, high, a, b};
  for (size_t i = 0; i < COUNT_OF(bound); i++)
    if (isnan(bound[i]) || (bound[i] == 0 && signbit(bound[i]))) return NULL;
  if (!(low <= high && a <= b)) return NULL;
  const struct attr attrs[] = {attr_make_float(g->ctx, ATTR_ALPHA, clamp(a, low, high)),
                               attr_make_float(g->ctx, ATTR_BETA, clamp(b, low, high))};
  return build_node(g, OP_CLIP, 1, inner->input, COUNT_OF(attrs), attrs, NULL,
                    origin_join(g->ctx, inner->origin, n->origin));
}

/* quantize(dequantize(x)) with one quantization: (x - z) * s / s is within half a step of x - z. */
static struct value *simplify_quantize(struct graph *g, const struct node *n) {
  (void)g;
  const struct node *inner = made_by(n, OP_DEQUANTIZE);
  return inner && type_equal(&inner->input[0]->type, &n->output[0]->type) ? inner->input[0] : NULL;
}

/* Every element of the constant has the bits of `x` (f32) or is the integer `k`. */
static bool is_filled_with(const struct value *v, float x, uint64_t k) {
  const int64_t n = type_elements(&v->type);
  const int bytes = dtype_bytes(v->type.dtype);
  const bool f32 = v->type.dtype == DT_F32;
  if (!v->data || v->type.quant || (!f32 && !dtype_is_integer(v->type.dtype))) return false;
  for (int64_t i = 0; i < n; i++)
    if (memcmp((const uint8_t *)v->data + i * bytes, f32 ? (const void *)&x : (const void *)&k,
               (size_t)bytes) != 0)
      return false;
  return true;
}

/* Operands that change nothing, to the bit: x + -0.0, x - 0.0, x * 1, x / 1; for integers 0 and 1. (x + 0.0
 * turns -0.0 into 0.0.) */
static struct value *simplify_neutral(struct graph *g, const struct node *n) {
  (void)g;
  const bool product = n->op == OP_MUL || n->op == OP_DIV;
  const float neutral = product ? 1.0f : n->op == OP_ADD ? -0.0f : 0.0f;
  const bool commutes = n->op == OP_ADD || n->op == OP_MUL;
  for (int i = 1; i >= (commutes ? 0 : 1); i--) {
    struct value *x = n->input[1 - i];
    if (is_filled_with(n->input[i], neutral, product ? 1 : 0) && type_equal(&x->type, &n->output[0]->type))
      return x;
  }
  return NULL;
}

/* To the same size with scales of 1 every element lands on itself. */
static struct value *simplify_resize(struct graph *g, const struct node *n) {
  (void)g;
  int count;
  const float *scales = attr_floats(n, ATTR_SCALES, &count);
  for (int i = 0; i < count; i++)
    if (scales[i] != 1.0f) return NULL;
  const bool crops = strcmp(attr_name(n, ATTR_COORDINATES, "half_pixel"), "tf_crop_and_resize") == 0;
  return crops ? NULL : same_type_input(n);
}

static struct value *simplify_node(struct graph *g, const struct node *n) {
  static simplify_function *const rules[OP_COUNT] = {
      [OP_RESHAPE] = simplify_reshape,
      [OP_TRANSPOSE] = simplify_transpose,
      [OP_SLICE] = simplify_slice,
      [OP_PAD] = simplify_pad,
      [OP_CONCAT] = simplify_one_input,
      [OP_EXPAND] = simplify_same_type,
      [OP_CAST] = simplify_cast,
      [OP_RETYPE] = simplify_retype,
      [OP_CLIP] = simplify_clip,
      [OP_QUANTIZE] = simplify_quantize,
      [OP_REQUANTIZE] = simplify_same_type,
      [OP_ADD] = simplify_neutral,
      [OP_SUB] = simplify_neutral,
      [OP_MUL] = simplify_neutral,
      [OP_DIV] = simplify_neutral,
      [OP_RESIZE] = simplify_resize,
  };
  struct value *v = rules[n->op] ? rules[n->op](g, n) : NULL;
  return v || (!op_is_unary(n->op) && !op_is_binary(n->op)) ? v : sink_reshape(g, n);
}

static bool same_attrs(const struct node *a, const struct node *b) {
  if (a->attr_count != b->attr_count) return false;
  for (int i = 0; i < a->attr_count; i++) {
    const struct attr *x = &a->attr[i], *y = &b->attr[i];
    if (x->key != y->key || x->n != y->n) return false;
    if (x->name && strcmp(x->name, y->name) != 0) return false;
    if (x->ints && memcmp(x->ints, y->ints, (size_t)x->n * sizeof *x->ints) != 0) return false;
    if (x->floats && memcmp(x->floats, y->floats, (size_t)x->n * sizeof *x->floats) != 0) return false;
  }
  return true;
}

static bool same_computation(const struct node *a, const struct node *b) {
  if (a->op != b->op || a->input_count != b->input_count || a->output_count != b->output_count ||
      !same_attrs(a, b))
    return false;
  for (int i = 0; i < a->input_count; i++)
    if (a->input[i] != b->input[i]) return false;
  for (int i = 0; i < a->output_count; i++)
    if (!type_equal(&a->output[i]->type, &b->output[i]->type)) return false;
  return true;
}

struct reader { /* of one value, as its input 0 */
  const struct node *node;
  struct reader *next;
};

/* An earlier node that computes the same; else remembers this one and gives NULL. */
static const struct node *earlier(struct ctx *c, struct pointer_map *readers, const struct node *n) {
  struct reader *first = pointer_map_get(readers, n->input[0]);
  for (const struct reader *r = first; r; r = r->next)
    if (same_computation(r->node, n)) return r->node;
  struct reader *r = CTX_NEW(c, struct reader);
  *r = (struct reader){n, first};
  pointer_map_set(readers, n->input[0], r);
  return NULL;
}

/* needs: nothing. keeps: every value that an output shows, to the bit. gives: no node that changes nothing,
 * no chain of two reshapes, transposes, slices, exact casts, retypes or float clips, no two nodes that
 * compute the same; no dead nodes. */
struct graph *pass_simplify(struct ctx *c, const struct graph *g) {
  struct rewrite r;
  struct pointer_map readers;
  rewrite_begin(&r, g);
  pointer_map_init(&readers, c);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *old = g->nodes.at[i];
    const struct node *n = rewrite_copy(&r, old);
    struct value *v = NULL;
    while (n) { /* what a rule makes may be simplified again */
      struct value *simpler = simplify_node(r.graph, n);
      if (!simpler) break;
      v = simpler;
      n = v->producer;
    }
    if (v) rewrite_replace(&r, old->output[0], v);
    const struct node *same =
        n && n == r.graph->nodes.at[r.graph->nodes.count - 1] ? earlier(c, &readers, n) : NULL;
    for (int k = 0; same && k < n->output_count; k++) rewrite_replace(&r, old->output[k], same->output[k]);
  }
  return pass_dead_code(c, rewrite_end(&r));
}
