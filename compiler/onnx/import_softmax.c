/* Softmax-1/11: over all axes from `axis` on, flattened to one. Softmax-13: over one axis. LogSoftmax
 * likewise. */
#include "onnx/import.h"

static struct value *make_softmax(struct import *n, enum op op, struct value *x, int64_t axis, bool flatten,
                                  const struct type *want) {
  if (x->type.rank == 0) FAIL(n, "the input is a single number");
  int at = flatten && axis == x->type.rank ? x->type.rank : need_axis(n, axis, x->type.rank);
  bool single = !flatten || at == x->type.rank - 1;
  struct value *y = x;
  if (!single) {
    int64_t dim[2] = {1, 1};
    for (int i = 0; i < x->type.rank; i++) dim[i >= at] *= x->type.dim[i];
    y = make_reshape(n, x, 2, dim);
    at = 1;
  }
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, at);
  y = make(n, op, 1, &y, 1, &attr, want);
  return make_reshape(n, y, x->type.rank, x->type.dim);
}

/* Argument: the IR op. */
void import_softmax(struct import *n) {
  bool flatten = n->opset < 13;
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  n->output[0] = make_softmax(n, (enum op)n->row->argument, x, attribute_int(n, "axis", flatten ? 1 : -1),
                              flatten, NULL);
}

/* com.microsoft QLinearSoftmax: which Softmax it means is in its attribute `opset`. */
void import_qlinear_softmax(struct import *n) {
  struct value *x = quantized_input(n, 0, "X");
  struct type want = quantized_output(n, 3, 4, x);
  bool flatten = attribute_int(n, "opset", 1) < 13;
  n->output[0] = make_softmax(n, OP_SOFTMAX, x, attribute_int(n, "axis", flatten ? 1 : -1), flatten, &want);
}
