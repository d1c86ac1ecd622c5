/* Look-ups, orders and run-time axes against direct formulas, on random shapes and any index: what is out of range must
 * neither be read nor written (buffers have their exact size, for AddressSanitizer). */
#include "eval/eval.h"
#include "lower/node_test.h"

enum { CASES = 200 };

static const enum dtype dtypes[] = {DT_U8, DT_S16, DT_F32, DT_S32, DT_F64, DT_S64};

static struct type pick_type(struct node_test *t, int low_rank, int high_rank) {
  int64_t dim[MAX_RANK];
  int rank = (int)pick(t, low_rank, high_rank);
  for (int i = 0; i < rank; i++) dim[i] = pick(t, 1, 5);
  return plain_type(dtypes[pick(t, 0, (int64_t)COUNT_OF(dtypes) - 1)], rank, dim);
}

/* Indices for an axis of `size` elements; one in eight is out of range, some far. */
static void *pick_indices(struct node_test *t, const struct type *type, int64_t size) {
  uint8_t *p = test_data(t, type);
  for (int64_t i = 0; i < type_elements(type); i++) {
    int64_t v = pick(t, 0, 7) ? pick(t, -size, size - 1) : pick(t, INT32_MIN, INT32_MAX);
    if (type->dtype == DT_S64) memcpy(p + i * 8, &v, 8);
    else memcpy(p + i * 4, &v, 4);
  }
  return p;
}

static int64_t index_at(const struct type *type, const void *p, int64_t i) {
  return type->dtype == DT_S64 ? ((const int64_t *)p)[i] : ((const int32_t *)p)[i];
}

static int64_t clamp(int64_t v, int64_t size) {
  v = v < 0 ? v + size : v;
  return v < 0 ? 0 : v >= size ? size - 1 : v;
}

static void release(void **data, int count) {
  for (int i = 0; i < count; i++) free(data[i]);
}

static enum dtype index_dtype(struct node_test *t) { return pick(t, 0, 1) ? DT_S64 : DT_S32; }

static void test_gather_elements(struct node_test *t) {
  struct type x = pick_type(t, 1, 4);
  int axis = (int)pick(t, 0, x.rank - 1);
  struct type index = plain_type(index_dtype(t), x.rank, x.dim);
  for (int i = 0; i < x.rank; i++) index.dim[i] = i == axis ? pick(t, 0, 7) : pick(t, 1, x.dim[i]);
  void *data[2] = {test_data(t, &x), pick_indices(t, &index, x.dim[axis])};
  struct attr attr = attr_make_int(t->ctx, ATTR_AXIS, axis);
  struct node *n = test_node(t, OP_GATHER_ELEMENTS, 2, (struct value *[]){test_input(t, x), test_input(t, index)}, 1,
                             &attr, NULL);
  uint8_t *y = test_both(t, n, data);
  int64_t at[MAX_RANK], bytes = dtype_bytes(x.dtype);
  for (int64_t i = 0; i < type_elements(&index); i++) {
    unravel(&index, i, at);
    at[axis] = clamp(index_at(&index, data[1], i), x.dim[axis]);
    if (memcmp(y + i * bytes, (uint8_t *)data[0] + ravel(&x, at) * bytes, (size_t)bytes)) {
      test_fail(t, "gather_elements", i);
      break;
    }
  }
  free(y);
  release(data, 2);
}

/* One update after the other, in doubles: numbers are small integers, so that nothing is rounded. */
static double combined(const char *mode, double a, double b) {
  if (!strcmp(mode, "add")) return a + b;
  if (!strcmp(mode, "mul")) return a * b;
  if (!strcmp(mode, "max")) return a > b ? a : b;
  if (!strcmp(mode, "min")) return a < b ? a : b;
  return b;
}

static float *small_numbers(struct node_test *t, const struct type *type) {
  float *p = test_data(t, type);
  for (int64_t i = 0; i < type_elements(type); i++) p[i] = (float)pick(t, -2, 3);
  return p;
}

static const char *pick_mode(struct node_test *t) {
  static const char *const modes[] = {"none", "add", "mul", "max", "min"};
  return modes[pick(t, 0, 4)];
}

static void expect_floats(struct node_test *t, const char *what, const float *y, const double *expected, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if ((double)y[i] != expected[i]) {
      test_fail(t, what, i);
      return;
    }
}

