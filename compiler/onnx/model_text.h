/* For tests: ONNX models as text, one item a line.
 *
 *     opset 13                            a domain may follow
 *     in x float [1, 3, height, 8]        a tensor; sizes or symbols, ? is unknown
 *     const w float [2, 2] = 1 2 3 4      an initializer; fewer numbers repeat
 *     typed w int8 [2] = 1 2              the same in typed fields, exactly these numbers
 *     const w float [2] @ location=w.bin offset=16
 *     y, _ = MaxPool(x) kernel_shape=[3, 3] auto_pad="VALID"
 *     z = com.microsoft.Gelu(y) alpha=0.5 value=@w
 *     out z float [1, 3, 2, 2]            type and shape may be left out
 *
 * `_` is an omitted input or output; @w moves the initializer into a tensor attribute; numbers with a point
 * are floats; `node NAME` names the node of the next line. Header only: test programs that include it link
 * nothing else. */
#ifndef EAIC_MODEL_TEXT_H
#define EAIC_MODEL_TEXT_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "onnx.pb-c.h"

struct model_text {
  struct ctx *ctx;
  const char *at; /* next character */
  Onnx__ModelProto *model;
  const char *node_name;
};

#define MODEL_TEXT_NEW(c, T, init) (*(T **)model_text_copy((c), &(T)init, sizeof(T)))
static inline void *model_text_copy(struct ctx *c, const void *data, size_t bytes) {
  void **box = CTX_NEW(c, void *);
  *box = ctx_copy(c, data, bytes);
  return box;
}

/* Appends a pointer to a repeated field. */
static inline void model_text_push(struct ctx *c, size_t *count, void *list, void *item) {
  void ***at = list, **grown = CTX_ARRAY(c, void *, *count + 1);
  if (*count) memcpy(grown, *at, *count * sizeof *grown);
  grown[(*count)++] = item;
  *at = grown;
}

static inline void model_text_blanks(struct model_text *t) {
  while (*t->at == ' ') t->at++;
}

static inline bool model_text_accept(struct model_text *t, const char *mark) {
  model_text_blanks(t);
  if (strncmp(t->at, mark, strlen(mark))) return false;
  t->at += strlen(mark);
  return true;
}

static inline void model_text_expect(struct model_text *t, const char *mark) {
  if (!model_text_accept(t, mark)) fatal(t->ctx, NULL, "model text: '%s' expected at '%.20s'", mark, t->at);
}

static inline char *model_text_word(struct model_text *t) {
  model_text_blanks(t);
  size_t n = strcspn(t->at, " ,()[]=\n");
  t->at += n;
  return ctx_strndup(t->ctx, t->at - n, n);
}

static inline char *model_text_name(struct model_text *t) {
  char *word = model_text_word(t);
  return strcmp(word, "_") ? word : ctx_strdup(t->ctx, "");
}

static inline int model_text_dtype(struct model_text *t) {
  static const char *const names[] = {"undefined", "float", "uint8",   "int8", "uint16", "int16",  "int32",
                                      "int64",     "text",  "boolean", "half", "double", "uint32", "uint64"};
  char *word = model_text_word(t);
  for (int i = 0; i < (int)COUNT_OF(names); i++)
    if (!strcmp(names[i], word)) return i;
  int64_t number = 0;
  if (!parse_int64(word, &number)) fatal(t->ctx, NULL, "model text: '%s' is no type", word);
  return (int)number;
}

static inline Onnx__ValueInfoProto *model_text_tensor(struct model_text *t) {
  Onnx__ValueInfoProto *v = MODEL_TEXT_NEW(t->ctx, Onnx__ValueInfoProto, ONNX__VALUE_INFO_PROTO__INIT);
  v->name = model_text_name(t);
  model_text_blanks(t);
  if (*t->at == '\n' || !*t->at) return v;
  Onnx__TypeProto__Tensor *type = MODEL_TEXT_NEW(t->ctx, Onnx__TypeProto__Tensor,
                                                 ONNX__TYPE_PROTO__TENSOR__INIT);
  v->type = MODEL_TEXT_NEW(t->ctx, Onnx__TypeProto, ONNX__TYPE_PROTO__INIT);
  v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  v->type->tensor_type = type;
  type->has_elem_type = true;
  type->elem_type = model_text_dtype(t);
  if (!model_text_accept(t, "[")) return v;
  type->shape = MODEL_TEXT_NEW(t->ctx, Onnx__TensorShapeProto, ONNX__TENSOR_SHAPE_PROTO__INIT);
  while (!model_text_accept(t, "]")) {
    Onnx__TensorShapeProto__Dimension *d = MODEL_TEXT_NEW(t->ctx, Onnx__TensorShapeProto__Dimension,
                                                          ONNX__TENSOR_SHAPE_PROTO__DIMENSION__INIT);
    char *word = model_text_word(t);
    bool number = parse_int64(word, &d->dim_value);
    if (!number) d->dim_param = word;
    d->value_case = number               ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                    : !strcmp(word, "?") ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET
                                         : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    model_text_push(t->ctx, &type->shape->n_dim, &type->shape->dim, d);
    model_text_accept(t, ",");
  }
  return v;
}

