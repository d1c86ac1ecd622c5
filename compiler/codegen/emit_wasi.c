/* `_start` of --abi wasi: a call of wasi_start (kernels/wasi_start.c) with the module's inputs and outputs.
 */
#include <string.h>

#include "codegen/emit.h"

static LLVMValueRef add_constant(struct llvm *l, LLVMValueRef value) {
  LLVMValueRef global = LLVMAddGlobal(l->module, LLVMTypeOf(value), "wasi");
  LLVMSetInitializer(global, value);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMPrivateLinkage);
  return global;
}

static LLVMValueRef int32_constant(struct llvm *l, int64_t x) {
  return LLVMConstInt(LLVMInt32TypeInContext(l->context), (uint64_t)x, false);
}

/* A struct wasi_port: name, address, bytes. */
static LLVMValueRef port_constant(struct llvm *l, const struct port *p) {
  LLVMTypeRef pointer = LLVMPointerTypeInContext(l->context, 0);
  LLVMValueRef name = LLVMConstStringInContext2(l->context, p->name, strlen(p->name), false);
  LLVMValueRef fields[] = {add_constant(l, name), LLVMConstIntToPtr(int32_constant(l, p->offset), pointer),
                           int32_constant(l, p->bytes)};
  return LLVMConstStructInContext(l->context, fields, COUNT_OF(fields), false);
}

static LLVMValueRef ports_constant(struct llvm *l, const struct port *port, int count) {
  LLVMTypeRef pointer = LLVMPointerTypeInContext(l->context, 0), number = LLVMInt32TypeInContext(l->context);
  LLVMTypeRef fields[] = {pointer, pointer, number};
  LLVMValueRef *ports = CTX_ARRAY(l->ctx, LLVMValueRef, count + 1);
  for (int i = 0; i < count; i++) ports[i] = port_constant(l, &port[i]);
  LLVMTypeRef type = LLVMStructTypeInContext(l->context, fields, COUNT_OF(fields), false);
  return add_constant(l, LLVMConstArray2(type, ports, (uint64_t)count));
}

void emit_wasi_start(struct llvm *l, const struct program *p, LLVMValueRef infer) {
  LLVMValueRef start = LLVMGetNamedFunction(l->module, WASI_START);
  CHECK(l->ctx, start);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(l->context), NULL, 0, false);
  LLVMValueRef f = function_begin(l, "_start", type, LLVMDefaultVisibility);
  copy_attributes(f, start);
  LLVMValueRef arguments[] = {
      ports_constant(l, p->inputs.at, p->inputs.count), int32_constant(l, p->inputs.count),
      ports_constant(l, p->outputs.at, p->outputs.count), int32_constant(l, p->outputs.count), infer};
  LLVMBuildCall2(l->builder, LLVMGlobalGetValueType(start), start, arguments, COUNT_OF(arguments), "");
  function_end(l);
}