static void test_scatter_elements(struct node_test *t) {
  struct type x = pick_type(t, 1, 4);
  x.dtype = DT_F32;
  int axis = (int)pick(t, 0, x.rank - 1);
  struct type index = plain_type(index_dtype(t), x.rank, x.dim);
  for (int i = 0; i < x.rank; i++) index.dim[i] = i == axis ? pick(t, 0, 7) : pick(t, 1, x.dim[i]);
  struct type updates = plain_type(DT_F32, x.rank, index.dim);
  void *data[3] = {small_numbers(t, &x), pick_indices(t, &index, x.dim[axis]), small_numbers(t, &updates)};
  const char *mode = pick_mode(t);
  struct attr attr[2] = {attr_make_name(t->ctx, ATTR_MODE, mode), attr_make_int(t->ctx, ATTR_AXIS, axis)};
  struct value *in[3] = {test_input(t, x), test_input(t, index), test_input(t, updates)};
  float *y = test_both(t, test_node(t, OP_SCATTER_ELEMENTS, 3, in, 2, attr, NULL), data);
  double *expected = CTX_ARRAY(t->ctx, double, type_elements(&x));
  int64_t at[MAX_RANK];
  for (int64_t i = 0; i < type_elements(&x); i++) expected[i] = element(DT_F32, data[0], i);
  for (int64_t i = 0; i < type_elements(&index); i++) {
    int64_t v = index_at(&index, data[1], i);
    v = v < 0 ? v + x.dim[axis] : v;
    if (v < 0 || v >= x.dim[axis]) continue;
    unravel(&index, i, at);
    at[axis] = v;
    expected[ravel(&x, at)] = combined(mode, expected[ravel(&x, at)], element(DT_F32, data[2], i));
  }
  expect_floats(t, "scatter_elements", y, expected, type_elements(&x));
  free(y);
  release(data, 3);
}

static void test_nd(struct node_test *t) {
  struct type x = pick_type(t, 1, 4);
  x.dtype = DT_F32;
  int64_t tuples = pick(t, 1, 6), depth = pick(t, 0, x.rank), run = 1, dim[MAX_RANK] = {tuples};
  for (int i = (int)depth; i < x.rank; i++) run *= x.dim[i], dim[1 + i - depth] = x.dim[i];
  struct type index = plain_type(index_dtype(t), 2, (int64_t[]){tuples, depth});
  struct type updates = plain_type(DT_F32, 1 + x.rank - (int)depth, dim);
  void *data[3] = {small_numbers(t, &x), pick_indices(t, &index, 3), small_numbers(t, &updates)};
  const char *mode = pick_mode(t);
  struct attr attr = attr_make_name(t->ctx, ATTR_MODE, mode);
  struct value *in[3] = {test_input(t, x), test_input(t, index), test_input(t, updates)};
  float *y = test_both(t, test_node(t, OP_GATHER_ND, 2, in, 0, NULL, NULL), data);
  float *z = test_both(t, test_node(t, OP_SCATTER_ND, 3, in, 1, &attr, NULL), data);
  double *gathered = CTX_ARRAY(t->ctx, double, tuples * run), *scattered = CTX_ARRAY(t->ctx, double, type_elements(&x));
  for (int64_t i = 0; i < type_elements(&x); i++) scattered[i] = element(DT_F32, data[0], i);
  for (int64_t k = 0; k < tuples; k++) {
    int64_t near[MAX_RANK] = {0}, at[MAX_RANK] = {0};
    bool inside = true;
    for (int i = 0; i < depth; i++) {
      int64_t v = index_at(&index, data[1], k * depth + i);
      near[i] = clamp(v, x.dim[i]);
      at[i] = v < 0 ? v + x.dim[i] : v;
      inside &= at[i] >= 0 && at[i] < x.dim[i];
    }
    for (int64_t i = 0; i < run; i++) {
      gathered[k * run + i] = element(DT_F32, data[0], ravel(&x, near) + i);
      double *to = inside ? &scattered[ravel(&x, at) + i] : NULL;
      if (to) *to = combined(mode, *to, element(DT_F32, data[2], k * run + i));
    }
  }
  expect_floats(t, "gather_nd", y, gathered, tuples * run);
  expect_floats(t, "scatter_nd", z, scattered, type_elements(&x));
  free(y);
  free(z);
  release(data, 3);
}

