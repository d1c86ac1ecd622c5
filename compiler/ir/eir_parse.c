#include <math.h>
#include <string.h>

#include "ir/ir.h"

struct parser {
  struct ctx *ctx;
  const char *name, *at, *end, *line_start;
  int line;
  struct graph *graph;
  struct map values; /* name -> struct value */
};

EAIC_NORETURN static void fail(struct parser *p, const char *what) {
  p->ctx->file = p->name;
  fatal(p->ctx, NULL, "line %d, column %d: %s", p->line, (int)(p->at - p->line_start) + 1, what);
}

static char peek(const struct parser *p) { return p->at < p->end ? *p->at : 0; }

static void skip_blanks(struct parser *p) {
  while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\r') p->at++;
}

static void skip_lines(struct parser *p) {
  for (;;) {
    skip_blanks(p);
    if (peek(p) == ';')
      while (p->at < p->end && *p->at != '\n') p->at++;
    if (peek(p) != '\n') return;
    p->at++;
    p->line++;
    p->line_start = p->at;
  }
}

static bool accept(struct parser *p, char ch) {
  skip_blanks(p);
  if (peek(p) != ch) return false;
  p->at++;
  return true;
}

static void expect(struct parser *p, char ch) {
  if (!accept(p, ch)) fail(p, ctx_printf(p->ctx, "expected '%c'", ch));
}

static bool word_char(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
         (ch && strchr("_.:/-+", ch));
}

/* A ':' belongs to a word only inside of it ("add:0"): behind a name it comes before the type. */
static const char *word(struct parser *p, const char *what) {
  skip_blanks(p);
  const char *start = p->at;
  while (word_char(peek(p)) && !(*p->at == ':' && !(p->at + 1 < p->end && word_char(p->at[1])))) p->at++;
  if (p->at == start) fail(p, ctx_printf(p->ctx, "expected %s", what));
  return ctx_strndup(p->ctx, start, (size_t)(p->at - start));
}

static int hex_digit(struct parser *p) {
  const char ch = peek(p);
  p->at++;
  if (ch >= '0' && ch <= '9') return ch - '0';
  if (ch >= 'a' && ch <= 'f') return ch - 'a' + 10;
  fail(p, "expected two hex digits");
}

static const char *quoted(struct parser *p) {
  struct buffer b;
  buffer_init(&b, p->ctx);
  expect(p, '"');
  while (peek(p) != '"') {
    char ch = peek(p);
    if (!ch || ch == '\n') fail(p, "text without a closing quote");
    p->at++;
    if (ch == '\\') {
      ch = peek(p);
      if (!ch) fail(p, "text without a closing quote");
      p->at++;
      if (ch == 'x') {
        const int high = hex_digit(p);
        ch = (char)(high * 16 + hex_digit(p));
      }
    }
    buffer_byte(&b, (uint8_t)ch);
  }
  p->at++;
  return (const char *)b.data;
}

static int64_t integer(struct parser *p) {
  int64_t v;
  if (!parse_int64(word(p, "an integer"), &v)) fail(p, "expected an integer");
  return v;
}

static double number(struct parser *p) {
  const char *text = word(p, "a number");
  double v;
  if (strcmp(text, "inf") == 0) return (double)INFINITY;
  if (strcmp(text, "-inf") == 0) return -(double)INFINITY;
  if (strcmp(text, "nan") == 0) return (double)NAN;
  if (!parse_double(text, &v)) fail(p, "expected a number");
  return v;
}

struct numbers {
  VECTOR(double) real;
  VECTOR(int64_t) integer;
};

/* "[1, 2.5]": as reals, or exactly as integers. */
static struct numbers list(struct parser *p, bool real) {
  struct numbers l = {0};
  expect(p, '[');
  if (accept(p, ']')) return l;
  do {
    if (real)
      VECTOR_PUSH(p->ctx, &l.real, number(p));
    else
      VECTOR_PUSH(p->ctx, &l.integer, integer(p));
  } while (accept(p, ','));
  expect(p, ']');
  return l;
}

