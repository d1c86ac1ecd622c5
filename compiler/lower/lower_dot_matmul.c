/* matmul, matmul_integer: shapes, batches, transposition. */
#include "lower/lower_dot.h"

/* Batch axes of a operand of `t` as strides along the output's axes; 0 where it is broadcast. */
static void batch_strides(const struct type *t, const struct type *y, int32_t *stride) {
  int64_t step = t->dim[t->rank - 1] * t->dim[t->rank - 2];
  for (int i = y->rank - 3; i >= 0; i--) {
    int axis = i - (y->rank - t->rank);
    int64_t size = axis >= 0 ? t->dim[axis] : 1;
    stride[i] = size == 1 ? 0 : (int32_t)step;
    step *= size;
  }
}

/* A batch of products with one b is one product of more rows. */
static void merge_batch_into_rows(struct matmul_params *p, const struct type *a, const struct type *b) {
  int64_t rows = type_elements(a) / (p->k > 0 ? p->k : 1), batches = 1;
  for (int i = 0; i < p->batch_axes; i++) batches *= p->batch_size[i];
  if (type_elements(b) != (int64_t)p->k * p->n || p->a_column != 1 || rows != batches * p->m) return;
  p->m = (int32_t)rows;
  p->a_row = p->k; /* also when m was 1 and a transposed */
  p->batch_axes = 0;
}

static struct matmul_params matmul_shape(struct lowering *l, bool transpose_a, bool transpose_b) {
  const struct type *a = &l->node->input[0]->type, *b = &l->node->input[1]->type,
                    *y = &l->node->output[0]->type;
  int64_t m = y->dim[y->rank - 2], n = y->dim[y->rank - 1], k = a->dim[a->rank - (transpose_a ? 2 : 1)];
  struct matmul_params p = {.m = lower_int32(l, m),
                            .n = lower_int32(l, n),
                            .k = lower_int32(l, k),
                            .a_row = transpose_a ? 1 : (int32_t)k,
                            .a_column = transpose_a ? (int32_t)m : 1,
                            .b_row = transpose_b ? 1 : (int32_t)n,
                            .b_column = transpose_b ? (int32_t)k : 1,
                            .batch_axes = y->rank - 2,
                            .x_signed = dtype_is_signed(a->dtype),
                            .w_signed = dtype_is_signed(b->dtype)};
  for (int i = 0; i < p.batch_axes; i++) p.batch_size[i] = lower_int32(l, y->dim[i]);
  batch_strides(a, y, p.a_batch);
  batch_strides(b, y, p.b_batch);
  return p;
}

/* From b's batch strides to those of packed matrices. */
static void packed_batches(struct matmul_params *p, bool integer) {
  int64_t matrix = (int64_t)p->k * p->n, packed = dot_packed_bytes(p->n, p->k, integer) / (integer ? 1 : 4);
  for (int i = 0; i < p->batch_axes; i++) p->b_batch[i] = (int32_t)(p->b_batch[i] / matrix * packed);
  p->b_row = DOT_BLOCK;
  p->b_block = p->k * DOT_BLOCK;
}

/* A constant b. */
static void pack_now(struct dot *d, struct matmul_params *p, int64_t matrices) {
  struct dot_weights s = {.batch = matrices,
                          .batch_stride = (int64_t)p->k * p->n,
                          .group = 1,
                          .count = p->n,
                          .k = p->k,
                          .channel_stride = p->b_column,
                          .k_stride = p->b_row};
  if (d->integer) {
    p->x_is_centered = d->x_zero_value != NULL || matrices > 1;
    dot_bound_sums(d, &s);
    if (!p->x_is_centered && d->numbers.x_zero_point) dot_fold_bias(d, &s);
    dot_pack_dense_x8(d, &s);
    p->w_signed = d->packed_signed;
  } else {
    dot_pack_dense_f32(d, &s);
  }
  packed_batches(p, d->integer);
}

/* A call that packs b when the module runs. */
static void pack_later(struct dot *d, struct matmul_params *p, int64_t matrices) {
  struct pack_params pack = {
      .batch = (int32_t)matrices, .k = p->k, .n = p->n, .b_row = p->b_row, .b_column = p->b_column};
  d->weight_scratch_bytes = matrices * dot_packed_bytes(p->n, p->k, d->integer);
  struct call *c = lower_call(d->l, d->integer ? KERNEL_pack_x8_plain : KERNEL_pack_f32_plain, &pack,
                              sizeof pack, PACK_OPERANDS);
  call_reads(c, PACK_B, d->w);
  call_scratch(c, PACK_Y, 1, d->weight_scratch_bytes, true);
  p->x_is_centered = d->integer;
  packed_batches(p, d->integer);
}

static void matmul_pack(struct dot *d, struct matmul_params *p, const struct dot_query *q) {
  int64_t matrices = type_elements(&d->w->type) / ((int64_t)p->k * p->n);
  if (q->constant)
    pack_now(d, p, matrices);
  else if (d->integer || q->transpose_b)
    pack_later(d, p, matrices);
  if (d->integer || p->a_column != 1) d->scratch_bytes = dot_tile_bytes(p->k, d->integer ? 2 : 4);
  lower_int32(d->l, d->scratch_bytes);
  lower_int32(d->l, d->weight_scratch_bytes);
}

/* The rest of a matmul, from the filled dot on. */
static void matmul_call(struct dot *d, struct matmul_params *p) {
  struct lowering *l = d->l;
  p->x_zero_count = d->x_zero_value ? (int32_t)type_elements(&d->x_zero_value->type) : 0;
  if (p->x_zero_count <= 1) merge_batch_into_rows(p, &d->x->type, &d->w->type);
  struct dot_query q = {.level = l->level,
                        .plain = l->plain,
                        .integer = d->integer,
                        .constant = dot_is_constant(d),
                        .transpose_b = p->b_column != 1,
                        .rows = p->m,
                        .k = p->k};
  d->macs = type_elements(&d->y->type) * p->k;
  enum kernel_id kernel = select_matmul(&q);
  if (kernel != KERNEL_matmul_x8_plain && kernel != KERNEL_matmul_f32_plain) matmul_pack(d, p, &q);
  p->w_zero_count = d->w_zero_count;
  p->epilogue = d->epilogue;
  dot_call(d, kernel, p, sizeof *p);
}

void lower_matmul(struct lowering *l) {
  const struct node *n = l->node;
  bool transpose_a = attr_int(n, ATTR_TRANSPOSE_A, 0) != 0,
       transpose_b = attr_int(n, ATTR_TRANSPOSE_B, 0) != 0;
  const struct type *b = &n->input[1]->type;
  struct matmul_params p = matmul_shape(l, transpose_a, transpose_b);
  struct dot d;
  dot_begin(&d, l, p.n, b->rank - (transpose_b ? 2 : 1));
  d.bias = n->input_count > 2 ? n->input[2] : NULL;
  d.residual = n->input_count > 3 ? n->input[3] : NULL;
  dot_finish(&d);
  matmul_call(&d, &p);
}

void lower_matmul_integer(struct lowering *l) {
  const struct node *n = l->node;
  struct matmul_params p = matmul_shape(l, false, false);
  struct dot d;
  dot_begin(&d, l, p.n, n->input[1]->type.rank - 1);
  dot_finish(&d);
  dot_take_zero_points(&d, n->input_count > 2 ? n->input[2] : NULL, n->input_count > 3 ? n->input[3] : NULL);
  matmul_call(&d, &p);
}
