/* Output types of every op, and the messages for inputs that do not fit. A case is a graph in .eir text with
 * one node; its declared output type is the wish when `want` is set, and ignored otherwise. */
#include <string.h>

#include "ops/ops.h"

enum { WANT = 1 };

static const struct {
  const char *inputs, *node; /* "f32[2,3]; s64[4]" are %0, %1 ..; node without "%y: " */
  int want;
  const char *expected; /* a type, or part of a message */
} cases[] = {
#define CASE(inputs, node, want, expected) {inputs, node, want, expected},
#include "ops/infer_cases.def"
#undef CASE
};

/* u8[2] q(0.5, 3), and for scales along an axis f32[2] q(axis=0, 0.5, 3, 0.25, 1). */
static const char *type_text(struct ctx *c, const struct type *t) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_printf(&b, "%s[", dtype_name(t->dtype));
  for (int i = 0; i < t->rank; i++) buffer_printf(&b, "%s%lld", i ? "," : "", (long long)t->dim[i]);
  buffer_text(&b, "]");
  if (!t->quant) return (const char *)b.data;
  buffer_text(&b, " q(");
  if (t->quant->axis >= 0) buffer_printf(&b, "axis=%d, ", t->quant->axis);
  for (int i = 0; i < t->quant->n; i++) {
    buffer_text(&b, i ? ", " : "");
    buffer_float(&b, t->quant->scale[i]);
    buffer_printf(&b, ", %d", (int)t->quant->zero_point[i]);
  }
  buffer_text(&b, ")");
  return (const char *)b.data;
}

struct run {
  int number;
  char *result; /* outside of the ctx */
  size_t room;
};

/* One "input %N: type" line for each type of the list; they are separated by "; ". */
static void input_lines(struct buffer *b, const char *types) {
  for (int i = 0; *types; i++) {
    size_t length = strcspn(types, ";");
    buffer_printf(b, "input %%%d: %.*s\n", i, (int)length, types);
    types += length;
    if (*types) types += strspn(types, "; ");
  }
}

static void infer_case(struct ctx *c, void *argument) {
  struct run *run = argument;
  struct buffer text;
  buffer_init(&text, c);
  buffer_text(&text, "graph \"case\"\n");
  input_lines(&text, cases[run->number].inputs);
  buffer_printf(&text, "%%y: %s\n", cases[run->number].node);
  struct graph *g = eir_parse(c, "case", (const char *)text.data, text.size);
  const struct node *n = g->nodes.at[0];
  const struct type *want = cases[run->number].want ? &n->output[0]->type : NULL;
  const struct location at = {.node = "N", .op = "Op"};
  struct type output[3];
  int outputs = op_output_count(n->op);
  ops_infer(c, n->op, n->input_count, n->input, n->attr_count, n->attr, want, &at, outputs, output);
  struct buffer b;
  buffer_init(&b, c);
  for (int i = 0; i < outputs; i++) buffer_printf(&b, "%s%s", i ? "; " : "", type_text(c, &output[i]));
  snprintf(run->result, run->room, "%s", (const char *)b.data);
}

static void take_message(void *user, const char *line) {
  struct run *run = user;
  snprintf(run->result, run->room, "%s", line);
}

int main(void) {
  int failures = 0;
  for (int i = 0; i < (int)COUNT_OF(cases); i++) {
    struct ctx c;
    char result[1000] = "";
    struct run run = {i, result, sizeof result};
    ctx_init(&c);
    c.report = take_message, c.report_user = &run;
    bool done = ctx_run(&c, infer_case, &run);
    const char *expected = cases[i].expected;
    if (done ? strcmp(result, expected) != 0
             : !strstr(result, expected) || !strstr(result, "node 'N' (Op)")) {
      printf("%s with %s:\n  got      %s\n  expected %s\n", cases[i].node, cases[i].inputs, result, expected);
      failures++;
    }
    ctx_free(&c);
  }
  return failures != 0;
}
