/* passes: graph -> graph. The ordered list is passes.def; one file a pass (pass_<name>.c).
 *
 * A pass is pure: it reads its input graph and builds a new one (struct rewrite, ir.h). Above each stands its
 * contract: needs: what must hold before; keeps: what stays true; gives: what holds from then on. */
#ifndef EAIC_PASSES_H
#define EAIC_PASSES_H

#include "eval/eval.h"

/* How far a pass may move results on seeded random inputs: EXACT, or STEPS(n): at most n units of an 8-bit
 * output, or ULPS-like RELATIVE for floats (1e-5 of the largest magnitude). Checked by `eaic-ir --check` in
 * the tests. */
enum pass_bound { PASS_EXACT, PASS_ONE_STEP, PASS_RELATIVE };

typedef struct graph *pass_function(struct ctx *c, const struct graph *g);

struct pass {
  const char *name;
  pass_function *run;
  enum pass_bound bound;
  const char *doc;
};

int pass_count(void);
const struct pass *pass_at(int index);          /* in order of execution */
const struct pass *pass_find(const char *name); /* NULL when there is none */

struct pass_options {
  const char *print_after; /* name, or "all"; printed to print_to */
  const char *stop_after;  /* name */
  const char *skip;        /* names separated by commas */
  bool verify;             /* ops_verify after each pass */
  bool time;               /* report the time of each */
  FILE *print_to;
};
/* Runs all passes. fatal() when an option names no pass. */
struct graph *passes_run(struct ctx *c, const struct graph *g, const struct pass_options *options);

#endif
