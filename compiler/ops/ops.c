#include "ops/ops.h"

#include <string.h>

#include "ops/infer.h"

enum shape_class { CLASS_OTHER, CLASS_UNARY, CLASS_BINARY };

static const struct row {
  const char *name;
  int min_inputs, max_inputs, outputs;
  infer_function *infer;
  const char *attrs; /* names that the op takes, separated by blanks */
  const char *doc;
} rows[OP_COUNT] = {
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc) \
  [OP_##e] = {name, min, max, outputs, infer_##infer, attrs, doc},
#include "ir/ops.def"
};

static const uint8_t classes[OP_COUNT] = {
#define OP(e, ...) [OP_##e] = CLASS_OTHER,
#define UNARY(e, ...) [OP_##e] = CLASS_UNARY,
#define BINARY(e, ...) [OP_##e] = CLASS_BINARY,
#define COMPARE(e, ...) [OP_##e] = CLASS_BINARY,
#include "ir/ops.def"
};

const char *op_doc(enum op op) { return rows[op].doc; }
int op_min_inputs(enum op op) { return rows[op].min_inputs; }
int op_max_inputs(enum op op) { return rows[op].max_inputs; }
int op_output_count(enum op op) { return rows[op].outputs; }
bool op_is_unary(enum op op) { return classes[op] == CLASS_UNARY; }
bool op_is_binary(enum op op) { return classes[op] == CLASS_BINARY; }

static bool takes_attr(enum op op, const char *name) {
  const size_t length = strlen(name);
  for (const char *p = rows[op].attrs; (p = strstr(p, name)) != NULL; p += length) {
    const bool starts = p == rows[op].attrs || p[-1] == ' ';
    if (starts && (p[length] == 0 || p[length] == ' ')) return true;
  }
  return false;
}

void ops_infer(struct ctx *c, enum op op, int input_count, struct value *const *input, int attr_count,
               const struct attr *attr, const struct type *want, const struct location *at, int output_count,
               struct type *output) {
  const struct row *row = &rows[op];
  const struct node attrs = {.op = op, .attr_count = attr_count, .attr = attr};
  if (input_count < row->min_inputs || input_count > row->max_inputs)
    fatal(c, at, "%s takes %d to %d inputs, not %d", row->name, row->min_inputs, row->max_inputs,
          input_count);
  for (int i = 0; i < row->min_inputs; i++)
    if (!input[i]) fatal(c, at, "%s: input %d is missing", row->name, i);
  for (int i = 0; i < attr_count; i++)
    if (!takes_attr(op, attr_key_name(attr[i].key)))
      fatal(c, at, "%s takes no attribute '%s'", row->name, attr_key_name(attr[i].key));
  if (output_count != row->outputs)
    fatal(c, at, "%s has %d output%s, not %d", row->name, row->outputs, row->outputs == 1 ? "" : "s",
          output_count);
  struct infer in = {.ctx = c,
                     .op = op,
                     .input_count = input_count,
                     .input = input,
                     .attrs = &attrs,
                     .at = at ? *at : (struct location){0},
                     .want = want,
                     .output = output,
                     .output_count = output_count};
  row->infer(&in);
  for (int i = 0; i < output_count; i++)
    if (!type_is_sane(&output[i])) fatal(c, at, "%s: its output would be impossibly large", row->name);
}

struct value *ops_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                       int attr_count, const struct attr *attr, const struct type *want,
                       const struct origin *origin) {
  struct type output[3];
  const struct location at = {origin ? origin->name : NULL, origin ? origin->op : NULL, NULL};
  const int outputs = op_output_count(op);
  CHECK(g->ctx, outputs <= (int)COUNT_OF(output));
  ops_infer(g->ctx, op, input_count, input, attr_count, attr, want, &at, outputs, output);
  return graph_node(g, op, input_count, input, attr_count, attr, outputs, output, origin)->output[0];
}

bool broadcast_shape(const struct type *a, const struct type *b, int *rank, int64_t *dim) {
  *rank = a->rank > b->rank ? a->rank : b->rank;
  for (int i = 0; i < *rank; i++) {
    const int ia = a->rank - *rank + i, ib = b->rank - *rank + i;
    const int64_t da = ia < 0 ? 1 : a->dim[ia], db = ib < 0 ? 1 : b->dim[ib];
    if (da != db && da != 1 && db != 1) return false;
    dim[i] = da == 1 ? db : da;
  }
  return true;
}

int64_t window_output(int64_t size, int64_t pad_begin, int64_t pad_end, int64_t kernel, int64_t stride,
                      int64_t dilation, bool ceil_mode) {
  const int64_t room = size + pad_begin + pad_end - dilation * (kernel - 1) - 1;
  if (room < 0) return 0;
  return (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
}
