/* Elementwise operators with a row in ir/ops.def, and those that are a few of them. Broadcasting is NumPy's
 * since opset 7. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "onnx/import.h"

/* Argument: the IR op. */
void import_unary(struct import *n) {
  n->output[0] = make_1(n, (enum op)n->row->argument, make_plain(n, need_input(n, 0, "X")));
}

/* ONNX Runtime's broadcasting hands QLinearAdd its operands exchanged when along the innermost axis that is not 1 in both,
 * the first is 1, or when all are. Its rounding is not symmetric, and only here its shapes are known: later passes
 * change the layout. */
static bool add_exchanges(const struct type *a, const struct type *b) {
  for (int i = 1; i <= a->rank || i <= b->rank; i++) {
    const int64_t in_a = i <= a->rank ? a->dim[a->rank - i] : 1, in_b = i <= b->rank ? b->dim[b->rank - i] : 1;
    if (in_a != 1 || in_b != 1) return in_a == 1;
  }
  return true;
}

struct value *make_binary(struct import *n, enum op op, struct value *a, struct value *b, const struct type *want) {
  const bool exchange = op == OP_ADD && add_exchanges(&a->type, &b->type);
  struct value *const in[2] = {exchange ? b : a, exchange ? a : b};
  return make(n, op, 2, in, 0, NULL, want);
}

/* Opset 6: with `broadcast`, the axes of b are those of a from `axis` on. */
static struct value *aligned(struct import *n, const struct value *a, struct value *b) {
  int rank = a->type.rank;
  if (n->opset >= 7 || !attribute_bool(n, "broadcast", false) || b->type.rank > rank) return b;
  int64_t dim[MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1}, axis = attribute_int(n, "axis", rank - b->type.rank);
  int at = rank ? need_axis(n, axis, rank + 1) : 0;
  if (at + b->type.rank > rank) FAIL(n, "attribute 'axis' is %lld", (long long)axis);
  memcpy(dim + at, b->type.dim, (size_t)b->type.rank * sizeof *dim);
  return make_reshape(n, b, rank, dim);
}

void import_binary(struct import *n) {
  struct value *a = make_plain(n, need_input(n, 0, "A")), *b = make_plain(n, need_input(n, 1, "B"));
  b = aligned(n, a, b);
  n->output[0] = make_binary(n, (enum op)n->row->argument, a, b, NULL);
}

/* Max, Min, Sum: any number of inputs, from the left. Argument: the IR op. */
static struct value *fold_inputs(struct import *n, enum op op) {
  struct value *y = make_plain(n, need_input(n, 0, "data_0"));
  for (int i = 1; i < n->input_count; i++) y = make_2(n, op, y, make_plain(n, need_input(n, i, "data")));
  return y;
}

void import_variadic(struct import *n) { n->output[0] = fold_inputs(n, (enum op)n->row->argument); }

void import_mean(struct import *n) {
  struct value *sum = fold_inputs(n, OP_ADD);
  n->output[0] = n->input_count == 1 ? sum : make_2(n, OP_DIV, sum, make_scalar_like(n, sum, n->input_count));
}

/* Pow-12: the exponent may have another type than the base, which is the result's. */
void import_pow(struct import *n) {
  struct value *base = make_plain(n, need_input(n, 0, "X")), *exponent = make_plain(n, need_input(n, 1, "Y"));
  enum dtype result = base->type.dtype;
  if (result == exponent->type.dtype) {
    n->output[0] = make_2(n, OP_POW, base, exponent);
    return;
  }
  enum dtype common = dtype_is_float(result)                 ? result
                      : dtype_is_float(exponent->type.dtype) ? exponent->type.dtype
                                                             : result;
  struct value *y = make_2(n, OP_POW, make_cast(n, base, common), make_cast(n, exponent, common));
  n->output[0] = make_cast(n, y, result);
}

void import_mod(struct import *n) {
  struct value *const in[2] = {make_plain(n, need_input(n, 0, "A")), make_plain(n, need_input(n, 1, "B"))};
  bool fmod = attribute_bool(n, "fmod", false);
  const struct attr attr = attr_make_float(n->ctx, ATTR_ALPHA, fmod ? 1 : 0);
  n->output[0] = make(n, OP_MOD, 2, in, 1, &attr, NULL);
}

void import_where(struct import *n) {
  struct value *a = make_plain(n, need_input(n, 1, "X")), *b = make_plain(n, need_input(n, 2, "Y"));
  n->output[0] = make_where(n, need_input(n, 0, "condition"), a, b);
}

/* Relu, Clip. Integers are compared as integers: a float limit could not hold the 64-bit ones. */

static struct value *clamp_to(struct import *n, struct value *x, struct value *low, struct value *high) {
  if (low) x = make_2(n, OP_MAX, x, low);
  return high ? make_2(n, OP_MIN, x, high) : x;
}

