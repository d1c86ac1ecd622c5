/* Reductions, softmax and layer normalization against direct formulas in doubles: random shapes, plain and
 * SIMD kernels. */
#include "lower/node_test.h"

enum { CASES = 250 };

static struct type pick_type(struct node_test *t, enum dtype dtype) {
  int64_t dim[MAX_RANK];
  int rank = (int)pick(t, 1, 5), longer = (int)pick(t, 0, rank - 1);
  for (int i = 0; i < rank; i++) dim[i] = i == longer && pick(t, 0, 1) ? pick(t, 1, 150) : pick(t, 1, 4);
  return plain_type(dtype, rank, dim);
}

static bool pick_axes(struct node_test *t, const struct type *x, bool reduced[MAX_RANK],
                      int64_t axes[MAX_RANK], int *count) {
  *count = 0;
  for (int i = 0; i < x->rank; i++) {
    reduced[i] = pick(t, 0, 1);
    if (reduced[i]) axes[(*count)++] = i;
  }
  return *count > 0;
}

/* All elements of x that output element `to` is made from. */
struct reduction {
  double sum, product, largest, smallest, magnitude; /* magnitude: sum of absolute values */
  uint64_t wrapped_sum, wrapped_product;
  int64_t count;
};
/* One for each element of `kept`, the shape of x with reduced axes of size 1. In the ctx. */
static struct reduction *reduce_all(struct node_test *t, const struct type *x, const void *data,
                                    const bool *reduced, const struct type *kept, int32_t zero) {
  struct reduction *all = CTX_ARRAY(t->ctx, struct reduction, type_elements(kept));
  for (int64_t i = 0; i < type_elements(kept); i++)
    all[i] =
        (struct reduction){.product = 1, .wrapped_product = 1, .largest = -INFINITY, .smallest = INFINITY};
  for (int64_t i = 0; i < type_elements(x); i++) {
    int64_t index[MAX_RANK];
    unravel(x, i, index);
    for (int a = 0; a < x->rank; a++)
      if (reduced[a]) index[a] = 0;
    struct reduction *r = &all[ravel(kept, index)];
    double v = element(x->dtype, data, i) - zero;
    r->sum += v, r->product *= v, r->magnitude += fabs(v), r->count++;
    r->largest = fmax(r->largest, v), r->smallest = fmin(r->smallest, v);
    uint64_t bits = dtype_bytes(x->dtype) == 8 ? ((const uint64_t *)data)[i]
                    : dtype_is_float(x->dtype) ? 0
                                               : (uint64_t)(int64_t)v;
    r->wrapped_sum += bits, r->wrapped_product *= bits;
  }
  return all;
}

static const enum dtype dtypes[] = {DT_F32, DT_F32, DT_F32, DT_F64, DT_U8,  DT_S8,
                                    DT_U16, DT_S16, DT_U32, DT_S32, DT_U64, DT_S64};
static const enum op ops[] = {OP_REDUCE_SUM, OP_REDUCE_MEAN, OP_REDUCE_MAX, OP_REDUCE_MIN, OP_REDUCE_PROD};

/* Integer sums and products wrap: the low bytes count. */
static bool integer_fits(const struct type *y, const void *got, int64_t i, enum op op,
                         const struct reduction *r) {
  double v = element(y->dtype, got, i);
  if (op == OP_REDUCE_MAX) return v == r->largest;
  if (op == OP_REDUCE_MIN) return v == r->smallest;
  uint64_t expected = op == OP_REDUCE_PROD ? r->wrapped_product : r->wrapped_sum;
  if (op == OP_REDUCE_MEAN) return fabs(r->sum) >= 2147483648.0 || v == trunc(r->sum / (double)r->count);
  return memcmp((const uint8_t *)got + i * dtype_bytes(y->dtype), &expected, (size_t)dtype_bytes(y->dtype)) ==
         0;
}