/* How many elements of a row stand before element i. */
static int64_t rank_in_row(const struct type *x, const void *data, int axis, const int64_t *index, bool largest, bool last) {
  int64_t at[MAX_RANK], before = 0;
  memcpy(at, index, sizeof at);
  double v = element(x->dtype, data, ravel(x, index));
  for (int64_t i = 0; i < x->dim[axis]; i++) {
    at[axis] = i;
    double w = element(x->dtype, data, ravel(x, at));
    bool tie = w == v && (last ? i > index[axis] : i < index[axis]);
    before += tie || (largest ? w > v : w < v);
  }
  return before;
}

static void test_arg(struct node_test *t) {
  struct type x = pick_type(t, 1, 4);
  if (x.dtype == DT_S64) x.dtype = DT_S32; /* doubles hold them */
  int axis = (int)pick(t, 0, x.rank - 1);
  bool largest = pick(t, 0, 1), last = pick(t, 0, 1);
  uint8_t *data = test_data(t, &x);
  for (int64_t i = 0; i < type_bytes(&x); i++) data[i] = x.dtype == DT_U8 ? data[i] & 3 : data[i]; /* ties */
  struct attr attr[3] = {attr_make_int(t->ctx, ATTR_AXIS, axis), attr_make_int(t->ctx, ATTR_KEEP_DIMS, 1),
                         attr_make_int(t->ctx, ATTR_LAST, last)};
  struct node *n = test_node(t, largest ? OP_ARG_MAX : OP_ARG_MIN, 1, (struct value *[]){test_input(t, x)}, 3, attr, NULL);
  int64_t *y = test_both(t, n, (void *[]){data}), at[MAX_RANK];
  const struct type *type = &n->output[0]->type;
  for (int64_t i = 0; i < type_elements(type); i++) {
    unravel(type, i, at);
    at[axis] = y[i];
    bool inside = y[i] >= 0 && y[i] < x.dim[axis];
    if (!inside || rank_in_row(&x, data, axis, at, largest, last)) test_fail(t, "arg", i);
  }
  free(y);
  free(data);
}

static void test_top_k(struct node_test *t) {
  struct type x = pick_type(t, 1, 4);
  x.dtype = DT_F32;
  int axis = (int)pick(t, 0, x.rank - 1);
  bool largest = pick(t, 0, 1);
  float *data = small_numbers(t, &x);
  if (pick(t, 0, 3) == 0) data[0] = __builtin_nanf(""); /* any order, but nothing outside */
  int64_t take = pick(t, 1, x.dim[axis]);
  struct attr attr[3] = {attr_make_int(t->ctx, ATTR_AXIS, axis), attr_make_int(t->ctx, ATTR_TAKE, take),
                         attr_make_int(t->ctx, ATTR_LARGEST, largest)};
  struct node *n = test_node(t, OP_TOP_K, 1, (struct value *[]){test_input(t, x)}, 3, attr, NULL);
  const struct type *type = &n->output[0]->type;
  float *y = malloc((size_t)type_bytes(type));
  int64_t *index = malloc((size_t)type_bytes(&n->output[1]->type)), at[MAX_RANK];
  eval_node(t->ctx, n, true, (const void *[]){data}, (void *[]){y, index});
  for (int64_t i = 0; i < type_elements(type) && data[0] == data[0]; i++) {
    unravel(type, i, at);
    int64_t place = at[axis];
    at[axis] = index[i];
    bool inside = index[i] >= 0 && index[i] < x.dim[axis];
    if (!inside || rank_in_row(&x, data, axis, at, largest, false) != place || y[i] != data[ravel(&x, at)])
      test_fail(t, "top_k", i);
  }
  free(y);
  free(index);
  free(data);
}