/* Little-endian bytes of one element. */
static inline void model_text_element(struct buffer *raw, int dtype, double x) {
  float single = (float)x;
  int64_t integer = (int64_t)x;
  if (dtype == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) buffer_append(raw, &single, 4);
  else if (dtype == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE) buffer_append(raw, &x, 8);
  else {
    static const int bytes[] = {1, 4, 1, 1, 2, 2, 4, 8, 1, 1, 2, 8, 4, 8};
    buffer_append(raw, &integer, dtype < (int)COUNT_OF(bytes) ? (size_t)bytes[dtype] : 1);
  }
}

/* "location=w.bin offset=16" */
static inline void model_text_external(struct model_text *t, Onnx__TensorProto *tensor) {
  tensor->has_data_location = true;
  tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
  for (model_text_blanks(t); *t->at && *t->at != '\n'; model_text_blanks(t)) {
    Onnx__StringStringEntryProto *e = MODEL_TEXT_NEW(t->ctx, Onnx__StringStringEntryProto,
                                                     ONNX__STRING_STRING_ENTRY_PROTO__INIT);
    e->key = model_text_word(t);
    model_text_expect(t, "=");
    e->value = model_text_word(t);
    model_text_push(t->ctx, &tensor->n_external_data, &tensor->external_data, e);
  }
}

/* The field of TensorProto for numbers of this type, instead of raw bytes. */
static inline void model_text_typed(struct ctx *c, Onnx__TensorProto *tensor, size_t n, const double *x) {
  tensor->float_data = CTX_ARRAY(c, float, n);
  tensor->double_data = CTX_ARRAY(c, double, n);
  tensor->int32_data = CTX_ARRAY(c, int32_t, n);
  tensor->int64_data = CTX_ARRAY(c, int64_t, n);
  tensor->uint64_data = CTX_ARRAY(c, uint64_t, n);
  for (size_t i = 0; i < n; i++) {
    tensor->float_data[i] = (float)x[i], tensor->double_data[i] = x[i];
    tensor->int32_data[i] = (int32_t)x[i], tensor->int64_data[i] = (int64_t)x[i];
    tensor->uint64_data[i] = x[i] < 0 ? 0 : (uint64_t)x[i];
  }
  switch (tensor->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: tensor->n_float_data = n; break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: tensor->n_double_data = n; break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: tensor->n_int64_data = n; break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64: tensor->n_uint64_data = n; break;
    default: tensor->n_int32_data = n;
  }
}

static inline void model_text_constant(struct model_text *t, bool typed) {
  Onnx__TensorProto *tensor = MODEL_TEXT_NEW(t->ctx, Onnx__TensorProto, ONNX__TENSOR_PROTO__INIT);
  Onnx__GraphProto *g = t->model->graph;
  model_text_push(t->ctx, &g->n_initializer, &g->initializer, tensor);
  double numbers[64];
  int64_t elements = 1, dims[16];
  size_t count = 0;
  tensor->name = model_text_name(t);
  tensor->has_data_type = true;
  tensor->data_type = model_text_dtype(t);
  for (model_text_expect(t, "["); !model_text_accept(t, "]"); model_text_accept(t, ",")) {
    if (!parse_int64(model_text_word(t), &dims[tensor->n_dims])) fatal(t->ctx, NULL, "model text: no size");
    elements *= dims[tensor->n_dims++];
  }
  tensor->dims = ctx_copy(t->ctx, dims, tensor->n_dims * sizeof *dims);
  if (model_text_accept(t, "@")) {
    model_text_external(t, tensor);
    return;
  }
  for (model_text_expect(t, "="); *t->at && *t->at != '\n' && count < COUNT_OF(numbers); model_text_blanks(t))
    if (!parse_double(model_text_word(t), &numbers[count++])) fatal(t->ctx, NULL, "model text: no number");
  if (typed) {
    model_text_typed(t->ctx, tensor, count, numbers);
    return;
  }
  struct buffer raw;
  buffer_init(&raw, t->ctx);
  for (int64_t i = 0; i < elements && count > 0; i++)
    model_text_element(&raw, tensor->data_type, numbers[(size_t)i % count]);
  tensor->has_raw_data = true;
  tensor->raw_data = (ProtobufCBinaryData){raw.size, raw.data};
}

/* The initializer of this name leaves the graph. */
static inline Onnx__TensorProto *model_text_take(struct model_text *t, const char *name) {
  Onnx__GraphProto *g = t->model->graph;
  for (size_t i = 0; i < g->n_initializer; i++) {
    Onnx__TensorProto *found = g->initializer[i];
    if (strcmp(found->name, name)) continue;
    g->initializer[i] = g->initializer[--g->n_initializer];
    return found;
  }
  fatal(t->ctx, NULL, "model text: there is no constant '%s'", name);
}

