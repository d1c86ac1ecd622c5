#include <string.h>

#include "codegen/emit.h"

static LLVMTypeRef pointer_type(struct llvm *l) { return LLVMPointerTypeInContext(l->context, 0); }

static LLVMValueRef int32(struct llvm *l, uint32_t x) {
  return LLVMConstInt(LLVMInt32TypeInContext(l->context), x, false);
}

static void add_enum_attribute(struct llvm *l, LLVMValueRef f, LLVMAttributeIndex index, const char *name,
                               uint64_t value) {
  const unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(f, index, LLVMCreateEnumAttribute(l->context, kind, value));
}

static void add_text_attribute(struct llvm *l, LLVMValueRef f, const char *name, const char *value) {
  LLVMAttributeRef a =
      LLVMCreateStringAttribute(l->context, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
  LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex, a);
}

/* Inlining keeps the caller's attributes: CPU features and "no calls to library functions" must be the
 * kernel's. */
void copy_attributes(LLVMValueRef to, LLVMValueRef from) {
  static const char *const names[] = {"target-cpu", "target-features", "no-builtins"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    LLVMAttributeRef a =
        LLVMGetStringAttributeAtIndex(from, LLVMAttributeFunctionIndex, names[i], (unsigned)strlen(names[i]));
    if (a) LLVMAddAttributeAtIndex(to, LLVMAttributeFunctionIndex, a);
  }
}

/* Starts a function's body. With -g each one is a subprogram of its own, so that inlined kernel code has a
 * home. */
LLVMValueRef function_begin(struct llvm *l, const char *name, LLVMTypeRef type, LLVMVisibility visibility) {
  LLVMValueRef f = LLVMAddFunction(l->module, name, type);
  LLVMSetVisibility(f, visibility);
  add_enum_attribute(l, f, LLVMAttributeFunctionIndex, "nounwind", 0);
  LLVMPositionBuilderAtEnd(l->builder, LLVMAppendBasicBlockInContext(l->context, f, ""));
  if (!l->debug) return f;
  LLVMMetadataRef no_types =
      LLVMDIBuilderCreateSubroutineType(l->debug, l->debug_file, NULL, 0, LLVMDIFlagZero);
  LLVMMetadataRef subprogram = LLVMDIBuilderCreateFunction(
      l->debug, l->debug_file, name, strlen(name), name, strlen(name), l->debug_file, 0, no_types,
      visibility == LLVMHiddenVisibility, true, 0, LLVMDIFlagArtificial, true);
  LLVMSetSubprogram(f, subprogram);
  LLVMSetCurrentDebugLocation2(l->builder,
                               LLVMDIBuilderCreateDebugLocation(l->context, 0, 0, subprogram, NULL));
  return f;
}

void function_end(struct llvm *l) {
  LLVMBuildRetVoid(l->builder);
  LLVMSetCurrentDebugLocation2(l->builder, NULL);
}

/* LLVM folds loads from a constant array of bytes, so params need no struct type. */
static LLVMValueRef params_constant(struct llvm *l, const struct step *s) {
  LLVMValueRef bytes = LLVMConstStringInContext2(l->context, s->params, s->params_bytes, true);
  LLVMValueRef global = LLVMAddGlobal(l->module, LLVMTypeOf(bytes), "params");
  LLVMSetInitializer(global, bytes);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
  LLVMSetAlignment(global, 4);
  return global;
}

/* void NAME(ptr a, ptr b, ...): a parameter for each operand that is there, see specialize.h; calls the
 * kernel. Not internal: LLVM would fold addresses into functions that are called once, and engines run loops
 * over parameters faster than over constants. */
static LLVMValueRef emit_specialization(struct llvm *l, const struct specialization *s) {
  const struct step *step = s->step;
  LLVMValueRef kernel = LLVMGetNamedFunction(l->module, ctx_printf(l->ctx, "%s.kernel", step->kernel->name));
  CHECK(l->ctx, kernel);
  const unsigned count = (unsigned)s->parameter_count;
  LLVMTypeRef *types = CTX_ARRAY(l->ctx, LLVMTypeRef, count + 1);
  for (unsigned i = 0; i < count; i++) types[i] = pointer_type(l);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(l->context), types, count, false);
  LLVMValueRef f = function_begin(l, s->name, type, LLVMHiddenVisibility);
  copy_attributes(f, kernel);
  add_enum_attribute(l, f, LLVMAttributeFunctionIndex, "noinline", 0);
  add_text_attribute(l, f, "warn-stack-size", ctx_printf(l->ctx, "%d", CODEGEN_STACK_BYTES - 1024));

  LLVMTypeRef array = LLVMArrayType2(pointer_type(l), (uint64_t)step->operand_count);
  LLVMValueRef operands = LLVMBuildAlloca(l->builder, array, "operands");
  for (unsigned i = 0; i < count; i++) add_enum_attribute(l, f, i + 1, "noalias", 0);
  for (int i = 0; i < step->operand_count; i++) {
    const unsigned parameter = s->parameter[i];
    LLVMValueRef value = parameter ? LLVMGetParam(f, parameter - 1) : LLVMConstNull(pointer_type(l));
    LLVMValueRef index = int32(l, (uint32_t)i);
    LLVMBuildStore(l->builder, value,
                   LLVMBuildInBoundsGEP2(l->builder, pointer_type(l), operands, &index, 1, ""));
  }
  LLVMValueRef arguments[] = {params_constant(l, step), operands};
  LLVMBuildCall2(l->builder, LLVMGlobalGetValueType(kernel), kernel, arguments, 2, "");
  function_end(l);
  return f;
}

/* Calls the function of a step with the addresses of its operands. */
static void emit_call(struct llvm *l, const struct step *step, const struct specialization *s,
                      LLVMValueRef f) {
  LLVMValueRef *arguments = CTX_ARRAY(l->ctx, LLVMValueRef, step->operand_count + 1);
  for (int i = 0; i < step->operand_count; i++)
    if (s->parameter[i])
      arguments[s->parameter[i] - 1] =
          LLVMConstIntToPtr(int32(l, (uint32_t)step->offset[i]), pointer_type(l));
  LLVMBuildCall2(l->builder, LLVMGlobalGetValueType(f), f, arguments, (unsigned)s->parameter_count, "");
}

LLVMValueRef emit_program(struct llvm *l, const struct program *p, const struct specializations *s,
                          bool profile) {
  LLVMValueRef *functions = CTX_ARRAY(l->ctx, LLVMValueRef, s->items.count);
  for (int i = 0; i < s->items.count; i++) functions[i] = emit_specialization(l, &s->items.at[i]);

  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(l->context), NULL, 0, false);
  LLVMValueRef *steps = CTX_ARRAY(l->ctx, LLVMValueRef, p->steps.count);
  for (int i = 0; profile && i < p->steps.count; i++) {
    const int k = s->of_step[i];
    steps[i] = function_begin(l, ctx_printf(l->ctx, "step_%d", i), type, LLVMDefaultVisibility);
    emit_call(l, &p->steps.at[i], &s->items.at[k], functions[k]);
    function_end(l);
  }
  LLVMValueRef infer = function_begin(l, "infer", type, LLVMDefaultVisibility);
  add_enum_attribute(l, infer, LLVMAttributeFunctionIndex, "noinline", 0); /* into `_start` */
  for (int i = 0; i < p->steps.count; i++) {
    const int k = s->of_step[i];
    if (profile)
      LLVMBuildCall2(l->builder, type, steps[i], NULL, 0, "");
    else
      emit_call(l, &p->steps.at[i], &s->items.at[k], functions[k]);
  }
  function_end(l);
  return infer;
}
