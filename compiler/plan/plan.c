#include "plan/plan.h"

#include <string.h>

enum { CONSTANT_ALIGN = 16 };
#define MEMORY_LIMIT (((int64_t)4 << 30) - ((int64_t)2 << 20)) /* leaves room for code's data and the stack \
                                                                */

/* Where bytes live: an arena record, a constant segment, or a part of another storage (reshape, in-place
 * concat, slice). */
struct storage {
  struct storage *part_of;
  int64_t part_offset;
  int64_t offset; /* address, once planned; for parts: computed through part_of */
  int64_t bytes;
  int first, last; /* steps that touch it (roots) */
  bool constant;
};

struct planner {
  struct ctx *ctx;
  const struct graph *graph;
  const struct plan_options *options;
  struct program *program;
  struct pointer_map lowered;  /* node -> struct lowering */
  struct pointer_map storage;  /* value -> struct storage */
  struct pointer_map in_place; /* concat nodes that need no call */
  struct map constants;        /* digest of content -> struct storage */
  VECTOR(struct storage *) arena;
  VECTOR(struct storage **) operands; /* of each step: where its operands live */
};

static struct storage *storage_get(struct planner *p, const struct value *v) {
  return pointer_map_get(&p->storage, v);
}

static struct storage *arena_storage(struct planner *p, int64_t bytes) {
  struct storage *s = CTX_NEW(p->ctx, struct storage);
  s->bytes = max_i64(bytes, 1); /* an empty tensor still has an address */
  s->first = INT32_MAX;
  s->last = -1;
  VECTOR_PUSH(p->ctx, &p->arena, s);
  return s;
}

static void set_part(struct planner *p, const struct value *v, struct storage *whole, int64_t offset) {
  struct storage *s = CTX_NEW(p->ctx, struct storage);
  s->part_of = whole;
  s->part_offset = offset;
  s->bytes = type_bytes(&v->type);
  pointer_map_set(&p->storage, v, s);
}

/* FNV-1a over 8 bytes at a time; equal digests are compared byte by byte. */
static const char *digest(struct planner *p, const uint8_t *data, int64_t bytes, int attempt) {
  uint64_t h = 1469598103934665603u;
  for (int64_t i = 0; i < bytes; i += 8) {
    uint64_t word = 0;
    memcpy(&word, data + i, (size_t)min_i64(8, bytes - i));
    h = (h ^ word) * 1099511628211u;
    h ^= h >> 29;
  }
  return ctx_printf(p->ctx, "%016llx.%lld.%d", (unsigned long long)h, (long long)bytes, attempt);
}

/* Constants of equal content share one place. */
static struct storage *constant_storage(struct planner *p, const void *data, int64_t bytes) {
  struct program *program = p->program;
  for (int attempt = 0;; attempt++) {
    const char *key = digest(p, data, bytes, attempt);
    struct storage *s = map_get(&p->constants, key);
    if (s) {
      for (int i = 0; i < program->segments.count; i++) {
        const struct segment *g = &program->segments.at[i];
        if (g->offset == s->offset && g->bytes == bytes && memcmp(g->data, data, (size_t)bytes) == 0)
          return s;
      }
      continue;
    }
    s = CTX_NEW(p->ctx, struct storage);
    s->constant = true;
    s->bytes = bytes;
    s->offset = align_up(program->end, CONSTANT_ALIGN);
    if (bytes) VECTOR_PUSH(p->ctx, &program->segments, ((struct segment){s->offset, bytes, data}));
    program->end = s->offset + max_i64(bytes, 1);
    program->weights_bytes += bytes;
    map_set(&p->constants, key, s);
    return s;
  }
}

static struct storage *value_storage(struct planner *p, const struct value *v) {
  struct storage *s = storage_get(p, v);
  if (s) return s;
  s = v->data ? constant_storage(p, v->data, type_bytes(&v->type)) : arena_storage(p, type_bytes(&v->type));
  pointer_map_set(&p->storage, v, s);
  return s;
}

static struct storage *root_of(struct storage *s) {
  while (s->part_of) s = s->part_of;
  return s;
}

