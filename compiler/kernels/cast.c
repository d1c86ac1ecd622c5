/* ONNX Cast. Numbers travel as double, s64 or u64; with constant params the switches fold and LLVM narrows
 * the types again. Float to integer truncates; what does not fit gives what ONNX Runtime gives on x86-64: the
 * conversion is to s32 (s64 for 64-bit types), yields its lowest number for anything outside and for NaN, and
 * the low bits are stored. */
#include "kernels/kernel.h"

#include "base/small_float.h"
#include "kernels/math.h"

/* IEEE half precision, both ways; to nearest even. */
static inline float f32_of_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fffu;
  if (magnitude >= 0x7c00) return f32_of_bits(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  float x = f32_of_bits(magnitude << 13) * 0x1p112f; /* rebias; denormals come out right */
  return f32_of_bits(bits_of_f32(x) | sign);
}
static inline uint16_t f16_of_f32(float x) {
  uint32_t u = bits_of_f32(x), sign = u >> 16 & 0x8000u, magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);
  /* Denormal: one unit is 2^-24; the addition of 0.5 leaves their number in the low bits. */
  if (magnitude < 0x38800000u)
    return (uint16_t)(sign | (bits_of_f32(f32_of_bits(magnitude) + 0.5f) - 0x3f000000u));
  return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1)) >> 13);
}
static inline uint16_t bf16_of_f32(float x) {
  uint32_t u = bits_of_f32(x);
  if (x != x) return (uint16_t)(u >> 16 | 0x40u);
  return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

EAIC_INLINE int32_t truncate_s32(double x) {
  return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
EAIC_INLINE int64_t truncate_s64(double x) {
  return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}
EAIC_INLINE uint32_t truncate_u32(double x) {
  return x >= 2147483648.0 ? (uint32_t)truncate_s32(x - 2147483648.0) ^ 0x80000000u
                           : (uint32_t)truncate_s32(x);
}
EAIC_INLINE uint64_t truncate_u64(double x) {
  return x >= 9223372036854775808.0 ? (uint64_t)truncate_s64(x - 9223372036854775808.0) ^ 0x8000000000000000u
                                    : (uint64_t)truncate_s64(x);
}

EAIC_INLINE int is_real(int32_t type) {
  return type == ELEMENT_F32 || type == ELEMENT_F64 || type == ELEMENT_F16 || type == ELEMENT_BF16 ||
         (type >= ELEMENT_F8E4M3FN && type <= ELEMENT_F8E8M0);
}

EAIC_INLINE double load_real(const void *x, int32_t i, int32_t type) {
  switch (type) {
    case ELEMENT_F64: return ((const double *)x)[i];
    case ELEMENT_F16: return (double)f32_of_f16(((const uint16_t *)x)[i]);
    case ELEMENT_BF16: return (double)f32_of_bits((uint32_t)((const uint16_t *)x)[i] << 16);
    case ELEMENT_F32: return (double)((const float *)x)[i];
    default: return small_float_get(type - ELEMENT_F8E4M3FN, ((const uint8_t *)x)[i]);
  }
}

/* The bits that an integer of 4 or 2 bits keeps. */
EAIC_INLINE uint8_t small_integer_mask(int32_t type) { return type == ELEMENT_U4 || type == ELEMENT_S4 ? 15 : 3; }

EAIC_INLINE void store_real(void *y, int32_t i, const struct cast_params *p, double v) {
  switch (p->to) {
    case ELEMENT_F32: ((float *)y)[i] = (float)v; break;
    case ELEMENT_F64: ((double *)y)[i] = v; break;
    case ELEMENT_F16: ((uint16_t *)y)[i] = f16_of_f32((float)v); break;
    case ELEMENT_BF16: ((uint16_t *)y)[i] = bf16_of_f32((float)v); break;
    case ELEMENT_BOOL: ((uint8_t *)y)[i] = v != 0; break;
    case ELEMENT_U8: ((uint8_t *)y)[i] = (uint8_t)truncate_s32(v); break;
    case ELEMENT_S8: ((int8_t *)y)[i] = (int8_t)truncate_s32(v); break;
    case ELEMENT_U16: ((uint16_t *)y)[i] = (uint16_t)truncate_s32(v); break;
    case ELEMENT_S16: ((int16_t *)y)[i] = (int16_t)truncate_s32(v); break;
    case ELEMENT_S32: ((int32_t *)y)[i] = truncate_s32(v); break;
    case ELEMENT_U32: ((uint32_t *)y)[i] = truncate_u32(v); break;
    case ELEMENT_S64: ((int64_t *)y)[i] = truncate_s64(v); break;
    case ELEMENT_U64: ((uint64_t *)y)[i] = truncate_u64(v); break;
    case ELEMENT_U4:
    case ELEMENT_S4:
    case ELEMENT_U2:
    case ELEMENT_S2: ((uint8_t *)y)[i] = (uint8_t)truncate_s32(v) & small_integer_mask(p->to); break;
    default:
      ((uint8_t *)y)[i] = small_float_set(p->to - ELEMENT_F8E4M3FN, v, !p->overflow, p->rounding);
      break;
  }
}

/* u64 comes as its bits. */
EAIC_INLINE int64_t load_integer(const void *x, int32_t i, int32_t type) {
  switch (type) {
    case ELEMENT_BOOL: return ((const uint8_t *)x)[i] != 0;
    case ELEMENT_U8: return ((const uint8_t *)x)[i];
    case ELEMENT_S8: return ((const int8_t *)x)[i];
    case ELEMENT_U16: return ((const uint16_t *)x)[i];
    case ELEMENT_S16: return ((const int16_t *)x)[i];
    case ELEMENT_U32: return ((const uint32_t *)x)[i];
    case ELEMENT_S32: return ((const int32_t *)x)[i];
    case ELEMENT_U4:
    case ELEMENT_U2: return ((const uint8_t *)x)[i] & small_integer_mask(type);
    case ELEMENT_S4: return ((((const uint8_t *)x)[i] & 15) ^ 8) - 8;
    case ELEMENT_S2: return ((((const uint8_t *)x)[i] & 3) ^ 2) - 2;
    default: return ((const int64_t *)x)[i];
  }
}

EAIC_INLINE void store_integer(void *y, int32_t i, const struct cast_params *p, int64_t v) {
  const int is_u64 = p->from == ELEMENT_U64;
  float f32 = is_u64 ? (float)(uint64_t)v : (float)v;
  switch (p->to) {
    case ELEMENT_F32: ((float *)y)[i] = f32; break;
    case ELEMENT_F64: ((double *)y)[i] = is_u64 ? (double)(uint64_t)v : (double)v; break;
    case ELEMENT_F16: ((uint16_t *)y)[i] = f16_of_f32(f32); break;
    case ELEMENT_BF16: ((uint16_t *)y)[i] = bf16_of_f32(f32); break;
    case ELEMENT_BOOL: ((uint8_t *)y)[i] = v != 0; break;
    case ELEMENT_U8:
    case ELEMENT_S8: ((uint8_t *)y)[i] = (uint8_t)v; break;
    case ELEMENT_U16:
    case ELEMENT_S16: ((uint16_t *)y)[i] = (uint16_t)v; break;
    case ELEMENT_U32:
    case ELEMENT_S32: ((uint32_t *)y)[i] = (uint32_t)v; break;
    case ELEMENT_U64:
    case ELEMENT_S64: ((int64_t *)y)[i] = v; break;
    case ELEMENT_U4:
    case ELEMENT_S4:
    case ELEMENT_U2:
    case ELEMENT_S2: ((uint8_t *)y)[i] = (uint8_t)v & small_integer_mask(p->to); break;
    default: store_real(y, i, p, is_u64 ? (double)(uint64_t)v : (double)v); break;
  }
}

EAIC_KERNEL(cast_plain) {
  const struct cast_params *p = params;
  const void *x = operand[CAST_X];
  void *y = operand[CAST_Y];
  if (is_real(p->from))
    for (int32_t i = 0; i < p->count; i++) store_real(y, i, p, load_real(x, i, p->from));
  else
    for (int32_t i = 0; i < p->count; i++)
      store_integer(y, i, p, load_integer(x, i, p->from));
}
