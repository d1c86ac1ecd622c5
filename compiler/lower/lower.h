/* lower: node -> kernel calls. "Which kernel, with which params and which packed constants?" is answered here
 * and only here, for every consumer: eval/ runs the calls natively, plan/ gives their operands addresses.
 *
 * `lower_<row>` functions are named by the rows of ir/ops.def; families share a file. */
#ifndef EAIC_LOWER_H
#define EAIC_LOWER_H

#include "ir/ir.h"
#include "kernels/kernels.h"
#include "ops/ops.h"

enum { MAX_OPERANDS = 1040 };

enum operand_kind {
  OPERAND_NONE,     /* NULL at run time */
  OPERAND_VALUE,    /* a value of the graph (constants too): read or written */
  OPERAND_CONSTANT, /* data made by lowering: packed weights, folded biases, tables */
  OPERAND_SCRATCH   /* memory for this node alone; calls of one node share it by `scratch` number */
};

struct operand {
  enum operand_kind kind;
  bool written;
  struct value *value; /* OPERAND_VALUE */
  const void *data;    /* OPERAND_CONSTANT */
  int64_t bytes;       /* OPERAND_CONSTANT, OPERAND_SCRATCH */
  int scratch;         /* OPERAND_SCRATCH: number within the node, from 0 */
};

struct call {
  const struct kernel *kernel;
  const void *params;
  size_t params_bytes;
  int operand_count;
  struct operand *operand;
  int64_t macs; /* multiply-accumulates, 0 for others */
  const struct node *node;
};

/* The sink that lower_node fills. */
struct lowering {
  struct ctx *ctx;
  enum level level; /* the best kernels allowed */
  bool plain;       /* only plain kernels: the reference for tests and `verify` */
  const struct node *node;
  VECTOR(struct call *) calls;
  int alias_input; /* >= 0: the output is this input's bytes (reshape, retype); then there are no calls */
};

/* Lowers one node; `out` is initialised by the caller with ctx, level and plain. fatal() with the node's
 * location when no kernel exists for its types. */
void lower_node(struct lowering *out, const struct node *n);

/* For lower_* functions: a call with its params copied; then operands, in the order of the family's enum. */
struct call *lower_call(struct lowering *l, enum kernel_id kernel, const void *params, size_t params_bytes,
                        int operand_count);
void call_reads(struct call *c, int operand, struct value *v); /* v may be NULL: stays absent */
void call_writes(struct call *c, int operand, struct value *v);
void call_constant(struct call *c, int operand, const void *data, int64_t bytes); /* data lives in the ctx */
void call_scratch(struct call *c, int operand, int scratch, int64_t bytes, bool written);
/* The node's types are outside what kernels exist for: one clear message. */
EAIC_NORETURN void lower_unsupported(struct lowering *l, const char *why);
/* The lowering functions that the rows of ir/ops.def name; each reads out->node and appends calls. */
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc) void lower_##lower(struct lowering *l);
#include "ir/ops.def"
/* A size as int32 for a params struct; fatal() with the node when it does not fit. */
int32_t lower_int32(struct lowering *l, int64_t x);

#endif
