/* Quantization and the quantized elementwise operators, plain and SIMD, against the formulas of ONNX Runtime
 * written out. */
#include <math.h>

#include "lower/elementwise_testing.h"

static bool is_signed(enum dtype t) { return t == DT_S8 || t == DT_S16 || t == DT_S32; }
static int lowest(enum dtype t) { return t == DT_S8 ? -128 : t == DT_S16 ? -32768 : 0; }
static int highest(enum dtype t) { return lowest(t) + (dtype_bytes(t) == 1 ? 255 : 65535); }

static int level_at(enum dtype t, const void *p, int64_t i) {
  int32_t v = 0;
  memcpy(&v, (const char *)p + i * dtype_bytes(t), (size_t)dtype_bytes(t));
  return is_signed(t) && dtype_bytes(t) < 4 && v > highest(t) ? v - 2 * (highest(t) + 1) : v;
}

/* QuantizeLinear and DequantizeLinear. */
static int quantize(float x, float scale, int zero, enum dtype t) {
  float v = x / scale, low = (float)(lowest(t) - zero), high = (float)(highest(t) - zero);
  v = v > low ? v : low; /* NaN becomes the lowest level */
  v = v < high ? v : high;
  return (int)rintf(v) + zero;
}
static float dequantize(int level, float scale, int zero) { return (float)(level - zero) * scale; }

static float pick_scale(struct test *t) {
  static const float ties[] = {0.5f, 0.25f, 0.75f, 0.375f, 1.5f, 1.0f, 0.125f, 1.0f / 3, 0.1f};
  return pick(t, 0, 1) ? ties[pick(t, 0, COUNT_OF(ties) - 1)] : exp2f(pick_float(t, -9, 1));
}
static int pick_zero(struct test *t, enum dtype d) {
  int choice = (int)pick(t, 0, 4), low = lowest(d), high = highest(d);
  return choice == 0   ? low
         : choice == 1 ? high
         : choice == 2 ? (low + high + 1) / 2
                       : (int)pick(t, low, high);
}
static const struct quant *pick_quant(struct test *t, enum dtype d) {
  return quant_scalar(t->c, pick_scale(t), pick_zero(t, d));
}

static float *random_reals(struct test *t, int64_t n, float range) {
  static const float special[] = {0, -0.0f, NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 1e-40f, 0.5f, -0.5f};
  float *x = CTX_ARRAY(t->c, float, n + 1);
  for (int64_t i = 0; i < n; i++)
    x[i] = pick(t, 0, 5) ? pick(t, 0, 1) ? pick_float(t, -range, range)
                                         : rintf(pick_float(t, -range, range) * 2) * 0.25f
                         : special[pick(t, 0, COUNT_OF(special) - 1)];
  return x;
}
static void *random_levels(struct test *t, enum dtype d, int64_t n) {
  uint8_t *x = ctx_alloc(t->c, (size_t)(n * dtype_bytes(d)) + 1);
  for (int64_t i = 0; i < n * dtype_bytes(d); i++) x[i] = (uint8_t)random_next(&t->seed);
  return x;
}

static void expect_level(struct test *t, const char *what, const struct type *y, const void *out, int64_t i,
                         int expected) {
  int got = level_at(y->dtype, out, i);
  if (got == expected) return;
  if (t->failures++ < 50)
    printf("%s %s: element %lld is %d, expected %d\n", what, dtype_name(y->dtype), (long long)i, got,
           expected);
}
static void expect_real(struct test *t, const char *what, const float *out, int64_t i, float expected) {
  if (memcmp(&out[i], &expected, sizeof expected) == 0 || (isnan(out[i]) && isnan(expected))) return;
  if (t->failures++ < 50)
    printf("%s: element %lld is %.9g, expected %.9g\n", what, (long long)i, (double)out[i], (double)expected);
}

static const enum dtype level_types[] = {DT_U8, DT_S8, DT_U16, DT_S16, DT_S32};

