/* From the types of a dot product's values to its epilogue: scales, zero points, clips, the quantized
 * residual add. */
#include <math.h>

#include "kernels/kernel.h"
#include "lower/lower_dot.h"
#include "lower/single_add.h"

static bool is_quantized_8bit(const struct type *t) { return dtype_is_8bit(t->dtype) && t->quant; }

void dot_begin(struct dot *d, struct lowering *l, int64_t channels, int w_axis) {
  const struct node *n = l->node;
  *d = (struct dot){
      .l = l, .channels = channels, .w_axis = w_axis, .x = n->input[0], .w = n->input[1], .y = n->output[0]};
  const struct type *x = &d->x->type, *w = &d->w->type, *y = &d->y->type;
  d->integer = dtype_is_8bit(x->dtype) && dtype_is_8bit(w->dtype);
  if (!d->integer && !(x->dtype == DT_F32 && w->dtype == DT_F32 && y->dtype == DT_F32))
    lower_unsupported(l, "products exist for f32 and for 8-bit integers only");
  if (d->integer && y->dtype != DT_S32) {
    if (!x->quant || !w->quant || (y->dtype != DT_F32 && !is_quantized_8bit(y)))
      lower_unsupported(l, "a product of 8-bit integers gives s32, or with scales f32 or quantized 8 bit");
  }
  if ((x->quant && x->quant->axis >= 0) || (y->quant && y->quant->axis >= 0))
    lower_unsupported(l, "activations cannot be quantized per axis");
  if (w->quant && w->quant->axis >= 0 && (w->quant->axis != w_axis || w->quant->n != channels))
    lower_unsupported(l, "weights can be quantized along the output channels only");
  const struct value *operands[] = {d->x, d->w, d->y};
  for (size_t i = 0; i < COUNT_OF(operands); i++)
    if (type_bytes(&operands[i]->type) > INT32_MAX)
      lower_unsupported(l, "a tensor does not fit 31 bits of address");
}

/* Levels that a real interval covers on the output's grid, relative to the zero point. */
static void clip_levels(const float *clip, enum dtype dtype, float scale, int32_t zero_point, float *low,
                        float *high) {
  int32_t lowest = dtype == DT_S8 ? -128 : 0, highest = dtype == DT_S8 ? 127 : 255;
  *low = (float)((clip ? quantize_f32(clip[0], scale, zero_point, lowest, highest) : lowest) - zero_point);
  *high = (float)((clip ? quantize_f32(clip[1], scale, zero_point, lowest, highest) : highest) - zero_point);
}

/* QLinearAdd's numbers. */
static void finish_residual_x8(struct dot *d, float scale, int32_t zero_point) {
  const struct quant *r = d->residual->type.quant, *y = d->y->type.quant;
  if (!is_quantized_8bit(&d->residual->type) || r->axis >= 0)
    lower_unsupported(d->l, "the residual of a quantized product must be 8-bit and quantized per tensor");
  bool first = attr_int(d->l->node, ATTR_RESIDUAL_FIRST, 0) != 0;
  float a_scale = first ? r->scale[0] : scale, b_scale = first ? scale : r->scale[0];
  int32_t a_zero = first ? r->zero_point[0] : zero_point, b_zero = first ? zero_point : r->zero_point[0];
  struct dot_numbers *numbers = &d->numbers;
  numbers->ratio_a = a_scale / y->scale[0];
  numbers->ratio_b = b_scale / y->scale[0];
  numbers->fixed =
      (float)y->zero_point[0] - fmaf(numbers->ratio_a, (float)a_zero, numbers->ratio_b * (float)b_zero);
  d->epilogue.residual = first ? DOT_RESIDUAL_FIRST : DOT_RESIDUAL_SECOND;
  d->epilogue.residual_signed = d->residual->type.dtype == DT_S8;
  clip_levels(attr_floats(d->l->node, ATTR_POST_CLIP, &(int){0}), d->y->type.dtype, y->scale[0],
              y->zero_point[0], &numbers->post_low, &numbers->post_high);
  numbers->post_low += (float)y->zero_point[0];
  numbers->post_high += (float)y->zero_point[0];
}

/* Single precision for the add where it gives the same levels. */
static void simplify_residual(struct dot *d) {
  struct dot_numbers *numbers = &d->numbers;
  int32_t product = d->epilogue.output == DOT_S8 ? -128 : 0;
  int32_t residual = d->epilogue.residual_signed ? -128 : 0;
  bool first = d->epilogue.residual == DOT_RESIDUAL_FIRST;
  struct level_sum s = {.ratio_a = numbers->ratio_a,
                        .ratio_b = numbers->ratio_b,
                        .fixed = numbers->fixed,
                        .low = numbers->post_low,
                        .high = numbers->post_high,
                        .a_lowest = first ? residual : product,
                        .b_lowest = first ? product : residual};
  d->epilogue.add_is_single = single_add_find(d->l->ctx, &s);
  numbers->ratio_a = s.ratio_a;
  numbers->ratio_b = s.ratio_b;
  numbers->fixed = s.fixed;
}

