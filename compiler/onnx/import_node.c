/* What an importer asks its node: attributes and inputs, checked. */
#include <string.h>

#include "onnx/import.h"

/* Attributes. */

static const char *const kind_names[] = {
    "UNDEFINED", "FLOAT",   "INT",    "STRING",        "TENSOR",         "GRAPH",      "FLOATS",     "INTS",
    "STRINGS",   "TENSORS", "GRAPHS", "SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"};

static const char *kind_name(int kind) {
  return kind >= 0 && kind < (int)COUNT_OF(kind_names) ? kind_names[kind] : "of an unknown kind";
}

/* Files of the first IR versions do not say the kind. */
static int attribute_kind(const Onnx__AttributeProto *a) {
  if (a->has_type && a->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED) return (int)a->type;
  if (a->has_f) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
  if (a->has_i) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
  if (a->has_s) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
  if (a->t) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
  if (a->n_floats) return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
  return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static const Onnx__AttributeProto *find(const struct import *n, const char *name) {
  for (size_t i = 0; i < n->proto->n_attribute; i++) {
    const Onnx__AttributeProto *a = n->proto->attribute[i];
    if (a->name && !strcmp(a->name, name)) return a;
  }
  return NULL;
}

static const Onnx__AttributeProto *find_kind(struct import *n, const char *name, int kind) {
  const Onnx__AttributeProto *a = find(n, name);
  if (!a) return NULL;
  if (a->ref_attr_name && *a->ref_attr_name)
    FAIL(n, "attribute '%s' refers to an attribute of a function, but the node is in none", name);
  if (attribute_kind(a) != kind)
    FAIL(n, "attribute '%s' is %s, expected %s", name, kind_name(attribute_kind(a)), kind_name(kind));
  return a;
}

bool has_attribute(struct import *n, const char *name) { return find(n, name) != NULL; }

int64_t attribute_int(struct import *n, const char *name, int64_t fallback) {
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
  return a ? a->i : fallback;
}

bool attribute_bool(struct import *n, const char *name, bool fallback) {
  int64_t v = attribute_int(n, name, fallback);
  if (v != 0 && v != 1) FAIL(n, "attribute '%s' is %lld, expected 0 or 1", name, (long long)v);
  return v == 1;
}

float attribute_float(struct import *n, const char *name, float fallback) {
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  return a ? a->f : fallback;
}

const char *attribute_text(struct import *n, const char *name, const char *fallback) {
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
  return a ? ctx_strndup(n->ctx, a->s.len ? (const char *)a->s.data : "", a->s.len) : fallback;
}

const int64_t *attribute_ints(struct import *n, const char *name, int *count) {
  static const int64_t none[1];
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
  *count = 0;
  if (!a) return NULL;
  if (a->n_ints > INT32_MAX) FAIL(n, "attribute '%s' has too many entries", name);
  *count = (int)a->n_ints;
  return a->ints ? a->ints : none;
}

const float *attribute_floats(struct import *n, const char *name, int *count) {
  static const float none[1];
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
  *count = 0;
  if (!a) return NULL;
  if (a->n_floats > INT32_MAX) FAIL(n, "attribute '%s' has too many entries", name);
  *count = (int)a->n_floats;
  return a->floats ? a->floats : none;
}

const Onnx__TensorProto *attribute_tensor(struct import *n, const char *name) {
  const Onnx__AttributeProto *a = find_kind(n, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
  if (a && !a->t) FAIL(n, "attribute '%s' holds no tensor", name);
  return a ? a->t : NULL;
}

/* Inputs. */

struct value *optional_input(struct import *n, int i) { return i < n->input_count ? n->input[i] : NULL; }

struct value *need_input(struct import *n, int i, const char *what) {
  struct value *v = optional_input(n, i);
  if (!v) FAIL(n, "input %d '%s' is missing", i, what);
  return v;
}

double element_as_double(const struct value *v, int64_t k) {
  const void *p = v->data;
  switch (v->type.dtype) {
    case DT_F32: return (double)((const float *)p)[k];
    case DT_F64: return ((const double *)p)[k];
    case DT_S64: return (double)((const int64_t *)p)[k];
    case DT_U64: return (double)((const uint64_t *)p)[k];
    case DT_S32: return ((const int32_t *)p)[k];
    case DT_U32: return ((const uint32_t *)p)[k];
    case DT_S16: return ((const int16_t *)p)[k];
    case DT_U16: return ((const uint16_t *)p)[k];
    case DT_S8: return ((const int8_t *)p)[k];
    case DT_U8:
    case DT_BOOL: return ((const uint8_t *)p)[k];
    case DT_F16:
    case DT_BF16:
    case DT_F8E4M3FN:
    case DT_F8E4M3FNUZ:
    case DT_F8E5M2:
    case DT_F8E5M2FNUZ:
    case DT_F4E2M1:
    case DT_F8E8M0:
    case DT_COUNT: break;
    case DT_U4: return ((const uint8_t *)p)[k] & 15;
    case DT_U2: return ((const uint8_t *)p)[k] & 3;
    case DT_S4: return ((((const uint8_t *)p)[k] & 15) ^ 8) - 8;
    case DT_S2: return ((((const uint8_t *)p)[k] & 3) ^ 2) - 2;
  }
  return 0;
}

int64_t element_as_int64(const struct value *v, int64_t k) {
  if (v->type.dtype == DT_S64) return ((const int64_t *)v->data)[k];
  if (v->type.dtype == DT_U64) return (int64_t)((const uint64_t *)v->data)[k];
  return (int64_t)element_as_double(v, k);
}

/* "input 1 'shape'", with the tensor's own name when it has another one. */
static const char *input_text(struct import *n, int i, const char *what) {
  const char *name = i < (int)n->proto->n_input ? n->proto->input[i] : "";
  return ctx_printf(n->ctx, "input %d '%s' (tensor '%s')", i, what, name);
}

static struct value *constant_input(struct import *n, int i, const char *what) {
  struct value *v = optional_input(n, i);
  if (v && !v->data && type_elements(&v->type) > 0)
    FAIL(n, "%s must be known at compile time, but it is computed from the model's inputs",
         input_text(n, i, what));
  return v;
}

const int64_t *constant_ints(struct import *n, int i, const char *what, int *count) {
  struct value *v = constant_input(n, i, what);
  *count = 0;
  if (!v) return NULL;
  bool narrow = v->type.dtype == DT_S32;
  if ((!narrow && v->type.dtype != DT_S64) || v->type.rank > 1)
    FAIL(n, "%s is %s, expected a list of int64", input_text(n, i, what), type_text(n->ctx, &v->type));
  int64_t entries = type_elements(&v->type);
  if (entries > INT32_MAX) FAIL(n, "%s has too many entries", input_text(n, i, what));
  *count = (int)entries;
  static const int64_t none[1];
  if (entries == 0) return none;
  if (!narrow) return v->data;
  int64_t *wide = CTX_ARRAY(n->ctx, int64_t, entries);
  for (int64_t k = 0; k < entries; k++) wide[k] = ((const int32_t *)v->data)[k];
  return wide;
}

const int64_t *need_constant_ints(struct import *n, int i, const char *what, int *count) {
  need_input(n, i, what);
  return constant_ints(n, i, what, count);
}

const float *constant_floats(struct import *n, int i, const char *what, int *count) {
  struct value *v = constant_input(n, i, what);
  *count = 0;
  if (!v) return NULL;
  if (v->type.dtype != DT_F32 || v->type.rank > 1 || type_elements(&v->type) > INT32_MAX)
    FAIL(n, "%s is %s, expected a list of float", input_text(n, i, what), type_text(n->ctx, &v->type));
  *count = (int)type_elements(&v->type);
  return v->data;
}

double constant_number(struct import *n, int i, const char *what, double fallback) {
  struct value *v = constant_input(n, i, what);
  if (!v) return fallback;
  if (type_elements(&v->type) != 1)
    FAIL(n, "%s is %s, expected one number", input_text(n, i, what), type_text(n->ctx, &v->type));
  return element_as_double(v, 0);
}

int need_axis(struct import *n, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    FAIL(n, "axis %lld is outside of a tensor of rank %d", (long long)axis, rank);
  return (int)(axis < 0 ? axis + rank : axis);
}

int need_axes(struct import *n, const int64_t *axes, int count, int rank, int64_t out[MAX_RANK]) {
  bool named[MAX_RANK] = {false};
  for (int i = 0; i < count; i++) {
    int axis = need_axis(n, axes[i], rank);
    if (named[axis]) FAIL(n, "axis %lld is there twice", (long long)axes[i]);
    named[axis] = true;
  }
  int found = 0;
  for (int i = 0; i < rank; i++)
    if (named[i]) out[found++] = i;
  return found;
}

void need_rank(struct import *n, const struct value *v, int low, int high, const char *what) {
  if (v->type.rank >= low && v->type.rank <= high) return;
  const char *text = type_text(n->ctx, &v->type);
  if (low == high) FAIL(n, "%s is %s, expected rank %d", what, text, low);
  FAIL(n, "%s is %s, expected rank %d to %d", what, text, low, high);
}

const char *type_text(struct ctx *c, const struct type *t) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_printf(&b, "%s[", dtype_name(t->dtype));
  for (int i = 0; i < t->rank; i++) buffer_printf(&b, "%s%lld", i ? "," : "", (long long)t->dim[i]);
  buffer_text(&b, "]");
  return (const char *)b.data;
}
