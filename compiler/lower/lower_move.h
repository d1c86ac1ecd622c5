/* Private to lower/: what the lowerings of windows, reductions and movement share. */
#ifndef EAIC_LOWER_MOVE_H
#define EAIC_LOWER_MOVE_H

#include "lower/lower.h"

/* The SIMD kernel where the level allows it, else the plain one. */
static inline enum kernel_id lower_pick(const struct lowering *l, enum kernel_id simd128,
                                        enum kernel_id plain) {
  return !l->plain && l->level >= LEVEL_SIMD128 ? simd128 : plain;
}
static inline bool lower_has_simd(const struct lowering *l) { return !l->plain && l->level >= LEVEL_SIMD128; }

/* Kernels address elements by int32: fails for a node with a larger tensor. */
void lower_need_small(struct lowering *l);

/* Elements from one index of each axis to the next, in a dense tensor. */
void dense_strides(const struct type *t, int64_t stride[MAX_RANK]);

/* A box of `size` elements that is copied from offsets sum(i * from) to sum(i * to), one entry an axis,
 * outermost first. */
struct box {
  int rank;
  int64_t size[MAX_RANK], from[MAX_RANK], to[MAX_RANK];
  int64_t from_start, to_start;
};
/* Axes of size 1 dropped, neighbours that are one axis on both sides joined. */
void box_collapse(struct box *b);
/* Whether it copies all of x, in order: then the output is the input's bytes. Collapsed boxes only. */
bool box_is_identity(const struct box *b, const struct type *x, const struct type *y);
/* A call that copies a collapsed box of x to y. `table` (256 bytes, or NULL) maps 8-bit elements on the way.
 */
void lower_copy_box(struct lowering *l, struct value *x, struct value *y, const struct box *b,
                    const uint8_t *table);

/* A call that makes y[i0, i1, ..] = x[index[0][i0], index[1][i1], ..], for x and y of one rank; an index of
 * -1 anywhere gives the element `fill` (may be NULL when there is none). */
void lower_copy_by_tables(struct lowering *l, struct value *x, struct value *y,
                          int32_t *const index[MAX_RANK], const void *fill);

/* The quantized mean over the axes with reduced[axis], as ONNX Runtime's QLinearGlobalAveragePool. */
void lower_quantized_mean(struct lowering *l, const bool reduced[MAX_RANK]);

#endif
