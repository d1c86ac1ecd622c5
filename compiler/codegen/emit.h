/* Internal to codegen/: the LLVM module at work. */
#ifndef EAIC_EMIT_H
#define EAIC_EMIT_H

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/codegen.h"
#include "codegen/specialize.h"

/* bitcode.c: the kernels, compiled for a feature level when eaic was built; with or without debug
 * information. */
struct bytes kernel_bitcode(enum level level, bool debug_info);

/* Everything of LLVM that one compilation holds; released by codegen.c alone. */
struct llvm {
  struct ctx *ctx;
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMBuilderRef builder;
  LLVMTargetMachineRef machine;
  LLVMDIBuilderRef debug; /* NULL without -g */
  LLVMMetadataRef debug_file;
};

/* emit.c: adds the specialized functions, the steps (with `profile`) and `infer` to the module, which holds
 * the kernels as "NAME.kernel". */
void emit_program(struct llvm *l, const struct program *p, const struct specializations *s, bool profile);

#endif
