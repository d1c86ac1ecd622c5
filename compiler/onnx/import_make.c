/* IR nodes for importers. What is known is computed at once, so shape arithmetic, transposed weights and
 * folded scales never become nodes. */
#include <string.h>

#include "eval/eval.h"
#include "onnx/import.h"

static bool is_dot(enum op op) {
  return op == OP_CONV || op == OP_CONV_TRANSPOSE || op == OP_MATMUL || op == OP_CONV_INTEGER ||
         op == OP_MATMUL_INTEGER;
}

/* Operations to compute a node, roughly; saturates. */
static int64_t node_work(const struct node *n) {
  int64_t each = 1, work, largest = type_elements(&n->output[0]->type);
  if (is_dot(n->op)) each = type_elements(&n->input[1]->type);
  int count = 0;
  const int64_t *kernel = attr_ints(n, ATTR_KERNEL, &count);
  if (count == 2 && !checked_mul(kernel[0], kernel[1], &each)) return INT64_MAX;
  for (int i = 0; i < n->input_count; i++)
    if (n->input[i]) largest = max_i64(largest, type_elements(&n->input[i]->type));
  return checked_mul(largest, each, &work) ? work : INT64_MAX;
}

static int64_t node_bytes(const struct node *n) {
  int64_t bytes = 0;
  for (int i = 0; i < n->input_count; i++) bytes += n->input[i] ? type_bytes(&n->input[i]->type) : 0;
  for (int i = 0; i < n->output_count; i++) bytes += type_bytes(&n->output[i]->type);
  return bytes;
}

static bool is_constant(const struct node *n) {
  for (int i = 0; i < n->input_count; i++)
    if (n->input[i] && !n->input[i]->data) return false;
  return true;
}

/* A dequantize of a constant stays: that the weights are 8-bit is the point of the model. */
static bool fold(struct importer *m, struct node *n) {
  if (n->op == OP_DEQUANTIZE || !is_constant(n)) return false;
  int64_t work = node_work(n), bytes = node_bytes(n);
  if (work > m->fold_work || bytes > m->fold_bytes || !eval_fold(m->ctx, n)) return false;
  m->fold_work -= work;
  m->fold_bytes -= bytes;
  return true;
}

struct node *make_node(struct import *n, enum op op, int input_count, struct value *const *input,
                       int attr_count, const struct attr *attr, const struct type *want) {
  ops_node(n->graph, op, input_count, input, attr_count, attr, want, n->origin);
  struct node *node = n->graph->nodes.at[n->graph->nodes.count - 1];
  if (fold(n->importer, node)) n->graph->nodes.count--;
  return node;
}

struct value *make(struct import *n, enum op op, int input_count, struct value *const *input, int attr_count,
                   const struct attr *attr, const struct type *want) {
  return make_node(n, op, input_count, input, attr_count, attr, want)->output[0];
}

struct value *make_1(struct import *n, enum op op, struct value *x) {
  return make(n, op, 1, &x, 0, NULL, NULL);
}

struct value *make_2(struct import *n, enum op op, struct value *a, struct value *b) {
  struct value *const in[2] = {a, b};
  return make(n, op, 2, in, 0, NULL, NULL);
}

struct value *make_where(struct import *n, struct value *condition, struct value *a, struct value *b) {
  struct value *const in[3] = {condition, a, b};
  return make(n, OP_WHERE, 3, in, 0, NULL, NULL);
}

struct value *make_unary(struct import *n, enum op op, struct value *x, float alpha, float beta) {
  const struct attr attr[2] = {attr_make_float(n->ctx, ATTR_ALPHA, alpha),
                               attr_make_float(n->ctx, ATTR_BETA, beta)};
  return make(n, op, 1, &x, 2, attr, NULL);
}

struct value *make_clip(struct import *n, struct value *x, float low, float high) {
  return make_unary(n, OP_CLIP, x, low, high);
}

struct value *make_cast(struct import *n, struct value *x, enum dtype to) {
  struct type want = type_make(to, 0, NULL, NULL);
  return x->type.dtype == to && !x->type.quant ? x : make(n, OP_CAST, 1, &x, 0, NULL, &want);
}

/* Movement. */

