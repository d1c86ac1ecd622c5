#include "codegen/emit.h"

/* The assembler copies the bitcode files into eaic's read-only data. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define SYMBOL(name) TEXT(__USER_LABEL_PREFIX__) #name
#if defined(__APPLE__)
#define BEGIN ".section __TEXT,__const\n"
#define END ".text\n"
#else
#define BEGIN ".pushsection .rodata,\"a\"\n"
#define END ".popsection\n"
#endif
#define LABEL(name) ".globl " SYMBOL(name) "\n" SYMBOL(name) ":\n"
#define EMBED(name, file)                                                                   \
  __asm__(BEGIN ".balign 16\n" LABEL(name) ".incbin \"" EAIC_BITCODE_FOLDER "/" file "\"\n" \
          LABEL(name##_end) ".byte 0\n" END);                                               \
  extern const uint8_t name[] __attribute__((visibility("hidden")));                        \
  extern const uint8_t name##_end[] __attribute__((visibility("hidden")));

EMBED(eaic_bitcode_scalar, "scalar.bc")
EMBED(eaic_bitcode_scalar_g, "scalar.g.bc")
EMBED(eaic_bitcode_simd128, "simd128.bc")
EMBED(eaic_bitcode_simd128_g, "simd128.g.bc")
EMBED(eaic_bitcode_relaxed, "relaxed.bc")
EMBED(eaic_bitcode_relaxed_g, "relaxed.g.bc")

struct bytes kernel_bitcode(enum level level, bool debug_info) {
  static const struct {
    const uint8_t *begin, *end;
  } files[LEVEL_COUNT][2] = {
      [LEVEL_SCALAR] = {{eaic_bitcode_scalar, eaic_bitcode_scalar_end},
                        {eaic_bitcode_scalar_g, eaic_bitcode_scalar_g_end}},
      [LEVEL_SIMD128] = {{eaic_bitcode_simd128, eaic_bitcode_simd128_end},
                         {eaic_bitcode_simd128_g, eaic_bitcode_simd128_g_end}},
      [LEVEL_RELAXED] = {{eaic_bitcode_relaxed, eaic_bitcode_relaxed_end},
                         {eaic_bitcode_relaxed_g, eaic_bitcode_relaxed_g_end}},
  };
  const uint8_t *begin = files[level][debug_info].begin, *end = files[level][debug_info].end;
  return (struct bytes){begin, (size_t)(end - begin)};
}
