/* Attention-23/24/25, RotaryEmbedding-23, SwiGLU, LinearAttention, CausalConvWithState, composed. 16-bit floats are
 * computed as f32. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

enum { MAX_STEPS = 512 }; /* of unrolled recurrences and convolutions: each step is a few nodes */

static struct value *wide_input(struct import *n, int i, const char *what) {
  struct value *x = optional_input(n, i);
  if (!x && what) need_input(n, i, what);
  return x && (x->type.dtype == DT_F16 || x->type.dtype == DT_BF16) ? make_cast(n, x, DT_F32) : x;
}

static struct value *times(struct import *n, struct value *x, double factor) {
  return make_2(n, OP_MUL, x, make_scalar_like(n, x, factor));
}

static struct value *reshape_4(struct import *n, struct value *x, int64_t a, int64_t b, int64_t c, int64_t d) {
  const int64_t dim[4] = {a, b, c, d};
  return make_reshape(n, x, 4, dim);
}

/* [batch, length, heads * size] as [batch, heads, length, size]; rank 4 is that already. */
static struct value *split_heads(struct import *n, struct value *x, int64_t heads) {
  static const int perm[4] = {0, 2, 1, 3};
  if (x->type.rank == 4) return x;
  need_rank(n, x, 3, 4, "an input");
  if (heads < 1 || x->type.dim[2] % heads)
    FAIL(n, "%lld elements cannot be split into %lld heads", (long long)x->type.dim[2], (long long)heads);
  x = reshape_4(n, x, x->type.dim[0], x->type.dim[1], heads, x->type.dim[2] / heads);
  return make_transpose(n, x, perm);
}

static struct value *join_heads(struct import *n, struct value *x) {
  static const int perm[4] = {0, 2, 1, 3};
  const int64_t *d = x->type.dim, dim[3] = {d[0], d[2], d[1] * d[3]};
  return make_reshape(n, make_transpose(n, x, perm), 3, dim);
}

/* Each head of [b, h, s, d] `count` times: [b, h * count, s, d]. */
static struct value *repeat_heads(struct import *n, struct value *x, int64_t count) {
  const int64_t *d = x->type.dim, one[5] = {d[0], d[1], 1, d[2], d[3]}, all[5] = {d[0], d[1], count, d[2], d[3]};
  if (count == 1) return x;
  return reshape_4(n, make_expand(n, make_reshape(n, x, 5, one), 5, all), d[0], d[1] * count, d[2], d[3]);
}

/* The additive form of what may be attended: 0 and -infinity. */
static struct value *allowed_bias(struct import *n, struct value *allowed) {
  return make_where(n, allowed, make_scalar(n, DT_F32, 0), make_scalar(n, DT_F32, -(double)INFINITY));
}

static struct value *add_bias(struct import *n, struct value *bias, struct value *more) {
  return bias ? make_2(n, OP_ADD, bias, more) : more;
}

/* j - i for queries i and keys j. */
static struct value *relative_positions(struct import *n, int64_t queries, int64_t keys) {
  const int64_t dim[2] = {queries, keys};
  int64_t count;
  if (!checked_mul(queries, keys, &count)) FAIL(n, "the sequences are too long");
  charge_constant(n, count * (int64_t)sizeof(int64_t));
  int64_t *data = CTX_ARRAY(n->ctx, int64_t, count);
  for (int64_t i = 0; i < count; i++) data[i] = i % max_i64(keys, 1) - i / max_i64(keys, 1);
  return constant_ints_value(n, 2, dim, data);
}

/* A mask shorter than the keys forbids the rest. */
static struct value *mask_bias(struct import *n, struct value *mask, int64_t keys) {
  bool logical = mask->type.dtype == DT_BOOL;
  int rank = mask->type.rank;
  if (rank < 1) FAIL(n, "input 3 'attn_mask' is a single number");
  int64_t pads[2 * MAX_RANK] = {0};
  pads[2 * rank - 1] = keys - mask->type.dim[rank - 1];
  if (pads[2 * rank - 1] > 0) {
    struct value *const in[2] = {mask, make_scalar_like(n, mask, logical ? 0 : -(double)INFINITY)};
    const struct attr attr = attr_make_ints(n->ctx, ATTR_PADS, 2 * rank, pads);
    mask = make(n, OP_PAD, 2, in, 1, &attr, NULL);
  }
  return logical ? allowed_bias(n, mask) : mask;
}

