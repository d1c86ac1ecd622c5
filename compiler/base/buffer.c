#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void buffer_init(struct buffer *b, struct ctx *c) {
  memset(b, 0, sizeof *b);
  b->ctx = c;
  b->data = ctx_alloc(c, 1);
  b->capacity = 1;
}

static void buffer_reserve(struct buffer *b, size_t more) {
  if (more > SIZE_MAX / 4 || b->size > SIZE_MAX / 4) fatal(b->ctx, NULL, "output too large");
  const size_t need = b->size + more + 1;
  if (need <= b->capacity) return;
  size_t capacity = b->capacity < 128 ? 256 : b->capacity * 2;
  if (capacity < need) capacity = need;
  uint8_t *data = ctx_alloc(b->ctx, capacity);
  memcpy(data, b->data, b->size);
  b->data = data;
  b->capacity = capacity;
}

void buffer_append(struct buffer *b, const void *data, size_t bytes) {
  if (!bytes) return;
  buffer_reserve(b, bytes);
  memcpy(b->data + b->size, data, bytes);
  b->size += bytes;
  b->data[b->size] = 0;
}

void buffer_byte(struct buffer *b, uint8_t byte) { buffer_append(b, &byte, 1); }

void buffer_text(struct buffer *b, const char *s) { buffer_append(b, s, strlen(s)); }

void buffer_printf(struct buffer *b, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  const int length = vsnprintf(NULL, 0, format, args);
  buffer_reserve(b, (size_t)length);
  vsnprintf((char *)b->data + b->size, (size_t)length + 1, format, again);
  b->size += (size_t)length;
  va_end(args);
  va_end(again);
}

void buffer_pad(struct buffer *b, size_t alignment) {
  static const uint8_t zeros[64];
  while (b->size % alignment) {
    const size_t want = alignment - b->size % alignment;
    buffer_append(b, zeros, want < sizeof zeros ? want : sizeof zeros);
  }
}

/* printf and strtod follow the process's locale; numbers in files never do. */
static void decimal_point(char *text) {
  const char point = localeconv()->decimal_point[0];
  for (char *p = text; *p; p++)
    if (*p == point) *p = '.';
}

static void shortest(struct buffer *b, double x, int max_digits, bool single) {
  char text[320]; /* room for every digit count, for the compiler to see */
  if (isnan(x)) {
    buffer_text(b, "nan");
    return;
  }
  if (isinf(x)) {
    buffer_text(b, x > 0 ? "inf" : "-inf");
    return;
  }
  int low = 1, high = max_digits; /* enough digits stay enough with one more, so halve the interval */
  while (low < high) {
    const int digits = (low + high) / 2;
    snprintf(text, sizeof text, "%.*g", digits, x);
    if (single ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x)
      high = digits;
    else
      low = digits + 1;
  }
  snprintf(text, sizeof text, "%.*g", high, x);
  decimal_point(text);
  buffer_text(b, text);
}

void buffer_float(struct buffer *b, float x) { shortest(b, (double)x, 9, true); }

void buffer_double(struct buffer *b, double x) { shortest(b, x, 17, false); }

void *vector_grow(struct ctx *c, void *at, int count, int *capacity, size_t size) {
  if (count < *capacity) return at;
  const int larger = *capacity ? *capacity * 2 : 8;
  void *grown = ctx_alloc_array(c, (size_t)larger, size);
  if (count) memcpy(grown, at, (size_t)count * size);
  *capacity = larger;
  return grown;
}
