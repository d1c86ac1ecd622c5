/* Constant, ConstantOfShape, Range, and other makers of constants. */
#include <math.h>
#include <string.h>

#include "onnx/import.h"

static struct value *list_constant(struct import *n, enum dtype dtype, int rank, int64_t count,
                                   const void *data) {
  struct type type = type_make(dtype, rank, &count, NULL);
  return value_constant(n->ctx, NULL, type, ctx_copy(n->ctx, data, (size_t)type_bytes(&type)));
}

/* Constant-1/9/11/12/13/..: exactly one of its attributes is there. */
void import_constant(struct import *n) {
  const Onnx__TensorProto *tensor = attribute_tensor(n, "value");
  int count = 0;
  if (tensor) {
    n->output[0] = tensor_value(n->importer, tensor, n->proto->n_output ? n->proto->output[0] : NULL, &n->at);
  } else if (has_attribute(n, "value_float")) {
    const float number = attribute_float(n, "value_float", 0);
    n->output[0] = list_constant(n, DT_F32, 0, 1, &number);
  } else if (has_attribute(n, "value_int")) {
    const int64_t number = attribute_int(n, "value_int", 0);
    n->output[0] = list_constant(n, DT_S64, 0, 1, &number);
  } else if (has_attribute(n, "value_floats")) {
    const float *floats = attribute_floats(n, "value_floats", &count);
    n->output[0] = list_constant(n, DT_F32, 1, count, floats);
  } else if (has_attribute(n, "value_ints")) {
    const int64_t *ints = attribute_ints(n, "value_ints", &count);
    n->output[0] = list_constant(n, DT_S64, 1, count, ints);
  } else {
    FAIL(n, "its value is text or a sparse tensor, which is not supported, or it is missing");
  }
}

void import_constant_of_shape(struct import *n) {
  struct type type = {.dtype = DT_F32};
  struct value *given = need_input(n, 0, "input");
  bool declared = !given->data && declared_shape(n, 0, &type.rank, type.dim);
  const int64_t *shape = declared ? ctx_copy(n->ctx, type.dim, sizeof type.dim)
                                  : need_constant_ints(n, 0, "input", &type.rank);
  if (type.rank > MAX_RANK)
    FAIL(n, "the shape has %d dimensions, at most %d are supported", type.rank, MAX_RANK);
  memcpy(type.dim, shape, (size_t)type.rank * sizeof *shape);
  if (!type_is_sane(&type)) FAIL(n, "the shape is impossible: %s", type_text(n->ctx, &type));
  const Onnx__TensorProto *tensor = attribute_tensor(n, "value");
  struct value *fill = tensor ? tensor_value(n->importer, tensor, "value", &n->at)
                              : make_scalar(n, DT_F32, 0);
  if (type_elements(&fill->type) != 1)
    FAIL(n, "attribute 'value' is %s, expected one number", type_text(n->ctx, &fill->type));
  fill->name = NULL;
  n->output[0] = make_expand(n, make_reshape(n, fill, 0, NULL), type.rank, type.dim);
}

/* A range whose limits come at run time, of the declared length. */
static bool range_at_run_time(struct import *n) {
  struct value *start = need_input(n, 0, "start"), *limit = need_input(n, 1, "limit"), *delta = need_input(n, 2, "delta");
  int rank;
  int64_t dim[MAX_RANK];
  if ((start->data && limit->data && delta->data) || !declared_shape(n, 0, &rank, dim) || rank != 1) return false;
  charge_constant(n, dim[0] * (int64_t)sizeof(int64_t));
  int64_t *numbers = CTX_ARRAY(n->ctx, int64_t, dim[0]);
  for (int64_t i = 0; i < dim[0]; i++) numbers[i] = i;
  struct value *steps = make_cast(n, list_constant(n, DT_S64, 1, dim[0], numbers), start->type.dtype);
  n->output[0] = make_2(n, OP_ADD, make_2(n, OP_MUL, steps, delta), start);
  return true;
}

