/* conv, conv_integer, conv_transpose: shapes and windows. */
#include "lower/lower_dot.h"

/* Two numbers of a window attribute, or the fallback. */
static void window_pair(struct lowering *l, enum attr_key key, int64_t fallback, int32_t *rows,
                        int32_t *columns) {
  int count = 0;
  const int64_t *v = attr_ints(l->node, key, &count);
  *rows = lower_int32(l, count > 0 ? v[0] : fallback);
  *columns = lower_int32(l, count > 1 ? v[1] : fallback);
}

static struct conv_params conv_shape(struct lowering *l) {
  const struct type *x = &l->node->input[0]->type, *w = &l->node->input[1]->type,
                    *y = &l->node->output[0]->type;
  struct conv_params p = {.batch = lower_int32(l, x->dim[0]),
                          .in_h = lower_int32(l, x->dim[1]),
                          .in_w = lower_int32(l, x->dim[2]),
                          .in_c = lower_int32(l, x->dim[3]),
                          .out_h = lower_int32(l, y->dim[1]),
                          .out_w = lower_int32(l, y->dim[2]),
                          .out_c = lower_int32(l, y->dim[3]),
                          .kernel_h = lower_int32(l, w->dim[1]),
                          .kernel_w = lower_int32(l, w->dim[2]),
                          .group = lower_int32(l, attr_int(l->node, ATTR_GROUP, 1)),
                          .x_signed = dtype_is_signed(x->dtype),
                          .w_signed = dtype_is_signed(w->dtype)};
  window_pair(l, ATTR_STRIDES, 1, &p.stride_h, &p.stride_w);
  window_pair(l, ATTR_DILATIONS, 1, &p.dilation_h, &p.dilation_w);
  window_pair(l, ATTR_PADS, 0, &p.pad_top, &p.pad_left);
  return p;
}

/* One axis of a conv's window: what never matters gets its smallest value, so that no product in a kernel
 * overflows. Returns the padded size. */
static int64_t bound_axis(struct lowering *l, int axis, int32_t in, int32_t kernel, int32_t *stride,
                          int32_t *dilation) {
  int count = 0;
  const int64_t *pads = attr_ints(l->node, ATTR_PADS, &count);
  int64_t padded = in + (count == 4 ? pads[axis] + pads[axis + 2] : 0);
  if (kernel == 1) *dilation = 1;
  *stride = (int32_t)min_i64(*stride, padded);
  return padded;
}

static void bound_window(struct lowering *l, struct conv_params *p) {
  int64_t rows = bound_axis(l, 0, p->in_h, p->kernel_h, &p->stride_h, &p->dilation_h);
  int64_t columns = bound_axis(l, 1, p->in_w, p->kernel_w, &p->stride_w, &p->dilation_w);
  int64_t elements;
  if (!checked_mul(rows, columns, &elements) ||
      !checked_mul(elements, (int64_t)p->batch * p->in_c, &elements) || elements > INT32_MAX)
    lower_unsupported(l, "the padded input does not fit 31 bits of address");
}

static bool conv_is_depthwise(const struct conv_params *p) {
  return p->group > 1 && p->group == p->in_c && p->group == p->out_c;
}

/* Weights, bias and scratch for a SIMD kernel. */
static void conv_pack(struct dot *d, struct conv_params *p, int64_t k) {
  struct dot_weights s = {.batch = 1,
                          .group = p->group,
                          .count = p->out_c / p->group,
                          .k = k,
                          .channel_stride = k,
                          .k_stride = 1};
  bool depthwise = conv_is_depthwise(p);
  if (d->integer) {
    p->x_is_centered = d->x_zero_value != NULL;
    dot_bound_sums(d, &s);
    if (!p->x_is_centered && d->numbers.x_zero_point) dot_fold_bias(d, &s);
    if (depthwise)
      dot_pack_depthwise_x8(d, p->out_c, p->kernel_h, p->kernel_w);
    else
      dot_pack_dense_x8(d, &s);
    p->w_signed = d->packed_signed;
  } else if (depthwise) {
    dot_pack_depthwise_f32(d, p->out_c, k);
  } else {
    dot_pack_dense_f32(d, &s);
  }
  if (depthwise)
    d->scratch_bytes = depthwise_scratch_bytes(p, d->integer ? 2 : 4);
  else
    d->scratch_bytes = dot_tile_bytes((int32_t)k, d->integer ? 2 : 4);
  lower_int32(d->l, d->scratch_bytes);
}

