/* Comparing tensors. */
#include <math.h>
#include <string.h>

#include "io/io.h"

struct comparison tensor_compare(enum abi_dtype t, int64_t elements, const void *got, const void *expected,
                                 double tolerance) {
  struct comparison result = {.first = -1};
  int64_t size = abi_dtype_bytes(t, 1);
  for (int64_t i = 0; i < elements; i++) {
    if (!memcmp((const char *)got + i * size, (const char *)expected + i * size, (size_t)size)) continue;
    double a = abi_element_get(t, got, i), b = abi_element_get(t, expected, i), difference = fabs(a - b);
    if (abi_dtype_is_float(t) &&
        ((isnan(a) && isnan(b)) || (tolerance > 0 && (a == b || difference <= tolerance * (1 + fabs(b)))))) {
      result.accepted = fmax(result.accepted, difference); /* fmax: not the NaN of two infinities */
      continue;
    }
    result.different++;
    if (result.first < 0) result.first = i;
    result.largest = fmax(result.largest, isnan(difference) ? INFINITY : difference);
  }
  return result;
}
