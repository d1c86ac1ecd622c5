/* Convolutions and matrix products of random shapes: lowered to SIMD kernels and to plain ones, run natively,
 * the same bits; and the plain ones against a direct formula. Outputs and scratch are checked to the byte. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lower/lower.h"

enum { CASES = 400, CANARY = 0xa5 };

struct test {
  struct ctx ctx;
  struct graph *g;
  uint64_t seed;
  const char *what;
  int number, failures;
};

static int64_t pick(struct test *t, int64_t low, int64_t high) {
  return low + (int64_t)(random_next(&t->seed) % (uint64_t)(high - low + 1));
}
static bool maybe(struct test *t) { return pick(t, 0, 1) == 1; }
static float pick_float(struct test *t, float low, float high) {
  return low + (high - low) * (float)(random_next(&t->seed) >> 40) / 16777216.0f;
}

static void fail(struct test *t, const char *why, int64_t at) {
  printf("%s case %d: %s at %lld\n", t->what, t->number, why, (long long)at);
  t->failures++;
}

/* Random bytes of a type, extremes often. Followed by TAIL_PAD readable bytes. */
static void *random_data(struct test *t, const struct type *type) {
  int64_t n = type_elements(type), bytes = type_bytes(type);
  uint8_t *p = ctx_alloc(&t->ctx, (size_t)bytes + TAIL_PAD);
  static const uint8_t extremes[] = {0, 127, 128, 255};
  for (int64_t i = 0; i < n; i++) {
    if (type->dtype == DT_F32)
      ((float *)(void *)p)[i] = pick_float(t, -2, 2);
    else if (type->dtype == DT_S32)
      ((int32_t *)(void *)p)[i] = (int32_t)pick(t, -5000, 5000);
    else
      p[i] = pick(t, 0, 7) == 0 ? extremes[pick(t, 0, 3)] : (uint8_t)pick(t, 0, 255);
  }
  return p;
}

static int32_t pick_zero_point(struct test *t, enum dtype dtype) {
  int32_t low = dtype == DT_S8 ? -128 : 0;
  switch (pick(t, 0, 4)) {
    case 0: return low;
    case 1: return low + 255;
    case 2: return dtype == DT_S8 ? 0 : 128;
    case 3: return 0;
    default: return low + (int32_t)pick(t, 0, 255);
  }
}

static const struct quant *pick_quant(struct test *t, enum dtype dtype, int axis, int64_t n, float scale) {
  float *scales = CTX_ARRAY(&t->ctx, float, n);
  int32_t *zeros = CTX_ARRAY(&t->ctx, int32_t, n);
  bool same = maybe(t);
  for (int64_t i = 0; i < n; i++) {
    scales[i] = scale * pick_float(t, 0.5f, 1.5f);
    zeros[i] = same && i > 0 ? zeros[0] : pick_zero_point(t, dtype);
  }
  return quant_make(&t->ctx, axis, (int)n, scales, zeros);
}

static enum dtype pick_8bit(struct test *t) { return maybe(t) ? DT_S8 : DT_U8; }

static struct value *constant_of(struct test *t, struct type type) {
  return value_constant(&t->ctx, "c", type, random_data(t, &type));
}

/* Runs a node's calls. Returns the output's bytes, which end where the allocation ends (a sanitizer sees a
 * byte more). */
