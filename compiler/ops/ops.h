/* ops: one row an IR op (ops.def), and the shape and type inference of each. */
#ifndef EAIC_OPS_H
#define EAIC_OPS_H

#include "ir/ir.h"

/* What inference gets and gives. `want` is the caller's wish for outputs that the inputs do not decide
 * (dtype and quantization of quantize, cast and of fused integer ops); its shape is ignored. */
struct infer {
  struct ctx *ctx;
  enum op op;
  int input_count;
  struct value *const *input;
  const struct node *attrs; /* only for attr_int() and friends */
  struct location at;
  const struct type *want; /* may be NULL */
  struct type *output;     /* to fill */
  int output_count;
};

/* Column owners: ops/ the inference function, lower/ the lowering function (lower.h), docs the text. */
const char *op_doc(enum op op);
int op_min_inputs(enum op op);
int op_max_inputs(enum op op); /* MAX_INPUTS: any number */
int op_output_count(enum op op);
/* Elementwise ops: one output element depends on the one element of each input at its (broadcast) place. */
bool op_is_unary(enum op op);
bool op_is_binary(enum op op);

/* Computes the output types. fatal() with the location when inputs or attributes do not fit. */
void ops_infer(struct ctx *c, enum op op, int input_count, struct value *const *input, int attr_count,
               const struct attr *attr, const struct type *want, const struct location *at, int output_count,
               struct type *output);

/* graph_node with inferred types: the way every importer and pass makes nodes. `want` may be NULL. Returns
 * output 0. */
struct value *ops_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                       int attr_count, const struct attr *attr, const struct type *want,
                       const struct origin *origin);

/* Fails when a graph breaks a rule: order, arity, types that inference would not give, quant sizes. That is a
 * bug of the pass named `after`; with `after` NULL a mistake in a text that was read, and fatal(). */
void ops_verify(const struct graph *g, const char *after);

/* The shape that `a` and `b` broadcast to (ONNX multidirectional); false when they don't. */
bool broadcast_shape(const struct type *a, const struct type *b, int *rank, int64_t *dim);
/* Where the scales of a per-axis quantized x go when it is reshaped: the axis of `dim` with the size and the
 * stride of the quantized axis, or -1. */
int quant_reshaped_axis(const struct type *x, int rank, const int64_t *dim);
/* Output rows of a window: floor((size + pads - dilation * (kernel - 1) - 1) / stride) + 1. */
int64_t window_output(int64_t size, int64_t pad_begin, int64_t pad_end, int64_t kernel, int64_t stride,
                      int64_t dilation, bool ceil_mode);

#endif
