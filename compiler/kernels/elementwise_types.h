/* The element types of the elementwise rows of ir/ops.def, for tables that expand a row to one kernel a type:
 * the `types` column F, A, L or E of a row calls M(type, ...) for each. X storage types (f16, bf16) are cast
 * to f32 before. */
#ifndef EAIC_ELEMENTWISE_TYPES_H
#define EAIC_ELEMENTWISE_TYPES_H

#define TYPES_F(M, ...) M(f32, __VA_ARGS__) M(f64, __VA_ARGS__)
#define TYPES_UNSIGNED(M, ...) M(u8, __VA_ARGS__) M(u16, __VA_ARGS__) M(u32, __VA_ARGS__) M(u64, __VA_ARGS__)
#define TYPES_SIGNED(M, ...) M(s8, __VA_ARGS__) M(s16, __VA_ARGS__) M(s32, __VA_ARGS__) M(s64, __VA_ARGS__)
#define TYPES_I(M, ...) TYPES_UNSIGNED(M, __VA_ARGS__) TYPES_SIGNED(M, __VA_ARGS__)
#define TYPES_A(M, ...) TYPES_F(M, __VA_ARGS__) TYPES_I(M, __VA_ARGS__)
#define TYPES_L(M, ...) M(bool8, __VA_ARGS__)
#define TYPES_LI(M, ...) TYPES_L(M, __VA_ARGS__) TYPES_I(M, __VA_ARGS__)
#define TYPES_E(M, ...) TYPES_A(M, __VA_ARGS__) TYPES_L(M, __VA_ARGS__)

/* Rows that also exist on 8-bit quantized numbers (x8): those of real numbers. */
#define QUANTIZED_F(M, ...) M(__VA_ARGS__)
#define QUANTIZED_A(M, ...) M(__VA_ARGS__)
#define QUANTIZED_I(M, ...)
#define QUANTIZED_L(M, ...)
#define QUANTIZED_LI(M, ...)
#define QUANTIZED_E(M, ...) M(__VA_ARGS__)

#endif
