/* ir: dtypes, quantization, values, nodes, graphs; the `.eir` text form; the verifier.
 *
 * A graph is a list of nodes in topological order over values with static types. Activations of spatial ops
 * (conv, pools, resize) are NHWC; the importer wraps them in transposes, a pass cancels those.
 * Passes never change a graph: they build a new one (see `struct rewrite`). */
#ifndef EAIC_IR_H
#define EAIC_IR_H

#include "base/base.h"

enum { MAX_RANK = 8, MAX_INPUTS = 1024 };

/* dtype.c */

enum dtype {
#define DTYPE(e, eir, numpy, bits, onnx, cls) DT_##e,
#include "ir/dtype.def"
#undef DTYPE
  DT_COUNT
};
const char *dtype_name(enum dtype t);       /* "u8" */
const char *dtype_numpy_name(enum dtype t); /* "uint8" */
int dtype_bytes(enum dtype t);              /* of one element; 8-bit at least */
bool dtype_from_name(const char *name, enum dtype *out);
bool dtype_from_onnx(int data_type, enum dtype *out);
int dtype_to_onnx(enum dtype t);
bool dtype_is_float(enum dtype t);   /* f16, bf16, f32, f64 */
bool dtype_is_integer(enum dtype t); /* without bool */
bool dtype_is_signed(enum dtype t);
bool dtype_is_8bit(enum dtype t); /* u8, s8 */

/* Affine quantization, ONNX QuantizeLinear: real = (stored - zero_point) * scale. Immutable once made. */
struct quant {
  int axis;                  /* -1: per tensor, then n is 1 */
  int n;                     /* number of scales, the size of that axis */
  const float *scale;        /* n, finite and > 0 */
  const int32_t *zero_point; /* n, in the range of the dtype */
};
/* Copies the arrays into the ctx. */
const struct quant *quant_make(struct ctx *c, int axis, int n, const float *scale, const int32_t *zero_point);
const struct quant *quant_scalar(struct ctx *c, float scale, int32_t zero_point);
bool quant_equal(const struct quant *a, const struct quant *b); /* both may be NULL */

struct type {
  enum dtype dtype;
  int rank;
  int64_t dim[MAX_RANK];
  const struct quant *quant; /* NULL: plain numbers */
};
/* Every type is made by a constructor that takes the quantization, so that no pass forgets to decide about
 * it. */
struct type type_make(enum dtype dtype, int rank, const int64_t *dim, const struct quant *quant);
struct type type_with_shape(struct type t, int rank,
                            const int64_t *dim); /* quant kept; per-axis quant must fit */
int64_t type_elements(const struct type *t);     /* product of dims; 1 for a scalar */
int64_t type_bytes(const struct type *t);
bool type_same_shape(const struct type *a, const struct type *b);
bool type_equal(const struct type *a, const struct type *b); /* dtype, shape and quantization */
/* Sizes are checked when a type is made for a model: false when elements * bytes passes 2^40. */
bool type_is_sane(const struct type *t);

/* graph.c */

enum op {
#define OP(e, ...) OP_##e,
#include "ir/ops.def"
  OP_COUNT
};

const char *op_name(enum op op); /* as in the .eir text: "conv" */

enum attr_key {
#define ATTR(e, name, kind, doc) ATTR_##e,
#include "ir/attr.def"
#undef ATTR
  ATTR_COUNT
};
enum attr_kind { ATTR_KIND_INT, ATTR_KIND_INTS, ATTR_KIND_FLOAT, ATTR_KIND_FLOATS, ATTR_KIND_NAME };
const char *attr_key_name(enum attr_key k);
enum attr_kind attr_key_kind(enum attr_key k);

struct attr {
  enum attr_key key;
  int n; /* elements of ints or floats; 1 for scalars */
  const int64_t *ints;
  const float *floats;
  const char *name;
};

struct node;

struct value {
  const char *name;
  struct type type;
  struct node *producer; /* NULL for inputs and constants */
  const void *data;      /* constants: type_bytes() bytes, little-endian, 64-byte aligned; else NULL */
};

/* The ONNX nodes that an IR node came from; they survive fusion as a list. */
struct origin {
  const char *name; /* node name, or "#12" by position when the model gives none */
  const char *op;   /* operator as in the model: "QLinearConv" */
  const struct origin *next;
};

struct node {
  enum op op;
  int input_count, output_count, attr_count;
  struct value **input; /* an omitted optional input is NULL */
  struct value **output;
  const struct attr *attr; /* sorted by key */
  const struct origin *origin;
};

struct graph {
  struct ctx *ctx;
  const char *name;
  VECTOR(struct value *) inputs;
  VECTOR(struct value *) outputs; /* a value may stand here more than once, and may be an input or constant */
  VECTOR(struct node *) nodes;    /* topological order */
  VECTOR(const char *) output_names; /* the names that the world sees, as many as outputs */
};

