/* eaic ops: the importer's table. */
#include "command.h"

static void list_operators(struct ctx *c, void *unused) {
  (void)unused;
  struct buffer out;
  buffer_init(&out, c);
  for (int i = 0; i < eaic_operator_count(); i++) {
    struct eaic_operator op = eaic_operator_at(i);
    const char *domain = *op.domain ? op.domain : "ai.onnx";
    const char *until = op.until ? ctx_printf(c, "-%d", op.until) : "+";
    const char *range = ctx_printf(c, "%d%s", op.since, until);
    buffer_printf(&out, "%-14s %-28s %-8s%s%s\n", domain, op.name, range, *op.notes ? " " : "", op.notes);
  }
  file_write(c, "-", out.data, out.size);
}

enum exit_code cmd_ops(struct ctx *c, struct options *o) {
  (void)o;
  return ctx_run(c, list_operators, NULL) ? EXIT_DONE : EXIT_FAILED;
}
