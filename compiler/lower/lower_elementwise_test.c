/* Every elementwise row of ir/ops.def on every element type of its class, contiguous and broadcast, against a
 * direct formula; where; and casts between all types. */
#include <math.h>

#include "lower/elementwise_testing.h"

typedef __int128 wide; /* holds every integer type and the product of two */

static bool is_float(enum dtype t) { return t == DT_F32 || t == DT_F64; }

static double load_real(enum dtype t, const void *p, int64_t i) {
  return t == DT_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static wide load_integer(enum dtype t, const void *p, int64_t i) {
  switch ((int)t) {
    case DT_U8: return ((const uint8_t *)p)[i];
    case DT_S8: return ((const int8_t *)p)[i];
    case DT_U16: return ((const uint16_t *)p)[i];
    case DT_S16: return ((const int16_t *)p)[i];
    case DT_U32: return ((const uint32_t *)p)[i];
    case DT_S32: return ((const int32_t *)p)[i];
    case DT_U64: return ((const uint64_t *)p)[i];
    case DT_S64: return ((const int64_t *)p)[i];
    default: return ((const uint8_t *)p)[i] != 0;
  }
}

/* The low bits of v as a number of the type. */
static wide wrap(enum dtype t, wide v) {
  int bits = dtype_bytes(t) * 8;
  wide low = v & (((wide)1 << bits) - 1);
  return dtype_is_signed(t) && low >> (bits - 1) ? low - ((wide)1 << bits) : low;
}

static void store(enum dtype t, void *p, int64_t i, double real, wide integer) {
  switch ((int)t) {
    case DT_F32: ((float *)p)[i] = (float)real; break;
    case DT_F64: ((double *)p)[i] = real; break;
    case DT_BOOL: ((uint8_t *)p)[i] = integer != 0; break;
    default: memcpy((char *)p + i * dtype_bytes(t), &integer, (size_t)dtype_bytes(t)); /* little-endian */
  }
}

static void *random_data(struct test *t, enum dtype dtype, int64_t n, bool positive) {
  static const double special[] = {0,   -0.0, INFINITY, -INFINITY, NAN, 1,    -1,
                                   2.5, -0.5, 3.5,      1e-40,     100, -100, 0.75};
  void *p = ctx_alloc(t->c, (size_t)(n * dtype_bytes(dtype)) + 1);
  for (int64_t i = 0; i < n; i++) {
    double real = pick(t, 0, 3) ? (double)pick_float(t, -8, 8) : special[pick(t, 0, COUNT_OF(special) - 1)];
    uint64_t bits = random_next(&t->seed) >> pick(t, 0, 60);
    wide integer = pick(t, 0, 1) ? pick(t, positive ? 0 : -6, 6) : (wide)bits;
    store(dtype, p, i, real, integer);
  }
  return p;
}

/* Each operation rounded, as ONNX Runtime does. */
static double hard_sigmoid(enum dtype t, double x, double alpha, double beta) {
  double v = t == DT_F32 ? (double)((float)(alpha * x) + (float)beta) : alpha * x + beta;
  return isnan(v) ? v : fmax(0, fmin(1, v));
}

/* The mathematical result; *ulps: allowed error in units of the last place, 0 for an exact (rounded once)
 * result. */
static double real_result(enum op op, enum dtype t, double a, double b, double alpha, double beta,
                          double *ulps) {
  *ulps = 0;
  switch ((int)op) {
    case OP_CLIP: return isnan(a) ? a : fmin(fmax(a, alpha), beta); /* alpha > beta: beta */
    case OP_NEG: return -a;
    case OP_ABS: return fabs(a);
    case OP_SIGN: return a > 0 ? 1 : a < 0 ? -1 : a;
    case OP_SQRT: return sqrt(a);
    case OP_RECIPROCAL: return 1 / a;
    case OP_FLOOR: return floor(a);
    case OP_CEIL: return ceil(a);
    case OP_ROUND: return nearbyint(a);
    case OP_LEAKY_RELU: return a < 0 ? alpha * a : a;
    case OP_HARD_SIGMOID: return hard_sigmoid(t, a, alpha, beta);
    case OP_HARD_SWISH: return a * hard_sigmoid(t, a, t == DT_F32 ? (double)(1.0f / 6) : 1.0 / 6, 0.5);
    case OP_EXP: *ulps = 2; return exp(a);
    case OP_LOG: *ulps = 2; return log(a);
    case OP_SIGMOID: *ulps = 2; return 1 / (1 + exp(-a));
    case OP_TANH: *ulps = 2; return tanh(a);
    case OP_ERF: *ulps = 2; return erf(a);
    case OP_SIN: *ulps = 2; return sin(a);
    case OP_COS: *ulps = 2; return cos(a);
    case OP_TAN: *ulps = 4; return tan(a);
    case OP_ASIN: *ulps = 2; return asin(a);
    case OP_ACOS: *ulps = 2; return acos(a);
    case OP_ATAN: *ulps = 2; return atan(a);
    case OP_SINH: *ulps = 2; return sinh(a);
    case OP_COSH: *ulps = 2; return cosh(a);
    case OP_ASINH: *ulps = 2; return asinh(a);
    case OP_ACOSH: *ulps = 2; return acosh(a);
    case OP_ATANH: *ulps = 2; return atanh(a);
    case OP_ELU: *ulps = 2; return a < 0 ? alpha * expm1(a) : a;
    case OP_SOFTPLUS: *ulps = 2; return (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return a / b;
    case OP_POW:
      *ulps = t == DT_F32 ? 1 : 20;
      return t == DT_F32 ? (double)powf((float)a, (float)b) : pow(a, b);
    case OP_MAX: return isnan(a) || isnan(b) ? NAN : fmax(a, b);
    case OP_MIN: return isnan(a) || isnan(b) ? NAN : fmin(a, b);
    case OP_PRELU: return a < 0 ? a * b : a;
    case OP_MOD: {
      double r = fmod(a, b);
      if (alpha != 0 || r == 0 || (r < 0) == (b < 0)) return r;
      return t == DT_F32 ? (double)((float)r + (float)b) : r + b;
    }
    case OP_EQUAL: return a == b;
    case OP_LESS: return a < b;
    case OP_LESS_EQUAL: return a <= b;
    case OP_GREATER: return a > b;
    case OP_GREATER_EQUAL: return a >= b;
    default: *ulps = -1; return 0; /* the table has a row that this test does not know */
  }
}

static wide integer_pow(wide a, wide b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
  unsigned __int128 y = 1, base = (unsigned __int128)a;
  for (unsigned __int128 n = (unsigned __int128)b; n; n >>= 1, base *= base)
    if (n & 1) y *= base;
  return (wide)y;
}

static wide shifted(enum dtype t, wide a, wide b, bool right) {
  bool inside = b >= 0 && b < dtype_bytes(t) * 8;
  if (right) return inside ? a >> b : a < 0 ? -1 : 0;
  return inside ? (wide)((unsigned __int128)a << b) : 0;
}

static wide integer_result(enum op op, enum dtype t, wide a, wide b, double alpha, double beta, bool *known) {
  *known = true;
  switch ((int)op) {
    case OP_CLIP: a = a < (wide)alpha ? (wide)alpha : a; return a > (wide)beta ? (wide)beta : a;
    case OP_NEG: return -a;
    case OP_ABS: return a < 0 ? -a : a;
    case OP_SIGN: return (a > 0) - (a < 0);
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return (wide)((unsigned __int128)a * (unsigned __int128)b);
    case OP_DIV: return b ? a / b : 0;
    case OP_POW: return integer_pow(a, b);
    case OP_MAX: return a > b ? a : b;
    case OP_MIN: return a < b ? a : b;
    case OP_PRELU: return a < 0 ? (wide)((unsigned __int128)a * (unsigned __int128)b) : a;
    case OP_MOD: {
      wide r = b ? a % b : 0;
      return alpha == 0 && r && (r < 0) != (b < 0) ? r + b : r;
    }
    case OP_BIT_NOT: return ~a;
    case OP_BIT_AND: return a & b;
    case OP_BIT_OR: return a | b;
    case OP_BIT_XOR: return a ^ b;
    case OP_BIT_SHIFT: return shifted(t, a, b, alpha != 0);
    case OP_NOT: return !a;
    case OP_AND: return a && b;
    case OP_OR: return a || b;
    case OP_XOR: return !a != !b;
    case OP_EQUAL: return a == b;
    case OP_LESS: return a < b;
    case OP_LESS_EQUAL: return a <= b;
    case OP_GREATER: return a > b;
    case OP_GREATER_EQUAL: return a >= b;
    default: *known = false; return 0;
  }
}

static bool near(enum dtype t, double y, double expected, double ulps) {
  double rounded = t == DT_F32 ? (double)(float)expected : expected;
  if (isnan(rounded) || isnan(y)) return isnan(rounded) && isnan(y);
  if (y == rounded) return true;
  if (ulps == 0 || isinf(y) || isinf(rounded)) return false;
  double unit = t == DT_F32 ? 0x1p-23 : 0x1p-47; /* f64: 1e-14 */
  double smallest = t == DT_F32 ? 0x1p-149 : 0x1p-1074;
  return fabs(y - rounded) <= ulps * fmax(fabs(rounded) * unit, smallest);
}

/* Element of a broadcast input for output element `i`. */
static int64_t source(const struct type *y, const struct type *x, int64_t i) {
  int64_t at = 0, stride = 1;
  for (int axis = 1; axis <= y->rank; axis++) {
    int64_t index = i % y->dim[y->rank - axis];
    i /= y->dim[y->rank - axis];
    if (axis > x->rank) continue;
    if (x->dim[x->rank - axis] != 1) at += index * stride;
    stride *= x->dim[x->rank - axis];
  }
  return at;
}

struct parameters {
  float alpha, beta;
};
static struct parameters parameters_of(enum op op, bool second) {
  if (op == OP_CLIP)
    return second ? (struct parameters){5, 3} : (struct parameters){1, 4}; /* min > max gives max */
  if (op == OP_MOD || op == OP_BIT_SHIFT) return (struct parameters){second, 0};
  return (struct parameters){0.2f, 0.5f};
}

static void check_row(struct test *t, enum op op, enum dtype dtype, const struct type *input, int inputs,
                      const struct type *y, bool second) {
  struct parameters p = parameters_of(op, second);
  struct attr attr[] = {attr_make_float(t->c, ATTR_ALPHA, p.alpha), attr_make_float(t->c, ATTR_BETA, p.beta)};
  const void *data[2] = {0};
  for (int i = 0; i < inputs; i++) data[i] = random_data(t, dtype, type_elements(&input[i]), false);
  void *out = run_node(t, op, inputs, input, data, attr, inputs == 1 ? 2 : 1, y, 1, NULL, true);
  for (int64_t i = 0, wrong = 0; i < type_elements(y) && !wrong; i++) {
    int64_t from_a = source(y, &input[0], i), from_b = inputs > 1 ? source(y, &input[1], i) : 0;
    bool known = true;
    if (is_float(dtype)) {
      double ulps, a = load_real(dtype, data[0], from_a),
                   b = inputs > 1 ? load_real(dtype, data[1], from_b) : 0;
      double expected = real_result(op, dtype, a, b, (double)p.alpha, (double)p.beta, &ulps);
      known = ulps >= 0;
      double got = y->dtype == DT_BOOL ? (double)((uint8_t *)out)[i] : load_real(dtype, out, i);
      wrong = !known || !near(dtype, got, expected, ulps);
      if (wrong)
        printf("%s %s(%.9g, %.9g) = %.17g, expected %.17g%s\n", op_name(op), dtype_name(dtype), a, b, got,
               expected, known ? "" : " (row unknown to this test)");
    } else {
      wide a = load_integer(dtype, data[0], from_a),
           b = inputs > 1 ? load_integer(dtype, data[1], from_b) : 0;
      wide expected = wrap(y->dtype, integer_result(op, dtype, a, b, (double)p.alpha, (double)p.beta, &known));
      wide got = y->dtype == DT_BOOL ? ((uint8_t *)out)[i] : load_integer(y->dtype, out, i);
      wrong = !known || got != expected;
      if (wrong)
        printf("%s %s(%lld, %lld) = %lld, expected %lld%s\n", op_name(op), dtype_name(dtype), (long long)a,
               (long long)b, (long long)got, (long long)expected, known ? "" : " (row unknown to this test)");
    }
    t->failures += (int)wrong;
  }
  free(out);
}

/* Shapes of a and b; negative: end of shape. */
static const struct {
  int rank_a, rank_b;
  int64_t a[5], b[5];
} shapes[] = {
    {1, 1, {131}, {131}},
    {2, 0, {7, 9}, {0}},
    {0, 2, {0}, {7, 9}},
    {0, 0, {0}, {0}},
    {3, 1, {3, 5, 17}, {17}},
    {1, 3, {17}, {3, 5, 17}},
    {3, 3, {2, 5, 3}, {2, 1, 3}},
    {3, 2, {2, 5, 3}, {5, 1}},
    {3, 3, {2, 1, 3}, {1, 4, 1}},
    {4, 4, {2, 3, 1, 5}, {2, 1, 4, 5}},
    {5, 5, {2, 1, 3, 1, 2}, {1, 3, 1, 4, 1}},
    {4, 3, {2, 3, 4, 5}, {3, 4, 5}},
    {1, 1, {0}, {1}},
    {2, 2, {1, 1}, {1, 1}},
    {2, 2, {0, 3}, {1, 3}},
};

static void check_dtype(struct test *t, enum op op, enum dtype dtype, int inputs, bool compares) {
  for (size_t i = 0; i < (inputs == 1 ? 2 : 2 * COUNT_OF(shapes)); i++) {
    size_t s = i / 2;
    struct type input[2] = {type_make(dtype, shapes[s].rank_a, shapes[s].a, NULL),
                            type_make(dtype, shapes[s].rank_b, shapes[s].b, NULL)};
    int rank = input[0].rank;
    int64_t dim[MAX_RANK];
    memcpy(dim, input[0].dim, sizeof dim);
    if (inputs > 1 && !broadcast_shape(&input[0], &input[1], &rank, dim)) t->failures++;
    struct type y = type_make(compares ? DT_BOOL : dtype, rank, dim, NULL);
    check_row(t, op, dtype, input, inputs, &y, i % 2);
  }
}

static void check_types(struct test *t, enum op op, const char *types, int inputs, bool compares) {
  for (int d = 0; d < DT_COUNT; d++) {
    enum dtype dtype = (enum dtype)d;
    bool real = is_float(dtype) && strpbrk(types, "FAE"),
         integer = dtype_is_integer(dtype) && strpbrk(types, "AIE");
    if (real || integer || (dtype == DT_BOOL && strpbrk(types, "LE")))
      check_dtype(t, op, dtype, inputs, compares);
  }
}

static void test_rows(struct test *t) {
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define UNARY(e, name, types, doc) check_types(t, OP_##e, #types, 1, false);
#define BINARY(e, name, types, doc) check_types(t, OP_##e, #types, 2, false);
#define COMPARE(e, name, types, doc) check_types(t, OP_##e, #types, 2, true);
#include "ir/ops.def"
}

static void test_where(struct test *t) {
  static const enum dtype dtypes[] = {DT_U8, DT_F16, DT_F32, DT_S64, DT_BOOL};
  for (size_t k = 0; k < COUNT_OF(dtypes) * COUNT_OF(shapes); k++) {
    enum dtype dtype = dtypes[k % COUNT_OF(dtypes)];
    size_t s = k / COUNT_OF(dtypes);
    struct type type[3] = {type_make(DT_BOOL, shapes[s].rank_b, shapes[s].b, NULL),
                           type_make(dtype, shapes[s].rank_a, shapes[s].a, NULL),
                           type_make(dtype, 0, NULL, NULL)};
    int rank, size = dtype_bytes(dtype);
    int64_t dim[MAX_RANK];
    broadcast_shape(&type[0], &type[1], &rank, dim);
    struct type y = type_make(dtype, rank, dim, NULL);
    const void *data[3];
    for (int i = 0; i < 3; i++) {
      uint8_t *p = ctx_alloc(t->c, (size_t)type_bytes(&type[i]) + 1);
      for (int64_t b = 0; b < type_bytes(&type[i]); b++) p[b] = (uint8_t)pick(t, 0, i ? 255 : 1);
      data[i] = p;
    }
    char *out = run_node(t, OP_WHERE, 3, type, data, NULL, 0, &y, 1, NULL, true);
    for (int64_t i = 0; i < type_elements(&y); i++) {
      bool yes = ((const uint8_t *)data[0])[source(&y, &type[0], i)];
      const char *expected = yes ? (const char *)data[1] + source(&y, &type[1], i) * size : data[2];
      if (memcmp(out + i * size, expected, (size_t)size) != 0) {
        printf("where %s, shapes %zu: element %lld\n", dtype_name(dtype), s, (long long)i);
        t->failures++;
        break;
      }
    }
    free(out);
  }
}

/* ONNX Runtime 1.31 on x86-64, for what C leaves undefined. */
static void test_cast_outside(struct test *t) {
  static const float x[] = {300,   -1,     -300, 1e5f,     3e9f,      -3e9f, 1e10f,
                            1e20f, -1e20f, NAN,  INFINITY, -INFINITY, 2.7f,  -128.5f};
  static const struct {
    enum dtype dtype;
    int64_t expected[COUNT_OF(x)];
  } cases[] = {
      {DT_U8, {44, 255, 212, 160, 0, 0, 0, 0, 0, 0, 0, 0, 2, 128}},
      {DT_S8, {44, -1, -44, -96, 0, 0, 0, 0, 0, 0, 0, 0, 2, -128}},
      {DT_U16, {300, 65535, 65236, 34464, 0, 0, 0, 0, 0, 0, 0, 0, 2, 65408}},
      {DT_S16, {300, -1, -300, -31072, 0, 0, 0, 0, 0, 0, 0, 0, 2, -128}},
      {DT_S32,
       {300, -1, -300, 100000, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN,
        INT32_MIN, 2, -128}},
      {DT_U32,
       {300, 4294967295, 4294966996, 100000, 3000000000, 2147483648, 0, 0, 2147483648, 2147483648, 0,
        2147483648, 2, 4294967168}},
      {DT_S64,
       {300, -1, -300, 100000, 3000000000, -3000000000, 10000000000, INT64_MIN, INT64_MIN, INT64_MIN,
        INT64_MIN, INT64_MIN, 2, -128}},
      {DT_U64,
       {300, -1, -300, 100000, 3000000000, -3000000000, 10000000000, 0, INT64_MIN, INT64_MIN, 0, INT64_MIN, 2,
        -128}},
      {DT_BOOL, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
  };
  for (size_t k = 0; k < COUNT_OF(cases); k++) {
    struct type from = type_1d(DT_F32, COUNT_OF(x), NULL), to = type_1d(cases[k].dtype, COUNT_OF(x), NULL);
    void *out = run_node(t, OP_CAST, 1, &from, (const void *const[]){x}, NULL, 0, &to, 1, NULL, true);
    for (size_t i = 0; i < COUNT_OF(x); i++)
      if (load_integer(to.dtype, out, (int64_t)i) != wrap(to.dtype, cases[k].expected[i])) {
        printf("cast %g to %s = %lld\n", (double)x[i], dtype_name(to.dtype),
               (long long)load_integer(to.dtype, out, (int64_t)i));
        t->failures++;
      }
    free(out);
  }
}

/* All pairs of types on numbers that every type holds; and f16, bf16 there and back on all bit patterns. */
static void test_cast_pairs(struct test *t) {
  enum { N = 37 };
  uint8_t levels[N];
  for (int i = 0; i < N; i++) levels[i] = (uint8_t)(i * 3);
  struct type u8 = type_1d(DT_U8, N, NULL);
  for (int pair = 0; pair < DT_F8E4M3FN * DT_F8E4M3FN; pair++) {
    struct type from = type_1d((enum dtype)(pair / DT_F8E4M3FN), N, NULL),
                to = type_1d((enum dtype)(pair % DT_F8E4M3FN), N, NULL);
    void *x = run_node(t, OP_CAST, 1, &u8, (const void *const[]){levels}, NULL, 0, &from, 1, NULL, true);
    void *y = run_node(t, OP_CAST, 1, &from, (const void *const[]){x}, NULL, 0, &to, 1, NULL, true);
    void *back = run_node(t, OP_CAST, 1, &to, (const void *const[]){y}, NULL, 0, &u8, 1, NULL, true);
    bool is_bool = from.dtype == DT_BOOL || to.dtype == DT_BOOL;
    for (int i = 0; i < N; i++)
      if (((uint8_t *)back)[i] != (is_bool ? levels[i] != 0 : levels[i])) {
        printf("cast %s to %s: %d became %d\n", dtype_name(from.dtype), dtype_name(to.dtype), levels[i],
               ((uint8_t *)back)[i]);
        t->failures++;
        break;
      }
    free(x), free(y), free(back);
  }
  for (int half = 0; half < 2; half++) {
    struct type h = type_1d(half ? DT_F16 : DT_BF16, 65536, NULL), f = type_1d(DT_F32, 65536, NULL);
    uint16_t *x = CTX_ARRAY(t->c, uint16_t, 65536);
    for (int i = 0; i < 65536; i++) x[i] = (uint16_t)i;
    float *wide_x = run_node(t, OP_CAST, 1, &h, (const void *const[]){x}, NULL, 0, &f, 1, NULL, true);
    uint16_t *y = run_node(t, OP_CAST, 1, &f, (const void *const[]){wide_x}, NULL, 0, &h, 1, NULL, true);
    for (int i = 0; i < 65536; i++)
      if (y[i] != i && !isnan(wide_x[i]))
        printf("%s %d became %d\n", dtype_name(h.dtype), i, y[i]), t->failures++;
    float exact = half ? 1 + 0x1p-10f : 1 + 0x1p-7f,
          tie = 1 + (exact - 1) / 2; /* between 1 and the next number */
    if (wide_x[half ? 0x3c01 : 0x3f81] != exact)
      printf("%s one is off\n", dtype_name(h.dtype)), t->failures++;
    float rounding[] = {tie, nextafterf(tie, 2), nextafterf(tie, 1), half ? 65519.9f : 3.38e38f,
                        half ? 65520 : INFINITY};
    struct type five = type_1d(DT_F32, 5, NULL), five_h = type_1d(h.dtype, 5, NULL);
    uint16_t *r =
        run_node(t, OP_CAST, 1, &five, (const void *const[]){rounding}, NULL, 0, &five_h, 1, NULL, true);
    uint16_t one = half ? 0x3c00 : 0x3f80,
             expected[] = {one, one + 1, one, half ? 0x7bff : 0x7f7e, half ? 0x7c00 : 0x7f80};
    for (int i = 0; i < 5; i++)
      if (r[i] != expected[i])
        printf("%s of %.9g is %#x\n", dtype_name(h.dtype), (double)rounding[i], r[i]), t->failures++;
    free(wide_x), free(y), free(r);
  }
}

/* Every code of a type of 8 bits or fewer survives the way to f32 and back, and values are those of the format. */
static void test_small_storage(struct test *t) {
  static const struct {
    enum dtype dtype;
    uint8_t code;
    float value;
  } known[] = {{DT_F8E4M3FN, 0x7e, 448}, {DT_F8E4M3FNUZ, 0x7f, 240},    {DT_F8E5M2, 0x7b, 57344},
               {DT_F8E5M2FNUZ, 0x01, 0x1p-17f}, {DT_F4E2M1, 0x0f, -6},  {DT_F8E8M0, 127, 1},
               {DT_U4, 15, 15},          {DT_S4, 8, -8},                {DT_U2, 3, 3},
               {DT_S2, 2, -2},           {DT_F8E4M3FN, 0x01, 0x1p-9f},  {DT_F4E2M1, 0x01, 0.5f}};
  for (size_t k = 0; k < COUNT_OF(known); k++) {
    enum dtype d = known[k].dtype;
    bool two = d == DT_U2 || d == DT_S2, four = d == DT_U4 || d == DT_S4 || d == DT_F4E2M1;
    int64_t codes = two ? 4 : four ? 16 : 256;
    struct type narrow = type_1d(d, codes, NULL), real = type_1d(DT_F32, codes, NULL);
    uint8_t all[256];
    for (int i = 0; i < 256; i++) all[i] = (uint8_t)i;
    const void *data = all;
    float *y = run_node(t, OP_CAST, 1, &narrow, &data, NULL, 0, &real, 1, NULL, true);
    bool wrong = y[known[k].code] != known[k].value;
    data = y;
    uint8_t *back = run_node(t, OP_CAST, 1, &real, &data, NULL, 0, &narrow, 1, NULL, true);
    for (int64_t i = 0; i < codes; i++) wrong |= isfinite(y[i]) && back[i] != i;
    if (wrong) printf("casts of %s: code %d is %g\n", dtype_name(d), known[k].code, (double)y[known[k].code]);
    t->failures += wrong;
    free(y);
    free(back);
  }
}

static void run(struct ctx *c, void *argument) {
  struct test *t = argument;
  t->c = c;
  test_rows(t);
  test_where(t);
  test_cast_outside(t);
  test_cast_pairs(t);
  test_small_storage(t);
}

int main(void) {
  struct ctx c;
  struct test t = {.seed = 3};
  ctx_init(&c);
  bool done = ctx_run(&c, run, &t);
  ctx_free(&c);
  return !done || t.failures != 0;
}
