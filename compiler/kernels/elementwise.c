/* One kernel for each elementwise row of ir/ops.def and element type. With constant params each is one
 * counted loop, which LLVM vectorises. */
#include "kernels/kernel.h"

#include "kernels/broadcast.h"
#include "kernels/elementwise_words.h"

#define UNARY_KERNEL(t, name)                                                                              \
  EAIC_KERNEL(name##_##t##_plain) {                                                                        \
    const struct unary_params *p = params;                                                                 \
    const c_##t *x = operand[UNARY_X];                                                                     \
    c_##t *y = operand[UNARY_Y];                                                                           \
    for (int32_t i = 0; i < p->count; i++) y[i] = unary_##name##_##t(x[i], p->alpha, p->beta);             \
  }

/* Rows of `input` elements to rows of `output` elements; `value` is in terms of a and b. */
#define BINARY_LOOP(input, output, value)                                                                  \
  const struct binary_params *p = params;                                                                  \
  const int32_t rows = broadcast_rows(&p->at), columns = broadcast_columns(&p->at);                        \
  const int32_t a_step = broadcast_step(&p->at, 0), b_step = broadcast_step(&p->at, 1);                    \
  for (int32_t row = 0; row < rows; row++) {                                                               \
    const input *a_row = (const input *)operand[BINARY_A] + broadcast_offset(&p->at, 0, row);              \
    const input *b_row = (const input *)operand[BINARY_B] + broadcast_offset(&p->at, 1, row);              \
    output *y = (output *)operand[BINARY_Y] + row * columns;                                               \
    for (int32_t i = 0; i < columns; i++) {                                                                \
      const input a = a_row[i * a_step], b = b_row[i * b_step];                                            \
      y[i] = value;                                                                                        \
    }                                                                                                      \
  }

#define BINARY_KERNEL(t, name) \
  EAIC_KERNEL(name##_##t##_plain) { BINARY_LOOP(c_##t, c_##t, binary_##name##_##t(a, b, p->alpha)) }
#define COMPARE_KERNEL(t, name) \
  EAIC_KERNEL(name##_##t##_plain) { BINARY_LOOP(c_##t, uint8_t, compare_##name##_##t(a, b)) }

#define OP(e, name, min, max, outputs, infer, lower, attrs, doc)
#define UNARY(e, name, types, doc) TYPES_##types(UNARY_KERNEL, name)
#define BINARY(e, name, types, doc) TYPES_##types(BINARY_KERNEL, name)
#define COMPARE(e, name, types, doc) TYPES_##types(COMPARE_KERNEL, name)
#include "ir/ops.def"

#define WHERE_LOOP(element)                                                                                \
  for (int32_t row = 0; row < rows; row++) {                                                               \
    const uint8_t *condition = (const uint8_t *)operand[WHERE_CONDITION] + broadcast_offset(&p->at, 0, row); \
    const element *a = (const element *)operand[WHERE_A] + broadcast_offset(&p->at, 1, row);               \
    const element *b = (const element *)operand[WHERE_B] + broadcast_offset(&p->at, 2, row);               \
    element *y = (element *)operand[WHERE_Y] + row * columns;                                              \
    for (int32_t i = 0; i < columns; i++) {                                                                \
      const element yes = a[i * a_step], no = b[i * b_step];                                               \
      y[i] = condition[i * condition_step] ? yes : no;                                                     \
    }                                                                                                      \
  }

EAIC_KERNEL(where_plain) {
  const struct where_params *p = params;
  const int32_t rows = broadcast_rows(&p->at), columns = broadcast_columns(&p->at);
  const int32_t condition_step = broadcast_step(&p->at, 0), a_step = broadcast_step(&p->at, 1),
                b_step = broadcast_step(&p->at, 2);
  switch (p->bytes) {
    case 1: WHERE_LOOP(uint8_t) break;
    case 2: WHERE_LOOP(uint16_t) break;
    case 4: WHERE_LOOP(uint32_t) break;
    default: WHERE_LOOP(uint64_t) break;
  }
}
