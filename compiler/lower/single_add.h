/* QLinearAdd without double precision. */
#ifndef EAIC_SINGLE_ADD_H
#define EAIC_SINGLE_ADD_H

#include "base/base.h"

/* fma(a, ratio_a, fma(b, ratio_b, fixed)) of levels, clamped to [low, high] (integers), rounded to even. a
 * and b take every value of 8 bits from their lowest on. */
struct level_sum {
  float ratio_a, ratio_b, fixed;
  float low, high;
  int32_t a_lowest, b_lowest;
};

/* Looks for numbers near ratio_a, ratio_b and fixed with which a * ratio_a + (b * ratio_b + fixed) in single
 * precision, rounded at each step, gives the same levels for all 65,536 pairs. Puts them in their place and
 * returns true when there are such; true also bounds that sum: its magnitude is below 2^21. */
bool single_add_find(struct ctx *c, struct level_sum *s);

#endif
