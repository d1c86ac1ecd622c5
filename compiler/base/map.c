#include <string.h>

#include "base/base.h"

static uint64_t hash_text(const char *s) { /* FNV-1a */
  uint64_t h = 1469598103934665603u;
  for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
  return h;
}

void map_init(struct map *m, struct ctx *c) {
  memset(m, 0, sizeof *m);
  m->ctx = c;
}

/* The slot that holds the key, or the empty one where it belongs; slots hold entry index + 1. */
static int find_slot(const struct map *m, const char *key) {
  const int mask = m->slot_count - 1;
  int i = (int)(hash_text(key) & (uint64_t)mask);
  while (m->slot[i] && strcmp(m->entry[m->slot[i] - 1].key, key) != 0) i = (i + 1) & mask;
  return i;
}

void *map_get(const struct map *m, const char *key) {
  if (!m->slot_count) return NULL;
  const int i = m->slot[find_slot(m, key)];
  return i ? m->entry[i - 1].value : NULL;
}

static void rehash(struct map *m) {
  m->slot_count = m->slot_count ? m->slot_count * 2 : 64;
  m->slot = CTX_ARRAY(m->ctx, int, m->slot_count);
  for (int i = 0; i < m->count; i++) m->slot[find_slot(m, m->entry[i].key)] = i + 1;
}

void map_set(struct map *m, const char *key, void *value) {
  if (2 * (m->count + 1) > m->slot_count) rehash(m);
  const int i = find_slot(m, key);
  if (m->slot[i]) {
    m->entry[m->slot[i] - 1].value = value;
    return;
  }
  m->entry = vector_grow(m->ctx, m->entry, m->count, &m->capacity, sizeof *m->entry);
  m->entry[m->count++] = (struct map_entry){key, value};
  m->slot[i] = m->count;
}

static struct pointer_entry *pointer_find(struct pointer_entry *entry, int capacity, const void *key) {
  const uint64_t h = ((uint64_t)(uintptr_t)key >> 4) * 0x9e3779b97f4a7c15u;
  int i = (int)(h >> 40) & (capacity - 1);
  while (entry[i].key && entry[i].key != key) i = (i + 1) & (capacity - 1);
  return &entry[i];
}

void pointer_map_init(struct pointer_map *m, struct ctx *c) {
  memset(m, 0, sizeof *m);
  m->ctx = c;
  m->capacity = 64; /* a power of two */
  m->entry = CTX_ARRAY(c, struct pointer_entry, m->capacity);
}

void *pointer_map_get(const struct pointer_map *m, const void *key) {
  return pointer_find(m->entry, m->capacity, key)->value;
}

void pointer_map_set(struct pointer_map *m, const void *key, void *value) {
  if (2 * (m->count + 1) > m->capacity) {
    const int larger = m->capacity * 2;
    struct pointer_entry *grown = CTX_ARRAY(m->ctx, struct pointer_entry, larger);
    for (int i = 0; i < m->capacity; i++)
      if (m->entry[i].key) *pointer_find(grown, larger, m->entry[i].key) = m->entry[i];
    m->entry = grown;
    m->capacity = larger;
  }
  struct pointer_entry *e = pointer_find(m->entry, m->capacity, key);
  if (!e->key) m->count++;
  *e = (struct pointer_entry){key, value};
}
