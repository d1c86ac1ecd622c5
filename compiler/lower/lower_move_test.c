/* Movement against index formulas: random shapes, dtypes of every size, plain and SIMD kernels. */
#include "lower/node_test.h"

enum { CASES = 300 };

static const enum dtype dtypes[] = {DT_U8, DT_BOOL, DT_F16, DT_S16, DT_F32, DT_S32, DT_F64, DT_S64};

/* Small axes, sometimes an empty one, and one that is sometimes long. */
static struct type pick_type(struct node_test *t, int low_rank) {
  int64_t dim[MAX_RANK];
  int rank = (int)pick(t, low_rank, 5), longer = rank ? (int)pick(t, 0, rank - 1) : -1;
  for (int i = 0; i < rank; i++) {
    dim[i] = i == longer && pick(t, 0, 1) ? pick(t, 1, 70) : pick(t, 1, 5);
    if (pick(t, 0, 60) == 0) dim[i] = 0;
  }
  return plain_type(dtypes[pick(t, 0, (int64_t)COUNT_OF(dtypes) - 1)], rank, dim);
}

/* Element i of y is element source[i] of x, or `fill`. */
static void expect_elements(struct node_test *t, const struct type *y, const uint8_t *got, const uint8_t *x,
                            int64_t (*source)(const struct node *n, const int64_t *index),
                            const struct node *n, const uint8_t *fill) {
  int64_t bytes = dtype_bytes(y->dtype), index[MAX_RANK];
  for (int64_t i = 0; i < type_elements(y); i++) {
    unravel(y, i, index);
    int64_t from = source(n, index);
    if (memcmp(got + i * bytes, from < 0 ? fill : x + from * bytes, (size_t)bytes)) {
      test_fail(t, op_name(n->op), i);
      return;
    }
  }
}

static void check(struct node_test *t, const struct node *n, void **data,
                  int64_t (*source)(const struct node *n, const int64_t *index), const uint8_t *fill) {
  uint8_t *y = test_both(t, n, data);
  expect_elements(t, &n->output[0]->type, y, data[0], source, n, fill);
  free(y);
  for (int i = 0; i < n->input_count; i++) free(data[i]);
}

static int64_t transpose_source(const struct node *n, const int64_t *index) {
  int count;
  const int64_t *perm = attr_ints(n, ATTR_PERM, &count);
  int64_t at[MAX_RANK];
  for (int i = 0; i < count; i++) at[perm[i]] = index[i];
  return ravel(&n->input[0]->type, at);
}
static void test_transpose(struct node_test *t) {
  struct type x = pick_type(t, 0);
  if (x.rank >= 2 && pick(t, 0, 3) == 0) x.dim[0] = pick(t, 15, 40), x.dim[1] = pick(t, 15, 40);
  int64_t perm[MAX_RANK];
  for (int i = 0; i < x.rank; i++) perm[i] = i;
  for (int i = x.rank - 1; i > 0; i--) {
    int64_t k = pick(t, 0, i), swap = perm[i];
    perm[i] = perm[k], perm[k] = swap;
  }
  struct attr attr = attr_make_ints(t->ctx, ATTR_PERM, x.rank, perm);
  struct node *n = test_node(t, OP_TRANSPOSE, 1, (struct value *[]){test_input(t, x)}, 1, &attr, NULL);
  check(t, n, (void *[]){test_data(t, &x)}, transpose_source, NULL);
}

static int64_t slice_source(const struct node *n, const int64_t *index) {
  int count;
  const int64_t *start = attr_ints(n, ATTR_STARTS, &count), *step = attr_ints(n, ATTR_STEPS, &count);
  int64_t at[MAX_RANK];
  for (int i = 0; i < count; i++) at[i] = start[i] + step[i] * index[i];
  return ravel(&n->input[0]->type, at);
}
static void test_slice(struct node_test *t) {
  struct type x = pick_type(t, 1);
  int64_t start[MAX_RANK], step[MAX_RANK], size[MAX_RANK];
  for (int i = 0; i < x.rank; i++) {
    start[i] = x.dim[i] ? pick(t, 0, x.dim[i] - 1) : 0;
    step[i] = pick(t, 0, 1) ? 1 : pick(t, 0, 1) ? pick(t, 2, 3) : -pick(t, 1, 3);
    int64_t most = x.dim[i] == 0 ? 0
                   : step[i] > 0 ? (x.dim[i] - 1 - start[i]) / step[i] + 1
                                 : start[i] / -step[i] + 1;
    size[i] = pick(t, 0, 9) ? most : pick(t, 0, most);
  }
  struct attr attr[] = {attr_make_ints(t->ctx, ATTR_STARTS, x.rank, start),
                        attr_make_ints(t->ctx, ATTR_STEPS, x.rank, step),
                        attr_make_ints(t->ctx, ATTR_SIZES, x.rank, size)};
  struct node *n = test_node(t, OP_SLICE, 1, (struct value *[]){test_input(t, x)}, 3, attr, NULL);
  check(t, n, (void *[]){test_data(t, &x)}, slice_source, NULL);
}

