/* The C library functions that LLVM may call by itself at the scalar level (with bulk memory it uses
 * instructions instead). The linker drops them from modules that do not need them. */
#if defined(__wasm__)
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);

/* Words of 8 bytes as far as they go; wasm allows any alignment. */
typedef uint64_t word __attribute__((aligned(1), may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  for (; bytes >= 8; bytes -= 8, t += 8, f += 8) *(word *)t = *(const word *)f;
  while (bytes--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  if ((uintptr_t)to - (uintptr_t)from >= bytes) return memcpy(to, from, bytes);
  uint8_t *t = (uint8_t *)to + bytes;
  const uint8_t *f = (const uint8_t *)from + bytes;
  while (bytes--) *--t = *--f;
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  const uint64_t filled = 0x0101010101010101u * (uint8_t)value;
  for (; bytes >= 8; bytes -= 8, t += 8) *(word *)t = filled;
  while (bytes--) *t++ = (uint8_t)value;
  return to;
}

#endif
