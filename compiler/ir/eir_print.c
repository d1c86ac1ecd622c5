#include <string.h>

#include "ir/ir.h"

struct printer {
  struct buffer *out;
  struct ctx *ctx;
  struct map used;            /* names taken */
  struct pointer_map name_of; /* value -> its name */
};

static bool bare(const char *name) {
  if (!*name || strcmp(name, "_") == 0 || name[strlen(name) - 1] == ':') return false;
  for (; *name; name++) {
    const char ch = *name;
    const bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
    if (!letter && !strchr("_.:/-", ch)) return false;
  }
  return true;
}

static void print_quoted(struct buffer *out, const char *s) {
  buffer_byte(out, '"');
  for (; *s; s++) {
    const unsigned char ch = (unsigned char)*s;
    if (ch == '"' || ch == '\\')
      buffer_printf(out, "\\%c", ch);
    else if (ch < ' ')
      buffer_printf(out, "\\x%02x", ch);
    else
      buffer_byte(out, ch);
  }
  buffer_byte(out, '"');
}

/* Every value gets a name of its own: the model's where it has one, with a suffix when it is taken. */
static const char *value_name(struct printer *p, const struct value *v) {
  char *name = pointer_map_get(&p->name_of, v);
  if (name) return name;
  name = v->name ? ctx_strdup(p->ctx, v->name) : ctx_printf(p->ctx, "v%d", p->used.count);
  for (int i = 2; map_get(&p->used, name); i++)
    name = ctx_printf(p->ctx, "%s.%d", v->name ? v->name : "v", i);
  map_set(&p->used, name, p);
  pointer_map_set(&p->name_of, v, name);
  return name;
}

static void print_value(struct printer *p, const struct value *v) {
  if (!v) {
    buffer_byte(p->out, '_');
    return;
  }
  const char *name = value_name(p, v);
  buffer_byte(p->out, '%');
  if (bare(name))
    buffer_text(p->out, name);
  else
    print_quoted(p->out, name);
}

static void print_quant(struct buffer *out, const struct quant *q) {
  if (q->axis < 0) {
    buffer_text(out, " q(");
    buffer_float(out, q->scale[0]);
    buffer_printf(out, ", %d)", (int)q->zero_point[0]);
    return;
  }
  buffer_printf(out, " q(axis=%d, [", q->axis);
  for (int i = 0; i < q->n; i++) {
    if (i) buffer_text(out, ", ");
    buffer_float(out, q->scale[i]);
  }
  buffer_text(out, "], [");
  for (int i = 0; i < q->n; i++) buffer_printf(out, "%s%d", i ? ", " : "", (int)q->zero_point[i]);
  buffer_text(out, "])");
}

static void print_type(struct buffer *out, const struct type *t) {
  buffer_printf(out, "%s[", dtype_name(t->dtype));
  for (int i = 0; i < t->rank; i++) buffer_printf(out, "%s%lld", i ? "," : "", (long long)t->dim[i]);
  buffer_byte(out, ']');
  if (t->quant) print_quant(out, t->quant);
}

/* Signed, unsigned and bool elements of 1, 2, 4 or 8 bytes. */
static void print_integer(struct buffer *out, enum dtype t, const uint8_t *p) {
  const int bytes = dtype_bytes(t);
  uint64_t bits = 0;
  for (int i = 0; i < bytes; i++) bits |= (uint64_t)p[i] << (8 * i);
  if (!dtype_is_signed(t) || dtype_is_float(t)) { /* f16 and bf16 print as their bits */
    buffer_printf(out, "%llu", (unsigned long long)bits);
    return;
  }
  const int shift = 64 - 8 * bytes;
  buffer_printf(out, "%lld", (long long)((int64_t)(bits << shift) >> shift));
}

static void print_element(struct buffer *out, enum dtype t, const uint8_t *p) {
  if (t == DT_F32) {
    float x;
    memcpy(&x, p, sizeof x);
    buffer_float(out, x);
  } else if (t == DT_F64) {
    double x;
    memcpy(&x, p, sizeof x);
    buffer_double(out, x);
  } else {
    print_integer(out, t, p);
  }
}

