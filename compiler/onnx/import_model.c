/* An ONNX file becomes a graph: names are resolved, nodes imported in topological order, outputs attached. An
 * error in one node never hides those in others. */
#include <string.h>

#include "onnx/import.h"

enum {
  MAX_ERRORS = 100,       /* then the import gives up */
  MAX_OUTPUTS_UNASKED = 4 /* importers set so many outputs without asking whether the node has them */
};

/* The format's limit: a protobuf message has at most 2 GiB. */
#define MAX_MODEL_BYTES (((uint64_t)1 << 31) - 1)

static const char *text_or(const char *s, const char *fallback) { return s && *s ? s : fallback; }

static bool is_onnx_domain(const char *domain) { return !domain || !*domain || !strcmp(domain, "ai.onnx"); }

static const char *node_name(struct importer *m, size_t i) {
  const char *name = m->model->graph->node[i]->name;
  return name && *name ? name : ctx_printf(m->ctx, "#%zu", i);
}

static struct location node_at(struct importer *m, size_t i) {
  return (struct location){node_name(m, i), text_or(m->model->graph->node[i]->op_type, "?"), NULL};
}

/* 1. Opsets and names. */

static void read_opsets(struct importer *m) {
  m->opset_microsoft = 1;
  /* A model of IR version 1 or 2 lists none and means opset 1; one that lists others only has no operators of ai.onnx. */
  m->opset = m->model->n_opset_import ? ONNX_NEWEST_OPSET : 1;
  for (size_t i = 0; i < m->model->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *o = m->model->opset_import[i];
    if (is_onnx_domain(o->domain)) m->opset = o->version;
    else if (!strcmp(o->domain, "com.microsoft")) m->opset_microsoft = o->version;
  }
  if (m->opset < ONNX_OLDEST_OPSET || m->opset > ONNX_NEWEST_OPSET)
    fatal(m->ctx, NULL, "the model uses opset %lld of ai.onnx; %d to %d are supported", (long long)m->opset,
          ONNX_OLDEST_OPSET, ONNX_NEWEST_OPSET);
}

/* Registers a name; an error when something else has it. */
static struct tensor *define(struct importer *m, const char *name, const struct location *at) {
  struct tensor *t = map_get(&m->tensors, name);
  if (t) {
    diag_error(m->ctx, at, "tensor '%s' is defined more than once", name);
    return NULL;
  }
  t = CTX_NEW(m->ctx, struct tensor);
  t->name = name;
  t->maker = -1;
  map_set(&m->tensors, name, t);
  return t;
}

static void define_inputs(struct importer *m) {
  const Onnx__GraphProto *g = m->model->graph;
  for (size_t i = 0; i < g->n_initializer; i++) {
    const char *name = g->initializer[i]->name;
    if (!name || !*name) {
      diag_error(m->ctx, NULL, "initializer %zu has no name", i);
      continue;
    }
    struct tensor *t = define(m, name, NULL);
    if (t) t->initializer = g->initializer[i];
  }
  for (size_t i = 0; i < g->n_input; i++) {
    const char *name = text_or(g->input[i]->name, NULL);
    if (!name) continue; /* reported with its type */
    struct tensor *known = map_get(&m->tensors, name);
    if (known && known->initializer && !known->is_input) {
      known->is_input = true; /* IR before 4 lists all initializers as inputs */
      continue;
    }
    struct tensor *t = define(m, name, NULL);
    if (t) t->is_input = true;
  }
}

static void define_outputs_of_nodes(struct importer *m) {
  const Onnx__GraphProto *g = m->model->graph;
  for (size_t i = 0; i < g->n_node; i++) {
    for (size_t k = 0; k < g->node[i]->n_output; k++) {
      const char *name = g->node[i]->output[k];
      struct location at = node_at(m, i);
      struct tensor *t = *name ? define(m, name, &at) : NULL;
      if (t) t->maker = (int)i;
    }
  }
}

/* 2. Operators: all unsupported ones are reported, each once. */

struct missing_operator {
  size_t first; /* node */
  int count;
};

static const struct import_row *row_of(struct importer *m, const Onnx__NodeProto *p) {
  const char *op = text_or(p->op_type, "");
  if (is_onnx_domain(p->domain)) return row_find("", op, m->opset);
  return strcmp(p->domain, "com.microsoft") ? NULL : row_find(p->domain, op, m->opset_microsoft);
}

