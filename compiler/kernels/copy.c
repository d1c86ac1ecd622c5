/* Copies of boxes: slice, expand, concat, general transposes, the inside of a pad. */
#include "kernels/kernel.h"

#include "kernels/copy_words.h"

/* Calls BODY for each index of the first seven axes, with `from` and `to` at the start of the last axis. */
#define FOR_EACH_ROW(p, from, to)                                         \
  for (int32_t a = 0, fa = (p)->from, ta = (p)->to; a < (p)->size[0];     \
       a++, fa += (p)->from_stride[0], ta += (p)->to_stride[0])           \
    for (int32_t b = 0, fb = fa, tb = ta; b < (p)->size[1];               \
         b++, fb += (p)->from_stride[1], tb += (p)->to_stride[1])         \
      for (int32_t c = 0, fc = fb, tc = tb; c < (p)->size[2];             \
           c++, fc += (p)->from_stride[2], tc += (p)->to_stride[2])       \
        for (int32_t d = 0, fd = fc, td = tc; d < (p)->size[3];           \
             d++, fd += (p)->from_stride[3], td += (p)->to_stride[3])     \
          for (int32_t e = 0, fe = fd, te = td; e < (p)->size[4];         \
               e++, fe += (p)->from_stride[4], te += (p)->to_stride[4])   \
            for (int32_t f = 0, ff = fe, tf = te; f < (p)->size[5];       \
                 f++, ff += (p)->from_stride[5], tf += (p)->to_stride[5]) \
              for (int32_t g = 0, from = ff, to = tf; g < (p)->size[6];   \
                   g++, from += (p)->from_stride[6], to += (p)->to_stride[6])

#define COPY_ELEMENTS(name, T)                                         \
  EAIC_KERNEL(name) {                                                  \
    const struct copy_params *p = params;                              \
    const T *restrict x = operand[COPY_X];                             \
    T *restrict y = operand[COPY_Y];                                   \
    FOR_EACH_ROW (p, from, to)                                         \
      for (int32_t i = 0; i < p->size[7]; i++)                         \
        y[to + i * p->to_stride[7]] = x[from + i * p->from_stride[7]]; \
  }

COPY_ELEMENTS(copy_elements_x8_plain, uint8_t)
COPY_ELEMENTS(copy_elements_x16_plain, uint16_t)
COPY_ELEMENTS(copy_elements_x32_plain, uint32_t)
COPY_ELEMENTS(copy_elements_x64_plain, uint64_t)

EAIC_KERNEL(copy_runs_plain) {
  const struct copy_params *p = params;
  const uint8_t *x = operand[COPY_X];
  uint8_t *y = operand[COPY_Y];
  FOR_EACH_ROW (p, from, to) copy_bytes(y + to, x + from, p->size[7]);
}

EAIC_KERNEL(copy_mapped_x8_plain) {
  const struct copy_params *p = params;
  const uint8_t *restrict x = operand[COPY_X];
  uint8_t *restrict y = operand[COPY_Y];
  const uint8_t *restrict table = operand[COPY_TABLE];
  FOR_EACH_ROW (p, from, to)
    for (int32_t i = 0; i < p->size[7]; i++) y[to + i] = table[x[from + i]];
}

#if EAIC_SIMD128
EAIC_KERNEL(copy_runs_simd128) {
  const struct copy_params *p = params;
  const uint8_t *x = operand[COPY_X];
  uint8_t *y = operand[COPY_Y];
  FOR_EACH_ROW (p, from, to) copy_bytes_simd128(y + to, x + from, p->size[7]);
}
#endif
