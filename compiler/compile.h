/* The stages of the compiler, shared by eaic_compile (compile.c) and the reference of `verify` (reference.c).
 */
#ifndef EAIC_COMPILE_H
#define EAIC_COMPILE_H

#include "eaic.h"
#include "onnx/onnx.h"
#include "passes/passes.h"
#include "plan/plan.h"
#include "wasm/wasm.h"

/* .onnx, or .eir by suffix. */
struct graph *compile_import(struct ctx *c, const char *path, const struct eaic_options *options,
                             struct onnx_info *info);
struct graph *compile_passes(struct ctx *c, const struct graph *g, const struct eaic_options *options);
/* A wasm object file, or LLVM IR as text for EAIC_STAGE_LLVM. */
struct bytes compile_object(struct ctx *c, const struct program *p, const struct eaic_options *options);
struct bytes compile_link(struct ctx *c, const struct program *p, struct bytes object,
                          const struct onnx_info *info, const struct eaic_options *options);

#endif
