/* eaic bench: how fast a module is, and whether it became slower. */
#include <string.h>

#include "command.h"
#include "stat/stat.h"

/* The phases before the steady one are repeated less often: until a time is over, within bounds. */
enum { MIN_COMPILES = 3, MAX_COMPILES = 20, STARTS = 20 };
static const double compile_seconds = 0.5, starts_seconds = 2;

struct bench {
  const struct options *o;
  struct ctx *c;
  struct session session;
  struct report report;
  const struct report *baseline; /* NULL without --baseline */
  bool regressed;
};

static void compile_again(struct bench *b) {
  const struct engine *e = b->session.engine;
  struct bytes wasm = b->session.wasm;
  session_close(&b->session);
  session_open(b->c, &b->session, e, wasm);
  session_compile(b->c, &b->session);
}

static void measure_compile(struct bench *b) {
  struct samples *s = &b->report.phase[PHASE_COMPILE];
  *s = (struct samples){.batch = 1, .second = CTX_ARRAY(b->c, double, MAX_COMPILES)};
  double end = clock_seconds() + compile_seconds;
  while (s->count < MIN_COMPILES || (s->count < MAX_COMPILES && clock_seconds() < end)) {
    double start = clock_seconds();
    compile_again(b);
    s->second[s->count++] = clock_seconds() - start;
  }
}

/* Instantiation and first run by turns, each with a new instance. */
static void measure_starts(struct bench *b) {
  struct samples *instantiate = &b->report.phase[PHASE_INSTANTIATE],
                 *first = &b->report.phase[PHASE_FIRST_RUN];
  *instantiate = (struct samples){.batch = 1, .second = CTX_ARRAY(b->c, double, STARTS)};
  *first = (struct samples){.batch = 1, .second = CTX_ARRAY(b->c, double, STARTS)};
  double end = clock_seconds() + starts_seconds;
  for (int i = 0; i < STARTS && (i == 0 || clock_seconds() < end); i++) {
    double start = clock_seconds();
    session_instantiate(b->c, &b->session);
    instantiate->second[instantiate->count++] = clock_seconds() - start;
    module_load_inputs(b->c, b->o, &b->session, 1, "random:0");
    start = clock_seconds();
    session_infer(b->c, &b->session);
    first->second[first->count++] = clock_seconds() - start;
  }
}

static void infer(void *argument) {
  struct bench *b = argument;
  session_infer(b->c, &b->session);
}

static void measure_steady(struct bench *b) {
  struct timing_options timing = timing_default;
  timing.duration = option_number(b->o, OPTION_DURATION, timing.duration);
  b->report.phase[PHASE_STEADY] = timing_measure(b->c, &timing, infer, b);
}

/* "1.23 ms" */
static const char *duration_text(struct ctx *c, double seconds) {
  if (seconds < 1e-3) return ctx_printf(c, "%.2f us", seconds * 1e6);
  return seconds < 1 ? ctx_printf(c, "%.3f ms", seconds * 1e3) : ctx_printf(c, "%.3f s", seconds);
}

static void print_report(struct buffer *out, const struct report *r) {
  struct ctx *c = out->ctx;
  buffer_printf(out, "%s with %s, %lld bytes of module, %lld of memory\n", r->module, r->engine,
                (long long)r->module_bytes, (long long)r->memory_bytes);
  buffer_printf(out, "%-12s %12s %12s %12s %12s %12s %8s\n", "phase", "min", "median", "p95", "mean", "sigma",
                "samples");
  for (int i = 0; i < PHASE_COUNT; i++) {
    struct summary s = summarize(c, r->phase[i].second, r->phase[i].count);
    buffer_printf(out, "%-12s %12s %12s %12s %12s %12s %8d\n", phase_name[i], duration_text(c, s.min),
                  duration_text(c, s.median), duration_text(c, s.p95), duration_text(c, s.mean),
                  duration_text(c, s.stddev), s.count);
  }
  struct summary steady = summarize(c, r->phase[PHASE_STEADY].second, r->phase[PHASE_STEADY].count);
  if (r->macs) buffer_printf(out, "%.2f GMAC/s at the median\n", (double)r->macs / steady.median * 1e-9);
  const char *warning = summary_warning(&steady);
  if (warning) diag_warning(c, NULL, "%s", warning);
}

/* ---- --profile ---- */

enum { PROFILE_PASSES = 50 }; /* samples of each step, at most */