/* Per tensor, all sizes about the vectors' width; scale and zero point as types, then as values. */
static void test_per_tensor(struct test *t) {
  for (int k = 0; k < 5 * 70; k++) {
    enum dtype d = level_types[k % 5];
    int64_t n = k / 5;
    const struct quant *q = quant_scalar(t->c, pick_scale(t), d == DT_S32 ? 0 : pick_zero(t, d));
    float scale = q->scale[0];
    int zero = q->zero_point[0];
    struct type real = type_1d(DT_F32, n, NULL), level = type_1d(d, n, q), bare = type_1d(d, n, NULL);
    struct type by[3] = {real, type_make(DT_F32, 0, NULL, NULL), type_make(d, 0, NULL, NULL)};
    const float *x = random_reals(t, n, scale * (float)(highest(d) / 2));
    const void *levels = random_levels(t, d, n);
    for (int plain = 0; plain < 2; plain++) {
      if (d != DT_S32) {
        void *y =
            run_node(t, OP_QUANTIZE, 1, &real, (const void *const[]){x}, NULL, 0, &level, 1, NULL, plain);
        void *z = run_node(t, OP_QUANTIZE_BY, 3, by, (const void *const[]){x, &scale, &zero}, NULL, 0, &bare,
                           1, NULL, plain);
        for (int64_t i = 0; i < n; i++) {
          expect_level(t, "quantize", &level, y, i, quantize(x[i], scale, zero, d));
          expect_level(t, "quantize_by", &bare, z, i, quantize(x[i], scale, zero, d));
        }
        free(y), free(z);
      }
      struct type from[3] = {bare, by[1], by[2]};
      float *y = run_node(t, OP_DEQUANTIZE, 1, &level, &levels, NULL, 0, &real, 1, NULL, plain);
      float *z = run_node(t, OP_DEQUANTIZE_BY, 2, from, (const void *const[]){levels, &scale}, NULL, 0, &real,
                          1, NULL, plain);
      for (int64_t i = 0; i < n; i++) {
        expect_real(t, "dequantize", y, i, dequantize(level_at(d, levels, i), scale, zero));
        expect_real(t, "dequantize_by", z, i, dequantize(level_at(d, levels, i), scale, 0));
      }
      free(y), free(z);
    }
  }
}

static void test_per_axis(struct test *t) {
  static const int64_t dim[] = {3, 5, 7};
  for (int k = 0; k < 5 * 3 * 2; k++) {
    enum dtype d = level_types[k % 5];
    int axis = k / 5 % 3, n = (int)dim[axis];
    int64_t inner = axis == 0 ? 35 : axis == 1 ? 7 : 1;
    float scale[7];
    int32_t zero[7];
    uint8_t packed[7 * 4];
    for (int i = 0; i < n; i++) {
      scale[i] = pick_scale(t);
      zero[i] = d == DT_S32 ? 0 : pick_zero(t, d);
      memcpy(packed + i * dtype_bytes(d), &zero[i], (size_t)dtype_bytes(d));
    }
    struct type real = type_make(DT_F32, 3, dim, NULL), bare = type_make(d, 3, dim, NULL);
    struct type level = type_make(d, 3, dim, quant_make(t->c, axis, n, scale, zero));
    struct type by[3] = {real, type_1d(DT_F32, n, NULL), type_1d(d, n, NULL)}, from[3] = {bare, by[1], by[2]};
    struct attr attr = attr_make_int(t->c, ATTR_AXIS, axis);
    const float *x = random_reals(t, 105, 90);
    const void *levels = random_levels(t, d, 105);
    float *a = run_node(t, OP_DEQUANTIZE, 1, &level, &levels, NULL, 0, &real, 1, NULL, k % 2);
    float *b = run_node(t, OP_DEQUANTIZE_BY, 3, from, (const void *const[]){levels, scale, packed}, &attr, 1,
                        &real, 1, NULL, k % 2);
    for (int64_t i = 0; i < 105; i++) {
      int64_t channel = i / inner % n;
      expect_real(t, "dequantize per axis", a, i,
                  dequantize(level_at(d, levels, i), scale[channel], zero[channel]));
      expect_real(t, "dequantize_by per axis", b, i,
                  dequantize(level_at(d, levels, i), scale[channel], zero[channel]));
    }
    free(a), free(b);
    if (d == DT_S32) continue;
    void *y = run_node(t, OP_QUANTIZE, 1, &real, (const void *const[]){x}, NULL, 0, &level, 1, NULL, k % 2);
    void *z = run_node(t, OP_QUANTIZE_BY, 3, by, (const void *const[]){x, scale, packed}, &attr, 1, &bare, 1,
                       NULL, k % 2);
    for (int64_t i = 0; i < 105; i++) {
      int64_t channel = i / inner % n;
      expect_level(t, "quantize per axis", &level, y, i, quantize(x[i], scale[channel], zero[channel], d));
      expect_level(t, "quantize_by per axis", &bare, z, i, quantize(x[i], scale[channel], zero[channel], d));
    }
    free(y), free(z);
  }
}

