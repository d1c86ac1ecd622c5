/* Normalizations, composed except for layer normalization. All are inference forms. */
#include <string.h>

#include "onnx/import.h"

/* A vector [c] as [c,1,..,1], to broadcast over the spatial axes of x [n,c,..]. */
static struct value *per_channel(struct import *n, int i, const char *what, const struct value *x,
                                 int64_t channels) {
  struct value *v = need_input(n, i, what);
  if (v->type.rank != 1 || v->type.dim[0] != channels)
    FAIL(n, "input %d '%s' is %s, expected %lld numbers", i, what, type_text(n->ctx, &v->type),
         (long long)channels);
  int64_t dim[MAX_RANK] = {channels, 1, 1, 1, 1, 1, 1, 1};
  return x->type.rank <= 2 ? v : make_reshape(n, v, x->type.rank - 1, dim);
}

static struct value *inverse_root(struct import *n, struct value *variance, float epsilon) {
  struct value *sum = make_2(n, OP_ADD, variance, make_scalar_like(n, variance, (double)epsilon));
  return make_1(n, OP_RECIPROCAL, make_1(n, OP_SQRT, sum));
}

/* BatchNormalization-7/9/14/15: x * k + b with constants k = scale / sqrt(var + epsilon), b = bias - mean *
 * k, in ONNX Runtime's order of operations. */
void import_batch_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  if (n->opset >= 14 && attribute_bool(n, "training_mode", false)) FAIL(n, "training_mode is not supported");
  if (n->opset < 9 && !attribute_bool(n, "spatial", true))
    FAIL(n, "attribute 'spatial' = 0 is not supported");
  need_rank(n, x, 1, MAX_RANK, "the input");
  int64_t channels = x->type.rank > 1 ? x->type.dim[1] : 1;
  struct value *scale = per_channel(n, 1, "scale", x, channels), *bias = per_channel(n, 2, "B", x, channels);
  struct value *mean = per_channel(n, 3, "input_mean", x, channels),
               *var = per_channel(n, 4, "input_var", x, channels);
  struct value *k = make_2(n, OP_MUL, inverse_root(n, var, attribute_float(n, "epsilon", 1e-5f)), scale);
  struct value *b = make_2(n, OP_SUB, bias, make_2(n, OP_MUL, mean, k));
  n->output[0] = make_2(n, OP_ADD, make_2(n, OP_MUL, x, k), b);
}

/* (x - mean) / sqrt(variance + epsilon) over axes. */
static struct value *standardize(struct import *n, struct value *x, int count, const int64_t *axes,
                                 float epsilon) {
  struct value *centered = make_2(n, OP_SUB, x, make_reduce(n, OP_REDUCE_MEAN, x, count, axes, true));
  struct value *square = make_2(n, OP_MUL, centered, centered);
  struct value *variance = make_reduce(n, OP_REDUCE_MEAN, square, count, axes, true);
  return make_2(n, OP_MUL, centered, inverse_root(n, variance, epsilon));
}

static int axes_from(int first, int rank, int64_t axes[MAX_RANK]) {
  for (int i = first; i < rank; i++) axes[i - first] = i;
  return rank - first;
}

void import_instance_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  need_rank(n, x, 3, MAX_RANK, "the input");
  int64_t axes[MAX_RANK];
  int count = axes_from(2, x->type.rank, axes);
  struct value *y = standardize(n, x, count, axes, attribute_float(n, "epsilon", 1e-5f));
  y = make_2(n, OP_MUL, y, per_channel(n, 1, "scale", x, x->type.dim[1]));
  n->output[0] = make_2(n, OP_ADD, y, per_channel(n, 2, "B", x, x->type.dim[1]));
}

