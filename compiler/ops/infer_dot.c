/* Inference of convolutions and matrix products. */
#include "ops/infer.h"

/* Types of a dot product a . b, and what they give: floats a float; 8-bit integers s32 (the bare sum), or,
 * when both are quantized, whatever float or quantized type is wished for. */
static void dot_output(const struct infer *in, int rank, const int64_t *dim, bool integer_only) {
  const struct type *a = infer_type(in, 0), *b = infer_type(in, 1);
  bool floats = dtype_is_float(a->dtype) && a->dtype == b->dtype;
  bool bytes = dtype_is_8bit(a->dtype) && dtype_is_8bit(b->dtype);
  if (integer_only ? !bytes : !floats && !bytes)
    INFER_FAIL(in, "input is %s and weight is %s: %s", infer_text(in, a), infer_text(in, b),
               integer_only ? "both must be u8 or s8" : "both must be the same float type, or u8 or s8");
  enum dtype natural = floats ? a->dtype : DT_S32;
  if (in->want && floats && (in->want->dtype != natural || in->want->quant))
    INFER_FAIL(in, "the output of a product of %s cannot be %s", dtype_name(natural),
               dtype_name(in->want->dtype));
  if (in->want && bytes && in->want->dtype != DT_S32) {
    bool to_byte = in->want->quant && dtype_is_8bit(in->want->dtype);
    if (!a->quant || !b->quant || integer_only || !(to_byte || dtype_is_float(in->want->dtype)))
      INFER_FAIL(in, "a product of %s and %s%s cannot be %s", dtype_name(a->dtype), dtype_name(b->dtype),
                 a->quant && b->quant ? "" : " without scales", dtype_name(in->want->dtype));
  }
  infer_wanted_or(in, natural, NULL, rank, dim);
}

/* bias [n]: s32 for integer products, else the inputs' float type. */
static void need_bias(const struct infer *in, int i, int64_t n) {
  const struct type *x = infer_type(in, 0);
  infer_need_dtype(in, i, "bias", dtype_is_float(x->dtype) ? x->dtype : DT_S32);
  infer_need_shape(in, i, "bias", 1, &n);
}

/* residual: the output's shape; a float, or quantized, as the output. */
static void need_residual(const struct infer *in, int i) {
  if (!infer_has(in, i)) return;
  const struct type *y = &in->output[0], *r = infer_type(in, i);
  infer_need_shape(in, i, "residual", y->rank, y->dim);
  bool fits = type_is_quantized(y) ? type_is_quantized(r) : r->dtype == y->dtype;
  if (!fits) INFER_FAIL(in, "residual is %s, output is %s", infer_text(in, r), infer_text(in, y));
}

static void need_clip(const struct infer *in) {
  static const enum attr_key keys[] = {ATTR_CLIP, ATTR_POST_CLIP};
  for (size_t i = 0; i < COUNT_OF(keys); i++) {
    int n = 0;
    const float *limits = attr_floats(in->attrs, keys[i], &n);
    if (limits && n != 2) INFER_FAIL(in, "%s has %d entries, expected 2", attr_key_name(keys[i]), n);
  }
}

static void need_rank_4(const struct infer *in, int i, const char *what) {
  const struct type *t = infer_type(in, i);
  if (t->rank != 4) INFER_FAIL(in, "%s is %s, expected rank 4", what, infer_text(in, t));
}

/* One number, or `n` of them when n > 0. */
static void need_zero_point(const struct infer *in, int i, const char *what, int of, int64_t n) {
  if (!infer_has(in, i)) return;
  const struct type *z = infer_type(in, i);
  infer_need_dtype(in, i, what, infer_type(in, of)->dtype);
  bool one = type_elements(z) == 1 && z->rank <= 1;
  if (!one && !(n > 0 && type_elements(z) == n))
    INFER_FAIL(in, "%s is %s, expected one number%s", what, infer_text(in, z),
               n > 0 ? " or one an output channel" : "");
}

/* conv and conv_integer: x [n,h,w,c], w [o,kh,kw,c/group]. */
static void conv_shape(const struct infer *in, int64_t dim[4]) {
  need_rank_4(in, 0, "input");
  need_rank_4(in, 1, "weight");
  const struct type *x = infer_type(in, 0), *w = infer_type(in, 1);
  int64_t group = infer_int(in, ATTR_GROUP, 1, 1, INFER_LIMIT);
  if (w->dim[3] < 1 || x->dim[3] != w->dim[3] * group)
    INFER_FAIL(in, "weight has %lld input channels a group, input has %lld channels and %lld group%s",
               (long long)w->dim[3], (long long)x->dim[3], (long long)group, group == 1 ? "" : "s");
  if (w->dim[0] % group)
    INFER_FAIL(in, "%lld output channels cannot be split into %lld groups", (long long)w->dim[0],
               (long long)group);
  struct window win = {.kernel = {w->dim[1], w->dim[2]}};
  if (win.kernel[0] < 1 || win.kernel[1] < 1) INFER_FAIL(in, "weight is empty: %s", infer_text(in, w));
  infer_window(in, &win, 0);
  dim[0] = x->dim[0];
  infer_window_sizes(in, &win, x, dim + 1);
  dim[3] = w->dim[0];
}

