/* Transposes of planes, in square tiles so that both sides stay in cache. */
#include "kernels/kernel.h"

enum { TILE = 16 };

/* Calls BODY for each plane, with offsets `from` and `to` of its first element. */
#define FOR_EACH_PLANE(p, from, to)                                     \
  for (int32_t a = 0, fa = 0, ta = 0; a < (p)->size[0];                 \
       a++, fa += (p)->from_stride[0], ta += (p)->to_stride[0])         \
    for (int32_t b = 0, fb = fa, tb = ta; b < (p)->size[1];             \
         b++, fb += (p)->from_stride[1], tb += (p)->to_stride[1])       \
      for (int32_t c = 0, fc = fb, tc = tb; c < (p)->size[2];           \
           c++, fc += (p)->from_stride[2], tc += (p)->to_stride[2])     \
        for (int32_t d = 0, fd = fc, td = tc; d < (p)->size[3];         \
             d++, fd += (p)->from_stride[3], td += (p)->to_stride[3])   \
          for (int32_t e = 0, fe = fd, te = td; e < (p)->size[4];       \
               e++, fe += (p)->from_stride[4], te += (p)->to_stride[4]) \
            for (int32_t f = 0, from = fe, to = te; f < (p)->size[5];   \
                 f++, from += (p)->from_stride[5], to += (p)->to_stride[5])

EAIC_INLINE int32_t min_i32(int32_t a, int32_t b) { return a < b ? a : b; }

/* Rows r0..r1 and columns c0..c1 of one plane. */
#define TRANSPOSE_PART(T, p, x, y, r0, r1, c0, c1)     \
  for (int32_t column = (c0); column < (c1); column++) \
    for (int32_t row = (r0); row < (r1); row++)        \
  (y)[column * (p)->to_column + row] = (x)[row * (p)->from_row + column]

#define TRANSPOSE(name, T)                                                                             \
  EAIC_KERNEL(name) {                                                                                  \
    const struct transpose_params *p = params;                                                         \
    FOR_EACH_PLANE (p, from, to) {                                                                     \
      const T *restrict x = (const T *)operand[MOVE_X] + from;                                         \
      T *restrict y = (T *)operand[MOVE_Y] + to;                                                       \
      for (int32_t r = 0; r < p->rows; r += TILE)                                                      \
        for (int32_t k = 0; k < p->columns; k += TILE)                                                 \
          TRANSPOSE_PART(T, p, x, y, r, min_i32(r + TILE, p->rows), k, min_i32(k + TILE, p->columns)); \
    }                                                                                                  \
  }

TRANSPOSE(transpose_x8_plain, uint8_t)
TRANSPOSE(transpose_x16_plain, uint16_t)
TRANSPOSE(transpose_x32_plain, uint32_t)
TRANSPOSE(transpose_x64_plain, uint64_t)

#if EAIC_SIMD128

/* v[i] and v[i + half] to their interleaved halves: one of the log2(lanes) rounds of a perfect shuffle. */
#define INTERLEAVE(low, high, a, b, shuffle_low, shuffle_high) \
  do {                                                         \
    low = shuffle_low(a, b);                                   \
    high = shuffle_high(a, b);                                 \
  } while (0)
#define LOW_8(a, b) wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_8(a, b) wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_32(a, b) wasm_i32x4_shuffle(a, b, 0, 4, 1, 5)
#define HIGH_32(a, b) wasm_i32x4_shuffle(a, b, 2, 6, 3, 7)

/* 16 rows of 16 bytes: four rounds that interleave row i with row i + 8. */
EAIC_INLINE void transpose_16x16(uint8_t *y, int32_t to_column, const uint8_t *x, int32_t from_row) {
  v128_t v[16], w[16];
  for (int32_t i = 0; i < 16; i++) v[i] = wasm_v128_load(x + i * from_row);
  for (int32_t round = 0; round < 4; round += 2) {
    for (int32_t i = 0; i < 8; i++) INTERLEAVE(w[2 * i], w[2 * i + 1], v[i], v[i + 8], LOW_8, HIGH_8);
    for (int32_t i = 0; i < 8; i++) INTERLEAVE(v[2 * i], v[2 * i + 1], w[i], w[i + 8], LOW_8, HIGH_8);
  }
  for (int32_t i = 0; i < 16; i++) wasm_v128_store(y + i * to_column, v[i]);
}

/* 4 rows of 4 words: two rounds. */
EAIC_INLINE void transpose_4x4(uint32_t *y, int32_t to_column, const uint32_t *x, int32_t from_row) {
  v128_t v[4], w[4];
  for (int32_t i = 0; i < 4; i++) v[i] = wasm_v128_load(x + i * from_row);
  for (int32_t i = 0; i < 2; i++) INTERLEAVE(w[2 * i], w[2 * i + 1], v[i], v[i + 2], LOW_32, HIGH_32);
  for (int32_t i = 0; i < 2; i++) INTERLEAVE(v[2 * i], v[2 * i + 1], w[i], w[i + 2], LOW_32, HIGH_32);
  for (int32_t i = 0; i < 4; i++) wasm_v128_store(y + i * to_column, v[i]);
}

/* Whole tiles by vectors, the rest element by element. */
#define TRANSPOSE_TILED(name, T, edge, tile)                                                  \
  EAIC_KERNEL(name) {                                                                         \
    const struct transpose_params *p = params;                                                \
    const int32_t rows = p->rows / edge * edge, columns = p->columns / edge * edge;           \
    FOR_EACH_PLANE (p, from, to) {                                                            \
      const T *restrict x = (const T *)operand[MOVE_X] + from;                                \
      T *restrict y = (T *)operand[MOVE_Y] + to;                                              \
      for (int32_t r = 0; r < rows; r += edge)                                                \
        for (int32_t k = 0; k < columns; k += edge)                                           \
          tile(y + k * p->to_column + r, p->to_column, x + r * p->from_row + k, p->from_row); \
      TRANSPOSE_PART(T, p, x, y, rows, p->rows, 0, columns);                                  \
      TRANSPOSE_PART(T, p, x, y, 0, p->rows, columns, p->columns);                            \
    }                                                                                         \
  }

TRANSPOSE_TILED(transpose_x8_simd128, uint8_t, 16, transpose_16x16)
TRANSPOSE_TILED(transpose_x32_simd128, uint32_t, 4, transpose_4x4)

#endif
