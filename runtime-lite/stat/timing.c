/* Timing a function. */

#include "stat/stat.h"

/* A sample should last this long, so that the clock and short disturbances do not show. */
static const double min_sample_seconds = 1e-3;

const struct timing_options timing_default = {
    .warmup = 0.3, .duration = 2, .min_samples = 20, .max_samples = 2000};

static double time_batch(int calls, void (*body)(void *argument), void *argument) {
  double start = clock_seconds();
  for (int i = 0; i < calls; i++) body(argument);
  return clock_seconds() - start;
}

/* Runs until the warm-up is over; returns how many calls make a sample. */
static int warm_up(double seconds, void (*body)(void *argument), void *argument) {
  int batch = 1;
  for (double end = clock_seconds() + seconds;;) {
    double elapsed = time_batch(batch, body, argument);
    if (elapsed < min_sample_seconds && batch < 1 << 20) {
      batch *= 2;
    } else if (clock_seconds() >= end) {
      return batch;
    }
  }
}

struct samples timing_measure(struct ctx *c, const struct timing_options *options,
                              void (*body)(void *argument), void *argument) {
  int batch = warm_up(options->warmup, body, argument);
  VECTOR(double) second = {0};
  double end = clock_seconds() + options->duration;
  while (second.count < options->min_samples ||
         (second.count < options->max_samples && clock_seconds() < end)) {
    double sample = time_batch(batch, body, argument) / batch;
    VECTOR_PUSH(c, &second, sample);
  }
  return (struct samples){.count = second.count, .batch = batch, .second = second.at};
}
