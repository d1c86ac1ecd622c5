// The linker, in this process. The only use of lld's C++ interface.
#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
#include "wasm/section.h"
}

LLD_HAS_DRIVER(wasm)

extern "C" char *lld_link_wasm(const char *const *args) {
  std::vector<const char *> arguments;
  while (*args) arguments.push_back(*args++);
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  const lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Wasm, &lld::wasm::link}});
  if (result.retCode == 0) return nullptr;
  return strdup(stream.str().empty() ? "failed without a message" : stream.str().c_str());
}