struct attention {
  struct value *q, *k, *v; /* [batch, heads, length, size] */
  int64_t past;            /* keys of the cache */
};

static struct value *attention_bias(struct import *n, const struct attention *a) {
  int64_t queries = a->q->type.dim[2], keys = a->k->type.dim[2];
  int64_t left = attribute_int(n, "left_window_size", -1), right = attribute_int(n, "right_window_size", -1);
  struct value *mask = wide_input(n, 3, NULL), *valid = optional_input(n, 6), *bias = NULL;
  struct value *relative = relative_positions(n, queries, keys), *offset = make_scalar(n, DT_S64, (double)a->past);
  if (mask) bias = mask_bias(n, mask, keys);
  if (valid) {
    valid = reshape_4(n, make_cast(n, valid, DT_S64), type_elements(&valid->type), 1, 1, 1);
    if (!optional_input(n, 4)) offset = make_2(n, OP_SUB, valid, make_scalar(n, DT_S64, (double)queries));
  }
  if (attribute_bool(n, "is_causal", false))
    bias = add_bias(n, bias, allowed_bias(n, make_2(n, OP_LESS_EQUAL, relative, offset)));
  struct value *back = left >= 0 || right >= 0 ? make_2(n, OP_SUB, offset, relative) : NULL;
  if (left >= 0)
    bias = add_bias(n, bias, allowed_bias(n, make_2(n, OP_LESS_EQUAL, back, make_scalar(n, DT_S64, (double)left))));
  if (right >= 0)
    bias = add_bias(n, bias, allowed_bias(n, make_2(n, OP_GREATER_EQUAL, back, make_scalar(n, DT_S64, -(double)right))));
  if (valid) {
    struct value *position = relative_positions(n, 1, keys);
    bias = add_bias(n, bias, allowed_bias(n, make_2(n, OP_LESS, position, valid)));
  }
  return bias;
}

/* As if it had been stored in the model's type. */
static struct value *rounded(struct import *n, struct value *x, enum dtype dtype) {
  return dtype == DT_BF16 ? make_cast(n, make_cast(n, x, dtype), DT_F32) : x;
}

/* bf16: each step is rounded, as the reference does. */
static struct value *softmax_last(struct import *n, struct value *x, enum dtype dtype) {
  const int64_t last = x->type.rank - 1;
  if (dtype == DT_BF16) {
    struct value *shifted = make_2(n, OP_SUB, x, make_reduce(n, OP_REDUCE_MAX, x, 1, &last, true));
    struct value *terms = rounded(n, make_1(n, OP_EXP, rounded(n, shifted, dtype)), dtype);
    return make_2(n, OP_DIV, terms, rounded(n, make_reduce(n, OP_REDUCE_SUM, terms, 1, &last, true), dtype));
  }
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, x->type.rank - 1);
  return make(n, OP_SOFTMAX, 1, &x, 1, &attr, NULL);
}

/* Softmax of scores + bias; rows in which nothing may be attended are 0. */
static struct value *probabilities(struct import *n, struct value *scores, struct value *bias, enum dtype dtype) {
  struct value *y = softmax_last(n, scores, dtype);
  if (!bias) return y;
  int64_t last = bias->type.rank - 1;
  struct value *most = make_reduce(n, OP_REDUCE_MAX, bias, 1, &last, true);
  struct value *nothing = make_2(n, OP_EQUAL, most, make_scalar(n, DT_F32, -(double)INFINITY));
  return make_where(n, nothing, make_scalar(n, DT_F32, 0), y);
}

