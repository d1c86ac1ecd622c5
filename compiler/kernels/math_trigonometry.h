/* Trigonometric and hyperbolic functions, after kernels/math.h. f32 goes by way of f64, so that its results are
 * correctly rounded but for rare near-ties. f64: relative errors below 1e-13; sin, cos and tan for |x| < 2^30 only (beyond,
 * they are defined but lose precision). */
#ifndef EAIC_MATH_TRIGONOMETRY_H
#define EAIC_MATH_TRIGONOMETRY_H

#include "kernels/math.h"

/* Sine (quadrant 0) or cosine (1) or their negatives (2, 3) of r in -pi/4..pi/4: FreeBSD's k_sin and k_cos. */
EAIC_INLINE double sin_of_quadrant(double r, int32_t quadrant) {
  double z = r * r;
  double s = 1.58969099521155010221e-10;
  s = s * z - 2.50507602534068634195e-08;
  s = s * z + 2.75573137070700676789e-06;
  s = s * z - 1.98412698298579493134e-04;
  s = s * z + 8.33333333332248946124e-03;
  s = s * z - 1.66666666666666324348e-01;
  s = s * z * r + r;
  double c = -1.13596475577881948265e-11;
  c = c * z + 2.08757232129817482790e-09;
  c = c * z - 2.75573143513906633035e-07;
  c = c * z + 2.48015872894767294178e-05;
  c = c * z - 1.38888888888741095749e-03;
  c = c * z + 4.16666666666666019037e-02;
  c = c * z * z + (1.0 - 0.5 * z);
  double y = quadrant & 1 ? c : s;
  return quadrant & 2 ? -y : y;
}

/* x = quadrant * pi/2 + r, |r| <= pi/4, pi/2 in three parts of 33 bits. */
EAIC_INLINE double trigonometric_rest(double x, int32_t *quadrant) {
  double n = __builtin_rint(x * 6.36619772367581382433e-01);
  n = __builtin_fabs(n) < 1073741824.0 ? n : 0.0 * n;
  *quadrant = n == n ? (int32_t)n & 3 : 0;
  return ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624871116645580e-21;
}

/* The same for large floats (Payne and Hanek): the fraction of |x| * 2/pi from the 96 bits of 2/pi that matter. */
EAIC_INLINE double trigonometric_rest_large(float x, int32_t *quadrant) {
  static const uint32_t two_over_pi[8] = {0,           0x28be60dbu, 0x9391054au, 0x7f09d5f4u,
                                          0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau};
  uint32_t bits = bits_of_f32(x), mantissa = (bits & 0x7fffffu) << 8 | 0x80000000u;
  uint32_t exponent = (bits >> 23 & 0xffu) - 126u, word = exponent >> 5 & 3, shift = exponent & 31;
  if (exponent >= 128) word = 4, shift = 0;
  uint64_t high = (uint64_t)two_over_pi[word] << 32 | two_over_pi[word + 1];
  uint64_t low = (uint64_t)two_over_pi[word + 2] << 32 | two_over_pi[word + 3];
  if (shift) {
    high = high << shift | low >> (64 - shift);
    low = low << shift;
  }
  /* 96 bits times 32 bits, the upper 32 of the product dropped: whole multiples of 4 quadrants. */
  uint64_t product = (uint64_t)mantissa * (uint32_t)(low >> 32);
  product = (uint64_t)mantissa * (uint32_t)high + (product >> 32);
  product = ((uint64_t)(mantissa * (uint32_t)(high >> 32)) << 32) + product;
  uint32_t q = (uint32_t)(product >> 62);
  int64_t fraction = (int64_t)(product & 0x3fffffffffffffffu);
  if (fraction >= 0x2000000000000000) {
    fraction -= 0x4000000000000000;
    q++;
  }
  double r = (double)fraction * 3.4061215800304616e-19; /* pi/2 * 2^-62 */
  *quadrant = (int32_t)((bits >> 31 ? 0 - q : q) & 3);
  return bits >> 31 ? -r : r;
}

EAIC_INLINE double k_sin_f64(double x) {
  int32_t quadrant;
  double r = trigonometric_rest(x, &quadrant);
  return x == 0 ? x : sin_of_quadrant(r, quadrant);
}
EAIC_INLINE double k_cos_f64(double x) {
  int32_t quadrant;
  double r = trigonometric_rest(x, &quadrant);
  return sin_of_quadrant(r, quadrant + 1);
}
EAIC_INLINE double k_tan_f64(double x) { return k_sin_f64(x) / k_cos_f64(x); }

