/* The table of engines. */
#include <string.h>

#include "engine/engine.h"
#include "engine/engine_impl.h"

static const struct engine *const engines[] = {
#define ENGINE(id) &engine_##id,
#include "engine/engines.def"
#undef ENGINE
};

const struct engine *engine_at(int index) {
  return index >= 0 && (size_t)index < COUNT_OF(engines) ? engines[index] : NULL;
}

const struct engine *engine_by_name(struct ctx *c, const char *name) {
  if (!name) return engines[0];
  struct buffer known;
  buffer_init(&known, c);
  for (size_t i = 0; i < COUNT_OF(engines); i++) {
    if (!strcmp(engines[i]->name, name)) return engines[i];
    buffer_printf(&known, "%s%s", i ? ", " : "", engines[i]->name);
  }
  fatal(c, NULL, "this build has no engine '%s'; it has: %s", name, (const char *)known.data);
}
