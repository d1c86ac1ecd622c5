/* Which steps share a function, and how the functions are called. */
#include <string.h>

#include "codegen/specialize.h"

struct row {
  const char *kernel;
  int32_t param;
  int64_t offset[4];
  const char *function; /* expected */
};

static const struct row rows[] = {
    {"matmul_f32_plain", 1, {64, 128, 192, 0}, "matmul_f32_plain.0"},
    {"matmul_f32_plain", 1, {256, 320, 384, 0}, "matmul_f32_plain.0"}, /* other addresses */
    {"matmul_f32_plain", 2, {64, 128, 192, 0}, "matmul_f32_plain.1"},  /* other params */
    {"matmul_f32_plain", 1, {64, 0, 192, 0}, "matmul_f32_plain.2"},    /* an operand less */
    {"matmul_f32_plain", 1, {64, 128, 64, 0}, "matmul_f32_plain.3"},   /* in place */
    {"matmul_f32_plain", 1, {128, 128, 64, 0}, "matmul_f32_plain.4"},  /* other operands alias */
    {"matmul_f32_plain", 1, {256, 320, 256, 0}, "matmul_f32_plain.3"},
    {"matmul_x8_plain", 1, {64, 128, 192, 0}, "matmul_x8_plain"}, /* alone of its kernel: no number */
    {"matmul_x8_plain", 1, {64, 128, 256, 0}, "matmul_x8_plain"},
};

int main(void) {
  struct ctx c;
  ctx_init(&c);
  struct program p = {.ctx = &c};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const struct step s = {.kernel = kernel_find(rows[i].kernel),
                           .params = &rows[i].param,
                           .params_bytes = sizeof rows[i].param,
                           .operand_count = COUNT_OF(rows[i].offset),
                           .offset = ctx_copy(&c, rows[i].offset, sizeof rows[i].offset)};
    VECTOR_PUSH(&c, &p.steps, s);
  }
  struct specializations found;
  specializations_find(&c, &p, &found);
  int failures = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const char *name = found.items.at[found.of_step[i]].name;
    if (strcmp(name, rows[i].function) == 0) continue;
    failures++;
    printf("row %zu: function %s, expected %s\n", i, name, rows[i].function);
  }
  /* Operands with one address are one parameter. */
  const uint8_t expected[] = {1, 2, 1, 0};
  const struct specialization *in_place = &found.items.at[found.of_step[4]];
  if (memcmp(in_place->parameter, expected, sizeof expected) != 0 || in_place->parameter_count != 2) {
    failures++;
    printf("row 4: operands 0 and 2 are parameter 1, operand 1 is parameter 2, operand 3 is absent\n");
  }
  ctx_free(&c);
  return failures != 0;
}