/* sin (quadrants 0), cos (1) of any float. */
EAIC_INLINE double sin_of_f32(float x, int32_t quadrants) {
  int32_t quadrant;
  double r = __builtin_fabsf(x) < 1048576.0f ? trigonometric_rest((double)x, &quadrant)
                                             : trigonometric_rest_large(x, &quadrant);
  return x - x != 0.0f ? (double)(x - x) / 0.0 * 0.0 : sin_of_quadrant(r, quadrant + quadrants);
}
EAIC_INLINE float k_sin_f32(float x) { return x == 0 ? x : (float)sin_of_f32(x, 0); }
EAIC_INLINE float k_cos_f32(float x) { return (float)sin_of_f32(x, 1); }
EAIC_INLINE float k_tan_f32(float x) { return x == 0 ? x : (float)(sin_of_f32(x, 0) / sin_of_f32(x, 1)); }

/* FreeBSD's s_atan: reduced to |x| < 7/16 by the differences to atan 0.5, 1, 1.5 and infinity. */
EAIC_INLINE double k_atan_f64(double x) {
  double a = __builtin_fabs(x), high = 0, low = 0, t = a;
  if (a >= 2.4375) {
    t = -1.0 / a, high = 1.57079632679489655800e+00, low = 6.12323399573676603587e-17;
  } else if (a >= 1.1875) {
    t = (a - 1.5) / (1.0 + 1.5 * a), high = 9.82793723247329054082e-01, low = 1.39033110312309984516e-17;
  } else if (a >= 0.6875) {
    t = (a - 1.0) / (a + 1.0), high = 7.85398163397448278999e-01, low = 3.06161699786838301793e-17;
  } else if (a >= 0.4375) {
    t = (2.0 * a - 1.0) / (2.0 + a), high = 4.63647609000806093515e-01, low = 2.26987774529616870924e-17;
  }
  double z = t * t;
  double p = 1.62858201153657823623e-02;
  p = p * z - 3.65315727442169155270e-02;
  p = p * z + 4.97687799461593236017e-02;
  p = p * z - 5.83357013379057348645e-02;
  p = p * z + 6.66107313738753120669e-02;
  p = p * z - 7.69187620504482999495e-02;
  p = p * z + 9.09088713343650656196e-02;
  p = p * z - 1.11111104054623557880e-01;
  p = p * z + 1.42857142725034663711e-01;
  p = p * z - 1.99999999998764832476e-01;
  p = p * z + 3.33333333333329318027e-01;
  return __builtin_copysign(high - ((t * (p * z) - low) - t), x);
}
EAIC_INLINE double k_asin_f64(double x) {
  return x == 0 ? x : k_atan_f64(x / __builtin_sqrt((1.0 - x) * (1.0 + x)));
}
EAIC_INLINE double k_acos_f64(double x) { return 2.0 * k_atan_f64(__builtin_sqrt((1.0 - x) / (1.0 + x))); }

EAIC_INLINE double k_sinh_f64(double x) {
  double a = __builtin_fabs(x), e = k_expm1_f64(a > 700.0 ? 700.0 : a), half = k_exp_f64(a * 0.5);
  double y = a > 700.0 ? half * 0.5 * half : 0.5 * (e + e / (e + 1.0));
  return __builtin_copysign(x == x ? y : x, x);
}
EAIC_INLINE double k_cosh_f64(double x) {
  double a = __builtin_fabs(x), e = k_exp_f64(a > 700.0 ? 700.0 : a), half = k_exp_f64(a * 0.5);
  double y = a > 700.0 ? half * 0.5 * half : 0.5 * (e + 1.0 / e);
  return x == x ? y : x;
}
/* log(a + sqrt(a^2 + 1)), log(x + sqrt(x^2 - 1)) and log((1 + a) / (1 - a)) / 2 by way of log(1 + e). */
EAIC_INLINE double k_asinh_f64(double x) {
  double a = __builtin_fabs(x), square = a * a;
  double y = a > 1e8 ? k_log_f64(a) + 0.69314718055994530942
                     : k_log1p_f64(a + square / (1.0 + __builtin_sqrt(1.0 + square)));
  return __builtin_copysign(a < 1e-9 ? a : y, x);
}
EAIC_INLINE double k_acosh_f64(double x) {
  double t = x - 1.0;
  double y = x > 1e8 ? k_log_f64(x) + 0.69314718055994530942 : k_log1p_f64(t + __builtin_sqrt(2.0 * t + t * t));
  return t < 0.0 ? __builtin_nan("") : y;
}
EAIC_INLINE double k_atanh_f64(double x) {
  double a = __builtin_fabs(x), y = 0.5 * k_log1p_f64((a + a) / (1.0 - a));
  y = a == 1.0 ? __builtin_inf() : a > 1.0 ? __builtin_nan("") : y;
  return __builtin_copysign(a < 1e-9 ? a : y, x);
}

#define F32_BY_F64(name) \
  EAIC_INLINE float k_##name##_f32(float x) { return (float)k_##name##_f64((double)x); }
F32_BY_F64(atan)
F32_BY_F64(asin)
F32_BY_F64(acos)
F32_BY_F64(sinh)
F32_BY_F64(cosh)
F32_BY_F64(asinh)
F32_BY_F64(acosh)
F32_BY_F64(atanh)

#endif