static const float *floats(struct parser *p, const struct numbers *l) {
  float *f = CTX_ARRAY(p->ctx, float, l->real.count);
  for (int i = 0; i < l->real.count; i++) f[i] = (float)l->real.at[i];
  return f;
}

static int64_t integer_within(struct parser *p, int64_t low, int64_t high) {
  const int64_t v = integer(p);
  if (v < low || v > high)
    fail(p, ctx_printf(p->ctx, "%lld is not in %lld..%lld", (long long)v, (long long)low, (long long)high));
  return v;
}

static void check_scale(struct parser *p, float scale) {
  if (!(scale > 0) || isinf(scale)) fail(p, "a scale must be positive and finite");
}

static const struct quant *quantization(struct parser *p) {
  expect(p, '(');
  skip_blanks(p);
  if (peek(p) != 'a') {
    const float scale = (float)number(p);
    check_scale(p, scale);
    expect(p, ',');
    const int32_t zero_point = (int32_t)integer_within(p, INT32_MIN, INT32_MAX);
    expect(p, ')');
    return quant_scalar(p->ctx, scale, zero_point);
  }
  if (strcmp(word(p, "axis"), "axis") != 0) fail(p, "expected 'axis'");
  expect(p, '=');
  const int axis = (int)integer_within(p, 0, MAX_RANK - 1);
  expect(p, ',');
  const struct numbers scale = list(p, true);
  expect(p, ',');
  const struct numbers zero = list(p, false);
  expect(p, ')');
  if (scale.real.count != zero.integer.count) fail(p, "as many zero points as scales are needed");
  int32_t *zero_point = CTX_ARRAY(p->ctx, int32_t, zero.integer.count);
  for (int i = 0; i < zero.integer.count; i++) {
    check_scale(p, (float)scale.real.at[i]);
    zero_point[i] = (int32_t)zero.integer.at[i];
  }
  return quant_make(p->ctx, axis, scale.real.count, floats(p, &scale), zero_point);
}

static struct type type(struct parser *p) {
  enum dtype dtype;
  int64_t dim[MAX_RANK];
  int rank = 0;
  if (!dtype_from_name(word(p, "a dtype"), &dtype)) fail(p, "unknown dtype");
  expect(p, '[');
  while (!accept(p, ']')) {
    if (rank == MAX_RANK) fail(p, "too many dimensions");
    dim[rank++] = integer(p);
    accept(p, ',');
  }
  skip_blanks(p);
  const struct quant *q = NULL;
  if (peek(p) == 'q') {
    p->at++;
    q = quantization(p);
  }
  const struct type t = type_make(dtype, rank, dim, q);
  if (!type_is_sane(&t)) fail(p, "impossible shape");
  if (q && q->axis >= 0 && (q->axis >= rank || q->n != dim[q->axis]))
    fail(p, "quantization does not fit the shape");
  return t;
}

static const char *value_name(struct parser *p) {
  expect(p, '%');
  return peek(p) == '"' ? quoted(p) : word(p, "a name");
}

static void define(struct parser *p, const char *name, struct value *v) {
  if (map_get(&p->values, name)) fail(p, ctx_printf(p->ctx, "%%%s is defined twice", name));
  v->name = name;
  map_set(&p->values, name, v);
}

static struct value *operand(struct parser *p) {
  if (accept(p, '_')) return NULL;
  const char *name = value_name(p);
  struct value *v = map_get(&p->values, name);
  if (!v) fail(p, ctx_printf(p->ctx, "%%%s is not defined above", name));
  return v;
}

static void store(enum dtype t, uint8_t *to, double real, int64_t integral) {
  if (t == DT_F32) {
    const float x = (float)real;
    memcpy(to, &x, sizeof x);
  } else if (t == DT_F64) {
    memcpy(to, &real, sizeof real);
  } else {
    for (int i = 0; i < dtype_bytes(t); i++) to[i] = (uint8_t)((uint64_t)integral >> (8 * i));
  }
}

