/* Operators about shapes: they are known at compile time, so these become reshapes and constants. Elements
 * keep their quantization. */
#include <string.h>

#include "onnx/import.h"

/* Whether input i, which decides the output's shape, comes at run time only and the model declares that shape: then the
 * declared one holds, whatever the input says. */
static bool shape_is_declared(struct import *n, int i, int *rank, int64_t dim[MAX_RANK]) {
  struct value *v = optional_input(n, i);
  return v && !v->data && type_elements(&v->type) > 0 && declared_shape(n, 0, rank, dim);
}

/* x in the declared shape; false when there is none, or x has not as many elements. */
static bool reshape_as_declared(struct import *n, int i, struct value *x) {
  int rank;
  int64_t dim[MAX_RANK], count = 1;
  if (!shape_is_declared(n, i, &rank, dim)) return false;
  for (int k = 0; k < rank; k++) count *= dim[k];
  if (count == type_elements(&x->type)) n->output[0] = make_reshape(n, x, rank, dim);
  return n->output[0] != NULL;
}

/* Reshape-5/13/14/..: 0 copies the input's size (unless allowzero), one -1 takes what is left. */
void import_reshape(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  if (reshape_as_declared(n, 1, x)) return;
  int rank = 0, unknown = -1;
  const int64_t *shape = need_constant_ints(n, 1, "shape", &rank);
  bool allow_zero = n->opset >= 14 && attribute_bool(n, "allowzero", false);
  if (rank > MAX_RANK) FAIL(n, "the shape has %d dimensions, at most %d are supported", rank, MAX_RANK);
  int64_t dim[MAX_RANK], known = 1;
  for (int i = 0; i < rank; i++) {
    dim[i] = shape[i];
    if (dim[i] == 0 && !allow_zero) {
      if (i >= x->type.rank)
        FAIL(n, "the shape copies dimension %d, but the input is %s", i, type_text(n->ctx, &x->type));
      dim[i] = x->type.dim[i];
    }
    if (dim[i] < -1 || (dim[i] == -1 && unknown >= 0))
      FAIL(n, "the shape has more than one unknown dimension");
    if (dim[i] == -1) unknown = i;
    else if (!checked_mul(known, dim[i], &known)) FAIL(n, "the shape is impossibly large");
  }
  int64_t all = type_elements(&x->type);
  if (unknown >= 0) {
    if (known == 0 || all % known)
      FAIL(n, "%s cannot be reshaped: its size is no multiple of %lld", type_text(n->ctx, &x->type),
           (long long)known);
    dim[unknown] = all / known;
  }
  n->output[0] = make_reshape(n, x, rank, dim);
}

void import_flatten(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  int64_t axis = attribute_int(n, "axis", 1), dim[2] = {1, 1};
  int at = axis == x->type.rank ? x->type.rank : need_axis(n, axis, x->type.rank);
  for (int i = 0; i < x->type.rank; i++) dim[i >= at] *= x->type.dim[i];
  n->output[0] = make_reshape(n, x, 2, dim);
}

/* Axes of Squeeze and Unsqueeze: an attribute up to opset 12, then input 1. */
static const int64_t *squeeze_axes(struct import *n, int *count) {
  return n->opset < 13 ? attribute_ints(n, "axes", count) : constant_ints(n, 1, "axes", count);
}

void import_squeeze(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  if (n->opset >= 13 && reshape_as_declared(n, 1, x)) return;
  int count = 0, rank = 0;
  const int64_t *given = squeeze_axes(n, &count);
  int64_t axes[MAX_RANK], dim[MAX_RANK];
  bool squeezed[MAX_RANK] = {false};
  count = need_axes(n, given, given ? count : 0, x->type.rank, axes);
  for (int i = 0; i < count; i++) {
    if (x->type.dim[axes[i]] != 1)
      FAIL(n, "axis %lld of %s is not 1", (long long)axes[i], type_text(n->ctx, &x->type));
    squeezed[axes[i]] = true;
  }
  for (int i = 0; i < x->type.rank; i++)
    if (given ? !squeezed[i] : x->type.dim[i] != 1) dim[rank++] = x->type.dim[i];
  n->output[0] = make_reshape(n, x, rank, dim);
}

void import_unsqueeze(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  if (n->opset >= 13 && reshape_as_declared(n, 1, x)) return;
  int count = 0, from = 0;
  const int64_t *given = squeeze_axes(n, &count);
  if (!given) FAIL(n, "the axes are missing");
  if (x->type.rank + count > MAX_RANK) FAIL(n, "the output has more than %d dimensions", MAX_RANK);
  int rank = x->type.rank + count;
  int64_t axes[MAX_RANK], dim[MAX_RANK];
  bool added[MAX_RANK] = {false};
  count = need_axes(n, given, count, rank, axes);
  for (int i = 0; i < count; i++) added[axes[i]] = true;
  for (int i = 0; i < rank; i++) dim[i] = added[i] ? 1 : x->type.dim[from++];
  n->output[0] = make_reshape(n, x, rank, dim);
}

