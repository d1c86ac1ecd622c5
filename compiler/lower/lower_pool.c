/* Pools. */
#include "lower/lower_move.h"

#include <string.h>

static int64_t int_of(const struct node *n, enum attr_key key, int i, int64_t fallback) {
  int count;
  const int64_t *v = attr_ints(n, key, &count);
  return v ? v[i] : fallback;
}

static struct pool_params pool_shape(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  struct pool_params p = {.batch = lower_int32(l, x->dim[0]),
                          .in_h = lower_int32(l, x->dim[1]),
                          .in_w = lower_int32(l, x->dim[2]),
                          .channels = lower_int32(l, x->dim[3]),
                          .out_h = lower_int32(l, y->dim[1]),
                          .out_w = lower_int32(l, y->dim[2]),
                          .kernel_h = lower_int32(l, int_of(n, ATTR_KERNEL, 0, 1)),
                          .kernel_w = lower_int32(l, int_of(n, ATTR_KERNEL, 1, 1)),
                          .stride_h = lower_int32(l, int_of(n, ATTR_STRIDES, 0, 1)),
                          .stride_w = lower_int32(l, int_of(n, ATTR_STRIDES, 1, 1)),
                          .dilation_h = lower_int32(l, int_of(n, ATTR_DILATIONS, 0, 1)),
                          .dilation_w = lower_int32(l, int_of(n, ATTR_DILATIONS, 1, 1)),
                          .pad_top = lower_int32(l, int_of(n, ATTR_PADS, 0, 0)),
                          .pad_left = lower_int32(l, int_of(n, ATTR_PADS, 1, 0)),
                          .count_pad = attr_int(n, ATTR_COUNT_PAD, 0) != 0};
  p.counted_h = lower_int32(l, x->dim[1] + p.pad_top + int_of(n, ATTR_PADS, 2, 0));
  p.counted_w = lower_int32(l, x->dim[2] + p.pad_left + int_of(n, ATTR_PADS, 3, 0));
  return p;
}

/* The quantized average of whole planes is a mean of integers (QLinearGlobalAveragePool) in ONNX Runtime. */
static bool is_global(const struct pool_params *p) {
  bool covers = p->kernel_h == p->in_h && p->kernel_w == p->in_w && p->dilation_h == 1 && p->dilation_w == 1;
  return covers && p->out_h == 1 && p->out_w == 1 && p->counted_h == p->in_h && p->counted_w == p->in_w;
}

static enum kernel_id max_kernel(struct lowering *l, enum dtype t) {
  switch ((int)t) {
    case DT_F32: return lower_pick(l, KERNEL_max_pool_f32_simd128, KERNEL_max_pool_f32_plain);
    case DT_U8: return lower_pick(l, KERNEL_max_pool_u8_simd128, KERNEL_max_pool_u8_plain);
    case DT_S8: return lower_pick(l, KERNEL_max_pool_s8_simd128, KERNEL_max_pool_s8_plain);
    case DT_F64: return KERNEL_max_pool_f64_plain;
    case DT_U16: return KERNEL_max_pool_u16_plain;
    case DT_S16: return KERNEL_max_pool_s16_plain;
    case DT_U32: return KERNEL_max_pool_u32_plain;
    case DT_S32: return KERNEL_max_pool_s32_plain;
    case DT_U64: return KERNEL_max_pool_u64_plain;
    case DT_S64: return KERNEL_max_pool_s64_plain;
    default: lower_unsupported(l, "max pool of 16-bit floats is not supported");
  }
}

static enum kernel_id average_kernel(struct lowering *l, enum dtype t) {
  switch ((int)t) {
    case DT_F32: return lower_pick(l, KERNEL_average_pool_f32_simd128, KERNEL_average_pool_f32_plain);
    case DT_F64: return KERNEL_average_pool_f64_plain;
    case DT_U8:
    case DT_S8: return lower_pick(l, KERNEL_average_pool_x8_simd128, KERNEL_average_pool_x8_plain);
    default: lower_unsupported(l, "average pool of 16-bit floats is not supported");
  }
}

static int32_t form_of(struct lowering *l) {
  const char *form = attr_name(l->node, ATTR_FORM, "integer");
  if (!strcmp(form, "integer")) return POOL_FORM_INTEGER;
  if (!strcmp(form, "shifted")) return POOL_FORM_SHIFTED;
  if (!strcmp(form, "float")) return POOL_FORM_FLOAT;
  lower_unsupported(l, "unknown form of a quantized average pool");
}

/* The order in which ONNX Runtime's CPU kernels add floats: row by row from opset 19 on, and where channels
 * come in blocks of 16; else plane by plane. */
static int32_t order_of(struct lowering *l, const struct pool_params *p) {
  const char *order = attr_name(l->node, ATTR_ORDER, "planes");
  if (!strcmp(order, "rows") || p->channels % 16 == 0) return POOL_BY_ROWS;
  if (strcmp(order, "planes")) lower_unsupported(l, "unknown order of an average pool");
  if (is_global(p)) return POOL_BY_LANES;
  return p->stride_w <= 2 ? POOL_BY_COLUMNS : POOL_BY_ROWS;
}

static void set_quantization(struct pool_params *p, const struct type *x, const struct type *y) {
  p->x_signed = x->dtype == DT_S8, p->y_signed = y->dtype == DT_S8;
  p->x_scale = x->quant->scale[0], p->y_scale = y->quant->scale[0];
  p->x_zero_point = x->quant->zero_point[0], p->y_zero_point = y->quant->zero_point[0];
  /* With count_include_pad QLinearAveragePool divides by the whole window everywhere. */
  if (p->form != POOL_FORM_FLOAT) p->counted_h = p->counted_w = 1 << 30;
}

void lower_pool(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  lower_need_small(l);
  struct pool_params p = pool_shape(l);
  if (type_elements(y) == 0) return;
  bool average = n->op == OP_AVERAGE_POOL, quantized = average && dtype_is_8bit(x->dtype);
  if (quantized) p.form = form_of(l);
  if (quantized && p.form != POOL_FORM_FLOAT && is_global(&p)) {
    lower_quantized_mean(l, (const bool[MAX_RANK]){false, true, true, false});
    return;
  }
  if (quantized) set_quantization(&p, x, y);
  if (average && (!quantized || p.form == POOL_FORM_FLOAT)) p.order = order_of(l, &p);
  enum kernel_id kernel = average ? average_kernel(l, x->dtype) : max_kernel(l, x->dtype);
  struct call *call = lower_call(l, kernel, &p, sizeof p, MOVE_OPERANDS);
  call_reads(call, MOVE_X, n->input[0]);
  call_writes(call, MOVE_Y, n->output[0]);
}
