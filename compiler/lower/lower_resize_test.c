/* Resize in every mode against ONNX Runtime's outputs (resize_cases.def): nearest and 8-bit exactly, floats
 * to a few ulp. */
#include "lower/node_test.h"

static const struct {
  const char *dtype, *x, *y, *attrs, *expected;
} cases[] = {
#define CASE(dtype, x, y, attrs, expected) {dtype, x, y, attrs, expected},
#include "lower/resize_cases.def"
#undef CASE
};

static void set_element(enum dtype dtype, void *data, int64_t i) {
  int64_t v = (i * 37 + 11) % 101;
  if (dtype == DT_F32)
    ((float *)data)[i] = (float)v;
  else
    ((uint8_t *)data)[i] = (uint8_t)(dtype == DT_S8 ? v - 50 : v);
}

static void test_resize(struct node_test *t) {
  char *text = ctx_printf(
      t->ctx, "graph \"resize\"\ninput %%x: %s%s\n%%y: %s%s = resize(%%x) {%s}\noutput \"y\" %%y\n",
      cases[t->number].dtype, cases[t->number].x, cases[t->number].dtype, cases[t->number].y,
      cases[t->number].attrs);
  struct graph *g = eir_parse(t->ctx, "resize_cases.def", text, strlen(text));
  const struct node *n = g->nodes.at[0];
  ops_verify(g, "parsing");
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  void *data = calloc((size_t)type_bytes(x) + TAIL_PAD, 1);
  for (int64_t i = 0; i < type_elements(x); i++) set_element(x->dtype, data, i);
  void *got = test_both(t, n, &data);
  char *at = ctx_strdup(t->ctx, cases[t->number].expected);
  for (int64_t i = 0; i < type_elements(y); i++) {
    double expected = strtod(at, &at), v = element(y->dtype, got, i);
    double slack = y->dtype == DT_F32 && !strstr(cases[t->number].attrs, "mode=nearest") ? 1e-4 : 0;
    if (!(fabs(v - expected) <= slack)) {
      printf("%s %s -> %s {%s}: element %lld is %g, expected %g\n", cases[t->number].dtype,
             cases[t->number].x, cases[t->number].y, cases[t->number].attrs, (long long)i, v, expected);
      test_fail(t, "wrong element", i);
      break;
    }
  }
  free(data), free(got);
}

int main(void) { return run_cases("resize", (int)COUNT_OF(cases), test_resize) != 0; }
