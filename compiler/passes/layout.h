/* Private to pass_cancel_transposes.c and layout_reshape.c: values in another axis order than the model's.
 *
 * Each value of the old graph is represented by a value of the new one and a permutation that is still due:
 * old == transpose(stored, perm). Ops that can work on `stored` as it is pass the permutation on; the others
 * ask for the old order, and only then a transpose is made. */
#ifndef EAIC_LAYOUT_H
#define EAIC_LAYOUT_H

#include "passes/build.h"

struct pending {
  struct value *stored;
  struct perm perm;
};

struct layout {
  struct ctx *ctx;
  struct rewrite rewrite;     /* its map holds only what is in the model's order: inputs and outputs */
  struct uses *uses;          /* of the old graph */
  struct pointer_map pending; /* old value -> struct pending */
  struct pointer_map old_of;  /* new value -> the old one that it stands for */
  struct pointer_map made;    /* new value -> struct transposed: its transposes so far */
};

void layout_begin(struct layout *l, const struct graph *old);
struct pending layout_get(struct layout *l, struct value *old);
/* From now on old == transpose(stored, perm). */
void layout_set(struct layout *l, struct value *old, struct value *stored, const struct perm *perm);
/* transpose(stored, p), made once. On the narrow side: where `stored` is dequantized, or made by a cheap op
 * with no other reader, the bytes above are moved and the op is repeated. */
struct value *layout_transpose(struct layout *l, struct value *stored, const struct perm *p,
                               const struct origin *origin);
/* Bytes that layout_transpose(stored, p) would newly move; 0 for constants. */
int64_t layout_cost(struct layout *l, struct value *stored, const struct perm *p);
/* The value x with p == transpose(x, target). */
struct value *layout_in(struct layout *l, const struct pending *p, const struct perm *target,
                        const struct origin *origin);
/* The old value in the model's axis order. */
struct value *layout_plain(struct layout *l, struct value *old, const struct origin *origin);

/* layout_reshape.c: a reshape on the stored order. False for values without elements. */
bool layout_sink_reshape(struct layout *l, const struct node *n);

#endif
