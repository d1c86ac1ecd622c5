/* ONNX Runtime's MLAS kernels for x86-64 with FMA (logistic.cpp, tanh.cpp, compute.cpp), one operation after
 * the other. */
#include "lower/ort_float.h"

#include <math.h>
#include <stddef.h>

/* The last coefficient is that of the highest power, and comes first. */
static float polynomial(float z, const float *coefficient, size_t count) {
  float p = coefficient[0];
  for (size_t i = 1; i < count; i++) p = fmaf(p, z, coefficient[i]);
  return p;
}
#define POLYNOMIAL(z, c) polynomial(z, c, sizeof(c) / sizeof(c)[0])

static float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

float ort_sigmoid(float x) {
  static const float p[] = {4.37031012579801e-11f, 1.15627324459942e-07f, 6.08574864600143e-05f,
                            8.51377133304701e-03f, 2.48287947061529e-01f};
  static const float q[] = {6.10247389755681e-13f, 5.76102136993427e-09f, 6.29106785017040e-06f,
                            1.70198817374094e-03f, 1.16817656904453e-01f, 9.93151921023180e-01f};
  x = clamp(x, -18.0f, 18.0f);
  float z = x * x;
  return clamp(POLYNOMIAL(z, p) * x / POLYNOMIAL(z, q) + 0.5f, 0.0f, 1.0f);
}

float ort_tanh(float x) {
  static const float p[] = {-2.76076847742355e-16f, 2.00018790482477e-13f, -8.60467152213735e-11f,
                            5.12229709037114e-08f,  1.48572235717979e-05f, 6.37261928875436e-04f,
                            4.89352455891786e-03f};
  static const float q[] = {1.19825839466702e-06f, 1.18534705686654e-04f, 2.26843463243900e-03f,
                            4.89352518554385e-03f};
  x = clamp(x, -9.0f, 9.0f);
  float z = x * x;
  return POLYNOMIAL(z, p) * x / POLYNOMIAL(z, q);
}

float ort_exp(float x) {
  static const float p[] = {0x1.694p-10f, 0x1.125edcp-7f, 0x1.555b5ap-5f, 0x1.55545p-3f, 0x1.fffff6p-2f, 1.0f,
                            1.0f};
  if (x != x || x > 88.7228394f) return x + INFINITY;
  x = x > -103.9720840454f ? x : -103.9720840454f;
  float n = fmaf(x, 1.44269504088896341f, 12582912.0f) - 12582912.0f;
  float r = fmaf(n, -1.42860677e-6f, fmaf(n, -6.93145752e-1f, x));
  return ldexpf(POLYNOMIAL(r, p), (int)n);
}
