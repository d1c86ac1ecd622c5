/* Reductions, softmax and layer normalization. */
#include "lower/lower_move.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Axes of one kind, neighbours joined, written into the last entries of the params' arrays. */
struct axes {
  int rank;
  int64_t size[MAX_RANK], stride[MAX_RANK];
};

static void axes_add(struct axes *a, int64_t size, int64_t stride) {
  if (size == 1) return;
  if (a->rank > 0 && a->stride[a->rank - 1] == size * stride) {
    a->size[a->rank - 1] *= size;
    a->stride[a->rank - 1] = stride;
    return;
  }
  a->size[a->rank] = size;
  a->stride[a->rank++] = stride;
}

static void axes_store(struct lowering *l, const struct axes *a, int32_t *size, int32_t *stride) {
  for (int i = 0; i < REDUCE_AXES; i++) {
    int k = i - (REDUCE_AXES - a->rank);
    size[i] = k < 0 ? 1 : lower_int32(l, a->size[k]);
    stride[i] = k < 0 ? 0 : lower_int32(l, a->stride[k]);
  }
}

/* Kept and reduced axes alternate once joined, so 8 axes make at most 4 of each. */
static struct reduce_params reduce_shape(struct lowering *l, enum reduce_kind kind,
                                         const bool reduced[MAX_RANK]) {
  const struct type *x = &l->node->input[0]->type;
  struct axes axes[2] = {{.rank = 0}, {.rank = 0}};
  int64_t stride[MAX_RANK], count = 1;
  dense_strides(x, stride);
  for (int i = 0; i < x->rank; i++) {
    axes_add(&axes[reduced[i]], x->dim[i], stride[i]);
    if (reduced[i]) count *= x->dim[i];
  }
  struct reduce_params p = {.kind = (int32_t)kind, .count = lower_int32(l, count)};
  axes_store(l, &axes[0], p.kept, p.kept_stride);
  axes_store(l, &axes[1], p.reduced, p.reduced_stride);
  return p;
}

static void reduce_call(struct lowering *l, enum kernel_id kernel, const struct reduce_params *p) {
  struct call *call = lower_call(l, kernel, p, sizeof *p, MOVE_OPERANDS);
  call_reads(call, MOVE_X, l->node->input[0]);
  call_writes(call, MOVE_Y, l->node->output[0]);
}

static bool only_last(const int32_t size[REDUCE_AXES]) {
  return size[0] == 1 && size[1] == 1 && size[2] == 1;
}

void lower_quantized_mean(struct lowering *l, const bool reduced[MAX_RANK]) {
  const struct type *x = &l->node->input[0]->type, *y = &l->node->output[0]->type;
  struct reduce_params p = reduce_shape(l, REDUCE_KIND_MEAN, reduced);
  if ((int64_t)p.count * 255 > INT32_MAX) lower_unsupported(l, "the mean is over too many elements");
  if (p.count == 0) lower_unsupported(l, "the mean of no elements cannot be quantized");
  p.x_signed = x->dtype == DT_S8, p.y_signed = y->dtype == DT_S8;
  p.x_zero_point = x->quant->zero_point[0], p.y_zero_point = y->quant->zero_point[0];
  p.scale = x->quant->scale[0] / (y->quant->scale[0] * (float)p.count);
  bool columns = p.kept[3] > 1 && p.kept_stride[3] == 1 && only_last(p.reduced) && lower_has_simd(l);
  reduce_call(l, columns ? KERNEL_reduce_mean_x8_simd128 : KERNEL_reduce_mean_x8_plain, &p);
}

/* The order in which ONNX Runtime adds floats: GlobalAveragePool (attribute form) goes by lanes, unless it
 * works on blocks of 16 channels; ReduceSum and ReduceMean over the last axes go by aligned lanes; over
 * others, in order. [n, h, w, c] reduced over h and w stands for the last axes of [n, c, h, w]: the
 * importer's models are NCHW. */