/* Where x is the dequantize of a constant, the constant; else NULL. */
static struct value *constant_behind_dequantize(const struct value *x) {
  const struct node *p = x->producer;
  return p && p->op == OP_DEQUANTIZE && p->input[0]->data ? p->input[0] : NULL;
}

static struct value *dequantize_again(struct import *n, struct value *moved, const struct value *x) {
  struct type want = type_make(x->type.dtype, 0, NULL, NULL);
  moved->name = moved->name ? moved->name : x->producer->input[0]->name;
  return make(n, OP_DEQUANTIZE, 1, &moved, 0, NULL, &want);
}

struct value *make_transpose(struct import *n, struct value *x, const int *perm) {
  int64_t wide[MAX_RANK];
  bool identity = true;
  for (int i = 0; i < x->type.rank; i++) {
    wide[i] = perm[i];
    identity &= perm[i] == i;
  }
  if (identity) return x;
  const struct attr attr = attr_make_ints(n->ctx, ATTR_PERM, x->type.rank, wide);
  struct value *weights = constant_behind_dequantize(x);
  if (weights) return dequantize_again(n, make(n, OP_TRANSPOSE, 1, &weights, 1, &attr, NULL), x);
  return make(n, OP_TRANSPOSE, 1, &x, 1, &attr, NULL);
}

/* Per-axis scales survive a reshape when their axis does; ops/ says how. */
static bool scales_survive(const struct type *t, int rank, const int64_t *dim) {
  if (t->quant->axis < 0) return true;
  int64_t before = 1, product = 1;
  for (int i = 0; i < t->quant->axis; i++) before *= t->dim[i];
  for (int i = 0; i < rank; i++) {
    if (product == before && dim[i] == t->quant->n) return true;
    product *= dim[i];
  }
  return false;
}

static bool has_shape(const struct value *x, int rank, const int64_t *dim) {
  for (int i = 0; i < rank && rank == x->type.rank; i++)
    if (x->type.dim[i] != dim[i]) return false;
  return rank == x->type.rank;
}

struct value *make_reshape(struct import *n, struct value *x, int rank, const int64_t *dim) {
  if (has_shape(x, rank, dim)) return x;
  const struct attr attr = attr_make_ints(n->ctx, ATTR_SHAPE, rank, dim);
  struct value *weights = constant_behind_dequantize(x);
  if (weights && scales_survive(&weights->type, rank, dim))
    return dequantize_again(n, make(n, OP_RESHAPE, 1, &weights, 1, &attr, NULL), x);
  return make(n, OP_RESHAPE, 1, &x, 1, &attr, NULL);
}

struct value *make_expand(struct import *n, struct value *x, int rank, const int64_t *dim) {
  if (has_shape(x, rank, dim)) return x;
  const struct attr attr = attr_make_ints(n->ctx, ATTR_SHAPE, rank, dim);
  return make(n, OP_EXPAND, 1, &x, 1, &attr, NULL);
}

struct value *make_slice(struct import *n, struct value *x, const int64_t *starts, const int64_t *steps,
                         const int64_t *sizes) {
  int rank = x->type.rank;
  bool identity = true;
  for (int i = 0; i < rank; i++) identity &= starts[i] == 0 && steps[i] == 1 && sizes[i] == x->type.dim[i];
  if (identity) return x;
  const struct attr attr[3] = {attr_make_ints(n->ctx, ATTR_STARTS, rank, starts),
                               attr_make_ints(n->ctx, ATTR_STEPS, rank, steps),
                               attr_make_ints(n->ctx, ATTR_SIZES, rank, sizes)};
  return make(n, OP_SLICE, 1, &x, 3, attr, NULL);
}

struct value *make_concat(struct import *n, int count, struct value *const *x, int axis) {
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, axis);
  return count == 1 ? x[0] : make(n, OP_CONCAT, count, x, 1, &attr, NULL);
}

struct value *make_reduce(struct import *n, enum op op, struct value *x, int count, const int64_t *axes,
                          bool keep_dims) {
  const struct attr attr[2] = {attr_make_ints(n->ctx, ATTR_AXES, count, axes),
                               attr_make_int(n->ctx, ATTR_KEEP_DIMS, keep_dims)};
  return count == 0 ? x : make(n, op, 1, &x, 2, attr, NULL);
}

