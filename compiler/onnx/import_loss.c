/* NegativeLogLikelihoodLoss-12/13/22, SoftmaxCrossEntropyLoss-12/13. */
#include <string.h>

#include "onnx/import.h"

static struct value *sum_all(struct import *n, struct value *x) {
  int64_t axes[MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) axes[i] = i;
  return make_reduce(n, OP_REDUCE_SUM, x, x->type.rank, axes, false);
}

/* x: logarithms of probabilities [n, c, ..], target [n, ..]: -weight[target] * x[target], 0 where the target is ignored. */
static struct value *negative_log_likelihood(struct import *n, struct value *x) {
  struct value *target = need_input(n, 1, "target"), *weight = optional_input(n, 2), *ignored = NULL;
  const char *reduction = attribute_text(n, "reduction", "mean");
  need_rank(n, x, 2, MAX_RANK, "the input");
  if (target->type.rank != x->type.rank - 1) FAIL(n, "input 1 'target' is %s", type_text(n->ctx, &target->type));
  if (has_attribute(n, "ignore_index")) {
    double index = (double)attribute_int(n, "ignore_index", 0);
    ignored = make_2(n, OP_EQUAL, target, make_scalar_like(n, target, index));
    target = make_where(n, ignored, make_scalar_like(n, target, 0), target);
  }
  int64_t dim[MAX_RANK];
  memcpy(dim, x->type.dim, sizeof dim);
  dim[1] = 1;
  struct attr axis = attr_make_int(n->ctx, ATTR_AXIS, 1);
  struct value *const at[2] = {x, make_reshape(n, target, x->type.rank, dim)};
  struct value *loss = make_1(n, OP_NEG, make(n, OP_GATHER_ELEMENTS, 2, at, 1, &axis, NULL));
  loss = make_reshape(n, loss, target->type.rank, target->type.dim);
  axis = attr_make_int(n->ctx, ATTR_AXIS, 0);
  struct value *weights = NULL;
  if (weight) weights = make(n, OP_GATHER, 2, (struct value *[]){weight, target}, 1, &axis, NULL);
  if (ignored) {
    if (!weights) weights = make_scalar_like(n, x, 1);
    weights = make_where(n, ignored, make_scalar_like(n, x, 0), weights);
  }
  if (weights) loss = make_2(n, OP_MUL, loss, weights);
  if (!strcmp(reduction, "none")) return loss;
  struct value *sum = sum_all(n, loss);
  if (!strcmp(reduction, "sum")) return sum;
  if (strcmp(reduction, "mean")) FAIL(n, "attribute 'reduction' is '%s', which is unknown", reduction);
  return make_2(n, OP_DIV, sum, weights ? sum_all(n, weights)
                                        : make_scalar_like(n, x, (double)type_elements(&loss->type)));
}

static struct value *wide_scores(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  return x->type.dtype == DT_F16 || x->type.dtype == DT_BF16 ? make_cast(n, x, DT_F32) : x;
}

void import_negative_log_likelihood_loss(struct import *n) {
  n->output[0] = make_cast(n, negative_log_likelihood(n, wide_scores(n)), need_input(n, 0, "input")->type.dtype);
}

void import_softmax_cross_entropy_loss(struct import *n) {
  struct value *x = wide_scores(n);
  enum dtype dtype = need_input(n, 0, "scores")->type.dtype;
  need_rank(n, x, 2, MAX_RANK, "the input");
  const struct attr axis = attr_make_int(n->ctx, ATTR_AXIS, 1);
  struct value *logarithms = make(n, OP_LOG_SOFTMAX, 1, &x, 1, &axis, NULL);
  n->output[0] = make_cast(n, negative_log_likelihood(n, logarithms), dtype);
  n->output[1] = make_cast(n, logarithms, dtype);
}