static inline void model_text_list(struct model_text *t, Onnx__AttributeProto *a) {
  double numbers[64];
  bool floats = false;
  size_t n = 0;
  for (; !model_text_accept(t, "]") && n < COUNT_OF(numbers); model_text_accept(t, ",")) {
    char *word = model_text_word(t);
    floats |= strchr(word, '.') != NULL;
    if (!parse_double(word, &numbers[n++])) fatal(t->ctx, NULL, "model text: '%s' is no number", word);
  }
  a->type = floats ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
                   : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
  a->floats = CTX_ARRAY(t->ctx, float, n);
  a->ints = CTX_ARRAY(t->ctx, int64_t, n);
  for (size_t i = 0; i < n; i++) a->floats[i] = (float)numbers[i], a->ints[i] = (int64_t)numbers[i];
  a->n_floats = floats ? n : 0;
  a->n_ints = floats ? 0 : n;
}

static inline Onnx__AttributeProto *model_text_attribute(struct model_text *t) {
  Onnx__AttributeProto *a = MODEL_TEXT_NEW(t->ctx, Onnx__AttributeProto, ONNX__ATTRIBUTE_PROTO__INIT);
  a->name = model_text_word(t);
  a->has_type = true;
  model_text_expect(t, "=");
  if (model_text_accept(t, "[")) {
    model_text_list(t, a);
  } else if (model_text_accept(t, "\"")) {
    size_t n = strcspn(t->at, "\"");
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    a->has_s = true;
    a->s = (ProtobufCBinaryData){n, ctx_copy(t->ctx, t->at, n)};
    t->at += n + 1;
  } else if (model_text_accept(t, "@")) {
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    a->t = model_text_take(t, model_text_word(t));
  } else {
    char *word = model_text_word(t);
    double number = 0;
    if (!parse_double(word, &number)) fatal(t->ctx, NULL, "model text: '%s' is no number", word);
    bool real = strchr(word, '.') != NULL;
    a->type = real ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
                   : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a->has_f = real;
    a->has_i = !real;
    a->f = (float)number;
    if (!real) parse_int64(word, &a->i);
  }
  return a;
}

static inline void model_text_node(struct model_text *t) {
  struct ctx *c = t->ctx;
  Onnx__NodeProto *n = MODEL_TEXT_NEW(c, Onnx__NodeProto, ONNX__NODE_PROTO__INIT);
  do model_text_push(c, &n->n_output, &n->output, model_text_name(t));
  while (model_text_accept(t, ","));
  model_text_expect(t, "=");
  char *op = model_text_word(t), *point = strrchr(op, '.');
  n->op_type = point ? point + 1 : op;
  n->domain = point ? ctx_strndup(c, op, (size_t)(point - op)) : NULL;
  if (t->node_name) n->name = ctx_strdup(c, t->node_name);
  t->node_name = NULL;
  for (model_text_expect(t, "("); !model_text_accept(t, ")"); model_text_accept(t, ","))
    model_text_push(c, &n->n_input, &n->input, model_text_name(t));
  for (model_text_blanks(t); *t->at && *t->at != '\n'; model_text_blanks(t))
    model_text_push(c, &n->n_attribute, &n->attribute, model_text_attribute(t));
  model_text_push(c, &t->model->graph->n_node, &t->model->graph->node, n);
}

static inline void model_text_opset(struct model_text *t) {
  Onnx__OperatorSetIdProto *o = MODEL_TEXT_NEW(t->ctx, Onnx__OperatorSetIdProto,
                                               ONNX__OPERATOR_SET_ID_PROTO__INIT);
  o->has_version = parse_int64(model_text_word(t), &o->version);
  o->domain = model_text_word(t);
  model_text_push(t->ctx, &t->model->n_opset_import, &t->model->opset_import, o);
}

/* The bytes of the model; fatal() when the text is malformed. */
static inline struct bytes model_text_pack(struct ctx *c, const char *text) {
  struct model_text t = {.ctx = c, .at = text};
  t.model = MODEL_TEXT_NEW(c, Onnx__ModelProto, ONNX__MODEL_PROTO__INIT);
  t.model->has_ir_version = true;
  t.model->ir_version = 8;
  t.model->graph = MODEL_TEXT_NEW(c, Onnx__GraphProto, ONNX__GRAPH_PROTO__INIT);
  t.model->graph->name = ctx_strdup(c, "test");
  Onnx__GraphProto *g = t.model->graph;
  while (*t.at) {
    if (model_text_accept(&t, "opset ")) model_text_opset(&t);
    else if (model_text_accept(&t, "in ")) model_text_push(c, &g->n_input, &g->input, model_text_tensor(&t));
    else if (model_text_accept(&t, "out "))
      model_text_push(c, &g->n_output, &g->output, model_text_tensor(&t));
    else if (model_text_accept(&t, "const ")) model_text_constant(&t, false);
    else if (model_text_accept(&t, "typed ")) model_text_constant(&t, true);
    else if (model_text_accept(&t, "node ")) t.node_name = model_text_word(&t);
    else if (*t.at != '\n') model_text_node(&t);
    if (*t.at) model_text_expect(&t, "\n");
  }
  struct bytes out = {NULL, onnx__model_proto__get_packed_size(t.model)};
  uint8_t *data = ctx_alloc(c, out.size);
  onnx__model_proto__pack(t.model, data);
  out.data = data;
  return out;
}

#endif
