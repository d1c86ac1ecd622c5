/* eaic-ir: the compiler's graph passes by themselves, for developers and golden tests. */
#include <stdlib.h>
#include <string.h>

#include "ir_check.h"
#include "onnx/onnx.h"

enum { EXIT_DIFFERENT = 3, EXIT_USAGE = 2 };

static const char help[] =
    "usage: eaic-ir FILE [--pass NAME]... [--all] [--check] [--seed N] [--quiet]\n"
    "Reads a graph (.eir or .onnx), runs passes on it, prints the result.\n"
    "  --pass NAME  run this pass; may be given several times, also NAME,NAME\n"
    "  --all        run all passes in their order\n"
    "  --check      evaluate the graph before and after each pass on random inputs and compare\n"
    "               within the pass's bound; exit code 3 when it is passed; messages go to stderr\n"
    "  --seed N     of the random inputs (default 1)\n"
    "  --quiet      do not print the graph\n"
    "  --list       print the passes\n";

struct options {
  const char *file;
  const struct pass **passes;
  int pass_count;
  bool check, quiet, all_within;
  int64_t seed;
};

static struct graph *read_graph(struct ctx *c, const char *file) {
  if (path_has_suffix(file, ".onnx")) return onnx_import(c, file, NULL, NULL);
  const struct bytes text = file_read(c, file, (uint64_t)1 << 31);
  return eir_parse(c, file, (const char *)text.data, text.size);
}

static void run(struct ctx *c, void *argument) {
  struct options *o = argument;
  c->file = o->file;
  const struct graph *g = read_graph(c, o->file);
  ops_verify(g, NULL);
  const void **input = o->check ? check_inputs(c, g, (uint64_t)o->seed) : NULL;
  for (int i = 0; i < o->pass_count; i++) {
    const struct graph *after = o->passes[i]->run(c, g);
    ops_verify(after, o->passes[i]->name);
    if (o->check && !check_pass(c, o->passes[i], g, after, input, stderr)) o->all_within = false;
    g = after;
  }
  if (o->quiet) return;
  struct buffer text;
  buffer_init(&text, c);
  eir_print(&text, g);
  fwrite(text.data, 1, text.size, stdout);
}

static void list_passes(void) {
  for (int i = 0; i < pass_count(); i++) printf("%-20s %s\n", pass_at(i)->name, pass_at(i)->doc);
}

/* Adds the passes of "NAME,NAME"; false when there is none of a name. */
static bool add_passes(struct ctx *c, struct options *o, const char *names) {
  while (*names) {
    const size_t length = strcspn(names, ",");
    const struct pass *pass = pass_find(ctx_strndup(c, names, length));
    if (!pass) {
      fprintf(stderr, "eaic-ir: there is no pass '%.*s' (see --list)\n", (int)length, names);
      return false;
    }
    o->passes[o->pass_count++] = pass;
    names += length + (names[length] == ',');
  }
  return true;
}

/* False: usage. */
static bool parse_options(struct ctx *c, struct options *o, int argc, char **argv) {
  size_t room = (size_t)pass_count();
  for (int i = 1; i < argc; i++) room += strlen(argv[i]) + (size_t)pass_count();
  o->passes = CTX_ARRAY(c, const struct pass *, room);
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    const bool has_value = i + 1 < argc;
    if (strcmp(a, "--check") == 0) o->check = true;
    else if (strcmp(a, "--quiet") == 0) o->quiet = true;
    else if (strcmp(a, "--all") == 0)
      for (int k = 0; k < pass_count(); k++) o->passes[o->pass_count++] = pass_at(k);
    else if (strcmp(a, "--pass") == 0 && has_value) {
      if (!add_passes(c, o, argv[++i])) return false;
    } else if (strcmp(a, "--seed") == 0 && has_value) {
      if (!parse_int64(argv[++i], &o->seed)) return false;
    } else if (a[0] == '-' || o->file) return false;
    else o->file = a;
  }
  return o->file != NULL;
}

int main(int argc, char **argv) {
  struct ctx c;
  struct options o = {.seed = 1, .all_within = true};
  if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--list") == 0)) {
    if (argv[1][2] == 'h') fputs(help, stdout);
    else list_passes();
    return 0;
  }
  ctx_init(&c);
  int status = EXIT_USAGE;
  if (parse_options(&c, &o, argc, argv)) {
    status = ctx_run(&c, run, &o) ? (o.all_within ? 0 : EXIT_DIFFERENT) : 1;
  } else {
    fputs(help, stderr);
  }
  ctx_free(&c);
  return status;
}
