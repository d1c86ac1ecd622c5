/* --dim, --features and the options of `eaic compile`, for every command that compiles. The parser let only
 * well-formed arguments through. */
#include "command.h"

void compile_options(struct ctx *c, const struct options *o, struct eaic_options *out) {
  const struct option_list *dims = &o->given[OPTION_DIM];
  struct eaic_dim *dim = CTX_ARRAY(c, struct eaic_dim, dims->count);
  for (int i = 0; i < dims->count; i++) CHECK(c, parse_dim(c, dims->at[i], &dim[i].name, &dim[i].size));
  int simd128 = 0;
  CHECK(c, eaic_level_from_name("simd128", &simd128));
  *out = (struct eaic_options){
      .level = simd128,
      .stage = EAIC_STAGE_WASM,
      .dims = dim,
      .dim_count = dims->count,
      .profile = option_given(o, OPTION_PROFILE_STEPS),
      .debug = option_given(o, OPTION_DEBUG),
      .wasi = option_choice(o, OPTION_ABI, 0) == 1,
      .time = option_given(o, OPTION_TIME),
      .time_passes = option_given(o, OPTION_TIME_PASSES),
      .llvm_passes = option_text(o, OPTION_LLVM_PASSES),
      .print_after = option_text(o, OPTION_PRINT_AFTER),
      .stop_after = option_text(o, OPTION_STOP_AFTER),
      .skip_pass = option_text(o, OPTION_SKIP_PASS),
  };
  const char *features = option_text(o, OPTION_FEATURES), *stage = option_text(o, OPTION_EMIT);
  if (features) CHECK(c, eaic_level_from_name(features, &out->level));
  if (stage) CHECK(c, eaic_stage_from_name(stage, &out->stage));
}
