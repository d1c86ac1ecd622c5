#include <stdlib.h>

#include "base/base.h"

/* Appends to a fixed line; too long a message is cut, never overrun. */
struct line {
  char text[2048];
  size_t used;
};

EAIC_PRINTF(2, 0)
static void line_vadd(struct line *l, const char *format, va_list args) {
  const size_t room = sizeof l->text - l->used;
  const int n = vsnprintf(l->text + l->used, room, format, args);
  if (n > 0) l->used += (size_t)n < room ? (size_t)n : room - 1;
}

EAIC_PRINTF(2, 3)
static void line_add(struct line *l, const char *format, ...) {
  va_list args;
  va_start(args, format);
  line_vadd(l, format, args);
  va_end(args);
}

/* "net.onnx: error: node 'Conv_12' (QLinearConv): tensor 'w': message" */
EAIC_PRINTF(4, 0)
static void report(struct ctx *c, const char *kind, const struct location *at, const char *format,
                   va_list args) {
  struct line l = {.used = 0};
  line_add(&l, "%s: %s: ", c->file ? c->file : "eaic", kind);
  if (at && at->node) line_add(&l, "node '%.200s'", at->node);
  if (at && at->node && at->op) line_add(&l, " (%.80s)", at->op);
  if (at && at->node) line_add(&l, ": ");
  if (at && at->tensor) line_add(&l, "tensor '%.200s': ", at->tensor);
  line_vadd(&l, format, args);
  for (char *p = l.text; *p; p++)
    if ((unsigned char)*p < ' ' || *p == 127) *p = '?'; /* names come from strangers: no control codes */
  c->report(c->report_user, l.text);
}

void diag_error(struct ctx *c, const struct location *at, const char *format, ...) {
  va_list args;
  va_start(args, format);
  c->errors++;
  report(c, "error", at, format, args);
  va_end(args);
}

void diag_warning(struct ctx *c, const struct location *at, const char *format, ...) {
  va_list args;
  va_start(args, format);
  c->warnings++;
  report(c, "warning", at, format, args);
  va_end(args);
}

void diag_stop(struct ctx *c) {
  if (c->escape) longjmp(*c->escape, 1);
  exit(1); /* outside of ctx_run there is nobody to return to */
}

void fatal(struct ctx *c, const struct location *at, const char *format, ...) {
  va_list args;
  va_start(args, format);
  c->errors++;
  report(c, "error", at, format, args);
  va_end(args);
  diag_stop(c);
}

void bug_at(struct ctx *c, const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  struct line l = {.used = 0};
  line_add(&l, "%s: internal error at %s:%d (please report this): ", c->file ? c->file : "eaic", file, line);
  line_vadd(&l, format, args);
  va_end(args);
  c->errors++;
  c->report(c->report_user, l.text);
  diag_stop(c);
}
