/* Pools against direct formulas in doubles: random windows, dtypes and quantizations, plain and SIMD kernels.
 */
#include "lower/node_test.h"

enum { CASES = 400 };

static const enum dtype max_dtypes[] = {DT_F32, DT_F32, DT_U8,  DT_U8,  DT_S8,  DT_S8, DT_F64,
                                        DT_U16, DT_S16, DT_U32, DT_S32, DT_U64, DT_S64};

struct window {
  int64_t kernel[2], strides[2], dilations[2], pads[4], extra[2];
};

/* A type [n,h,w,c] and a window that fits it. */
static struct type pick_shape(struct node_test *t, enum dtype dtype, struct window *w) {
  int64_t channels[] = {1, 3, 4, 7, 8, 15, 16, 17, 32, 35};
  int64_t dim[4] = {pick(t, 1, 2), 0, 0, channels[pick(t, 0, (int64_t)COUNT_OF(channels) - 1)]};
  for (int i = 0; i < 2; i++) {
    w->kernel[i] = pick(t, 1, 4);
    w->strides[i] = pick(t, 1, 3);
    w->dilations[i] = pick(t, 0, 2) ? 1 : 2;
    int64_t reach = w->dilations[i] * (w->kernel[i] - 1) + 1;
    w->pads[i] = pick(t, 0, w->kernel[i] - 1);
    w->pads[i + 2] = pick(t, 0, w->kernel[i] - 1);
    w->extra[i] = pick(t, 0, 3) ? 0 : pick(t, 0, w->strides[i] - 1);
    dim[1 + i] = max_i64(reach - w->pads[i] - w->pads[i + 2], 1) + pick(t, 0, 6);
  }
  if (pick(t, 0, 5) == 0) { /* the whole plane */
    memset(w->pads, 0, sizeof w->pads);
    memset(w->extra, 0, sizeof w->extra);
    for (int i = 0; i < 2; i++) w->dilations[i] = 1, w->kernel[i] = dim[1 + i];
  }
  return plain_type(dtype, 4, dim);
}

static int window_attrs(struct node_test *t, const struct window *w, struct attr attr[8]) {
  attr[0] = attr_make_ints(t->ctx, ATTR_KERNEL, 2, w->kernel);
  attr[1] = attr_make_ints(t->ctx, ATTR_STRIDES, 2, w->strides);
  attr[2] = attr_make_ints(t->ctx, ATTR_DILATIONS, 2, w->dilations);
  attr[3] = attr_make_ints(t->ctx, ATTR_PADS, 4, w->pads);
  attr[4] = attr_make_ints(t->ctx, ATTR_OUTPUT_PADDING, 2, w->extra);
  return 5;
}

/* What one window holds. */
struct taps {
  double largest, sum; /* sum of stored - zero point */
  int inside, counted; /* taps within the input; within input and pads */
};
static struct taps window_taps(const struct window *w, const struct type *x, const void *data, int32_t zero,
                               const int64_t *index) {
  struct taps taps = {.largest = -INFINITY};
  for (int64_t i = 0; i < w->kernel[0]; i++)
    for (int64_t j = 0; j < w->kernel[1]; j++) {
      int64_t row = index[1] * w->strides[0] + i * w->dilations[0] - w->pads[0];
      int64_t column = index[2] * w->strides[1] + j * w->dilations[1] - w->pads[1];
      taps.counted += row < x->dim[1] + w->pads[2] && column < x->dim[2] + w->pads[3];
      if (row < 0 || row >= x->dim[1] || column < 0 || column >= x->dim[2]) continue;
      double v = element(x->dtype, data, ravel(x, (int64_t[MAX_RANK]){index[0], row, column, index[3]}));
      taps.largest = v > taps.largest ? v : taps.largest;
      taps.sum += v - zero;
      taps.inside++;
    }
  return taps;
}

static void test_max_pool(struct node_test *t) {
  struct window w;
  struct attr attr[8];
  struct type x = pick_shape(t, max_dtypes[pick(t, 0, (int64_t)COUNT_OF(max_dtypes) - 1)], &w);
  int attrs = window_attrs(t, &w, attr);
  struct node *n = test_node(t, OP_MAX_POOL, 1, (struct value *[]){test_input(t, x)}, attrs, attr, NULL);
  void *data = test_data(t, &x), *got = test_both(t, n, &data);
  const struct type *y = &n->output[0]->type;
  for (int64_t i = 0; i < type_elements(y); i++) {
    int64_t index[MAX_RANK];
    unravel(y, i, index);
    struct taps taps = window_taps(&w, &x, data, 0, index);
    if (taps.inside && element(y->dtype, got, i) != taps.largest) {
      test_fail(t, "wrong largest element", i);
      break;
    }
  }
  free(data), free(got);
}

