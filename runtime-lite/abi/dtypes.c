/* Element types: names, sizes, access to single elements. */
#include <math.h>
#include <string.h>

#include "abi/abi.h"
#include "base/small_float.h"

static const struct {
  const char *name;
  int bits, onnx;
} dtypes[] = {
#define DTYPE(e, eir, numpy, bits, onnx, cls) {numpy, bits, onnx},
#include "ir/dtype.def"
#undef DTYPE
};

/* The format of an 8-bit float, else -1. */
static int small_float_of(enum abi_dtype t) {
  switch ((int)t) {
    case ABI_F8E4M3FN: return SMALL_E4M3FN;
    case ABI_F8E4M3FNUZ: return SMALL_E4M3FNUZ;
    case ABI_F8E5M2: return SMALL_E5M2;
    case ABI_F8E5M2FNUZ: return SMALL_E5M2FNUZ;
    case ABI_F4E2M1: return SMALL_E2M1;
    case ABI_F8E8M0: return SMALL_E8M0;
    default: return -1;
  }
}

const char *abi_dtype_name(enum abi_dtype t) { return dtypes[t].name; }
int abi_dtype_bits(enum abi_dtype t) { return dtypes[t].bits; }
int abi_dtype_onnx(enum abi_dtype t) { return dtypes[t].onnx; }

bool abi_dtype_from_name(const char *name, enum abi_dtype *out) {
  for (int i = 0; i < ABI_DTYPE_COUNT; i++) {
    if (!strcmp(dtypes[i].name, name)) return *out = (enum abi_dtype)i, true;
  }
  return false;
}

bool abi_dtype_from_onnx(int64_t data_type, enum abi_dtype *out) {
  for (int i = 0; i < ABI_DTYPE_COUNT; i++) {
    if (dtypes[i].onnx == data_type) return *out = (enum abi_dtype)i, true;
  }
  return false;
}

bool abi_dtype_is_float(enum abi_dtype t) {
  return t == ABI_F32 || t == ABI_F64 || t == ABI_F16 || t == ABI_BF16 || small_float_of(t) >= 0;
}

int64_t abi_dtype_bytes(enum abi_dtype t, int64_t elements) {
  int bits = dtypes[t].bits;
  return bits < 8 ? (elements * bits + 7) / 8 : elements * (bits / 8);
}

/* IEEE half, exactly. */
static double half_get(uint16_t h) {
  int exponent = h >> 10 & 31, fraction = h & 1023;
  double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                    : ldexp(fraction, -24);
  return h >> 15 ? -magnitude : magnitude;
}

/* Rounds to a float format of `fraction` stored bits, smallest exponent `lowest` and all-ones exponent field
 * `top`; nearest even. Returns the bits without the sign. */
static uint16_t narrow_bits(double magnitude, int fraction, int lowest, int top) {
  if (isnan(magnitude)) return (uint16_t)(top << fraction | 1 << (fraction - 1));
  int exponent;
  if (isinf(magnitude)) return (uint16_t)(top << fraction);
  frexp(magnitude, &exponent);
  exponent--;
  if (magnitude == 0 || exponent < lowest) exponent = lowest;
  /* Subnormals have no implicit bit: their field follows from the same sum, as does a carry into the next
   * exponent. */
  double scaled = nearbyint(ldexp(magnitude, fraction - exponent));
  double bits = scaled + ldexp(exponent - lowest, fraction);
  double infinity = ldexp(top, fraction);
  return (uint16_t)(bits < infinity ? bits : infinity);
}

static uint16_t half_set(double x) {
  return (uint16_t)(narrow_bits(fabs(x), 10, -14, 31) | (signbit(x) ? 0x8000 : 0));
}
static uint16_t bfloat_set(double x) {
  return (uint16_t)(narrow_bits(fabs(x), 7, -126, 255) | (signbit(x) ? 0x8000 : 0));
}

#define LOAD(T, data, i) load_##T((data), (i))
#define ACCESS(T) \
  static T load_##T(const void *data, int64_t i) { \
    T x; \
    memcpy(&x, (const char *)data + i * (int64_t)sizeof x, sizeof x); \
    return x; \
  } \
  static void store_##T(void *data, int64_t i, T x) { \
    memcpy((char *)data + i * (int64_t)sizeof x, &x, sizeof x); \
  }
ACCESS(float)
ACCESS(double)
ACCESS(uint8_t)
ACCESS(int8_t)
ACCESS(uint16_t)
ACCESS(int16_t)
ACCESS(uint32_t)
ACCESS(int32_t)
ACCESS(uint64_t)
ACCESS(int64_t)

