/* Internal to codegen/: which functions a program needs. */
#ifndef EAIC_SPECIALIZE_H
#define EAIC_SPECIALIZE_H

#include "plan/plan.h"

/* One function of the module: a kernel, constant params, and which operands are there. Operands with one
 * address (an elementwise op that writes over its input) are one parameter, so that LLVM sees that the
 * parameters never alias, and needs no scalar loop for operands that might overlap. */
struct specialization {
  const struct step *step;  /* the first step that needs it */
  const uint8_t *parameter; /* of each operand: which parameter, from 1 on; 0: the operand is absent */
  int parameter_count;
  const char *name;         /* the kernel's; with ".0", ".1" ... when the program has several of one kernel */
};
struct specializations {
  VECTOR(struct specialization) items; /* by first use */
  int *of_step;                        /* index into items */
};
void specializations_find(struct ctx *c, const struct program *p, struct specializations *out);

#endif