/* Range-11: start + i * delta. */
void import_range(struct import *n) {
  static const char *const names[3] = {"start", "limit", "delta"};
  if (range_at_run_time(n)) return;
  enum { LARGEST = 1 << 26 };
  double number[3];
  enum dtype dtype = need_input(n, 0, "start")->type.dtype;
  for (int i = 0; i < 3; i++) {
    if (need_input(n, i, names[i])->type.dtype != dtype)
      FAIL(n, "start, limit and delta have different types");
    number[i] = constant_number(n, i, names[i], 0);
  }
  double steps = ceil((number[1] - number[0]) / number[2]);
  if (number[2] == 0 || isnan(steps) || steps > LARGEST) FAIL(n, "the range is endless or too long");
  int64_t count = steps > 0 ? (int64_t)steps : 0;
  bool real = dtype_is_float(dtype);
  charge_constant(n, count * (int64_t)(sizeof(float) + sizeof(int64_t)));
  uint64_t start = real ? 0 : (uint64_t)element_as_int64(n->input[0], 0); /* sums may wrap */
  uint64_t delta = real ? 0 : (uint64_t)element_as_int64(n->input[2], 0);
  float *floats = CTX_ARRAY(n->ctx, float, count);
  int64_t *ints = CTX_ARRAY(n->ctx, int64_t, count);
  for (int64_t i = 0; i < count; i++) {
    floats[i] = (float)number[0] + (float)i * (float)number[2];
    ints[i] = (int64_t)(start + (uint64_t)i * delta);
  }
  n->output[0] = make_cast(
      n, list_constant(n, real ? DT_F32 : DT_S64, 1, count, real ? (void *)floats : (void *)ints), dtype);
}

/* OneHot-9/11: where(index == 0..depth-1, on, off) along a new axis; negative indices count from the end. */
void import_one_hot(struct import *n) {
  struct value *index = make_cast(n, need_input(n, 0, "indices"), DT_S64),
               *values = need_input(n, 2, "values");
  int rank = index->type.rank + 1, axis = need_axis(n, attribute_int(n, "axis", -1), rank), declared_rank;
  int64_t declared[MAX_RANK];
  bool is_declared = !need_input(n, 1, "depth")->data && declared_shape(n, 0, &declared_rank, declared) &&
                     declared_rank == rank;
  double depth = is_declared ? (double)declared[axis] : constant_number(n, 1, "depth", 0);
  if (!(depth >= 1 && depth <= 1 << 26)) FAIL(n, "depth %g is not possible", depth);
  if (rank > MAX_RANK) FAIL(n, "the output has more than %d dimensions", MAX_RANK);
  if (values->type.rank != 1 || values->type.dim[0] != 2)
    FAIL(n, "input 2 'values' is %s, expected two numbers", type_text(n->ctx, &values->type));
  int64_t dim[MAX_RANK], line[MAX_RANK], count = (int64_t)depth;
  for (int i = 0; i < rank; i++) {
    dim[i] = i == axis ? 1 : index->type.dim[i - (i > axis)];
    line[i] = i == axis ? count : 1;
  }
  charge_constant(n, count * (int64_t)sizeof(int64_t));
  int64_t *numbers = CTX_ARRAY(n->ctx, int64_t, count);
  for (int64_t i = 0; i < count; i++) numbers[i] = i;
  index = make_reshape(n, index, rank, dim);
  struct value *wrapped = make_2(n, OP_ADD, index, make_scalar(n, DT_S64, depth));
  struct value *from_end = make_2(n, OP_LESS, index, make_scalar(n, DT_S64, 0));
  index = make_where(n, from_end, wrapped, index);
  struct value *hit = make_2(n, OP_EQUAL, index,
                             make_reshape(n, list_constant(n, DT_S64, 1, count, numbers), rank, line));
  static const int64_t first[1] = {0}, second[1] = {1}, one[1] = {1};
  struct value *off = make_slice(n, values, first, one, one), *on = make_slice(n, values, second, one, one);
  n->output[0] = make_where(n, hit, on, off);
}