static void report_missing(struct importer *m, const struct missing_operator *missing) {
  const Onnx__NodeProto *p = m->model->graph->node[missing->first];
  const char *op = text_or(p->op_type, "");
  const char *domain = is_onnx_domain(p->domain) ? "" : p->domain;
  struct buffer b;
  buffer_init(&b, m->ctx);
  buffer_printf(&b, "unsupported operator '%s' of domain '%s'", op, *domain ? domain : "ai.onnx");
  if (!*domain) buffer_printf(&b, ", opset %lld", (long long)m->opset);
  if (missing->count > 1) buffer_printf(&b, " (%d nodes, this is the first)", missing->count);
  const struct import_row *other = row_find_any_opset(domain, op);
  if (other) buffer_printf(&b, "; it is supported in opsets %d to %d", other->op.since, other->op.until);
  struct location at = node_at(m, missing->first);
  diag_error(m->ctx, &at, "%s", (const char *)b.data);
}

static void report_unsupported_operators(struct importer *m) {
  const Onnx__GraphProto *g = m->model->graph;
  struct map missing; /* "domain op" -> struct missing_operator */
  map_init(&missing, m->ctx);
  for (size_t i = 0; i < g->n_node; i++) {
    const Onnx__NodeProto *p = g->node[i];
    if (row_of(m, p)) continue;
    const char *key = ctx_printf(m->ctx, "%s %s", text_or(p->domain, ""), text_or(p->op_type, ""));
    struct missing_operator *known = map_get(&missing, key);
    if (!known) {
      known = CTX_NEW(m->ctx, struct missing_operator);
      known->first = i;
      map_set(&missing, key, known);
    }
    known->count++;
  }
  for (int i = 0; i < missing.count; i++) report_missing(m, missing.entry[i].value);
}

/* 3. Order: a depth-first walk that keeps the file's order where that is one already. */

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };

struct walk {
  struct importer *importer;
  uint8_t *visit;
  size_t *next_input; /* of each open node */
  size_t *stack;
  size_t *order;
  size_t order_count;
};

/* The next node that `i` needs and that is not done, or -1. */
static int next_needed(struct walk *w, size_t i) {
  const Onnx__NodeProto *p = w->importer->model->graph->node[i];
  while (w->next_input[i] < p->n_input) {
    const struct tensor *t = map_get(&w->importer->tensors, p->input[w->next_input[i]++]);
    if (!t || t->maker < 0 || w->visit[t->maker] == VISIT_DONE) continue;
    if (w->visit[t->maker] == VISIT_NEW) return t->maker;
    struct location at = node_at(w->importer, i);
    fatal(w->importer->ctx, &at, "the node depends on itself through its input '%s'", t->name);
  }
  return -1;
}

static size_t *topological_order(struct importer *m) {
  size_t count = m->model->graph->n_node;
  if (count > INT32_MAX) fatal(m->ctx, NULL, "the model has too many nodes");
  struct walk w = {.importer = m};
  w.visit = CTX_ARRAY(m->ctx, uint8_t, count);
  w.next_input = CTX_ARRAY(m->ctx, size_t, count);
  w.stack = CTX_ARRAY(m->ctx, size_t, count);
  w.order = CTX_ARRAY(m->ctx, size_t, count);
  for (size_t start = 0; start < count; start++) {
    size_t depth = 0;
    if (w.visit[start] != VISIT_NEW) continue;
    w.visit[start] = VISIT_OPEN;
    w.stack[depth++] = start;
    while (depth > 0) {
      size_t i = w.stack[depth - 1];
      int needed = next_needed(&w, i);
      if (needed >= 0) {
        w.visit[needed] = VISIT_OPEN;
        w.stack[depth++] = (size_t)needed;
        continue;
      }
      w.visit[i] = VISIT_DONE;
      w.order[w.order_count++] = i;
      depth--;
    }
  }
  return w.order;
}

/* 4. Nodes. */

static void read_initializer(struct ctx *c, void *argument) {
  (void)c;
  void *const *pair = argument;
  struct tensor *t = pair[1];
  t->value = tensor_value(pair[0], t->initializer, t->name, NULL);
}

/* The tensor of a name, with its initializer read; NULL when there is none. */
static struct tensor *find_tensor(struct importer *m, const char *name) {
  struct tensor *t = map_get(&m->tensors, name);
  if (t && t->state == TENSOR_UNSEEN && t->initializer) {
    void *pair[2] = {m, t};
    t->state = ctx_run(m->ctx, read_initializer, pair) ? TENSOR_READY : TENSOR_BROKEN;
  }
  return t;
}

/* Fills n->input; false when one is broken or missing. Missing ones are reported. */
static bool resolve_inputs(struct import *n) {
  bool usable = true;
  for (int i = 0; i < n->input_count; i++) {
    const char *name = n->proto->input[i];
    if (!*name) continue;
    struct tensor *t = find_tensor(n->importer, name);
    if (!t)
      diag_error(n->ctx, &n->at, "input %d '%s' is made by no node, and is no input or initializer", i, name);
    else if (t->state == TENSOR_NO_VALUE)
      diag_error(n->ctx, &n->at, "input %d '%s' is an output that is not supported", i, name);
    usable &= t && t->state == TENSOR_READY;
    n->input[i] = t ? t->value : NULL;
  }
  return usable;
}

