#include "plan/plan.h"

static void print_port(struct buffer *out, const char *kind, const struct port *p) {
  buffer_printf(out, "%s \"%s\" %s[", kind, p->name, dtype_name(p->type.dtype));
  for (int i = 0; i < p->type.rank; i++)
    buffer_printf(out, "%s%lld", i ? "," : "", (long long)p->type.dim[i]);
  buffer_printf(out, "] at %lld, %lld bytes\n", (long long)p->offset, (long long)p->bytes);
}

static void print_step(struct buffer *out, int index, const struct step *s) {
  buffer_printf(out, "step %d %s(", index, s->kernel->name);
  for (int k = 0; k < s->operand_count; k++) {
    if (k) buffer_text(out, ", ");
    if (!s->offset[k])
      buffer_text(out, "_");
    else
      buffer_printf(out, "%s%lld", s->call->operand[k].written ? "=" : "", (long long)s->offset[k]);
  }
  buffer_printf(out, ") macs=%lld", (long long)s->call->macs);
  for (const struct origin *o = s->call->node->origin; o; o = o->next)
    buffer_printf(out, " @\"%s\"(%s)", o->name, o->op);
  buffer_byte(out, '\n');
}

void plan_print(struct buffer *out, const struct program *p) {
  buffer_printf(out, "memory constants %d..%lld, arena %lld..%lld (%lld live at most)\n", (int)PLAN_BASE,
                (long long)p->arena_offset, (long long)p->arena_offset, (long long)p->end,
                (long long)p->peak_live_bytes);
  for (int i = 0; i < p->inputs.count; i++) print_port(out, "input", &p->inputs.at[i]);
  for (int i = 0; i < p->outputs.count; i++) print_port(out, "output", &p->outputs.at[i]);
  for (int i = 0; i < p->steps.count; i++) print_step(out, i, &p->steps.at[i]);
}
