#include <math.h>
#include <string.h>

#include "passes/build.h"

pass_function pass_fuse_qdq;

/* What ONNX Runtime's default optimizations make of quantize/dequantize pairs (1.31:
 * core/optimizer/qdq_transformer), on the graph that is being built: when a quantize node is reached, the ops
 * before it exist there already in float; an op that may be fused was marked when it was copied. The float
 * copies that nothing reads any more are dead code. */
struct fuser {
  struct rewrite r;
  struct uses *uses;       /* of the old graph */
  struct pointer_map mark; /* new node -> itself: its old output leads to one quantize node only */
  struct pointer_map
      unshifted; /* new s8 value -> itself: ONNX Runtime keeps it s8 (it turns the others into u8) */
};

static bool is_scalar_8bit(const struct type *t) {
  return dtype_is_8bit(t->dtype) && t->quant && t->quant->axis < 0;
}

static int quant_min(enum dtype t) { return t == DT_U8 ? 0 : -128; }
static int quant_max(enum dtype t) { return t == DT_U8 ? 255 : 127; }

/* The quantized value under a dequantize, or NULL. */
static struct value *dequantized(const struct value *v) {
  if (!v || !v->producer || v->producer->op != OP_DEQUANTIZE || v->type.dtype != DT_F32) return NULL;
  return v->producer->input[0];
}

static struct value *dequantized_scalar_8bit(const struct value *v) {
  struct value *q = dequantized(v);
  return q && is_scalar_8bit(&q->type) ? q : NULL;
}

/* Ops that only choose among the elements of input 0: they commute with a per-tensor quantize and dequantize.
 */
static bool only_moves(const struct node *n) {
  switch ((int)n->op) {
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_SLICE:
    case OP_EXPAND:
    case OP_GATHER:
    case OP_MAX_POOL:
    case OP_REDUCE_MAX:
    case OP_REDUCE_MIN: return true;
    case OP_RESIZE: return strcmp(attr_name(n, ATTR_MODE, "nearest"), "nearest") == 0;
    default: return false;
  }
}

/* Follows single uses through clips and movement to one per-tensor 8-bit quantize. */
static bool leads_to_quantize(const struct fuser *f, const struct value *v) {
  for (;;) {
    const struct node *n = uses_single(f->uses, v);
    if (!n || n->input[0] != v) return false;
    if (n->op == OP_QUANTIZE) return is_scalar_8bit(&n->output[0]->type);
    if (n->op != OP_CLIP && !only_moves(n)) return false;
    v = n->output[0];
  }
}

static struct value *emit(struct fuser *f, const struct node *n, int count, struct value *const *input,
                          const struct attr *extra, const struct type *want) {
  struct attr attrs[ATTR_COUNT];
  int attr_count = 0;
  for (int i = 0; i < n->attr_count; i++) attrs[attr_count++] = n->attr[i];
  if (extra) attrs[attr_count++] = *extra;
  return ops_node(f->r.graph, n->op, count, input, attr_count, attrs, want, n->origin);
}

/* Real value of element `i` of a float or dequantized s32 constant. */
static float real_bias(const struct value *constant, int64_t i) {
  const struct quant *q = constant->type.quant;
  if (constant->type.dtype == DT_F32) return ((const float *)constant->data)[i];
  return (float)(((const int32_t *)constant->data)[i] - q->zero_point[q->axis < 0 ? 0 : i]) *
         q->scale[q->axis < 0 ? 0 : i];
}

/* Whether an s32 bias has the scale Xs * Ws[c] that its integers need to be added to the sums as they are. */
static bool has_product_scale(const struct quant *bias, const struct type *x, const struct quant *w,
                              int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const float want = x->quant->scale[0] * w->scale[w->axis < 0 ? 0 : i],
                scale = bias->scale[bias->axis < 0 ? 0 : i];
    if (!(fabsf(scale - want) <= 1e-3f * want) || bias->zero_point[bias->axis < 0 ? 0 : i] != 0) return false;
  }
  return true;
}

/* Int32 bias of an integer conv or matmul: the one under a dequantize, or real values quantized with scale Xs
 * * Ws[c] as ONNX Runtime does at load. False when there is a bias that is no constant. */
