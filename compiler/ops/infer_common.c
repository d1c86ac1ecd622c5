#include "ops/infer.h"

const struct type *infer_type(const struct infer *in, int i) {
  if (!infer_has(in, i)) INFER_FAIL(in, "input %d is missing", i);
  return &in->input[i]->type;
}

const char *infer_text(const struct infer *in, const struct type *t) {
  struct buffer b;
  buffer_init(&b, in->ctx);
  buffer_printf(&b, "%s[", dtype_name(t->dtype));
  for (int i = 0; i < t->rank; i++) buffer_printf(&b, "%s%lld", i ? "," : "", (long long)t->dim[i]);
  buffer_text(&b, "]");
  return (const char *)b.data;
}

void infer_ints(const struct infer *in, enum attr_key key, int count, int64_t fallback, int64_t lowest,
                int64_t *out) {
  int n = 0;
  const int64_t *given = attr_ints(in->attrs, key, &n);
  const char *name = attr_key_name(key);
  if (given && n != count) INFER_FAIL(in, "%s has %d entries, expected %d", name, n, count);
  for (int i = 0; i < count; i++) {
    out[i] = given ? given[i] : fallback;
    if (out[i] < lowest || out[i] > INFER_LIMIT)
      INFER_FAIL(in, "%s[%d] is %lld, outside %lld..%d", name, i, (long long)out[i], (long long)lowest,
                 INFER_LIMIT);
  }
}

int64_t infer_int(const struct infer *in, enum attr_key key, int64_t fallback, int64_t low, int64_t high) {
  int64_t v = attr_int(in->attrs, key, fallback);
  if (v < low || v > high)
    INFER_FAIL(in, "%s is %lld, outside %lld..%lld", attr_key_name(key), (long long)v, (long long)low,
               (long long)high);
  return v;
}

int infer_axis(const struct infer *in, int rank, int64_t fallback) {
  int64_t axis = attr_int(in->attrs, ATTR_AXIS, fallback);
  if (axis < 0 || axis >= rank)
    INFER_FAIL(in, "axis %lld is outside of a tensor of rank %d", (long long)axis, rank);
  return (int)axis;
}

void infer_output(const struct infer *in, int i, enum dtype dtype, int rank, const int64_t *dim,
                  const struct quant *quant) {
  if (rank > MAX_RANK) INFER_FAIL(in, "output %d has rank %d, at most %d is supported", i, rank, MAX_RANK);
  struct type t = {.dtype = dtype, .rank = rank};
  for (int k = 0; k < rank; k++) {
    if (dim[k] < 0) INFER_FAIL(in, "output %d would have size %lld on axis %d", i, (long long)dim[k], k);
    t.dim[k] = dim[k];
  }
  if (!type_is_sane(&t)) INFER_FAIL(in, "output %d is too large: %s", i, infer_text(in, &t));
  if (quant && quant->axis >= 0 && (quant->axis >= rank || dim[quant->axis] != quant->n))
    INFER_FAIL(in, "quantization has %d scales on axis %d, output is %s", quant->n, quant->axis,
               infer_text(in, &t));
  in->output[i] = type_make(dtype, rank, dim, quant);
}

void infer_wanted_or(const struct infer *in, enum dtype dtype, const struct quant *quant, int rank,
                     const int64_t *dim) {
  if (in->want)
    infer_output(in, 0, in->want->dtype, rank, dim, in->want->quant);
  else
    infer_output(in, 0, dtype, rank, dim, quant);
}

void infer_need_dtype(const struct infer *in, int i, const char *what, enum dtype dtype) {
  if (!infer_has(in, i)) return;
  const struct type *t = infer_type(in, i);
  if (t->dtype != dtype)
    INFER_FAIL(in, "%s is %s, expected %s", what, dtype_name(t->dtype), dtype_name(dtype));
}

void infer_need_shape(const struct infer *in, int i, const char *what, int rank, const int64_t *dim) {
  if (!infer_has(in, i)) return;
  const struct type *t = infer_type(in, i);
  struct type expected = type_make(t->dtype, rank, dim, NULL);
  if (!type_same_shape(t, &expected))
    INFER_FAIL(in, "%s is %s, expected %s", what, infer_text(in, t), infer_text(in, &expected));
}

void infer_window(const struct infer *in, struct window *w, int64_t lowest_pad) {
  if (w->kernel[0] > INFER_LIMIT || w->kernel[1] > INFER_LIMIT) INFER_FAIL(in, "the window is too large");
  infer_ints(in, ATTR_STRIDES, 2, 1, 1, w->strides);
  infer_ints(in, ATTR_DILATIONS, 2, 1, 1, w->dilations);
  infer_ints(in, ATTR_PADS, 4, 0, lowest_pad, w->pads);
}

void infer_window_sizes(const struct infer *in, const struct window *w, const struct type *x,
                        int64_t out[2]) {
  static const char *const word[2] = {"height", "width"};
  for (int i = 0; i < 2; i++) {
    int64_t padded = x->dim[1 + i] + w->pads[i] + w->pads[i + 2];
    int64_t reach = w->dilations[i] * (w->kernel[i] - 1) + 1;
    if (padded < reach)
      INFER_FAIL(in, "a window of %s %lld%s does not fit an input of %s %lld%s", word[i], (long long)reach,
                 w->dilations[i] > 1 ? " (dilated)" : "", word[i], (long long)padded,
                 padded != x->dim[1 + i] ? " (padded)" : "");
    out[i] = window_output(x->dim[1 + i], w->pads[i], w->pads[i + 2], w->kernel[i], w->strides[i],
                           w->dilations[i], false);
  }
}