void import_attention(struct import *n) {
  struct value *x = need_input(n, 0, "Q"), *past_k = wide_input(n, 4, NULL), *past_v = wide_input(n, 5, NULL);
  enum dtype dtype = x->type.dtype;
  bool flat = x->type.rank == 3;
  int64_t heads = attribute_int(n, "q_num_heads", 0), kv_heads = attribute_int(n, "kv_num_heads", 0);
  struct attention a = {.q = split_heads(n, wide_input(n, 0, "Q"), heads),
                        .k = split_heads(n, wide_input(n, 1, "K"), kv_heads),
                        .v = split_heads(n, wide_input(n, 2, "V"), kv_heads)};
  if (past_k) a.past = past_k->type.dim[2], a.k = make_concat(n, 2, (struct value *[]){past_k, a.k}, 2);
  if (past_v) a.v = make_concat(n, 2, (struct value *[]){past_v, a.v}, 2);
  struct value *present_k = a.k, *present_v = a.v;
  int64_t q_heads = a.q->type.dim[1], k_heads = max_i64(a.k->type.dim[1], 1);
  a.k = repeat_heads(n, a.k, max_i64(q_heads / k_heads, 1));
  a.v = repeat_heads(n, a.v, max_i64(q_heads / k_heads, 1));
  double scale = has_attribute(n, "scale") ? (double)attribute_float(n, "scale", 1)
                                           : 1 / sqrt((double)a.q->type.dim[3]);
  double softcap = (double)attribute_float(n, "softcap", 0);
  int64_t mode = attribute_int(n, "qk_matmul_output_mode", 0);
  struct value *root = rounded(n, make_scalar(n, a.q->type.dtype, sqrt(scale)), dtype);
  struct value *q = rounded(n, make_2(n, OP_MUL, a.q, root), dtype), *k = rounded(n, make_2(n, OP_MUL, a.k, root), dtype);
  struct value *scores = rounded(n, make_matmul(n, q, k, NULL, false, true, NULL), dtype);
  if (softcap > 0) scores = times(n, make_1(n, OP_TANH, times(n, scores, 1 / softcap)), softcap);
  struct value *bias = attention_bias(n, &a), *shown = scores;
  if (bias) scores = rounded(n, make_2(n, OP_ADD, scores, bias), dtype);
  if (mode == 2) shown = scores;
  struct value *p = rounded(n, probabilities(n, scores, bias, dtype), dtype);
  if (mode == 3) shown = p;
  struct value *y = make_matmul(n, p, a.v, NULL, false, false, NULL);
  struct value *const out[4] = {flat ? join_heads(n, y) : y, present_k, present_v, shown};
  for (int i = 0; i < 4 && i < max_i64(n->output_count, 1); i++) n->output[i] = make_cast(n, out[i], dtype);
}

static struct value *slice_axis(struct import *n, struct value *x, int axis, int64_t start, int64_t step, int64_t size) {
  int64_t starts[MAX_RANK] = {0}, steps[MAX_RANK], sizes[MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) steps[i] = 1, sizes[i] = x->type.dim[i];
  starts[axis] = start, steps[axis] = step, sizes[axis] = size;
  return make_slice(n, x, starts, steps, sizes);
}

