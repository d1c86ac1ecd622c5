/* The goldens of testdata/onnx: models as text (see model_text.h), and the graphs or messages they give.
 *
 *     === name of the case
 *     opset 13 ...
 *     --- --dim height=8
 *     input %x: ...                    the graph as .eir, or the messages
 *
 * `import_golden_test -r` rewrites what is expected. Every row of onnx_ops.def has to occur in a case that
 * imports. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "eval/eval.h"
#include "onnx/model_text.h"
#include "onnx/onnx.h"

static const char folder[] = "testdata/onnx";

/* One case: text up to "---" is the model, the rest of that line options, then what is expected. */
struct golden {
  const char *name, *model, *options, *expected;
};

struct run {
  const struct golden *golden;
  const char *path; /* of the model's file */
  struct buffer got;
};

static void collect_message(void *user, const char *line) {
  struct run *r = user;
  buffer_printf(&r->got, "%s\n", line);
}

static void read_dims(struct ctx *c, const char *text, struct onnx_options *o) {
  struct onnx_dim *dims = CTX_ARRAY(c, struct onnx_dim, 8);
  o->dim = dims;
  while ((text = strstr(text, "--dim ")) != NULL && o->dim_count < 8) {
    text += strlen("--dim ");
    size_t n = strcspn(text, "= ");
    dims[o->dim_count].name = ctx_strndup(c, text, n);
    dims[o->dim_count++].size = strtoll(text + n + 1, NULL, 10);
  }
}

static void import(struct ctx *c, void *argument) {
  struct run *r = argument;
  struct bytes file = model_text_pack(c, r->golden->model);
  file_write(c, r->path, file.data, file.size);
  struct onnx_options o = {0};
  read_dims(c, r->golden->options, &o);
  struct graph *g = onnx_import(c, r->path, &o, NULL);
  ops_verify(g, "import");
  struct buffer text;
  buffer_init(&text, c);
  eir_print(&text, g);
  const char *body = strchr((const char *)text.data, '\n'); /* without the line that names the graph */
  buffer_text(&r->got, body ? body + 1 : "");
}

/* What a case gives: a graph, or messages. */
static const char *result_of(struct ctx *c, const struct golden *g, const char *path) {
  struct run r = {.golden = g, .path = path};
  buffer_init(&r.got, c);
  c->file = "m.onnx";
  c->report = collect_message;
  c->report_user = &r;
  ctx_run(c, import, &r);
  return r.got.data ? (const char *)r.got.data : "";
}

/* The text between two places, without blank lines at its end. */
static char *part(struct ctx *c, const char *from, const char *to) {
  while (to - from >= 2 && to[-1] == '\n' && to[-2] == '\n') to--;
  return ctx_strndup(c, from, (size_t)(to - from));
}

/* The line from here on. */
static char *rest_of_line(struct ctx *c, const char *at) { return ctx_strndup(c, at, strcspn(at, "\n")); }

/* Splits a file into cases. */
static int read_goldens(struct ctx *c, const char *text, struct golden *out, int capacity) {
  int count = 0;
  const char *at = strstr(text, "=== ");
  for (; at && count < capacity; count++) {
    const char *next = strstr(at, "\n=== "), *model = strchr(at, '\n'), *mark = strstr(at, "\n---");
    const char *expected = mark ? strchr(mark + 1, '\n') : NULL;
    if (!expected || (next && mark > next))
      fatal(c, NULL, "case '%s' has no line '---'", rest_of_line(c, at + 4));
    const char *end = next ? next + 1 : text + strlen(text);
    out[count] = (struct golden){.name = rest_of_line(c, at + 4),
                                 .model = part(c, model + 1, mark + 1),
                                 .options = rest_of_line(c, mark + 4),
                                 .expected = expected < end ? part(c, expected + 1, end) : ""};
    at = next ? next + 1 : NULL;
  }
  return count;
}

