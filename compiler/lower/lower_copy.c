/* Copies: which of the kernels copy a box, and how axes are joined for them. */
#include "lower/lower_move.h"

#include <string.h>

void lower_need_small(struct lowering *l) {
  const struct node *n = l->node;
  for (int i = 0; i < n->input_count; i++)
    if (n->input[i]) lower_int32(l, type_bytes(&n->input[i]->type));
  for (int i = 0; i < n->output_count; i++) lower_int32(l, type_bytes(&n->output[i]->type));
}

void dense_strides(const struct type *t, int64_t stride[MAX_RANK]) {
  int64_t s = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    stride[i] = s;
    s *= t->dim[i];
  }
}

void box_collapse(struct box *b) {
  int n = 0;
  for (int i = 0; i < b->rank; i++) {
    if (b->size[i] == 1) continue;
    bool joins = n > 0 && b->from[n - 1] == b->from[i] * b->size[i] && b->to[n - 1] == b->to[i] * b->size[i];
    if (joins)
      b->size[n - 1] *= b->size[i];
    else
      b->size[n++] = b->size[i];
    b->from[n - 1] = b->from[i];
    b->to[n - 1] = b->to[i];
  }
  b->rank = n;
}

static int64_t box_elements(const struct box *b) {
  int64_t n = 1;
  for (int i = 0; i < b->rank; i++) n *= b->size[i];
  return n;
}

bool box_is_identity(const struct box *b, const struct type *x, const struct type *y) {
  bool run = b->rank == 0 || (b->rank == 1 && b->from[0] == 1 && b->to[0] == 1);
  return run && b->from_start == 0 && b->to_start == 0 && box_elements(b) == type_elements(x) &&
         type_elements(x) == type_elements(y);
}

/* The last `b->rank` of `axes` entries are the box's, in units of `unit`; those before have size 1. */
static void fill_axes(struct lowering *l, const struct box *b, int axes, int64_t unit, int32_t *size,
                      int32_t *from, int32_t *to) {
  for (int i = 0; i < axes; i++) {
    int k = i - (axes - b->rank);
    size[i] = k < 0 ? 1 : lower_int32(l, b->size[k]);
    from[i] = k < 0 ? 0 : lower_int32(l, b->from[k] * unit);
    to[i] = k < 0 ? 0 : lower_int32(l, b->to[k] * unit);
  }
}

static void copy_call(struct lowering *l, enum kernel_id kernel, struct value *x, struct value *y,
                      const struct box *b, int64_t unit, const uint8_t *table) {
  struct copy_params p;
  fill_axes(l, b, COPY_AXES, unit, p.size, p.from_stride, p.to_stride);
  p.from = lower_int32(l, b->from_start * unit);
  p.to = lower_int32(l, b->to_start * unit);
  struct call *call = lower_call(l, kernel, &p, sizeof p, COPY_OPERANDS);
  call_reads(call, COPY_X, x);
  call_writes(call, COPY_Y, y);
  call_constant(call, COPY_TABLE, table, 256);
}

/* Runs: the last axis is contiguous on both sides, and counts bytes. */
static void copy_runs(struct lowering *l, struct value *x, struct value *y, const struct box *b) {
  int64_t bytes = dtype_bytes(x->type.dtype);
  struct box runs = *b;
  if (b->rank == 0) runs.rank = 1, runs.size[0] = 1;
  for (int i = 0; i < runs.rank - 1; i++) runs.from[i] *= bytes, runs.to[i] *= bytes;
  runs.size[runs.rank - 1] *= bytes;
  runs.from[runs.rank - 1] = runs.to[runs.rank - 1] = 1;
  runs.from_start *= bytes;
  runs.to_start *= bytes;
  copy_call(l, lower_pick(l, KERNEL_copy_runs_simd128, KERNEL_copy_runs_plain), x, y, &runs, 1, NULL);
}

static enum kernel_id transpose_kernel(const struct lowering *l, int bytes) {
  switch (bytes) {
    case 1: return lower_pick(l, KERNEL_transpose_x8_simd128, KERNEL_transpose_x8_plain);
    case 2: return KERNEL_transpose_x16_plain;
    case 4: return lower_pick(l, KERNEL_transpose_x32_simd128, KERNEL_transpose_x32_plain);
    default: return KERNEL_transpose_x64_plain;
  }
}

/* The axis, other than the last, along which x is contiguous; -1 when there is none. */
static int transposed_axis(const struct box *b) {
  int last = b->rank - 1;
  if (last < 1 || b->to[last] != 1 || b->from[last] < 1) return -1;
  for (int i = 0; i < last; i++)
    if (b->from[i] == 1) return i;
  return -1;
}

