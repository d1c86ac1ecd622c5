/* QLinearAdd in single precision: for every pair of levels the same as in ONNX Runtime's arithmetic, and
 * found for nearly all scales. */
#include "lower/single_add.h"

#include <math.h>

#include "kernels/kernel.h"

enum { CASES = 150 };

static uint32_t next(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* A scale of an operand over that of the sum. */
static float next_ratio(uint32_t *seed) {
  float mantissa = 1 + (float)next(seed) / 16777216.0f;
  return ldexpf(mantissa, (int)(next(seed) % 6) - 4);
}

static int32_t level(const struct level_sum *s, int32_t a, int32_t b, int32_t is_single) {
  float x = (float)a, y = (float)b;
  float v = is_single ? x * s->ratio_a + (y * s->ratio_b + s->fixed)
                      : fmaf(x, s->ratio_a, fmaf(y, s->ratio_b, s->fixed));
  return (int32_t)rintf(fminf(fmaxf(v, s->low), s->high));
}

static int count_differences(const struct level_sum *exact, const struct level_sum *single) {
  int differences = 0;
  for (int32_t a = exact->a_lowest; a < exact->a_lowest + 256; a++)
    for (int32_t b = exact->b_lowest; b < exact->b_lowest + 256; b++)
      differences += level(exact, a, b, 0) != level(single, a, b, 1);
  return differences;
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  uint32_t seed = 1;
  int found = 0, failures = 0;
  for (int i = 0; i < CASES; i++) {
    float low = i % 2 ? -128 : 0;
    struct level_sum exact = {.ratio_a = next_ratio(&seed),
                              .ratio_b = i % 3 ? next_ratio(&seed) : 0.5f,
                              .low = low,
                              .high = low + 255,
                              .a_lowest = i % 2 ? -128 : 0,
                              .b_lowest = i % 4 ? -128 : 0};
    exact.fixed = (float)(next(&seed) % 256) - exact.ratio_a * (float)(next(&seed) % 256);
    struct level_sum single = exact;
    if (!single_add_find(&c, &single)) continue;
    found++;
    int differences = count_differences(&exact, &single);
    if (differences) {
      failures++;
      printf("case %d (%a, %a, %a): %d pairs differ\n", i, (double)exact.ratio_a, (double)exact.ratio_b,
             (double)exact.fixed, differences);
    }
  }
  struct level_sum huge = {.ratio_a = 1e6f, .ratio_b = 1, .high = 255};
  if (single_add_find(&c, &huge)) {
    failures++;
    printf("sums beyond 2^21 were not refused\n");
  }
  if (found < CASES * 9 / 10) {
    failures++;
    printf("numbers found in %d of %d cases\n", found, CASES);
  }
  ctx_free(&c);
  return failures != 0;
}
