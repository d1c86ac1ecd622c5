/* Copies whose source is looked up: gather, resize to the nearest element, pads that repeat, and fill. */
#include "kernels/kernel.h"

#include "kernels/copy_words.h"

typedef void copy_function(uint8_t *restrict y, const uint8_t *restrict x, int32_t n);

/* An index within 0..axis - 1, whatever the model's input holds. */
EAIC_INLINE int32_t gather_index(const struct gather_params *p, const void *index, int32_t i) {
  int64_t v = p->wide ? ((const int64_t *)index)[i] : (int64_t)((const int32_t *)index)[i];
  v = v < 0 ? v + p->axis : v;
  v = v < 0 ? 0 : v;
  return v < p->axis ? (int32_t)v : p->axis - 1;
}

EAIC_INLINE void gather_runs(const struct gather_params *p, void *const *operand, copy_function *copy) {
  const uint8_t *x = operand[GATHER_X];
  uint8_t *y = operand[GATHER_Y];
  for (int32_t o = 0; o < p->outer; o++) {
    for (int32_t i = 0; i < p->count; i++) {
      copy(y, x + gather_index(p, operand[GATHER_INDEX], i) * p->run, p->run);
      y += p->run;
    }
    x += p->axis * p->run;
  }
}

EAIC_KERNEL(gather_runs_plain) { gather_runs(params, operand, copy_bytes); }

/* One axis of the tables; `offset` is -1 once an entry said so. */
EAIC_INLINE int32_t add_offset(int32_t offset, int32_t entry) {
  return offset < 0 || entry < 0 ? -1 : offset + entry;
}

EAIC_INLINE void copy_by_tables(const struct copy_by_tables_params *p, void *const *operand,
                                copy_function *copy) {
  const uint8_t *x = operand[TABLES_X], *fill = operand[TABLES_FILL];
  uint8_t *y = operand[TABLES_Y];
  const int32_t *ta = operand[TABLES_OFFSETS];
  const int32_t *tb = ta + p->size[0], *tc = tb + p->size[1], *td = tc + p->size[2], *te = td + p->size[3];
  const int32_t *tf = te + p->size[4], *tg = tf + p->size[5], *th = tg + p->size[6];
  for (int32_t a = 0; a < p->size[0]; a++)
    for (int32_t b = 0; b < p->size[1]; b++)
      for (int32_t c = 0; c < p->size[2]; c++)
        for (int32_t d = 0; d < p->size[3]; d++)
          for (int32_t e = 0; e < p->size[4]; e++)
            for (int32_t f = 0; f < p->size[5]; f++)
              for (int32_t g = 0; g < p->size[6]; g++) {
                int32_t row = add_offset(add_offset(add_offset(ta[a], tb[b]), add_offset(tc[c], td[d])),
                                         add_offset(add_offset(te[e], tf[f]), tg[g]));
                for (int32_t h = 0; h < p->size[7]; h++) {
                  int32_t offset = add_offset(row, th[h]);
                  copy(y, offset < 0 ? fill : x + offset, p->run);
                  y += p->run;
                }
              }
}

EAIC_KERNEL(copy_by_tables_plain) { copy_by_tables(params, operand, copy_bytes); }

#if EAIC_SIMD128
EAIC_KERNEL(gather_runs_simd128) { gather_runs(params, operand, copy_bytes_simd128); }
EAIC_KERNEL(copy_by_tables_simd128) { copy_by_tables(params, operand, copy_bytes_simd128); }
#endif

#define FILL(T)                                          \
  do {                                                   \
    const T value = *(const T *)operand[FILL_VALUE];     \
    T *restrict y = operand[FILL_Y];                     \
    for (int32_t i = 0; i < p->count; i++) y[i] = value; \
  } while (0)

EAIC_KERNEL(fill_plain) {
  const struct fill_params *p = params;
  switch (p->bytes) {
    case 1: FILL(uint8_t); break;
    case 2: FILL(uint16_t); break;
    case 4: FILL(uint32_t); break;
    default: FILL(uint64_t); break;
  }
}
