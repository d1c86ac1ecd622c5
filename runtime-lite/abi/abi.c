/* Reads the `eaic` section. The text comes from a file, so nothing in it is believed before it is checked.
 *
 * The readers return NULL, or what is wrong: cJSON's tree lives outside the ctx and must be freed before
 * fatal(). */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "abi/abi.h"

struct reader {
  struct ctx *c;
  const char *where; /* "input 2", for messages */
  const char *problem;
};

/* Keeps the first problem. */
static void EAIC_PRINTF(2, 3) wrong(struct reader *r, const char *format, ...) {
  if (r->problem) return;
  va_list args;
  char text[300];
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  r->problem = r->where ? ctx_printf(r->c, "%s: %s", r->where, text) : ctx_strdup(r->c, text);
}

static const cJSON *member(struct reader *r, const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!item) wrong(r, "'%s' is missing", key);
  return item;
}

static const char *text_of(struct reader *r, const cJSON *item, const char *key) {
  if (item && cJSON_IsString(item)) return ctx_strdup(r->c, item->valuestring);
  wrong(r, "'%s' is no string", key);
  return "";
}

static const char *read_text(struct reader *r, const cJSON *object, const char *key) {
  return text_of(r, member(r, object, key), key);
}

/* A whole number in [low, high]; high is at most 2^53, so doubles hold it exactly. */
static int64_t integer_of(struct reader *r, const cJSON *item, const char *key, int64_t low, int64_t high) {
  double x = item && cJSON_IsNumber(item) ? item->valuedouble : NAN;
  if (x >= (double)low && x <= (double)high && x == floor(x)) return (int64_t)x;
  wrong(r, "'%s' is no whole number from %lld to %lld", key, (long long)low, (long long)high);
  return low;
}

enum { MAX_MEMORY_SHIFT = 32 }; /* wasm32 */
static const int64_t max_memory = (int64_t)1 << MAX_MEMORY_SHIFT, max_exact = (int64_t)1 << 53;

static int64_t read_integer(struct reader *r, const cJSON *object, const char *key, int64_t low,
                            int64_t high) {
  return integer_of(r, member(r, object, key), key, low, high);
}

static const cJSON *read_array(struct reader *r, const cJSON *object, const char *key, int *count) {
  const cJSON *item = member(r, object, key);
  if (item && !cJSON_IsArray(item)) wrong(r, "'%s' is no array", key);
  *count = r->problem ? 0 : cJSON_GetArraySize(item);
  return item;
}

static void read_quantization(struct reader *r, const cJSON *quantization, struct abi_tensor *t) {
  if (!quantization) return;
  const cJSON *scale = member(r, quantization, "scale");
  t->quantized = true;
  t->scale = cJSON_IsNumber(scale) ? scale->valuedouble : NAN;
  if (!(t->scale > 0) || isinf(t->scale)) wrong(r, "'scale' is no positive number");
  t->zero_point = read_integer(r, quantization, "zero_point", INT32_MIN, INT32_MAX);
}

static void read_tensor(struct reader *r, const cJSON *item, struct abi_tensor *t, int64_t total) {
  t->name = read_text(r, item, "name");
  const char *dtype = read_text(r, item, "dtype");
  if (!r->problem && !abi_dtype_from_name(dtype, &t->dtype)) wrong(r, "unknown dtype '%s'", dtype);

  const cJSON *shape = read_array(r, item, "shape", &t->rank);
  if (t->rank > ABI_MAX_RANK)
    wrong(r, "'shape' has %d extents, at most %d are possible", t->rank, ABI_MAX_RANK);
  if (r->problem) return;
  t->elements = 1;
  int i = 0;
  const cJSON *extent;
  cJSON_ArrayForEach(extent, shape) {
    t->dim[i] = integer_of(r, extent, "shape", 0, max_memory);
    if (!checked_mul(t->elements, t->dim[i++], &t->elements) || t->elements > max_memory) {
      wrong(r, "'shape' has too many elements");
    }
    if (r->problem) return;
  }
  t->offset = read_integer(r, item, "offset", 0, max_memory);
  t->bytes = read_integer(r, item, "bytes", 0, max_memory);
  if (r->problem) return;
  int64_t bytes = abi_dtype_bytes(t->dtype, t->elements);
  if (t->offset % ABI_ALIGN)
    wrong(r, "'offset' %lld is not a multiple of %d", (long long)t->offset, ABI_ALIGN);
  if (t->bytes != bytes) {
    wrong(r, "'bytes' is %lld, dtype and shape make %lld", (long long)t->bytes, (long long)bytes);
  }
  if (t->offset + t->bytes > total) {
    wrong(r, "bytes %lld to %lld pass the memory's %lld", (long long)t->offset,
          (long long)(t->offset + t->bytes), (long long)total);
  }
  read_quantization(r, cJSON_GetObjectItemCaseSensitive(item, "quantization"), t);
}

