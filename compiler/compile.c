/* The table of contents of the compiler: one call a stage, and after it the fact that holds from there on. */

#include <string.h>

#include "compile.h"

static const char *const stage_names[] = {
    [EAIC_STAGE_GRAPH] = "graph",   [EAIC_STAGE_PLAN] = "plan", [EAIC_STAGE_LLVM] = "llvm",
    [EAIC_STAGE_OBJECT] = "object", [EAIC_STAGE_WAT] = "wat",   [EAIC_STAGE_WASM] = "wasm"};
static const char *const level_names[LEVEL_COUNT] = {
    [LEVEL_SCALAR] = "scalar", [LEVEL_SIMD128] = "simd128", [LEVEL_RELAXED] = "relaxed"};

bool eaic_stage_from_name(const char *name, enum eaic_stage *out) {
  for (size_t i = 0; i < COUNT_OF(stage_names); i++)
    if (strcmp(stage_names[i], name) == 0) return *out = (enum eaic_stage)i, true;
  return false;
}

bool eaic_level_from_name(const char *name, int *level) {
  for (int i = 0; i < LEVEL_COUNT; i++)
    if (strcmp(level_names[i], name) == 0) return *level = i, true;
  return false;
}

int eaic_operator_count(void) {
  int count;
  onnx_op_rows(&count);
  return count;
}

struct eaic_operator eaic_operator_at(int index) {
  int count;
  const struct onnx_op_row *row = &onnx_op_rows(&count)[index];
  return (struct eaic_operator){.domain = row->domain,
                                .name = row->name,
                                .notes = row->doc,
                                .since = row->since,
                                .until = row->until < ONNX_NEWEST_OPSET ? row->until : 0};
}

struct stopwatch {
  bool on;
  double last;
};

/* Reports the time since the last lap (--time). */
static void lap(struct stopwatch *w, const char *stage) {
  const double now = clock_seconds();
  if (w->on && stage) fprintf(stderr, "stage %-9s %9.3f ms\n", stage, (now - w->last) * 1e3);
  w->last = now;
}

struct graph *compile_import(struct ctx *c, const char *path, const struct eaic_options *options,
                             struct onnx_info *info) {
  if (path_has_suffix(path, ".eir")) {
    const struct bytes text = file_read(c, path, (uint64_t)1 << 31);
    memset(info, 0, sizeof *info);
    info->name = path_basename(path);
    sha256_hex(text.data, text.size, info->sha256);
    return eir_parse(c, path, (const char *)text.data, text.size);
  }
  struct onnx_dim *dims = CTX_ARRAY(c, struct onnx_dim, options->dim_count);
  for (int i = 0; i < options->dim_count; i++)
    dims[i] = (struct onnx_dim){options->dims[i].name, options->dims[i].size};
  const struct onnx_options import = {.dim_count = options->dim_count, .dim = dims};
  return onnx_import(c, path, &import, info);
}

struct graph *compile_passes(struct ctx *c, const struct graph *g, const struct eaic_options *options) {
  const struct pass_options passes = {.print_after = options->print_after,
                                      .stop_after = options->stop_after,
                                      .skip = options->skip_pass,
#ifndef NDEBUG
                                      .verify = true,
#endif
                                      .time = options->time_passes};
  return passes_run(c, g, &passes);
}

struct bytes compile_object(struct ctx *c, const struct program *p, const struct eaic_options *options) {
  const struct codegen_options codegen = {.debug_info = options->debug,
                                          .profile = options->profile,
                                          .wasi = options->wasi,
                                          .text = options->stage == EAIC_STAGE_LLVM,
                                          .passes = options->llvm_passes};
  return codegen_object(c, p, &codegen);
}

struct bytes compile_link(struct ctx *c, const struct program *p, struct bytes object,
                          const struct onnx_info *info, const struct eaic_options *options) {
  const struct module_info module = {info->name, info->sha256, info->opset};
  const struct wasm_options wasm = {
      .debug_info = options->debug, .profile = options->profile, .wasi = options->wasi};
  return wasm_link(c, p, object, &module, &wasm);
}

static struct bytes text_of(const struct buffer *b) { return (struct bytes){b->data, b->size}; }

static void fill_stats(struct eaic_stats *s, const struct graph *imported, const struct graph *g,
                       const struct program *p) {
  memset(s, 0, sizeof *s);
  s->nodes_imported = imported->nodes.count;
  s->nodes_final = g->nodes.count;
  s->steps = p->steps.count;
  for (int i = 0; i < p->steps.count; i++) s->macs += p->steps.at[i].call->macs;
  s->weights_bytes = p->weights_bytes;
  s->arena_bytes = p->arena_bytes;
  s->peak_live_bytes = p->peak_live_bytes;
}

struct bytes eaic_compile(struct ctx *c, const char *path, const struct eaic_options *options,
                          struct eaic_stats *stats) {
  struct stopwatch watch = {.on = options->time};
  struct onnx_info info;
  struct buffer text;
  struct eaic_stats ignored;
  if (!stats) stats = &ignored;
  c->file = path;
  buffer_init(&text, c);
  lap(&watch, NULL);

  const struct graph *imported = compile_import(c, path, options, &info);
  ops_verify(imported, "import");
  lap(&watch, "import");
  /* From here on: every value has a static shape and type; the graph knows no ONNX version. */

  const struct graph *g = compile_passes(c, imported, options);
  ops_verify(g, "passes");
  lap(&watch, "passes");
  /* From here on: quantized ops stand on quantized types, activations run in NHWC, epilogues are fused, no
   * node is dead. */
  if (options->stage == EAIC_STAGE_GRAPH || options->stop_after) {
    eir_print(&text, g);
    return text_of(&text);
  }

  const struct plan_options how = {.level = (enum level)options->level, .plain = options->plain};
  const struct program *p = plan(c, g, &how);
  fill_stats(stats, imported, g, p);
  lap(&watch, "plan");
  /* From here on: every byte has its final address, every step its kernel. */
  if (options->stage == EAIC_STAGE_PLAN) {
    plan_print(&text, p);
    return text_of(&text);
  }

  const struct bytes object = compile_object(c, p, options);
  lap(&watch, "codegen");
  /* From here on: each step is a function of machine-independent code with constant addresses and params. */
  if (options->stage == EAIC_STAGE_LLVM || options->stage == EAIC_STAGE_OBJECT) return object;

  const struct bytes module = compile_link(c, p, object, &info, options);
  stats->module_bytes = (int64_t)module.size;
  lap(&watch, "link");
  /* From here on: the module is whole: no imports (but WASI's), memory of fixed size, weights and metadata
   * inside. */

  const char *invalid = wasm_validate(c, module, (enum level)options->level);
  if (invalid) BUG(c, "the module does not validate: %s", invalid);
  lap(&watch, "validate");
  return options->stage == EAIC_STAGE_WAT ? wasm_to_wat(c, module, (enum level)options->level) : module;
}
