/* eaic verify: a module against native evaluation of its model, or against given outputs. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

struct verify {
  const struct options *o;
  const char *model;
  struct eaic_options options;
  struct session session; /* of the module that is verified */
  struct session stepped; /* of one that can be run step by step */
  bool different;
};

/* Inputs of one run, as bytes, and where expected outputs are: a folder, or NULL for native evaluation. */
struct test_set {
  const char *folder;
  const void **input;
  int64_t *input_bytes;
};

static const char *set_file(struct ctx *c, const struct test_set *set, const char *what, int index) {
  return ctx_printf(c, "%s/%s_%d.pb", set->folder, what, index);
}

/* Puts the inputs into the module's memory, and keeps a copy. */
static void load_inputs(struct ctx *c, struct verify *v, struct test_set *set, int seed) {
  const struct abi_module *m = v->session.abi;
  set->input = CTX_ARRAY(c, const void *, m->input_count);
  set->input_bytes = CTX_ARRAY(c, int64_t, m->input_count);
  for (int i = 0; i < m->input_count; i++) {
    const struct abi_tensor *t = &m->input[i];
    uint8_t *bytes = session_tensor(&v->session, t);
    const char *source = set->folder ? set_file(c, set, "input", i) : ctx_printf(c, "random:%d", seed + i);
    tensor_load(c, "input", t, source, &(struct image_options){0}, bytes);
    set->input[i] = ctx_copy(c, bytes, (size_t)t->bytes);
    set->input_bytes[i] = t->bytes;
  }
}

/* Says how two tensors differ; true when they do. */
static bool report_comparison(struct ctx *c, struct verify *v, const struct abi_tensor *t, const void *got,
                              const void *expected, double tolerance) {
  struct comparison d = tensor_compare(t->dtype, t->elements, got, expected, tolerance);
  printf("output '%s' %s: ", t->name, abi_type_text(c, t));
  if (!d.different) {
    if (d.accepted > 0) {
      printf("equal within the tolerance, they differ by at most %.6g\n", d.accepted);
    } else {
      printf("equal\n");
    }
    return false;
  }
  v->different = true;
  printf("%lld of %lld elements differ, by at most %.6g; element %lld is %.9g, expected %.9g\n",
         (long long)d.different, (long long)t->elements, d.largest, (long long)d.first,
         abi_element_get(t->dtype, got, d.first), abi_element_get(t->dtype, expected, d.first));
  return true;
}

static bool compare_with_files(struct ctx *c, struct verify *v, const struct test_set *set) {
  const struct abi_module *m = v->session.abi;
  double tolerance = option_number(v->o, OPTION_TOLERANCE, 1e-4);
  bool different = false;
  for (int i = 0; i < m->output_count; i++) {
    const struct abi_tensor *t = &m->output[i];
    uint8_t *expected = ctx_alloc(c, (size_t)t->bytes);
    tensor_load(c, "output", t, set_file(c, set, "output", i), &(struct image_options){0}, expected);
    different |= report_comparison(c, v, t, session_tensor(&v->session, t), expected, tolerance);
  }
  return different;
}

static bool compare_with_reference(struct ctx *c, struct verify *v, struct eaic_reference *reference) {
  const struct abi_module *m = v->session.abi;
  const struct eaic_tensor *expected;
  int count = eaic_reference_outputs(reference, &expected);
  if (count != m->output_count) {
    fatal(c, NULL, "the module has %d outputs, the model %d: is it compiled from it?", m->output_count,
          count);
  }
  bool different = false;
  for (int i = 0; i < count; i++) {
    const struct abi_tensor *t = &m->output[i];
    if (expected[i].bytes != t->bytes || strcmp(expected[i].dtype, abi_dtype_name(t->dtype))) {
      fatal(c, NULL, "output '%s' is %s, the model's has %lld bytes of %s: is the module compiled from it?",
            t->name, abi_type_text(c, t), (long long)expected[i].bytes, expected[i].dtype);
    }
    different |= report_comparison(c, v, t, session_tensor(&v->session, t), expected[i].data, 0);
  }
  return different;
}

/* A node that takes several steps is only compared after its last one. */
static bool written_again(struct eaic_reference *reference, int step, const struct eaic_tensor *t) {
  for (int later = step + 1; later < eaic_reference_steps(reference); later++) {
    const struct eaic_tensor *written;
    int count = eaic_reference_step(reference, later, &written);
    for (int i = 0; i < count; i++) {
      if (written[i].data == t->data) return true;
    }
  }
  return false;
}

/* Compares what a step wrote; true after a message about the first tensor that differs. */
static bool step_differs(struct ctx *c, struct verify *v, struct eaic_reference *reference, int step) {
  const struct eaic_tensor *written;
  int count = eaic_reference_step(reference, step, &written);
  size_t memory_bytes;
  const uint8_t *memory = v->stepped.engine->memory(v->stepped.instance, &memory_bytes);
  for (int i = 0; i < count; i++) {
    const struct eaic_tensor *t = &written[i];
    enum abi_dtype dtype;
    if (written_again(reference, step, t)) continue;
    CHECK(c, abi_dtype_from_name(t->dtype, &dtype) && t->offset + t->bytes <= (int64_t)memory_bytes);
    int64_t elements = t->bytes * 8 / abi_dtype_bits(dtype);
    const uint8_t *got = memory + t->offset;
    struct comparison d = tensor_compare(dtype, elements, got, t->data, 0);
    if (!d.different) continue;
    printf("first difference from native evaluation: %s", eaic_reference_step_name(reference, step));
    if (*t->name) printf(", tensor '%s'", t->name);
    printf(": %lld of %lld elements differ, by at most %.6g; element %lld is %.9g, expected %.9g\n",
           (long long)d.different, (long long)elements, d.largest, (long long)d.first,
           abi_element_get(dtype, got, d.first), abi_element_get(dtype, t->data, d.first));
    return true;
  }
  return false;
}

