/* Copying of contiguous bytes without a C library. */
#ifndef EAIC_COPY_WORDS_H
#define EAIC_COPY_WORDS_H

/* Eight bytes at any address. */
struct __attribute__((packed, may_alias)) unaligned_u64 {
  uint64_t v;
};
struct __attribute__((packed, may_alias)) unaligned_u32 {
  uint32_t v;
};

EAIC_INLINE void copy_8_bytes(uint8_t *y, const uint8_t *x) {
  ((struct unaligned_u64 *)y)->v = ((const struct unaligned_u64 *)x)->v;
}
EAIC_INLINE void copy_4_bytes(uint8_t *y, const uint8_t *x) {
  ((struct unaligned_u32 *)y)->v = ((const struct unaligned_u32 *)x)->v;
}

EAIC_INLINE void copy_bytes(uint8_t *restrict y, const uint8_t *restrict x, int32_t n) {
  int32_t i = 0;
  for (; i + 8 <= n; i += 8) copy_8_bytes(y + i, x + i);
  if (i + 4 <= n) {
    copy_4_bytes(y + i, x + i);
    i += 4;
  }
  for (; i < n; i++) y[i] = x[i];
}

#if EAIC_SIMD128
/* Sixteen at a time; the last sixteen of a longer run overlap those before. */
EAIC_INLINE void copy_bytes_simd128(uint8_t *restrict y, const uint8_t *restrict x, int32_t n) {
  if (n < 16) {
    copy_bytes(y, x, n);
    return;
  }
  int32_t i = 0;
  for (; i + 16 <= n; i += 16) wasm_v128_store(y + i, wasm_v128_load(x + i));
  if (i < n) wasm_v128_store(y + n - 16, wasm_v128_load(x + n - 16));
}
#endif

#endif