static uint8_t *run(struct test *t, const struct node *n, bool plain, void *const *data) {
  struct lowering l = {.ctx = &t->ctx, .level = plain ? LEVEL_SCALAR : LEVEL_SIMD128, .plain = plain};
  lower_node(&l, n);
  int64_t bytes = type_bytes(&n->output[0]->type), scratch_bytes[2] = {0, 0};
  uint8_t *y = malloc((size_t)bytes), *scratch[2] = {NULL, NULL};
  memset(y, 0x5a, (size_t)bytes);
  for (int i = 0; i < l.calls.count; i++) {
    const struct call *c = l.calls.at[i];
    void *operand[16] = {NULL};
    for (int k = 0; k < c->operand_count; k++) {
      const struct operand *o = &c->operand[k];
      if (o->kind == OPERAND_VALUE && o->value == n->output[0]) operand[k] = y;
      for (int j = 0; o->kind == OPERAND_VALUE && j < n->input_count; j++)
        if (n->input[j] == o->value) operand[k] = data[j];
      if (o->kind == OPERAND_CONSTANT) {
        operand[k] = ctx_alloc(&t->ctx, (size_t)o->bytes + TAIL_PAD);
        memcpy(operand[k], o->data, (size_t)o->bytes);
      }
      if (o->kind == OPERAND_SCRATCH && !scratch[o->scratch]) {
        scratch_bytes[o->scratch] = o->bytes;
        scratch[o->scratch] = ctx_alloc(&t->ctx, (size_t)o->bytes + TAIL_PAD);
        memset(scratch[o->scratch], CANARY, (size_t)o->bytes + TAIL_PAD);
      }
      if (o->kind == OPERAND_SCRATCH) operand[k] = scratch[o->scratch];
    }
    c->kernel->run(c->params, operand);
  }
  for (int i = 0; i < 2; i++)
    for (int64_t k = 0; scratch[i] && k < TAIL_PAD; k++)
      if (scratch[i][scratch_bytes[i] + k] != CANARY) fail(t, "wrote past the end of its scratch", k);
  return y;
}

/* One sum of a conv or matmul by the definition, from the last tap to the first. */
typedef double sum_function(const struct node *n, void *const *data, int64_t i);

static int32_t level_at(const struct value *v, const void *data, int64_t i) {
  return v->type.dtype == DT_S8 ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}
/* Element i of operand 0 or 1 as a real number (integers: minus the zero point, which may be one a row or
 * channel). */
static double element(const struct node *n, void *const *data, int which, int64_t i, int64_t lane) {
  const struct value *v = n->input[which];
  if (v->type.dtype == DT_F32) return (double)((const float *)data[which])[i];
  int32_t level = level_at(v, data[which], i);
  if (v->type.quant) return level - v->type.quant->zero_point[v->type.quant->axis < 0 ? 0 : lane];
  const struct value *zero = n->input[which + 2];
  return zero ? level - level_at(zero, data[which + 2], type_elements(&zero->type) == 1 ? 0 : lane) : level;
}

static double conv_sum(const struct node *n, void *const *data, int64_t i) {
  const struct value *x = n->input[0], *w = n->input[1];
  const int64_t *yd = n->output[0]->type.dim, *xd = x->type.dim, *wd = w->type.dim;
  const int64_t *pads = attr_ints(n, ATTR_PADS, &(int){0}), *strides = attr_ints(n, ATTR_STRIDES, &(int){0});
  const int64_t *dilations = attr_ints(n, ATTR_DILATIONS, &(int){0});
  int64_t o = i % yd[3], column = i / yd[3] % yd[2], row = i / yd[3] / yd[2] % yd[1],
          image = i / yd[3] / yd[2] / yd[1];
  int64_t group = o / (yd[3] / attr_int(n, ATTR_GROUP, 1));
  double sum = 0;
  for (int64_t k = wd[1] * wd[2] * wd[3] - 1; k >= 0; k--) {
    int64_t c = k % wd[3], s = k / wd[3] % wd[2], r = k / wd[3] / wd[2];
    int64_t ih = row * strides[0] - pads[0] + r * dilations[0],
            iw = column * strides[1] - pads[1] + s * dilations[1];
    if (ih < 0 || ih >= xd[1] || iw < 0 || iw >= xd[2]) continue;
    int64_t xi = ((image * xd[1] + ih) * xd[2] + iw) * xd[3] + group * wd[3] + c;
    sum += element(n, data, 0, xi, 0) * element(n, data, 1, ((o * wd[1] + r) * wd[2] + s) * wd[3] + c, o);
  }
  return sum;
}