static bool same_places(const struct abi_tensor *a, const struct abi_tensor *b, int count) {
  for (int i = 0; i < count; i++) {
    if (a[i].offset != b[i].offset || a[i].bytes != b[i].bytes) return false;
  }
  return true;
}

/* Whether two modules have the same steps at the same addresses, as far as their metadata tell. */
static bool same_layout(const struct abi_module *a, const struct abi_module *b) {
  if (a->input_count != b->input_count || a->output_count != b->output_count ||
      a->step_count != b->step_count)
    return false;
  for (int i = 0; i < a->step_count; i++) {
    if (strcmp(a->step[i].kernel, b->step[i].kernel)) return false;
  }
  return same_places(a->input, b->input, a->input_count) &&
         same_places(a->output, b->output, a->output_count);
}

/* Compares what every step computes, module against native evaluation, on the test set's inputs: outputs alone
 * would hide damage wherever they saturate. Stops at the first node that differs. The steps are those of the
 * verified module; when they cannot be found there and its outputs are `different`, those of `module`, which has
 * just been compiled for that. */
static void compare_steps(struct ctx *c, struct verify *v, const struct test_set *set,
                          struct eaic_reference *reference, struct bytes module, bool different) {
  struct bytes own = module_with_steps(c, &v->session);
  bool usable = own.data && same_layout(v->session.abi, abi_read(c, module));
  if (!usable) {
    printf("the module is not laid out as this eaic would do it; %s\n",
           different ? "looking at a newly compiled one" : "only its outputs were compared");
    if (!different) return;
  }
  session_close(&v->stepped);
  session_start(c, &v->stepped, v->session.engine, usable ? own : module);
  const struct abi_module *m = v->stepped.abi;
  for (int i = 0; i < m->input_count; i++) {
    memcpy(session_tensor(&v->stepped, &m->input[i]), set->input[i], (size_t)m->input[i].bytes);
  }
  int steps = eaic_reference_steps(reference);
  for (int step = 0; step < steps; step++) {
    int function = session_find_step(&v->stepped, step);
    CHECK(c, function >= 0);
    session_call(c, &v->stepped, function);
    if (!step_differs(c, v, reference, step)) continue;
    v->different = true;
    return;
  }
  if (different) {
    printf("step by step, %s module agrees with native evaluation on every node\n", usable ? "the" : "the new");
  } else {
    printf("each of %d steps: equal\n", steps);
  }
}

static void verify_set(struct ctx *c, struct verify *v, struct test_set *set, int seed) {
  load_inputs(c, v, set, seed);
  session_infer(c, &v->session);
  bool given = set->folder && !access(set_file(c, set, "output", 0), F_OK);
  bool different = given && compare_with_files(c, v, set);
  if (given && !different) return;
  struct bytes module;
  struct eaic_reference *reference = eaic_reference_new(c, v->model, &v->options, v->session.abi->input_count,
                                                        set->input, set->input_bytes, &module);
  if (!given) different = compare_with_reference(c, v, reference);
  compare_steps(c, v, set, reference, module, different);
}

static bool is_folder(const char *path) {
  struct stat st;
  return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Metadata hold the hash of the file that a module was compiled from. */
static void check_model(struct ctx *c, const struct verify *v) {
  const struct bytes model = file_read(c, v->model, INT32_MAX);
  if (bytes_are_wasm(model)) fatal(c, NULL, "'%s' is a WebAssembly module, not an ONNX model", v->model);
  char sha256[65];
  sha256_hex(model.data, model.size, sha256);
  if (strcmp(sha256, v->session.abi->model_sha256) != 0)
    diag_warning(c, NULL, "this module was compiled from another file than '%s'", v->model);
}

static void verify(struct ctx *c, void *argument) {
  struct verify *v = argument;
  const struct option_list *arguments = &v->o->arguments;
  v->model = arguments->at[0];
  compile_options(c, v->o, &v->options);
  struct bytes wasm;
  if (arguments->count > 1) {
    c->file = arguments->at[1];
    wasm = file_read(c, arguments->at[1], INT32_MAX);
  } else {
    c->file = v->model;
    wasm = eaic_compile(c, v->model, &v->options, NULL);
  }
  session_start(c, &v->session, module_engine(c, v->o), wasm);
  if (!eaic_level_from_name(v->session.abi->features, &v->options.level)) {
    fatal(c, NULL, "the module has unknown features '%s'", v->session.abi->features);
  }
  check_model(c, v);

  const char *data = option_text(v->o, OPTION_DATA);
  int sets = 0;
  for (;; sets++) {
    struct test_set set = {.folder = data ? ctx_printf(c, "%s/test_data_set_%d", data, sets) : NULL};
    if (!data || !is_folder(set.folder)) break;
    printf("%s\n", set.folder);
    verify_set(c, v, &set, 0);
  }
  if (!sets) verify_set(c, v, &(struct test_set){.folder = data}, 1);
}

enum exit_code cmd_verify(struct ctx *c, struct options *o) {
  struct verify v = {.o = o};
  bool done = ctx_run(c, verify, &v);
  session_close(&v.session);
  session_close(&v.stepped);
  return !done ? EXIT_FAILED : v.different ? EXIT_DIFFERENT : EXIT_DONE;
}