/* Notes the operators of a model that was imported: "Name(" and "com.microsoft.Name(" follow "= ". */
static void note_operators(struct map *seen, const char *model) {
  for (const char *p = model; (p = strstr(p, " = ")) != NULL; p++) {
    size_t n = strcspn(p + 3, "(\n");
    if (p[3 + n] == '(') map_set(seen, ctx_strndup(seen->ctx, p + 3, n), seen);
  }
}

static int run_file(struct ctx *c, const char *path, bool rewrite, const char *scratch, struct map *seen) {
  enum { CAPACITY = 400 };
  struct bytes file = file_read(c, path, 1 << 24);
  const char *text = ctx_strndup(c, (const char *)file.data, file.size);
  struct golden *golden = CTX_ARRAY(c, struct golden, CAPACITY);
  int count = read_goldens(c, text, golden, CAPACITY), failures = 0;
  struct buffer out;
  buffer_init(&out, c);
  buffer_append(&out, text, count ? (size_t)(strstr(text, "=== ") - text) : file.size);
  for (int i = 0; i < count; i++) {
    const struct golden *g = &golden[i];
    struct ctx each;
    ctx_init(&each);
    const char *got = result_of(&each, g, scratch);
    if (strcmp(got, g->expected)) {
      failures++;
      if (!rewrite) printf("%s: case '%s' gives\n%s\nexpected\n%s\n", path, g->name, got, g->expected);
    }
    buffer_printf(&out, "=== %s\n%s---%s\n%s\n", g->name, g->model, g->options, got);
    if (!each.errors) note_operators(seen, g->model);
    ctx_free(&each);
  }
  bool same = out.size == file.size && memcmp(out.data, file.data, file.size) == 0;
  if (rewrite && !same) file_write(c, path, out.data, out.size);
  return rewrite ? 0 : failures;
}

static int check_rows(struct map *seen) {
  int count, failures = 0;
  const struct onnx_op_row *rows = onnx_op_rows(&count);
  for (int i = 0; i < count; i++) {
    bool plain = rows[i].domain[0] == 0;
    const char *name = ctx_printf(seen->ctx, "%s%s%s", rows[i].domain, plain ? "" : ".", rows[i].name);
    bool valid = rows[i].since <= rows[i].until && rows[i].until <= ONNX_NEWEST_OPSET;
    if (map_get(seen, name) && valid) continue;
    printf("onnx_ops.def: '%s' %s\n", name, valid ? "occurs in no golden" : "has an empty range of opsets");
    failures++;
  }
  return failures;
}

struct everything {
  bool rewrite;
  int failures;
};

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void run_all(struct ctx *c, void *argument) {
  struct everything *e = argument;
  struct map seen;
  map_init(&seen, c);
  VECTOR(char *) files = {0};
  DIR *d = opendir(folder);
  if (!d) fatal(c, NULL, "cannot open '%s': run this in the project's folder", folder);
  for (struct dirent *entry; (entry = readdir(d)) != NULL;)
    if (path_has_suffix(entry->d_name, ".txt"))
      VECTOR_PUSH(c, &files, ctx_printf(c, "%s/%s", folder, entry->d_name));
  closedir(d);
  if (files.count == 0) fatal(c, NULL, "'%s' holds no goldens", folder);
  qsort(files.at, (size_t)files.count, sizeof *files.at, by_name);
  char *scratch = ctx_printf(c, "%s/import_golden_XXXXXX", P_tmpdir);
  int fd = mkstemp(scratch);
  if (fd < 0) fatal(c, NULL, "cannot make a temporary file");
  close(fd);
  for (int i = 0; i < files.count; i++) e->failures += run_file(c, files.at[i], e->rewrite, scratch, &seen);
  unlink(scratch);
  e->failures += check_rows(&seen);
}

int main(int argc, char **argv) {
  struct everything e = {.rewrite = argc == 2 && !strcmp(argv[1], "-r")};
  struct ctx c;
  ctx_init(&c);
  bool ok = ctx_run(&c, run_all, &e);
  ctx_free(&c);
  return ok && e.failures == 0 ? 0 : 1;
}