/* Output row r gets input row i through kernel row k when r = i * stride + k * dilation - pad. */
static double transposed_sum(const struct node *n, void *const *data, int64_t i) {
  const int64_t *yd = n->output[0]->type.dim, *xd = n->input[0]->type.dim, *wd = n->input[1]->type.dim;
  const int64_t *pads = attr_ints(n, ATTR_PADS, &(int){0}), *strides = attr_ints(n, ATTR_STRIDES, &(int){0});
  const int64_t *dilations = attr_ints(n, ATTR_DILATIONS, &(int){0});
  int64_t o = i % yd[3], column = i / yd[3] % yd[2], row = i / yd[3] / yd[2] % yd[1],
          image = i / yd[3] / yd[2] / yd[1];
  int64_t depth = xd[3] / attr_int(n, ATTR_GROUP, 1);
  double sum = 0;
  for (int64_t k = wd[1] * wd[2] * depth - 1; k >= 0; k--) {
    int64_t c = o / wd[3] * depth + k % depth, s = k / depth % wd[2], r = k / depth / wd[2];
    int64_t y = row - r * dilations[0] + (pads ? pads[0] : 0),
            x = column - s * dilations[1] + (pads ? pads[1] : 0);
    if (y < 0 || x < 0 || y % strides[0] || x % strides[1] || y / strides[0] >= xd[1] ||
        x / strides[1] >= xd[2])
      continue;
    sum += element(n, data, 0, ((image * xd[1] + y / strides[0]) * xd[2] + x / strides[1]) * xd[3] + c, 0) *
           element(n, data, 1, ((c * wd[1] + r) * wd[2] + s) * wd[3] + o % wd[3], 0);
  }
  return sum;
}

static double matmul_sum(const struct node *n, void *const *data, int64_t i) {
  const struct value *a = n->input[0], *b = n->input[1];
  const struct type *y = &n->output[0]->type;
  bool ta = attr_int(n, ATTR_TRANSPOSE_A, 0) != 0, tb = attr_int(n, ATTR_TRANSPOSE_B, 0) != 0;
  int64_t columns = y->dim[y->rank - 1], rows = y->dim[y->rank - 2],
          k = a->type.dim[a->type.rank - (ta ? 2 : 1)];
  int64_t column = i % columns, row = i / columns % rows, batch = i / columns / rows, ai = 0, bi = 0,
          step_a = 1, step_b = 1;
  for (int axis = y->rank - 3; axis >= 0; axis--) {
    int64_t index = batch % y->dim[axis], in_a = axis - (y->rank - a->type.rank),
            in_b = axis - (y->rank - b->type.rank);
    batch /= y->dim[axis];
    if (in_a >= 0 && a->type.dim[in_a] > 1) ai += index * step_a;
    if (in_b >= 0 && b->type.dim[in_b] > 1) bi += index * step_b;
    if (in_a >= 0) step_a *= a->type.dim[in_a];
    if (in_b >= 0) step_b *= b->type.dim[in_b];
  }
  double sum = 0;
  for (int64_t j = k - 1; j >= 0; j--)
    sum += element(n, data, 0, ai * rows * k + (ta ? j * rows + row : row * k + j), row) *
           element(n, data, 1, bi * k * columns + (tb ? column * k + j : j * columns + column), column);
  return sum;
}

/* ONNX QuantizeLinear. */
static int32_t quantized(float x, float scale, int32_t zero_point, enum dtype dtype) {
  int32_t lowest = dtype == DT_S8 ? -128 : 0;
  return (int32_t)fmin(fmax(rint((double)(x / scale)) + zero_point, lowest), lowest + 255);
}
static int32_t clipped(const float *clip, int32_t level, float scale, int32_t zero_point, enum dtype dtype) {
  if (!clip) return level;
  int32_t low = quantized(clip[0], scale, zero_point, dtype),
          high = quantized(clip[1], scale, zero_point, dtype);
  return level < low ? low : level > high ? high : level;
}