/* Random bytes that make moderate numbers: floats in -1..1, integers over their 8-bit range, bools 0 or 1. */
static void fill_random(enum dtype t, uint8_t *to, int64_t n, uint64_t seed) {
  for (int64_t i = 0; i < n; i++) {
    const uint64_t r = random_next(&seed);
    const int64_t range = t == DT_BOOL ? 2 : 256;
    const int64_t v = (int64_t)(r >> 32) % range - (dtype_is_signed(t) ? 128 : 0);
    store(t, to + i * dtype_bytes(t), (double)(r >> 40) / (1 << 23) - 1.0, v);
  }
}

/* One number into its bytes. f16 and bf16 are written as their bits. */
static void element(struct parser *p, enum dtype t, uint8_t *to) {
  const int bits = 8 * dtype_bytes(t);
  if (t == DT_F32 || t == DT_F64) {
    store(t, to, number(p), 0);
  } else if (t == DT_BOOL) {
    store(t, to, 0, integer_within(p, 0, 1));
  } else if (t == DT_U64) {
    const char *text = word(p, "an integer");
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 20)
      fail(p, "expected an integer without a sign");
    uint64_t v = 0;
    for (; *text; text++)
      if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
        fail(p, "integer too large");
    store(t, to, 0, (int64_t)v);
  } else if (dtype_is_signed(t) && !dtype_is_float(t)) {
    const int64_t high = (int64_t)(((uint64_t)1 << (bits - 1)) - 1);
    store(t, to, 0, integer_within(p, -high - 1, high));
  } else {
    store(t, to, 0, integer_within(p, 0, ((int64_t)1 << bits) - 1));
  }
}

/* "[1, 2, ...]" with as many numbers as the type has. */
static void elements(struct parser *p, const struct type *t, uint8_t *bytes) {
  const int64_t n = type_elements(t);
  const int size = dtype_bytes(t->dtype);
  expect(p, '[');
  for (int64_t i = 0; i < n; i++) {
    if (i && !accept(p, ','))
      fail(p, ctx_printf(p->ctx, "wrong count of elements: %lld are needed", (long long)n));
    element(p, t->dtype, bytes + i * size);
  }
  if (!accept(p, ']')) fail(p, ctx_printf(p->ctx, "wrong count of elements: %lld are needed", (long long)n));
}

static const void *data(struct parser *p, const struct type *t) {
  const int64_t n = type_elements(t);
  const int size = dtype_bytes(t->dtype);
  uint8_t *bytes = ctx_alloc_array(p->ctx, (size_t)n, (size_t)size);
  skip_blanks(p);
  if (peek(p) == '[') {
    elements(p, t, bytes);
    return bytes;
  }
  const char *how = word(p, "data");
  expect(p, '(');
  if (strcmp(how, "splat") == 0) {
    uint8_t one[8];
    element(p, t->dtype, one);
    for (int64_t i = 0; i < n; i++) memcpy(bytes + i * size, one, (size_t)size);
  } else if (strcmp(how, "random") == 0) {
    fill_random(t->dtype, bytes, n, (uint64_t)integer(p));
  } else {
    fail(p, "expected [..], splat(..) or random(..)");
  }
  expect(p, ')');
  return bytes;
}

static struct attr attribute(struct parser *p) {
  const char *name = word(p, "an attribute");
  int key = 0;
  while (key < ATTR_COUNT && strcmp(attr_key_name((enum attr_key)key), name) != 0) key++;
  if (key == ATTR_COUNT) fail(p, "unknown attribute");
  expect(p, '=');
  const enum attr_key k = (enum attr_key)key;
  struct numbers l;
  switch (attr_key_kind(k)) {
    case ATTR_KIND_INT: return attr_make_int(p->ctx, k, integer(p));
    case ATTR_KIND_FLOAT: return attr_make_float(p->ctx, k, (float)number(p));
    case ATTR_KIND_NAME: return attr_make_name(p->ctx, k, word(p, "a word"));
    case ATTR_KIND_INTS: l = list(p, false); return attr_make_ints(p->ctx, k, l.integer.count, l.integer.at);
    case ATTR_KIND_FLOATS: l = list(p, true); return attr_make_floats(p->ctx, k, l.real.count, floats(p, &l));
  }
  fail(p, "unknown attribute");
}