static void test_dynamic(struct test *t) {
  for (int k = 0; k < 150; k++) {
    int64_t n = k / 2;
    float *x = CTX_ARRAY(t->c, float, n + 1), low = 0, high = 0;
    for (int64_t i = 0; i < n; i++) {
      x[i] = k % 7 == 0 ? 0 : pick_float(t, k % 5 == 0 ? 0.5f : -3, k % 3 == 0 ? -0.25f : 4);
      low = fminf(low, x[i]), high = fmaxf(high, x[i]);
    }
    float scale = high == low ? 1.0f : (high - low) / 255.0f;
    int zero = (int)rintf(fminf(fmaxf(0 - low / scale, 0), 255));
    struct type real = type_1d(DT_F32, n, NULL);
    struct type y[3] = {type_1d(DT_U8, n, NULL), type_make(DT_F32, 0, NULL, NULL),
                        type_make(DT_U8, 0, NULL, NULL)};
    void *more[2];
    void *out =
        run_node(t, OP_QUANTIZE_DYNAMIC, 1, &real, (const void *const[]){x}, NULL, 0, y, 3, more, k % 2);
    expect_real(t, "dynamic scale", more[0], 0, scale);
    expect_level(t, "dynamic zero point", &y[2], more[1], 0, zero);
    for (int64_t i = 0; i < n; i++)
      expect_level(t, "quantize_dynamic", &y[0], out, i, quantize(x[i], scale, zero, DT_U8));
    free(out), free(more[0]), free(more[1]);
  }
}

static int saturate(float v, enum dtype t) {
  return (int)fminf(fmaxf(rintf(v), (float)lowest(t)), (float)highest(t));
}

/* QLinearAdd as ORT's kernel with FMA, QLinearMul as its kernel without; on levels + 128 in form "shifted".
 */
static int qlinear(enum op op, const char *form, enum dtype d, int a, const struct quant *qa, int b,
                   const struct quant *qb, const struct quant *qy) {
  int shift = strcmp(form, "shifted") == 0 ? 128 : 0;
  enum dtype as = shift ? DT_U8 : d;
  int za = qa->zero_point[0] + shift, zb = qb->zero_point[0] + shift, zy = qy->zero_point[0] + shift;
  float sa = qa->scale[0], sb = qb->scale[0], sy = qy->scale[0];
  a += shift, b += shift;
  if (strcmp(form, "float") == 0) {
    float x = dequantize(a, sa, za), y = dequantize(b, sb, zb);
    return quantize(op == OP_ADD ? x + y : x * y, sy, zy, d);
  }
  if (op == OP_MUL) return saturate((float)((a - za) * (b - zb)) * (sa * sb / sy) + (float)zy, as) - shift;
  float ra = sa / sy, rb = sb / sy, fixed = (float)zy - fmaf(ra, (float)za, rb * (float)zb);
  return saturate(fmaf((float)a, ra, fmaf((float)b, rb, fixed)), as) - shift;
}