static bool integer_bias(struct fuser *f, const struct value *bias, const struct type *x,
                         const struct type *w, struct value **out) {
  struct ctx *c = f->r.ctx;
  *out = NULL;
  if (!bias) return true;
  const struct value *source = dequantized(bias) ? dequantized(bias) : bias;
  if (!source->data || (source->type.dtype != DT_S32 && source->type.dtype != DT_F32)) return false;
  const int64_t n = type_elements(&source->type);
  if (w->quant->axis >= 0 && w->quant->n != n) return false;
  const struct type plain = type_make(DT_S32, source->type.rank, source->type.dim, NULL);
  if (source->type.dtype == DT_S32 && has_product_scale(source->type.quant, x, w->quant, n)) {
    *out = value_constant(c, source->name, plain, source->data);
    return true;
  }
  int32_t *data = CTX_ARRAY(c, int32_t, n);
  for (int64_t i = 0; i < n; i++) {
    const float scale = x->quant->scale[0] * w->quant->scale[w->quant->axis < 0 ? 0 : i];
    const float level = rintf(real_bias(source, i) / scale);
    if (!(fabsf(level) < 2147483520.0f)) return false;
    data[i] = (int32_t)level;
  }
  *out = value_constant(c, source->name, plain, data);
  return true;
}

/* conv or matmul over dequantized inputs -> the integer op with the wanted output (8-bit, or f32). NULL: not
 * possible. */
static struct value *integer_dot(struct fuser *f, const struct node *n, const struct attr *extra,
                                 const struct type *want) {
  struct value *x = dequantized_scalar_8bit(n->input[0]), *w = dequantized(n->input[1]), *bias;
  if (!x || !w || !dtype_is_8bit(w->type.dtype) || n->input_count > 3) return NULL;
  const int channel_axis = n->op == OP_CONV                        ? 0
                           : attr_int(n, ATTR_TRANSPOSE_B, 0) != 0 ? w->type.rank - 2
                                                                   : w->type.rank - 1;
  if (w->type.quant->axis >= 0 && (w->type.quant->axis != channel_axis || !w->data)) return NULL;
  if (n->op == OP_CONV && !w->data) return NULL;
  if (!integer_bias(f, n->input_count > 2 ? n->input[2] : NULL, &x->type, &w->type, &bias)) return NULL;
  struct value *input[3] = {x, w, bias};
  return emit(f, n, bias ? 3 : 2, input, extra, want);
}

/* ONNX Runtime on x86 turns an s8 activation into u8 (zero point + 128) when one quantize feeds one
 * dequantize. Ops whose activations are all turned compute as u8 ("shifted"), all s8 as s8, mixed ones stay
 * float. */
static struct attr form_attr(struct fuser *f, int count, struct value *const *q, bool output_unshifted,
                             enum dtype out) {
  int shifted = 0, kept = 0, unsigned_count = out == DT_U8;
  if (out == DT_S8) *(output_unshifted ? &kept : &shifted) += 1;
  for (int i = 0; i < count; i++) {
    if (q[i]->type.dtype == DT_U8)
      unsigned_count++;
    else if (q[i]->data || pointer_map_get(&f->unshifted, q[i]))
      kept++;
    else
      shifted++;
  }
  const bool mixed = kept && (shifted || unsigned_count);
  return attr_make_name(f->r.ctx, ATTR_FORM, mixed ? "float" : shifted ? "shifted" : "integer");
}

struct match {
  struct fuser *f;
  const struct type *want; /* type of the quantize node's output; the shape is adapted on the way */
  bool output_unshifted;   /* s8 output that ONNX Runtime keeps s8 */
};

static struct value *quantized(struct match *m, struct value *v);

static struct value *emit_quantize(struct match *m, struct value *v) {
  return ops_node(m->f->r.graph, OP_QUANTIZE, 1, &v, 0, NULL, m->want, NULL);
}

/* Clip to [low, high] of real values changes nothing that saturation to `t` does not do. */
static bool clip_is_redundant(const struct type *t, float low, float high) {
  const float scale = t->quant->scale[0];
  const float zero = (float)t->quant->zero_point[0];
  return rintf(low / scale) + zero <= (float)quant_min(t->dtype) &&
         rintf(high / scale) + zero >= (float)quant_max(t->dtype);
}

static struct value *match_clip(struct match *m, struct node *n) {
  const float low = attr_float(n, ATTR_ALPHA, -INFINITY), high = attr_float(n, ATTR_BETA, INFINITY);
  if (clip_is_redundant(m->want, low, high)) return quantized(m, n->input[0]);
  const struct node *before = n->input[0]->producer;
  struct value *q = dequantized_scalar_8bit(n->input[0]);
  if (q) return emit(m->f, n, 1, &q, NULL, m->want);
  if (!before || !pointer_map_get(&m->f->mark, before) || (before->op != OP_CONV && before->op != OP_MATMUL))
    return NULL;
  const struct attr clip = attr_make_floats(m->f->r.ctx, ATTR_CLIP, 2, (const float[]){low, high});
  return integer_dot(m->f, before, &clip, m->want);
}

