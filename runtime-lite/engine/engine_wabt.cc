// wabt's interpreter. The only C++ of the runner; no exception and no longjmp crosses its edge.
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "wabt/binary-reader.h"
#include "wabt/error.h"
#include "wabt/interp/binary-reader-interp.h"
#include "wabt/interp/interp.h"

extern "C" {
#include "engine/engine_impl.h"
}

namespace interp = wabt::interp;

struct engine_module {
  wabt::Features features;
  interp::ModuleDesc description;  // instances each need a store, a store its own module
};

struct engine_instance {
  explicit engine_instance(const wabt::Features &features) : store(features) {}
  interp::Store store;
  interp::Module::Ptr module;
  interp::Instance::Ptr instance;
  interp::Memory::Ptr memory;
  std::vector<interp::Func::Ptr> function;
};

namespace {

char *text(const std::string &message) { return strdup(message.c_str()); }

// Runs `body`, which returns a message or "", and turns exceptions (out of memory) into messages.
template <typename Body>
char *guarded(Body body) {
  try {
    const std::string problem = body();
    return problem.empty() ? nullptr : text(problem);
  } catch (const std::exception &e) {
    return text(e.what());
  }
}

char *open(const void *wasm, size_t bytes, struct engine_module **out) {
  return guarded([=]() -> std::string {
    auto module = std::make_unique<engine_module>();
    module->features.enable_relaxed_simd();
    wabt::Errors errors;
    const wabt::ReadBinaryOptions options(module->features, nullptr, /*read_debug_names=*/false,
                                          /*stop_on_first_error=*/true,
                                          /*fail_on_custom_section_error=*/false);
    if (wabt::Failed(
            interp::ReadBinaryInterp("module", wasm, bytes, options, &errors, &module->description))) {
      return errors.empty() ? "the module is not valid" : errors[0].message;
    }
    *out = module.release();
    return "";
  });
}

void close(struct engine_module *m) { delete m; }

void drop(struct engine_instance *i) { delete i; }

// The object exported as `name`, or an empty reference.
template <typename T>
interp::RefPtr<T> exported(engine_instance *i, const char *name) {
  const auto &exports = i->module->desc().exports;
  for (size_t k = 0; k < exports.size(); k++) {
    const interp::Ref ref = i->instance->exports()[k];
    if (exports[k].type.name == name && i->store.Is<T>(ref)) return i->store.UnsafeGet<T>(ref);
  }
  return {};
}

// One function for each import; `infer` calls none of them.
interp::RefVec trapping_imports(engine_instance *i) {
  interp::RefVec functions;
  for (const auto &import : i->module->desc().imports) {
    if (import.type.type->kind != wabt::ExternalKind::Func)
      continue;  // refused when the module's contract was read
    const auto &type = *wabt::cast<interp::FuncType>(import.type.type.get());
    auto trap = [](interp::Thread &thread, const interp::Values &, interp::Values &, interp::Trap::Ptr *out) {
      *out = interp::Trap::New(thread.store(), "an imported function was called");
      return wabt::Result::Error;
    };
    functions.push_back(interp::HostFunc::New(i->store, type, trap).ref());
  }
  return functions;
}

char *instantiate(struct engine_module *m, struct engine_instance **out) {
  return guarded([=]() -> std::string {
    auto i = std::make_unique<engine_instance>(m->features);
    i->module = interp::Module::New(i->store, m->description);
    interp::RefPtr<interp::Trap> trap;
    i->instance = interp::Instance::Instantiate(i->store, i->module.ref(), trapping_imports(i.get()), &trap);
    if (!i->instance) return trap ? trap->message() : "instantiation failed";
    i->memory = exported<interp::Memory>(i.get(), "memory");
    if (!i->memory) return "no exported memory 'memory'";
    *out = i.release();
    return "";
  });
}

uint8_t *memory(struct engine_instance *i, size_t *bytes) {
  *bytes = i->memory->ByteSize();
  return i->memory->UnsafeData();
}

char *find(struct engine_instance *i, const char *name, int *out) {
  return guarded([=]() -> std::string {
    interp::Func::Ptr f = exported<interp::Func>(i, name);
    if (!f || !f->type().params.empty() || !f->type().results.empty()) {
      return std::string("no exported function '") + name + "' without parameters and results";
    }
    *out = static_cast<int>(i->function.size());
    i->function.push_back(f);
    return "";
  });
}

char *call(struct engine_instance *i, int function) {
  return guarded([=]() -> std::string {
    interp::Values results;
    interp::RefPtr<interp::Trap> trap;
    if (wabt::Succeeded(i->function[static_cast<size_t>(function)]->Call(i->store, {}, results, &trap)))
      return "";
    return trap ? trap->message() : "the call failed";
  });
}

}  // namespace

extern "C" const struct engine engine_wabt = {
    .name = "wabt",
    .doc = "interpreter: slow, and computes relaxed SIMD wrongly",
    .open = open,
    .close = close,
    .instantiate = instantiate,
    .drop = drop,
    .memory = memory,
    .find = find,
    .call = call,
};