/* Planes of the last axis (rows) and `axis` (columns); the other axes are outer ones. The starts are 0. */
static void copy_transposed(struct lowering *l, struct value *x, struct value *y, const struct box *b,
                            int axis) {
  struct transpose_params p;
  struct box outer = {.rank = 0};
  for (int i = 0; i < b->rank - 1; i++) {
    if (i == axis) continue;
    outer.size[outer.rank] = b->size[i];
    outer.from[outer.rank] = b->from[i];
    outer.to[outer.rank++] = b->to[i];
  }
  fill_axes(l, &outer, COPY_AXES - 2, 1, p.size, p.from_stride, p.to_stride);
  p.rows = lower_int32(l, b->size[b->rank - 1]);
  p.columns = lower_int32(l, b->size[axis]);
  p.from_row = lower_int32(l, b->from[b->rank - 1]);
  p.to_column = lower_int32(l, b->to[axis]);
  struct call *call =
      lower_call(l, transpose_kernel(l, dtype_bytes(x->type.dtype)), &p, sizeof p, MOVE_OPERANDS);
  call_reads(call, MOVE_X, x);
  call_writes(call, MOVE_Y, y);
}

static enum kernel_id elements_kernel(int bytes) {
  switch (bytes) {
    case 1: return KERNEL_copy_elements_x8_plain;
    case 2: return KERNEL_copy_elements_x16_plain;
    case 4: return KERNEL_copy_elements_x32_plain;
    default: return KERNEL_copy_elements_x64_plain;
  }
}

void lower_copy_box(struct lowering *l, struct value *x, struct value *y, const struct box *b,
                    const uint8_t *table) {
  int last = b->rank - 1;
  bool runs = last < 0 || (b->from[last] == 1 && b->to[last] == 1);
  int axis = transposed_axis(b);
  if (box_elements(b) == 0) return;
  if (table) {
    struct box mapped = *b;
    if (!runs)
      mapped.size[mapped.rank] = mapped.from[mapped.rank] = mapped.to[mapped.rank] = 1, mapped.rank++;
    CHECK(l->ctx,
          mapped.rank <= MAX_RANK); /* an axis of size 1 was dropped, or the last one would be contiguous */
    copy_call(l, KERNEL_copy_mapped_x8_plain, x, y, &mapped, 1, table);
  } else if (runs) {
    copy_runs(l, x, y, b);
  } else if (axis >= 0 && b->from_start == 0 && b->to_start == 0) {
    copy_transposed(l, x, y, b, axis);
  } else {
    copy_call(l, elements_kernel(dtype_bytes(x->type.dtype)), x, y, b, 1, NULL);
  }
}

static bool table_is_identity(const struct type *x, const struct type *y, int axis, const int32_t *index) {
  if (x->dim[axis] != y->dim[axis]) return false;
  for (int64_t i = 0; i < y->dim[axis]; i++)
    if (index[i] != i) return false;
  return true;
}

void lower_copy_by_tables(struct lowering *l, struct value *x, struct value *y,
                          int32_t *const index[MAX_RANK], const void *fill) {
  struct copy_by_tables_params p;
  int64_t stride[MAX_RANK], run = dtype_bytes(x->type.dtype), entries = 0;
  if (type_elements(&y->type) == 0) return;
  int rank = y->type.rank; /* axes that need tables: trailing ones that stay as they are lengthen the run */
  while (rank > 0 && table_is_identity(&x->type, &y->type, rank - 1, index[rank - 1]))
    run *= y->type.dim[--rank];
  dense_strides(&x->type, stride);
  for (int i = 0; i < COPY_AXES; i++) {
    int axis = i - (COPY_AXES - rank);
    p.size[i] = axis < 0 ? 1 : lower_int32(l, y->type.dim[axis]);
    entries += p.size[i];
  }
  p.run = lower_int32(l, run);
  int32_t *table = CTX_ARRAY(l->ctx, int32_t, entries), *at = table;
  for (int i = 0; i < COPY_AXES; i++) {
    int axis = i - (COPY_AXES - rank);
    for (int32_t k = 0; k < p.size[i]; k++)
      *at++ = axis < 0 ? 0
              : index[axis][k] < 0
                  ? -1
                  : lower_int32(l, index[axis][k] * stride[axis] * dtype_bytes(x->type.dtype));
  }
  struct call *call = lower_call(l, lower_pick(l, KERNEL_copy_by_tables_simd128, KERNEL_copy_by_tables_plain),
                                 &p, sizeof p, TABLES_OPERANDS);
  call_reads(call, TABLES_X, x);
  call_writes(call, TABLES_Y, y);
  call_constant(call, TABLES_OFFSETS, table, entries * (int64_t)sizeof *table);
  if (fill) { /* a whole run of it, since a run is copied */
    int64_t bytes = dtype_bytes(x->type.dtype);
    uint8_t *filled = ctx_alloc(l->ctx, (size_t)run);
    for (int64_t i = 0; i < run; i += bytes) memcpy(filled + i, fill, (size_t)bytes);
    call_constant(call, TABLES_FILL, filled, run);
  }
}
