/* eaic inspect: what is in a module. */
#include "command.h"

static void print_tensors(struct buffer *out, const char *heading, const struct abi_tensor *t, int count) {
  buffer_printf(out, "\n%s\n", heading);
  for (int i = 0; i < count; i++) {
    buffer_printf(out, "  %-24s %-28s at %lld, %lld bytes", t[i].name, abi_type_text(out->ctx, &t[i]),
                  (long long)t[i].offset, (long long)t[i].bytes);
    if (t[i].quantized) {
      buffer_text(out, ", scale ");
      buffer_double(out, t[i].scale);
      buffer_printf(out, " zero point %lld", (long long)t[i].zero_point);
    }
    buffer_text(out, "\n");
  }
}

/* What lies where, from address 0 up. */
static void print_memory(struct buffer *out, const struct abi_module *m) {
  buffer_printf(out, "\nmemory: %lld bytes\n  weights %lld\n  arena   %lld\n", (long long)m->total_bytes,
                (long long)m->weights_bytes, (long long)m->arena_bytes);
  if (m->arena_offset < 0) return;
  const int64_t arena_end = m->arena_offset + m->arena_bytes;
  const struct {
    int64_t from, to;
    const char *what;
  } range[] = {
      {0, m->arena_offset, "nothing below 1024, then constants (weights, tables)"},
      {m->arena_offset, arena_end, "arena (inputs, outputs, intermediate tensors)"},
      {arena_end, m->total_bytes, "data and stack of the code"},
  };
  for (size_t i = 0; i < COUNT_OF(range); i++)
    buffer_printf(out, "  %10lld .. %10lld  %s\n", (long long)range[i].from, (long long)range[i].to, range[i].what);
}

static void print_sections(struct buffer *out, struct bytes wasm) {
  wasm_sections sections = wasm_sections_read(out->ctx, wasm);
  buffer_printf(out, "\nfile: %zu bytes\n", wasm.size);
  for (int i = 0; i < sections.count; i++) {
    const struct wasm_section *s = &sections.at[i];
    buffer_printf(out, "  %-24s %10zu bytes", s->id ? s->name : ctx_printf(out->ctx, "custom '%s'", s->name),
                  s->body.size);
    if (s->count >= 0) buffer_printf(out, ", %lld entries", (long long)s->count);
    buffer_text(out, "\n");
  }
}

static void print_steps(struct buffer *out, const struct abi_module *m) {
  buffer_printf(out, "\n%d steps, %lld multiply-accumulates\n", m->step_count, (long long)module_macs(m));
  for (int i = 0; i < m->step_count; i++) {
    const struct abi_step *s = &m->step[i];
    buffer_printf(out, "  %4d  %-40s %12lld", i, s->kernel, (long long)s->macs);
    for (int k = 0; k < s->node_count; k++) buffer_printf(out, "%s%s", k ? " " : "  ", s->node[k]);
    buffer_text(out, "\n");
  }
}

static void inspect(struct ctx *c, void *argument) {
  const struct options *o = argument;
  struct bytes wasm = module_bytes(c, o, o->arguments.at[0]);
  const struct abi_module *m = abi_read(c, wasm);
  struct buffer out;
  buffer_init(&out, c);
  buffer_printf(&out, "model '%s', opset %lld, sha256 %s\ncompiled by eaic %s, ABI %d, features %s\n",
                m->model_name, (long long)m->model_opset, m->model_sha256, m->compiler_version, ABI_VERSION,
                m->features);
  print_tensors(&out, "inputs", m->input, m->input_count);
  print_tensors(&out, "outputs", m->output, m->output_count);
  print_memory(&out, m);
  print_sections(&out, wasm);
  print_steps(&out, m);
  file_write(c, "-", out.data, out.size);
}

enum exit_code cmd_inspect(struct ctx *c, struct options *o) {
  return ctx_run(c, inspect, o) ? EXIT_DONE : EXIT_FAILED;
}
