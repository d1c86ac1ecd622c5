/* stat: honest timing. Measures a function, keeps every sample, compares two sets of samples, writes and
 * reads reports. */
#ifndef EAIC_STAT_H
#define EAIC_STAT_H

#include "base/base.h"

/* timing.c. All times are seconds as doubles, from the monotonic clock_seconds() of base. */

struct timing_options {
  double warmup;   /* seconds of calls before the first sample; at least one call */
  double duration; /* seconds of samples */
  int min_samples, max_samples;
};
extern const struct timing_options timing_default; /* 0.3 s warm-up, 2 s, 20 to 2000 samples */

struct samples {
  int count;
  int batch;      /* calls behind each sample */
  double *second; /* per call, in the order measured */
};
/* Calls body(argument) again and again. Calls shorter than the clock resolves well are timed in batches: a
 * sample is a batch's time divided by its calls. */
struct samples timing_measure(struct ctx *c, const struct timing_options *options,
                              void (*body)(void *argument), void *argument);

/* summary.c */

struct summary {
  int count;
  double min, median, p95, max, mean, stddev;
  int outliers; /* samples above the third quartile by more than three times the interquartile range */
};
struct summary summarize(struct ctx *c, const double *samples, int count); /* count >= 1 */
/* Advice on how far to trust it: NULL, or one sentence. */
const char *summary_warning(const struct summary *s);

/* Mann-Whitney U test: the probability of `b` being so much larger than `a` by chance alone, when both come
 * from one distribution; normal approximation with correction for ties. Both need at least 4 samples. */
double mann_whitney(struct ctx *c, const double *a, int a_count, const double *b, int b_count);

/* report.c: benchmark results as JSON. Schema version 1:
 *   { "schema": 1, "eaic": "0.1.0", "module": "m.wasm", "model_sha256": "<64 hex digits>", "engine":
 * "wasmtime", "macs": 12345, "module_bytes": 99, "memory_bytes": 65536, "phases": { "compile": {...}, "instantiate": {...}, "first_run": {...},
 * "steady": {...} } } and each phase, in seconds: { "batch": 1, "min": 0, "median": 0, "p95": 0, "max": 0,
 * "mean": 0, "stddev": 0, "samples": [ ... ] } */

enum { REPORT_SCHEMA = 1 };
enum phase { PHASE_COMPILE, PHASE_INSTANTIATE, PHASE_FIRST_RUN, PHASE_STEADY, PHASE_COUNT };
extern const char *const phase_name[PHASE_COUNT];

struct report {
  const char *module, *engine;
  const char *model_sha256; /* of the model that the module was compiled from */
  int64_t macs, module_bytes, memory_bytes; /* macs: multiply-accumulates of one run */
  struct samples phase[PHASE_COUNT];
};
/* The JSON text, with a final newline. */
struct bytes report_write(struct ctx *c, const struct report *r);
/* Reads one back; fatal() when the text is none. */
struct report *report_read(struct ctx *c, struct bytes json);

#endif
