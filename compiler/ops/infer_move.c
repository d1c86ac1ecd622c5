/* Inference of the movement ops: any dtype, any sizes (0 too). The quantization moves along: scales of a
 * per-axis one follow their axis. */
#include "ops/infer.h"

#include <string.h>

/* The output has the input's dtype; a wish may only repeat it. */
static void moved_output(const struct infer *in, int rank, const int64_t *dim, const struct quant *quant) {
  const struct type *x = infer_type(in, 0);
  if (in->want && (in->want->dtype != x->dtype || !quant_equal(in->want->quant, quant)))
    INFER_FAIL(in, "%s moves %s as it is, its output cannot be another type", op_name(in->op),
               infer_text(in, x));
  infer_output(in, 0, x->dtype, rank, dim, quant);
}

static bool quant_is_along(const struct quant *q, int axis) { return q && q->axis == axis; }

/* The same scales, on another axis. */
static const struct quant *quant_on_axis(const struct infer *in, const struct quant *q, int axis) {
  return quant_make(in->ctx, axis, q->n, q->scale, q->zero_point);
}

/* Scales x[start + step * i] of a per-axis quantization. */
static const struct quant *quant_slice(const struct infer *in, const struct quant *q, int64_t start,
                                       int64_t step, int64_t size) {
  float *scale = CTX_ARRAY(in->ctx, float, size);
  int32_t *zero_point = CTX_ARRAY(in->ctx, int32_t, size);
  for (int64_t i = 0; i < size; i++) {
    scale[i] = q->scale[start + step * i];
    zero_point[i] = q->zero_point[start + step * i];
  }
  return quant_make(in->ctx, q->axis, (int)size, scale, zero_point);
}

int quant_reshaped_axis(const struct type *x, int rank, const int64_t *dim) {
  int64_t before = 1, product = 1;
  for (int i = 0; i < x->quant->axis; i++) before *= x->dim[i];
  for (int i = 0; i < rank; i++) {
    if (product == before && dim[i] == x->quant->n) return i;
    product *= dim[i];
  }
  return -1;
}

void infer_reshape(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int rank = 0;
  attr_ints(in->attrs, ATTR_SHAPE, &rank);
  if (rank > MAX_RANK) INFER_FAIL(in, "shape has rank %d, at most %d is supported", rank, MAX_RANK);
  struct type shape = {.dtype = x->dtype, .rank = rank};
  infer_ints(in, ATTR_SHAPE, rank, 1, 0, shape.dim);
  if (!type_is_sane(&shape) || type_elements(&shape) != type_elements(x))
    INFER_FAIL(in, "%s cannot be reshaped to %s", infer_text(in, x), infer_text(in, &shape));
  const struct quant *q = x->quant;
  if (q && q->axis >= 0) {
    int axis = quant_reshaped_axis(x, rank, shape.dim);
    if (axis < 0)
      INFER_FAIL(in, "%s with one scale an index of axis %d cannot be reshaped to %s", infer_text(in, x),
                 q->axis, infer_text(in, &shape));
    q = quant_on_axis(in, q, axis);
  }
  moved_output(in, rank, shape.dim, q);
}

void infer_transpose(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int64_t perm[MAX_RANK], dim[MAX_RANK];
  bool seen[MAX_RANK] = {false};
  int n = 0;
  attr_ints(in->attrs, ATTR_PERM, &n);
  if (n != x->rank) INFER_FAIL(in, "perm has %d entries, input has rank %d", n, x->rank);
  infer_ints(in, ATTR_PERM, x->rank, 0, 0, perm);
  const struct quant *q = x->quant;
  for (int i = 0; i < x->rank; i++) {
    if (perm[i] >= x->rank || seen[perm[i]])
      INFER_FAIL(in, "perm[%d] is %lld, which is %s", i, (long long)perm[i],
                 perm[i] >= x->rank ? "no axis" : "there twice");
    seen[perm[i]] = true;
    dim[i] = x->dim[perm[i]];
    if (quant_is_along(x->quant, (int)perm[i])) q = quant_on_axis(in, x->quant, i);
  }
  moved_output(in, x->rank, dim, q);
}