/* The 8-bit result by ONNX Runtime's formulas (QLinearConv, then clip, then QLinearAdd, then clip). */
static int32_t expected_level(const struct node *n, void *const *data, int64_t i, int32_t sum, float scale) {
  const struct type *y = &n->output[0]->type;
  const float *clip = attr_floats(n, ATTR_CLIP, &(int){0}), *post = attr_floats(n, ATTR_POST_CLIP, &(int){0});
  float y_scale = y->quant->scale[0];
  int32_t y_zero = y->quant->zero_point[0], lowest = y->dtype == DT_S8 ? -128 : 0;
  bool add = n->input_count > 3;
  float mid = add ? attr_float(n, ATTR_MID_SCALE, 0) : y_scale;
  int32_t mid_zero = add ? (int32_t)attr_int(n, ATTR_MID_ZERO_POINT, 0) : y_zero;
  double v = rint((double)((float)sum * (scale / mid))) + mid_zero;
  int32_t level = clipped(clip, (int32_t)fmin(fmax(v, lowest), lowest + 255), mid, mid_zero, y->dtype);
  if (!add) return level;
  const struct quant *r = n->input[3]->type.quant;
  int32_t a = level, b = level_at(n->input[3], data[3], i), a_zero = mid_zero, b_zero = r->zero_point[0], t;
  float ra = mid / y_scale, rb = r->scale[0] / y_scale, f;
  if ((attr_int(n, ATTR_RESIDUAL_FIRST, 0) != 0) != (type_elements(y) == 1)) {
    t = a, a = b, b = t;
    t = a_zero, a_zero = b_zero, b_zero = t;
    f = ra, ra = rb, rb = f;
  }
  float fixed = (float)y_zero - fmaf(ra, (float)a_zero, rb * (float)b_zero);
  double sum_of_both = rint((double)fmaf((float)a, ra, fmaf((float)b, rb, fixed)));
  return clipped(post, (int32_t)fmin(fmax(sum_of_both, lowest), lowest + 255), y_scale, y_zero, y->dtype);
}

static float clip_real(const float *clip, float v) { return clip ? fminf(fmaxf(v, clip[0]), clip[1]) : v; }

/* Plain results of float nodes, up to rounding. */
static void check_float(struct test *t, const struct node *n, void *const *data, const float *y,
                        sum_function *sum_of) {
  const struct type *type = &n->output[0]->type;
  const float *clip = attr_floats(n, ATTR_CLIP, &(int){0}), *post = attr_floats(n, ATTR_POST_CLIP, &(int){0});
  for (int64_t i = 0; i < type_elements(type); i++) {
    double sum = sum_of(n, data, i);
    if (n->input[2]) sum += (double)((const float *)data[2])[i % type->dim[type->rank - 1]];
    float v = clip_real(clip, (float)sum);
    if (n->input_count > 3) v += ((const float *)data[3])[i];
    if (fabsf(y[i] - clip_real(post, v)) > 1e-3f) return fail(t, "float differs from the definition", i);
  }
}

/* Plain results of integer nodes against the definition. */
static void check_formula(struct test *t, const struct node *n, void *const *data, const uint8_t *y,
                          sum_function *sum_of) {
  const struct type *type = &n->output[0]->type, *w = &n->input[1]->type;
  const float *clip = attr_floats(n, ATTR_CLIP, &(int){0}), *post = attr_floats(n, ATTR_POST_CLIP, &(int){0});
  int64_t channels = type->dim[type->rank - 1];
  const int32_t *bias = n->input[2] && n->input[2]->type.dtype == DT_S32 ? data[2] : NULL;
  for (int64_t i = 0; i < type_elements(type); i++) {
    int64_t channel = i % channels;
    int32_t sum = (int32_t)sum_of(n, data, i) + (bias ? bias[channel] : 0);
    if (type->dtype == DT_S32) {
      if (((const int32_t *)(const void *)y)[i] != sum) return fail(t, "sum differs from the definition", i);
      continue;
    }
    float scale = n->input[0]->type.quant->scale[0] * w->quant->scale[w->quant->axis < 0 ? 0 : channel];
    if (type->dtype == DT_F32) {
      float v = clip_real(clip, (float)sum * scale);
      if (n->input_count > 3) v += ((const float *)data[3])[i];
      if (((const float *)(const void *)y)[i] != clip_real(post, v))
        return fail(t, "float differs from the definition", i);
      continue;
    }
    if (level_at(n->output[0], y, i) != expected_level(n, data, i, sum, scale))
      return fail(t, "level differs from the definition", i);
  }
}

