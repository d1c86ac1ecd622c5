#include "codegen/specialize.h"

#include <string.h>

static struct specialization specialize(struct ctx *c, const struct step *s) {
  uint8_t *parameter = ctx_alloc(c, (size_t)s->operand_count);
  int count = 0;
  for (int i = 0; i < s->operand_count; i++) {
    if (!s->offset[i]) continue;
    int same = 0;
    while (s->offset[same] != s->offset[i]) same++;
    parameter[i] = same < i ? parameter[same] : (uint8_t)++count;
  }
  return (struct specialization){.step = s, .parameter = parameter, .parameter_count = count};
}

/* The same function serves both: same kernel, same params, same operands present and shared. */
static bool same(const struct specialization *a, const struct specialization *b) {
  const struct step *t = a->step, *s = b->step;
  return t->kernel == s->kernel && t->operand_count == s->operand_count &&
         t->params_bytes == s->params_bytes && memcmp(t->params, s->params, s->params_bytes) == 0 &&
         memcmp(a->parameter, b->parameter, (size_t)s->operand_count) == 0;
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
    const struct specialization item = specialize(c, s);
    int found = 0;
    while (found < out->items.count && !same(&out->items.at[found], &item)) found++;
    if (found == out->items.count) VECTOR_PUSH(c, &out->items, item);
    out->of_step[i] = found;
  }
  name_all(c, out);
}