static void run_importer(struct ctx *c, void *argument) {
  (void)c;
  struct import *n = argument;
  n->row->run(n);
}

static void bind_outputs(struct import *n, bool usable) {
  for (int k = 0; k < n->output_count; k++) {
    const char *name = n->proto->output[k];
    struct tensor *t = *name ? map_get(&n->importer->tensors, name) : NULL;
    if (!t) continue;
    t->value = usable ? n->output[k] : NULL;
    t->state = !usable ? TENSOR_BROKEN : t->value ? TENSOR_READY : TENSOR_NO_VALUE;
    if (t->value && !t->value->name) t->value->name = t->name;
  }
}

static void import_node(struct importer *m, size_t i) {
  const Onnx__NodeProto *p = m->model->graph->node[i];
  struct origin *origin = CTX_NEW(m->ctx, struct origin);
  struct import n = {.importer = m, .ctx = m->ctx, .graph = m->graph, .proto = p, .origin = origin};
  n.at = node_at(m, i);
  origin->name = n.at.node;
  origin->op = n.at.op;
  n.row = row_of(m, p);
  n.opset = is_onnx_domain(p->domain) ? m->opset : m->opset_microsoft;
  n.input_count = (int)min_i64((int64_t)p->n_input, INT32_MAX);
  n.output_count = (int)min_i64((int64_t)p->n_output, INT32_MAX);
  n.input = CTX_ARRAY(m->ctx, struct value *, n.input_count);
  n.output = CTX_ARRAY(m->ctx, struct value *, n.output_count + MAX_OUTPUTS_UNASKED);
  int nodes_before = m->graph->nodes.count;
  bool usable = n.row && resolve_inputs(&n) && ctx_run(m->ctx, run_importer, &n);
  if (!usable) m->graph->nodes.count = nodes_before;
  bind_outputs(&n, usable);
  if (m->ctx->errors - m->errors_at_start >= MAX_ERRORS) fatal(m->ctx, NULL, "too many errors, giving up");
}

/* 5. Outputs. */

static void attach_outputs(struct importer *m) {
  const Onnx__GraphProto *g = m->model->graph;
  struct map seen;
  map_init(&seen, m->ctx);
  if (g->n_output == 0) diag_error(m->ctx, NULL, "the model has no outputs");
  for (size_t i = 0; i < g->n_output; i++) {
    const char *name = text_or(g->output[i]->name, NULL);
    struct location at = {NULL, NULL, name};
    struct tensor *t = name ? find_tensor(m, name) : NULL;
    if (!name) diag_error(m->ctx, NULL, "output %zu has no name", i);
    else if (map_get(&seen, name)) diag_error(m->ctx, &at, "this output is listed twice");
    else if (!t) diag_error(m->ctx, &at, "this output is made by no node, and is no input or initializer");
    else if (t->state == TENSOR_NO_VALUE) diag_error(m->ctx, &at, "this output is not supported");
    if (name) map_set(&seen, name, m);
    if (!t || t->state != TENSOR_READY) continue;
    check_declared_output(m, g->output[i], t->value);
    graph_output(m->graph, name, t->value);
  }
}

static void fill_info(const struct importer *m, const struct bytes *file, struct onnx_info *info) {
  info->name = m->graph->name;
  info->producer = text_or(m->model->producer_name, "");
  info->producer_version = text_or(m->model->producer_version, "");
  info->ir_version = m->model->ir_version;
  info->opset = m->opset;
  sha256_hex(file->data, file->size, info->sha256);
}

struct graph *onnx_import(struct ctx *c, const char *path, const struct onnx_options *o,
                          struct onnx_info *info) {
  struct bytes file = file_read(c, path, MAX_MODEL_BYTES);
  struct importer m = {.ctx = c,
                       .path = path,
                       .options = o,
                       .errors_at_start = c->errors,
                       .fold_bytes = FOLD_BYTES,
                       .fold_work = FOLD_WORK};
  m.model = model_unpack(c, file.data, file.size);
  m.graph = graph_new(c, text_or(m.model->graph->name, path_basename(path)));
  map_init(&m.tensors, c);
  read_opsets(&m);
  if (info) fill_info(&m, &file, info);
  define_inputs(&m);
  define_outputs_of_nodes(&m);
  report_unsupported_operators(&m);
  import_graph_inputs(&m);
  size_t *order = topological_order(&m);
  for (size_t i = 0; i < m.model->graph->n_node; i++) import_node(&m, order[i]);
  attach_outputs(&m);
  if (c->errors > m.errors_at_start) diag_stop(c);
  attach_input_quantization(&m);
  return m.graph;
}
