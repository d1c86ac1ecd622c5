/* Operators that move elements: Transpose, Concat, Split, Slice, Pad, Gather, DepthToSpace, SpaceToDepth.
 * Quantization moves along. */
#include <string.h>

#include "onnx/import.h"

void import_transpose(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  int count = 0, rank = x->type.rank, perm[MAX_RANK];
  const int64_t *given = attribute_ints(n, "perm", &count);
  bool seen[MAX_RANK] = {false};
  if (given && count != rank) FAIL(n, "attribute 'perm' has %d entries, the input has rank %d", count, rank);
  for (int i = 0; i < rank; i++) {
    int64_t p = given ? given[i] : rank - 1 - i;
    if (p < 0 || p >= rank || seen[p]) FAIL(n, "attribute 'perm' is no permutation of 0..%d", rank - 1);
    seen[p] = true;
    perm[i] = (int)p;
  }
  n->output[0] = make_transpose(n, x, perm);
}

void import_concat(struct import *n) {
  struct value **x = CTX_ARRAY(n->ctx, struct value *, n->input_count);
  struct value *first = need_input(n, 0, "inputs");
  bool one_quantization = true;
  for (int i = 0; i < n->input_count; i++) {
    x[i] = need_input(n, i, "inputs");
    one_quantization &= quant_equal(x[i]->type.quant, first->type.quant);
  }
  for (int i = 0; i < n->input_count && !one_quantization; i++) x[i] = make_plain(n, x[i]);
  int64_t axis = attribute_int(n, "axis", 1); /* required since opset 4 */
  n->output[0] = make_concat(n, n->input_count, x, need_axis(n, axis, first->type.rank));
}

/* Sizes of the pieces that come at run time: those of the declared outputs, else NULL. */
static const int64_t *declared_sizes(struct import *n, int axis, int *count) {
  struct value *split = optional_input(n, 1);
  if (!split || split->data) return NULL;
  int64_t *sizes = CTX_ARRAY(n->ctx, int64_t, n->output_count), dim[MAX_RANK];
  for (int k = 0, rank; k < n->output_count; k++) {
    if (!declared_shape(n, k, &rank, dim) || axis >= rank) return NULL;
    sizes[k] = dim[axis];
  }
  *count = n->output_count;
  return sizes;
}

/* Sizes of the pieces: given (attribute up to opset 12, then input 1), or as equal as possible (18: the last
 * is smaller). */
static int64_t *split_sizes(struct import *n, int64_t whole, int axis, int *pieces) {
  int count = 0;
  const int64_t *given = n->opset < 13 ? attribute_ints(n, "split", &count) : declared_sizes(n, axis, &count);
  if (!given && n->opset >= 13) given = constant_ints(n, 1, "split", &count);
  int64_t parts = given ? count : attribute_int(n, "num_outputs", n->output_count), sum = 0;
  if (parts != n->output_count)
    FAIL(n, "the input is split into %lld, but the node has %d outputs", (long long)parts, n->output_count);
  if (parts < 1) FAIL(n, "the node has no outputs");
  if (!given && n->opset < 18 && whole % parts)
    FAIL(n, "%lld elements cannot be split into %lld equal parts", (long long)whole, (long long)parts);
  int64_t *size = CTX_ARRAY(n->ctx, int64_t, parts), each = (whole + parts - 1) / parts;
  for (int i = 0; i < parts; i++) {
    size[i] = given ? given[i] : min_i64(each, whole - sum);
    if (size[i] < 0 || size[i] > whole - sum)
      FAIL(n, "the parts do not add up to %lld elements", (long long)whole);
    sum += size[i];
  }
  if (sum != whole)
    FAIL(n, "the parts add up to %lld, not to %lld elements", (long long)sum, (long long)whole);
  *pieces = (int)parts;
  return size;
}

void import_split(struct import *n) {
  struct value *x = need_input(n, 0, "input");
  int axis = need_axis(n, attribute_int(n, "axis", 0), x->type.rank), pieces;
  const int64_t *size = split_sizes(n, x->type.dim[axis], axis, &pieces);
  int64_t starts[MAX_RANK] = {0}, steps[MAX_RANK], sizes[MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) steps[i] = 1, sizes[i] = x->type.dim[i];
  for (int k = 0; k < pieces; k++) {
    sizes[axis] = size[k];
    n->output[k] = make_slice(n, x, starts, steps, sizes);
    starts[axis] += size[k];
  }
}

