/* Loops over a broadcast output: rows along its last axis, in each of which an input has stride 0 or 1. */
#ifndef EAIC_BROADCAST_H
#define EAIC_BROADCAST_H

EAIC_INLINE int32_t broadcast_columns(const struct broadcast *b) { return b->dim[b->rank - 1]; }
EAIC_INLINE int32_t broadcast_rows(const struct broadcast *b) {
  int32_t rows = 1;
  EAIC_UNROLLED
  for (int32_t i = 0; i < BROADCAST_RANK - 1; i++)
    if (i < b->rank - 1) rows *= b->dim[i];
  return rows;
}
/* Where row `row` of an input begins, and its stride along the row. */
EAIC_INLINE int32_t broadcast_offset(const struct broadcast *b, int32_t input, int32_t row) {
  int32_t offset = 0;
  EAIC_UNROLLED
  for (int32_t i = BROADCAST_RANK - 2; i >= 0; i--)
    if (i < b->rank - 1) {
      int32_t index = row;
      if (i > 0) {
        index = row % b->dim[i];
        row = row / b->dim[i];
      }
      offset += index * b->stride[input][i];
    }
  return offset;
}
EAIC_INLINE int32_t broadcast_step(const struct broadcast *b, int32_t input) {
  return b->stride[input][b->rank - 1];
}

#endif
