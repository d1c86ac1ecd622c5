/* The transcendental functions against libm in higher precision: a dense sample of all floats; with --all every one of the
 * 2^32 (about ten minutes). Prints the largest error of each function. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernels/kernel.h"
#include "kernels/math_trigonometry.h"

static int failures;

/* Distance of y from the exact value in units of the last place of a float near it. */
static double ulps_f32(float y, double exact) {
  if (isnan(exact) || isnan(y)) return isnan(exact) && isnan(y) ? 0 : INFINITY;
  if (isinf(y)) return fabs(exact) > 0x1.fffffdp127 && (y > 0) == (exact > 0) ? 0 : INFINITY;
  if (isinf(exact) || (exact == 0 && y != 0)) return isinf(exact) && fabsf(y) == 0x1.fffffep127f ? 1 : INFINITY;
  if (exact == 0) return 0;
  int exponent;
  frexp(exact, &exponent);
  return fabs((double)y - exact) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

static const struct {
  const char *name;
  float (*ours)(float);
  double (*exact)(double);
  double limit; /* ulp */
} functions[] = {
    {"exp", k_exp_f32, exp, 1}, {"log", k_log_f32, log, 1}, {"sigmoid", k_sigmoid_f32, sigmoid, 2},
    {"tanh", k_tanh_f32, tanh, 2.5}, {"erf", k_erf_f32, erf, 2}, {"expm1", k_expm1_f32, expm1, 1},
    {"softplus", k_softplus_f32, softplus, 1},
    {"sin", k_sin_f32, sin, 1}, {"cos", k_cos_f32, cos, 1}, {"tan", k_tan_f32, tan, 1},
    {"asin", k_asin_f32, asin, 1}, {"acos", k_acos_f32, acos, 1}, {"atan", k_atan_f32, atan, 1},
    {"sinh", k_sinh_f32, sinh, 1}, {"cosh", k_cosh_f32, cosh, 1}, {"asinh", k_asinh_f32, asinh, 1},
    {"acosh", k_acosh_f32, acosh, 1}, {"atanh", k_atanh_f32, atanh, 1},
};

static void test_f32(uint32_t step) {
  for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
    double worst = 0;
    float at = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step) {
      float x = f32_of_bits((uint32_t)bits);
      double error = ulps_f32(functions[f].ours(x), functions[f].exact((double)x));
      if (error > worst) worst = error, at = x;
    }
    bool good = worst <= functions[f].limit;
    printf("%s_f32: %.3f ulp at %.9g%s\n", functions[f].name, worst, (double)at, good ? "" : ": too much");
    failures += !good;
  }
}

/* Infinities, zeros, NaN, denormals and the ends of the range, to the bit (zeros with their sign). */
static void test_special(void) {
  static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f, 1e-40f, -1e-40f,
                                  3.4e38f, -3.4e38f, 88.72f, 88.73f, -87.4f, -103.9f, -104.1f, 1.0f, -1.0f};
  for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
      float y = functions[f].ours(special[i]);
      double exact = functions[f].exact((double)special[i]);
      bool zero_sign = exact != 0 || !signbit(y) == !signbit(exact);
      if (ulps_f32(y, exact) > functions[f].limit || !zero_sign) {
        printf("%s_f32(%g) = %g, expected %g\n", functions[f].name, (double)special[i], (double)y, exact);
        failures++;
      }
    }
}

static void check_pow(float a, float b) {
  float y = k_pow_f32(a, b);
  double exact = pow((double)a, (double)b);
  if (ulps_f32(y, exact) > 1 || (exact == 0 && !signbit(y) != !signbit(exact))) {
    printf("pow_f32(%.9g, %.9g) = %.9g, expected %.17g\n", (double)a, (double)b, (double)y, exact);
    failures++;
  }
}

static void test_pow(void) {
  static const float special[] = {0.0f, -0.0f, 1.0f, -1.0f, 2.0f, -2.0f, 0.5f, -0.5f, 3.0f, -3.0f, 1e-45f, 1e38f, -1e38f,
                                  INFINITY, -INFINITY, NAN, 2.5f, 16777217.0f, 1e9f, -1e9f};
  for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
    for (size_t k = 0; k < sizeof special / sizeof special[0]; k++) check_pow(special[i], special[k]);
  uint64_t seed = 1;
  for (int i = 0; i < 300000; i++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    float a = f32_of_bits((uint32_t)(seed >> 33)), b = (float)((int32_t)(seed >> 8 & 0xffff) - 32768) / 1024.0f;
    check_pow(a, b);
  }
}

static long double sigmoid_l(long double x) { return 1 / (1 + expl(-x)); }
static long double softplus_l(long double x) { return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x))); }

static void test_f64(void) {
  static const struct {
    const char *name;
    double (*ours)(double);
    long double (*exact)(long double);
    double limit; /* relative */
  } wide[] = {{"exp", k_exp_f64, expl, 1e-15},         {"log", k_log_f64, logl, 1e-15},
              {"expm1", k_expm1_f64, expm1l, 5e-14},   {"sigmoid", k_sigmoid_f64, sigmoid_l, 1e-15},
              {"tanh", k_tanh_f64, tanhl, 5e-14},      {"softplus", k_softplus_f64, softplus_l, 1e-15},
              {"erf", k_erf_f64, erfl, 5e-14},         {"sin", k_sin_f64, sinl, 1e-13},
              {"cos", k_cos_f64, cosl, 1e-13},         {"tan", k_tan_f64, tanl, 1e-13},
              {"asin", k_asin_f64, asinl, 1e-14},      {"acos", k_acos_f64, acosl, 1e-14},
              {"atan", k_atan_f64, atanl, 1e-15},      {"sinh", k_sinh_f64, sinhl, 5e-14},
              {"cosh", k_cosh_f64, coshl, 1e-14},      {"asinh", k_asinh_f64, asinhl, 1e-14},
              {"acosh", k_acosh_f64, acoshl, 1e-13},   {"atanh", k_atanh_f64, atanhl, 1e-14}};
  for (size_t f = 0; f < sizeof wide / sizeof wide[0]; f++) {
    double worst = 0, at = 0;
    for (int i = -40000; i <= 40000; i++) {
      double x = (double)i / 1777.0 * pow(10, i % 7 - 3);
      long double exact = wide[f].exact((long double)x);
      double y = wide[f].ours(x);
      if (isnan(exact) && isnan(y)) continue;
      double error = exact == 0 ? fabs(y) : isinf((double)exact) ? y != (double)exact : (double)fabsl(((long double)y - exact) / exact);
      if (fabsl(exact) < 1e-307L) error = (double)fabsl((long double)y - exact) > 1e-322; /* denormal */
      if (!(error <= worst)) worst = error, at = x;
    }
    bool good = worst <= wide[f].limit;
    printf("%s_f64: %.2g relative at %.17g%s\n", wide[f].name, worst, at, good ? "" : ": too much");
    failures += !good;
  }
  for (int i = 1; i < 2000; i++) {
    double a = i * 0.37, b = (i % 41 - 20) * 0.31, exact = pow(a, b);
    if (fabs(k_pow_f64(a, b) / exact - 1) > 1e-13) printf("pow_f64(%g, %g) is %g\n", a, b, k_pow_f64(a, b)), failures++;
  }
}

int main(int argc, char **argv) {
  bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
  test_f32(all ? 1 : 4099);
  test_special();
  test_pow();
  test_f64();
  return failures != 0;
}
