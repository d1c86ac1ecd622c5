/* Activations: those with a row in ir/ops.def take parameters from attributes, others are composed. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

static struct value *input_x(struct import *n) { return make_plain(n, need_input(n, 0, "X")); }

static struct value *times(struct import *n, struct value *x, double factor) {
  return factor == 1 ? x : make_2(n, OP_MUL, x, make_scalar_like(n, x, factor));
}

static struct value *plus(struct import *n, struct value *x, double term) {
  return make_2(n, OP_ADD, x, make_scalar_like(n, x, term));
}

void import_leaky_relu(struct import *n) {
  n->output[0] = make_unary(n, OP_LEAKY_RELU, input_x(n), attribute_float(n, "alpha", 0.01f), 0);
}

void import_hard_sigmoid(struct import *n) {
  float alpha = attribute_float(n, "alpha", 0.2f), beta = attribute_float(n, "beta", 0.5f);
  n->output[0] = make_unary(n, OP_HARD_SIGMOID, input_x(n), alpha, beta);
}

void import_elu(struct import *n) {
  n->output[0] = make_unary(n, OP_ELU, input_x(n), attribute_float(n, "alpha", 1), 0);
}

/* gamma * (x < 0 ? alpha * (e^x - 1) : x) */
void import_selu(struct import *n) {
  float alpha = attribute_float(n, "alpha", 1.67326319217681884765625f);
  float gamma = attribute_float(n, "gamma", 1.05070102214813232421875f);
  n->output[0] = times(n, make_unary(n, OP_ELU, input_x(n), alpha, 0), (double)gamma);
}

/* max(0, x) + min(0, alpha * (e^(x / alpha) - 1)) */
void import_celu(struct import *n) {
  struct value *x = input_x(n);
  float alpha = attribute_float(n, "alpha", 1);
  if (alpha == 0) FAIL(n, "attribute 'alpha' is 0");
  struct value *zero = make_scalar_like(n, x, 0);
  struct value *scaled = make_2(n, OP_DIV, x, make_scalar_like(n, x, (double)alpha));
  struct value *below = times(n, make_unary(n, OP_ELU, make_2(n, OP_MIN, scaled, zero), 1, 0), (double)alpha);
  n->output[0] = make_2(n, OP_ADD, make_2(n, OP_MAX, x, zero), make_2(n, OP_MIN, below, zero));
}

void import_softsign(struct import *n) {
  struct value *x = input_x(n);
  n->output[0] = make_2(n, OP_DIV, x, plus(n, make_1(n, OP_ABS, x), 1));
}

void import_thresholded_relu(struct import *n) {
  struct value *x = input_x(n);
  struct value *above = make_2(n, OP_GREATER, x,
                               make_scalar_like(n, x, (double)attribute_float(n, "alpha", 1)));
  n->output[0] = make_where(n, above, x, make_scalar_like(n, x, 0));
}

/* x < -lambd ? x + bias : x > lambd ? x - bias : 0 */
void import_shrink(struct import *n) {
  struct value *x = input_x(n);
  double bias = (double)attribute_float(n, "bias", 0), limit = (double)attribute_float(n, "lambd", 0.5f);
  struct value *above = make_2(n, OP_GREATER, x, make_scalar_like(n, x, limit));
  struct value *below = make_2(n, OP_LESS, x, make_scalar_like(n, x, -limit));
  struct value *y = make_where(n, above, plus(n, x, -bias), make_scalar_like(n, x, 0));
  n->output[0] = make_where(n, below, plus(n, x, bias), y);
}

/* x * tanh(log(1 + e^x)) */
void import_mish(struct import *n) {
  struct value *x = input_x(n);
  n->output[0] = make_2(n, OP_MUL, x, make_1(n, OP_TANH, make_1(n, OP_SOFTPLUS, x)));
}

/* x * sigmoid(alpha * x): Swish-24, com.microsoft QuickGelu (whose alpha is 1.702 by default). */
static void swish(struct import *n, float alpha) {
  struct value *x = input_x(n);
  n->output[0] = make_2(n, OP_MUL, x, make_1(n, OP_SIGMOID, times(n, x, (double)alpha)));
}

void import_swish(struct import *n) { swish(n, attribute_float(n, "alpha", 1)); }

void import_quick_gelu(struct import *n) { swish(n, attribute_float(n, "alpha", 1.702f)); }

/* Half of x, times 1 + erf(x / sqrt 2), or 1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)). */
static struct value *make_gelu(struct import *n, struct value *x, bool tanh_form) {
  struct value *inner;
  if (tanh_form) {
    struct value *cube = make_2(n, OP_MUL, make_2(n, OP_MUL, x, x), x);
    inner = make_1(n, OP_TANH, times(n, make_2(n, OP_ADD, x, times(n, cube, 0.044715)), sqrt(2 / M_PI)));
  } else {
    inner = make_1(n, OP_ERF, times(n, x, sqrt(0.5)));
  }
  return make_2(n, OP_MUL, times(n, x, 0.5), plus(n, inner, 1));
}

void import_gelu(struct import *n) {
  const char *form = attribute_text(n, "approximate", "none");
  if (strcmp(form, "none") && strcmp(form, "tanh"))
    FAIL(n, "attribute 'approximate' is '%s', which is unknown", form);
  n->output[0] = make_gelu(n, input_x(n), !strcmp(form, "tanh"));
}

/* com.microsoft BiasGelu (argument 0) and FastGelu (1): an optional bias first. */
void import_bias_gelu(struct import *n) {
  struct value *x = input_x(n), *bias = optional_input(n, 1);
  n->output[0] = make_gelu(n, bias ? make_2(n, OP_ADD, x, bias) : x, n->row->argument);
}