bool abi_element_integer(enum abi_dtype t, const void *data, int64_t i, int64_t *value, bool *is_unsigned) {
  *is_unsigned = t == ABI_U8 || t == ABI_U16 || t == ABI_U32 || t == ABI_U64 || t == ABI_BOOL ||
                 t == ABI_U4 || t == ABI_U2;
  switch (t) {
    case ABI_U8: *value = LOAD(uint8_t, data, i); return true;
    case ABI_S8: *value = LOAD(int8_t, data, i); return true;
    case ABI_U16: *value = LOAD(uint16_t, data, i); return true;
    case ABI_S16: *value = LOAD(int16_t, data, i); return true;
    case ABI_S32: *value = LOAD(int32_t, data, i); return true;
    case ABI_S64: *value = LOAD(int64_t, data, i); return true;
    case ABI_BOOL: *value = LOAD(uint8_t, data, i) != 0; return true;
    case ABI_U32: *value = LOAD(uint32_t, data, i); return true;
    case ABI_U64: *value = (int64_t)LOAD(uint64_t, data, i); return true;
    case ABI_U4: *value = LOAD(uint8_t, data, i) & 15; return true;
    case ABI_U2: *value = LOAD(uint8_t, data, i) & 3; return true;
    case ABI_S4: *value = ((LOAD(uint8_t, data, i) & 15) ^ 8) - 8; return true;
    case ABI_S2: *value = ((LOAD(uint8_t, data, i) & 3) ^ 2) - 2; return true;
    case ABI_F32:
    case ABI_F16:
    case ABI_F64:
    case ABI_BF16:
    case ABI_F8E4M3FN:
    case ABI_F8E4M3FNUZ:
    case ABI_F8E5M2:
    case ABI_F8E5M2FNUZ:
    case ABI_F4E2M1:
    case ABI_F8E8M0:
    case ABI_DTYPE_COUNT: break;
  }
  return false;
}

double abi_element_get(enum abi_dtype t, const void *data, int64_t i) {
  int64_t integer;
  bool is_unsigned;
  if (abi_element_integer(t, data, i, &integer, &is_unsigned)) {
    return is_unsigned ? (double)(uint64_t)integer : (double)integer;
  }
  if (t == ABI_F32) return LOAD(float, data, i);
  if (t == ABI_F64) return LOAD(double, data, i);
  if (small_float_of(t) >= 0) return small_float_get(small_float_of(t), LOAD(uint8_t, data, i));
  if (t == ABI_F16) return half_get(LOAD(uint16_t, data, i));
  uint32_t wide = (uint32_t)LOAD(uint16_t, data, i) << 16;
  return LOAD(float, &wide, 0);
}

/* Rounded to nearest even and clamped to [low, high]; NaN is 0. */
static double to_integer(double x, double low, double high) {
  if (isnan(x)) return 0;
  double rounded = nearbyint(x);
  return rounded < low ? low : rounded > high ? high : rounded;
}

void abi_element_set(enum abi_dtype t, void *data, int64_t i, double x) {
  switch (t) {
    case ABI_F32: store_float(data, i, (float)x); return;
    case ABI_F64: store_double(data, i, x); return;
    case ABI_F16: store_uint16_t(data, i, half_set(x)); return;
    case ABI_BF16: store_uint16_t(data, i, bfloat_set(x)); return;
    case ABI_BOOL: store_uint8_t(data, i, x != 0); return;
    case ABI_U8: store_uint8_t(data, i, (uint8_t)to_integer(x, 0, UINT8_MAX)); return;
    case ABI_S8: store_int8_t(data, i, (int8_t)to_integer(x, INT8_MIN, INT8_MAX)); return;
    case ABI_U16: store_uint16_t(data, i, (uint16_t)to_integer(x, 0, UINT16_MAX)); return;
    case ABI_S16: store_int16_t(data, i, (int16_t)to_integer(x, INT16_MIN, INT16_MAX)); return;
    case ABI_U32: store_uint32_t(data, i, (uint32_t)to_integer(x, 0, UINT32_MAX)); return;
    case ABI_S32: store_int32_t(data, i, (int32_t)to_integer(x, INT32_MIN, INT32_MAX)); return;
    /* 2^63 and 2^64 are doubles, the largest integers below them are not. */
    case ABI_S64:
      x = to_integer(x, -0x1p63, 0x1p63);
      store_int64_t(data, i, x < 0x1p63 ? (int64_t)x : INT64_MAX);
      return;
    case ABI_U64:
      x = to_integer(x, 0, 0x1p64);
      store_uint64_t(data, i, x < 0x1p64 ? (uint64_t)x : UINT64_MAX);
      return;
    case ABI_U4: store_uint8_t(data, i, (uint8_t)to_integer(x, 0, 15)); return;
    case ABI_S4: store_uint8_t(data, i, (uint8_t)((int)to_integer(x, -8, 7) & 15)); return;
    case ABI_U2: store_uint8_t(data, i, (uint8_t)to_integer(x, 0, 3)); return;
    case ABI_S2: store_uint8_t(data, i, (uint8_t)((int)to_integer(x, -2, 1) & 3)); return;
    case ABI_F8E4M3FN:
    case ABI_F8E4M3FNUZ:
    case ABI_F8E5M2:
    case ABI_F8E5M2FNUZ:
    case ABI_F4E2M1:
    case ABI_F8E8M0: store_uint8_t(data, i, small_float_set(small_float_of(t), x, 1, SMALL_NEAREST)); return;
    case ABI_DTYPE_COUNT: return;
  }
}
