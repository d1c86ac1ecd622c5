/* Figures from samples, and a test whether two sets of samples differ. */
#include <math.h>
#include <stdlib.h>

#include "stat/stat.h"

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Quantile q of sorted samples, interpolated between neighbours. */
static double quantile(const double *sorted, int count, double q) {
  double position = q * (count - 1);
  int below = (int)position;
  int above = below + 1 < count ? below + 1 : below;
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

struct summary summarize(struct ctx *c, const double *samples, int count) {
  CHECK(c, count >= 1);
  double *sorted = ctx_copy(c, samples, (size_t)count * sizeof *samples);
  qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
  struct summary s = {.count = count, .min = sorted[0], .max = sorted[count - 1]};
  s.median = quantile(sorted, count, 0.5);
  s.p95 = quantile(sorted, count, 0.95);

  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) sum += sorted[i];
  s.mean = sum / count;
  for (int i = 0; i < count; i++) squares += (sorted[i] - s.mean) * (sorted[i] - s.mean);
  s.stddev = count > 1 ? sqrt(squares / (count - 1)) : 0;

  double q1 = quantile(sorted, count, 0.25), q3 = quantile(sorted, count, 0.75);
  for (int i = 0; i < count; i++) s.outliers += sorted[i] > q3 + 3 * (q3 - q1);
  return s;
}

const char *summary_warning(const struct summary *s) {
  if (s->count < 10) return "few samples: measure longer (--duration)";
  if (s->outliers * 10 > s->count)
    return "more than a tenth of the samples are outliers: is the machine busy?";
  if (s->stddev > 0.2 * s->mean) return "times vary by more than 20%: is the machine busy?";
  return NULL;
}

struct ranked {
  double value;
  bool from_b;
};

static int compare_ranked(const void *a, const void *b) {
  return compare_doubles(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

double mann_whitney(struct ctx *c, const double *a, int a_count, const double *b, int b_count) {
  CHECK(c, a_count >= 4 && b_count >= 4);
  int n = a_count + b_count;
  struct ranked *all = CTX_ARRAY(c, struct ranked, n);
  for (int i = 0; i < a_count; i++) all[i] = (struct ranked){a[i], false};
  for (int i = 0; i < b_count; i++) all[a_count + i] = (struct ranked){b[i], true};
  qsort(all, (size_t)n, sizeof *all, compare_ranked);

  double rank_sum = 0, ties = 0; /* of b; sum of t^3 - t over groups of t equal values */
  for (int i = 0, end; i < n; i = end) {
    for (end = i + 1; end < n && all[end].value == all[i].value;) end++;
    double t = end - i, rank = (i + 1 + end) / 2.0; /* equal values share the mean of their ranks, from 1 */
    for (int k = i; k < end; k++) rank_sum += all[k].from_b ? rank : 0;
    ties += t * t * t - t;
  }
  double na = a_count, nb = b_count;
  double u = rank_sum - nb * (nb + 1) / 2;
  double variance = na * nb / 12 * (n + 1 - ties / ((double)n * (n - 1)));
  if (variance <= 0) return 0.5;                                   /* all equal */
  return 0.5 * erfc((u - na * nb / 2 - 0.5) / sqrt(2 * variance)); /* 0.5: continuity correction */
}
