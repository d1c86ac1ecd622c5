/* For tests of kernels through their lowering: random types and data, one node run natively on buffers that
 * end where their bytes end (inputs: TAIL_PAD later), so that a sanitizer sees every byte too many. Header
 * only; one test a program. */
#ifndef EAIC_NODE_TEST_H
#define EAIC_NODE_TEST_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lower/lower.h"

struct node_test {
  struct ctx *ctx;
  struct graph *graph;
  uint64_t seed;
  const char *what;
  int number, failures;
};

static inline int64_t pick(struct node_test *t, int64_t low, int64_t high) {
  return low + (int64_t)(random_next(&t->seed) % (uint64_t)(high - low + 1));
}
static inline float pick_float(struct node_test *t, float low, float high) {
  return low + (high - low) * (float)(random_next(&t->seed) >> 40) / 16777216.0f;
}
static inline void test_fail(struct node_test *t, const char *why, int64_t at) {
  printf("%s %d: %s at %lld\n", t->what, t->number, why, (long long)at);
  t->failures++;
}

static inline struct type plain_type(enum dtype dtype, int rank, const int64_t *dim) {
  return type_make(dtype, rank, dim, NULL);
}
static inline const struct quant *pick_quant(struct node_test *t, enum dtype dtype, float scale) {
  return quant_scalar(t->ctx, scale * pick_float(t, 0.5f, 1.5f),
                      (int32_t)pick(t, 0, 255) - (dtype == DT_S8 ? 128 : 0));
}

/* A graph input. Its data: floats in -8..8, any bits for the rest. */
static inline struct value *test_input(struct node_test *t, struct type type) {
  return graph_input(t->graph, ctx_printf(t->ctx, "x%d", t->graph->inputs.count), type);
}
static inline void *test_data(struct node_test *t, const struct type *type) {
  int64_t bytes = type_bytes(type);
  uint8_t *p = malloc((size_t)bytes + TAIL_PAD);
  for (int64_t i = 0; i < bytes + TAIL_PAD; i++) p[i] = (uint8_t)pick(t, 0, 255);
  for (int64_t i = 0; type->dtype == DT_F32 && i < type_elements(type); i++) {
    float v = pick_float(t, -8, 8);
    memcpy(p + i * 4, &v, sizeof v);
  }
  for (int64_t i = 0; type->dtype == DT_F64 && i < type_elements(type); i++) {
    double v = (double)pick_float(t, -8, 8);
    memcpy(p + i * 8, &v, sizeof v);
  }
  return p;
}

/* Element i as a number. */
static inline double element(enum dtype dtype, const void *data, int64_t i) {
  switch ((int)dtype) {
    case DT_F32: return (double)((const float *)data)[i];
    case DT_F64: return ((const double *)data)[i];
    case DT_U8: return ((const uint8_t *)data)[i];
    case DT_S8: return ((const int8_t *)data)[i];
    case DT_U16: return ((const uint16_t *)data)[i];
    case DT_S16: return ((const int16_t *)data)[i];
    case DT_U32: return ((const uint32_t *)data)[i];
    case DT_S32: return ((const int32_t *)data)[i];
    case DT_U64: return (double)((const uint64_t *)data)[i];
    default: return (double)((const int64_t *)data)[i];
  }
}

/* Runs a node with plain or SIMD kernels on data[i], the bytes of input i. Returns the output, to be freed.
 */
static inline void *test_run(struct node_test *t, const struct node *n, bool plain, void *const *data) {
  struct lowering l = {.ctx = t->ctx, .level = plain ? LEVEL_SCALAR : LEVEL_SIMD128, .plain = plain};
  lower_node(&l, n);
  int64_t bytes = type_bytes(&n->output[0]->type);
  uint8_t *y = malloc((size_t)bytes);
  memset(y, 0xa5, (size_t)bytes);
  if (l.alias_input >= 0 && bytes) memcpy(y, data[l.alias_input], (size_t)bytes);
  for (int i = 0; i < l.calls.count; i++) {
    const struct call *call = l.calls.at[i];
    void **operand = calloc((size_t)call->operand_count, sizeof *operand),
         **owned = calloc((size_t)call->operand_count, sizeof *owned);
    for (int k = 0; k < call->operand_count; k++) {
      const struct operand *o = &call->operand[k];
      if (o->kind == OPERAND_VALUE && o->value == n->output[0]) operand[k] = y;
      for (int j = 0; o->kind == OPERAND_VALUE && j < n->input_count; j++)
        if (o->value == n->input[j]) operand[k] = data[j];
      if (o->kind == OPERAND_SCRATCH) operand[k] = owned[k] = malloc((size_t)o->bytes);
      if (o->kind == OPERAND_CONSTANT) {
        operand[k] = owned[k] = malloc((size_t)o->bytes + TAIL_PAD);
        memcpy(operand[k], o->data, (size_t)o->bytes);
      }
    }
    call->kernel->run(call->params, operand);
    for (int k = 0; k < call->operand_count; k++) free(owned[k]);
    free(operand);
    free(owned);
  }
  return y;
}

static inline struct node *test_node(struct node_test *t, enum op op, int inputs, struct value *const *input,
                                     int attrs, const struct attr *attr, const struct type *want) {
  return ops_node(t->graph, op, inputs, input, attrs, attr, want, NULL)->producer;
}

/* SIMD kernels give the plain ones' bytes. Returns the plain output. */
static inline void *test_both(struct node_test *t, const struct node *n, void *const *data) {
  uint8_t *plain = test_run(t, n, true, data), *simd = test_run(t, n, false, data);
  int64_t bytes = type_bytes(&n->output[0]->type);
  for (int64_t i = 0; i < bytes; i++)
    if (plain[i] != simd[i]) {
      test_fail(t, "SIMD differs from plain", i);
      break;
    }
  free(simd);
  return plain;
}

/* Row-major index of element i. */
static inline void unravel(const struct type *t, int64_t i, int64_t index[MAX_RANK]) {
  for (int a = t->rank - 1; a >= 0; a--) {
    index[a] = i % t->dim[a];
    i /= t->dim[a];
  }
}
static inline int64_t ravel(const struct type *t, const int64_t index[MAX_RANK]) {
  int64_t i = 0;
  for (int a = 0; a < t->rank; a++) i = i * t->dim[a] + index[a];
  return i;
}

/* Runs `each` for cases 0..count-1, each in a graph of its own. Returns main's result. */
static inline void run_case(struct ctx *c, void *argument) {
  struct node_test *t = ((void **)argument)[0];
  void (*each)(struct node_test *) = *(void (**)(struct node_test *))((void **)argument)[1];
  t->ctx = c;
  t->graph = graph_new(c, "test");
  each(t);
}
static inline int run_cases(const char *what, int count, void (*each)(struct node_test *)) {
  struct node_test t = {.what = what, .seed = 1};
  for (t.number = 0; t.number < count && t.failures < 10; t.number++) {
    struct ctx c;
    void *argument[2] = {&t, &each};
    ctx_init(&c);
    if (!ctx_run(&c, run_case, argument)) test_fail(&t, "the node was refused", 0);
    ctx_free(&c);
  }
  return t.failures;
}

#endif
