/* What differs between the LLVM versions that we build with (19 to 22), and nothing else. */
#ifndef EAIC_LLVM_COMPAT_H
#define EAIC_LLVM_COMPAT_H

#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR < 19
#error "eaic needs LLVM 19 or newer"
#endif

/* lld places the stack below static data by default since LLVM 22; ours is above. */
#if LLVM_VERSION_MAJOR >= 22
#define LLD_STACK_LAST "--no-stack-first"
#else
#define LLD_STACK_LAST NULL
#endif

#endif