/* Slice. */

/* start:end:step of an axis in Python's sense. */
static void clamp_slice(int64_t size, int64_t end, int64_t step, int64_t *start, int64_t *count) {
  if (*start < 0) *start = max_i64(*start, -size - 1) + size;
  if (end < 0) end = max_i64(end, -size - 1) + size;
  if (step > 0) {
    *start = min_i64(max_i64(*start, 0), size);
    end = min_i64(max_i64(end, 0), size);
    *count = end > *start ? (end - *start - 1) / step + 1 : 0;
  } else {
    *start = min_i64(max_i64(*start, 0), size - 1);
    end = min_i64(max_i64(end, -1), size - 1);
    *count = *start > end && size > 0 ? (*start - end - 1) / -step + 1 : 0;
  }
  if (*count == 0) *start = 0;
}

/* Slice-1 takes attributes, 10/11/13 inputs starts, ends, axes, steps. */
void import_slice(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  bool inputs = n->opset >= 10;
  int count = 0, ends_count = 0, axes_count = 0, steps_count = 0, rank = x->type.rank;
  const int64_t *begin = inputs ? need_constant_ints(n, 1, "starts", &count)
                                : attribute_ints(n, "starts", &count);
  const int64_t *end = inputs ? need_constant_ints(n, 2, "ends", &ends_count)
                              : attribute_ints(n, "ends", &ends_count);
  const int64_t *axes = inputs ? constant_ints(n, 3, "axes", &axes_count)
                               : attribute_ints(n, "axes", &axes_count);
  const int64_t *step = inputs ? constant_ints(n, 4, "steps", &steps_count) : NULL;
  if (ends_count != count || (axes && axes_count != count) || (step && steps_count != count))
    FAIL(n, "starts, ends, axes and steps have different sizes");
  if (!begin || !end) FAIL(n, "starts or ends are missing");
  int64_t starts[MAX_RANK] = {0}, steps[MAX_RANK], sizes[MAX_RANK];
  for (int i = 0; i < rank; i++) steps[i] = 1, sizes[i] = x->type.dim[i];
  for (int i = 0; i < count; i++) {
    int axis = need_axis(n, axes ? axes[i] : i, rank);
    int64_t by = step ? step[i] : 1;
    if (by == 0) FAIL(n, "the step of axis %d is 0", axis);
    by = min_i64(max_i64(by, -(x->type.dim[axis] + 1)),
                 x->type.dim[axis] + 1); /* a longer one takes one element too */
    starts[axis] = begin[i];
    clamp_slice(x->type.dim[axis], end[i], by, &starts[axis], &sizes[axis]);
    steps[axis] = sizes[axis] > 1 ? by : 1;
  }
  n->output[0] = make_slice(n, x, starts, steps, sizes);
}

/* Pad-2 takes attributes; 11/13 inputs pads and constant_value; 18 axes too; 19 mode wrap. */
void import_pad(struct import *n) {
  struct value *x = need_input(n, 0, "data");
  bool inputs = n->opset >= 11;
  int count = 0, axes_count = 0, rank = x->type.rank;
  const int64_t *given = inputs ? need_constant_ints(n, 1, "pads", &count)
                                : attribute_ints(n, "pads", &count);
  const int64_t *axes = n->opset >= 18 ? constant_ints(n, 3, "axes", &axes_count) : NULL;
  int padded = axes ? axes_count : rank;
  if (!given || count != 2 * padded) FAIL(n, "pads has %d entries, expected %d", count, 2 * padded);
  int64_t pads[2 * MAX_RANK] = {0};
  bool nothing = true;
  for (int i = 0; i < padded; i++) {
    int axis = need_axis(n, axes ? axes[i] : i, rank);
    pads[axis] = given[i];
    pads[rank + axis] = given[padded + i];
    nothing &= given[i] == 0 && given[padded + i] == 0;
  }
  struct value *fill = inputs ? make_plain(n, optional_input(n, 2)) : NULL;
  if (!fill) fill = make_scalar_like(n, x, inputs ? 0 : (double)attribute_float(n, "value", 0));
  struct value *const in[2] = {x, fill};
  const char *mode = attribute_text(n, "mode", "constant");
  const struct attr attr[2] = {attr_make_ints(n->ctx, ATTR_PADS, 2 * rank, pads),
                               attr_make_name(n->ctx, ATTR_MODE, mode)};
  n->output[0] = nothing ? x : make(n, OP_PAD, strcmp(mode, "constant") ? 1 : 2, in, 2, attr, NULL);
}

