/* Inference of the ops whose output type is the caller's wish, and of quantization at run time. */
#include "ops/infer.h"

void infer_wanted(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (!in->want) INFER_FAIL(in, "the output type is not given");
  enum dtype to = in->want->dtype;
  const struct quant *q = in->want->quant;
  switch ((int)in->op) {
    case OP_QUANTIZE:
      if (!dtype_is_float(x->dtype)) INFER_FAIL(in, "input is %s, expected a float type", infer_text(in, x));
      if (!q || !dtype_is_integer(to)) INFER_FAIL(in, "output needs an integer type with a scale");
      break;
    case OP_DEQUANTIZE:
      if (!x->quant) INFER_FAIL(in, "input has no scale and zero point");
      if (!dtype_is_float(to)) INFER_FAIL(in, "output type is %s, expected a float type", dtype_name(to));
      break;
    case OP_REQUANTIZE:
      if (!type_is_quantized(x) || !q || !dtype_is_8bit(to))
        INFER_FAIL(in, "input and output must be quantized to 8 bits");
      break;
    case OP_RETYPE:
      if (dtype_bytes(to) != dtype_bytes(x->dtype))
        INFER_FAIL(in, "the same bits cannot be %s and %s", dtype_name(x->dtype), dtype_name(to));
      break;
    case OP_TABLE: {
      static const int64_t entries[1] = {256};
      if (!dtype_is_8bit(x->dtype)) INFER_FAIL(in, "input is %s, expected u8 or s8", infer_text(in, x));
      infer_need_dtype(in, 1, "table", to);
      infer_need_shape(in, 1, "table", 1, entries);
      break;
    }
    default: break; /* cast: anything to anything */
  }
  infer_output(in, 0, to, x->rank, x->dim, q);
}

void infer_quantize_dynamic(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  infer_need_dtype(in, 0, "input", DT_F32);
  infer_output(in, 0, DT_U8, x->rank, x->dim, NULL);
  infer_output(in, 1, DT_F32, 0, NULL, NULL);
  infer_output(in, 2, DT_U8, 0, NULL, NULL);
}

/* A scale or zero point: one number, or one an index of attribute `axis`. */
static void need_per_axis(const struct infer *in, int i, const char *what) {
  if (!infer_has(in, i)) return;
  const struct type *x = infer_type(in, 0), *s = infer_type(in, i);
  if (type_elements(s) == 1 && s->rank <= 1) return;
  int axis = infer_axis(in, x->rank, 1);
  if (s->rank != 1 || s->dim[0] != x->dim[axis])
    INFER_FAIL(in, "%s is %s, expected one number or %lld (axis %d of %s)", what, infer_text(in, s),
               (long long)x->dim[axis], axis, infer_text(in, x));
}

void infer_quantize_by(struct infer *in) {
  const struct type *x = infer_type(in, 0);
  if (!dtype_is_float(x->dtype)) INFER_FAIL(in, "input is %s, expected a float type", infer_text(in, x));
  infer_need_dtype(in, 1, "scale", x->dtype);
  need_per_axis(in, 1, "scale");
  need_per_axis(in, 2, "zero point");
  enum dtype to = infer_type(in, 2)->dtype;
  if (!dtype_is_integer(to)) INFER_FAIL(in, "zero point is %s, expected an integer type", dtype_name(to));
  infer_output(in, 0, to, x->rank, x->dim, NULL);
}

void infer_dequantize_by(struct infer *in) {
  const struct type *x = infer_type(in, 0), *scale = infer_type(in, 1);
  if (!dtype_is_integer(x->dtype)) INFER_FAIL(in, "input is %s, expected an integer type", infer_text(in, x));
  if (!dtype_is_float(scale->dtype))
    INFER_FAIL(in, "scale is %s, expected a float type", infer_text(in, scale));
  need_per_axis(in, 1, "scale");
  need_per_axis(in, 2, "zero point");
  infer_need_dtype(in, 2, "zero point", x->dtype);
  infer_output(in, 0, scale->dtype, x->rank, x->dim, NULL);
}