void import_relu(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "X"));
  bool floats = dtype_is_float(x->type.dtype);
  n->output[0] = floats ? make_clip(n, x, 0, INFINITY) : clamp_to(n, x, make_scalar_like(n, x, 0), NULL);
}

void import_clip_6(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  n->output[0] = make_clip(n, x, attribute_float(n, "min", -FLT_MAX), attribute_float(n, "max", FLT_MAX));
}

void import_clip_11(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  struct value *low = make_plain(n, optional_input(n, 1)), *high = make_plain(n, optional_input(n, 2));
  bool known = (!low || low->data) && (!high || high->data);
  if (!known || x->type.dtype != DT_F32) {
    n->output[0] = clamp_to(n, x, low, high);
    return;
  }
  float min = (float)constant_number(n, 1, "min", -INFINITY),
        max = (float)constant_number(n, 2, "max", INFINITY);
  n->output[0] = low || high ? make_clip(n, x, min, max) : x;
}

/* Types. */

/* Cast with what ONNX 19 and 24 say about 8-bit floats. */
static struct value *small_cast(struct import *n, struct value *x, enum dtype to) {
  if (to < DT_F8E4M3FN || x->type.dtype == to) return make_cast(n, x, to);
  const char *rounding = attribute_text(n, "round_mode", "up");
  const struct attr attr[2] = {
      attr_make_int(n->ctx, ATTR_OVERFLOW, n->opset >= 19 && !attribute_bool(n, "saturate", true)),
      attr_make_int(n->ctx, ATTR_ROUNDING, !strcmp(rounding, "nearest") ? 2 : !strcmp(rounding, "down"))};
  struct type want = type_make(to, 0, NULL, NULL);
  return make(n, OP_CAST, 1, &x, 2, attr, &want);
}

void import_cast(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  int64_t to = attribute_int(n, "to", 0);
  if (to < 0 || to > INT32_MAX) to = 0;
  n->output[0] = small_cast(n, x, element_type(n->ctx, (int)to, &n->at, "the output"));
}

void import_cast_like(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  n->output[0] = small_cast(n, x, need_input(n, 1, "target_type")->type.dtype);
}

/* Predicates of floats. */

void import_is_nan(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  n->output[0] = make_1(n, OP_NOT, make_2(n, OP_EQUAL, x, x));
}

void import_is_inf(struct import *n) {
  struct value *x = need_input(n, 0, "X");
  bool negative = attribute_bool(n, "detect_negative", true),
       positive = attribute_bool(n, "detect_positive", true);
  struct value *up = make_2(n, OP_EQUAL, x, make_scalar_like(n, x, (double)INFINITY));
  struct value *down = make_2(n, OP_EQUAL, x, make_scalar_like(n, x, -(double)INFINITY));
  if (negative && positive) n->output[0] = make_2(n, OP_OR, up, down);
  else if (negative || positive) n->output[0] = negative ? down : up;
  else n->output[0] = make_2(n, OP_AND, up, down); /* never both */
}

void import_identity(struct import *n) { n->output[0] = need_input(n, 0, "input"); }

/* Dropout in inference is the identity; its mask (opset 10: bool) is all true. */
void import_dropout(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  if (n->opset >= 12 && constant_number(n, 2, "training_mode", 0) != 0)
    FAIL(n, "training_mode is not supported");
  n->output[0] = x;
  if (n->output_count > 1 && *n->proto->output[1])
    n->output[1] = make_expand(n, make_scalar(n, n->opset >= 10 ? DT_BOOL : x->type.dtype, 1), x->type.rank,
                               x->type.dim);
}

void import_bit_shift(struct import *n) {
  struct value *const in[2] = {make_plain(n, need_input(n, 0, "X")), make_plain(n, need_input(n, 1, "Y"))};
  const char *direction = attribute_text(n, "direction", "");
  if (strcmp(direction, "LEFT") && strcmp(direction, "RIGHT")) FAIL(n, "attribute 'direction' is '%s'", direction);
  const struct attr attr = attr_make_float(n->ctx, ATTR_ALPHA, direction[0] == 'R');
  n->output[0] = make(n, OP_BIT_SHIFT, 2, in, 1, &attr, NULL);
}

void import_bit_cast(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input"));
  int64_t to = attribute_int(n, "to", 0);
  enum dtype dtype = element_type(n->ctx, to < 0 || to > INT32_MAX ? 0 : (int)to, &n->at, "the output");
  struct type want = type_make(dtype, 0, NULL, NULL);
  n->output[0] = x->type.dtype == dtype ? x : make(n, OP_BITCAST, 1, &x, 0, NULL, &want);
}