/* The rest of a conv, from the filled dot on. */
static void conv_call(struct dot *d, struct conv_params *p) {
  struct lowering *l = d->l;
  bound_window(l, p);
  int64_t k = (int64_t)p->kernel_h * p->kernel_w * (p->in_c / p->group);
  struct dot_query q = {.level = l->level,
                        .plain = l->plain,
                        .integer = d->integer,
                        .k = k,
                        .constant = dot_is_constant(d),
                        .depthwise = conv_is_depthwise(p)};
  enum kernel_id kernel = select_conv(&q);
  if (kernel != KERNEL_conv_x8_plain && kernel != KERNEL_conv_f32_plain) conv_pack(d, p, k);
  p->x_zero_is_operand = d->x_zero_value != NULL;
  p->w_zero_count = d->w_zero_count;
  p->epilogue = d->epilogue;
  d->macs = type_elements(&d->y->type) * k;
  dot_call(d, kernel, p, sizeof *p);
}

void lower_conv(struct lowering *l) {
  const struct node *n = l->node;
  struct conv_params p = conv_shape(l);
  struct dot d;
  dot_begin(&d, l, p.out_c, 0);
  d.bias = n->input_count > 2 ? n->input[2] : NULL;
  d.residual = n->input_count > 3 ? n->input[3] : NULL;
  dot_finish(&d);
  conv_call(&d, &p);
}

void lower_conv_integer(struct lowering *l) {
  const struct node *n = l->node;
  struct conv_params p = conv_shape(l);
  struct dot d;
  dot_begin(&d, l, p.out_c, 0);
  dot_finish(&d);
  dot_take_zero_points(&d, n->input_count > 2 ? n->input[2] : NULL, n->input_count > 3 ? n->input[3] : NULL);
  conv_call(&d, &p);
}

static bool is_upsampling(const struct conv_transpose_params *p) {
  return p->kernel_h == p->stride_h && p->kernel_w == p->stride_w && p->dilation_h == 1 &&
         p->dilation_w == 1 && p->pad_top == 0 && p->pad_left == 0 && p->out_h == p->in_h * p->stride_h &&
         p->out_w == p->in_w * p->stride_w;
}

/* Takes the taps of a kernel row as one product, where the bias can be repeated for each. */
static void join_row_taps(struct dot *d, struct conv_transpose_params *p) {
  if (p->group > 1 || (d->bias && !value_is_constant(d->bias))) return;
  p->row_taps = p->kernel_w;
  if (!d->bias) return;
  int64_t count = d->channels, columns = count * p->kernel_w;
  float *bias = ctx_alloc(d->l->ctx, (size_t)columns * sizeof *bias + TAIL_PAD);
  for (int64_t i = 0; i < columns; i++) bias[i] = ((const float *)d->bias->data)[i % count];
  d->folded_bias = bias;
  d->channels = columns;
}

void lower_conv_transpose(struct lowering *l) {
  const struct node *n = l->node;
  struct conv_params s = conv_shape(l);
  struct conv_transpose_params p = {.batch = s.batch,
                                    .in_h = s.in_h,
                                    .in_w = s.in_w,
                                    .in_c = s.in_c,
                                    .out_h = s.out_h,
                                    .out_w = s.out_w,
                                    .out_c = s.out_c,
                                    .kernel_h = s.kernel_h,
                                    .kernel_w = s.kernel_w,
                                    .stride_h = s.stride_h,
                                    .stride_w = s.stride_w,
                                    .dilation_h = s.dilation_h,
                                    .dilation_w = s.dilation_w,
                                    .pad_top = s.pad_top,
                                    .pad_left = s.pad_left,
                                    .group = s.group,
                                    .row_taps = 1};
  struct dot d;
  dot_begin(&d, l, p.out_c, 3);
  if (d.integer) lower_unsupported(l, "conv_transpose exists for f32 only");
  if ((int64_t)p.dilation_h * (p.kernel_h - 1) > INT32_MAX / 2 ||
      (int64_t)p.dilation_w * (p.kernel_w - 1) > INT32_MAX / 2)
    lower_unsupported(l, "the dilated kernel does not fit 31 bits");
  d.bias = n->input_count > 2 ? n->input[2] : NULL;
  dot_finish(&d);
  p.epilogue = d.epilogue;
  d.macs = type_elements(&d.x->type) * p.kernel_h * p.kernel_w * (p.out_c / p.group);
  struct dot_query q = {
      .level = l->level, .plain = l->plain, .k = p.in_c / p.group, .upsampling = is_upsampling(&p)};
  enum kernel_id kernel = select_conv_transpose(&q);
  if (kernel != KERNEL_conv_transpose_f32_plain) join_row_taps(&d, &p);
  dot_call(&d, kernel, &p, sizeof p);
}
