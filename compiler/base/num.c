#include <errno.h>
#include <locale.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

bool checked_mul(int64_t a, int64_t b, int64_t *out) { return !__builtin_mul_overflow(a, b, out); }

bool checked_add(int64_t a, int64_t b, int64_t *out) { return !__builtin_add_overflow(a, b, out); }

double clock_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t random_next(uint64_t *state) { /* splitmix64, Steele et al. 2014 */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void sha256_hex(const void *data, size_t bytes, char hex[65]) {
  SHA256Data(data, bytes, hex);
  hex[64] = 0;
}

bool parse_int64(const char *text, int64_t *out) {
  char *end;
  if (*text != '-' && (*text < '0' || *text > '9')) return false;
  errno = 0;
  const long long v = strtoll(text, &end, 10);
  *out = v;
  return *end == 0 && end != text && errno == 0;
}

bool parse_double(const char *text, double *out) {
  char copy[64], *end;
  const size_t length = strlen(text);
  if (length == 0 || length >= sizeof copy || strchr(" \t\n\v\f\r", *text)) return false;
  memcpy(copy, text, length + 1);
  const char point = localeconv()->decimal_point[0];
  for (char *p = copy; *p; p++)
    if (*p == '.') *p = point;
  *out = strtod(copy, &end);
  return *end == 0 && end != copy;
}
