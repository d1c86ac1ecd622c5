#include <string.h>

#include "kernels/kernels.h"

#define KERNEL(name, level, doc) kernel_function name;
#include "kernels/kernels.def"
#undef KERNEL

static const struct kernel rows[] = {
#define KERNEL(name, level, doc) {#name, LEVEL_##level, name, doc},
#include "kernels/kernels.def"
#undef KERNEL
};

const struct kernel *kernel_row(enum kernel_id id) { return &rows[id]; }

const struct kernel *kernel_find(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}
