#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Under AddressSanitizer the bytes between two allocations are poisoned, so that an overrun inside the arena
 * is seen. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
enum { GAP = 64 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum { ALIGN = 64, BLOCK_BYTES = 1 << 20 };
#define DEFAULT_MAX_BYTES ((size_t)16 << 30)

struct arena_block {
  struct arena_block *older;
  size_t used, size; /* of the bytes behind the header */
};
#define HEADER_BYTES ((sizeof(struct arena_block) + ALIGN - 1) / ALIGN * ALIGN)

static void report_to_stderr(void *user, const char *line) {
  (void)user;
  fprintf(stderr, "%s\n", line);
}

void ctx_init(struct ctx *c) {
  memset(c, 0, sizeof *c);
  c->max_bytes = DEFAULT_MAX_BYTES;
  c->report = report_to_stderr;
}

void ctx_free(struct ctx *c) {
  for (struct arena_block *b = c->arena; b;) {
    struct arena_block *older = b->older;
    UNPOISON((uint8_t *)b + HEADER_BYTES, b->size);
    free(b);
    b = older;
  }
  c->arena = NULL;
  c->arena_bytes = 0;
}

bool ctx_run(struct ctx *c, void (*body)(struct ctx *c, void *argument), void *argument) {
  jmp_buf here;
  jmp_buf *const outer = c->escape;
  const int errors_before = c->errors;
  c->escape = &here;
  if (setjmp(here) == 0) body(c, argument);
  c->escape = outer;
  return c->errors == errors_before;
}

static struct arena_block *block_new(struct ctx *c, size_t bytes) {
  const size_t size = bytes > BLOCK_BYTES / 4 ? bytes : BLOCK_BYTES;
  struct arena_block *b = NULL;
  if (posix_memalign((void **)&b, ALIGN, HEADER_BYTES + size) != 0)
    fatal(c, NULL, "out of memory: %zu bytes more were needed", size);
  b->size = size;
  b->used = 0;
  POISON((uint8_t *)b + HEADER_BYTES, size);
  /* A big block of its own goes behind the current one, which still has room. */
  if (c->arena && size != BLOCK_BYTES) {
    b->older = c->arena->older;
    c->arena->older = b;
  } else {
    b->older = c->arena;
    c->arena = b;
  }
  return b;
}

void *ctx_alloc(struct ctx *c, size_t bytes) {
  if (bytes > c->max_bytes || c->arena_bytes > c->max_bytes - bytes)
    fatal(c, NULL, "more than %zu bytes of memory would be needed", c->max_bytes);
  const size_t rounded = (bytes + GAP + ALIGN - 1) / ALIGN * ALIGN + (bytes == 0 ? ALIGN : 0);
  struct arena_block *b = c->arena;
  if (!b || b->size - b->used < rounded) b = block_new(c, rounded);
  uint8_t *p = (uint8_t *)b + HEADER_BYTES + b->used;
  b->used += rounded;
  c->arena_bytes += bytes;
  UNPOISON(p, bytes);
  return memset(p, 0, bytes);
}

void *ctx_alloc_array(struct ctx *c, size_t count, size_t size) {
  if (size && count > SIZE_MAX / size) fatal(c, NULL, "a table of %zu entries is too large", count);
  return ctx_alloc(c, count * size);
}

void *ctx_copy(struct ctx *c, const void *data, size_t bytes) {
  void *p = ctx_alloc(c, bytes);
  return bytes ? memcpy(p, data, bytes) : p;
}

char *ctx_strndup(struct ctx *c, const char *s, size_t length) {
  char *p = ctx_alloc(c, length + 1);
  memcpy(p, s, length);
  return p;
}

char *ctx_strdup(struct ctx *c, const char *s) { return ctx_strndup(c, s, strlen(s)); }

char *ctx_printf(struct ctx *c, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  const int length = vsnprintf(NULL, 0, format, args);
  char *p = ctx_alloc(c, (size_t)length + 1);
  vsnprintf(p, (size_t)length + 1, format, again);
  va_end(args);
  va_end(again);
  return p;
}
