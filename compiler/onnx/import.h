/* Private to onnx/: what the importers of operators (import_*.c) share.
 *
 * An importer is a function `void import_<name>(struct import *n)`, named by a row of onnx_ops.def. It reads
 * the node's inputs and attributes, emits IR nodes, and sets n->output[]. What is wrong goes to FAIL(n, ...):
 * the node's outputs become unusable, nodes that need them are skipped silently, and the import goes on to
 * find further errors. */
#ifndef EAIC_IMPORT_H
#define EAIC_IMPORT_H

#include "ir/ir.h"
#include "onnx.pb-c.h"
#include "onnx/onnx.h"
#include "ops/ops.h"

struct import;
typedef void import_function(struct import *n);

/* One row of onnx_ops.def. `argument` is for importers that serve several rows: an `enum op` mostly. */
struct import_row {
  struct onnx_op_row op;
  import_function *run;
  int argument;
};

/* A tensor name of the model. */
enum tensor_state {
  TENSOR_UNSEEN,  /* its initializer, or the node that makes it, was not looked at yet */
  TENSOR_READY,   /* `value` is it */
  TENSOR_BROKEN,  /* an error was reported: whoever needs it is skipped */
  TENSOR_NO_VALUE /* an output that is not supported: an error when somebody needs it */
};
struct tensor {
  const char *name;
  enum tensor_state state;
  struct value *value;
  const Onnx__TensorProto *initializer; /* one of initializer, maker, or neither (graph input) */
  int maker;                            /* index of the node that makes it, or -1 */
  bool is_input;
};

/* One import. */
struct importer {
  struct ctx *ctx;
  struct graph *graph;
  const char *path; /* of the model; external data is beside it */
  const Onnx__ModelProto *model;
  const struct onnx_options *options;
  int64_t opset;           /* of ai.onnx */
  int64_t opset_microsoft; /* of com.microsoft; 1 when the model does not import it */
  struct map tensors;      /* name -> struct tensor */
  int errors_at_start;
  int64_t fold_bytes, fold_work; /* what folding may still cost, see import_make.c */
};

/* Budgets for folding constants, so that a small file cannot ask for endless memory or time: bytes read and
 * written, which grow with the model's own constants, and operations. What is over stays a node. */
#define FOLD_BYTES ((int64_t)1 << 28)
#define FOLD_BYTES_PER_BYTE 8
#define FOLD_WORK ((int64_t)1 << 32)

/* One ONNX node at work. */
struct import {
  struct importer *importer;
  struct ctx *ctx;
  struct graph *graph;
  const Onnx__NodeProto *proto;
  const struct import_row *row;
  const struct origin *origin;
  struct location at;
  int64_t opset; /* of the node's domain */
  int input_count, output_count;
  struct value **input;  /* NULL when omitted */
  struct value **output; /* to be set; NULL stays without a value */
};

#define FAIL(n, ...) fatal((n)->ctx, &(n)->at, __VA_ARGS__)

/* import_file.c: bytes -> messages */

/* Checks that `data` is a well-formed message of this type, nested to a sane depth, then unpacks it into the
 * ctx. fatal() when it isn't. */
const Onnx__ModelProto *model_unpack(struct ctx *c, const uint8_t *data, size_t size);

/* import_ops.c: the table */

#define ONNX(domain, name, since, until, importer, argument, doc) import_function import_##importer;
#include "onnx/onnx_ops.def"
#undef ONNX
/* The row for an operator in an opset, or NULL. Domain "ai.onnx" is "". */
const struct import_row *row_find(const char *domain, const char *name, int64_t opset);
/* The nearest row of that name in any opset, or NULL: for messages. */
const struct import_row *row_find_any_opset(const char *domain, const char *name);

/* import_tensor.c: constants */

/* The constant that a TensorProto holds. fatal() at `at` when it is malformed, of an unsupported type, or its
 * external data is missing. */
struct value *tensor_value(struct importer *m, const Onnx__TensorProto *t, const char *name,
                           const struct location *at);
/* An ONNX element type as dtype; fatal() with a message about `what` when it has none. */
enum dtype element_type(struct ctx *c, int data_type, const struct location *at, const char *what);

/* import_input.c: graph inputs, outputs and their declared types */

