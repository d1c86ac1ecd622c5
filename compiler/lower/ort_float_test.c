/* Bits that ONNX Runtime 1.31.1 computes on x86-64 (CPU provider, float Sigmoid, Tanh and Exp). About half of
 * these differ from the correctly rounded results. */
#include "lower/ort_float.h"

#include <math.h>
#include <stdio.h>

static const struct {
  float x, sigmoid, tanh, exp;
} cases[] = {
    {-19.0f, 0.0f, -1.0f, 0x1.81057p-28f},
    {-7.3f, 0x1.61fp-11f, -0x1.ffffdep-1f, 0x1.622d44p-11f},
    {-2.5f, 0x1.36b71p-4f, -0x1.f92584p-1f, 0x1.50385cp-4f},
    {-0.8f, 0x1.3d7756p-2f, -0x1.53fca4p-1f, 0x1.cc1ce4p-2f},
    {-0.01f, 0x1.fd70a6p-2f, -0x1.47ab46p-7f, 0x1.fae7dp-1f},
    {0.3f, 0x1.261d54p-1f, 0x1.2a4ddap-2f, 0x1.599058p+0f},
    {1.7f, 0x1.b0e9eep-1f, 0x1.deedfp-1f, 0x1.5e5528p+2f},
    {4.9f, 0x1.fc372cp-1f, 0x1.fff17ap-1f, 0x1.0c946p+7f},
    {8.95f, 0x1.ffefp-1f, 0x1.fffffep-1f, 0x1.e1be4p+12f},
    {20.0f, 1.0f, 1.0f, 0x1.ceb088p+28f},
    {-1000.0f, 0.0f, -1.0f, 0.0f},
    {1000.0f, 1.0f, 1.0f, INFINITY},
};

static int check(const char *what, float x, float y, float expected) {
  if (y == expected) return 0;
  printf("%s(%g) = %a, ONNX Runtime gives %a\n", what, (double)x, (double)y, (double)expected);
  return 1;
}

int main(void) {
  int failures = 0;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    failures += check("sigmoid", cases[i].x, ort_sigmoid(cases[i].x), cases[i].sigmoid);
    failures += check("tanh", cases[i].x, ort_tanh(cases[i].x), cases[i].tanh);
    failures += check("exp", cases[i].x, ort_exp(cases[i].x), cases[i].exp);
  }
  if (!isnan(ort_sigmoid(NAN)) || !isnan(ort_tanh(NAN)) || !isnan(ort_exp(NAN)))
    printf("NaN is lost\n"), failures++;
  return failures != 0;
}