/* x, cos, sin: [batch, length, heads or 1, size]. */
void import_rotary_embedding(struct import *n) {
  static const int perm[4] = {0, 2, 1, 3};
  struct value *given = need_input(n, 0, "X"), *x = wide_input(n, 0, "X"), *position = optional_input(n, 3);
  struct value *cache[2] = {wide_input(n, 1, "cos_cache"), wide_input(n, 2, "sin_cache")};
  bool flat = x->type.rank == 3, interleaved = attribute_bool(n, "interleaved", false);
  int64_t heads = attribute_int(n, "num_heads", 0), size = attribute_int(n, "rotary_embedding_dim", 0);
  x = make_transpose(n, split_heads(n, x, heads), perm);
  int64_t all = x->type.dim[3], half = (size ? size : all) / 2;
  if (half < 1 || 2 * half > all) FAIL(n, "attribute 'rotary_embedding_dim' does not fit");
  for (int i = 0; i < 2; i++) {
    const struct attr axis = attr_make_int(n->ctx, ATTR_AXIS, 0);
    if (position) cache[i] = make(n, OP_GATHER, 2, (struct value *[]){cache[i], position}, 1, &axis, NULL);
    need_rank(n, cache[i], 3, 3, "a cache");
    const int64_t *d = cache[i]->type.dim;
    cache[i] = reshape_4(n, cache[i], d[0], d[1], 1, d[2]);
  }
  struct value *a = slice_axis(n, x, 3, 0, interleaved ? 2 : 1, half);
  struct value *b = slice_axis(n, x, 3, interleaved ? 1 : half, interleaved ? 2 : 1, half);
  struct value *rotated[3] = {make_2(n, OP_SUB, make_2(n, OP_MUL, cache[0], a), make_2(n, OP_MUL, cache[1], b)),
                              make_2(n, OP_ADD, make_2(n, OP_MUL, cache[1], a), make_2(n, OP_MUL, cache[0], b))};
  struct value *y;
  const int64_t *d = x->type.dim;
  if (interleaved) {
    const int64_t pair[5] = {d[0], d[1], d[2], half, 1};
    for (int i = 0; i < 2; i++) rotated[i] = make_reshape(n, rotated[i], 5, pair);
    y = reshape_4(n, make_concat(n, 2, rotated, 4), d[0], d[1], d[2], 2 * half);
  } else {
    y = make_concat(n, 2, rotated, 3);
  }
  if (2 * half < all)
    y = make_concat(n, 2, (struct value *[]){y, slice_axis(n, x, 3, 2 * half, 1, all - 2 * half)}, 3);
  y = flat ? make_reshape(n, y, 3, given->type.dim) : make_transpose(n, y, perm);
  n->output[0] = make_cast(n, y, given->type.dtype);
}

/* a * sigmoid(alpha * a) * b */
void import_swiglu(struct import *n) {
  struct value *a = wide_input(n, 0, "A"), *b = wide_input(n, 1, "B");
  struct value *gate = make_1(n, OP_SIGMOID, times(n, a, (double)attribute_float(n, "alpha", 1)));
  n->output[0] = make_cast(n, make_2(n, OP_MUL, make_2(n, OP_MUL, a, gate), b), need_input(n, 0, "A")->type.dtype);
}

/* Step t of [b, h, t, d] as [b, h, 1, d]. */
static struct value *step_of(struct import *n, struct value *x, int64_t t) { return slice_axis(n, x, 2, t, 1, 1); }

/* LinearAttention-27: for each step: state *= e^decay; v = beta * (v - k . state) (delta rules); state += k^T v;
 * y = scale * q . state. */