static int64_t expand_source(const struct node *n, const int64_t *index) {
  const struct type *x = &n->input[0]->type;
  int64_t at[MAX_RANK], extra = n->output[0]->type.rank - x->rank;
  for (int i = 0; i < x->rank; i++) at[i] = x->dim[i] == 1 ? 0 : index[i + extra];
  return ravel(x, at);
}
static void test_expand(struct node_test *t) {
  struct type x = pick_type(t, 0);
  int64_t shape[MAX_RANK], extra = pick(t, 0, 2);
  for (int64_t i = 0; i < extra; i++) shape[i] = pick(t, 1, 3);
  for (int i = 0; i < x.rank; i++) {
    if (pick(t, 0, 2) == 0) x.dim[i] = 1;
    shape[i + extra] = x.dim[i] == 1 ? pick(t, 1, 6) : x.dim[i];
  }
  struct attr attr = attr_make_ints(t->ctx, ATTR_SHAPE, x.rank + (int)extra, shape);
  struct node *n = test_node(t, OP_EXPAND, 1, (struct value *[]){test_input(t, x)}, 1, &attr, NULL);
  check(t, n, (void *[]){test_data(t, &x)}, expand_source, NULL);
}

static int64_t pad_source(const struct node *n, const int64_t *index) {
  int count;
  const struct type *x = &n->input[0]->type;
  const int64_t *pads = attr_ints(n, ATTR_PADS, &count);
  const char *mode = attr_name(n, ATTR_MODE, "");
  int64_t at[MAX_RANK];
  for (int i = 0; i < x->rank; i++) {
    int64_t k = index[i] - pads[i], n_i = x->dim[i];
    while (k < 0 || k >= n_i) {
      if (!strcmp(mode, "constant")) return -1;
      if (!strcmp(mode, "edge"))
        k = k < 0 ? 0 : n_i - 1;
      else if (!strcmp(mode, "wrap"))
        k += k < 0 ? n_i : -n_i;
      else
        k = n_i == 1 ? 0 : k < 0 ? -k : 2 * (n_i - 1) - k;
    }
    at[i] = k;
  }
  return ravel(x, at);
}
static void test_pad(struct node_test *t) {
  static const char *const modes[] = {"constant", "edge", "reflect", "wrap"};
  struct type x = pick_type(t, 1);
  const char *mode = modes[pick(t, 0, 3)];
  bool quantized = dtype_is_8bit(x.dtype) && pick(t, 0, 1), given = pick(t, 0, 1);
  if (quantized) x.quant = pick_quant(t, x.dtype, 1);
  int64_t pads[2 * MAX_RANK];
  for (int i = 0; i < 2 * x.rank; i++) {
    int64_t axis = i % x.rank, left = x.dim[axis] + (i >= x.rank ? pads[axis] : 0);
    pads[i] = pick(t, 0, 1) ? pick(t, 0, 4) : 0;
    if (pick(t, 0, 7) == 0 && left > 0) pads[i] = -pick(t, 0, left);
    if (strcmp(mode, "constant") && x.dim[axis] == 0) pads[i] = 0;
  }
  struct attr attr[] = {attr_make_ints(t->ctx, ATTR_PADS, 2 * x.rank, pads),
                        attr_make_name(t->ctx, ATTR_MODE, mode)};
  struct type scalar = plain_type(x.dtype, 0, NULL);
  struct value *input[2] = {test_input(t, x), test_input(t, scalar)};
  struct node *n = test_node(t, OP_PAD, given ? 2 : 1, input, 2, attr, NULL);
  void *data[2] = {test_data(t, &x), given ? test_data(t, &scalar) : NULL};
  uint8_t fill[8] = {0};
  if (given)
    memcpy(fill, data[1], (size_t)dtype_bytes(x.dtype));
  else if (quantized)
    fill[0] = (uint8_t)x.quant->zero_point[0];
  check(t, n, data, pad_source, fill);
}