/* Both ways, and the same bits. */
static void compare(struct test *t, const struct node *n, sum_function *formula) {
  void *data[4] = {NULL};
  for (int i = 0; i < n->input_count; i++) {
    const struct value *v = n->input[i];
    if (!v) continue;
    data[i] = random_data(t, &v->type);
    if (v->data) memcpy(data[i], v->data, (size_t)type_bytes(&v->type));
  }
  uint8_t *plain = run(t, n, true, data), *best = run(t, n, false, data);
  int64_t bytes = type_bytes(&n->output[0]->type);
  for (int64_t i = 0; i < bytes; i++) {
    if (plain[i] != best[i]) {
      fail(t, "SIMD and plain differ", i);
      break;
    }
  }
  if (n->input[0]->type.dtype == DT_F32)
    check_float(t, n, data, (const float *)(const void *)plain, formula);
  else
    check_formula(t, n, data, plain, formula);
  free(plain);
  free(best);
}

/* What a product of k pairs is asked to give: s32, f32 or a quantized type whose levels the results spread
 * over. */
static struct type pick_output(struct test *t, const struct quant *x, const struct quant *w, int64_t k) {
  float spread = x->scale[0] * w->scale[0] * sqrtf((float)k) * (pick(t, 0, 9) ? 100.0f : 1e-5f);
  enum dtype dtype = pick_8bit(t);
  switch (pick(t, 0, 4)) {
    case 0: return type_make(DT_S32, 0, NULL, NULL);
    case 1: return type_make(DT_F32, 0, NULL, NULL);
    default: return type_make(dtype, 0, NULL, pick_quant(t, dtype, -1, 1, spread));
  }
}

struct attrs {
  struct attr at[16];
  int count;
};
static void add_attr(struct attrs *a, struct attr attr) {
  int i = a->count++;
  for (; i > 0 && a->at[i - 1].key > attr.key; i--) a->at[i] = a->at[i - 1];
  a->at[i] = attr;
}

/* Clips and a residual at random; the residual is input 3. */
static void add_epilogue(struct test *t, struct attrs *a, const struct type *want, const struct type *shape,
                         struct value **input) {
  float span = want->quant ? want->quant->scale[0] * 100 : 3;
  if (want->dtype == DT_S32) return;
  if (maybe(t))
    add_attr(a, attr_make_floats(&t->ctx, ATTR_CLIP, 2,
                                 (float[]){maybe(t) ? 0 : -span, maybe(t) ? INFINITY : span / 2}));
  if (!maybe(t)) return;
  struct type type = type_make(want->dtype, shape->rank, shape->dim, NULL);
  if (want->quant) {
    enum dtype dtype = pick_8bit(t);
    type = type_make(dtype, shape->rank, shape->dim, pick_quant(t, dtype, -1, 1, want->quant->scale[0]));
    add_attr(a, attr_make_float(&t->ctx, ATTR_MID_SCALE, want->quant->scale[0] * pick_float(t, 0.5f, 1.5f)));
    add_attr(a, attr_make_int(&t->ctx, ATTR_MID_ZERO_POINT, pick_zero_point(t, want->dtype)));
    add_attr(a, attr_make_int(&t->ctx, ATTR_RESIDUAL_FIRST, maybe(t)));
  }
  input[3] = graph_input(t->g, "residual", type);
  if (maybe(t)) add_attr(a, attr_make_floats(&t->ctx, ATTR_POST_CLIP, 2, (float[]){-span / 4, span}));
}

/* The node without epilogue gives the shape for a residual. */
static void compare_node(struct test *t, enum op op, struct value **input, struct attrs *a,
                         const struct type *want, sum_function *formula) {
  struct value *bare = ops_node(t->g, op, 3, input, a->count, a->at, want, NULL);
  add_epilogue(t, a, want, &bare->type, input);
  struct value *y = ops_node(t->g, op, input[3] ? 4 : 3, input, a->count, a->at, want, NULL);
  compare(t, y->producer, formula);
}

