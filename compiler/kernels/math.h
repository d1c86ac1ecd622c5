/* Transcendental functions of the kernels: a module has no libm. Straight-line code (selects, no branches, no
 * tables), so that LLVM vectorises the loops around them, and the same bits on every engine. Errors against
 * the exact value, over all floats (math_test --all): f32 at most 2.5 ulp, most under 1. NaN gives NaN;
 * infinities, zeros and denormals as in C's libm.
 *
 * Integer parts are taken by adding 1.5 * 2^(mantissa bits): no float-to-int conversion, defined for NaN too.
 */
#ifndef EAIC_MATH_H
#define EAIC_MATH_H

EAIC_INLINE uint32_t bits_of_f32(float x) {
  union { float f; uint32_t u; } v = {.f = x};
  return v.u;
}
EAIC_INLINE float f32_of_bits(uint32_t x) {
  union { uint32_t u; float f; } v = {.u = x};
  return v.f;
}
EAIC_INLINE uint64_t bits_of_f64(double x) {
  union { double f; uint64_t u; } v = {.f = x};
  return v.u;
}
EAIC_INLINE double f64_of_bits(uint64_t x) {
  union { uint64_t u; double f; } v = {.u = x};
  return v.f;
}

/* A constant of a loop that LLVM vectorises: put into a variable before the loop. As a constant, engines
 * would build it anew in three instructions wherever it stands. */
#if defined(__wasm__)
EAIC_INLINE float kept_f32(float x) {
  __asm__("" : "+r"(x));
  return x;
}
#define KEPT(x) kept_f32(x)
#else
#define KEPT(x) (x)
#endif

/* e^x = (1 + p) 2^n for |x| <= 104. x = n ln2 + r, |r| <= ln2 / 2; polynomial of Cephes' expf. */
struct exp_f32 {
  float p;
  uint32_t n; /* two's complement */
};
EAIC_INLINE struct exp_f32 exp_parts_f32(float x) {
  const float magic = KEPT(12582912.0f); /* 1.5 * 2^23 */
  float t = x * KEPT(1.44269504f) + magic;
  float n = t - magic;
  float r = (x - n * KEPT(0.693359375f)) - n * KEPT(-2.12194440e-4f);
  float p = KEPT(1.9875691500e-4f);
  p = p * r + KEPT(1.3981999507e-3f);
  p = p * r + KEPT(8.3334519073e-3f);
  p = p * r + KEPT(4.1665795894e-2f);
  p = p * r + KEPT(1.6666665459e-1f);
  p = p * r + KEPT(5.0000001201e-1f);
  return (struct exp_f32){p * (r * r) + r, bits_of_f32(t) - 0x4b400000u};
}
EAIC_INLINE float power_of_two_f32(uint32_t n) { return f32_of_bits((n + 127u) << 23); }

/* e^x; 2^n, n = -150..128, in two factors, which reaches denormals. */
EAIC_INLINE float k_exp_f32(float x) {
  x = x < KEPT(-104.0f) ? KEPT(-104.0f) : x;
  x = x > KEPT(89.0f) ? KEPT(89.0f) : x;
  struct exp_f32 e = exp_parts_f32(x);
  uint32_t half = (uint32_t)((int32_t)e.n >> 1);
  return (e.p + KEPT(1.0f)) * power_of_two_f32(half) * power_of_two_f32(e.n - half);
}