static int64_t address_of(const struct storage *s) {
  int64_t inside = 0;
  for (; s->part_of; s = s->part_of) inside += s->part_offset;
  return s->offset + inside;
}

static void touch(struct storage *s, int step) {
  s = root_of(s);
  if (step < s->first) s->first = step;
  if (step > s->last) s->last = step;
}

/* The value whose bytes `v` shows under another type (reshape and the like), or NULL. */
static struct value *aliased(const struct planner *p, const struct value *v) {
  const struct lowering *l = v->producer ? pointer_map_get(&p->lowered, v->producer) : NULL;
  return l && l->alias_input >= 0 && v == v->producer->output[0] ? v->producer->input[l->alias_input] : NULL;
}

/* Whether the bytes of `v` are an output of the module, by itself or through reshapes. Outputs have an
 * address of their own. */
static bool shows_at_output(const struct planner *p, const struct value *v) {
  for (int i = 0; i < p->graph->outputs.count; i++)
    for (const struct value *shown = p->graph->outputs.at[i]; shown; shown = aliased(p, shown))
      if (shown == v) return true;
  return false;
}

/* The value whose bytes `v` shows through reshapes; NULL when one of them is a graph output, an input or a
 * constant, whose place is not ours to choose. */
static struct value *movable_base(struct planner *p, struct value *v) {
  for (struct value *below = aliased(p, v); below; below = aliased(p, v)) v = below;
  return v->producer && !shows_at_output(p, v) && !storage_get(p, v) ? v : NULL;
}

/* concat: when its inputs' bytes lie one after another in the output, the inputs are simply made there. */
static void concat_in_place(struct planner *p, const struct node *n) {
  struct value *y = n->output[0];
  const int axis = (int)attr_int(n, ATTR_AXIS, 0);
  for (int i = 0; i < axis; i++)
    if (y->type.dim[i] != 1) return;
  struct value **base = CTX_ARRAY(p->ctx, struct value *, n->input_count);
  for (int i = 0; i < n->input_count; i++) {
    base[i] = movable_base(p, n->input[i]);
    if (!base[i] || !quant_equal(n->input[i]->type.quant, y->type.quant)) return;
    for (int k = 0; k < i; k++)
      if (base[k] == base[i]) return;
  }
  struct storage *whole = value_storage(p, y);
  int64_t offset = 0;
  for (int i = 0; i < n->input_count; i++) {
    set_part(p, base[i], whole, offset);
    offset += type_bytes(&n->input[i]->type);
  }
  pointer_map_set(&p->in_place, n, whole);
}

/* slice: a run of bytes of the input needs no copy. Outputs of the module stay aligned, so they are copied.
 */
static bool slice_in_place(struct planner *p, const struct node *n) {
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  int count;
  const int64_t *starts = attr_ints(n, ATTR_STARTS, &count), *steps = attr_ints(n, ATTR_STEPS, &count);
  int64_t inner = type_bytes(x), offset = 0;
  bool outer_is_one = true;
  if (storage_get(p, n->output[0]) || shows_at_output(p, n->output[0]) || type_elements(x) == 0) return false;
  for (int i = 0; i < x->rank; i++) {
    const bool whole = y->dim[i] == x->dim[i];
    if ((steps && steps[i] != 1) || (!whole && !outer_is_one)) return false;
    inner /= x->dim[i];
    offset += (starts ? starts[i] : 0) * inner;
    outer_is_one = outer_is_one && y->dim[i] == 1;
  }
  set_part(p, n->output[0], value_storage(p, n->input[0]), offset);
  return true;
}

static struct storage *operand_storage(struct planner *p, const struct operand *o, struct storage **scratch) {
  switch (o->kind) {
    case OPERAND_NONE: return NULL;
    case OPERAND_VALUE: return value_storage(p, o->value);
    case OPERAND_CONSTANT: return constant_storage(p, o->data, o->bytes);
    case OPERAND_SCRATCH:
      if (!scratch[o->scratch]) scratch[o->scratch] = arena_storage(p, o->bytes);
      return scratch[o->scratch];
  }
  BUG(p->ctx, "unknown operand kind");
}

