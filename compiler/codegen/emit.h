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
 * the kernels as "NAME.kernel". Returns `infer`. */
LLVMValueRef emit_program(struct llvm *l, const struct program *p, const struct specializations *s,
                          bool profile);

/* Also emit.c: starts a function's body, and ends it; gives it the code generation attributes of another. */
LLVMValueRef function_begin(struct llvm *l, const char *name, LLVMTypeRef type, LLVMVisibility visibility);
void function_end(struct llvm *l);
void copy_attributes(LLVMValueRef to, LLVMValueRef from);

/* emit_wasi.c: adds `_start`. WASI_START is the function of the kernels' bitcode that it calls. */
#define WASI_START "wasi_start"
void emit_wasi_start(struct llvm *l, const struct program *p, LLVMValueRef infer);

#endif
