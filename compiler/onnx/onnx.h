/* onnx: an ONNX file becomes a graph. Every difference between ONNX versions dies in this room: the graph has
 * no opsets, no symbolic dimensions, no shape computations (they are folded), and NHWC convolutions and
 * pools. */
#ifndef EAIC_ONNX_H
#define EAIC_ONNX_H

#include "ir/ir.h"

/* import_model.c */

/* What `--dim NAME=SIZE` asks for. NAME is a symbol of the model, or "input:axis" for a dimension without
 * one. */
struct onnx_dim {
  const char *name;
  int64_t size; /* > 0 */
};

struct onnx_options {
  int dim_count;
  const struct onnx_dim *dim;
};

/* Facts about the file, for the module's metadata. Texts are never NULL; they live in the ctx. */
struct onnx_info {
  const char *name; /* of the model's graph */
  const char *producer, *producer_version;
  int64_t ir_version;
  int64_t opset;   /* of domain ai.onnx */
  char sha256[65]; /* of the file's bytes */
};

/* Reads a model. Everything that is wrong with it is reported through diag_error (c->file, set by the caller,
 * is the prefix), all unsupported operators and broken nodes in one go, then the body of ctx_run is left; a
 * file that is no model at all is fatal(). `o` and `info` may be NULL. Dimensions called batch, and unknown
 * or symbolic first ones, default to 1. */
struct graph *onnx_import(struct ctx *c, const char *path, const struct onnx_options *o,
                          struct onnx_info *info);

/* import_ops.c: the table of onnx_ops.def, for `eaic ops` */

enum { ONNX_OLDEST_OPSET = 1, ONNX_NEWEST_OPSET = 28 };

struct onnx_op_row {
  const char *domain; /* "" is ai.onnx */
  const char *name;
  int since, until; /* opsets in which the row holds, both inclusive */
  const char *doc;  /* element types, and what is not supported */
};
const struct onnx_op_row *onnx_op_rows(int *count);

#endif