/* GroupNormalization-18 has a scale and bias a group, 21 one a channel. */
void import_group_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  need_rank(n, x, 3, MAX_RANK, "the input");
  int64_t groups = attribute_int(n, "num_groups", 0), channels = x->type.dim[1];
  if (groups < 1 || groups > channels || channels % groups)
    FAIL(n, "%lld channels cannot be split into %lld groups", (long long)channels, (long long)groups);
  int64_t batch = x->type.dim[0], all = type_elements(&x->type), count = max_i64(batch * groups, 1);
  const int64_t split[3] = {batch, groups, all / count}, axes[1] = {2};
  struct value *y = standardize(n, make_reshape(n, x, 3, split), 1, axes,
                                attribute_float(n, "epsilon", 1e-5f));
  struct value *grouped = n->opset < 21 ? y : make_reshape(n, y, x->type.rank, x->type.dim);
  int64_t scales = n->opset < 21 ? groups : channels;
  grouped = make_2(n, OP_MUL, grouped, per_channel(n, 1, "scale", grouped, scales));
  grouped = make_2(n, OP_ADD, grouped, per_channel(n, 2, "bias", grouped, scales));
  n->output[0] = make_reshape(n, grouped, x->type.rank, x->type.dim);
}

/* Scale or bias with exactly the normalized shape. */
static struct value *normalized_shape(struct import *n, struct value *v, const struct value *x, int axis) {
  if (!v || type_elements(&v->type) != 1) return v;
  return make_expand(n, make_reshape(n, v, 0, NULL), x->type.rank - axis, x->type.dim + axis);
}

static struct value *layer_norm(struct import *n, struct value *x, struct value *scale, struct value *bias,
                                int64_t axis, float epsilon) {
  int at = need_axis(n, axis, x->type.rank);
  struct value *const in[3] = {x, normalized_shape(n, scale, x, at), normalized_shape(n, bias, x, at)};
  const struct attr attr[2] = {attr_make_int(n->ctx, ATTR_AXIS, at),
                               attr_make_float(n->ctx, ATTR_EPSILON, attribute_float(n, "epsilon", epsilon))};
  return make(n, OP_LAYER_NORM, bias ? 3 : 2, in, 2, attr, NULL);
}

void import_layer_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "X"), *scale = need_input(n, 1, "Scale");
  int64_t axis = attribute_int(n, "axis", -1), axes[MAX_RANK];
  n->output[0] = layer_norm(n, x, scale, optional_input(n, 2), axis, 1e-5f);
  if (n->output_count < 2) return;
  int count = axes_from(need_axis(n, axis, x->type.rank), x->type.rank, axes);
  n->output[1] = make_reduce(n, OP_REDUCE_MEAN, x, count, axes, true);
  struct value *centered = make_2(n, OP_SUB, x, n->output[1]);
  struct value *variance = make_reduce(n, OP_REDUCE_MEAN, make_2(n, OP_MUL, centered, centered), count, axes, true);
  n->output[2] = inverse_root(n, variance, attribute_float(n, "epsilon", 1e-5f));
}

/* com.microsoft SkipLayerNormalization: input, skip, gamma, beta, bias; output 3 is the sum before. */
void import_skip_layer_normalization(struct import *n) {
  struct value *sum = make_2(n, OP_ADD, need_input(n, 0, "input"), need_input(n, 1, "skip"));
  struct value *bias = optional_input(n, 4);
  if (bias) sum = make_2(n, OP_ADD, sum, bias);
  n->output[0] = layer_norm(n, sum, need_input(n, 2, "gamma"), optional_input(n, 3), -1, 1e-12f);
  if (n->output_count > 3) n->output[3] = sum;
}

/* x / sqrt(mean(x^2) + epsilon) * scale */
void import_rms_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "X"), *scale = need_input(n, 1, "scale");
  int64_t axes[MAX_RANK];
  int count = axes_from(need_axis(n, attribute_int(n, "axis", -1), x->type.rank), x->type.rank, axes);
  struct value *mean = make_reduce(n, OP_REDUCE_MEAN, make_2(n, OP_MUL, x, x), count, axes, true);
  struct value *y = make_2(n, OP_MUL, x, inverse_root(n, mean, attribute_float(n, "epsilon", 1e-5f)));
  n->output[0] = make_2(n, OP_MUL, y, scale);
}

