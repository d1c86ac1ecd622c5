/* QuantizeLinear-10/13/19/21/.., DequantizeLinear likewise, DynamicQuantizeLinear-11, and com.microsoft's of
 * the same names. A scale that is constant becomes part of the value's type. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

static const char *tensor_name(const struct import *n, int i) {
  return i < (int)n->proto->n_input ? n->proto->input[i] : "";
}

/* How many scales; checks the axis. */
static int scale_count(struct import *n, int scale, const struct value *s, const struct type *of, int axis) {
  int64_t count = type_elements(&s->type);
  if (count == 1) return 1;
  int longest = 0;
  for (int i = 0; i < s->type.rank; i++) longest = s->type.dim[i] > s->type.dim[longest] ? i : longest;
  if (s->type.rank > 1 && s->type.dim[longest] != count)
    FAIL(n, "input %d '%s' is %s: scales for blocks of a tensor are not supported", scale,
         tensor_name(n, scale), type_text(n->ctx, &s->type));
  if (axis < 0)
    FAIL(n, "input %d '%s' has %lld entries, expected one scale", scale, tensor_name(n, scale),
         (long long)count);
  if (of->dim[axis] != count)
    FAIL(n, "input %d '%s' has %lld entries, but axis %d of %s has %lld", scale, tensor_name(n, scale),
         (long long)count, axis, type_text(n->ctx, of), (long long)of->dim[axis]);
  return (int)count;
}

static void need_scales(struct import *n, int scale, const struct value *s, int count) {
  if (s->type.dtype != DT_F32)
    FAIL(n, "input %d '%s' is %s, only scales of float are supported", scale, tensor_name(n, scale),
         type_text(n->ctx, &s->type));
  for (int i = 0; i < count; i++) {
    float x = ((const float *)s->data)[i];
    if (!(x > 0) || !isfinite(x))
      FAIL(n, "input %d '%s': scale %d is %g, expected a positive number", scale, tensor_name(n, scale), i,
           (double)x);
  }
}

/* Zero points: as many as scales, or one for all; of the tensor's own type. */
static void read_zero_points(struct import *n, int input, const struct value *z, const struct type *of,
                             int count, int32_t *out) {
  int64_t given = type_elements(&z->type);
  if (z->type.dtype != of->dtype)
    FAIL(n, "input %d '%s' is %s, the zero point of a %s tensor has its type", input, tensor_name(n, input),
         type_text(n->ctx, &z->type), dtype_name(of->dtype));
  if (given != count && given != 1)
    FAIL(n, "input %d '%s' has %lld entries, but there are %d scales", input, tensor_name(n, input),
         (long long)given, count);
  for (int i = 0; i < count; i++) out[i] = (int32_t)element_as_double(z, given == 1 ? 0 : i);
}

static struct value *need_constant(struct import *n, int i, const char *what) {
  struct value *v = need_input(n, i, what);
  if (!v->data) FAIL(n, "input %d '%s' (the %s) must be known at compile time", i, tensor_name(n, i), what);
  return v;
}

const struct quant *read_quant(struct import *n, int scale, int zero_point, const struct type *of, int axis) {
  struct value *s = need_constant(n, scale, "scale");
  int count = scale_count(n, scale, s, of, axis);
  need_scales(n, scale, s, count);
  int32_t *zero = CTX_ARRAY(n->ctx, int32_t, count);
  if (optional_input(n, zero_point))
    read_zero_points(n, zero_point, need_constant(n, zero_point, "zero point"), of, count, zero);
  return quant_make(n->ctx, count == 1 ? -1 : axis, count, s->data, zero);
}

struct value *quantized_input(struct import *n, int x, const char *what) {
  struct value *v = need_input(n, x, what);
  if (!dtype_is_8bit(v->type.dtype))
    FAIL(n, "input %d '%s' is %s, expected u8 or s8", x, what, type_text(n->ctx, &v->type));
  return make_retype(n, v, read_quant(n, x + 1, x + 2, &v->type, -1));
}

struct type quantized_output(struct import *n, int scale, int zero_point, const struct value *like) {
  const struct value *z = optional_input(n, zero_point);
  struct type type = type_make(z ? z->type.dtype : like->type.dtype, 0, NULL, NULL);
  if (!dtype_is_8bit(type.dtype))
    FAIL(n, "input %d '%s' is %s, expected u8 or s8", zero_point, tensor_name(n, zero_point),
         type_text(n->ctx, &z->type));
  type.quant = read_quant(n, scale, zero_point, &type, -1);
  return type;
}

/* QuantizeLinear and DequantizeLinear. */

static void refuse_blocks(struct import *n) {
  if (n->opset >= 21 && attribute_int(n, "block_size", 0) != 0)
    FAIL(n, "attribute 'block_size' is not supported");
}

/* The axis of several scales; one scale needs none, so that a useless attribute does no harm. */
static int quant_axis(struct import *n, const struct value *x, const struct value *scale) {
  bool several = type_elements(&scale->type) != 1;
  return several ? need_axis(n, attribute_int(n, "axis", 1), x->type.rank) : -1;
}

