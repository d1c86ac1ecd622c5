/* Every row of kernels.def, at every feature level that has it, becomes a valid module without imports: the
 * bitcode is there, and nothing in it needs a C library. Twice, with all params 0 and all 3, so that flags
 * are off and on. Nothing is run. */
#include <string.h>

#include "wasm/wasm.h"

enum { PARAM_WORDS = 128, OPERANDS = 16 };

static void add_step(struct program *p, const struct kernel *kernel, int32_t word) {
  struct ctx *c = p->ctx;
  int32_t *params = CTX_ARRAY(c, int32_t, PARAM_WORDS);
  for (int i = 0; i < PARAM_WORDS; i++) params[i] = word;
  struct step s = {.kernel = kernel,
                   .params = params,
                   .params_bytes = sizeof(int32_t) * PARAM_WORDS,
                   .operand_count = OPERANDS,
                   .offset = CTX_ARRAY(c, int64_t, OPERANDS),
                   .call = CTX_NEW(c, struct call)};
  for (int i = 0; i < OPERANDS; i++) s.offset[i] = PLAN_BASE + PLAN_ALIGN * i;
  VECTOR_PUSH(c, &p->steps, s);
}

static void compile_all(struct ctx *c, void *level) {
  struct program *p = CTX_NEW(c, struct program);
  p->ctx = c;
  p->level = *(const enum level *)level;
  p->end = PLAN_BASE + PLAN_ALIGN * OPERANDS;
  for (int id = 0; id < KERNEL_COUNT; id++) {
    const struct kernel *kernel = kernel_row((enum kernel_id)id);
    for (int32_t word = 0; kernel->level <= p->level && word <= 3; word += 3) add_step(p, kernel, word);
  }
  const struct codegen_options codegen = {0};
  const struct wasm_options options = {0};
  const struct module_info info = {"every kernel", "", 1};
  const struct bytes module = wasm_link(c, p, codegen_object(c, p, &codegen), &info, &options);
  const char *problem = wasm_validate(c, module, p->level);
  if (problem) fatal(c, NULL, "level %d: %s", (int)p->level, problem);
}

int main(void) {
  int failures = 0;
  for (enum level level = LEVEL_SCALAR; level < LEVEL_COUNT; level++) {
    struct ctx c;
    ctx_init(&c);
    failures += !ctx_run(&c, compile_all, &level);
    ctx_free(&c);
  }
  return failures != 0;
}