static enum reduce_order order_of(const struct node *n, const struct reduce_params *p,
                                  const bool reduced[MAX_RANK]) {
  const struct type *x = &n->input[0]->type;
  bool sums = p->kind == REDUCE_KIND_SUM || p->kind == REDUCE_KIND_MEAN;
  if (x->dtype != DT_F32 || !sums || !only_last(p->reduced) || p->count == 0) return REDUCE_IN_ORDER;
  bool planes = x->rank == 4 && !reduced[0] && reduced[1] && reduced[2] && !reduced[3];
  if (attr_find(n, ATTR_FORM)) {
    int64_t channels = planes ? x->dim[3] : x->dim[1];
    return channels % 16 == 0 ? REDUCE_IN_ORDER : REDUCE_BY_LANES;
  }
  bool rows = p->reduced_stride[3] == 1 || p->reduced[3] == 1;
  return rows || planes ? REDUCE_BY_ALIGNED_LANES : REDUCE_IN_ORDER;
}

static enum kernel_id f32_kernel(struct lowering *l, const struct reduce_params *p) {
  /* One reduced axis, contiguous: rows. A single element is one, too. */
  bool rows = only_last(p->reduced) && (p->reduced_stride[3] == 1 || p->reduced[3] == 1);
  bool columns = p->kept[3] > 1 && p->kept_stride[3] == 1,
       sums = p->kind == REDUCE_KIND_SUM || p->kind == REDUCE_KIND_MEAN;
  bool simd = lower_has_simd(l),
       uniform = p->order == REDUCE_BY_LANES || p->count % 4 == 0; /* all planes alike */
  if (p->order == REDUCE_BY_LANES || (p->order == REDUCE_BY_ALIGNED_LANES && !rows))
    return simd && columns && uniform ? KERNEL_reduce_planes_f32_simd128 : KERNEL_reduce_rows_f32_plain;
  if (rows && (!sums || p->order == REDUCE_BY_ALIGNED_LANES))
    return simd ? KERNEL_reduce_rows_f32_simd128 : KERNEL_reduce_rows_f32_plain;
  return simd && columns ? KERNEL_reduce_columns_f32_simd128 : KERNEL_reduce_f32_plain;
}

static enum kernel_id reduce_kernel(struct lowering *l, enum dtype t, const struct reduce_params *p) {
  switch ((int)t) {
    case DT_F32: return f32_kernel(l, p);
    case DT_F64: return KERNEL_reduce_f64_plain;
    case DT_U8: return KERNEL_reduce_u8_plain;
    case DT_S8: return KERNEL_reduce_s8_plain;
    case DT_U16: return KERNEL_reduce_u16_plain;
    case DT_S16: return KERNEL_reduce_s16_plain;
    case DT_U32: return KERNEL_reduce_u32_plain;
    case DT_S32: return KERNEL_reduce_s32_plain;
    case DT_U64: return KERNEL_reduce_u64_plain;
    case DT_S64: return KERNEL_reduce_s64_plain;
    default: lower_unsupported(l, "reductions of 16-bit floats are not supported");
  }
}

static enum reduce_kind kind_of(enum op op) {
  switch ((int)op) {
    case OP_REDUCE_MEAN: return REDUCE_KIND_MEAN;
    case OP_REDUCE_MAX: return REDUCE_KIND_MAX;
    case OP_REDUCE_MIN: return REDUCE_KIND_MIN;
    case OP_REDUCE_PROD: return REDUCE_KIND_PROD;
    default: return REDUCE_KIND_SUM;
  }
}

void lower_reduce(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  bool reduced[MAX_RANK];
  int count;
  const int64_t *axes = attr_ints(n, ATTR_AXES, &count);
  for (int i = 0; i < MAX_RANK; i++) reduced[i] = !attr_find(n, ATTR_AXES);
  for (int i = 0; i < count; i++) reduced[axes[i]] = true;
  lower_need_small(l);
  if (type_elements(y) == 0) return;
  enum reduce_kind kind = kind_of(n->op);
  if (x->quant && kind == REDUCE_KIND_MEAN) {
    lower_quantized_mean(l, reduced);
    return;
  }
  if (!quant_equal(x->quant, y->quant) || x->dtype != y->dtype)
    lower_unsupported(l, "the output has another scale or zero point than the input");
  struct reduce_params p = reduce_shape(l, kind, reduced);
  p.order = (int32_t)order_of(n, &p, reduced);
  reduce_call(l, reduce_kernel(l, x->dtype, &p), &p);
}

