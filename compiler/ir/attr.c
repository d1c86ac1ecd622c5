#include "ir/ir.h"

static const struct {
  const char *name;
  enum attr_kind kind;
} rows[ATTR_COUNT] = {
#define ATTR(e, name, kind, doc) [ATTR_##e] = {name, ATTR_KIND_##kind},
#include "ir/attr.def"
#undef ATTR
};

const char *attr_key_name(enum attr_key k) { return rows[k].name; }
enum attr_kind attr_key_kind(enum attr_key k) { return rows[k].kind; }

struct attr attr_make_ints(struct ctx *c, enum attr_key key, int n, const int64_t *v) {
  return (struct attr){.key = key, .n = n, .ints = ctx_copy(c, v, (size_t)n * sizeof *v)};
}

struct attr attr_make_int(struct ctx *c, enum attr_key key, int64_t v) {
  return attr_make_ints(c, key, 1, &v);
}

struct attr attr_make_floats(struct ctx *c, enum attr_key key, int n, const float *v) {
  return (struct attr){.key = key, .n = n, .floats = ctx_copy(c, v, (size_t)n * sizeof *v)};
}

struct attr attr_make_float(struct ctx *c, enum attr_key key, float v) {
  return attr_make_floats(c, key, 1, &v);
}

struct attr attr_make_name(struct ctx *c, enum attr_key key, const char *v) {
  return (struct attr){.key = key, .n = 1, .name = ctx_strdup(c, v)};
}

const struct attr *attr_find(const struct node *n, enum attr_key key) {
  for (int i = 0; i < n->attr_count; i++)
    if (n->attr[i].key == key) return &n->attr[i];
  return NULL;
}

int64_t attr_int(const struct node *n, enum attr_key key, int64_t fallback) {
  const struct attr *a = attr_find(n, key);
  return a ? a->ints[0] : fallback;
}

float attr_float(const struct node *n, enum attr_key key, float fallback) {
  const struct attr *a = attr_find(n, key);
  return a ? a->floats[0] : fallback;
}

const char *attr_name(const struct node *n, enum attr_key key, const char *fallback) {
  const struct attr *a = attr_find(n, key);
  return a ? a->name : fallback;
}

const int64_t *attr_ints(const struct node *n, enum attr_key key, int *count) {
  const struct attr *a = attr_find(n, key);
  *count = a ? a->n : 0;
  return a ? a->ints : NULL;
}

const float *attr_floats(const struct node *n, enum attr_key key, int *count) {
  const struct attr *a = attr_find(n, key);
  *count = a ? a->n : 0;
  return a ? a->floats : NULL;
}
