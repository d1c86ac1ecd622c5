#include <string.h>

#include "compile.h"

/* Values a step wrote, with their bytes as plain kernels compute them. */
struct step_tensors {
  int count;
  struct eaic_tensor *tensor;
};

struct eaic_reference {
  struct ctx *ctx;
  const struct program *program;
  struct pointer_map bytes; /* value -> its right bytes */
  struct step_tensors *step;
  struct step_tensors outputs;
};

static struct eaic_tensor tensor_of(struct eaic_reference *r, const char *name, const struct value *v,
                                    int64_t offset) {
  return (struct eaic_tensor){.name = name ? name : "",
                              .dtype = dtype_numpy_name(v->type.dtype),
                              .offset = offset,
                              .bytes = type_bytes(&v->type),
                              .data = pointer_map_get(&r->bytes, v)};
}

static void describe_step(struct eaic_reference *r, int index) {
  const struct step *s = &r->program->steps.at[index];
  struct step_tensors *t = &r->step[index];
  t->tensor = CTX_ARRAY(r->ctx, struct eaic_tensor, s->operand_count);
  for (int k = 0; k < s->operand_count; k++) {
    const struct operand *o = &s->call->operand[k];
    if (o->kind == OPERAND_VALUE && o->written) /* scratch may hold anything */
      t->tensor[t->count++] = tensor_of(r, o->value->name, o->value, s->offset[k]);
  }
}

static void check_inputs(struct ctx *c, const struct graph *g, int count, const int64_t *bytes) {
  if (count != g->inputs.count)
    fatal(c, NULL, "the model has %d inputs, %d were given", g->inputs.count, count);
  for (int i = 0; i < count; i++) {
    const struct value *v = g->inputs.at[i];
    if (bytes[i] != type_bytes(&v->type))
      fatal(c, NULL, "input '%s' has %lld bytes, %lld were given", v->name, (long long)type_bytes(&v->type),
            (long long)bytes[i]);
  }
}

struct eaic_reference *eaic_reference_new(struct ctx *c, const char *path, const struct eaic_options *options,
                                          int input_count, const void *const *input,
                                          const int64_t *input_bytes, struct bytes *module) {
  struct eaic_reference *r = CTX_NEW(c, struct eaic_reference);
  struct onnx_info info;
  c->file = path;
  r->ctx = c;
  pointer_map_init(&r->bytes, c);
  const struct graph *g = compile_passes(c, compile_import(c, path, options, &info), options);
  check_inputs(c, g, input_count, input_bytes);
  eval_graph_into(c, g, true, input, &r->bytes);

  const struct plan_options how = {.level = (enum level)options->level, .plain = options->plain};
  struct eaic_options with_steps = *options;
  with_steps.profile = true;
  r->program = plan(c, g, &how);
  *module = compile_link(c, r->program, compile_object(c, r->program, &with_steps), &info, &with_steps);
  r->step = CTX_ARRAY(c, struct step_tensors, r->program->steps.count);
  for (int i = 0; i < r->program->steps.count; i++) describe_step(r, i);
  r->outputs.count = g->outputs.count;
  r->outputs.tensor = CTX_ARRAY(c, struct eaic_tensor, g->outputs.count);
  for (int i = 0; i < g->outputs.count; i++)
    r->outputs.tensor[i] =
        tensor_of(r, g->output_names.at[i], g->outputs.at[i], r->program->outputs.at[i].offset);
  return r;
}

int eaic_reference_outputs(struct eaic_reference *r, const struct eaic_tensor **outputs) {
  *outputs = r->outputs.tensor;
  return r->outputs.count;
}

int eaic_reference_steps(const struct eaic_reference *r) { return r->program->steps.count; }

int eaic_reference_step(struct eaic_reference *r, int step, const struct eaic_tensor **written) {
  *written = r->step[step].tensor;
  return r->step[step].count;
}

const char *eaic_reference_step_name(struct eaic_reference *r, int step) {
  const struct step *s = &r->program->steps.at[step];
  struct buffer b;
  buffer_init(&b, r->ctx);
  for (const struct origin *o = s->call->node->origin; o; o = o->next)
    buffer_printf(&b, "%s'%s' (%s)", b.size ? " + " : "node ", o->name, o->op);
  buffer_printf(&b, "%skernel %s, step %d", b.size ? ", " : "", s->kernel->name, step);
  return (const char *)b.data;
}