/* ONNX Runtime's table for QLinearSoftmax over n classes: e^((i - 255) * scale), times the power that keeps
 * the sum of n of them just below FLT_MAX. */
static const float *softmax_table(struct lowering *l, float scale, int64_t n) {
  float *table = CTX_ARRAY(l->ctx, float, 256);
  double shift = fmax(0.0, (double)logf(FLT_MAX / (float)n) - 5.0) / (double)scale;
  for (int i = 0; i < 256; i++) table[i] = (float)exp(((double)i - 255 + shift) * (double)scale);
  return table;
}

static void softmax_shape(struct lowering *l, struct softmax_params *p) {
  const struct type *x = &l->node->input[0]->type;
  int axis = (int)attr_int(l->node, ATTR_AXIS, x->rank - 1);
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; i++) outer *= x->dim[i];
  for (int i = axis + 1; i < x->rank; i++) inner *= x->dim[i];
  p->outer = lower_int32(l, outer);
  p->size = lower_int32(l, x->dim[axis]);
  p->inner = lower_int32(l, inner);
}

void lower_softmax(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  struct softmax_params p = {.log = n->op == OP_LOG_SOFTMAX};
  lower_need_small(l);
  if (type_elements(y) == 0) return;
  softmax_shape(l, &p);
  bool bytes = x->quant != NULL;
  if (!bytes && x->dtype != DT_F32)
    lower_unsupported(l, "softmax is supported for f32 and quantized u8 and s8");
  if (bytes && (x->dtype != y->dtype)) lower_unsupported(l, "quantized softmax must keep u8 or s8");
  enum kernel_id rows = lower_pick(l, KERNEL_softmax_rows_f32_simd128, KERNEL_softmax_rows_f32_plain);
  if (bytes) {
    p.is_signed = x->dtype == DT_S8;
    p.y_zero_point = y->quant->zero_point[0];
    p.levels = floorf(1.0f / y->quant->scale[0]);
  }
  struct call *call = lower_call(l,
                                 bytes          ? KERNEL_softmax_x8_plain
                                 : p.inner == 1 ? rows
                                                : KERNEL_softmax_columns_f32_plain,
                                 &p, sizeof p, SOFTMAX_OPERANDS);
  call_reads(call, SOFTMAX_X, n->input[0]);
  call_writes(call, SOFTMAX_Y, n->output[0]);
  if (bytes)
    call_constant(call, SOFTMAX_TABLE, softmax_table(l, x->quant->scale[0], p.size), 256 * sizeof(float));
  else if (p.inner > 1)
    call_scratch(call, SOFTMAX_SCRATCH, 0, (int64_t)p.inner * 2 * (int64_t)sizeof(float), true);
}

void lower_layer_norm(struct lowering *l) {
  const struct node *n = l->node;
  const struct type *x = &n->input[0]->type;
  int axis = (int)attr_int(n, ATTR_AXIS, x->rank - 1);
  int64_t outer = 1, size = 1;
  lower_need_small(l);
  if (x->dtype != DT_F32) lower_unsupported(l, "layer normalization is supported for f32");
  if (type_elements(x) == 0) return;
  for (int i = 0; i < x->rank; i++) *(i < axis ? &outer : &size) *= x->dim[i];
  struct layer_norm_params p = {.outer = lower_int32(l, outer),
                                .size = lower_int32(l, size),
                                .epsilon = attr_float(n, ATTR_EPSILON, 1e-5f)};
  struct call *call = lower_call(l, lower_pick(l, KERNEL_layer_norm_f32_simd128, KERNEL_layer_norm_f32_plain),
                                 &p, sizeof p, NORM_OPERANDS);
  call_reads(call, NORM_X, n->input[0]);
  call_reads(call, NORM_SCALE, n->input[1]);
  if (n->input_count > 2) call_reads(call, NORM_BIAS, n->input[2]);
  call_writes(call, NORM_Y, n->output[0]);
}
