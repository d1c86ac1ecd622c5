/* Which kernel is chosen for which dot product: a table. */
#include <string.h>

#include "lower/lower_dot.h"

static const struct {
  enum kernel_id (*select)(const struct dot_query *q);
  struct dot_query query;
  const char *kernel;
} cases[] = {
#define CONV(...) \
  select_conv, { __VA_ARGS__ }
#define TRANSPOSE(...) \
  select_conv_transpose, { __VA_ARGS__ }
#define MATMUL(...) \
  select_matmul, { __VA_ARGS__ }
    {CONV(.level = LEVEL_SCALAR, .integer = true, .constant = true, .k = 9), "conv_x8_plain"},
    {CONV(.level = LEVEL_SCALAR, .constant = true, .k = 9), "conv_f32_plain"},
    {CONV(.level = LEVEL_SIMD128, .plain = true, .integer = true, .constant = true, .k = 9), "conv_x8_plain"},
    {CONV(.level = LEVEL_SIMD128, .integer = true, .constant = true, .k = 9), "conv_x8_4x8_simd128"},
    {CONV(.level = LEVEL_RELAXED, .integer = true, .constant = true, .k = 9), "conv_x8_4x8_simd128"},
    {CONV(.level = LEVEL_SIMD128, .constant = true, .k = 9), "conv_f32_4x8_simd128"},
    {CONV(.level = LEVEL_SIMD128, .integer = true, .constant = true, .depthwise = true, .k = 9),
     "depthwise_x8_simd128"},
    {CONV(.level = LEVEL_SIMD128, .constant = true, .depthwise = true, .k = 9), "depthwise_f32_simd128"},
    {CONV(.level = LEVEL_SCALAR, .constant = true, .depthwise = true, .k = 9), "conv_f32_plain"},
    {CONV(.level = LEVEL_SIMD128, .integer = true, .k = 9), "conv_x8_plain"},
    {CONV(.level = LEVEL_SIMD128, .k = 9), "conv_f32_plain"},
    {TRANSPOSE(.level = LEVEL_SIMD128, .k = 9), "conv_transpose_f32_plain"},
    {TRANSPOSE(.level = LEVEL_SIMD128, .upsampling = true, .k = 9), "conv_transpose_f32_4x8_simd128"},
    {TRANSPOSE(.level = LEVEL_SCALAR, .upsampling = true, .k = 9), "conv_transpose_f32_plain"},
    {MATMUL(.level = LEVEL_SCALAR, .integer = true, .constant = true, .rows = 8, .k = 64), "matmul_x8_plain"},
    {MATMUL(.level = LEVEL_SCALAR, .constant = true, .rows = 8, .k = 64), "matmul_f32_plain"},
    {MATMUL(.level = LEVEL_SIMD128, .plain = true, .constant = true, .rows = 8, .k = 64), "matmul_f32_plain"},
    {MATMUL(.level = LEVEL_SIMD128, .integer = true, .constant = true, .rows = 1, .k = 64),
     "matmul_x8_4x8_simd128"},
    {MATMUL(.level = LEVEL_SIMD128, .constant = true, .rows = 1, .k = 64), "matmul_f32_4x8_simd128"},
    {MATMUL(.level = LEVEL_SIMD128, .rows = 1, .k = 64), "matmul_f32_4x8_simd128"},
    {MATMUL(.level = LEVEL_SIMD128, .transpose_b = true, .rows = 1, .k = 64), "matmul_f32_plain"},
    {MATMUL(.level = LEVEL_SIMD128, .transpose_b = true, .rows = 4, .k = 64), "matmul_f32_4x8_simd128"},
    {MATMUL(.level = LEVEL_SIMD128, .integer = true, .rows = 3, .k = 64), "matmul_x8_plain"},
    {MATMUL(.level = LEVEL_SIMD128, .integer = true, .rows = 4, .k = 64), "matmul_x8_4x8_simd128"},
    {MATMUL(.level = LEVEL_SIMD128, .constant = true, .rows = 4, .k = 0), "matmul_f32_plain"},
#undef CONV
#undef TRANSPOSE
#undef MATMUL
};

int main(void) {
  int failures = 0;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *name = kernel_row(cases[i].select(&cases[i].query))->name;
    if (strcmp(name, cases[i].kernel) == 0) continue;
    printf("case %zu: %s, expected %s\n", i, name, cases[i].kernel);
    failures++;
  }
  return failures != 0;
}