static void test_average_pool(struct node_test *t) {
  static const char *const forms[] = {"integer", "shifted", "float"};
  struct window w;
  struct attr attr[8];
  int64_t kind = pick(t, 0, 4), form = pick(t, 0, 2), count_pad = pick(t, 0, 1);
  struct type x = pick_shape(t, kind == 0 ? DT_F64 : kind == 1 ? DT_U8 : kind == 2 ? DT_S8 : DT_F32, &w);
  struct type want = x;
  bool quantized = dtype_is_8bit(x.dtype);
  if (quantized) x.quant = pick_quant(t, x.dtype, 0.1f), want.quant = pick_quant(t, x.dtype, 0.1f);
  int attrs = window_attrs(t, &w, attr);
  attr[attrs++] = attr_make_int(t->ctx, ATTR_COUNT_PAD, count_pad);
  attr[attrs++] = attr_make_name(t->ctx, ATTR_FORM, forms[form]);
  if (pick(t, 0, 2) == 0) attr[attrs++] = attr_make_name(t->ctx, ATTR_ORDER, "rows");
  struct node *n = test_node(t, OP_AVERAGE_POOL, 1, (struct value *[]){test_input(t, x)}, attrs, attr, &want);
  void *data = test_data(t, &x), *got = test_both(t, n, &data);
  const struct type *y = &n->output[0]->type;
  for (int64_t i = 0; i < type_elements(y); i++) {
    int64_t index[MAX_RANK];
    unravel(y, i, index);
    struct taps taps = window_taps(&w, &x, data, quantized ? x.quant->zero_point[0] : 0, index);
    if (taps.inside == 0) continue;
    bool whole = quantized && form != 2; /* QLinearAveragePool divides by the whole window */
    double mean = taps.sum / (!count_pad ? taps.inside
                              : whole    ? (double)(w.kernel[0] * w.kernel[1])
                                         : taps.counted);
    double expected = mean, slack = 1e-5;
    if (quantized) {
      double low = x.dtype == DT_S8 ? -128 : 0;
      expected = mean * (double)x.quant->scale[0] / (double)y->quant->scale[0] + y->quant->zero_point[0];
      expected = fmin(fmax(expected, low), low + 255), slack = 0.501;
    }
    if (!(fabs(element(y->dtype, got, i) - expected) <= slack)) {
      test_fail(t, "wrong mean", i);
      break;
    }
  }
  free(data), free(got);
}

/* Ties tell the forms apart: sums are exact here, so that the rounding is all that is left. 2.5 with zero
 * point 1: 3.5 -> 4 before, 2 + 1 = 3 after. */
static void test_tie(struct node_test *t) {
  static const struct {
    const char *form;
    uint8_t expected;
  } cases[] = {{"integer", 4}, {"shifted", 4}, {"float", 3}};
  struct type x = type_make(DT_U8, 4, (int64_t[]){1, 1, 3, 1}, quant_scalar(t->ctx, 1, 0));
  struct type want = type_make(DT_U8, 0, NULL, quant_scalar(t->ctx, 1, 1));
  struct attr attr[] = {attr_make_ints(t->ctx, ATTR_KERNEL, 2, (int64_t[]){1, 2}),
                        attr_make_name(t->ctx, ATTR_FORM, cases[t->number].form)};
  struct node *n = test_node(t, OP_AVERAGE_POOL, 1, (struct value *[]){test_input(t, x)}, 2, attr, &want);
  uint8_t levels[3 + TAIL_PAD] = {2, 3, 2}, *got = test_both(t, n, (void *[]){levels});
  for (int i = 0; i < 2; i++)
    if (got[i] != cases[t->number].expected) test_fail(t, cases[t->number].form, got[i]);
  free(got);
}

int main(void) {
  int failures = run_cases("max_pool", CASES, test_max_pool) +
                 run_cases("average_pool", CASES, test_average_pool) + run_cases("tie", 3, test_tie);
  return failures != 0;
}