static void finish_8bit(struct dot *d, float *scale) {
  const struct node *n = d->l->node;
  const struct quant *y = d->y->type.quant;
  float y_scale = d->residual ? attr_float(n, ATTR_MID_SCALE, y->scale[0]) : y->scale[0];
  int32_t zero_point =
      d->residual ? (int32_t)attr_int(n, ATTR_MID_ZERO_POINT, y->zero_point[0]) : y->zero_point[0];
  for (int i = 0; i < d->epilogue.scale_count; i++) scale[i] = scale[i] / y_scale;
  clip_levels(attr_floats(n, ATTR_CLIP, &(int){0}), d->y->type.dtype, y_scale, zero_point, &d->numbers.low,
              &d->numbers.high);
  d->numbers.zero_point = zero_point;
  d->epilogue.output = d->y->type.dtype == DT_S8 ? DOT_S8 : DOT_U8;
  if (d->residual) {
    finish_residual_x8(d, y_scale, zero_point);
    simplify_residual(d);
  }
}

static void finish_f32(struct dot *d) {
  const struct node *n = d->l->node;
  const float *clip = attr_floats(n, ATTR_CLIP, &(int){0}), *post = attr_floats(n, ATTR_POST_CLIP, &(int){0});
  d->epilogue.output = DOT_F32;
  if (clip) {
    d->epilogue.has_clip = 1;
    d->numbers.low = clip[0];
    d->numbers.high = clip[1];
  }
  if (post) {
    d->epilogue.has_post_clip = 1;
    d->numbers.post_low = post[0];
    d->numbers.post_high = post[1];
  }
  if (d->residual) {
    if (d->residual->type.dtype != DT_F32)
      lower_unsupported(d->l, "the residual of an f32 product must be f32");
    d->epilogue.residual = DOT_RESIDUAL_SECOND; /* a sum of two floats has no order */
  }
}

/* Zero points of w as an array of its dtype; none when all are zero. */
static void static_w_zero(struct dot *d, int count, const uint8_t *zero) {
  bool any = false;
  for (int i = 0; i < count; i++) any |= zero[i] != 0;
  if (!any) return;
  d->w_zero = zero;
  d->w_zero_count = count;
}

void dot_take_zero_points(struct dot *d, struct value *x_zero, struct value *w_zero) {
  if (value_is_constant(x_zero) && type_elements(&x_zero->type) == 1)
    d->numbers.x_zero_point = load8(x_zero->data, 0, dtype_is_signed(x_zero->type.dtype));
  else
    d->x_zero_value = x_zero;
  if (value_is_constant(w_zero)) {
    static_w_zero(d, (int)type_elements(&w_zero->type), w_zero->data);
  } else if (w_zero) {
    d->w_zero_value = w_zero;
    d->w_zero_count = (int32_t)type_elements(&w_zero->type);
  }
}

void dot_finish(struct dot *d) {
  const struct quant *x = d->x->type.quant, *w = d->w->type.quant;
  d->epilogue.has_bias = d->bias != NULL;
  if (!d->integer) {
    finish_f32(d);
    return;
  }
  if (d->bias && d->bias->type.dtype != DT_S32)
    lower_unsupported(d->l, "the bias of an integer product must be s32");
  if (x) d->numbers.x_zero_point = x->zero_point[0];
  if (w) {
    uint8_t *zero = ctx_alloc(d->l->ctx, (size_t)w->n);
    for (int i = 0; i < w->n; i++) zero[i] = (uint8_t)w->zero_point[i];
    static_w_zero(d, w->n, zero);
  }
  if (d->y->type.dtype == DT_S32) {
    if (d->residual) lower_unsupported(d->l, "an s32 product cannot have a residual");
    d->epilogue.output = DOT_S32;
    return;
  }
  /* ONNX Runtime: (Xs * Ws[i]) / Ys, and without Ys for a float output. */
  d->epilogue.scale_count = w->n;
  float *scale = CTX_ARRAY(d->l->ctx, float, w->n);
  for (int i = 0; i < w->n; i++) scale[i] = x->scale[0] * w->scale[i];
  if (d->y->type.dtype == DT_F32)
    finish_f32(d);
  else
    finish_8bit(d, scale);
  d->scale = scale;
}

bool dot_is_constant(const struct dot *d) {
  if (!value_is_constant(d->w)) return false;
  return !d->integer || ((!d->bias || value_is_constant(d->bias)) && !d->w_zero_value);
}

struct call *dot_call(struct dot *d, enum kernel_id kernel, const void *params, size_t params_bytes) {
  struct call *c = lower_call(d->l, kernel, params, params_bytes, DOT_OPERANDS);
  call_reads(c, DOT_X, d->x);
  if (d->weight_scratch_bytes)
    call_scratch(c, DOT_W, 1, d->weight_scratch_bytes, false);
  else if (d->packed)
    call_constant(c, DOT_W, d->packed, d->packed_bytes);
  else
    call_reads(c, DOT_W, d->w);
  if (d->folded_bias)
    call_constant(c, DOT_BIAS, d->folded_bias, d->channels * (int64_t)sizeof(int32_t));
  else
    call_reads(c, DOT_BIAS, d->bias);
  call_constant(c, DOT_SCALE, d->scale, d->epilogue.scale_count * (int64_t)sizeof(float));
  call_constant(c, DOT_NUMBERS, ctx_copy(d->l->ctx, &d->numbers, sizeof d->numbers), sizeof d->numbers);
  call_reads(c, DOT_X_ZERO, d->x_zero_value);
  call_reads(c, DOT_W_ZERO, d->w_zero_value);
  call_constant(c, DOT_W_ZERO, d->w_zero, d->w_zero_count);
  call_reads(c, DOT_RESIDUAL, d->residual);
  call_writes(c, DOT_Y, d->y);
  if (d->scratch_bytes) call_scratch(c, DOT_SCRATCH, 0, d->scratch_bytes, true);
  c->macs = d->macs;
  return c;
}