static void add_step(struct planner *p, const struct call *call, struct storage **scratch) {
  const int index = p->program->steps.count;
  struct storage **where = CTX_ARRAY(p->ctx, struct storage *, call->operand_count);
  for (int i = 0; i < call->operand_count; i++) {
    where[i] = operand_storage(p, &call->operand[i], scratch);
    if (where[i]) touch(where[i], index);
  }
  VECTOR_PUSH(p->ctx, &p->operands, where);
  VECTOR_PUSH(p->ctx, &p->program->steps,
              ((struct step){.kernel = call->kernel,
                             .params = call->params,
                             .params_bytes = call->params_bytes,
                             .operand_count = call->operand_count,
                             .offset = CTX_ARRAY(p->ctx, int64_t, call->operand_count),
                             .call = call}));
}

static void plan_node(struct planner *p, const struct node *n) {
  enum { MAX_SCRATCH = 16 };
  struct storage *scratch[MAX_SCRATCH] = {0};
  if (pointer_map_get(&p->in_place, n)) return;
  if (n->op == OP_SLICE && !p->options->no_reuse && slice_in_place(p, n)) return;
  const struct lowering *l = pointer_map_get(&p->lowered, n);
  if (l->alias_input >= 0) {
    set_part(p, n->output[0], value_storage(p, n->input[l->alias_input]), 0);
    return;
  }
  for (int i = 0; i < l->calls.count; i++) add_step(p, l->calls.at[i], scratch);
}

static void lower_all(struct planner *p) {
  pointer_map_init(&p->lowered, p->ctx);
  for (int i = 0; i < p->graph->nodes.count; i++) {
    struct lowering *l = CTX_NEW(p->ctx, struct lowering);
    l->ctx = p->ctx;
    l->level = p->options->level;
    l->plain = p->options->plain;
    lower_node(l, p->graph->nodes.at[i]);
    pointer_map_set(&p->lowered, p->graph->nodes.at[i], l);
  }
}

/* Constants that are outputs of the module are aligned as every output. */
static void place_constant_outputs(struct planner *p) {
  for (int i = 0; i < p->graph->outputs.count; i++) {
    struct value *v = p->graph->outputs.at[i];
    for (struct value *below = aliased(p, v); below; below = aliased(p, v)) v = below;
    if (!v->data) continue;
    p->program->end = align_up(p->program->end, PLAN_ALIGN);
    value_storage(p, v);
  }
}

static struct port port_of(struct planner *p, const char *name, struct value *v) {
  return (struct port){name, v->type, address_of(value_storage(p, v)), type_bytes(&v->type)};
}

/* Kernels of elementwise ops read an element before they write the one at its place. */
static bool reads_before_write(const struct call *call, int k) {
  const struct node *n = call->node;
  const struct operand *o = &call->operand[k];
  const bool elementwise =
      op_is_unary(n->op) || op_is_binary(n->op) || n->op == OP_TABLE || n->op == OP_REQUANTIZE;
  if (!elementwise || o->kind != OPERAND_VALUE || o->written) return false;
  const struct type *x = &o->value->type, *y = &n->output[0]->type;
  return type_same_shape(x, y) && dtype_bytes(x->dtype) == dtype_bytes(y->dtype);
}

/* An elementwise op writes over an input that nothing reads after it. */
static void overwrite_dead_input(struct planner *p, int step) {
  const struct call *call = p->program->steps.at[step].call;
  const bool alone =
      (step == 0 || p->program->steps.at[step - 1].call->node != call->node) &&
      (step + 1 == p->program->steps.count || p->program->steps.at[step + 1].call->node != call->node);
  struct storage *out = storage_get(p, call->node->output[0]);
  if (!alone || out->part_of || out->first != step) return;
  for (int k = 0; k < call->operand_count; k++) {
    struct storage *in = p->operands.at[step][k];
    if (!in || in == out || !reads_before_write(call, k)) continue;
    struct storage *root = root_of(in);
    if (root->constant || root->last != step || root->bytes != out->bytes || address_of(in) != root->offset)
      continue;
    out->part_of = root;
    root->last = out->last;
    return;
  }
}

