/* eaic run: a module on inputs, once. */
#include "command.h"

struct run {
  const struct options *o;
  struct session session;
};

/* Which file each output goes to, NULL for those that are summarized. */
static const char **output_paths(struct ctx *c, const struct options *o, const struct abi_module *m) {
  const char **path = CTX_ARRAY(c, const char *, m->output_count);
  const struct option_list *given = &o->given[OPTION_SAVE];
  int next = 0;
  for (int k = 0; k < given->count; k++) {
    const char *value;
    int i = module_split_name(c, "output", m->output, m->output_count, given->at[k], &value);
    while (i < 0 && next < m->output_count && path[next]) next++;
    if (i < 0) i = next;
    if (i >= m->output_count)
      fatal(c, NULL, "unexpected output '%s': the module has %d", value, m->output_count);
    if (path[i]) fatal(c, NULL, "output '%s' is given twice", m->output[i].name);
    tensor_check_save_path(c, value);
    path[i] = value;
  }
  return path;
}

/* Names for the classes of no output are somebody else's. */
static void warn_of_few_labels(struct ctx *c, const struct abi_module *m, const char *const *path,
                               const struct labels *labels, const char *labels_path) {
  const struct abi_tensor *fewest = NULL;
  for (int i = 0; i < m->output_count; i++) {
    if (!path[i] && (!fewest || m->output[i].elements < fewest->elements)) fewest = &m->output[i];
  }
  if (fewest && labels->count < fewest->elements) {
    diag_warning(c, NULL, "'%s' has %d labels, output '%s' has %lld elements", labels_path, labels->count,
                 fewest->name, (long long)fewest->elements);
  }
}

static void summarize_outputs(struct ctx *c, const struct run *r, const char *const *path) {
  const struct abi_module *m = r->session.abi;
  const char *labels_path = option_text(r->o, OPTION_LABELS);
  struct labels labels = {0};
  if (labels_path) {
    labels = labels_read(c, labels_path);
    warn_of_few_labels(c, m, path, &labels, labels_path);
  }
  int top = (int)min_i64(option_integer(r->o, OPTION_TOP, labels_path ? 5 : 0), INT32_MAX);

  struct buffer text;
  buffer_init(&text, c);
  for (int i = 0; i < m->output_count; i++) {
    const struct abi_tensor *t = &m->output[i];
    if (!path[i]) tensor_print(&text, t, session_tensor(&r->session, t), top, &labels);
  }
  if (text.size) file_write(c, "-", text.data, text.size);
}

static void run_module(struct ctx *c, void *argument) {
  struct run *r = argument;
  const char *path = r->o->arguments.at[0];
  struct session *s = &r->session;
  session_start(c, s, module_engine(c, r->o), module_bytes(c, r->o, path));
  const char **save = output_paths(c, r->o, s->abi); /* mistakes show before the work is done */
  module_load_inputs(c, r->o, s, 1, NULL);
  session_infer(c, s);
  for (int i = 0; i < s->abi->output_count; i++) {
    const struct abi_tensor *t = &s->abi->output[i];
    if (save[i]) tensor_save(c, t, session_tensor(s, t), save[i]);
  }
  summarize_outputs(c, r, save);
}

enum exit_code cmd_run(struct ctx *c, struct options *o) {
  struct run r = {.o = o};
  bool done = ctx_run(c, run_module, &r);
  session_close(&r.session);
  return done ? EXIT_DONE : EXIT_FAILED;
}
