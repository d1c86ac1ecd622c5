/* Graph inputs and outputs: declared types become static ones. */
#include <string.h>
#include <strings.h>

#include "onnx/import.h"

/* Symbols with a size: those of --dim, and those that stand for the batch. */
struct sizes {
  struct map of; /* symbol -> struct onnx_dim */
};

static const struct onnx_dim *find_size(const struct sizes *s, const char *symbol) {
  return map_get(&s->of, symbol);
}

static void set_size(struct importer *m, struct sizes *s, const char *symbol, int64_t size) {
  struct onnx_dim *d = CTX_NEW(m->ctx, struct onnx_dim);
  d->name = symbol;
  d->size = size;
  map_set(&s->of, symbol, d);
}

/* The symbol of a dimension without a size, or NULL when it has a size. Nameless ones are called
 * "input:axis". */
static const char *symbol_of(struct importer *m, const Onnx__ValueInfoProto *input, size_t axis) {
  const Onnx__TensorShapeProto__Dimension *d = input->type->tensor_type->shape->dim[axis];
  if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && d->dim_param[0])
    return d->dim_param;
  bool known = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value >= 0;
  return known ? NULL
               : ctx_printf(m->ctx, "%s:%zu", input->name, axis); /* some exporters write -1 for unknown */
}

static bool is_batch(const char *symbol, size_t axis) {
  return axis == 0 || strcasestr(symbol, "batch") || !strcmp(symbol, "N");
}

/* What is wrong with the declaration of a tensor, or NULL. */
static const char *declaration_problem(const Onnx__ValueInfoProto *v) {
  if (!v->name || !v->name[0]) return "has no name";
  if (!v->type) return "has no type";
  switch ((int)v->type->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE: break;
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE: return "is a sequence; only tensors are supported";
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE: return "is a map; only tensors are supported";
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE: return "is an optional; only tensors are supported";
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
      return "is a sparse tensor; only dense ones are supported";
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE: return "has an opaque type; only tensors are supported";
    default: return "has no type";
  }
  if (!v->type->tensor_type->shape) return "has no shape";
  if (v->type->tensor_type->shape->n_dim > MAX_RANK) return "has more than 8 dimensions";
  return NULL;
}

/* Static shape of an input; false after reporting the symbols whose size nobody gave. */
static bool static_shape(struct importer *m, const struct sizes *s, const Onnx__ValueInfoProto *input,
                         int64_t *dim) {
  const Onnx__TensorShapeProto *shape = input->type->tensor_type->shape;
  struct buffer unknown;
  buffer_init(&unknown, m->ctx);
  for (size_t i = 0; i < shape->n_dim; i++) {
    const char *symbol = symbol_of(m, input, i);
    const struct onnx_dim *known = symbol ? find_size(s, symbol) : NULL;
    dim[i] = symbol ? (known ? known->size : -1) : shape->dim[i]->dim_value;
    if (dim[i] < 0) buffer_printf(&unknown, " --dim '%s=N'", symbol);
  }
  if (unknown.size == 0) return true;
  struct location at = {NULL, NULL, input->name};
  diag_error(m->ctx, &at, "the size of this input is not fixed; choose it with%s",
             (const char *)unknown.data);
  return false;
}

struct one_input {
  struct importer *importer;
  const struct sizes *sizes;
  const Onnx__ValueInfoProto *declared;
};

static void import_input(struct ctx *c, void *argument) {
  const struct one_input *in = argument;
  struct importer *m = in->importer;
  struct tensor *t = map_get(&m->tensors, in->declared->name);
  struct location at = {NULL, NULL, t->name};
  int64_t dim[MAX_RANK];
  t->state = TENSOR_BROKEN;
  const Onnx__TypeProto__Tensor *declared = in->declared->type->tensor_type;
  enum dtype dtype = element_type(c, declared->elem_type, &at, "the input");
  if (!static_shape(m, in->sizes, in->declared, dim)) return;
  struct type type = type_make(dtype, (int)declared->shape->n_dim, dim, NULL);
  if (!type_is_sane(&type)) fatal(c, &at, "the input is impossibly large: %s", type_text(c, &type));
  t->value = graph_input(m->graph, t->name, type);
  t->state = TENSOR_READY;
}

/* An input that an initializer gives a value is a constant: nobody feeds it. */
static bool is_real_input(struct importer *m, const Onnx__ValueInfoProto *v) {
  const struct tensor *t = v->name ? map_get(&m->tensors, v->name) : NULL;
  return t && !t->initializer;
}