static enum op operation(struct parser *p) {
  const char *name = word(p, "an operation");
  for (int i = 0; i < OP_COUNT; i++)
    if (strcmp(op_name((enum op)i), name) == 0) return (enum op)i;
  fail(p, ctx_printf(p->ctx, "unknown operation '%s'", name));
}

static const struct origin *origins(struct parser *p) {
  struct origin *head = NULL, *last = NULL;
  while (accept(p, '@')) {
    struct origin *o = CTX_NEW(p->ctx, struct origin);
    o->name = quoted(p);
    expect(p, '(');
    o->op = word(p, "an operator");
    expect(p, ')');
    if (last)
      last->next = o;
    else
      head = o;
    last = o;
  }
  return head;
}

static void node(struct parser *p) {
  VECTOR(const char *) names = {0};
  VECTOR(struct type) types = {0};
  VECTOR(struct value *) inputs = {0};
  VECTOR(struct attr) attrs = {0};
  do {
    VECTOR_PUSH(p->ctx, &names, value_name(p));
    expect(p, ':');
    VECTOR_PUSH(p->ctx, &types, type(p));
  } while (accept(p, ','));
  expect(p, '=');
  const enum op op = operation(p);
  expect(p, '(');
  while (!accept(p, ')')) {
    VECTOR_PUSH(p->ctx, &inputs, operand(p));
    accept(p, ',');
  }
  if (accept(p, '{')) {
    do VECTOR_PUSH(p->ctx, &attrs, attribute(p));
    while (accept(p, ','));
    expect(p, '}');
  }
  struct node *n = graph_node(p->graph, op, inputs.count, inputs.at, attrs.count, attrs.at, types.count,
                              types.at, origins(p));
  for (int i = 0; i < names.count; i++) define(p, names.at[i], n->output[i]);
}

static void statement(struct parser *p) {
  skip_blanks(p);
  if (peek(p) == '%') {
    node(p);
    return;
  }
  const char *what = word(p, "input, const, output or a node");
  if (strcmp(what, "output") == 0) {
    skip_blanks(p);
    const char *name = quoted(p);
    struct value *v = operand(p);
    if (!v) fail(p, "an output needs a value");
    graph_output(p->graph, name, v);
    return;
  }
  const bool input = strcmp(what, "input") == 0;
  if (!input && strcmp(what, "const") != 0) fail(p, "expected input, const, output or a node");
  const char *name = value_name(p);
  expect(p, ':');
  const struct type t = type(p);
  if (input) {
    define(p, name, graph_input(p->graph, name, t));
    return;
  }
  expect(p, '=');
  define(p, name, value_constant(p->ctx, name, t, data(p, &t)));
}

struct graph *eir_parse(struct ctx *c, const char *name, const char *text, size_t size) {
  struct parser p = {.ctx = c, .name = name, .at = text, .end = text + size, .line_start = text, .line = 1};
  map_init(&p.values, c);
  skip_lines(&p);
  if (strcmp(word(&p, "graph"), "graph") != 0) fail(&p, "expected 'graph \"name\"'");
  skip_blanks(&p);
  p.graph = graph_new(c, quoted(&p));
  for (;;) {
    skip_blanks(&p);
    if (peek(&p) && peek(&p) != '\n' && peek(&p) != ';') fail(&p, "expected the end of the line");
    skip_lines(&p);
    if (p.at >= p.end) return p.graph;
    statement(&p);
  }
}