void import_graph_inputs(struct importer *m);
/* Warns when the declared type of an output contradicts the inferred one. */
void check_declared_output(struct importer *m, const Onnx__ValueInfoProto *declared, const struct value *v);
/* Gives 8-bit graph inputs that are only read through one quantization that quantization. */
void attach_input_quantization(struct importer *m);

/* The shape that the model declares for output k of the node; false when it declares none, or not all of it. */
bool declared_shape(struct import *n, int k, int *rank, int64_t dim[MAX_RANK]);

/* import_node.c: attributes and inputs of a node. An attribute of another kind than asked for is an error. */

bool has_attribute(struct import *n, const char *name);
int64_t attribute_int(struct import *n, const char *name, int64_t fallback);
float attribute_float(struct import *n, const char *name, float fallback);
const char *attribute_text(struct import *n, const char *name, const char *fallback);
const int64_t *attribute_ints(struct import *n, const char *name, int *count); /* absent: NULL, count 0 */
const float *attribute_floats(struct import *n, const char *name, int *count);
const Onnx__TensorProto *attribute_tensor(struct import *n, const char *name); /* NULL when absent */
/* An INT that may only be 0 or 1. */
bool attribute_bool(struct import *n, const char *name, bool fallback);

/* Input i, or NULL when it is omitted. */
struct value *optional_input(struct import *n, int i);
/* Input i; `what` is its name in the ONNX text: "input 1 'scales' is missing". */
struct value *need_input(struct import *n, int i, const char *what);
/* Integers of input i, which must be constant (shapes, axes): 0 or 1 dimensions, int32 or int64. NULL when
 * omitted. */
const int64_t *constant_ints(struct import *n, int i, const char *what, int *count);
const int64_t *need_constant_ints(struct import *n, int i, const char *what, int *count);
/* Floats of input i, which must be constant float32. NULL when omitted. */
const float *constant_floats(struct import *n, int i, const char *what, int *count);
/* The one number of input i, which must be constant; `fallback` when omitted. */
double constant_number(struct import *n, int i, const char *what, double fallback);
/* Element k of a constant as double; integers above 2^53 lose digits. */
double element_as_double(const struct value *v, int64_t k);
int64_t element_as_int64(const struct value *v, int64_t k); /* of integers */
/* 0 <= result < rank; negative ones count from the end. */
int need_axis(struct import *n, int64_t axis, int rank);
/* Ascending axes without repetitions from ONNX axes. */
int need_axes(struct import *n, const int64_t *axes, int count, int rank, int64_t out[MAX_RANK]);
void need_rank(struct import *n, const struct value *v, int low, int high, const char *what);
const char *type_text(struct ctx *c, const struct type *t); /* "f32[1,3,8,8]" */

/* import_make.c: IR nodes, folded at once when all their inputs are constants */

struct node *make_node(struct import *n, enum op op, int input_count, struct value *const *input,
                       int attr_count, const struct attr *attr, const struct type *want);
struct value *make(struct import *n, enum op op, int input_count, struct value *const *input, int attr_count,
                   const struct attr *attr, const struct type *want); /* output 0 */
struct value *make_1(struct import *n, enum op op, struct value *x);
struct value *make_2(struct import *n, enum op op, struct value *a, struct value *b);
/* A binary op of the model, with the operands in the order in which ONNX Runtime computes (import_elementwise.c). */
struct value *make_binary(struct import *n, enum op op, struct value *a, struct value *b, const struct type *want);
struct value *make_where(struct import *n, struct value *condition, struct value *a, struct value *b);
struct value *make_unary(struct import *n, enum op op, struct value *x, float alpha, float beta);
struct value *make_cast(struct import *n, struct value *x, enum dtype to);
struct value *make_clip(struct import *n, struct value *x, float low, float high);
/* Movement. A permutation or a shape that changes nothing gives x itself. Constants behind a dequantize are
 * moved before it, so that weights stay constants. */
struct value *make_transpose(struct import *n, struct value *x, const int *perm);
struct value *make_reshape(struct import *n, struct value *x, int rank, const int64_t *dim);
struct value *make_expand(struct import *n, struct value *x, int rank, const int64_t *dim);
struct value *make_slice(struct import *n, struct value *x, const int64_t *starts, const int64_t *steps,
                         const int64_t *sizes);