static void collect_given_sizes(struct importer *m, struct sizes *s) {
  for (int i = 0; m->options && i < m->options->dim_count; i++) {
    const struct onnx_dim *d = &m->options->dim[i];
    if (d->size < 1)
      diag_error(m->ctx, NULL, "--dim %s=%lld: a size is at least 1", d->name, (long long)d->size);
    set_size(m, s, d->name, d->size);
  }
}

static void collect_batch_sizes(struct importer *m, struct sizes *s, struct map *used) {
  const Onnx__GraphProto *g = m->model->graph;
  for (size_t i = 0; i < g->n_input; i++) {
    if (!is_real_input(m, g->input[i]) || declaration_problem(g->input[i])) continue;
    for (size_t axis = 0; axis < g->input[i]->type->tensor_type->shape->n_dim; axis++) {
      const char *symbol = symbol_of(m, g->input[i], axis);
      if (!symbol) continue;
      map_set(used, symbol, m);
      if (!find_size(s, symbol) && is_batch(symbol, axis)) set_size(m, s, symbol, 1);
    }
  }
}

void import_graph_inputs(struct importer *m) {
  const Onnx__GraphProto *g = m->model->graph;
  struct sizes sizes;
  struct map used;
  map_init(&sizes.of, m->ctx);
  map_init(&used, m->ctx);
  collect_given_sizes(m, &sizes);
  collect_batch_sizes(m, &sizes, &used);
  for (int i = 0; m->options && i < m->options->dim_count; i++)
    if (!map_get(&used, m->options->dim[i].name))
      diag_error(m->ctx, NULL, "--dim %s=...: the model's inputs have no such dimension",
                 m->options->dim[i].name);
  for (size_t i = 0; i < g->n_input; i++) {
    const Onnx__ValueInfoProto *v = g->input[i];
    const char *problem = declaration_problem(v);
    struct location at = {NULL, NULL, v->name};
    if (v->name && v->name[0] && !is_real_input(m, v)) continue;
    if (problem) {
      diag_error(m->ctx, &at, "input %zu %s", i, problem);
      struct tensor *t = v->name ? map_get(&m->tensors, v->name) : NULL;
      if (t) t->state = TENSOR_BROKEN;
      continue;
    }
    struct one_input in = {m, &sizes, v};
    ctx_run(m->ctx, import_input, &in);
  }
}

void check_declared_output(struct importer *m, const Onnx__ValueInfoProto *declared, const struct value *v) {
  if (!declared->type || declaration_problem(declared)) return; /* outputs may leave their type open */
  const Onnx__TypeProto__Tensor *t = declared->type->tensor_type;
  enum dtype dtype;
  bool differs = dtype_from_onnx(t->elem_type, &dtype) && dtype != v->type.dtype;
  differs |= (int)t->shape->n_dim != v->type.rank;
  for (size_t i = 0; !differs && i < t->shape->n_dim; i++) {
    const Onnx__TensorShapeProto__Dimension *d = t->shape->dim[i];
    bool fixed = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && d->dim_value > 0;
    differs = fixed && d->dim_value != v->type.dim[i];
  }
  struct location at = {NULL, NULL, declared->name};
  if (differs)
    diag_warning(m->ctx, &at, "this output is %s, which is not what the model declares",
                 type_text(m->ctx, &v->type));
}

/* Quantization of 8-bit inputs. A DequantizeLinear of an input, or of an input that was only moved about
 * (transposed ...), says what the input's integers mean. */

/* How a value of plain 8-bit integers is read. */
struct reading {
  const struct quant *quant; /* the one quantization through which all readers so far see it */
  bool otherwise;            /* somebody sees the plain integers, or another quantization */
};

static bool only_moves(enum op op) {
  return op == OP_TRANSPOSE || op == OP_RESHAPE || op == OP_SLICE || op == OP_MAX_POOL;
}

static void note_reading(struct importer *m, struct pointer_map *readings, const struct value *v,
                         const struct quant *q) {
  if (!v || v->data || v->type.quant || !dtype_is_8bit(v->type.dtype)) return;
  struct reading *r = pointer_map_get(readings, v);
  if (!r) {
    r = CTX_NEW(m->ctx, struct reading);
    pointer_map_set(readings, v, r);
  }
  r->otherwise |= !q || q->axis >= 0 || (r->quant && !quant_equal(r->quant, q));
  r->quant = q;
}

static const struct quant *agreed(const struct pointer_map *readings, const struct value *v) {
  const struct reading *r = pointer_map_get(readings, v);
  return r && !r->otherwise ? r->quant : NULL;
}