/* All 256 x 256 pairs. */
static void test_qlinear_pairs(struct test *t) {
  static const char *const forms[] = {"integer", "shifted", "float"};
  enum { N = 65536 };
  uint8_t *a = ctx_alloc(t->c, N), *b = ctx_alloc(t->c, N);
  for (int i = 0; i < N; i++) a[i] = (uint8_t)i, b[i] = (uint8_t)(i >> 8);
  for (int k = 0; k < 60; k++) {
    enum dtype d = k % 5 == 0 ? DT_U8 : DT_S8;
    const char *form = d == DT_U8 ? forms[k % 2 * 2] : forms[k % 3];
    enum op op = k % 4 < 2 ? OP_ADD : OP_MUL;
    const struct quant *qa = pick_quant(t, d), *qb = pick_quant(t, d);
    if (op == OP_MUL) qb = quant_scalar(t->c, qb->scale[0] / 64, qb->zero_point[0]);
    struct type type[2] = {type_1d(d, N, qa), type_1d(d, N, qb)}, y = type_1d(d, N, pick_quant(t, d));
    struct attr attr = attr_make_name(t->c, ATTR_FORM, form);
    void *out = run_node(t, op, 2, type, (const void *const[]){a, b}, &attr, 1, &y, 1, NULL, k / 4 % 2);
    for (int i = 0; i < N; i++)
      expect_level(t, op == OP_ADD ? "add" : "mul", &y, out, i,
                   qlinear(op, form, d, level_at(d, a, i), qa, level_at(d, b, i), qb, y.quant));
    free(out);
  }
}

/* Shapes of a and b. */
static const struct {
  int rank_a, rank_b;
  int64_t a[4], b[4];
} broadcasts[] = {
    {1, 1, {67}, {67}},
    {2, 1, {3, 41}, {41}},
    {1, 2, {41}, {3, 41}},
    {0, 2, {0}, {5, 9}},
    {2, 0, {5, 9}, {0}},
    {0, 0, {0}, {0}},
    {2, 2, {6, 1}, {1, 4}},
    {2, 2, {6, 1}, {6, 1}},
    {3, 3, {2, 1, 6}, {1, 3, 1}},
    {3, 3, {1, 3, 1}, {2, 1, 6}},
    {4, 4, {1, 5, 1, 1}, {2, 5, 3, 3}},
    {4, 4, {2, 5, 3, 3}, {1, 5, 1, 1}},
    {4, 4, {1, 4, 5, 19}, {1, 1, 1, 19}},
    {4, 4, {1, 4, 5, 1}, {1, 4, 5, 11}},
    {1, 2, {1}, {1, 1}},
};

static void test_qlinear_broadcast(struct test *t) {
  for (size_t k = 0; k < 8 * COUNT_OF(broadcasts); k++) {
    size_t s = k / 8;
    enum dtype d = k % 2 ? DT_S8 : DT_U8;
    enum op op = k / 2 % 2 ? OP_ADD : OP_MUL;
    struct type type[2] = {type_make(d, broadcasts[s].rank_a, broadcasts[s].a, pick_quant(t, d)),
                           type_make(d, broadcasts[s].rank_b, broadcasts[s].b, pick_quant(t, d))};
    int rank;
    int64_t dim[MAX_RANK];
    broadcast_shape(&type[0], &type[1], &rank, dim);
    struct type y = type_make(d, rank, dim, pick_quant(t, d));
    const void *data[2] = {random_levels(t, d, type_elements(&type[0])),
                           random_levels(t, d, type_elements(&type[1]))};
    void *out = run_node(t, op, 2, type, data, NULL, 0, &y, 1, NULL, k / 4 % 2);
    for (int64_t i = 0; i < type_elements(&y); i++) {
      int level[2];
      for (int side = 0; side < 2; side++) {
        int64_t at = 0, stride = 1, rest = i;
        for (int axis = 1; axis <= y.rank; axis++) {
          int64_t index = rest % y.dim[y.rank - axis],
                  own = axis <= type[side].rank ? type[side].dim[type[side].rank - axis] : 1;
          rest /= y.dim[y.rank - axis];
          if (own != 1) at += index * stride;
          stride *= own;
        }
        level[side] = level_at(d, data[side], at);
      }
      expect_level(t, "broadcast", &y, out, i,
                   qlinear(op, "integer", d, level[0], type[0].quant, level[1], type[1].quant, y.quant));
    }
    free(out);
  }
}