/* Natural logarithm. x = 2^n m with m in [sqrt(1/2), sqrt(2)); polynomial of Cephes' logf. */
EAIC_INLINE float k_log_f32(float x) {
  float tiny = x < 1.17549435e-38f ? 1.0f : 0.0f; /* denormals are scaled by 2^23 */
  uint32_t u = bits_of_f32(tiny != 0.0f ? x * 8388608.0f : x);
  uint32_t k = u - 0x3f3504f3u; /* sqrt(1/2) */
  float n = (float)((int32_t)k >> 23) - tiny * 23.0f;
  float m = f32_of_bits((k & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = m * z * p + n * -2.12194440e-4f;
  y = (m + (y - 0.5f * z)) + n * 0.693359375f;
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  return x > 3.40282347e+38f || x != x ? x : y;
}

/* 1 / (1 + e^-x), from e^-|x| so that nothing overflows and small results keep their precision. */
EAIC_INLINE float k_sigmoid_f32(float x) {
  float e = k_exp_f32(x < 0.0f ? x : -x);
  float d = KEPT(1.0f) + e;
  float lost = e - (d - KEPT(1.0f)); /* y loses y * lost / d, where 1 / d is y or 1 - y */
  float y = (x < 0.0f ? e : KEPT(1.0f)) / d;
  return y - y * (lost * (x < 0.0f ? KEPT(1.0f) - y : y));
}

/* m / (m + 2), m = e^2|x| - 1 = 2^n p + (2^n - 1), which loses nothing near zero, where n is 0. */
EAIC_INLINE float k_tanh_f32(float x) {
  float a = __builtin_fabsf(x) * KEPT(2.0f);
  a = a > KEPT(20.0f) ? KEPT(20.0f) : a; /* tanh(10) rounds to 1 */
  struct exp_f32 e = exp_parts_f32(a);
  float power = power_of_two_f32(e.n);
  float m = power * e.p + (power - KEPT(1.0f));
  return __builtin_copysignf(m / (m + KEPT(2.0f)), x);
}

/* Error function: N. Juffa's minimax polynomials (x * P(x^2) below 475/512, else 1 - e^P(|x|)). */
EAIC_INLINE float k_erf_f32(float x) {
  float a = __builtin_fabsf(x);
  float z = x * x;
  float q = KEPT(-5.96761703e-4f);
  q = q * z + KEPT(4.99119423e-3f);
  q = q * z - KEPT(2.67681349e-2f);
  q = q * z + KEPT(1.12819925e-1f);
  q = q * z - KEPT(3.76125336e-1f);
  q = q * z + KEPT(1.28379166e-1f);
  float near_zero = q * x + x;
  float b = a > KEPT(4.0f) ? KEPT(4.0f) : a; /* erf(4) rounds to 1, and the polynomial holds up to there */
  float r = KEPT(-1.72853470e-5f) * b + KEPT(3.83197126e-4f);
  r = r * (b * b) + (KEPT(-3.88396438e-3f) * b + KEPT(2.42546219e-2f));
  r = r * b - KEPT(1.06777877e-1f);
  r = r * b - KEPT(6.34846687e-1f);
  r = r * b - KEPT(1.28717512e-1f);
  r = r * b - b;
  struct exp_f32 e = exp_parts_f32(r); /* -17 < r <= 0 */
  float far = __builtin_copysignf(KEPT(1.0f) - (e.p + KEPT(1.0f)) * power_of_two_f32(e.n), x);
  return a > KEPT(0.927734375f) ? far : near_zero;
}

/* Double precision: relative errors below 1e-14, that of pow below 1e-13. */

/* e^x: as k_exp_f32, with the Taylor series to degree 13. */
EAIC_INLINE double k_exp_f64(double x) {
  const double magic = 6755399441055744.0; /* 1.5 * 2^52 */
  x = x < -746.0 ? -746.0 : x;
  x = x > 710.0 ? 710.0 : x;
  double t = x * 1.4426950408889634 + magic;
  double n = t - magic;
  double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double p = 1.6059043836821613e-10;
  p = p * r + 2.08767569878681e-09;
  p = p * r + 2.505210838544172e-08;
  p = p * r + 2.755731922398589e-07;
  p = p * r + 2.7557319223985893e-06;
  p = p * r + 2.48015873015873e-05;
  p = p * r + 1.9841269841269841e-04;
  p = p * r + 1.388888888888889e-03;
  p = p * r + 8.333333333333333e-03;
  p = p * r + 4.1666666666666664e-02;
  p = p * r + 1.6666666666666666e-01;
  p = p * r + 0.5;
  p = (p * (r * r) + r) + 1.0;
  uint64_t k = bits_of_f64(t) - 0x4338000000000000u; /* n as two's complement */
  uint64_t half = (uint64_t)((int64_t)k >> 1);
  return p * f64_of_bits((half + 1023u) << 52) * f64_of_bits((k - half + 1023u) << 52);
}

/* Natural logarithm: x = 2^n m, m in [sqrt(1/2), sqrt(2)); with s = (m - 1) / (m + 1), FreeBSD's e_log
 * polynomial. */
EAIC_INLINE double k_log_f64(double x) {
  double tiny = x < 2.2250738585072014e-308 ? 1.0 : 0.0;
  uint64_t u = bits_of_f64(tiny != 0.0 ? x * 4503599627370496.0 : x);
  uint64_t k = u - 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
  double n = (double)(int32_t)((int64_t)k >> 52) - tiny * 52.0;
  double f = f64_of_bits((k & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
  double s = f / (2.0 + f), z = s * s;
  double p = 1.479819860511658591e-01;
  p = p * z + 1.531383769920937332e-01;
  p = p * z + 1.818357216161805012e-01;
  p = p * z + 2.222219843214978396e-01;
  p = p * z + 2.857142874366239149e-01;
  p = p * z + 3.999999999940941908e-01;
  p = p * z + 6.666666666666735130e-01;
  double h = 0.5 * f * f;
  double y = n * 6.93147180369123816490e-01 - ((h - (s * (h + p * z) + n * 1.90821492927058770002e-10)) - f);
  y = x == 0.0 ? -__builtin_inf() : y;
  y = x < 0.0 ? __builtin_nan("") : y;
  return x > 1.7976931348623157e+308 || x != x ? x : y;
}

/* e^x - 1: near zero the Taylor series. */
EAIC_INLINE double k_expm1_f64(double x) {
  double p = 1.984126984126984e-04;
  p = p * x + 1.388888888888889e-03;
  p = p * x + 8.333333333333333e-03;
  p = p * x + 4.1666666666666664e-02;
  p = p * x + 1.6666666666666666e-01;
  p = p * x + 0.5;
  double near_zero = p * (x * x) + x;
  return __builtin_copysign(__builtin_fabs(x) < 0.015625 ? near_zero : k_exp_f64(x) - 1.0, x);
}

/* log(1 + e), e >= 0, with the rounding error of 1 + e made good. */
EAIC_INLINE double k_log1p_f64(double e) {
  double u = 1.0 + e;
  return k_log_f64(u) - ((u - 1.0) - e) / u;
}

EAIC_INLINE double k_sigmoid_f64(double x) {
  double e = k_exp_f64(x < 0.0 ? x : -x);
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/* (e^2a - 1) / (e^2a + 1). */
EAIC_INLINE double k_tanh_f64(double x) {
  double a = __builtin_fabs(x);
  double e = k_expm1_f64(a > 20.0 ? 40.0 : a + a);
  return __builtin_copysign(e / (e + 2.0), x);
}

/* max(x, 0) + log(1 + e^-|x|) */
EAIC_INLINE double k_softplus_f64(double x) {
  return (x > 0.0 ? x : 0.0) + k_log1p_f64(k_exp_f64(-__builtin_fabs(x)));
}

/* Error function: the series 2 / sqrt(pi) * e^-x^2 * sum 2^n x^(2n+1) / (1 * 3 * .. (2n+1)), whose terms have
 * one sign. */
EAIC_INLINE double k_erf_f64(double x) {
  double a = __builtin_fabs(x), z = a > 6.0 ? 36.0 : x * x;
  double term = 1.0, sum = 1.0;
  for (int n = 1; n < 150; n++) {
    term = term * (2.0 * z) / (double)(2 * n + 1);
    sum = sum + term;
  }
  double y = 1.1283791670955126 * k_exp_f64(-z) * sum * x;
  return a > 6.0 ? __builtin_copysign(1.0, x) : y;
}

/* |a|^b = e^(b log|a|) with C's special cases: 1 for b = 0 or a = 1; a negative `a` needs an integer b. */
EAIC_INLINE double k_pow_f64(double a, double b) {
  double whole = __builtin_floor(b), half = b * 0.5;
  int odd = whole == b && __builtin_floor(half) != half;
  double y = k_exp_f64(b * k_log_f64(__builtin_fabs(a)));
  y = __builtin_fabs(a) == 1.0 && b == b ? 1.0 : y; /* also for infinite b */
  y = odd && (bits_of_f64(a) >> 63) ? -y : y;
  y = a < 0.0 && whole != b && a > -__builtin_inf() ? __builtin_nan("") : y;
  return b == 0.0 || a == 1.0 ? 1.0 : y;
}

/* By way of double precision: correctly rounded but for rare near-ties. */
EAIC_INLINE float k_expm1_f32(float x) { return (float)k_expm1_f64((double)x); }
EAIC_INLINE float k_softplus_f32(float x) { return (float)k_softplus_f64((double)x); }
EAIC_INLINE float k_pow_f32(float a, float b) { return (float)k_pow_f64((double)a, (double)b); }

#endif
