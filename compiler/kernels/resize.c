/* Linear and cubic interpolation along up to three axes, by tables of taps that lowering made. */
#include "kernels/kernel.h"

enum { MAX_TAPS = RESIZE_TAPS * RESIZE_TAPS * RESIZE_TAPS };

/* All taps of one output pixel: offsets in x and products of weights, first axis slowest. */
struct taps {
  int32_t offset[MAX_TAPS];
  float weight[MAX_TAPS];
};

/* The tables of the three axes at one output pixel. False when it is outside of the input. */
EAIC_INLINE int32_t join_taps(const struct resize_params *p, const struct resize_tap *a,
                              const struct resize_tap *b, const struct resize_tap *c, struct taps *all) {
  if (a->offset < 0 || b->offset < 0 || c->offset < 0) return 0;
  int32_t n = 0;
  for (int32_t i = 0; i < p->taps[0]; i++)
    for (int32_t j = 0; j < p->taps[1]; j++)
      for (int32_t k = 0; k < p->taps[2]; k++, n++) {
        all->offset[n] = a[i].offset + b[j].offset + c[k].offset;
        all->weight[n] = a[i].weight * b[j].weight * c[k].weight;
      }
  return 1;
}

/* Interpolated 8-bit levels are cut off towards zero, as in ONNX Runtime. */
EAIC_INLINE int32_t cut_level(float v, float low, float high) {
  return (int32_t)clamp_levels_f32(v, low, high);
}
#define AS_F32(v) (v)
#define AS_U8(v) ((uint8_t)cut_level(v, 0.0f, 255.0f))
#define AS_S8(v) ((int8_t)cut_level(v, -128.0f, 127.0f))

#define RESIZE(name, T, STORE)                                                                         \
  EAIC_KERNEL(name) {                                                                                  \
    const struct resize_params *p = params;                                                            \
    const struct resize_tap *first = operand[RESIZE_TABLES];                                           \
    const struct resize_tap *second = first + p->out[0] * p->taps[0];                                  \
    const struct resize_tap *third = second + p->out[1] * p->taps[1];                                  \
    const int32_t count = p->taps[0] * p->taps[1] * p->taps[2];                                        \
    const T *restrict x = operand[RESIZE_X];                                                           \
    T *restrict y = operand[RESIZE_Y];                                                                 \
    struct taps taps;                                                                                  \
    for (int32_t o = 0; o < p->outer; o++, x += p->in_outer)                                           \
      for (int32_t i = 0; i < p->out[0]; i++)                                                          \
        for (int32_t j = 0; j < p->out[1]; j++)                                                        \
          for (int32_t k = 0; k < p->out[2]; k++, y += p->inner) {                                     \
            if (!join_taps(p, first + i * p->taps[0], second + j * p->taps[1], third + k * p->taps[2], \
                           &taps)) {                                                                   \
              for (int32_t c = 0; c < p->inner; c++) y[c] = STORE(p->extrapolation);                   \
              continue;                                                                                \
            }                                                                                          \
            for (int32_t c = 0; c < p->inner; c++) {                                                   \
              float v = taps.weight[0] * (float)x[taps.offset[0] + c];                                 \
              for (int32_t t = 1; t < count; t++) v += taps.weight[t] * (float)x[taps.offset[t] + c];  \
              y[c] = STORE(v);                                                                         \
            }                                                                                          \
          }                                                                                            \
  }

RESIZE(resize_f32_plain, float, AS_F32)
RESIZE(resize_u8_plain, uint8_t, AS_U8)
RESIZE(resize_s8_plain, int8_t, AS_S8)