static void test_reduce(struct node_test *t) {
  struct type x = pick_type(t, dtypes[pick(t, 0, (int64_t)COUNT_OF(dtypes) - 1)]), kept = x;
  enum op op = ops[pick(t, 0, 4)];
  bool reduced[MAX_RANK];
  int64_t axes[MAX_RANK];
  int count;
  if (!pick_axes(t, &x, reduced, axes, &count)) return;
  for (int i = 0; i < count; i++) kept.dim[axes[i]] = 1;
  struct attr attr[] = {attr_make_ints(t->ctx, ATTR_AXES, count, axes),
                        attr_make_int(t->ctx, ATTR_KEEP_DIMS, pick(t, 0, 1))};
  struct node *n = test_node(t, op, 1, (struct value *[]){test_input(t, x)}, 2, attr, NULL);
  void *data = test_data(t, &x), *got = test_both(t, n, &data);
  const struct type *y = &n->output[0]->type;
  const struct reduction *all = reduce_all(t, &x, data, reduced, &kept, 0);
  for (int64_t i = 0; i < type_elements(&kept); i++) {
    struct reduction r = all[i];
    double expected = op == OP_REDUCE_SUM    ? r.sum
                      : op == OP_REDUCE_MEAN ? r.sum / (double)r.count
                      : op == OP_REDUCE_MAX  ? r.largest
                      : op == OP_REDUCE_MIN  ? r.smallest
                                             : r.product;
    double v = element(y->dtype, got, i), slack = op == OP_REDUCE_PROD ? fabs(r.product) : r.magnitude;
    bool fits = dtype_is_float(x.dtype) ? fabs(v - expected) <= 1e-5 * slack || !(fabs(expected) < 1e38)
                                        : integer_fits(y, got, i, op, &r);
    if (!fits) {
      test_fail(t, op_name(op), i);
      break;
    }
  }
  free(data), free(got);
}

static void test_quantized_mean(struct node_test *t) {
  struct type x = pick_type(t, pick(t, 0, 1) ? DT_S8 : DT_U8), kept, want;
  bool reduced[MAX_RANK];
  int64_t axes[MAX_RANK];
  int count;
  if (pick(t, 0, 1))
    x.rank = 4, x.dim[0] = 1, x.dim[1] = pick(t, 1, 20), x.dim[2] = pick(t, 1, 20), x.dim[3] = pick(t, 1, 40);
  if (!pick_axes(t, &x, reduced, axes, &count)) return;
  x.quant = pick_quant(t, x.dtype, 0.1f);
  want = x, want.quant = pick_quant(t, x.dtype, 0.03f);
  kept = x;
  for (int i = 0; i < count; i++) kept.dim[axes[i]] = 1;
  struct attr attr[] = {attr_make_ints(t->ctx, ATTR_AXES, count, axes)};
  struct node *n = test_node(t, OP_REDUCE_MEAN, 1, (struct value *[]){test_input(t, x)}, 1, attr, &want);
  void *data = test_data(t, &x), *got = test_both(t, n, &data);
  const struct reduction *all = reduce_all(t, &x, data, reduced, &kept, x.quant->zero_point[0]);
  for (int64_t i = 0; i < type_elements(&kept); i++) {
    struct reduction r = all[i];
    float scale = x.quant->scale[0] / (want.quant->scale[0] * (float)r.count);
    double low = x.dtype == DT_S8 ? -128 : 0,
           level = (double)(rintf((float)r.sum * scale)) + want.quant->zero_point[0];
    if (element(x.dtype, got, i) != fmin(fmax(level, low), low + 255)) {
      test_fail(t, "wrong mean", i);
      break;
    }
  }
  free(data), free(got);
}

/* Largest element and sum of exponentials of the row that element i belongs to. */
static void row_of(const struct type *x, const void *data, int axis, int64_t i, double unit, double *largest,
                   double *sum) {
  int64_t index[MAX_RANK];
  unravel(x, i, index);
  *largest = -INFINITY, *sum = 0;
  for (index[axis] = 0; index[axis] < x->dim[axis]; index[axis]++)
    *largest = fmax(*largest, unit * element(x->dtype, data, ravel(x, index)));
  for (index[axis] = 0; index[axis] < x->dim[axis]; index[axis]++)
    *sum += exp(unit * element(x->dtype, data, ravel(x, index)) - *largest);
}