static struct abi_tensor *read_tensors(struct reader *r, const cJSON *root, const char *key, const char *what,
                                       int64_t total, int *count) {
  const cJSON *array = read_array(r, root, key, count);
  struct abi_tensor *tensors = CTX_ARRAY(r->c, struct abi_tensor, *count);
  int i = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (r->problem) break;
    r->where = ctx_printf(r->c, "%s %d", what, i);
    read_tensor(r, item, &tensors[i], total);
    if (!r->problem && abi_find(tensors, i, tensors[i].name) >= 0) wrong(r, "second '%s'", tensors[i].name);
    i++;
  }
  r->where = NULL;
  return tensors;
}

static void check_inputs_disjoint(struct reader *r, const struct abi_module *m) {
  for (int i = 0; i < m->input_count && !r->problem; i++) {
    for (int j = 0; j < i; j++) {
      const struct abi_tensor *a = &m->input[i], *b = &m->input[j];
      if (a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes) {
        wrong(r, "inputs '%s' and '%s' overlap", b->name, a->name);
      }
    }
  }
}

static void read_step(struct reader *r, const cJSON *item, struct abi_step *s) {
  s->kernel = read_text(r, item, "kernel");
  s->macs = read_integer(r, item, "macs", 0, max_exact);
  const cJSON *nodes = read_array(r, item, "nodes", &s->node_count);
  s->node = CTX_ARRAY(r->c, const char *, s->node_count);
  int i = 0;
  const cJSON *name;
  cJSON_ArrayForEach(name, nodes) {
    if (r->problem) break;
    s->node[i++] = text_of(r, name, "nodes");
  }
}

static void read_steps(struct reader *r, const cJSON *root, struct abi_module *m) {
  const cJSON *array = read_array(r, root, "steps", &m->step_count);
  m->step = CTX_ARRAY(r->c, struct abi_step, m->step_count);
  int i = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (r->problem) break;
    r->where = ctx_printf(r->c, "step %d", i);
    read_step(r, item, &m->step[i++]);
  }
  r->where = NULL;
}

static void read_metadata(struct reader *r, const cJSON *root, struct abi_module *m) {
  int64_t version = read_integer(r, root, "abi", 0, max_exact);
  if (!r->problem && version != ABI_VERSION) {
    wrong(r, "the module has ABI %lld, this eaic reads ABI %d", (long long)version, ABI_VERSION);
  }
  m->compiler_version = read_text(r, root, "eaic");
  m->features = read_text(r, root, "features");

  const cJSON *model = member(r, root, "model");
  r->where = "model";
  m->model_name = read_text(r, model, "name");
  m->model_sha256 = read_text(r, model, "sha256");
  m->model_opset = read_integer(r, model, "opset", 0, INT32_MAX);

  r->where = NULL;
  const cJSON *memory = member(r, root, "memory");
  r->where = "memory";
  m->weights_bytes = read_integer(r, memory, "weights", 0, max_memory);
  m->arena_bytes = read_integer(r, memory, "arena", 0, max_memory);
  m->total_bytes = read_integer(r, memory, "total", 0, max_memory);
  m->arena_offset = -1;
  if (!r->problem && cJSON_HasObjectItem(memory, "arena_offset"))
    m->arena_offset = read_integer(r, memory, "arena_offset", 0, m->total_bytes - m->arena_bytes);

  r->where = NULL;
  if (r->problem) return;
  m->input = read_tensors(r, root, "inputs", "input", m->total_bytes, &m->input_count);
  m->output = read_tensors(r, root, "outputs", "output", m->total_bytes, &m->output_count);
  read_steps(r, root, m);
  check_inputs_disjoint(r, m);
}

