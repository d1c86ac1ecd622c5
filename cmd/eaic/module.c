/* Modules and their inputs, as named on the command line. */
#include <string.h>
#include <unistd.h>

#include "command.h"

enum { MAX_MODULE = INT32_MAX };

#ifdef EAIC_COMPILER
static struct bytes compile_model(struct ctx *c, const struct options *o, const char *path) {
  struct eaic_options options;
  compile_options(c, o, &options);
  return eaic_compile(c, path, &options, NULL);
}
#else
static struct bytes compile_model(struct ctx *c, const struct options *o, const char *path) {
  (void)o, (void)path;
  fatal(c, NULL, "this eaic was built without the compiler and takes modules (.wasm) only");
}
#endif

struct bytes module_bytes(struct ctx *c, const struct options *o, const char *path) {
  c->file = path;
  return path_is_model(path) ? compile_model(c, o, path) : file_read(c, path, MAX_MODULE);
}

const struct engine *module_engine(struct ctx *c, const struct options *o) {
  return engine_by_name(c, option_text(o, OPTION_ENGINE));
}

/* "x, y" */
static const char *names_of(struct ctx *c, const struct abi_tensor *tensor, int count) {
  struct buffer b;
  buffer_init(&b, c);
  for (int i = 0; i < count; i++) buffer_printf(&b, "%s%s", i ? ", " : "", tensor[i].name);
  return count ? (const char *)b.data : "none";
}

int module_split_name(struct ctx *c, const char *what, const struct abi_tensor *tensor, int count,
                      const char *word, const char **value) {
  *value = word;
  /* Tensor names may hold '=' themselves, so every one of them ends a possible name. */
  for (const char *equals = strchr(word, '='); equals; equals = strchr(equals + 1, '=')) {
    int i = abi_find(tensor, count, ctx_strndup(c, word, (size_t)(equals - word)));
    if (i >= 0) {
      *value = equals + 1;
      return i;
    }
  }
  const char *equals = strchr(word, '=');
  if (equals && access(word, F_OK) && memchr(word, '/', (size_t)(equals - word)) == NULL) {
    fatal(c, NULL, "no %s is called '%.*s'; there are: %s", what, (int)(equals - word), word,
          names_of(c, tensor, count));
  }
  return -1;
}

static struct image_options image_options(const struct options *o) {
  struct image_options image = {.has_scale = option_given(o, OPTION_SCALE),
                                .scale = option_number(o, OPTION_SCALE, 1)};
  image.mean_count = option_numbers(o, OPTION_MEAN, image.mean);
  image.std_count = option_numbers(o, OPTION_STD, image.std);
  return image;
}

void module_load_inputs(struct ctx *c, const struct options *o, struct session *s, int first,
                        const char *default_source) {
  const struct abi_module *m = s->abi;
  const char **source = CTX_ARRAY(c, const char *, m->input_count);
  int next = 0;
  for (int k = first; k < o->arguments.count; k++) {
    const char *value;
    int i = module_split_name(c, "input", m->input, m->input_count, o->arguments.at[k], &value);
    while (i < 0 && next < m->input_count && source[next]) next++;
    if (i < 0) i = next;
    if (i >= m->input_count) {
      fatal(c, NULL, "unexpected input '%s': the module has %d: %s", value, m->input_count,
            names_of(c, m->input, m->input_count));
    }
    if (source[i]) fatal(c, NULL, "input '%s' is given twice", m->input[i].name);
    source[i] = value;
  }
  struct image_options image = image_options(o);
  for (int i = 0; i < m->input_count; i++) {
    const char *from = source[i] ? source[i] : o->arguments.count == first ? default_source : NULL;
    if (!from)
      fatal(c, NULL, "input '%s' (%s) is not given", m->input[i].name, abi_type_text(c, &m->input[i]));
    tensor_load(c, "input", &m->input[i], from, &image, session_tensor(s, &m->input[i]));
  }
}

struct bytes module_with_steps(struct ctx *c, struct session *s) {
  if (session_find_step(s, 0) >= 0) return s->wasm;
  int steps = 0;
  struct bytes split = wasm_split_infer(c, s->wasm, &steps);
  return steps == s->abi->step_count ? split : (struct bytes){0};
}

int64_t module_macs(const struct abi_module *m) {
  int64_t macs = 0;
  for (int i = 0; i < m->step_count; i++) macs += m->step[i].macs;
  return macs;
}
