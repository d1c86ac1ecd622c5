/* Internal to codegen/: which functions a program needs. */
#ifndef EAIC_SPECIALIZE_H
#define EAIC_SPECIALIZE_H

#include "plan/plan.h"

/* ALONE: no other operand of the step has this address. */
enum operand_use { USE_ABSENT, USE_SHARED, USE_ALONE };

/* One function of the module: a kernel, constant params, and which operands are there. */
struct specialization {
  const struct step *step; /* the first step that needs it */
  const uint8_t *use;      /* enum operand_use of each operand */
  const char *name;        /* the kernel's; with ".0", ".1" ... when the program has several of one kernel */
};
struct specializations {
  VECTOR(struct specialization) items; /* by first use */
  int *of_step;                        /* index into items */
};
void specializations_find(struct ctx *c, const struct program *p, struct specializations *out);

#endif