static struct value *match_move(struct match *m, struct node *n) {
  const struct type *want = m->want;
  m->want = NULL; /* below, the shape is another one */
  const struct type before = type_with_shape(*want, n->input[0]->type.rank, n->input[0]->type.dim);
  m->want = &before;
  struct value **input = ctx_copy(m->f->r.ctx, n->input, (size_t)n->input_count * sizeof *n->input);
  input[0] = quantized(m, n->input[0]);
  m->want = want;
  return emit(m->f, n, n->input_count, input, NULL, want);
}

/* Ops on inputs that are all dequantized 8-bit tensors of one type. */
static struct value *match_pointwise(struct match *m, struct node *n, bool form) {
  struct value **q = CTX_ARRAY(m->f->r.ctx, struct value *, n->input_count);
  for (int i = 0; i < n->input_count; i++)
    if (!(q[i] = dequantized_scalar_8bit(n->input[i])) || q[i]->type.dtype != q[0]->type.dtype) return NULL;
  if (n->op == OP_SOFTMAX && q[0]->type.dtype != m->want->dtype) return NULL;
  const struct attr attr = form_attr(m->f, n->input_count, q, m->output_unshifted, m->want->dtype);
  const bool integer_kernel_only = n->op == OP_SOFTMAX || n->op == OP_REDUCE_MEAN;
  if (integer_kernel_only && strcmp(attr.name, "float") == 0) return NULL;
  return emit(m->f, n, n->input_count, q, form ? &attr : NULL, m->want);
}

/* The quantized form of the float value `v` (of the new graph), by fusing its producer where possible. */
static struct value *quantized(struct match *m, struct value *v) {
  struct value *q = dequantized(v), *fused = NULL;
  struct node *n = v->producer;
  if (q && is_scalar_8bit(&q->type)) {
    if (q->type.dtype == m->want->dtype && quant_equal(q->type.quant, m->want->quant)) return q;
    return ops_node(m->f->r.graph, OP_REQUANTIZE, 1, &q, 0, NULL, m->want, n->origin);
  }
  if (!n || !pointer_map_get(&m->f->mark, n)) return emit_quantize(m, v);
  if (n->op == OP_CLIP)
    fused = match_clip(m, n);
  else if (only_moves(n))
    fused = match_move(m, n);
  else if (n->op == OP_CONV || n->op == OP_MATMUL)
    fused = integer_dot(m->f, n, NULL, m->want);
  else if (n->op == OP_ADD || n->op == OP_MUL || n->op == OP_AVERAGE_POOL)
    fused = match_pointwise(m, n, true);
  else if (n->op == OP_REDUCE_MEAN && attr_find(n, ATTR_FORM))
    fused = match_pointwise(m, n, false);
  else if (n->op == OP_CONCAT || n->op == OP_SOFTMAX || op_is_unary(n->op) || op_is_binary(n->op))
    fused = match_pointwise(m, n, false);
  return fused ? fused : emit_quantize(m, v);
}

/* A transpose or reshape between two layouts, which the model knows nothing of. */
static bool is_change_of_layout(const struct node *n) {
  return (n->op == OP_TRANSPOSE && n->origin && strcmp(n->origin->op, "Transpose") != 0) ||
         (n->op == OP_RESHAPE && n->origin && strcmp(n->origin->op, "Reshape") != 0);
}

/* How many operators of the model read `v`; one that stands for several nodes counts once. */
static int model_reads(const struct fuser *f, const struct value *v) {
  struct node *const *reader;
  const int count = uses_nodes(f->uses, v, &reader);
  if (count == 1 && is_change_of_layout(reader[0])) return model_reads(f, reader[0]->output[0]);
  int reads = uses_is_output(f->uses, v) ? 1 : 0;
  for (int i = 0; i < count; i++)
    if (i == 0 || reader[i] == reader[i - 1] || !reader[i]->origin ||
        reader[i]->origin != reader[i - 1]->origin)
      reads++;
  return reads;
}

/* Whether ONNX Runtime leaves an s8 tensor s8: it makes it u8 when one quantize feeds one dequantize, after
 * it has given every reader a dequantize of its own. */