/* Shape-1/13/15 (start, end) and Size: constants. */
void import_shape(struct import *n) {
  const struct value *x = need_input(n, 0, "data");
  int64_t rank = x->type.rank, start = attribute_int(n, "start", 0), end = attribute_int(n, "end", rank);
  start = min_i64(max_i64(start < 0 ? start + rank : start, 0), rank);
  end = min_i64(max_i64(end < 0 ? end + rank : end, 0), rank);
  const int64_t count = max_i64(end - start, 0);
  n->output[0] = constant_ints_value(n, 1, &count, x->type.dim + start);
}

void import_size(struct import *n) {
  const int64_t size = type_elements(&need_input(n, 0, "data")->type);
  n->output[0] = constant_ints_value(n, 0, NULL, &size);
}

/* Expand-8/13: NumPy's broadcast in both directions. */
void import_expand(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  struct type shape = {.dtype = x->type.dtype};
  bool declared = shape_is_declared(n, 1, &shape.rank, shape.dim);
  const int64_t *given = declared ? ctx_copy(n->ctx, shape.dim, sizeof shape.dim)
                                  : need_constant_ints(n, 1, "shape", &shape.rank);
  if (shape.rank > MAX_RANK)
    FAIL(n, "the shape has %d dimensions, at most %d are supported", shape.rank, MAX_RANK);
  memcpy(shape.dim, given, (size_t)shape.rank * sizeof *given);
  if (!type_is_sane(&shape)) FAIL(n, "the shape is impossible: %s", type_text(n->ctx, &shape));
  int rank;
  int64_t dim[MAX_RANK];
  if (!broadcast_shape(&x->type, &shape, &rank, dim))
    FAIL(n, "%s does not broadcast to %s", type_text(n->ctx, &x->type), type_text(n->ctx, &shape));
  n->output[0] = make_expand(n, x, rank, dim);
}

/* Tile-6/13, axis by axis: x as [before, rest] is expanded to [before, repeats, rest]. */
void import_tile(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  int count = 0;
  int64_t given[MAX_RANK];
  bool declared = shape_is_declared(n, 1, &count, given) && count == x->type.rank;
  for (int i = 0; declared && i < count; i++) {
    declared = x->type.dim[i] > 0 && given[i] % x->type.dim[i] == 0;
    if (declared) given[i] /= x->type.dim[i];
  }
  const int64_t *repeats = declared ? given : need_constant_ints(n, 1, "repeats", &count);
  if (count != x->type.rank) FAIL(n, "%d repeats are given for %s", count, type_text(n->ctx, &x->type));
  struct type out = x->type;
  for (int i = 0; i < count; i++)
    if (repeats[i] < 0 || !checked_mul(out.dim[i], repeats[i], &out.dim[i]))
      FAIL(n, "repeats[%d] is impossible", i);
  if (!type_is_sane(&out)) FAIL(n, "the output is impossibly large: %s", type_text(n->ctx, &out));
  struct value *y = x;
  for (int i = 0; i < count; i++) {
    if (repeats[i] == 1) continue;
    int64_t before = 1, rest = 1, dim[MAX_RANK];
    for (int k = 0; k < count; k++) *(k < i ? &before : &rest) *= y->type.dim[k];
    const int64_t split[3] = {before, 1, rest}, repeated[3] = {before, repeats[i], rest};
    memcpy(dim, y->type.dim, sizeof dim);
    dim[i] *= repeats[i];
    y = make_reshape(n, make_expand(n, make_reshape(n, y, 3, split), 3, repeated), count, dim);
  }
  n->output[0] = y;
}

/* CenterCropPad-18: each axis cut or padded with zeros on both sides; what is odd goes to the end. */
void import_center_crop_pad(struct import *n) {
  struct value *x = make_plain(n, need_input(n, 0, "input_data"));
  int rank = x->type.rank, axis_count = 0, count = 0, declared_rank;
  const int64_t *axes = attribute_ints(n, "axes", &axis_count), *given = NULL;
  int64_t declared[MAX_RANK], starts[MAX_RANK] = {0}, steps[MAX_RANK], sizes[MAX_RANK], pads[2 * MAX_RANK] = {0};
  bool is_declared = shape_is_declared(n, 1, &declared_rank, declared) && declared_rank == rank;
  if (!is_declared) given = need_constant_ints(n, 1, "shape", &count);
  if (!axes) axis_count = rank;
  if (!is_declared && count != axis_count) FAIL(n, "the shape has %d entries, expected %d", count, axis_count);
  for (int i = 0; i < rank; i++) steps[i] = 1, sizes[i] = x->type.dim[i];
  for (int i = 0; i < axis_count; i++) {
    int axis = need_axis(n, axes ? axes[i] : i, rank);
    int64_t size = x->type.dim[axis], target = is_declared ? declared[axis] : given[i];
    if (target < 0 || target > 1 << 30) FAIL(n, "size %lld of axis %d is not possible", (long long)target, axis);
    sizes[axis] = min_i64(size, target);
    starts[axis] = (size - sizes[axis]) / 2;
    pads[axis] = (target - sizes[axis]) / 2;
    pads[rank + axis] = target - sizes[axis] - pads[axis];
  }
  struct value *const in[2] = {make_slice(n, x, starts, steps, sizes), make_scalar_like(n, x, 0)};
  const struct attr attr = attr_make_ints(n->ctx, ATTR_PADS, 2 * rank, pads);
  n->output[0] = make(n, OP_PAD, 2, in, 1, &attr, NULL);
}
