#include "ir_check.h"

#include <math.h>
#include <string.h>

static void random_element(enum dtype t, uint8_t *to, uint64_t bits) {
  const uint32_t r = (uint32_t)(bits >> 32);
  const double real = (double)r / 4294967296.0 * 4.0 - 2.0;
  const float single = (float)real;
  uint64_t integral = r & 7;
  if (t == DT_U8 || t == DT_S8) integral = r & 255;
  if (t == DT_BOOL) integral = r & 1;
  if (t == DT_F16) integral = 0x3000 + (r & 0x8fff); /* 0.125 .. 2 and the negative ones */
  if (t == DT_BF16) integral = 0x3e00 + (r & 0x81ff);
  if (t == DT_F32) memcpy(to, &single, sizeof single);
  else if (t == DT_F64) memcpy(to, &real, sizeof real);
  else
    for (int i = 0; i < dtype_bytes(t); i++) to[i] = (uint8_t)(integral >> (8 * i));
}

const void **check_inputs(struct ctx *c, const struct graph *g, uint64_t seed) {
  const void **input = CTX_ARRAY(c, const void *, g->inputs.count);
  for (int i = 0; i < g->inputs.count; i++) {
    const struct type *t = &g->inputs.at[i]->type;
    const int size = dtype_bytes(t->dtype);
    uint8_t *bytes = ctx_alloc(c, (size_t)type_bytes(t));
    for (int64_t k = 0; k < type_elements(t); k++)
      random_element(t->dtype, bytes + k * size, random_next(&seed));
    input[i] = bytes;
  }
  return input;
}

/* Element as a double; integers beyond 2^53 lose digits, which only matters for the printed difference. */
static double element(enum dtype t, const uint8_t *p) {
  const int bytes = dtype_bytes(t);
  uint64_t bits = 0;
  for (int i = 0; i < bytes; i++) bits |= (uint64_t)p[i] << (8 * i);
  if (t == DT_F64 || t == DT_F32) {
    double d = 0;
    float f = 0;
    if (t == DT_F64) memcpy(&d, p, sizeof d);
    else memcpy(&f, p, sizeof f);
    return t == DT_F64 ? d : (double)f;
  }
  if (!dtype_is_signed(t)) return (double)bits;
  const int shift = 64 - 8 * bytes;
  return (double)((int64_t)(bits << shift) >> shift);
}

struct difference {
  double largest, magnitude; /* magnitude: of the reference's largest finite element */
  bool equal;                /* every bit, any NaN being as good as another */
};

static struct difference compare(const struct type *t, const uint8_t *before, const uint8_t *after) {
  struct difference d = {.equal = true};
  const int size = dtype_bytes(t->dtype);
  for (int64_t i = 0; i < type_elements(t); i++, before += size, after += size) {
    const double x = element(t->dtype, before), y = element(t->dtype, after);
    if (isfinite(x)) d.magnitude = fmax(d.magnitude, fabs(x));
    if (memcmp(before, after, (size_t)size) == 0 || (isnan(x) && isnan(y))) continue;
    d.equal = false;
    d.largest = isnan(x - y) ? (double)INFINITY : fmax(d.largest, fabs(x - y));
  }
  return d;
}

/* The size of one step of an output: of its integers, or of the 8-bit number that it was dequantized from. A
 * float without such a number gets a step of an 8-bit range that just holds it. */
static double step_of(const struct value *before, const struct value *after, double magnitude) {
  const struct value *const candidates[] = {before, after};
  if (!dtype_is_float(before->type.dtype)) return 1.0;
  for (size_t i = 0; i < COUNT_OF(candidates); i++) {
    const struct node *n = candidates[i]->producer;
    if (n && n->op == OP_DEQUANTIZE && n->input[0]->type.quant->axis < 0)
      return (double)n->input[0]->type.quant->scale[0] * 1.0001;
  }
  return magnitude / 127.0;
}

static bool within(enum pass_bound bound, const struct difference *d, const struct value *before,
                   const struct value *after) {
  switch (bound) {
    case PASS_EXACT: return d->equal;
    case PASS_ONE_STEP: return d->largest <= step_of(before, after, d->magnitude);
    case PASS_RELATIVE:
      /* A quantize behind the changed floats may fall to the other side of a tie. */
      return d->largest <= (dtype_is_float(before->type.dtype) ? 1e-5 * d->magnitude : 1.0);
  }
  return false;
}

bool check_pass(struct ctx *c, const struct pass *pass, const struct graph *before, const struct graph *after,
                const void *const *input, FILE *to) {
  bool ok = before->outputs.count == after->outputs.count && before->inputs.count == after->inputs.count;
  if (!ok) {
    fprintf(to, "check %s: the number of inputs or outputs has changed\n", pass->name);
    return false;
  }
  const void **expected = eval_graph(c, before, true, input), **got = eval_graph(c, after, true, input);
  struct difference worst = {.equal = true};
  for (int i = 0; i < before->outputs.count; i++) {
    const struct value *x = before->outputs.at[i], *y = after->outputs.at[i];
    if (!type_equal(&x->type, &y->type)) {
      fprintf(to, "check %s: output %d has another type\n", pass->name, i);
      return false;
    }
    const struct difference d = compare(&x->type, expected[i], got[i]);
    ok = ok && within(pass->bound, &d, x, y);
    worst.equal = worst.equal && d.equal;
    worst.largest = fmax(worst.largest, d.largest);
  }
  static const char *const bounds[] = {"exact", "one step", "relative 1e-5"};
  fprintf(to, "check %s: largest difference %g%s (%s): %s\n", pass->name, worst.largest,
          worst.equal ? "" : ", not the same bits", bounds[pass->bound], ok ? "ok" : "FAILED");
  return ok;
}
