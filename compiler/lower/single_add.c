#include "lower/single_add.h"

#include <math.h>

#include "kernels/kernel.h"

enum { LEVELS = 256, FIXED_NUDGES = 13, RATIO_NUDGES = 7 };

/* A pair whose sum is so near to a tie that rounding errors may decide, and the level it must give. */
struct near_tie {
  float a, b;
  int32_t level;
};

static int32_t level_of(const struct level_sum *s, float a, float b, int32_t is_single) {
  float v = add_levels_f32(a, b, s->ratio_a, s->ratio_b, s->fixed, is_single);
  return requantize_f32(v, s->low, s->high, 0);
}

/* Numbers of one magnitude with alternating signs: 0, 1, -1, 2, -2 ... */
static int nudge(int i) { return i % 2 ? (i + 1) / 2 : -i / 2; }

static float move_ulps(float x, int ulps) {
  for (; ulps > 0; ulps--) x = nextafterf(x, INFINITY);
  for (; ulps < 0; ulps++) x = nextafterf(x, -INFINITY);
  return x;
}

/* All pairs that rounding errors of up to `error` can move, where `found` is not NULL; returns how many. */
static int find_near_ties(const struct level_sum *s, double error, struct near_tie *found) {
  int count = 0;
  for (int i = 0; i < LEVELS * LEVELS; i++) {
    float a = (float)(s->a_lowest + i / LEVELS), b = (float)(s->b_lowest + i % LEVELS);
    double v = (double)a * (double)s->ratio_a + (double)b * (double)s->ratio_b + (double)s->fixed;
    if (v < (double)s->low - 1 || v > (double)s->high + 1) continue;
    if (fabs(v - floor(v) - 0.5) > error) continue;
    if (found) found[count] = (struct near_tie){a, b, level_of(s, a, b, 0)};
    count++;
  }
  return count;
}

static bool gives_all(const struct level_sum *s, const struct near_tie *ties, int count) {
  for (int i = 0; i < count; i++)
    if (level_of(s, ties[i].a, ties[i].b, 1) != ties[i].level) return false;
  return true;
}

bool single_add_find(struct ctx *c, struct level_sum *s) {
  double largest = 256 * (fabs((double)s->ratio_a) + fabs((double)s->ratio_b)) + fabs((double)s->fixed);
  if (!(largest < 2097152.0)) return false;
  /* Each of five roundings is off by 2^-24 of the largest, and a nudge by a few times that. */
  double step = largest / 16777216, error = 32 * step;
  int count = find_near_ties(s, error, NULL);
  struct near_tie *ties = CTX_ARRAY(c, struct near_tie, count + 1);
  find_near_ties(s, error, ties);
  const struct level_sum exact = *s;
  for (int i = 0; i < FIXED_NUDGES * RATIO_NUDGES * RATIO_NUDGES; i++) {
    s->fixed = exact.fixed + (float)(nudge(i % FIXED_NUDGES) * step);
    s->ratio_a = move_ulps(exact.ratio_a, nudge(i / FIXED_NUDGES % RATIO_NUDGES));
    s->ratio_b = move_ulps(exact.ratio_b, nudge(i / FIXED_NUDGES / RATIO_NUDGES));
    if (gives_all(s, ties, count)) return true;
  }
  *s = exact;
  return false;
}
