#include "codegen/specialize.h"

#include <string.h>

static const uint8_t *operand_uses(struct ctx *c, const struct step *s) {
  uint8_t *use = ctx_alloc(c, (size_t)s->operand_count);
  for (int i = 0; i < s->operand_count; i++) {
    use[i] = s->offset[i] ? USE_ALONE : USE_ABSENT;
    for (int j = 0; j < i; j++)
      if (s->offset[i] && s->offset[j] == s->offset[i]) use[i] = use[j] = USE_SHARED;
  }
  return use;
}

/* The same function serves both: same kernel, same params, same operands present and shared. */
static bool same(const struct specialization *a, const struct step *s, const uint8_t *use) {
  const struct step *t = a->step;
  return t->kernel == s->kernel && t->operand_count == s->operand_count &&
         t->params_bytes == s->params_bytes && memcmp(t->params, s->params, s->params_bytes) == 0 &&
         memcmp(a->use, use, (size_t)s->operand_count) == 0;
}

static void name_all(struct ctx *c, struct specializations *out) {
  for (int i = 0; i < out->items.count; i++) {
    const struct kernel *kernel = out->items.at[i].step->kernel;
    int before = 0, all = 0;
    for (int j = 0; j < out->items.count; j++) {
      const bool equal = out->items.at[j].step->kernel == kernel;
      all += equal;
      before += equal && j < i;
    }
    out->items.at[i].name = all == 1 ? kernel->name : ctx_printf(c, "%s.%d", kernel->name, before);
  }
}

void specializations_find(struct ctx *c, const struct program *p, struct specializations *out) {
  memset(out, 0, sizeof *out);
  out->of_step = CTX_ARRAY(c, int, p->steps.count);
  for (int i = 0; i < p->steps.count; i++) {
    const struct step *s = &p->steps.at[i];
    const uint8_t *use = operand_uses(c, s);
    int found = 0;
    while (found < out->items.count && !same(&out->items.at[found], s, use)) found++;
    if (found == out->items.count) {
      const struct specialization item = {.step = s, .use = use};
      VECTOR_PUSH(c, &out->items, item);
    }
    out->of_step[i] = found;
  }
  name_all(c, out);
}