/* MeanVarianceNormalization-9/13: (x - mean) / (sqrt(mean(x^2) - mean^2) + 1e-9), as its function body says.
 */
void import_mean_variance_normalization(struct import *n) {
  static const int64_t usual[3] = {0, 2, 3};
  struct value *x = need_input(n, 0, "X");
  int count = 0;
  const int64_t *given = attribute_ints(n, "axes", &count);
  int64_t axes[MAX_RANK];
  count = need_axes(n, given ? given : usual, given ? count : 3, x->type.rank, axes);
  struct value *mean = make_reduce(n, OP_REDUCE_MEAN, x, count, axes, true);
  struct value *mean_square = make_reduce(n, OP_REDUCE_MEAN, make_2(n, OP_MUL, x, x), count, axes, true);
  struct value *deviation = make_1(n, OP_SQRT, make_2(n, OP_SUB, mean_square, make_2(n, OP_MUL, mean, mean)));
  struct value *divisor = make_2(n, OP_ADD, deviation, make_scalar_like(n, x, 1e-9));
  n->output[0] = make_2(n, OP_DIV, make_2(n, OP_SUB, x, mean), divisor);
}

/* x / |x| along an axis, 0 where the norm is 0. */
void import_lp_normalization(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  int64_t p = attribute_int(n, "p", 2), axis = need_axis(n, attribute_int(n, "axis", -1), x->type.rank);
  if (p != 1 && p != 2) FAIL(n, "attribute 'p' is %lld, expected 1 or 2", (long long)p);
  struct value *term = p == 1 ? make_1(n, OP_ABS, x) : make_2(n, OP_MUL, x, x);
  struct value *norm = make_reduce(n, OP_REDUCE_SUM, term, 1, &axis, true);
  if (p == 2) norm = make_1(n, OP_SQRT, norm);
  struct value *is_zero = make_2(n, OP_EQUAL, norm, make_scalar_like(n, x, 0));
  n->output[0] = make_2(n, OP_DIV, x, make_where(n, is_zero, make_scalar_like(n, x, 1), norm));
}

/* LRN-1/13: x / (bias + alpha * mean of x^2 over `size` channels) ^ beta. The mean is an average pool over
 * channels, which are the rows of [n,c,h*w,1]; channels beyond the ends count as zeros. */
void import_lrn(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  need_rank(n, x, 3, MAX_RANK, "the input");
  int64_t size = attribute_int(n, "size", 0), channels = x->type.dim[1];
  if (size < 1 || size > 1 << 20) FAIL(n, "attribute 'size' is %lld", (long long)size);
  int64_t image = type_elements(&x->type) / max_i64(x->type.dim[0] * channels, 1);
  const int64_t rows[4] = {x->type.dim[0], channels, image, 1}, kernel[2] = {size, 1};
  const int64_t pads[4] = {(size - 1) / 2, 0, size - 1 - (size - 1) / 2, 0};
  struct value *square = make_reshape(n, make_2(n, OP_MUL, x, x), 4, rows);
  const struct attr attr[3] = {attr_make_ints(n->ctx, ATTR_KERNEL, 2, kernel),
                               attr_make_ints(n->ctx, ATTR_PADS, 4, pads),
                               attr_make_int(n->ctx, ATTR_COUNT_PAD, 1)};
  struct value *mean = make(n, OP_AVERAGE_POOL, 1, &square, 3, attr, NULL);
  double alpha = (double)attribute_float(n, "alpha", 1e-4f), bias = (double)attribute_float(n, "bias", 1);
  struct value *scaled = make_2(n, OP_MUL, make_reshape(n, mean, x->type.rank, x->type.dim),
                                make_scalar_like(n, x, alpha));
  struct value *base = make_2(n, OP_ADD, scaled, make_scalar_like(n, x, bias));
  struct value *beta = make_scalar_like(n, x, (double)attribute_float(n, "beta", 0.75f));
  n->output[0] = make_2(n, OP_DIV, x, make_2(n, OP_POW, base, beta));
}