struct value *make_concat(struct import *n, int count, struct value *const *x, int axis);
struct value *make_reduce(struct import *n, enum op op, struct value *x, int count, const int64_t *axes,
                          bool keep_dims);
struct value *make_matmul(struct import *n, struct value *a, struct value *b, struct value *bias,
                          bool transpose_a, bool transpose_b, const struct type *want);
/* Channels-first [n,c,spatial..] to channels-last and back. */
struct value *make_channels_last(struct import *n, struct value *x);
struct value *make_channels_first(struct import *n, struct value *x);
/* x without quantization: its stored integers as plain numbers. For importers of ops that mean integers. */
struct value *make_plain(struct import *n, struct value *x);
/* x as `q`: the same bits. */
struct value *make_retype(struct import *n, struct value *x, const struct quant *q);
/* Takes bytes for a constant that a node computes by itself from the budget of folding; FAILs when that is
 * used up. */
void charge_constant(struct import *n, int64_t bytes);
/* A constant of one number: rank 0, converted to the dtype. */
struct value *make_scalar(struct import *n, enum dtype dtype, double number);
struct value *make_scalar_like(struct import *n, const struct value *x, double number);
struct value *constant_ints_value(struct import *n, int rank, const int64_t *dim,
                                  const int64_t *data); /* s64 */

/* import_window.c: strides, pads and auto_pad of Conv and pools */

struct window {
  int spatial;                                        /* 1 or 2: axes of the model */
  int64_t kernel[2], stride[2], dilation[2], pads[4]; /* always rows, columns; 1-D has one row */
  int64_t extra[2]; /* padding at the end that makes up for ceil_mode; it never counts in an average */
};
enum { MAX_WINDOW_ATTRS = 5 };
/* Reads strides, dilations, pads and auto_pad for input x [n,c,spatial..] (or [n,spatial..,c]) and
 * window->kernel, window->spatial. */
void read_window(struct import *n, struct window *w, const struct value *x, bool channels_last,
                 bool ceil_mode);
int64_t window_input_size(const struct window *w, const struct value *x, bool channels_last, int i);
/* x [n,c,h,w] or [n,c,w] (or channels-last already) as NHWC [n,h,w,c], and back. */
struct value *make_to_nhwc(struct import *n, struct value *x, bool channels_last);
struct value *make_from_nhwc(struct import *n, struct value *y, int spatial, bool channels_last);
/* Weights [o,i,h,w] or [o,i,w] as [o,h,w,i]. */
struct value *make_weights_nhwc(struct import *n, struct value *w);
/* The attributes of a window; a pool has its kernel too. Returns how many. */
int window_attrs(struct import *n, const struct window *w, bool pool, struct attr attr[MAX_WINDOW_ATTRS]);

/* import_conv.c */

/* The 2-D or 1-D convolution of the node's attributes on x and w in the model's layout; the result too. */
struct value *make_conv(struct import *n, enum op op, struct value *x, struct value *w, int extra_count,
                        struct value *const *extra, const struct type *want);

/* import_matmul.c: NumPy's rule for vectors */

struct vectors {
  bool a, b; /* which of the operands was one */
};
/* Makes a [k] a row [1,k] and b [k] a column [k,1]; the added axes vanish again from the product y. */
struct vectors promote_vectors(struct import *n, struct value **a, struct value **b);
struct value *demote_vectors(struct import *n, struct vectors v, struct value *y);

/* import_quantize.c: scale and zero point of an input */

/* The quantization that inputs `scale` and `zero_point` of a node give to a tensor of this type. A
 * zero point that is omitted is 0. Both must be constant. `axis`: of per-axis scales; -1: one scale only. */
const struct quant *read_quant(struct import *n, int scale, int zero_point, const struct type *of, int axis);
/* Input x with the quantization of inputs x + 1 and x + 2: QLinear operators list their operands like this.
 */
struct value *quantized_input(struct import *n, int x, const char *what);
/* The type of the output that inputs `scale` and `zero_point` describe; dtype of the zero point, else of
 * `like`. */
struct type quantized_output(struct import *n, int scale, int zero_point, const struct value *like);

#endif
