/* The scalar function of each elementwise row of ir/ops.def: unary_<name>_<type>(x, alpha, beta),
 * binary_<name>_<type>(a, b, alpha) and compare_<name>_<type>(a, b). Each macro below is one definition for a
 * family of types. ONNX semantics. */
#ifndef EAIC_ELEMENTWISE_WORDS_H
#define EAIC_ELEMENTWISE_WORDS_H

#include "kernels/elementwise_types.h"
#include "kernels/math_trigonometry.h"

/* C types of elements; wrap: the type in which sums and products wrap around instead of overflowing. */
typedef float c_f32, wrap_f32;
typedef double c_f64, wrap_f64;
typedef uint8_t c_u8, c_bool8;
typedef uint16_t c_u16;
typedef uint32_t c_u32;
typedef uint64_t c_u64;
typedef int8_t c_s8;
typedef int16_t c_s16;
typedef int32_t c_s32;
typedef int64_t c_s64;
typedef uint32_t wrap_u8, wrap_u16, wrap_u32, wrap_s8, wrap_s16, wrap_s32;
typedef uint64_t wrap_u64, wrap_s64;

#define UNARY_WORD(name, t) EAIC_INLINE c_##t unary_##name##_##t(c_##t x, float alpha, float beta)
#define BINARY_WORD(name, t) EAIC_INLINE c_##t binary_##name##_##t(c_##t a, c_##t b, float alpha)
#define COMPARE_WORD(name, t) EAIC_INLINE uint8_t compare_##name##_##t(c_##t a, c_##t b)

/* C's fmod by long division on the bits, exact. Numbers of `width` bits, `fraction` of them mantissa. */
#define FLOAT_REMAINDER(t, width, fraction)                                                                  \
  EAIC_INLINE c_##t remainder_##t(c_##t a, c_##t b) {                                                        \
    typedef uint##width##_t word;                                                                            \
    const word one = (word)1 << (fraction), magnitude = ~(word)0 >> 1;                                       \
    const word infinity = magnitude >> (fraction) << (fraction);                                             \
    word sign = bits_of_##t(a) & ~magnitude, x = bits_of_##t(a) & magnitude, y = bits_of_##t(b) & magnitude; \
    if (y == 0 || x >= infinity || y > infinity) return (a * b) / (a * b); /* NaN */                         \
    if (x < y) return a;                                                                                     \
    int ex = (int)(x >> (fraction)), ey = (int)(y >> (fraction));                                            \
    x = ex ? (x & (one - 1)) | one : x; /* now x * 2^ex and y * 2^ey, one <= x, y < 2 * one */               \
    y = ey ? (y & (one - 1)) | one : y;                                                                      \
    for (ex += !ex; x < one; ex--) x <<= 1;                                                                  \
    for (ey += !ey; y < one; ey--) y <<= 1;                                                                  \
    for (; ex > ey; ex--) {                                                                                  \
      if (x >= y) x -= y;                                                                                    \
      x <<= 1;                                                                                               \
    }                                                                                                        \
    if (x >= y) x -= y;                                                                                      \
    for (; x != 0 && x < one; ex--) x <<= 1;                                                                 \
    x = x == 0 ? 0 : ex > 0 ? (x - one) | (word)ex << (fraction) : x >> (1 - ex);                            \
    return t##_of_bits(x | sign);                                                                            \
  }
FLOAT_REMAINDER(f32, 32, 23)
FLOAT_REMAINDER(f64, 64, 52)