/* Attributes of a random window over h x w; false when nothing of the input is left. */
static bool pick_window(struct test *t, struct attrs *a, int64_t h, int64_t w, const int64_t kernel[2]) {
  int64_t pads[4], strides[2], dilations[2];
  for (int i = 0; i < 4; i++) pads[i] = maybe(t) ? pick(t, 0, 4) : kernel[i % 2] / 2;
  for (int i = 0; i < 2; i++) {
    strides[i] = pick(t, 1, 3);
    dilations[i] = maybe(t) ? 1 : pick(t, 1, 3);
  }
  add_attr(a, attr_make_ints(&t->ctx, ATTR_PADS, 4, pads));
  add_attr(a, attr_make_ints(&t->ctx, ATTR_STRIDES, 2, strides));
  add_attr(a, attr_make_ints(&t->ctx, ATTR_DILATIONS, 2, dilations));
  return h + pads[0] + pads[2] > dilations[0] * (kernel[0] - 1) &&
         w + pads[1] + pads[3] > dilations[1] * (kernel[1] - 1);
}

struct conv_case {
  int64_t x[4], w[4];
  struct attrs attrs;
};

static bool pick_conv(struct test *t, struct conv_case *c) {
  int64_t group = 1, depth = pick(t, 1, 20), out = pick(t, 1, 20), kernel[2] = {pick(t, 1, 4), pick(t, 1, 4)};
  int shape = (int)pick(t, 0, 5);
  if (shape == 0) kernel[0] = kernel[1] = 1;
  if (shape == 1) group = pick(t, 2, 4);                    /* grouped */
  if (shape >= 4) group = pick(t, 2, 40), depth = out = 1;  /* depthwise */
  if (shape == 5 && maybe(t)) kernel[0] = 8, kernel[1] = 7; /* more taps than are unrolled */
  *c = (struct conv_case){{pick(t, 1, 2), pick(t, 1, 9), pick(t, 1, 9), group * depth},
                          {group * out, kernel[0], kernel[1], depth},
                          {.count = 0}};
  add_attr(&c->attrs, attr_make_int(&t->ctx, ATTR_GROUP, group));
  if (shape != 0 || maybe(t)) return pick_window(t, &c->attrs, c->x[1], c->x[2], kernel);
  add_attr(&c->attrs, attr_make_ints(&t->ctx, ATTR_PADS, 4, (int64_t[]){0, 0, 0, 0}));
  add_attr(&c->attrs, attr_make_ints(&t->ctx, ATTR_STRIDES, 2, (int64_t[]){1, 1}));
  add_attr(&c->attrs, attr_make_ints(&t->ctx, ATTR_DILATIONS, 2, (int64_t[]){1, 1}));
  return true;
}

static void quantized_conv(struct test *t) {
  struct conv_case c;
  if (!pick_conv(t, &c)) return;
  enum dtype x = pick_8bit(t), w = pick_8bit(t);
  const struct quant *xq = pick_quant(t, x, -1, 1, 0.02f);
  const struct quant *wq = maybe(t) ? pick_quant(t, w, 0, c.w[0], 0.01f) : pick_quant(t, w, -1, 1, 0.01f);
  struct value *input[4] = {graph_input(t->g, "x", type_make(x, 4, c.x, xq)),
                            constant_of(t, type_make(w, 4, c.w, wq))};
  if (maybe(t)) input[2] = constant_of(t, type_make(DT_S32, 1, &c.w[0], NULL));
  struct type want = pick_output(t, xq, wq, c.w[1] * c.w[2] * c.w[3]);
  compare_node(t, OP_CONV, input, &c.attrs, &want, conv_sum);
}

static void float_conv(struct test *t) {
  struct conv_case c;
  if (!pick_conv(t, &c)) return;
  struct value *input[4] = {graph_input(t->g, "x", type_make(DT_F32, 4, c.x, NULL)),
                            constant_of(t, type_make(DT_F32, 4, c.w, NULL))};
  if (maybe(t)) input[2] = constant_of(t, type_make(DT_F32, 1, &c.w[0], NULL));
  struct type want = type_make(DT_F32, 0, NULL, NULL);
  compare_node(t, OP_CONV, input, &c.attrs, &want, conv_sum);
}