void import_linear_attention(struct import *n) {
  const char *rule = attribute_text(n, "update_rule", "gated_delta");
  bool gated = !strncmp(rule, "gated", 5), delta = strstr(rule, "delta") != NULL;
  int64_t heads = attribute_int(n, "q_num_heads", 0), kv_heads = attribute_int(n, "kv_num_heads", 0);
  enum dtype dtype = need_input(n, 0, "query")->type.dtype;
  struct value *q = split_heads(n, wide_input(n, 0, "query"), heads), *k = split_heads(n, wide_input(n, 1, "key"), kv_heads),
               *v = split_heads(n, wide_input(n, 2, "value"), kv_heads), *state = wide_input(n, 3, NULL);
  int64_t batch = q->type.dim[0], steps = q->type.dim[2], dk = k->type.dim[3], dv = v->type.dim[3];
  enum dtype state_dtype = state ? n->input[3]->type.dtype : dtype;
  if (steps < 1 || steps > MAX_STEPS) FAIL(n, "%lld steps; 1 to %d are supported", (long long)steps, MAX_STEPS);
  if (kv_heads < 1 || heads % kv_heads) FAIL(n, "%lld heads for %lld", (long long)heads, (long long)kv_heads);
  struct value *decay = gated ? split_heads(n, wide_input(n, 4, "decay"), kv_heads) : NULL;
  struct value *beta = delta ? wide_input(n, 5, "beta") : NULL;
  if (beta) beta = split_heads(n, beta, beta->type.rank == 3 ? beta->type.dim[2] : 1);
  const int64_t shape[4] = {batch, kv_heads, dk, dv};
  if (!state) state = make_expand(n, make_scalar(n, DT_F32, 0), 4, shape);
  float given = attribute_float(n, "scale", 0);
  double scale = given == 0 ? 1 / sqrt((double)dk) : (double)given;
  struct value **y = CTX_ARRAY(n->ctx, struct value *, steps);
  for (int64_t t = 0; t < steps; t++) {
    struct value *key = step_of(n, k, t), *value = step_of(n, v, t);
    if (decay) {
      struct value *factor = make_1(n, OP_EXP, step_of(n, decay, t));
      const int64_t *d = factor->type.dim;
      state = make_2(n, OP_MUL, state, reshape_4(n, factor, d[0], d[1], d[3], 1));
    }
    if (delta) {
      struct value *known = make_matmul(n, key, state, NULL, false, false, NULL);
      value = make_2(n, OP_MUL, step_of(n, beta, t), make_2(n, OP_SUB, value, known));
    }
    state = make_2(n, OP_ADD, state, make_2(n, OP_MUL, reshape_4(n, key, batch, kv_heads, dk, 1), value));
    struct value *read = repeat_heads(n, state, heads / kv_heads);
    y[t] = times(n, make_matmul(n, step_of(n, q, t), read, NULL, false, false, NULL), scale);
  }
  n->output[0] = make_cast(n, join_heads(n, make_concat(n, (int)steps, y, 2)), dtype);
  n->output[1] = make_cast(n, state, state_dtype);
}

/* CausalConvWithState-27: a depthwise 1-D convolution of the past and x. Output 1: the last k - 1 inputs. */
void import_causal_conv(struct import *n) {
  struct value *x = wide_input(n, 0, "input"), *w = wide_input(n, 1, "weight"), *past = wide_input(n, 3, NULL);
  struct value *bias = wide_input(n, 2, NULL), *y = NULL;
  enum dtype dtype = need_input(n, 0, "input")->type.dtype;
  need_rank(n, x, 3, 3, "the input");
  need_rank(n, w, 3, 3, "the weights");
  int64_t length = x->type.dim[2], channels = x->type.dim[1], taps = w->type.dim[2];
  if (taps < 1 || taps > MAX_STEPS) FAIL(n, "%lld taps; 1 to %d are supported", (long long)taps, MAX_STEPS);
  const int64_t before[3] = {x->type.dim[0], channels, taps - 1}, column[2] = {channels, 1};
  if (!past) past = make_expand(n, make_scalar(n, DT_F32, 0), 3, before);
  struct value *padded = make_concat(n, 2, (struct value *[]){past, x}, 2);
  if (padded->type.dim[2] != length + taps - 1) FAIL(n, "input 3 'past_state' does not fit the weights");
  for (int64_t i = 0; i < taps; i++) {
    struct value *factor = make_reshape(n, slice_axis(n, w, 2, i, 1, 1), 2, column);
    struct value *term = make_2(n, OP_MUL, slice_axis(n, padded, 2, i, 1, length), factor);
    y = y ? make_2(n, OP_ADD, y, term) : term;
  }
  if (bias) y = make_2(n, OP_ADD, y, make_reshape(n, bias, 2, column));
  if (strcmp(attribute_text(n, "activation", "none"), "none")) y = make_2(n, OP_MUL, y, make_1(n, OP_SIGMOID, y));
  n->output[0] = make_cast(n, y, dtype);
  n->output[1] = make_cast(n, slice_axis(n, padded, 2, length, 1, taps - 1), dtype);
}