struct graph *graph_new(struct ctx *c, const char *name);
struct value *graph_input(struct graph *g, const char *name, struct type type);
/* A constant; `data` is kept, not copied. It belongs to no graph and may be shared by several. */
struct value *value_constant(struct ctx *c, const char *name, struct type type, const void *data);
void graph_output(struct graph *g, const char *name, struct value *v);
/* Appends a node. The output types are the caller's (ops_infer computes them, see ops.h). Arrays are copied.
 */
struct node *graph_node(struct graph *g, enum op op, int input_count, struct value *const *input,
                        int attr_count, const struct attr *attr, int output_count,
                        const struct type *output_type, const struct origin *origin);

/* Attributes: attr_int(n, ATTR_AXIS, 0). The getters return the fallback (or NULL, n = 0) when absent. */
struct attr attr_make_int(struct ctx *c, enum attr_key key, int64_t v);
struct attr attr_make_ints(struct ctx *c, enum attr_key key, int n, const int64_t *v);
struct attr attr_make_float(struct ctx *c, enum attr_key key, float v);
struct attr attr_make_floats(struct ctx *c, enum attr_key key, int n, const float *v);
struct attr attr_make_name(struct ctx *c, enum attr_key key, const char *v);
const struct attr *attr_find(const struct node *n, enum attr_key key); /* NULL when absent */
int64_t attr_int(const struct node *n, enum attr_key key, int64_t fallback);
float attr_float(const struct node *n, enum attr_key key, float fallback);
const char *attr_name(const struct node *n, enum attr_key key, const char *fallback);
const int64_t *attr_ints(const struct node *n, enum attr_key key, int *count);
const float *attr_floats(const struct node *n, enum attr_key key, int *count);

static inline bool value_is_constant(const struct value *v) { return v && v->data; }
/* Location for messages about a node (its first origin) and optionally one of its tensors. */
struct location node_location(const struct node *n, const struct value *v);
const struct origin *origin_join(struct ctx *c, const struct origin *a, const struct origin *b);

/* rewrite.c: building a new graph from an old one.
 *
 *     struct rewrite r;
 *     rewrite_begin(&r, old);                       // copies inputs; constants are shared as they are
 *     for (int i = 0; i < old->nodes.count; i++) {
 *       struct node *n = old->nodes.at[i];
 *       if (...pattern...) rewrite_replace(&r, n->output[0], new_value);
 *       else rewrite_copy(&r, n);
 *     }
 *     return rewrite_end(&r);                       // maps the outputs
 */
struct rewrite {
  struct ctx *ctx;
  const struct graph *old;
  struct graph *graph;    /* the new one */
  struct pointer_map map; /* old value -> new value */
};
void rewrite_begin(struct rewrite *r, const struct graph *old);
/* The new value that stands for an old one (NULL stays NULL; constants map to themselves). */
struct value *rewrite_value(struct rewrite *r, struct value *old);
/* Copies a node with mapped inputs and maps its outputs. */
struct node *rewrite_copy(struct rewrite *r, const struct node *n);
/* From now on `old` means `replacement` (a value of the new graph or a constant). Keeps the old one's name
 * when `replacement` is a node's output. */
void rewrite_replace(struct rewrite *r, struct value *old, struct value *replacement);
struct graph *rewrite_end(struct rewrite *r);

/* Uses of each value of a graph: who reads it. */
struct uses;
struct uses *uses_compute(struct ctx *c, const struct graph *g);
int uses_count(const struct uses *u,
               const struct value *v); /* reads by nodes, plus one for each graph output */
struct node *uses_single(const struct uses *u,
                         const struct value *v); /* its only reader, else NULL (also NULL when
                                                     the value is a graph output) */
int uses_nodes(const struct uses *u, const struct value *v,
               struct node *const **nodes); /* readers, in order, one
                                                entry a read */
bool uses_is_output(const struct uses *u, const struct value *v);

/* eir_print.c, eir_parse.c: the text form.
 *
 *     graph "name"
 *     input %x: u8[1,8,8,3] q(0.0078125, 128)
 *     const %w: s8[4,3,3,3] q(axis=0, [0.1, 0.2, 0.1, 0.3], [0, 0, 0, 0]) = [1, -2, ...]
 *     %y: u8[1,8,8,4] q(0.05, 128) = conv(%x, %w, _) {pads=[1, 1, 1, 1]} @"Conv_3"(Conv)
 *     output "probabilities" %y
 *
 * Names print bare when they are [A-Za-z0-9_.:/-]+, else quoted: %"a b". `_` is an omitted input. A
 * constant's numbers may be one number that fills it (`= splat(0)`), or seeded random bytes of moderate size
 * (`= random(7)`, tests only). Lines that start with ';' are comments. */
void eir_print(struct buffer *out, const struct graph *g);
/* fatal() with line and column on a malformed text. `name` is the file for messages. */
struct graph *eir_parse(struct ctx *c, const char *name, const char *text, size_t size);

#endif
