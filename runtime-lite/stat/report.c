/* Benchmark reports as JSON. */
#include <cjson/cJSON.h>
#include <math.h>

#include "stat/stat.h"

const char *const phase_name[PHASE_COUNT] = {
    [PHASE_COMPILE] = "compile",
    [PHASE_INSTANTIATE] = "instantiate",
    [PHASE_FIRST_RUN] = "first_run",
    [PHASE_STEADY] = "steady",
};

static cJSON *phase_json(struct ctx *c, const struct samples *s) {
  struct summary m = summarize(c, s->second, s->count);
  cJSON *phase = cJSON_CreateObject();
  cJSON_AddNumberToObject(phase, "batch", s->batch);
  cJSON_AddNumberToObject(phase, "min", m.min);
  cJSON_AddNumberToObject(phase, "median", m.median);
  cJSON_AddNumberToObject(phase, "p95", m.p95);
  cJSON_AddNumberToObject(phase, "max", m.max);
  cJSON_AddNumberToObject(phase, "mean", m.mean);
  cJSON_AddNumberToObject(phase, "stddev", m.stddev);
  cJSON_AddItemToObject(phase, "samples", cJSON_CreateDoubleArray(s->second, s->count));
  return phase;
}

struct bytes report_write(struct ctx *c, const struct report *r) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddNumberToObject(root, "schema", REPORT_SCHEMA);
  cJSON_AddStringToObject(root, "eaic", EAIC_VERSION);
  cJSON_AddStringToObject(root, "module", r->module);
  cJSON_AddStringToObject(root, "model_sha256", r->model_sha256);
  cJSON_AddStringToObject(root, "engine", r->engine);
  cJSON_AddNumberToObject(root, "macs", (double)r->macs);
  cJSON_AddNumberToObject(root, "module_bytes", (double)r->module_bytes);
  cJSON_AddNumberToObject(root, "memory_bytes", (double)r->memory_bytes);
  cJSON *phases = cJSON_AddObjectToObject(root, "phases");
  for (int i = 0; i < PHASE_COUNT; i++)
    cJSON_AddItemToObject(phases, phase_name[i], phase_json(c, &r->phase[i]));

  struct buffer out;
  buffer_init(&out, c);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  if (text) buffer_printf(&out, "%s\n", text);
  cJSON_free(text);
  if (!out.size) fatal(c, NULL, "out of memory");
  return (struct bytes){out.data, out.size};
}

static int64_t count_of(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  double x = cJSON_IsNumber(item) ? item->valuedouble : NAN;
  return x >= 0 && x <= 0x1p53 ? (int64_t)x : -1;
}

static const char *text_of(struct ctx *c, const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? ctx_strdup(c, item->valuestring) : "";
}

/* NULL, or what is wrong. */
static const char *read_phase(struct ctx *c, const cJSON *phase, struct samples *out) {
  const cJSON *samples = cJSON_GetObjectItemCaseSensitive(phase, "samples");
  int count = cJSON_GetArraySize(samples);
  if (!cJSON_IsArray(samples) || count < 1) return "a phase has no samples";
  *out = (struct samples){.batch = 1, .second = CTX_ARRAY(c, double, count)};
  const cJSON *item;
  cJSON_ArrayForEach(item, samples) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0)) return "a sample is no time";
    out->second[out->count++] = item->valuedouble;
  }
  return NULL;
}

static const char *read_report(struct ctx *c, const cJSON *root, struct report *r) {
  if (!cJSON_IsObject(root)) return "it is no JSON object";
  if (count_of(root, "schema") != REPORT_SCHEMA) return "its 'schema' is not 1";
  r->module = text_of(c, root, "module");
  r->model_sha256 = text_of(c, root, "model_sha256");
  r->engine = text_of(c, root, "engine");
  r->macs = count_of(root, "macs");
  r->module_bytes = count_of(root, "module_bytes");
  r->memory_bytes = count_of(root, "memory_bytes");
  const cJSON *phases = cJSON_GetObjectItemCaseSensitive(root, "phases");
  for (int i = 0; i < PHASE_COUNT; i++) {
    const char *problem =
        read_phase(c, cJSON_GetObjectItemCaseSensitive(phases, phase_name[i]), &r->phase[i]);
    if (problem) return problem;
  }
  return NULL;
}

struct report *report_read(struct ctx *c, struct bytes json) {
  struct report *r = CTX_NEW(c, struct report);
  cJSON *root = cJSON_ParseWithLength((const char *)json.data, json.size);
  const char *problem = read_report(c, root, r); /* a literal: it outlives the tree */
  cJSON_Delete(root);
  if (problem) fatal(c, NULL, "not a report of 'eaic bench --json': %s", problem);
  return r;
}
