#include "codegen/codegen.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Error.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <string.h>

#include "codegen/emit.h"
#include "codegen/llvm_compat.h"

/* Kernels are tidied once, cheaply, and then inlined before anything is optimized, so that the optimizer only
 * ever sees them with constant params; what was inlined everywhere is gone before the expensive passes start.
 * O3 makes code larger, not faster. */
#define DEFAULT_PASSES \
  "function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg),always-inline,globaldce,default<O2>"

/* Functions that LLVM itself may call; they stay to be found by the linker, which drops them when nobody
 * does. */
static const char *const runtime_functions[] = {"memcpy", "memmove", "memset"};

/* LLVM's text for a failure, as ours; NULL when there was none. */
static const char *take_message(struct ctx *c, char *message) {
  const char *text = message ? ctx_strdup(c, message) : NULL;
  LLVMDisposeMessage(message);
  return text;
}

/* Errors, and frames larger than the stack we reserve. Other warnings (a loop pragma that had no effect) are
 * no fault. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *user) {
  struct buffer *messages = user;
  char *text = LLVMGetDiagInfoDescription(info);
  if (LLVMGetDiagInfoSeverity(info) == LLVMDSError || strstr(text, "stack frame size"))
    buffer_printf(messages, "%s%s", messages->size ? "; " : "", text);
  LLVMDisposeMessage(text);
}

/* Loop strength reduction replaces `pointer + constant` by sums that wasm's load offsets cannot express:
 * without it the hot loops have fewer instructions (MobileNetV2 in V8: int8 14.1 -> 10.5 ms, f32 16.9 -> 15.3
 * ms). LLVM has only a process-wide option for that, and lld resets options whenever it links, so it is set
 * before each compilation. */
static void set_llvm_options(void) {
  const char *const options[] = {"eaic", "-disable-lsr"};
  LLVMParseCommandLineOptions(COUNT_OF(options), options, "");
}

static LLVMTargetMachineRef target_machine(struct ctx *c, enum level level) {
  static const char *const features[LEVEL_COUNT] = {
      [LEVEL_SCALAR] = "+sign-ext,+nontrapping-fptoint",
      [LEVEL_SIMD128] = "+sign-ext,+nontrapping-fptoint,+bulk-memory,+simd128",
      [LEVEL_RELAXED] = "+sign-ext,+nontrapping-fptoint,+bulk-memory,+simd128,+relaxed-simd",
  };
  set_llvm_options();
  LLVMInitializeWebAssemblyTargetInfo();
  LLVMInitializeWebAssemblyTarget();
  LLVMInitializeWebAssemblyTargetMC();
  LLVMInitializeWebAssemblyAsmPrinter();
  const char *triple = "wasm32-unknown-unknown";
  LLVMTargetRef target;
  char *message = NULL;
  if (LLVMGetTargetFromTriple(triple, &target, &message)) BUG(c, "%s", take_message(c, message));
  return LLVMCreateTargetMachine(target, triple, "mvp", features[level], LLVMCodeGenLevelDefault,
                                 LLVMRelocDefault, LLVMCodeModelDefault);
}

/* Links the kernels that the program uses into l->module, as internal functions "NAME.kernel". The bitcode is
 * read lazily, and of internal functions the linker takes only what is referenced, so unused kernels cost
 * nothing. */
static const char *link_kernels(struct llvm *l, const struct program *p, const struct specializations *s,
                                const struct codegen_options *options) {
  const struct bytes code = kernel_bitcode(p->level, options->debug_info);
  LLVMMemoryBufferRef memory =
      LLVMCreateMemoryBufferWithMemoryRange((const char *)code.data, code.size, "kernels", false);
  LLVMModuleRef kernels;
  if (LLVMGetBitcodeModuleInContext2(l->context, memory, &kernels))
    return "the kernels' bitcode is unreadable";
  LLVMSetTarget(l->module, LLVMGetTarget(kernels));
  LLVMSetDataLayout(l->module, LLVMGetDataLayoutStr(kernels));
  for (LLVMValueRef f = LLVMGetFirstFunction(kernels); f; f = LLVMGetNextFunction(f))
    if (!LLVMIsDeclaration(f)) LLVMSetLinkage(f, LLVMInternalLinkage);

  const int count = s->items.count;
  const char **names = CTX_ARRAY(l->ctx, const char *, count);
  for (int i = 0; i < count; i++) {
    const char *name = s->items.at[i].step->kernel->name;
    names[i] = ctx_printf(l->ctx, "%s.kernel", name);
    LLVMValueRef f = LLVMGetNamedFunction(kernels, name);
    if (!f && LLVMGetNamedFunction(kernels, names[i])) continue; /* an earlier specialization renamed it */
    if (!f || LLVMIsDeclaration(f)) {
      LLVMDisposeModule(kernels);
      return ctx_printf(l->ctx, "kernel %s does not exist at this feature level", name);
    }
    LLVMSetValueName2(f, names[i], strlen(names[i]));
    LLVMSetLinkage(f, LLVMExternalLinkage);
  }
  for (size_t i = 0; i < COUNT_OF(runtime_functions); i++) {
    LLVMValueRef f = LLVMGetNamedFunction(kernels, runtime_functions[i]);
    if (f) LLVMSetLinkage(f, LLVMExternalLinkage);
  }
  if (options->wasi) LLVMSetLinkage(LLVMGetNamedFunction(kernels, WASI_START), LLVMExternalLinkage);
  if (LLVMLinkModules2(l->module, kernels)) return "the kernels cannot be linked"; /* consumes `kernels` */
  for (int i = 0; i < count; i++)
    LLVMSetLinkage(LLVMGetNamedFunction(l->module, names[i]), LLVMInternalLinkage);
  if (options->wasi) LLVMSetLinkage(LLVMGetNamedFunction(l->module, WASI_START), LLVMInternalLinkage);
  for (size_t i = 0; i < COUNT_OF(runtime_functions); i++) {
    LLVMValueRef f = LLVMGetNamedFunction(l->module, runtime_functions[i]);
    if (f) LLVMSetVisibility(f, LLVMHiddenVisibility);
  }
  return NULL;
}