static enum dtype output_dtype(struct import *n, enum dtype fallback) {
  int64_t wanted = n->opset >= 21 ? attribute_int(n, "output_dtype", 0) : 0;
  if (wanted < 0 || wanted > INT32_MAX) wanted = -1;
  return wanted ? element_type(n->ctx, (int)wanted, &n->at, "the output") : fallback;
}

/* Scales or zero points so that they broadcast to x. */
static struct value *along_axis(struct import *n, const struct value *x, struct value *v) {
  int64_t dim[MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  int axis = quant_axis(n, x, v);
  if (axis < 0) return make_reshape(n, v, 0, NULL);
  dim[axis] = type_elements(&v->type);
  if (v->type.rank > 1 || dim[axis] != x->type.dim[axis])
    FAIL(n, "scales for blocks of a tensor are not supported");
  return make_reshape(n, v, x->type.rank, dim);
}

/* QuantizeLinear to storage of few bits: integers saturate, and so do floats. */
static struct value *quantize_narrow(struct import *n, struct value *x, struct value *scale, struct value *zero, enum dtype to) {
  struct value *y = make_2(n, OP_DIV, make_cast(n, x, DT_F32), make_cast(n, along_axis(n, x, scale), DT_F32));
  bool four = to == DT_U4 || to == DT_S4, is_signed = to == DT_S4 || to == DT_S2;
  if (dtype_is_float(to)) return make_cast(n, y, to);
  y = make_1(n, OP_ROUND, y);
  if (zero) y = make_2(n, OP_ADD, y, make_cast(n, along_axis(n, x, zero), DT_F32));
  float levels = four ? 16 : 4, low = is_signed ? -levels / 2 : 0;
  return make_cast(n, make_clip(n, y, low, low + levels - 1), to);
}

/* Scale or zero point are computed by the model. */
static struct value *at_run_time(struct import *n, enum op op, struct value *x, struct value *scale,
                                 struct value *zero) {
  struct value *const in[3] = {x, scale, zero};
  int axis = quant_axis(n, x, scale);
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, axis < 0 ? 0 : axis);
  return make(n, op, zero ? 3 : 2, in, axis < 0 ? 0 : 1, &attr, NULL);
}

void import_quantize_linear(struct import *n) {
  struct value *x = need_input(n, 0, "x"), *scale = need_input(n, 1, "y_scale"), *zero = optional_input(n, 2);
  refuse_blocks(n);
  if (dtype_is_integer(x->type.dtype)) x = make_cast(n, x, DT_F32); /* int32 is allowed too */
  struct type want = type_make(zero ? zero->type.dtype : output_dtype(n, DT_U8), x->type.rank, x->type.dim,
                               NULL);
  if (want.dtype >= DT_F8E4M3FN) {
    n->output[0] = quantize_narrow(n, x, scale, zero, want.dtype);
    return;
  }
  if (!dtype_is_integer(want.dtype)) FAIL(n, "quantizing to %s is not supported", dtype_name(want.dtype));
  if (!scale->data || (zero && !zero->data)) {
    n->output[0] = at_run_time(n, OP_QUANTIZE_BY, x, scale, zero ? zero : make_scalar(n, want.dtype, 0));
    return;
  }
  want.quant = read_quant(n, 1, 2, &want, quant_axis(n, x, scale));
  n->output[0] = make(n, OP_QUANTIZE, 1, &x, 0, NULL, &want);
}

void import_dequantize_linear(struct import *n) {
  struct value *x = need_input(n, 0, "x"), *scale = need_input(n, 1, "x_scale"), *zero = optional_input(n, 2);
  refuse_blocks(n);
  if (x->type.dtype >= DT_F8E4M3FN) { /* storage of few bits: computed with, not kept as levels */
    struct value *real = make_cast(n, x, DT_F32), *factor = make_cast(n, along_axis(n, x, scale), DT_F32);
    if (zero) real = make_2(n, OP_SUB, real, make_cast(n, along_axis(n, x, zero), DT_F32));
    n->output[0] = make_cast(n, make_2(n, OP_MUL, real, factor), output_dtype(n, scale->type.dtype));
    return;
  }
  if (!dtype_is_integer(x->type.dtype))
    FAIL(n, "input 0 'x' is %s, expected integers", type_text(n->ctx, &x->type));
  struct type want = type_make(output_dtype(n, scale->type.dtype), 0, NULL, NULL);
  if (!scale->data || (zero && !zero->data)) {
    n->output[0] = at_run_time(n, OP_DEQUANTIZE_BY, make_plain(n, x), scale, zero);
    return;
  }
  x = make_retype(n, x, read_quant(n, 1, 2, &x->type, quant_axis(n, x, scale)));
  n->output[0] = make(n, OP_DEQUANTIZE, 1, &x, 0, NULL, &want);
}

void import_dynamic_quantize_linear(struct import *n) {
  struct value *x = need_input(n, 0, "x");
  struct node *q = make_node(n, OP_QUANTIZE_DYNAMIC, 1, &x, 0, NULL, NULL);
  for (int i = 0; i < 3; i++) n->output[i] = q->output[i];
}
