#include "base/embed.h"
#include "codegen/emit.h"

EMBED(eaic_bitcode_scalar, EAIC_BITCODE_FOLDER "/scalar.bc")
EMBED(eaic_bitcode_scalar_g, EAIC_BITCODE_FOLDER "/scalar.g.bc")
EMBED(eaic_bitcode_simd128, EAIC_BITCODE_FOLDER "/simd128.bc")
EMBED(eaic_bitcode_simd128_g, EAIC_BITCODE_FOLDER "/simd128.g.bc")
EMBED(eaic_bitcode_relaxed, EAIC_BITCODE_FOLDER "/relaxed.bc")
EMBED(eaic_bitcode_relaxed_g, EAIC_BITCODE_FOLDER "/relaxed.g.bc")

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