static void print_data(struct buffer *out, const struct value *v) {
  const int64_t n = type_elements(&v->type);
  const int size = dtype_bytes(v->type.dtype);
  const uint8_t *p = v->data;
  bool splat = n > 1;
  for (int64_t i = 1; i < n && splat; i++) splat = memcmp(p, p + i * size, (size_t)size) == 0;
  buffer_text(out, splat ? "splat(" : "[");
  for (int64_t i = 0; i < (splat ? 1 : n); i++) {
    if (i) buffer_text(out, ", ");
    print_element(out, v->type.dtype, p + i * size);
  }
  buffer_byte(out, splat ? ')' : ']');
}

static void print_constant(struct printer *p, const struct value *v) {
  if (!v || !v->data) return;
  if (pointer_map_get(&p->name_of, v)) return; /* printed already */
  buffer_text(p->out, "const ");
  print_value(p, v);
  buffer_text(p->out, ": ");
  print_type(p->out, &v->type);
  buffer_text(p->out, " = ");
  print_data(p->out, v);
  buffer_byte(p->out, '\n');
}

static void print_attr(struct buffer *out, const struct attr *a) {
  buffer_printf(out, "%s=", attr_key_name(a->key));
  const enum attr_kind kind = attr_key_kind(a->key);
  const bool list = kind == ATTR_KIND_INTS || kind == ATTR_KIND_FLOATS;
  if (kind == ATTR_KIND_NAME) {
    buffer_text(out, a->name);
    return;
  }
  if (list) buffer_byte(out, '[');
  for (int i = 0; i < a->n; i++) {
    if (i) buffer_text(out, ", ");
    if (a->floats)
      buffer_float(out, a->floats[i]);
    else
      buffer_printf(out, "%lld", (long long)a->ints[i]);
  }
  if (list) buffer_byte(out, ']');
}

static void print_node(struct printer *p, const struct node *n) {
  struct buffer *out = p->out;
  for (int i = 0; i < n->input_count; i++) print_constant(p, n->input[i]);
  for (int i = 0; i < n->output_count; i++) {
    if (i) buffer_text(out, ", ");
    print_value(p, n->output[i]);
    buffer_text(out, ": ");
    print_type(out, &n->output[i]->type);
  }
  buffer_printf(out, " = %s(", op_name(n->op));
  for (int i = 0; i < n->input_count; i++) {
    if (i) buffer_text(out, ", ");
    print_value(p, n->input[i]);
  }
  buffer_byte(out, ')');
  for (int i = 0; i < n->attr_count; i++) {
    buffer_text(out, i ? ", " : " {");
    print_attr(out, &n->attr[i]);
  }
  if (n->attr_count) buffer_byte(out, '}');
  for (const struct origin *o = n->origin; o; o = o->next) {
    buffer_text(out, " @");
    print_quoted(out, o->name);
    buffer_printf(out, "(%s)", o->op);
  }
  buffer_byte(out, '\n');
}

void eir_print(struct buffer *out, const struct graph *g) {
  struct printer p = {.out = out, .ctx = out->ctx};
  map_init(&p.used, out->ctx);
  pointer_map_init(&p.name_of, out->ctx);
  buffer_text(out, "graph ");
  print_quoted(out, g->name ? g->name : "");
  buffer_byte(out, '\n');
  for (int i = 0; i < g->inputs.count; i++) {
    buffer_text(out, "input ");
    print_value(&p, g->inputs.at[i]);
    buffer_text(out, ": ");
    print_type(out, &g->inputs.at[i]->type);
    buffer_byte(out, '\n');
  }
  for (int i = 0; i < g->nodes.count; i++) print_node(&p, g->nodes.at[i]);
  for (int i = 0; i < g->outputs.count; i++) print_constant(&p, g->outputs.at[i]);
  for (int i = 0; i < g->outputs.count; i++) {
    buffer_text(out, "output ");
    print_quoted(out, g->output_names.at[i]);
    buffer_byte(out, ' ');
    print_value(&p, g->outputs.at[i]);
    buffer_byte(out, '\n');
  }
}