/* Rows without an integer formula: dequantize, the f32 function, quantize. The bound of transcendental ones
 * is one level. */
static float real_of(enum op op, float a, float b) {
  switch ((int)op) {
    case OP_SUB: return a - b;
    case OP_DIV: return a / b;
    case OP_MAX: return a > b ? a : b;
    case OP_MIN: return a < b ? a : b;
    case OP_PRELU: return a < 0 ? a * b : a;
    case OP_CLIP: return fminf(fmaxf(a, -1.0f), 2.0f);
    case OP_LEAKY_RELU: return a < 0 ? a * 0.1f : a;
    case OP_NEG: return -a;
    case OP_SIGMOID: return 1 / (1 + expf(-a));
    case OP_TANH: return tanhf(a);
    case OP_EXP: return expf(a);
    case OP_REQUANTIZE: return a;
    default: return fabsf(a);
  }
}

static void test_through_float(struct test *t) {
  static const struct {
    enum op op;
    enum dtype a, b, y;
    int tolerance;
  } cases[] = {{OP_SUB, DT_U8, DT_U8, DT_U8, 0},    {OP_DIV, DT_S8, DT_U8, DT_U8, 0},
               {OP_MAX, DT_U8, DT_U8, DT_U8, 0},    {OP_MIN, DT_S8, DT_S8, DT_U8, 0},
               {OP_PRELU, DT_S8, DT_S8, DT_S8, 0},  {OP_SUB, DT_U16, DT_U16, DT_U16, 0},
               {OP_MAX, DT_S16, DT_S16, DT_U8, 0},  {OP_CLIP, DT_U8, 0, DT_U8, 0},
               {OP_CLIP, DT_S8, 0, DT_S8, 0},       {OP_LEAKY_RELU, DT_S8, 0, DT_U8, 0},
               {OP_NEG, DT_U8, 0, DT_S8, 0},        {OP_SIGMOID, DT_U8, 0, DT_U8, 1},
               {OP_TANH, DT_S8, 0, DT_S8, 1},       {OP_EXP, DT_U8, 0, DT_U8, 1},
               {OP_ABS, DT_S16, 0, DT_S16, 0},      {OP_SIGMOID, DT_U16, 0, DT_U16, 1},
               {OP_REQUANTIZE, DT_U8, 0, DT_S8, 0}, {OP_REQUANTIZE, DT_S8, 0, DT_S8, 0}};
  enum { N = 300 };
  for (size_t k = 0; k < COUNT_OF(cases) * 4; k++) {
    size_t i = k / 4;
    enum op op = cases[i].op;
    int inputs = op_max_inputs(op);
    bool clip = op == OP_CLIP;
    struct type type[2] = {type_1d(cases[i].a, N, pick_quant(t, cases[i].a)),
                           type_1d(cases[i].b, N, pick_quant(t, cases[i].b))};
    struct type y = type_1d(cases[i].y, N, clip && k % 2 ? type[0].quant : pick_quant(t, cases[i].y));
    const void *data[2] = {random_levels(t, cases[i].a, N), random_levels(t, cases[i].b, N)};
    struct attr attr[] = {attr_make_float(t->c, ATTR_ALPHA, clip ? -1.0f : 0.1f),
                          attr_make_float(t->c, ATTR_BETA, 2)};
    void *out = run_node(t, op, inputs, type, data, attr, inputs == 1 && op != OP_REQUANTIZE ? 2 : 0, &y, 1,
                         NULL, k / 2 % 2);
    for (int64_t e = 0; e < N; e++) {
      float a = dequantize(level_at(type[0].dtype, data[0], e), type[0].quant->scale[0],
                           type[0].quant->zero_point[0]);
      float b = inputs == 1 ? 0
                            : dequantize(level_at(type[1].dtype, data[1], e), type[1].quant->scale[0],
                                         type[1].quant->zero_point[0]);
      int expected = quantize(real_of(op, a, b), y.quant->scale[0], y.quant->zero_point[0], y.dtype);
      int got = level_at(y.dtype, out, e);
      expect_level(t, op_name(op), &y, out, e, abs(got - expected) <= cases[i].tolerance ? got : expected);
    }
    free(out);
  }
}