struct value *make_matmul(struct import *n, struct value *a, struct value *b, struct value *bias,
                          bool transpose_a, bool transpose_b, const struct type *want) {
  struct value *const in[3] = {a, b, bias};
  struct attr attr[2];
  int count = 0;
  if (transpose_a) attr[count++] = attr_make_int(n->ctx, ATTR_TRANSPOSE_A, 1);
  if (transpose_b) attr[count++] = attr_make_int(n->ctx, ATTR_TRANSPOSE_B, 1);
  return make(n, OP_MATMUL, bias ? 3 : 2, in, count, attr, want);
}

struct value *make_channels_last(struct import *n, struct value *x) {
  int perm[MAX_RANK] = {0}, rank = x->type.rank;
  for (int i = 1; i < rank; i++) perm[i] = i + 1 < rank ? i + 1 : 1;
  return make_transpose(n, x, perm);
}

struct value *make_channels_first(struct import *n, struct value *x) {
  int perm[MAX_RANK] = {0}, rank = x->type.rank;
  for (int i = 1; i < rank; i++) perm[i] = i == 1 ? rank - 1 : i - 1;
  return make_transpose(n, x, perm);
}

struct value *make_retype(struct import *n, struct value *x, const struct quant *q) {
  if (quant_equal(x->type.quant, q)) return x;
  struct type want = type_make(x->type.dtype, x->type.rank, x->type.dim, q);
  if (x->data) return value_constant(n->ctx, x->name, want, x->data);
  return make(n, OP_RETYPE, 1, &x, 0, NULL, &want);
}

struct value *make_plain(struct import *n, struct value *x) { return x ? make_retype(n, x, NULL) : NULL; }

/* Constants. */

void charge_constant(struct import *n, int64_t bytes) {
  if (bytes > n->importer->fold_bytes) FAIL(n, "the model's constants need too much memory");
  n->importer->fold_bytes -= bytes;
}

static int64_t to_int64(double x) {
  const double limit = 9223372036854775807.0; /* 2^63 */
  return x >= limit ? INT64_MAX : x > -limit ? (int64_t)x : x <= -limit ? INT64_MIN : 0;
}

struct value *make_scalar(struct import *n, enum dtype dtype, double number) {
  void *p = CTX_NEW(n->ctx, double); /* wide enough for each of them */
  switch (dtype) {
    case DT_F32: *(float *)p = (float)number; break;
    case DT_F64: *(double *)p = number; break;
    case DT_S64: *(int64_t *)p = to_int64(number); break;
    case DT_U64: *(uint64_t *)p = (uint64_t)to_int64(number); break;
    case DT_S32: *(int32_t *)p = (int32_t)to_int64(number); break;
    case DT_U32: *(uint32_t *)p = (uint32_t)to_int64(number); break;
    case DT_S16: *(int16_t *)p = (int16_t)to_int64(number); break;
    case DT_U16: *(uint16_t *)p = (uint16_t)to_int64(number); break;
    case DT_S8: *(int8_t *)p = (int8_t)to_int64(number); break;
    case DT_U8:
    case DT_BOOL: *(uint8_t *)p = (uint8_t)to_int64(number); break;
    case DT_F16:
    case DT_F8E4M3FN:
    case DT_F8E4M3FNUZ:
    case DT_F8E5M2:
    case DT_F8E5M2FNUZ:
    case DT_F4E2M1:
    case DT_F8E8M0:
    case DT_U4:
    case DT_S4:
    case DT_U2:
    case DT_S2:
    case DT_BF16: return make_cast(n, make_scalar(n, DT_F32, number), dtype);
    case DT_COUNT: break;
  }
  return value_constant(n->ctx, NULL, type_make(dtype, 0, NULL, NULL), p);
}

struct value *make_scalar_like(struct import *n, const struct value *x, double number) {
  return make_scalar(n, x->type.dtype, number);
}

struct value *constant_ints_value(struct import *n, int rank, const int64_t *dim, const int64_t *data) {
  struct type type = type_make(DT_S64, rank, dim, NULL);
  return value_constant(n->ctx, NULL, type, ctx_copy(n->ctx, data, (size_t)type_bytes(&type)));
}