static const struct wasm_section *find_metadata(struct ctx *c, const wasm_sections *sections) {
  const struct wasm_section *found = NULL;
  for (int i = 0; i < sections->count; i++) {
    const struct wasm_section *s = &sections->at[i];
    if (s->id || strcmp(s->name, "eaic")) continue;
    if (found) fatal(c, NULL, "damaged module: two custom sections 'eaic'");
    found = s;
  }
  if (!found) fatal(c, NULL, "not a module made by eaic: it has no custom section 'eaic'");
  return found;
}

static const char *take_text(struct ctx *c, struct bytes b, size_t *at) {
  uint32_t length = 0;
  if (!wasm_read_u32(b, at, &length) || length > b.size - *at)
    fatal(c, NULL, "damaged module: its imports have no names");
  *at += length;
  return ctx_strndup(c, (const char *)b.data + *at - length, length);
}

/* Modules import nothing, or what a WASI command needs. */
static void check_imports(struct ctx *c, const wasm_sections *sections) {
  enum { SECTION_IMPORT = 2, IMPORT_FUNCTION = 0 };
  static const char *const known[] = {"fd_read", "fd_write", "proc_exit"};
  for (int i = 0; i < sections->count; i++) {
    const struct bytes b = sections->at[i].body;
    size_t at = 0;
    uint32_t count = 0, type;
    if (sections->at[i].id != SECTION_IMPORT || !wasm_read_u32(b, &at, &count)) continue;
    for (; count > 0; count--) {
      const char *from = take_text(c, b, &at), *name = take_text(c, b, &at);
      const bool function = at < b.size && b.data[at++] == IMPORT_FUNCTION && wasm_read_u32(b, &at, &type);
      bool found = false;
      for (size_t k = 0; k < COUNT_OF(known); k++) found |= !strcmp(name, known[k]);
      if (!function || !found || strcmp(from, "wasi_snapshot_preview1"))
        fatal(c, NULL, "the module imports '%s' of '%s', which modules of eaic do not", name, from);
    }
  }
}

struct abi_module *abi_read(struct ctx *c, struct bytes wasm) {
  wasm_sections sections = wasm_sections_read(c, wasm);
  const struct wasm_section *s = find_metadata(c, &sections);
  check_imports(c, &sections);
  struct abi_module *m = CTX_NEW(c, struct abi_module);
  struct reader r = {.c = c};
  cJSON *root = cJSON_ParseWithLength((const char *)s->body.data, s->body.size);
  if (root) {
    read_metadata(&r, root, m);
  } else {
    wrong(&r, "no valid JSON");
  }
  cJSON_Delete(root);
  if (r.problem) fatal(c, NULL, "custom section 'eaic': %s", r.problem);
  return m;
}

char *abi_shape_text(struct ctx *c, int rank, const int64_t *dim) {
  struct buffer b;
  buffer_init(&b, c);
  buffer_text(&b, "[");
  for (int i = 0; i < rank; i++) buffer_printf(&b, "%s%lld", i ? "," : "", (long long)dim[i]);
  buffer_text(&b, "]");
  return (char *)b.data;
}

char *abi_type_text(struct ctx *c, const struct abi_tensor *t) {
  return ctx_printf(c, "%s%s", abi_dtype_name(t->dtype), abi_shape_text(c, t->rank, t->dim));
}

int abi_find(const struct abi_tensor *tensor, int count, const char *name) {
  for (int i = 0; i < count; i++) {
    if (!strcmp(tensor[i].name, name)) return i;
  }
  return -1;
}