/* where with three quantizations (QLinearWhere), comparison of levels, tables of floats and of bytes. */
static void test_where_and_tables(struct test *t) {
  enum { N = 97 };
  const struct quant *qa = quant_scalar(t->c, 0.1f, 3), *qb = quant_scalar(t->c, 0.3f, 100);
  struct type type[3] = {type_1d(DT_BOOL, N, NULL), type_1d(DT_U8, N, qa), type_1d(DT_U8, N, qb)};
  struct type y = type_1d(DT_U8, N, quant_scalar(t->c, 0.2f, 50)), same = type_1d(DT_U8, N, qa);
  uint8_t condition[N], *a = random_levels(t, DT_U8, N), *b = random_levels(t, DT_U8, N);
  for (int i = 0; i < N; i++) condition[i] = (uint8_t)pick(t, 0, 1);
  void *out =
      run_node(t, OP_WHERE, 3, type, (const void *const[]){condition, a, b}, NULL, 0, &y, 1, NULL, false);
  for (int i = 0; i < N; i++)
    expect_level(
        t, "where", &y, out, i,
        quantize(condition[i] ? dequantize(a[i], 0.1f, 3) : dequantize(b[i], 0.3f, 100), 0.2f, 50, DT_U8));
  free(out);
  struct type pair[2] = {same, same}, truth = type_1d(DT_BOOL, N, NULL);
  out = run_node(t, OP_LESS, 2, pair, (const void *const[]){a, b}, NULL, 0, &truth, 1, NULL, false);
  for (int i = 0; i < N; i++) expect_level(t, "less", &truth, out, i, a[i] < b[i]);
  free(out);
  float reals[256];
  uint8_t bytes[256];
  for (int i = 0; i < 256; i++) reals[i] = (float)i * 0.37f, bytes[i] = (uint8_t)(i * 7 + 3);
  struct type by_reals[2] = {same, type_1d(DT_F32, 256, NULL)},
              by_bytes[2] = {same, type_1d(DT_U8, 256, NULL)};
  struct type real = type_1d(DT_F32, N, NULL);
  for (int plain = 0; plain < 2; plain++) {
    float *f =
        run_node(t, OP_TABLE, 2, by_reals, (const void *const[]){a, reals}, NULL, 0, &real, 1, NULL, plain);
    void *u =
        run_node(t, OP_TABLE, 2, by_bytes, (const void *const[]){a, bytes}, NULL, 0, &same, 1, NULL, plain);
    for (int i = 0; i < N; i++)
      expect_real(t, "table f32", f, i, reals[a[i]]), expect_level(t, "table", &same, u, i, bytes[a[i]]);
    free(f), free(u);
  }
}

static void run(struct ctx *c, void *argument) {
  struct test *t = argument;
  t->c = c;
  test_per_tensor(t);
  test_per_axis(t);
  test_dynamic(t);
  test_qlinear_pairs(t);
  test_qlinear_broadcast(t);
  test_through_float(t);
  test_where_and_tables(t);
}

int main(void) {
  struct ctx c;
  struct test t = {.seed = 5};
  ctx_init(&c);
  bool done = ctx_run(&c, run, &t);
  ctx_free(&c);
  return !done || t.failures != 0;
}