static void print_profile(struct bench *b, struct buffer *out) {
  struct ctx *c = b->c;
  struct bytes stepped = module_with_steps(c, &b->session);
  if (!stepped.data) fatal(c, NULL, "the module's steps cannot be told apart: compile it with --profile");
  if (stepped.data != b->session.wasm.data) {
    const struct engine *e = b->session.engine;
    session_close(&b->session);
    session_start(c, &b->session, e, stepped);
    module_load_inputs(c, b->o, &b->session, 1, "random:0");
  }
  const struct abi_module *m = b->session.abi;
  int *function = CTX_ARRAY(c, int, m->step_count);
  double **sample = CTX_ARRAY(c, double *, m->step_count), *median = CTX_ARRAY(c, double, m->step_count),
         total = 0;
  for (int i = 0; i < m->step_count; i++) {
    function[i] = session_find_step(&b->session, i);
    if (function[i] < 0) fatal(c, NULL, "damaged module: it exports no 'step_%d'", i);
    sample[i] = CTX_ARRAY(c, double, PROFILE_PASSES);
  }
  int passes = 0;
  for (double end = clock_seconds() + timing_default.duration; passes < PROFILE_PASSES; passes++) {
    if (passes > 0 && clock_seconds() > end) break;
    for (int i = 0; i < m->step_count; i++) {
      double start = clock_seconds();
      session_call(c, &b->session, function[i]);
      sample[i][passes] = clock_seconds() - start;
    }
  }
  for (int i = 0; i < m->step_count; i++) total += median[i] = summarize(c, sample[i], passes).median;

  buffer_printf(out, "\n%4s %12s %6s %9s  %-36s %s\n", "step", "median", "share", "GMAC/s", "kernel",
                "nodes");
  for (int i = 0; i < m->step_count; i++) {
    const struct abi_step *s = &m->step[i];
    const char *rate = s->macs ? ctx_printf(c, "%.2f", (double)s->macs / median[i] * 1e-9) : "";
    buffer_printf(out, "%4d %12s %5.1f%% %9s  %s%*s", i, duration_text(c, median[i]), 100 * median[i] / total,
                  rate, s->kernel, s->node_count ? (int)max_i64(0, 36 - (int64_t)strlen(s->kernel)) : 0, "");
    for (int k = 0; k < s->node_count; k++) buffer_printf(out, " %s", s->node[k]);
    buffer_text(out, "\n");
  }
}

/* ---- --baseline ---- */

/* A difference that chance makes in fewer than one run in a hundred. */
static const double significance = 0.01;
enum { MIN_COMPARED = 4 };

/* Before anything is measured: is there a baseline that this run can be compared with? */
static void read_baseline(struct bench *b) {
  struct ctx *c = b->c;
  const char *path = option_text(b->o, OPTION_BASELINE), *module = c->file;
  if (!path) return;
  c->file = path;
  const struct report *old = report_read(c, file_read(c, path, 1 << 28));
  const int samples = old->phase[PHASE_STEADY].count;
  if (strcmp(old->engine, b->report.engine)) {
    fatal(c, NULL, "the baseline was measured with engine '%s', this run with '%s'", old->engine,
          b->report.engine);
  }
  if (strcmp(old->model_sha256, b->report.model_sha256))
    fatal(c, NULL, "the baseline was measured with another model than '%s' was compiled from", module);
  if (samples < MIN_COMPARED) fatal(c, NULL, "the baseline has only %d steady samples", samples);
  c->file = module;
  b->baseline = old;
}

static void compare_with_baseline(struct bench *b, struct buffer *out) {
  if (!b->baseline) return;
  const struct samples *before = &b->baseline->phase[PHASE_STEADY], *now = &b->report.phase[PHASE_STEADY];
  double limit = option_number(b->o, OPTION_MAX_REGRESSION, 0.05);
  double old_median = summarize(b->c, before->second, before->count).median;
  double change = summarize(b->c, now->second, now->count).median / old_median - 1;
  double p = mann_whitney(b->c, before->second, before->count, now->second, now->count);
  b->regressed = change > limit && p < significance;
  buffer_printf(out, "baseline %s: median %s, now %+.1f%% (at most %+.1f%%), p = %.2g: %s\n",
                option_text(b->o, OPTION_BASELINE),
                duration_text(b->c, old_median), change * 100, limit * 100, p,
                b->regressed ? "REGRESSED" : "ok");
}

static void bench(struct ctx *c, void *argument) {
  struct bench *b = argument;
  bool profile = option_given(b->o, OPTION_PROFILE);
  const char *path = b->o->arguments.at[0], *json = option_text(b->o, OPTION_JSON);
  struct bytes wasm = module_bytes(c, b->o, path);
  session_open(c, &b->session, module_engine(c, b->o), wasm);
  b->report.module = path_basename(path);
  b->report.engine = b->session.engine->name;
  b->report.model_sha256 = b->session.abi->model_sha256;
  b->report.macs = module_macs(b->session.abi);
  b->report.module_bytes = (int64_t)wasm.size;
  b->report.memory_bytes = b->session.abi->total_bytes;

  read_baseline(b); /* mistakes show before the work is done */
  if (json) file_check_writable(c, json);
  measure_compile(b);
  measure_starts(b);
  measure_steady(b);
  struct buffer out;
  buffer_init(&out, c);
  print_report(&out, &b->report);
  compare_with_baseline(b, &out);
  if (profile) print_profile(b, &out);
  file_write(c, "-", out.data, out.size);

  if (!json) return;
  struct bytes text = report_write(c, &b->report);
  file_write(c, json, text.data, text.size);
}

enum exit_code cmd_bench(struct ctx *c, struct options *o) {
  struct bench b = {.o = o, .c = c};
  bool done = ctx_run(c, bench, &b);
  session_close(&b.session);
  return !done ? EXIT_FAILED : b.regressed ? EXIT_DIFFERENT : EXIT_DONE;
}
