/* eaic compile: a model to a module, or to the form of an earlier stage. */
#include <string.h>

#include "command.h"

/* Where the result goes without -o: text to the terminal, files into the current folder under the model's
 * name. */
static const char *default_output(struct ctx *c, const char *model, enum eaic_stage stage) {
  if (stage != EAIC_STAGE_WASM && stage != EAIC_STAGE_OBJECT) return "-";
  const char *name = path_basename(model), *dot = strrchr(name, '.');
  int length = dot && dot != name ? (int)(dot - name) : (int)strlen(name);
  return ctx_printf(c, "%.*s%s", length, name, stage == EAIC_STAGE_WASM ? ".wasm" : ".o");
}

/* The module's path with .html in place of .wasm, or behind it. */
static const char *page_path(struct ctx *c, const char *module) {
  const size_t length = strlen(module) - (path_has_suffix(module, ".wasm") ? strlen(".wasm") : 0);
  return ctx_printf(c, "%.*s.html", (int)length, module);
}

static void print_stats(const struct eaic_stats *s) {
  const struct {
    const char *name;
    int64_t value;
  } row[] = {
      {"nodes imported", s->nodes_imported},
      {"nodes after passes", s->nodes_final},
      {"steps", s->steps},
      {"multiply-accumulates", s->macs},
      {"bytes of weights", s->weights_bytes},
      {"bytes of arena", s->arena_bytes},
      {"bytes live at most", s->peak_live_bytes},
      {"bytes of module", s->module_bytes},
  };
  for (size_t i = 0; i < COUNT_OF(row); i++)
    fprintf(stderr, "%-22s %14lld\n", row[i].name, (long long)row[i].value);
}

static void compile(struct ctx *c, void *argument) {
  const struct options *o = argument;
  const char *model = o->arguments.at[0], *output = option_text(o, OPTION_OUTPUT);
  c->file = model;
  struct eaic_options options;
  compile_options(c, o, &options);
  struct eaic_stats stats = {0};
  struct bytes result = eaic_compile(c, model, &options, &stats);
  if (c->errors) return;                                    /* no output file */
  if (options.stop_after) options.stage = EAIC_STAGE_GRAPH; /* what is there by then */
  if (!output) output = default_output(c, model, options.stage);
  file_write(c, output, result.data, result.size);
  if (option_given(o, OPTION_JS)) {
    const struct bytes page = demo_page(c, result);
    file_write(c, page_path(c, output), page.data, page.size);
  }
  if (option_given(o, OPTION_STATS)) print_stats(&stats);
}

enum exit_code cmd_compile(struct ctx *c, struct options *o) {
  const char *output = option_text(o, OPTION_OUTPUT), *stage = option_text(o, OPTION_EMIT);
  const bool whole = (!stage || !strcmp(stage, "wasm")) && !option_given(o, OPTION_STOP_AFTER);
  if (option_given(o, OPTION_JS) && (!whole || (output && !strcmp(output, "-")))) {
    usage_error(o, "--js writes a page beside a module, which needs a file of its own");
    return EXIT_USAGE;
  }
  return ctx_run(c, compile, o) ? EXIT_DONE : EXIT_FAILED;
}