void infer_slice(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int64_t start[MAX_RANK], step[MAX_RANK], size[MAX_RANK];
  infer_ints(in, ATTR_STARTS, x->rank, 0, 0, start);
  infer_ints(in, ATTR_STEPS, x->rank, 1, -(int64_t)INFER_LIMIT, step);
  if (!attr_find(in->attrs, ATTR_SIZES)) INFER_FAIL(in, "sizes are not given");
  infer_ints(in, ATTR_SIZES, x->rank, 0, 0, size);
  const struct quant *q = x->quant;
  for (int i = 0; i < x->rank; i++) {
    if (step[i] == 0) INFER_FAIL(in, "step of axis %d is 0", i);
    int64_t last = start[i] + step[i] * (size[i] - 1);
    if (size[i] > 0 && (start[i] >= x->dim[i] || last < 0 || last >= x->dim[i]))
      INFER_FAIL(in, "indices %lld to %lld on axis %d are outside of %s", (long long)start[i],
                 (long long)last, i, infer_text(in, x));
    if (quant_is_along(x->quant, i) && size[i] > 0) q = quant_slice(in, x->quant, start[i], step[i], size[i]);
  }
  moved_output(in, x->rank, size, q);
}

void infer_pad(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  const char *mode = attr_name(in->attrs, ATTR_MODE, "constant");
  bool constant = !strcmp(mode, "constant"), reflect = !strcmp(mode, "reflect");
  if (!constant && !reflect && strcmp(mode, "edge") && strcmp(mode, "wrap"))
    INFER_FAIL(in, "mode is '%s', which is not supported", mode);
  int64_t pads[2 * MAX_RANK], dim[MAX_RANK];
  infer_ints(in, ATTR_PADS, 2 * x->rank, 0, -(int64_t)INFER_LIMIT, pads);
  for (int i = 0; i < x->rank; i++) {
    int64_t begin = pads[i], end = pads[x->rank + i];
    dim[i] = x->dim[i] + begin + end;
    if (dim[i] < 0)
      INFER_FAIL(in, "pads %lld and %lld cut more than axis %d of %s has", (long long)begin, (long long)end,
                 i, infer_text(in, x));
    if (!constant && (begin > 0 || end > 0) && dim[i] > 0 && x->dim[i] < 1)
      INFER_FAIL(in, "axis %d of size 0 cannot be padded in mode '%s'", i, mode);
    if (quant_is_along(x->quant, i) && (begin || end))
      INFER_FAIL(in, "axis %d has one scale an index and cannot be padded", i);
  }
  if (infer_has(in, 1)) {
    const struct type *fill = infer_type(in, 1);
    infer_need_dtype(in, 1, "the padding value", x->dtype);
    if (type_elements(fill) != 1)
      INFER_FAIL(in, "the padding value is %s, expected one number", infer_text(in, fill));
    if (fill->quant && !quant_equal(fill->quant, x->quant))
      INFER_FAIL(in, "the padding value has another scale or zero point than the input");
  }
  moved_output(in, x->rank, dim, x->quant);
}

/* Scales of the inputs one after another. */
static const struct quant *quant_concat(const struct infer *in, int axis, int64_t total) {
  float *scale = CTX_ARRAY(in->ctx, float, total);
  int32_t *zero_point = CTX_ARRAY(in->ctx, int32_t, total);
  int n = 0;
  for (int i = 0; i < in->input_count; i++) {
    const struct quant *q = infer_type(in, i)->quant;
    for (int k = 0; q && k < q->n && n < total; k++, n++)
      scale[n] = q->scale[k], zero_point[n] = q->zero_point[k];
  }
  return quant_make(in->ctx, axis, n, scale, zero_point);
}

