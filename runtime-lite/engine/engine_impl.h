/* What engine files share; not for users of the room. */
#ifndef EAIC_ENGINE_IMPL_H
#define EAIC_ENGINE_IMPL_H

#include "engine/engine.h"

#define ENGINE(id) extern const struct engine engine_##id;
#include "engine/engines.def"
#undef ENGINE

#endif
