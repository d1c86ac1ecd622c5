#include "passes/build.h"

pass_function pass_fold_batch_norm;

static bool is_f32_constant(const struct value *v) { return value_is_constant(v) && v->type.dtype == DT_F32; }

/* Where the output channel of a weight's elements stands. */
struct weight_layout {
  int64_t channels;
  int64_t inner;  /* elements between two channels */
  int64_t groups; /* conv_transpose [c,kh,kw,o/group]: the channels go on from group to group of c */
};

static bool weight_layout(const struct node *n, struct weight_layout *w) {
  const struct type *t = &n->input[1]->type, *y = &n->output[0]->type;
  *w = (struct weight_layout){.channels = y->dim[y->rank - 1], .inner = 1, .groups = 1};
  switch ((int)n->op) {
    case OP_CONV: w->inner = type_elements(t) / w->channels; return true;
    case OP_CONV_TRANSPOSE: w->groups = attr_int(n, ATTR_GROUP, 1); return true;
    case OP_MATMUL:
      if (attr_int(n, ATTR_TRANSPOSE_B, 0)) w->inner = t->dim[1];
      return t->rank == 2;
    default: return false;
  }
}

static int64_t channel_of(const struct weight_layout *w, int64_t element, int64_t elements) {
  const int64_t per_group = w->channels / w->groups, group = element / (elements / w->groups);
  return group * per_group + element / w->inner % per_group;
}

/* The constant as one number a channel, whether it has one element or one a channel along the last axis; else
 * NULL. */
static const float *per_channel(struct ctx *c, const struct value *v, int64_t channels) {
  const struct type *t = &v->type;
  const int64_t n = type_elements(t);
  if (!is_f32_constant(v) || (n != 1 && (n != channels || t->dim[t->rank - 1] != channels))) return NULL;
  float *out = CTX_ARRAY(c, float, channels);
  for (int64_t i = 0; i < channels; i++) out[i] = ((const float *)v->data)[n == 1 ? 0 : i];
  return out;
}

/* The bias as one number a channel, 0 when there is none; NULL when it is no f32 constant. */
static const float *bias_of(struct ctx *c, const struct node *n, int64_t channels) {
  const struct value *bias = n->input_count > 2 ? n->input[2] : NULL;
  return bias ? per_channel(c, bias, channels) : CTX_ARRAY(c, float, channels);
}

static struct value *dot_again(struct graph *g, const struct node *dot, struct value *weight,
                               struct value *bias, const struct node *tail) {
  struct value *input[3] = {dot->input[0], weight, bias};
  return ops_node(g, dot->op, 3, input, dot->attr_count, dot->attr, NULL,
                  origin_join(g->ctx, dot->origin, tail->origin));
}

/* dot(x, w) * s + ... == dot(x, w * s); the bias is multiplied too (ONNX Runtime: ConvMulFusion,
 * ConvBNFusion). */
static struct value *fold_scale(struct graph *g, const struct node *dot, const struct weight_layout *layout,
                                const struct value *factor, const struct node *mul) {
  struct ctx *c = g->ctx;
  const struct value *w = dot->input[1];
  const int64_t n = type_elements(&w->type);
  const float *s = per_channel(c, factor, layout->channels), *b = bias_of(c, dot, layout->channels);
  if (!is_f32_constant(w) || !s || !b) return NULL;
  float *weight = CTX_ARRAY(c, float, n), *bias = CTX_ARRAY(c, float, layout->channels);
  for (int64_t i = 0; i < n; i++) weight[i] = ((const float *)w->data)[i] * s[channel_of(layout, i, n)];
  for (int64_t i = 0; i < layout->channels; i++) bias[i] = b[i] * s[i];
  const struct type bias_type = type_make(DT_F32, 1, &layout->channels, NULL);
  const bool has_bias = dot->input_count > 2 && dot->input[2];
  return dot_again(g, dot, value_constant(c, w->name, w->type, weight),
                   has_bias ? value_constant(c, dot->input[2]->name, bias_type, bias) : NULL, mul);
}

/* dot(x, w) + t == dot(x, w, t); with a bias their sum (ConvAddFusion). */
static struct value *fold_shift(struct graph *g, const struct node *dot, const struct weight_layout *layout,
                                struct value *term, const struct node *add) {
  struct ctx *c = g->ctx;
  const int64_t channels = layout->channels;
  const bool has_bias = dot->input_count > 2 && dot->input[2];
  if (is_dequantized_constant(term) && dot->op == OP_MATMUL && !has_bias &&
      type_elements(&term->type) == channels && term->type.dtype == DT_F32 &&
      term->type.dim[term->type.rank - 1] == channels)
    return dot_again(g, dot, dot->input[1], build_reshape(g, term, 1, &channels, add->origin), add);
  const float *t = per_channel(c, term, channels), *b = bias_of(c, dot, channels);
  if (!t || !b) return NULL;
  float *bias = CTX_ARRAY(c, float, channels);
  for (int64_t i = 0; i < channels; i++) bias[i] = has_bias ? b[i] + t[i] : t[i];
  return dot_again(g, dot, dot->input[1],
                   value_constant(c, term->name, type_make(DT_F32, 1, &channels, NULL), bias), add);
}

/* The folded dot product for a mul or add of the new graph whose operand `side` is one; NULL when that can't
 * be done. */
static struct value *fold_side(struct graph *g, const struct node *n, int side) {
  const struct value *y = n->input[side];
  const struct node *dot = y->producer;
  struct weight_layout layout;
  const bool plain = dot && y->type.dtype == DT_F32 && dot->input[0]->type.dtype == DT_F32 &&
                     dot->input_count <= 3 && !attr_find(dot, ATTR_CLIP) && !attr_find(dot, ATTR_POST_CLIP);
  if (!plain || !type_same_shape(&y->type, &n->output[0]->type) || !weight_layout(dot, &layout)) return NULL;
  if (layout.channels < 1) return NULL;
  struct value *other = n->input[1 - side];
  return n->op == OP_MUL ? fold_scale(g, dot, &layout, other, n) : fold_shift(g, dot, &layout, other, n);
}

/* needs: fold-constants; channels last (cancel-transposes). keeps: results, up to the rounding of folded
 * weights. gives: no conv, conv_transpose or matmul with f32 constant weights whose only use is a mul or add
 * by a constant along the channels. */
struct graph *pass_fold_batch_norm(struct ctx *c, const struct graph *g) {
  struct rewrite r;
  struct uses *uses = uses_compute(c, g);
  rewrite_begin(&r, g);
  for (int i = 0; i < g->nodes.count; i++) {
    const struct node *old = g->nodes.at[i];
    const struct node *n = rewrite_copy(&r, old);
    struct value *folded = NULL;
    for (int side = 0; side < 2 && !folded && (n->op == OP_MUL || n->op == OP_ADD); side++)
      if (uses_single(uses, old->input[side])) folded = fold_side(r.graph, n, side);
    if (folded) rewrite_replace(&r, old->output[0], folded);
  }
  return pass_dead_code(c, rewrite_end(&r));
}