static void test_softmax(struct node_test *t) {
  int64_t kind = pick(t, 0, 3);
  struct type x = pick_type(t, kind == 0 ? DT_U8 : kind == 1 ? DT_S8 : DT_F32), want = x;
  bool quantized = x.dtype != DT_F32, logarithm = !quantized && pick(t, 0, 1);
  int axis = (int)pick(t, 0, x.rank - 1);
  if (quantized)
    x.quant = pick_quant(t, x.dtype, 0.1f),
    want.quant = quant_scalar(t->ctx, 1.0f / 256, x.dtype == DT_S8 ? -128 : 0);
  if (quantized && x.dim[axis] == 1) return; /* see test_softmax_overflow */
  struct attr attr = attr_make_int(t->ctx, ATTR_AXIS, axis);
  struct node *n = test_node(t, logarithm ? OP_LOG_SOFTMAX : OP_SOFTMAX, 1,
                             (struct value *[]){test_input(t, x)}, 1, &attr, &want);
  void *data = test_data(t, &x), *got = test_both(t, n, &data);
  double unit = quantized ? (double)x.quant->scale[0] : 1, largest, sum;
  for (int64_t i = 0; i < type_elements(&x); i++) {
    row_of(&x, data, axis, i, unit, &largest, &sum);
    double v = element(x.dtype, got, i), shifted = unit * element(x.dtype, data, i) - largest;
    double expected = logarithm ? shifted - log(sum) : exp(shifted) / sum,
           slack = logarithm ? 3e-6 * (1 + fabs(expected)) : 1e-6;
    if (quantized) expected = fmin(expected * 256, 255) + want.quant->zero_point[0], slack = 0.51;
    if (!(fabs(v - expected) <= slack)) {
      test_fail(t, op_name(n->op), i);
      break;
    }
  }
  free(data), free(got);
}

/* One class of ONNX Runtime's QLinearSoftmax: its table entry times the levels overflows, and the result is
 * the zero point for u8, the end of the range away from it for s8. */
static void test_softmax_overflow(struct node_test *t) {
  static const struct {
    enum dtype dtype;
    int32_t zero_point, expected;
  } cases[] = {{DT_U8, 0, 0}, {DT_U8, 7, 7}, {DT_S8, -128, 127}, {DT_S8, 5, -128}};
  enum dtype dtype = cases[t->number].dtype;
  struct type x = type_make(dtype, 2, (int64_t[]){1, 1}, quant_scalar(t->ctx, 0.1f, 0)), want = x;
  want.quant = quant_scalar(t->ctx, 1.0f / 256, cases[t->number].zero_point);
  struct node *n = test_node(t, OP_SOFTMAX, 1, (struct value *[]){test_input(t, x)}, 0, NULL, &want);
  uint8_t level[1 + TAIL_PAD] = {3}, *got = test_both(t, n, (void *[]){level});
  if (element(dtype, got, 0) != cases[t->number].expected) test_fail(t, "wrong level", got[0]);
  free(got);
}

static void test_layer_norm(struct node_test *t) {
  struct type x = pick_type(t, DT_F32), s;
  int axis = (int)pick(t, 0, x.rank - 1), inputs = (int)pick(t, 2, 3);
  s = plain_type(DT_F32, x.rank - axis, x.dim + axis);
  struct attr attr[] = {attr_make_int(t->ctx, ATTR_AXIS, axis), attr_make_float(t->ctx, ATTR_EPSILON, 1e-3f)};
  struct value *input[3] = {test_input(t, x), test_input(t, s), test_input(t, s)};
  struct node *n = test_node(t, OP_LAYER_NORM, inputs, input, 2, attr, NULL);
  void *data[3] = {test_data(t, &x), test_data(t, &s), test_data(t, &s)}, *got = test_both(t, n, data);
  const float *v = data[0], *scale = data[1], *bias = data[2];
  int64_t size = type_elements(&s);
  for (int64_t i = 0; i < type_elements(&x); i++) {
    const float *row = v + i / size * size;
    double mean = 0, variance = 0;
    for (int64_t k = 0; k < size; k++) mean += (double)row[k] / (double)size;
    for (int64_t k = 0; k < size; k++)
      variance += ((double)row[k] - mean) * ((double)row[k] - mean) / (double)size;
    double expected = ((double)v[i] - mean) / sqrt(variance + 1e-3) * (double)scale[i % size];
    if (inputs == 3) expected += (double)bias[i % size];
    if (!(fabs((double)((float *)got)[i] - expected) <= 1e-4)) {
      test_fail(t, "wrong element", i);
      break;
    }
  }
  free(got);
  for (int i = 0; i < 3; i++) free(data[i]);
}

int main(void) {
  int failures =
      run_cases("reduce", CASES, test_reduce) + run_cases("quantized mean", CASES, test_quantized_mean) +
      run_cases("softmax", CASES, test_softmax) + run_cases("softmax overflow", 4, test_softmax_overflow) +
      run_cases("layer_norm", 100, test_layer_norm);
  return failures != 0;
}