void infer_concat(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int axis = infer_axis(in, x->rank, 0);
  int64_t dim[MAX_RANK];
  memcpy(dim, x->dim, sizeof dim);
  bool requantize =
      in->want && in->want->quant && in->want->quant->axis < 0 && dtype_is_8bit(in->want->dtype);
  bool join = quant_is_along(x->quant, axis);
  for (int i = 1; i < in->input_count; i++) {
    const struct type *t = infer_type(in, i);
    bool fits = t->rank == x->rank && t->dtype == x->dtype;
    for (int k = 0; fits && k < x->rank; k++) fits = k == axis || t->dim[k] == x->dim[k];
    if (!fits)
      INFER_FAIL(in, "input %d is %s, which does not fit %s on axis %d", i, infer_text(in, t),
                 infer_text(in, x), axis);
    bool same = join ? quant_is_along(t->quant, axis) : quant_equal(t->quant, x->quant);
    if (!same && !(requantize && type_is_quantized(t) && t->quant->axis < 0))
      INFER_FAIL(in, "input %d has another scale or zero point than input 0", i);
    dim[axis] += t->dim[axis];
  }
  if (!join && requantize && type_is_quantized(x) && x->dtype == in->want->dtype && x->quant->axis < 0) {
    infer_output(in, 0, x->dtype, x->rank, dim, in->want->quant);
    return;
  }
  moved_output(in, x->rank, dim, join ? quant_concat(in, axis, dim[axis]) : x->quant);
}

void infer_gather(struct infer *in) {
  const struct type *x = infer_type(in, 0), *index = infer_type(in, 1);
  int axis = infer_axis(in, x->rank, 0);
  if (index->dtype != DT_S32 && index->dtype != DT_S64)
    INFER_FAIL(in, "indices are %s, expected s32 or s64", infer_text(in, index));
  if (x->rank - 1 + index->rank > MAX_RANK)
    INFER_FAIL(in, "output has rank %d, at most %d is supported", x->rank - 1 + index->rank, MAX_RANK);
  if (x->dim[axis] == 0 && type_elements(index) > 0)
    INFER_FAIL(in, "nothing can be gathered from axis %d of %s", axis, infer_text(in, x));
  int64_t dim[MAX_RANK];
  int rank = 0;
  for (int i = 0; i < axis; i++) dim[rank++] = x->dim[i];
  for (int i = 0; i < index->rank; i++) dim[rank++] = index->dim[i];
  for (int i = axis + 1; i < x->rank; i++) dim[rank++] = x->dim[i];
  const struct quant *q = x->quant;
  if (quant_is_along(q, axis))
    INFER_FAIL(in, "axis %d has one scale an index and cannot be gathered from", axis);
  if (q && q->axis > axis) q = quant_on_axis(in, q, q->axis + index->rank - 1);
  moved_output(in, rank, dim, q);
}

void infer_expand(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  int rank = 0;
  attr_ints(in->attrs, ATTR_SHAPE, &rank);
  if (rank > MAX_RANK) INFER_FAIL(in, "shape has rank %d, at most %d is supported", rank, MAX_RANK);
  struct type shape = {.dtype = x->dtype, .rank = rank};
  infer_ints(in, ATTR_SHAPE, rank, 1, 0, shape.dim);
  bool fits = rank >= x->rank;
  for (int i = 0; fits && i < x->rank; i++) {
    int64_t to = shape.dim[rank - x->rank + i];
    fits = x->dim[i] == to || x->dim[i] == 1;
  }
  if (!fits) INFER_FAIL(in, "%s does not broadcast to %s", infer_text(in, x), infer_text(in, &shape));
  const struct quant *q = x->quant;
  if (q && q->axis >= 0) q = quant_on_axis(in, q, q->axis + rank - x->rank);
  moved_output(in, rank, shape.dim, q);
}
