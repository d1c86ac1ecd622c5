/* Floats of 8 bits and fewer, ONNX's FLOAT8* and FLOAT4E2M1: a byte each. Freestanding, for kernels too. */
#ifndef EAIC_SMALL_FLOAT_H
#define EAIC_SMALL_FLOAT_H

#include <stdint.h>

enum small_float { SMALL_E4M3FN, SMALL_E4M3FNUZ, SMALL_E5M2, SMALL_E5M2FNUZ, SMALL_E2M1, SMALL_E8M0 };
/* What becomes of numbers beyond the largest: that one, or infinity (NaN where there is none). E8M0 is
 * rounded up, down or to the nearest power of two. */
enum small_rounding { SMALL_UP, SMALL_DOWN, SMALL_NEAREST };

struct small_format {
  int fraction, bias; /* bits of the fraction; bias of the exponent */
  int largest;        /* code of the largest finite number */
  int sign;           /* code of the sign */
  int nan;            /* -1: there is none */
};
static inline struct small_format small_format_of(int type) {
  switch (type) {
    case SMALL_E4M3FN: return (struct small_format){3, 7, 0x7e, 0x80, 0x7f};
    case SMALL_E4M3FNUZ: return (struct small_format){3, 8, 0x7f, 0x80, 0x80};
    case SMALL_E5M2: return (struct small_format){2, 15, 0x7b, 0x80, 0x7f};
    case SMALL_E5M2FNUZ: return (struct small_format){2, 16, 0x7f, 0x80, 0x80};
    default: return (struct small_format){1, 1, 0x07, 0x08, -1};
  }
}

/* 2^e for -1022 <= e <= 1023. */
static inline double small_power(int e) {
  union {
    uint64_t bits;
    double value;
  } u = {.bits = (uint64_t)(e + 1023) << 52};
  return u.value;
}

static inline double small_float_get(int type, uint8_t code) {
  if (type == SMALL_E8M0) return code == 255 ? __builtin_nan("") : small_power(code - 127);
  const struct small_format f = small_format_of(type);
  int magnitude = code & (f.sign - 1), exponent = magnitude >> f.fraction;
  double y = magnitude & ((1 << f.fraction) - 1);
  y = (exponent ? y + (1 << f.fraction) : y) * small_power((exponent ? exponent : 1) - f.bias - f.fraction);
  if (f.nan == 0x80 ? code == 0x80 : f.nan >= 0 && magnitude > f.largest)
    y = type == SMALL_E5M2 && magnitude == 0x7c ? __builtin_inf() : __builtin_nan("");
  return code & f.sign ? -y : y;
}

static inline uint8_t small_power_set(double x, int rounding) {
  union {
    double value;
    uint64_t bits;
  } u = {.value = x};
  int exponent = (int)(u.bits >> 52 & 0x7ff) - 1023 + 127;
  uint64_t fraction = u.bits & 0xfffffffffffffu;
  if (x - x != 0) return 255;
  if (rounding == SMALL_UP ? fraction != 0 : rounding == SMALL_NEAREST && fraction >= 0x8000000000000u)
    exponent++;
  return (uint8_t)(exponent < 0 ? 0 : exponent > 254 ? 254 : exponent);
}

/* To nearest even. */
static inline uint8_t small_float_set(int type, double x, int saturate, int rounding) {
  if (type == SMALL_E8M0) return small_power_set(x, rounding);
  const struct small_format f = small_format_of(type);
  union {
    double value;
    uint64_t bits;
  } u = {.value = x};
  int sign = u.bits >> 63 ? f.sign : 0, exponent = (int)(u.bits >> 52 & 0x7ff) - 1023;
  if (x != x) return (uint8_t)(f.nan < 0 ? 0 : f.nan == 0x80 ? 0x80 : f.nan | sign);
  exponent = exponent < 1 - f.bias ? 1 - f.bias : exponent;
  int code = f.largest + 1;
  if (exponent < 64) {
    double scaled = __builtin_rint(__builtin_fabs(x) * small_power(f.fraction - exponent));
    code = (int)scaled + ((exponent + f.bias - 1) << f.fraction);
  }
  if (code > f.largest && !saturate && f.nan >= 0)
    return (uint8_t)(type == SMALL_E5M2 ? 0x7c | sign : f.nan == 0x80 ? 0x80 : f.nan | sign);
  code = code > f.largest ? f.largest : code;
  if (f.nan == 0x80 && code == 0) return 0; /* there is no negative zero */
  return (uint8_t)(code | sign);
}

#endif