static void test_cumulate(struct node_test *t) {
  struct type x = pick_type(t, 1, 4), scalar = plain_type(index_dtype(t), 0, NULL);
  x.dtype = DT_F32;
  int64_t given = pick(t, 0, 9) ? pick(t, -x.rank, x.rank - 1) : pick(t, INT32_MIN, INT32_MAX);
  int axis = (int)clamp(given, x.rank);
  bool product = pick(t, 0, 1), exclusive = pick(t, 0, 1), reverse = pick(t, 0, 1);
  void *data[2] = {small_numbers(t, &x), test_data(t, &scalar)};
  memcpy(data[1], &given, (size_t)dtype_bytes(scalar.dtype));
  struct attr attr[3] = {attr_make_name(t->ctx, ATTR_MODE, product ? "prod" : "sum"),
                         attr_make_int(t->ctx, ATTR_EXCLUSIVE, exclusive), attr_make_int(t->ctx, ATTR_REVERSE, reverse)};
  struct value *in[2] = {test_input(t, x), test_input(t, scalar)};
  float *y = test_both(t, test_node(t, OP_CUMULATE, 2, in, 3, attr, NULL), data);
  double *expected = CTX_ARRAY(t->ctx, double, type_elements(&x));
  int64_t at[MAX_RANK];
  for (int64_t i = 0; i < type_elements(&x); i++) {
    unravel(&x, i, at);
    int64_t self = at[axis];
    expected[i] = product;
    for (int64_t k = 0; k < x.dim[axis]; k++) {
      at[axis] = k;
      bool counts = (reverse ? k > self : k < self) || (k == self && !exclusive);
      double v = element(DT_F32, data[0], ravel(&x, at));
      if (counts) expected[i] = product ? expected[i] * v : expected[i] + v;
    }
  }
  expect_floats(t, "cumulate", y, expected, type_elements(&x));
  free(y);
  release(data, 2);
}

static void test_reduce_by(struct node_test *t) {
  static const char *const modes[] = {"sum", "prod", "max", "min", "mean"};
  int mode = (int)pick(t, 0, 4);
  struct type x = pick_type(t, 1, 4), axes = plain_type(index_dtype(t), 1, (int64_t[]){pick(t, 1, 3)});
  x.dtype = DT_F32;
  void *data[2] = {small_numbers(t, &x), pick_indices(t, &axes, x.rank)};
  bool named[MAX_RANK] = {false};
  for (int64_t i = 0; i < axes.dim[0]; i++) {
    int64_t axis = index_at(&axes, data[1], i);
    axis = axis < 0 ? axis + x.rank : axis;
    if (axis >= 0 && axis < x.rank) named[axis] = true;
  }
  struct type y_type = plain_type(DT_F32, x.rank, x.dim);
  for (int i = 0; i < x.rank; i++) y_type.dim[i] = named[i] ? 1 : x.dim[i];
  bool fits = pick(t, 0, 4) != 0;
  if (!fits) y_type.dim[0] += 97; /* no shape that these axes give: zeros */
  int64_t count = type_elements(&y_type);
  struct attr attr[2] = {attr_make_ints(t->ctx, ATTR_SHAPE, y_type.rank, y_type.dim),
                         attr_make_name(t->ctx, ATTR_MODE, modes[mode])};
  struct value *in[2] = {test_input(t, x), test_input(t, axes)};
  float *y = test_both(t, test_node(t, OP_REDUCE_BY, 2, in, 2, attr, NULL), data);
  static const double first[] = {0, 1, -1e9, 1e9, 0};
  static const char *const combine[] = {"add", "mul", "max", "min", "add"};
  double *expected = CTX_ARRAY(t->ctx, double, count);
  for (int64_t i = 0; i < count; i++) expected[i] = fits ? first[mode] : 0;
  int64_t at[MAX_RANK];
  for (int64_t i = 0; fits && i < type_elements(&x); i++) {
    unravel(&x, i, at);
    for (int k = 0; k < x.rank; k++) at[k] = named[k] ? 0 : at[k];
    double *to = &expected[ravel(&y_type, at)];
    *to = combined(combine[mode], *to, element(DT_F32, data[0], i));
  }
  for (int64_t i = 0; fits && mode == 4 && i < count; i++)
    expected[i] = (double)((float)expected[i] / (float)(type_elements(&x) / count));
  expect_floats(t, "reduce_by", y, expected, count);
  free(y);
  release(data, 2);
}

int main(void) {
  int failures = run_cases("gather_elements", CASES, test_gather_elements);
  failures += run_cases("scatter_elements", CASES, test_scatter_elements);
  failures += run_cases("gather_nd, scatter_nd", CASES, test_nd);
  failures += run_cases("arg", CASES, test_arg);
  failures += run_cases("top_k", CASES, test_top_k);
  failures += run_cases("cumulate", CASES, test_cumulate);
  failures += run_cases("reduce_by", CASES, test_reduce_by);
  return failures != 0;
}