void infer_conv(struct infer *in) {
  int64_t dim[4];
  conv_shape(in, dim);
  dot_output(in, 4, dim, false);
  need_bias(in, 2, dim[3]);
  need_residual(in, 3);
  need_clip(in);
}

void infer_conv_integer(struct infer *in) {
  int64_t dim[4];
  conv_shape(in, dim);
  need_zero_point(in, 2, "input's zero point", 0, 0);
  need_zero_point(in, 3, "weight's zero point", 1, dim[3]);
  dot_output(in, 4, dim, true);
}

void infer_conv_transpose(struct infer *in) {
  need_rank_4(in, 0, "input");
  need_rank_4(in, 1, "weight");
  const struct type *x = infer_type(in, 0), *w = infer_type(in, 1);
  int64_t group = infer_int(in, ATTR_GROUP, 1, 1, INFER_LIMIT);
  if (x->dim[3] != w->dim[0] || x->dim[3] % group)
    INFER_FAIL(in, "weight has %lld input channels, input has %lld channels and %lld group%s",
               (long long)w->dim[0], (long long)x->dim[3], (long long)group, group == 1 ? "" : "s");
  struct window win = {.kernel = {w->dim[1], w->dim[2]}};
  infer_window(in, &win, -(int64_t)INFER_LIMIT);
  int64_t extra[2], dim[4];
  infer_ints(in, ATTR_OUTPUT_PADDING, 2, 0, 0, extra);
  dim[0] = x->dim[0];
  for (int i = 0; i < 2; i++) {
    if (x->dim[1 + i] < 1 || win.kernel[i] < 1)
      INFER_FAIL(in, "input %s or weight %s is empty", infer_text(in, x), infer_text(in, w));
    int64_t steps;
    if (!checked_mul(win.strides[i], x->dim[1 + i] - 1, &steps) || steps > INFER_LIMIT)
      INFER_FAIL(in, "stride %lld is too large", (long long)win.strides[i]);
    dim[1 + i] =
        steps + extra[i] + win.dilations[i] * (win.kernel[i] - 1) + 1 - win.pads[i] - win.pads[i + 2];
    if (dim[1 + i] < 1)
      INFER_FAIL(in, "pads %lld and %lld leave nothing of the output", (long long)win.pads[i],
                 (long long)win.pads[i + 2]);
  }
  if (!checked_mul(w->dim[3], group, &dim[3])) INFER_FAIL(in, "group %lld is too large", (long long)group);
  dot_output(in, 4, dim, false);
  need_bias(in, 2, dim[3]);
  need_clip(in);
}

/* Shape of a [..,m,k] . b [..,k,n], with the last two axes swapped on request; batch axes broadcast. */
static int matmul_shape(const struct infer *in, bool transpose_a, bool transpose_b, int64_t dim[MAX_RANK]) {
  const struct type *a = infer_type(in, 0), *b = infer_type(in, 1);
  if (a->rank < 2 || b->rank < 2)
    INFER_FAIL(in, "a is %s and b is %s, both need rank 2 or more", infer_text(in, a), infer_text(in, b));
  int64_t m = a->dim[a->rank - (transpose_a ? 1 : 2)], k = a->dim[a->rank - (transpose_a ? 2 : 1)];
  int64_t kb = b->dim[b->rank - (transpose_b ? 1 : 2)], n = b->dim[b->rank - (transpose_b ? 2 : 1)];
  if (k != kb)
    INFER_FAIL(in, "a is %s and b is %s: %lld columns meet %lld rows", infer_text(in, a), infer_text(in, b),
               (long long)k, (long long)kb);
  struct type batch_a = type_make(a->dtype, a->rank - 2, a->dim, NULL);
  struct type batch_b = type_make(b->dtype, b->rank - 2, b->dim, NULL);
  int rank;
  if (!broadcast_shape(&batch_a, &batch_b, &rank, dim))
    INFER_FAIL(in, "a is %s and b is %s: batch axes do not broadcast", infer_text(in, a), infer_text(in, b));
  dim[rank++] = m;
  dim[rank++] = n;
  return rank;
}

void infer_matmul(struct infer *in) {
  int64_t dim[MAX_RANK];
  bool transpose_a = infer_int(in, ATTR_TRANSPOSE_A, 0, 0, 1),
       transpose_b = infer_int(in, ATTR_TRANSPOSE_B, 0, 0, 1);
  int rank = matmul_shape(in, transpose_a, transpose_b, dim);
  dot_output(in, rank, dim, false);
  need_bias(in, 2, dim[rank - 1]);
  need_residual(in, 3);
  need_clip(in);
}

void infer_matmul_integer(struct infer *in) {
  int64_t dim[MAX_RANK];
  int rank = matmul_shape(in, false, false, dim);
  need_zero_point(in, 2, "a's zero point", 0, dim[rank - 2]);
  need_zero_point(in, 3, "b's zero point", 1, dim[rank - 1]);
  dot_output(in, rank, dim, true);
}
