/* What the tests of the elementwise and quantization families share: one node run on exact-size buffers,
 * random numbers. */
#ifndef EAIC_ELEMENTWISE_TESTING_H
#define EAIC_ELEMENTWISE_TESTING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"

struct test {
  struct ctx *c;
  uint64_t seed;
  int failures;
};

static inline int64_t pick(struct test *t, int64_t low, int64_t high) {
  return low + (int64_t)(random_next(&t->seed) % (uint64_t)(high - low + 1));
}
static inline float pick_float(struct test *t, float low, float high) {
  return low + (high - low) * (float)(random_next(&t->seed) >> 40) / 16777216.0f;
}

static inline struct type type_1d(enum dtype dtype, int64_t n, const struct quant *q) {
  return type_make(dtype, 1, (const int64_t[]){n}, q);
}

/* Runs one node on the given inputs. Returns output 0, of exactly its size (so that ASan sees a write past
 * it), to be freed by the caller; further outputs go to more[]. */
static inline void *run_node(struct test *t, enum op op, int count, const struct type *type,
                             const void *const *data, const struct attr *attr, int attr_count,
                             const struct type *y, int outputs, void **more, bool plain) {
  struct graph *g = graph_new(t->c, "test");
  struct value *input[4];
  void *exact[4], *result[4];
  for (int i = 0; i < count; i++) {
    input[i] = graph_input(g, ctx_printf(t->c, "x%d", i), type[i]);
    size_t bytes = (size_t)type_bytes(&type[i]);
    exact[i] = malloc(bytes + TAIL_PAD); /* which kernels may read */
    memcpy(exact[i], data[i], bytes);
    memset((char *)exact[i] + bytes, 0x55, TAIL_PAD);
  }
  struct node *n = graph_node(g, op, count, input, attr_count, attr, outputs, y, NULL);
  for (int i = 0; i < outputs; i++) {
    result[i] = malloc((size_t)type_bytes(&y[i]) + !type_bytes(&y[i]));
    if (i > 0) more[i - 1] = result[i];
  }
  eval_node(t->c, n, plain, (const void *const *)exact, result);
  for (int i = 0; i < count; i++) free(exact[i]);
  return result[0];
}

#endif
