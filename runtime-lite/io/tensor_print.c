/* Tensors for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/io.h"

enum { FEW = 16, MAX_LABELS = 1 << 20 };

struct labels labels_read(struct ctx *c, const char *path) {
  struct bytes file = file_read(c, path, 1 << 26);
  VECTOR(const char *) label = {0};
  const char *at = (const char *)file.data, *end = at + file.size;
  while (at < end && label.count < MAX_LABELS) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    size_t length = (size_t)((newline ? newline : end) - at);
    size_t shown = length && at[length - 1] == '\r' ? length - 1 : length;
    VECTOR_PUSH(c, &label, ctx_strndup(c, at, shown));
    at += length + 1;
  }
  return (struct labels){label.count, label.at};
}

/* Element i: the real number that a quantized one stands for. */
static double real_value(const struct abi_tensor *t, const void *data, int64_t i) {
  double x = abi_element_get(t->dtype, data, i);
  return t->quantized ? (x - (double)t->zero_point) * t->scale : x;
}

static void print_element(struct buffer *out, const struct abi_tensor *t, const void *data, int64_t i) {
  int64_t integer;
  bool is_unsigned;
  if (t->quantized || !abi_element_integer(t->dtype, data, i, &integer, &is_unsigned)) {
    buffer_printf(out, "%.6g", real_value(t, data, i));
  } else if (is_unsigned) {
    buffer_printf(out, "%llu", (unsigned long long)integer);
  } else {
    buffer_printf(out, "%lld", (long long)integer);
  }
}

static void print_range(struct buffer *out, const struct abi_tensor *t, const void *data) {
  int64_t low = -1, high = -1, nans = 0;
  double sum = 0;
  for (int64_t i = 0; i < t->elements; i++) {
    double x = real_value(t, data, i);
    if (isnan(x)) {
      nans++;
      continue;
    }
    if (low < 0 || x < real_value(t, data, low)) low = i;
    if (high < 0 || x > real_value(t, data, high)) high = i;
    sum += x;
  }
  if (low >= 0) {
    buffer_text(out, "  min ");
    print_element(out, t, data, low);
    buffer_text(out, "  max ");
    print_element(out, t, data, high);
    buffer_printf(out, "  mean %.6g", sum / (double)(t->elements - nans));
  }
  if (nans) buffer_printf(out, "  NaN %lld times", (long long)nans);
}

/* "3" for one axis that is larger than 1, else all coordinates "(0,2,5)". */
static void print_index(struct buffer *out, const struct abi_tensor *t, int64_t i) {
  int wide = 0;
  for (int k = 0; k < t->rank; k++) wide += t->dim[k] > 1;
  if (wide <= 1) {
    buffer_printf(out, "%lld", (long long)i);
    return;
  }
  int64_t rest = t->elements;
  for (int k = 0; k < t->rank; k++) {
    rest /= t->dim[k];
    buffer_printf(out, "%s%lld", k ? "," : "(", (long long)(i / rest % t->dim[k]));
  }
  buffer_text(out, ")");
}

/* Index of the largest element after `previous` in the order (value down, index up); -1 when there is none.
 * NaN never. */
static int64_t next_largest(const struct abi_tensor *t, const void *data, int64_t previous) {
  double limit = previous < 0 ? INFINITY : real_value(t, data, previous), best_value = 0;
  int64_t best = -1;
  for (int64_t i = 0; i < t->elements; i++) {
    double x = real_value(t, data, i);
    bool after = previous < 0 ? !isnan(x) : x < limit || (x == limit && i > previous);
    if (after && (best < 0 || x > best_value)) best = i, best_value = x;
  }
  return best;
}

static void print_top(struct buffer *out, const struct abi_tensor *t, const void *data, int top,
                      const struct labels *labels) {
  int64_t i = -1;
  for (int rank = 0; rank < top && (i = next_largest(t, data, i)) >= 0; rank++) {
    buffer_text(out, "  ");
    print_index(out, t, i);
    buffer_text(out, "  ");
    print_element(out, t, data, i);
    if (i < labels->count) buffer_printf(out, "  %s", labels->at[i]);
    buffer_text(out, "\n");
  }
}

void tensor_print(struct buffer *out, const struct abi_tensor *t, const void *data, int top,
                  const struct labels *labels) {
  buffer_printf(out, "%s: %s", t->name, abi_type_text(out->ctx, t));
  if (t->quantized) {
    buffer_text(out, "  scale ");
    buffer_double(out, t->scale);
    buffer_printf(out, " zero point %lld", (long long)t->zero_point);
  }
  print_range(out, t, data);
  buffer_text(out, "\n");
  if (top > 0) {
    print_top(out, t, data, top, labels);
  } else if (t->elements > 0 && t->elements <= FEW) {
    buffer_text(out, " ");
    for (int64_t i = 0; i < t->elements; i++) {
      buffer_text(out, " ");
      print_element(out, t, data, i);
    }
    buffer_text(out, "\n");
  }
}