void import_gather(struct import *n) {
  struct value *const in[2] = {need_input(n, 0, "data"), need_input(n, 1, "indices")};
  int axis = need_axis(n, attribute_int(n, "axis", 0), in[0]->type.rank);
  int64_t size = in[0]->type.dim[axis];
  for (int64_t i = 0; in[1]->data && i < type_elements(&in[1]->type); i++) {
    double index = element_as_double(in[1], i);
    if (index < -(double)size || index >= (double)size)
      FAIL(n, "index %g is outside of axis %d of %s", index, axis, type_text(n->ctx, &in[0]->type));
  }
  const struct attr attr = attr_make_int(n->ctx, ATTR_AXIS, axis);
  n->output[0] = make(n, OP_GATHER, 2, in, 1, &attr, NULL);
}

/* DepthToSpace, SpaceToDepth: a reshape to rank 6, a transpose, a reshape back. */

static int64_t block_size(struct import *n, const struct value *x) {
  int64_t block = attribute_int(n, "blocksize", 0);
  need_rank(n, x, 4, 4, "the input");
  if (block < 1 || block > 1 << 10) FAIL(n, "attribute 'blocksize' is %lld", (long long)block);
  return block;
}

void import_depth_to_space(struct import *n) {
  static const int depth_first[6] = {0, 3, 4, 1, 5, 2}, column_first[6] = {0, 1, 4, 2, 5, 3};
  struct value *x = need_input(n, 0, "input");
  int64_t b = block_size(n, x);
  const int64_t *d = x->type.dim;
  const char *mode = attribute_text(n, "mode", "DCR");
  bool crd = !strcmp(mode, "CRD");
  if (!crd && strcmp(mode, "DCR")) FAIL(n, "attribute 'mode' is '%s', which is unknown", mode);
  if (d[1] % (b * b)) FAIL(n, "%lld channels are no multiple of %lld", (long long)d[1], (long long)(b * b));
  int64_t c = d[1] / (b * b);
  const int64_t dcr_split[6] = {d[0], b, b, c, d[2], d[3]}, crd_split[6] = {d[0], c, b, b, d[2], d[3]};
  const int64_t out[4] = {d[0], c, d[2] * b, d[3] * b};
  struct value *y = make_reshape(n, x, 6, crd ? crd_split : dcr_split);
  n->output[0] = make_reshape(n, make_transpose(n, y, crd ? column_first : depth_first), 4, out);
}

/* SpaceToDepth-28 has a mode too; the order before is DCR. */
void import_space_to_depth(struct import *n) {
  static const int depth_first[6] = {0, 3, 5, 1, 2, 4}, column_first[6] = {0, 1, 3, 5, 2, 4};
  struct value *x = need_input(n, 0, "input");
  int64_t b = block_size(n, x);
  const int64_t *d = x->type.dim;
  const char *mode = attribute_text(n, "mode", "DCR");
  bool crd = !strcmp(mode, "CRD");
  if (!crd && strcmp(mode, "DCR")) FAIL(n, "attribute 'mode' is '%s', which is unknown", mode);
  if (d[2] % b || d[3] % b)
    FAIL(n, "%s cannot be cut into blocks of %lld", type_text(n->ctx, &x->type), (long long)b);
  const int64_t split[6] = {d[0], d[1], d[2] / b, b, d[3] / b, b};
  const int64_t out[4] = {d[0], d[1] * b * b, d[2] / b, d[3] / b};
  struct value *y = make_transpose(n, make_reshape(n, x, 6, split), crd ? column_first : depth_first);
  n->output[0] = make_reshape(n, y, 4, out);
}