static struct value *zero_points(struct test *t, enum dtype dtype, int64_t n) {
  struct type type = type_make(dtype, n == 1 ? 0 : 1, &n, NULL);
  return maybe(t) ? constant_of(t, type) : graph_input(t->g, "zero", type);
}

static void integer_conv(struct test *t) {
  struct conv_case c;
  if (!pick_conv(t, &c)) return;
  enum dtype x = pick_8bit(t), w = pick_8bit(t);
  struct type x_type = type_make(x, 4, c.x, NULL), w_type = type_make(w, 4, c.w, NULL);
  struct value *input[4] = {graph_input(t->g, "x", x_type),
                            pick(t, 0, 4) ? constant_of(t, w_type) : graph_input(t->g, "w", w_type)};
  if (maybe(t)) input[2] = zero_points(t, x, 1);
  if (maybe(t)) input[3] = zero_points(t, w, maybe(t) ? 1 : c.w[0]);
  compare(t, ops_node(t->g, OP_CONV_INTEGER, 4, input, c.attrs.count, c.attrs.at, NULL, NULL)->producer,
          conv_sum);
}

static void transposed_conv(struct test *t) {
  int64_t group = maybe(t) ? 1 : pick(t, 2, 3), kernel[2] = {pick(t, 1, 4), pick(t, 1, 4)};
  int64_t x[4] = {pick(t, 1, 2), pick(t, 1, 6), pick(t, 1, 6), group * pick(t, 1, 9)};
  int64_t w[4] = {x[3], kernel[0], kernel[1], pick(t, 1, 18)};
  int64_t strides[2] = {pick(t, 1, 3), pick(t, 1, 3)}, dilations[2] = {pick(t, 1, 2), pick(t, 1, 2)};
  bool upsampling = maybe(t);
  for (int i = 0; upsampling && i < 2; i++) {
    strides[i] = kernel[i];
    dilations[i] = 1;
  }
  struct attrs a = {.count = 0};
  add_attr(&a, attr_make_int(&t->ctx, ATTR_GROUP, group));
  add_attr(&a, attr_make_ints(&t->ctx, ATTR_STRIDES, 2, strides));
  add_attr(&a, attr_make_ints(&t->ctx, ATTR_DILATIONS, 2, dilations));
  if (!upsampling && maybe(t))
    add_attr(&a, attr_make_ints(&t->ctx, ATTR_PADS, 4, (int64_t[]){0, kernel[1] / 2, 0, 0}));
  if (!upsampling && maybe(t))
    add_attr(&a, attr_make_ints(&t->ctx, ATTR_OUTPUT_PADDING, 2, (int64_t[]){strides[0] - 1, 0}));
  struct value *input[3] = {graph_input(t->g, "x", type_make(DT_F32, 4, x, NULL)),
                            constant_of(t, type_make(DT_F32, 4, w, NULL))};
  if (maybe(t)) add_attr(&a, attr_make_floats(&t->ctx, ATTR_CLIP, 2, (float[]){-1, 2}));
  if (maybe(t)) input[2] = constant_of(t, type_make(DT_F32, 1, &(int64_t){group * w[3]}, NULL));
  compare(t, ops_node(t->g, OP_CONV_TRANSPOSE, 3, input, a.count, a.at, NULL, NULL)->producer,
          transposed_sum);
}

struct matmul_case {
  int64_t a[4], b[4], n;
  int a_rank, b_rank;
  int64_t k;
  bool tb;
  struct attrs attrs;
};

