/* The compiler as a library: one call from a model file to a module. */
#ifndef EAIC_EAIC_H
#define EAIC_EAIC_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eaic_dim {
  const char *name;
  int64_t size;
};

enum eaic_stage {
  EAIC_STAGE_GRAPH,
  EAIC_STAGE_PLAN,
  EAIC_STAGE_LLVM,
  EAIC_STAGE_OBJECT,
  EAIC_STAGE_WAT,
  EAIC_STAGE_WASM
};
/* "graph", "plan", ...: false when unknown. */
bool eaic_stage_from_name(const char *name, enum eaic_stage *out);
bool eaic_level_from_name(const char *name, int *level); /* "scalar", "simd128", "relaxed" */

struct eaic_options {
  int level;             /* 0 scalar, 1 simd128, 2 relaxed */
  enum eaic_stage stage; /* what to give back; EAIC_STAGE_WASM: the module */
  const struct eaic_dim *dims;
  int dim_count;
  bool profile;                                                   /* export step_<i> */
  bool debug;                                                     /* DWARF and names */
  bool wasi;                                                      /* with `_start`: also a WASI command */
  bool plain;                                                     /* plain kernels only */
  bool time, time_passes;                                         /* report stage times on stderr */
  const char *llvm_passes, *print_after, *stop_after, *skip_pass; /* NULL: defaults */
};

/* Deterministic figures of a compilation. */
struct eaic_stats {
  int64_t nodes_imported, nodes_final, steps, macs;
  int64_t weights_bytes, arena_bytes, peak_live_bytes, module_bytes;
};

/* Compiles the model at `path` (.onnx, or .eir). The bytes live in the ctx. fatal() on any mistake of the
 * user. */
struct bytes eaic_compile(struct ctx *c, const char *path, const struct eaic_options *options,
                          struct eaic_stats *stats);

/* One operator for `eaic ops`. */
struct eaic_operator {
  const char *domain, *name, *notes;
  int since, until; /* opset versions; until 0: the newest */
};
int eaic_operator_count(void);
struct eaic_operator eaic_operator_at(int index);

/* The reference for `verify`: the final graph evaluated natively, node by node, with plain kernels. `module`
 * is compiled from the same graph with profile steps, otherwise as eaic_compile does: same steps, same
 * addresses. Right after step i every tensor that it wrote can be compared: byte for byte, since kernels of
 * one family agree to the bit. */
struct eaic_reference;
struct eaic_tensor {
  const char *name;  /* of the ONNX value; "" for one that a pass made */
  const char *dtype; /* NumPy name */
  int64_t offset;    /* in the module's memory */
  int64_t bytes;
  const void *data; /* what must stand there */
};
/* input[i]: the raw bytes of input i, input_bytes[i] of them (checked). */
struct eaic_reference *eaic_reference_new(struct ctx *c, const char *path, const struct eaic_options *options,
                                          int input_count, const void *const *input,
                                          const int64_t *input_bytes, struct bytes *module);
int eaic_reference_outputs(struct eaic_reference *r, const struct eaic_tensor **outputs);
int eaic_reference_steps(const struct eaic_reference *r);
/* The tensors that a step writes. */
int eaic_reference_step(struct eaic_reference *r, int step, const struct eaic_tensor **written);
const char *eaic_reference_step_name(struct eaic_reference *r,
                                     int step); /* "node 'Conv_3' (QLinearConv), kernel ..." */

#ifdef __cplusplus
}
#endif
#endif