/* f32 and f64; `s` is the suffix of the compiler's builtins, each one instruction of wasm. */
#define FLOAT_WORDS(t, s)                                                                             \
  UNARY_WORD(clip, t) {                                                                               \
    x = x < (c_##t)alpha ? (c_##t)alpha : x;                                                          \
    return (c_##t)beta < x ? (c_##t)beta : x;                                                         \
  }                                                                                                   \
  UNARY_WORD(neg, t) { return -x; }                                                                   \
  UNARY_WORD(abs, t) { return __builtin_fabs##s(x); }                                                 \
  UNARY_WORD(sign, t) { return x > 0 ? 1 : x < 0 ? -1 : x; }                                          \
  UNARY_WORD(exp, t) { return k_exp_##t(x); }                                                         \
  UNARY_WORD(log, t) { return k_log_##t(x); }                                                         \
  UNARY_WORD(sqrt, t) { return __builtin_sqrt##s(x); }                                                \
  UNARY_WORD(reciprocal, t) { return 1 / x; }                                                         \
  UNARY_WORD(floor, t) { return __builtin_floor##s(x); }                                              \
  UNARY_WORD(ceil, t) { return __builtin_ceil##s(x); }                                                \
  UNARY_WORD(round, t) { return __builtin_rint##s(x); }                                               \
  UNARY_WORD(sigmoid, t) { return k_sigmoid_##t(x); }                                                 \
  UNARY_WORD(tanh, t) { return k_tanh_##t(x); }                                                       \
  UNARY_WORD(erf, t) { return k_erf_##t(x); }                                                         \
  UNARY_WORD(leaky_relu, t) { return x < 0 ? (c_##t)alpha * x : x; }                                  \
  UNARY_WORD(hard_sigmoid, t) { return unary_clip_##t((c_##t)alpha * x + (c_##t)beta, 0, 1); }        \
  UNARY_WORD(hard_swish, t) { return x * unary_clip_##t(x * ((c_##t)1 / 6) + (c_##t)0.5, 0, 1); } \
  UNARY_WORD(elu, t) { return x < 0 ? (c_##t)alpha * k_expm1_##t(x) : x; }                            \
  UNARY_WORD(softplus, t) { return k_softplus_##t(x); }                                               \
  UNARY_WORD(sin, t) { return k_sin_##t(x); }                                                         \
  UNARY_WORD(cos, t) { return k_cos_##t(x); }                                                         \
  UNARY_WORD(tan, t) { return k_tan_##t(x); }                                                         \
  UNARY_WORD(asin, t) { return k_asin_##t(x); }                                                       \
  UNARY_WORD(acos, t) { return k_acos_##t(x); }                                                       \
  UNARY_WORD(atan, t) { return k_atan_##t(x); }                                                       \
  UNARY_WORD(sinh, t) { return k_sinh_##t(x); }                                                       \
  UNARY_WORD(cosh, t) { return k_cosh_##t(x); }                                                       \
  UNARY_WORD(asinh, t) { return k_asinh_##t(x); }                                                     \
  UNARY_WORD(acosh, t) { return k_acosh_##t(x); }                                                     \
  UNARY_WORD(atanh, t) { return k_atanh_##t(x); }                                                     \
  BINARY_WORD(div, t) { return a / b; }                                                               \
  BINARY_WORD(pow, t) { return k_pow_##t(a, b); }                                                     \
  BINARY_WORD(max, t) { return a > b || a != a ? a : b; }                                             \
  BINARY_WORD(min, t) { return a < b || a != a ? a : b; }                                             \
  BINARY_WORD(mod, t) {                                                                               \
    c_##t r = remainder_##t(a, b);                                                                    \
    return alpha == 0 && r != 0 && (r < 0) != (b < 0) ? r + b : r;                                    \
  }                                                                                                   \
  BINARY_WORD(prelu, t) { return a < 0 ? a * b : a; }
FLOAT_WORDS(f32, f)
FLOAT_WORDS(f64, )

#define IS_NEGATIVE_SIGNED(t, unused) EAIC_INLINE int is_negative_##t(c_##t x) { return x < 0; }
#define IS_NEGATIVE_UNSIGNED(t, unused) EAIC_INLINE int is_negative_##t(c_##t x) { return 0; }
TYPES_SIGNED(IS_NEGATIVE_SIGNED, )
TYPES_UNSIGNED(IS_NEGATIVE_UNSIGNED, )

/* Integers wrap around. Bounds of clip are floats: one outside of the type's range bounds nothing. */
#define INTEGER_WORDS(t, lowest, highest)                                                         \
  EAIC_INLINE c_##t saturate_##t(float x) {                                                       \
    return !((double)x > (double)(lowest))  ? (c_##t)(lowest)                                     \
           : (double)x >= (double)(highest) ? (c_##t)(highest)                                    \
                                            : (c_##t)x;                                           \
  }                                                                                               \
  BINARY_WORD(max, t) { return a > b ? a : b; }                                                   \
  BINARY_WORD(min, t) { return a < b ? a : b; }                                                   \
  UNARY_WORD(clip, t) {                                                                           \
    return binary_min_##t(binary_max_##t(x, saturate_##t(alpha), 0), saturate_##t(beta), 0);      \
  }                                                                                               \
  UNARY_WORD(neg, t) { return (c_##t)(0 - (wrap_##t)x); }                                         \
  UNARY_WORD(abs, t) { return is_negative_##t(x) ? (c_##t)(0 - (wrap_##t)x) : x; }                \
  UNARY_WORD(sign, t) { return (c_##t)(is_negative_##t(x) ? -1 : x != 0); }                       \
  BINARY_WORD(div, t) { /* -1 apart: the lowest number has no opposite */                         \
    if (b == 0) return 0;                                                                         \
    return is_negative_##t(b) && b == (c_##t)-1 ? (c_##t)(0 - (wrap_##t)a) : (c_##t)(a / b);    \
  }                                                                                               \
  BINARY_WORD(mod, t) {                                                                           \
    if (b == 0 || (is_negative_##t(b) && b == (c_##t)-1)) return 0;                             \
    c_##t r = (c_##t)(a % b);                                                                     \
    return alpha == 0 && r != 0 && is_negative_##t(r) != is_negative_##t(b) ? (c_##t)(r + b) : r; \
  }                                                                                               \
  BINARY_WORD(pow, t) {                                                                           \
    if (is_negative_##t(b)) return (c_##t)(a == 1 ? 1 : a != (c_##t)-1 ? 0 : b & 1 ? -1 : 1);   \
    wrap_##t power = 1, base = (wrap_##t)a;                                                       \
    for (uint64_t n = (uint64_t)b; n != 0; n >>= 1, base *= base)                                 \
      if (n & 1) power *= base;                                                                   \
    return (c_##t)power;                                                                          \
  }                                                                                               \
  BINARY_WORD(prelu, t) { return is_negative_##t(a) ? (c_##t)((wrap_##t)a * (wrap_##t)b) : a; }
INTEGER_WORDS(u8, 0, UINT8_MAX)
INTEGER_WORDS(u16, 0, UINT16_MAX)
INTEGER_WORDS(u32, 0, UINT32_MAX)
INTEGER_WORDS(u64, 0, UINT64_MAX)
INTEGER_WORDS(s8, INT8_MIN, INT8_MAX)
INTEGER_WORDS(s16, INT16_MIN, INT16_MAX)
INTEGER_WORDS(s32, INT32_MIN, INT32_MAX)
INTEGER_WORDS(s64, INT64_MIN, INT64_MAX)

#define ANY_WORDS(t, unused)                                                    \
  BINARY_WORD(add, t) { return (c_##t)((wrap_##t)a + (wrap_##t)b); }            \
  BINARY_WORD(sub, t) { return (c_##t)((wrap_##t)a - (wrap_##t)b); }            \
  BINARY_WORD(mul, t) { return (c_##t)((wrap_##t)a * (wrap_##t)b); }            \
  COMPARE_WORD(equal, t) { return a == b; }                                     \
  COMPARE_WORD(less, t) { return a < b; }                                       \
  COMPARE_WORD(less_equal, t) { return a <= b; }                                \
  COMPARE_WORD(greater, t) { return a > b; }                                    \
  COMPARE_WORD(greater_equal, t) { return a >= b; }
TYPES_A(ANY_WORDS, )

/* Bits. alpha 1 shifts right, with the sign coming in. A count outside of 0..width - 1 leaves nothing but that. */
#define BIT_WORDS(t, unused)                                                                       \
  UNARY_WORD(bit_not, t) { return (c_##t)~x; }                                                     \
  BINARY_WORD(bit_and, t) { return (c_##t)(a & b); }                                               \
  BINARY_WORD(bit_or, t) { return (c_##t)(a | b); }                                                \
  BINARY_WORD(bit_xor, t) { return (c_##t)(a ^ b); }                                               \
  BINARY_WORD(bit_shift, t) {                                                                      \
    const int inside = (uint64_t)b < sizeof(c_##t) * 8;                                            \
    if (alpha == 0) return inside ? (c_##t)((wrap_##t)a << b) : 0;                                 \
    return inside ? (c_##t)(a >> b) : is_negative_##t(a) ? (c_##t)-1 : 0;                          \
  }
TYPES_I(BIT_WORDS, )

/* A bool is a byte; any byte but 0 is true. */
UNARY_WORD(not, bool8) { return x == 0; }
BINARY_WORD(and, bool8) { return (a != 0) & (b != 0); }
BINARY_WORD(or, bool8) { return (a != 0) | (b != 0); }
BINARY_WORD(xor, bool8) { return (a != 0) ^ (b != 0); }
COMPARE_WORD(equal, bool8) { return (a != 0) == (b != 0); }

#endif