/* Readers before what they read: backwards. */
static void note_all_readings(struct importer *m, struct pointer_map *readings) {
  const struct graph *g = m->graph;
  for (int i = 0; i < g->outputs.count; i++) {
    const struct value *v = g->outputs.at[i];
    note_reading(m, readings, v, NULL);
    if (v->producer && v->producer->op == OP_RETYPE) note_reading(m, readings, v->producer->input[0], NULL);
  }
  for (int i = g->nodes.count - 1; i >= 0; i--) {
    const struct node *n = g->nodes.at[i];
    const struct quant *q = NULL;
    if (n->op == OP_RETYPE) q = n->output[0]->type.quant;
    else if (only_moves(n->op)) q = agreed(readings, n->output[0]);
    for (int k = 0; k < n->input_count; k++) note_reading(m, readings, n->input[k], q);
  }
}

/* Quantized inputs make quantized moved values, and the retypes vanish. */
static void spread_quantization(struct importer *m) {
  struct graph *g = m->graph;
  struct pointer_map replaced; /* output of a retype -> its input */
  pointer_map_init(&replaced, m->ctx);
  int kept = 0;
  for (int i = 0; i < g->nodes.count; i++) {
    struct node *n = g->nodes.at[i];
    for (int k = 0; k < n->input_count; k++) {
      struct value *same = n->input[k] ? pointer_map_get(&replaced, n->input[k]) : NULL;
      if (same) n->input[k] = same;
    }
    struct type *moved = &n->output[0]->type;
    if (only_moves(n->op) && !moved->quant) moved->quant = n->input[0]->type.quant;
    if (n->op == OP_RETYPE && quant_equal(n->input[0]->type.quant, n->output[0]->type.quant))
      pointer_map_set(&replaced, n->output[0], n->input[0]);
    else g->nodes.at[kept++] = n;
  }
  g->nodes.count = kept;
}

void attach_input_quantization(struct importer *m) {
  struct pointer_map readings; /* value -> struct reading */
  pointer_map_init(&readings, m->ctx);
  note_all_readings(m, &readings);
  bool found = false;
  for (int i = 0; i < m->graph->inputs.count; i++) {
    struct value *input = m->graph->inputs.at[i];
    const struct quant *q = agreed(&readings, input);
    if (!q) continue;
    input->type.quant = q;
    found = true;
  }
  if (found) spread_quantization(m);
}

static const Onnx__ValueInfoProto *find_declaration(size_t count, Onnx__ValueInfoProto **v, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (v[i]->name && !strcmp(v[i]->name, name)) return declaration_problem(v[i]) ? NULL : v[i];
  return NULL;
}

/* The output of an operator that keeps the shape of its only tensor, this one; NULL when no such reads it. */
static const char *same_shape_as(const Onnx__GraphProto *g, const char *name) {
  static const char *const keepers[] = {"Sqrt", "Log", "Exp", "Abs", "Neg", "Cast", "CastLike", "Identity"};
  for (size_t i = 0; i < g->n_node; i++) {
    const Onnx__NodeProto *p = g->node[i];
    if (!p->n_input || !p->n_output || !p->op_type || strcmp(p->input[0], name)) continue;
    for (size_t k = 0; k < COUNT_OF(keepers); k++)
      if (!strcmp(p->op_type, keepers[k])) return p->output[0];
  }
  return NULL;
}

bool declared_shape(struct import *n, int k, int *rank, int64_t dim[MAX_RANK]) {
  const Onnx__GraphProto *g = n->importer->model->graph;
  const char *name = k < (int)n->proto->n_output ? n->proto->output[k] : "";
  const Onnx__ValueInfoProto *v = NULL;
  for (int steps = 0; !v && name && steps < 8; steps++) { /* longer chains of such operators are not looked for */
    v = find_declaration(g->n_output, g->output, name);
    if (!v) v = find_declaration(g->n_value_info, g->value_info, name);
    name = v ? name : same_shape_as(g, name);
  }
  if (!v) return false;
  const Onnx__TensorShapeProto *shape = v->type->tensor_type->shape;
  struct type t = {.dtype = DT_U8, .rank = (int)shape->n_dim};
  for (size_t i = 0; i < shape->n_dim; i++) {
    if (shape->dim[i]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) return false;
    t.dim[i] = shape->dim[i]->dim_value;
    if (t.dim[i] < 0) return false;
  }
  *rank = t.rank;
  memcpy(dim, t.dim, sizeof t.dim);
  return type_is_sane(&t);
}
