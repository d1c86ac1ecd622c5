/* Figures against values worked out by hand, the test against known cases, reports there and back. */
#include <math.h>
#include <string.h>

#include "stat/stat.h"

static int failures;

#define EXPECT(condition) \
  do { \
    if (!(condition)) failures++, printf("%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
  } while (0)

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * (1 + fabs(b)); }

static void test_summary(struct ctx *c) {
  const double samples[] = {5, 1, 4, 2, 3};
  struct summary s = summarize(c, samples, 5);
  EXPECT(s.min == 1 && s.median == 3 && s.max == 5 && s.mean == 3 && near(s.p95, 4.8) &&
         near(s.stddev, sqrt(2.5)));
  EXPECT(s.outliers == 0 && samples[0] == 5);
  struct summary one = summarize(c, samples, 1);
  EXPECT(one.min == 5 && one.median == 5 && one.p95 == 5 && one.stddev == 0);
  const double spiky[] = {1, 1.1, 1.2, 1.3, 9};
  EXPECT(summarize(c, spiky, 5).outliers == 1);
}

/* Samples spread evenly over [low, low + 1). */
static double *spread(struct ctx *c, double low, int count) {
  double *x = CTX_ARRAY(c, double, count);
  for (int i = 0; i < count; i++) x[i] = low + (double)i / count;
  return x;
}

static void test_mann_whitney(struct ctx *c) {
  const double *base = spread(c, 10, 40), *same = spread(c, 10.001, 40), *slow = spread(c, 10.5, 40);
  EXPECT(mann_whitney(c, base, 40, same, 40) > 0.3);
  EXPECT(mann_whitney(c, base, 40, slow, 40) < 1e-6);
  EXPECT(mann_whitney(c, slow, 40, base, 40) > 0.999);
  /* All of b above all of a, 4 against 4: U = 16, mean 8, sigma sqrt(12), z = 7.5 / sqrt(12). */
  const double a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8}, equal[] = {2, 2, 2, 2};
  EXPECT(near(mann_whitney(c, a, 4, b, 4), 0.5 * erfc(7.5 / sqrt(12) / sqrt(2))));
  EXPECT(mann_whitney(c, equal, 4, equal, 4) == 0.5);
}

static void count_call(void *argument) { ++*(int *)argument; }

static void test_timing(struct ctx *c) {
  int calls = 0;
  struct timing_options options = {.warmup = 0.001, .duration = 0.005, .min_samples = 3, .max_samples = 7};
  struct samples s = timing_measure(c, &options, count_call, &calls);
  EXPECT(s.count >= 3 && s.count <= 7 && s.batch > 1 && calls >= s.count * s.batch);
  for (int i = 0; i < s.count; i++) EXPECT(s.second[i] >= 0 && s.second[i] < 1e-3);
}

static void test_report(struct ctx *c) {
  struct report r = {
      .module = "a \"b\".wasm", .engine = "wabt", .model_sha256 = "0f",
      .macs = 12, .module_bytes = 34, .memory_bytes = 65536};
  for (int i = 0; i < PHASE_COUNT; i++)
    r.phase[i] = (struct samples){.count = 5, .batch = 2, .second = spread(c, i, 5)};
  struct report *back = report_read(c, report_write(c, &r));
  EXPECT(!strcmp(back->module, r.module) && !strcmp(back->engine, "wabt") && back->macs == 12);
  EXPECT(!strcmp(back->model_sha256, "0f"));
  EXPECT(back->module_bytes == 34 && back->memory_bytes == 65536);
  for (int i = 0; i < PHASE_COUNT; i++) {
    EXPECT(back->phase[i].count == 5);
    EXPECT(!memcmp(back->phase[i].second, r.phase[i].second, 5 * sizeof(double)));
  }
}

static void read_text(struct ctx *c, void *text) { report_read(c, (struct bytes){text, strlen(text)}); }

static void ignore(void *user, const char *line) { (void)user, (void)line; }

static void test_bad_reports(struct ctx *c) {
  static char bad[][160] = {
      "",
      "{",
      "[]",
      "{}",
      "{\"schema\":2}",
      "{\"schema\":1,\"phases\":{}}",
      "{\"schema\":1,\"phases\":{\"compile\":{\"samples\":[]}}}",
      "{\"schema\":1,\"phases\":{\"compile\":{\"samples\":[-1]}}}",
      "{\"schema\":1,\"phases\":{\"compile\":{\"samples\":[\"x\"]}}}",
      "{\"schema\":1,\"phases\":{\"compile\":{\"samples\":{\"a\":1}}}}",
  };
  c->report = ignore;
  for (size_t i = 0; i < COUNT_OF(bad); i++) EXPECT(!ctx_run(c, read_text, bad[i]));
}

int main(void) {
  struct ctx c;
  ctx_init(&c);
  test_summary(&c);
  test_mann_whitney(&c);
  test_timing(&c);
  test_report(&c);
  test_bad_reports(&c);
  ctx_free(&c);
  return failures != 0;
}
