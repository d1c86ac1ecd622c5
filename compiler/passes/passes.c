#include "passes/passes.h"

#include <string.h>

#define PASS(suffix, name, bound, doc) pass_function pass_##suffix;
#include "passes/passes.def"
#undef PASS

static const struct pass rows[] = {
#define PASS(suffix, name, bound, doc) {name, pass_##suffix, PASS_##bound, doc},
#include "passes/passes.def"
#undef PASS
};

int pass_count(void) { return (int)COUNT_OF(rows); }
const struct pass *pass_at(int index) { return &rows[index]; }

const struct pass *pass_find(const char *name) {
  for (int i = 0; i < pass_count(); i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

/* Whether `name` is one of the comma-separated names. */
static bool listed(const char *list, const char *name) {
  const size_t length = strlen(name);
  for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
    if (strncmp(p, name, length) == 0 && (p[length] == 0 || p[length] == ',')) return true;
  return false;
}

static const char *all_names(struct ctx *c) {
  struct buffer b;
  buffer_init(&b, c);
  for (int i = 0; i < pass_count(); i++) buffer_printf(&b, "%s%s", i ? ", " : "", rows[i].name);
  return (const char *)b.data;
}

static void check_names(struct ctx *c, const char *option, const char *list) {
  for (const char *p = list; p && *p;) {
    const size_t length = strcspn(p, ",");
    const char *name = ctx_strndup(c, p, length);
    if (!pass_find(name) && strcmp(name, "all") != 0)
      fatal(c, NULL, "%s: there is no pass '%s'; there are: %s", option, name, all_names(c));
    p += length + (p[length] == ',');
  }
}

static void print_graph(struct ctx *c, FILE *to, const char *after, const struct graph *g) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_printf(&b, ";; after %s\n", after);
  eir_print(&b, g);
  fwrite(b.data, 1, b.size, to);
}

struct graph *passes_run(struct ctx *c, const struct graph *g, const struct pass_options *options) {
  struct rewrite copy; /* the caller's graph stays as it is, even when every pass is skipped */
  rewrite_begin(&copy, g);
  for (int i = 0; i < g->nodes.count; i++) rewrite_copy(&copy, g->nodes.at[i]);
  struct graph *current = rewrite_end(&copy);
  check_names(c, "--print-after", options->print_after);
  check_names(c, "--stop-after", options->stop_after);
  check_names(c, "--skip-pass", options->skip);
  for (int i = 0; i < pass_count(); i++) {
    const struct pass *pass = pass_at(i);
    if (options->skip && listed(options->skip, pass->name)) continue;
    const double start = clock_seconds();
    current = pass->run(c, current);
    if (options->time) fprintf(stderr, "pass %-20s %8.3f ms\n", pass->name, (clock_seconds() - start) * 1e3);
    if (options->verify) ops_verify(current, pass->name);
    if (options->print_after &&
        (listed(options->print_after, pass->name) || listed(options->print_after, "all")))
      print_graph(c, options->print_to ? options->print_to : stderr, pass->name, current);
    if (options->stop_after && strcmp(options->stop_after, pass->name) == 0) break;
  }
  return current;
}