/* What a level becomes in another quantization. */
static uint8_t requantized(const struct type *x, uint8_t level, const struct type *y) {
  if (quant_equal(x->quant, y->quant)) return level;
  int32_t low = x->dtype == DT_S8 ? -128 : 0, value = x->dtype == DT_S8 ? (int8_t)level : level;
  float v = (float)(value - x->quant->zero_point[0]) * x->quant->scale[0] / y->quant->scale[0];
  int64_t q = (int64_t)rintf(v) + y->quant->zero_point[0];
  return (uint8_t)(q < low ? low : q > low + 255 ? low + 255 : q);
}
static void test_concat(struct node_test *t) {
  struct type x[4], want;
  struct value *input[4];
  void *data[4];
  x[0] = pick_type(t, 1);
  int count = (int)pick(t, 1, 4), axis = (int)pick(t, 0, x[0].rank - 1);
  bool quantized = pick(t, 0, 1);
  if (quantized) x[0].dtype = pick(t, 0, 1) ? DT_S8 : DT_U8;
  for (int i = 0; i < count; i++) {
    x[i] = x[0];
    if (i > 0) x[i].dim[axis] = pick(t, 0, 40);
    if (quantized) x[i].quant = i > 0 && pick(t, 0, 1) ? x[0].quant : pick_quant(t, x[i].dtype, 0.1f);
    input[i] = test_input(t, x[i]);
    data[i] = test_data(t, &x[i]);
  }
  want = plain_type(x[0].dtype, 0, NULL);
  if (quantized) want.quant = pick(t, 0, 1) ? x[0].quant : pick_quant(t, want.dtype, 0.1f);
  struct attr attr = attr_make_int(t->ctx, ATTR_AXIS, axis);
  struct node *n = test_node(t, OP_CONCAT, count, input, 1, &attr, &want);
  const struct type *y = &n->output[0]->type;
  uint8_t *got = test_both(t, n, data);
  int64_t bytes = dtype_bytes(y->dtype), index[MAX_RANK];
  for (int64_t i = 0; i < type_elements(y); i++) {
    int from = 0;
    unravel(y, i, index);
    for (; index[axis] >= x[from].dim[axis]; from++) index[axis] -= x[from].dim[axis];
    const uint8_t *element = (uint8_t *)data[from] + ravel(&x[from], index) * bytes;
    bool same = quantized ? got[i] == requantized(&x[from], *element, y)
                          : !memcmp(got + i * bytes, element, (size_t)bytes);
    if (!same) {
      test_fail(t, "concat", i);
      break;
    }
  }
  free(got);
  for (int i = 0; i < count; i++) free(data[i]);
}

static void test_gather(struct node_test *t) {
  struct type x = pick_type(t, 1), index = pick_type(t, 0);
  int axis = (int)pick(t, 0, x.rank - 1);
  if (index.rank > 2) index.rank = 2;
  index.dtype = pick(t, 0, 1) ? DT_S64 : DT_S32;
  if (x.dim[axis] == 0) x.dim[axis] = 3;
  struct attr attr = attr_make_int(t->ctx, ATTR_AXIS, axis);
  struct node *n =
      test_node(t, OP_GATHER, 2, (struct value *[]){test_input(t, x), test_input(t, index)}, 1, &attr, NULL);
  void *data[2] = {test_data(t, &x), test_data(t, &index)};
  int64_t count = type_elements(&index), outer = 1, bytes = dtype_bytes(x.dtype), inner = 1;
  for (int i = 0; i < axis; i++) outer *= x.dim[i];
  for (int i = axis + 1; i < x.rank; i++) inner *= x.dim[i];
  for (int64_t i = 0; i < count; i++) { /* in range, a little out of it, and random bits as they are */
    int64_t v = pick(t, -x.dim[axis] - 2, x.dim[axis] + 1);
    if (pick(t, 0, 9) == 0) continue;
    if (index.dtype == DT_S64)
      ((int64_t *)data[1])[i] = v;
    else
      ((int32_t *)data[1])[i] = (int32_t)v;
  }
  uint8_t *got = test_both(t, n, data), *at = got;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < count; i++, at += inner * bytes) {
      int64_t v = index.dtype == DT_S64 ? ((int64_t *)data[1])[i] : ((int32_t *)data[1])[i];
      if (v < 0) v += x.dim[axis];
      v = v < 0 ? 0 : v >= x.dim[axis] ? x.dim[axis] - 1 : v;
      if (memcmp(at, (uint8_t *)data[0] + (o * x.dim[axis] + v) * inner * bytes, (size_t)(inner * bytes)))
        test_fail(t, "gather", i);
    }
  free(got), free(data[0]), free(data[1]);
}

int main(void) {
  int failures = run_cases("transpose", CASES, test_transpose) + run_cases("slice", CASES, test_slice) +
                 run_cases("expand", CASES, test_expand) + run_cases("pad", CASES, test_pad) +
                 run_cases("concat", CASES, test_concat) + run_cases("gather", CASES, test_gather);
  return failures != 0;
}