static void place_arena(struct planner *p) {
  struct program *program = p->program;
  const int last_step = program->steps.count;
  struct memory_record *records = CTX_ARRAY(p->ctx, struct memory_record, p->arena.count);
  int count = 0;
  for (int i = 0; i < p->arena.count; i++) {
    struct storage *s = p->arena.at[i];
    if (s->part_of) continue;
    p->arena.at[count] = s;
    records[count] = (struct memory_record){.first = s->first, .last = s->last, .bytes = s->bytes};
    if (p->options->no_reuse || s->last < 0) records[count].first = 0, records[count].last = last_step;
    count++;
  }
  p->arena.count = count;
  program->arena_offset = align_up(program->end, PLAN_ALIGN);
  program->arena_bytes = memory_plan(p->ctx, records, count, &program->peak_live_bytes);
  program->end = program->arena_offset + program->arena_bytes;
  if (program->end > MEMORY_LIMIT)
    fatal(p->ctx, NULL, "the model needs %.1f GiB of memory, but a wasm module has at most 4 GiB",
          (double)program->end / (double)(1 << 30));
  for (int i = 0; i < count; i++) p->arena.at[i]->offset = program->arena_offset + records[i].offset;
}

struct program *plan(struct ctx *c, const struct graph *g, const struct plan_options *options) {
  struct planner p = {.ctx = c, .graph = g, .options = options};
  struct program *program = p.program = CTX_NEW(c, struct program);
  program->ctx = c;
  program->level = options->level;
  program->end = PLAN_BASE;
  pointer_map_init(&p.storage, c);
  pointer_map_init(&p.in_place, c);
  map_init(&p.constants, c);
  lower_all(&p);
  place_constant_outputs(&p);
  for (int i = g->nodes.count - 1; i >= 0 && !options->no_reuse; i--)
    if (g->nodes.at[i]->op == OP_CONCAT) concat_in_place(&p, g->nodes.at[i]);
  for (int i = 0; i < g->nodes.count; i++) plan_node(&p, g->nodes.at[i]);
  const int last_step = program->steps.count;
  for (int i = 0; i < g->inputs.count;
       i++) { /* inputs are left as they were: nothing else ever lives there */
    touch(value_storage(&p, g->inputs.at[i]), 0);
    touch(value_storage(&p, g->inputs.at[i]), last_step);
  }
  for (int i = 0; i < g->outputs.count; i++) touch(value_storage(&p, g->outputs.at[i]), last_step);
  for (int i = 0; i < last_step && !options->no_reuse; i++) overwrite_dead_input(&p, i);
  place_arena(&p);
  for (int i = 0; i < program->steps.count; i++) {
    struct step *s = &program->steps.at[i];
    for (int k = 0; k < s->operand_count; k++) {
      const struct storage *where = p.operands.at[i][k];
      s->offset[k] = where ? address_of(where) : 0;
    }
  }
  for (int i = 0; i < g->inputs.count; i++)
    VECTOR_PUSH(c, &program->inputs, port_of(&p, g->inputs.at[i]->name, g->inputs.at[i]));
  for (int i = 0; i < g->outputs.count; i++)
    VECTOR_PUSH(c, &program->outputs, port_of(&p, g->output_names.at[i], g->outputs.at[i]));
  return program;
}

void program_load(const struct program *p, uint8_t *memory) {
  for (int i = 0; i < p->segments.count; i++) {
    const struct segment *s = &p->segments.at[i];
    memcpy(memory + s->offset, s->data, (size_t)s->bytes);
  }
}

void program_run(const struct program *p, uint8_t *memory, int first, int count) {
  for (int i = first; i < first + count; i++) {
    const struct step *s = &p->steps.at[i];
    void *operand[MAX_OPERANDS];
    for (int k = 0; k < s->operand_count; k++) operand[k] = s->offset[k] ? memory + s->offset[k] : NULL;
    s->kernel->run(s->params, operand);
  }
}
