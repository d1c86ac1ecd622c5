/* Private to ops/: what the infer_*.c files share. Every function that fails does so through fatal() with the
 * location of the node, in the model's terms; sizes and attributes come from files and are never trusted. */
#ifndef EAIC_INFER_H
#define EAIC_INFER_H

#include "ops/ops.h"

/* The functions named in the infer column of ir/ops.def. Several rows share one. */
typedef void infer_function(struct infer *in);
#define OP(e, name, min, max, outputs, infer, lower, attrs, doc) infer_function infer_##infer;
#include "ir/ops.def"

#define INFER_FAIL(in, ...) fatal((in)->ctx, &(in)->at, __VA_ARGS__)

/* Attributes and padding beyond this are mistakes; products of two of them still fit int64. */
enum { INFER_LIMIT = 1 << 30 };

/* Type of input i, which must be present. */
const struct type *infer_type(const struct infer *in, int i);
static inline bool infer_has(const struct infer *in, int i) { return i < in->input_count && in->input[i]; }

/* "u8[1,8,8,3]" for messages. */
const char *infer_text(const struct infer *in, const struct type *t);

/* Reads `count` integers of an attribute, each in lowest..INFER_LIMIT; all are `fallback` when it is absent.
 */
void infer_ints(const struct infer *in, enum attr_key key, int count, int64_t fallback, int64_t lowest,
                int64_t *out);
/* Attribute `axis`, 0 <= axis < rank. */
int infer_axis(const struct infer *in, int rank, int64_t fallback);
/* An int attribute in low..high. */
int64_t infer_int(const struct infer *in, enum attr_key key, int64_t fallback, int64_t low, int64_t high);

/* Fills output i. Checks that sizes do not overflow and that a per-axis quantization fits the shape. */
void infer_output(const struct infer *in, int i, enum dtype dtype, int rank, const int64_t *dim,
                  const struct quant *quant);
/* As infer_output for output 0, but dtype and quantization are the wished ones, if there is a wish. */
void infer_wanted_or(const struct infer *in, enum dtype dtype, const struct quant *quant, int rank,
                     const int64_t *dim);

/* Requires input i (when present) to have this dtype; `what` names it: "bias". */
void infer_need_dtype(const struct infer *in, int i, const char *what, enum dtype dtype);
/* Requires input i (when present) to have exactly this shape. */
void infer_need_shape(const struct infer *in, int i, const char *what, int rank, const int64_t *dim);

/* Quantized: 8-bit with scale and zero point. */
static inline bool type_is_quantized(const struct type *t) { return t->quant && dtype_is_8bit(t->dtype); }

/* Window attributes of conv and pool, [0] rows, [1] columns. */
struct window {
  int64_t kernel[2], strides[2], dilations[2], pads[4]; /* pads: top, left, bottom, right */
};
void infer_window(const struct infer *in, struct window *w, int64_t lowest_pad);
/* Output rows and columns of windows over x [n,h,w,c]; fails when not one window fits. */
void infer_window_sizes(const struct infer *in, const struct window *w, const struct type *x, int64_t out[2]);

#endif