static bool stays_s8(const struct fuser *f, const struct value *v) {
  const struct node *reader = uses_single(f->uses, v);
  if (reader && is_change_of_layout(reader)) return stays_s8(f, reader->output[0]);
  return !reader || reader->op != OP_DEQUANTIZE || model_reads(f, reader->output[0]) > 1;
}

static void fuse_at_quantize(struct fuser *f, struct node *n) {
  const struct type *want = &n->output[0]->type;
  struct match m = {.f = f, .want = want, .output_unshifted = stays_s8(f, n->output[0])};
  struct value *v = quantized(&m, rewrite_value(&f->r, n->input[0]));
  rewrite_replace(&f->r, n->output[0], v);
  if (want->dtype == DT_S8 && m.output_unshifted) pointer_map_set(&f->unshifted, v, v);
}

/* After the copy of a node: s8 tensors that come from no quantize stay s8, and moved ones are what they were before. */
static void note_s8_output(struct fuser *f, const struct node *n) {
  if (n->output[0]->type.dtype != DT_S8) return;
  struct value *v = rewrite_value(&f->r, n->output[0]);
  if (!only_moves(n) || pointer_map_get(&f->unshifted, rewrite_value(&f->r, n->input[0])))
    pointer_map_set(&f->unshifted, v, v);
}

/* Movement of a dequantized tensor is done in 8 bits: dequantize(move(x)). */
static bool move_under_dequantize(struct fuser *f, const struct node *n) {
  struct value **input = CTX_ARRAY(f->r.ctx, struct value *, n->input_count);
  for (int i = 0; i < n->input_count; i++) input[i] = rewrite_value(&f->r, n->input[i]);
  struct value *q = dequantized_scalar_8bit(input[0]);
  if (!q) return false;
  const struct node *dequantize = input[0]->producer;
  input[0] = q;
  struct value *moved = emit(f, n, n->input_count, input, NULL, &q->type);
  if (pointer_map_get(&f->unshifted, q)) pointer_map_set(&f->unshifted, moved, moved);
  rewrite_replace(
      &f->r, n->output[0],
      ops_node(f->r.graph, OP_DEQUANTIZE, 1, &moved, 0, NULL, &n->output[0]->type, dequantize->origin));
  return true;
}

/* A conv or matmul of 8-bit tensors whose result is wanted in float: int32 sums, scaled to float. */
static bool dot_to_float(struct fuser *f, struct node *n) {
  struct node mapped = *n;
  mapped.input = CTX_ARRAY(f->r.ctx, struct value *, n->input_count);
  for (int i = 0; i < n->input_count; i++) mapped.input[i] = rewrite_value(&f->r, n->input[i]);
  struct value *y = integer_dot(f, &mapped, NULL, &n->output[0]->type);
  if (y) rewrite_replace(&f->r, n->output[0], y);
  return y != NULL;
}

/* needs: per-tensor scales on activations. keeps: everything that is not next to a dequantize.
 * gives: conv, matmul, add, mul, pools, softmax, concat, movement and elementwise ops between dequantize and
 * quantize work on quantized types. */
struct graph *pass_fuse_qdq(struct ctx *c, const struct graph *g) {
  struct fuser f;
  rewrite_begin(&f.r, g);
  f.uses = uses_compute(c, g);
  pointer_map_init(&f.mark, c);
  pointer_map_init(&f.unshifted, c);
  for (int i = 0; i < f.r.graph->inputs.count; i++) /* 8-bit graph inputs stay as they are */
    pointer_map_set(&f.unshifted, f.r.graph->inputs.at[i], f.r.graph->inputs.at[i]);
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    if (n->op == OP_QUANTIZE && is_scalar_8bit(&n->output[0]->type)) {
      fuse_at_quantize(&f, n);
      continue;
    }
    const bool marked = n->output_count == 1 && leads_to_quantize(&f, n->output[0]);
    if (only_moves(n) && move_under_dequantize(&f, n)) continue;
    if (!marked && (n->op == OP_CONV || n->op == OP_MATMUL) && dot_to_float(&f, n)) continue;
    const struct node *copy = rewrite_copy(&f.r, n);
    note_s8_output(&f, n);
    if (marked) pointer_map_set(&f.mark, copy, f.r.graph->nodes.at[f.r.graph->nodes.count - 1]);
  }
  return pass_dead_code(c, rewrite_end(&f.r));
}