static void debug_begin(struct llvm *l) {
  static const char file[] = "eaic", producer[] = "eaic " EAIC_VERSION;
  l->debug = LLVMCreateDIBuilder(l->module);
  l->debug_file = LLVMDIBuilderCreateFile(l->debug, file, strlen(file), ".", 1);
  LLVMDIBuilderCreateCompileUnit(l->debug, LLVMDWARFSourceLanguageC99, l->debug_file, producer,
                                 strlen(producer), true, "", 0, 0, "", 0, LLVMDWARFEmissionFull, 0, true,
                                 false, "", 0, "", 0);
}

/* Code size is part of the product: loops that gain from unrolling say so themselves (EAIC_UNROLLED), and one
 * copy of a vectorized body is enough for engines that schedule instructions themselves. */
static const char *optimize(struct llvm *l, const char *passes) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopInterleaving(options, false);
  LLVMErrorRef error = LLVMRunPasses(l->module, passes ? passes : DEFAULT_PASSES, l->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (!error) return NULL;
  char *message = LLVMGetErrorMessage(error);
  const char *text = ctx_strdup(l->ctx, message);
  LLVMDisposeErrorMessage(message);
  return text;
}

static const char *output(struct llvm *l, bool text, struct bytes *out) {
  if (text) {
    char *ir = LLVMPrintModuleToString(l->module);
    out->size = strlen(ir);
    out->data = ctx_copy(l->ctx, ir, out->size);
    LLVMDisposeMessage(ir);
    return NULL;
  }
  char *message = NULL;
  LLVMMemoryBufferRef object;
  if (LLVMTargetMachineEmitToMemoryBuffer(l->machine, l->module, LLVMObjectFile, &message, &object))
    return take_message(l->ctx, message);
  out->size = LLVMGetBufferSize(object);
  out->data = ctx_copy(l->ctx, LLVMGetBufferStart(object), out->size);
  LLVMDisposeMemoryBuffer(object);
  return NULL;
}

/* Returns what went wrong, or NULL. */
static const char *generate(struct llvm *l, const struct program *p, const struct codegen_options *options,
                            struct bytes *out) {
  struct specializations s;
  specializations_find(l->ctx, p, &s);
  const char *error = link_kernels(l, p, &s, options);
  if (error) return error;
  if (options->debug_info) debug_begin(l);
  LLVMValueRef infer = emit_program(l, p, &s, options->profile);
  if (options->wasi) emit_wasi_start(l, p, infer);
  if (l->debug) LLVMDIBuilderFinalize(l->debug);
  char *message = NULL;
  const bool broken = LLVMVerifyModule(l->module, LLVMReturnStatusAction, &message);
  const char *why = take_message(l->ctx, message);
  if (broken) return why;
  error = optimize(l, options->passes);
  return error ? error : output(l, options->text, out);
}

struct bytes codegen_object(struct ctx *c, const struct program *p, const struct codegen_options *options) {
  struct buffer diagnostics;
  buffer_init(&diagnostics, c);
  struct llvm l = {.ctx = c, .context = LLVMContextCreate(), .machine = target_machine(c, p->level)};
  LLVMContextSetDiagnosticHandler(l.context, on_diagnostic, &diagnostics);
  l.module = LLVMModuleCreateWithNameInContext("eaic", l.context);
  l.builder = LLVMCreateBuilderInContext(l.context);

  struct bytes out = {0};
  const char *error = generate(&l, p, options, &out);
  if (!error && diagnostics.size) error = (const char *)diagnostics.data;

  if (l.debug) LLVMDisposeDIBuilder(l.debug);
  LLVMDisposeBuilder(l.builder);
  LLVMDisposeModule(l.module);
  LLVMDisposeTargetMachine(l.machine);
  LLVMContextDispose(l.context);
  if (error && options->passes) fatal(c, NULL, "with the LLVM passes '%s': %s", options->passes, error);
  if (error) BUG(c, "LLVM: %s", error);
  return out;
}