static struct matmul_case pick_matmul(struct test *t, bool may_transpose) {
  int64_t m = pick(t, 1, 11), n = pick(t, 1, 27), k = pick(t, 1, 33), outer = pick(t, 1, 3),
          inner = pick(t, 1, 3);
  bool ta = may_transpose && pick(t, 0, 3) == 0, tb = may_transpose && maybe(t);
  struct matmul_case c = {.a = {maybe(t) ? outer : 1, inner, ta ? k : m, ta ? m : k},
                          .n = n,
                          .k = k,
                          .tb = tb,
                          .b = {outer, maybe(t) ? inner : 1, tb ? n : k, tb ? k : n},
                          .a_rank = 4,
                          .b_rank = 4};
  if (maybe(t)) c.b[0] = 1, c.b[1] = 1, c.b_rank = maybe(t) ? 2 : 4;
  if (ta) add_attr(&c.attrs, attr_make_int(&t->ctx, ATTR_TRANSPOSE_A, 1));
  if (tb) add_attr(&c.attrs, attr_make_int(&t->ctx, ATTR_TRANSPOSE_B, 1));
  return c;
}
static struct value *matmul_b(struct test *t, const struct matmul_case *c, enum dtype dtype,
                              const struct quant *q) {
  struct type type = type_make(dtype, c->b_rank, c->b + 4 - c->b_rank, q);
  return maybe(t) ? constant_of(t, type) : graph_input(t->g, "b", type);
}

static void quantized_matmul(struct test *t) {
  struct matmul_case c = pick_matmul(t, true);
  enum dtype a = pick_8bit(t), b = pick_8bit(t);
  const struct quant *aq = pick_quant(t, a, -1, 1, 0.02f), *bq = pick_quant(t, b, -1, 1, 0.01f);
  if (maybe(t)) bq = pick_quant(t, b, c.b_rank - (c.tb ? 2 : 1), c.n, 0.01f);
  struct value *input[4] = {graph_input(t->g, "a", type_make(a, 4, c.a, aq)), matmul_b(t, &c, b, bq)};
  if (maybe(t)) input[2] = constant_of(t, type_make(DT_S32, 1, &c.n, NULL));
  struct type want = pick_output(t, aq, bq, c.k);
  compare_node(t, OP_MATMUL, input, &c.attrs, &want, matmul_sum);
}

static void float_matmul(struct test *t) {
  struct matmul_case c = pick_matmul(t, true);
  struct value *input[4] = {graph_input(t->g, "a", type_make(DT_F32, 4, c.a, NULL)),
                            matmul_b(t, &c, DT_F32, NULL)};
  if (maybe(t)) input[2] = graph_input(t->g, "bias", type_make(DT_F32, 1, &c.n, NULL));
  struct type want = type_make(DT_F32, 0, NULL, NULL);
  compare_node(t, OP_MATMUL, input, &c.attrs, &want, matmul_sum);
}

static void integer_matmul(struct test *t) {
  struct matmul_case c = pick_matmul(t, false);
  enum dtype a = pick_8bit(t), b = pick_8bit(t);
  struct value *input[4] = {graph_input(t->g, "a", type_make(a, 4, c.a, NULL)), matmul_b(t, &c, b, NULL)};
  if (maybe(t)) input[2] = zero_points(t, a, maybe(t) ? 1 : c.a[2]);
  if (maybe(t)) input[3] = zero_points(t, b, maybe(t) ? 1 : c.n);
  compare(t, ops_node(t->g, OP_MATMUL_INTEGER, 4, input, 0, NULL, NULL, NULL)->producer, matmul_sum);
}

static const struct {
  const char *name;
  void (*run)(struct test *t);
} families[] = {
    {"quantized conv", quantized_conv},     {"float conv", float_conv},
    {"integer conv", integer_conv},         {"transposed conv", transposed_conv},
    {"quantized matmul", quantized_matmul}, {"float matmul", float_matmul},
    {"integer matmul", integer_matmul},
};

static void run_case(struct ctx *c, void *argument) {
  struct test *t = argument;
  (void)c;
  t->g = graph_new(&t->ctx, "test");
  for (size_t i = 0; i < COUNT_OF(families); i++)
    if (families[i].name == t->what) families[i].run(t);
}

int main(void) {
  int failures = 0;
  for (size_t i = 0; i < COUNT_OF(families); i++) {
    for (int number = 0; number < CASES; number++) {
      struct test t = {.seed = i * 1000003 + (uint64_t)number, .what = families[i].name, .number = number};
      ctx_init(&t.ctx);
      if (!ctx_run(&t.ctx, run_case, &t)) fail(&t, "an error was reported", 0);
      failures += t.failures;
      ctx_free(&t.ctx);
    }
  }
  return failures != 0;
}
