/* --dim, --features and the options of `eaic compile`, for every command that compiles. */
#include <string.h>

#include "command.h"

/* "NAME=N" */
static void read_dim(struct ctx *c, const char *text, struct eaic_dim *out) {
  const char *equals = strrchr(text, '=');
  if (!equals || equals == text || !parse_int64(equals + 1, &out->size) || out->size < 1) {
    fatal(c, NULL, "option '--dim' is '%s', expected NAME=N with N at least 1", text);
  }
  out->name = ctx_strndup(c, text, (size_t)(equals - text));
}

void compile_options(struct ctx *c, const struct options *o, struct eaic_options *out) {
  const struct option_list *dims = &o->given[OPTION_DIM];
  struct eaic_dim *dim = CTX_ARRAY(c, struct eaic_dim, dims->count);
  for (int i = 0; i < dims->count; i++) read_dim(c, dims->at[i], &dim[i]);
  int simd128 = 0;
  eaic_level_from_name("simd128", &simd128);
  *out = (struct eaic_options){
      .level = simd128,
      .stage = EAIC_STAGE_WASM,
      .dims = dim,
      .dim_count = dims->count,
      .profile = option_given(o, OPTION_PROFILE_STEPS),
      .debug = option_given(o, OPTION_DEBUG),
      .time = option_given(o, OPTION_TIME),
      .time_passes = option_given(o, OPTION_TIME_PASSES),
      .llvm_passes = option_text(o, OPTION_LLVM_PASSES),
      .print_after = option_text(o, OPTION_PRINT_AFTER),
      .stop_after = option_text(o, OPTION_STOP_AFTER),
      .skip_pass = option_text(o, OPTION_SKIP_PASS),
  };
  /* The parser let only known names through; the compiler's own tables give them meaning. */
  const char *features = option_text(o, OPTION_FEATURES), *stage = option_text(o, OPTION_EMIT);
  if (features) CHECK(c, eaic_level_from_name(features, &out->level));
  if (stage) CHECK(c, eaic_stage_from_name(stage, &out->stage));
}
