/* The .eir text form: what is printed reads back the same, and malformed texts get a message with line and
 * column. */
#include <string.h>

#include "ir/ir.h"

static int failures;
static char last_message[4096];

static void remember(void *user, const char *line) {
  (void)user;
  snprintf(last_message, sizeof last_message, "%s", line);
}

struct request {
  const char *text;
  size_t size;
  struct graph *graph;
};

static void parse(struct ctx *c, void *argument) {
  struct request *r = argument;
  r->graph = eir_parse(c, "t.eir", r->text, r->size);
}

static const char *printed(struct ctx *c, const struct graph *g) {
  struct buffer b;
  buffer_init(&b, c);
  eir_print(&b, g);
  return (const char *)b.data;
}

/* {text, canonical text or NULL when it is canonical itself} */
static const char *const round_trips[][2] = {
    {"graph \"empty\"\n", NULL},
    {"graph \"a \\\"quoted\\\" name \\\\ \\x07\"\ninput %x: f32[]\noutput \"y\\x0a\" %x\n", NULL},
    {"graph \"g\"\ninput %x: u8[1,8,8,3] q(0.0078125, 128)\n"
     "const %w: s8[2,1,1,3] q(axis=0, [0.1, 0.2], [0, -1]) = [1, -2, 3, -128, 127, 0]\n"
     "%y: u8[1,8,8,2] q(0.05, 3) = conv(%x, %w, _) {pads=[0, 0, 0, 0], clip=[0, inf]} @\"Conv_3\"(Conv) "
     "@\"Relu_4\"(Relu)\n"
     "output \"probabilities\" %y\noutput \"again\" %y\n",
     NULL},
    {"graph \"g\"\ninput %\"a b\": f32[2]\ninput %a:0: f32[2]\ninput %\"_\": f32[2]\n"
     "input %\"colon:\": f32[2]\n"
     "%v4: f32[2] = add(%\"a b\", %a:0)\n%c: f32[2] = add(%\"_\", %\"colon:\")\noutput \"\" %c\n",
     NULL},
    {"graph \"g\"\ninput %x: f32[3]\n"
     "%q: u8[3], %s: f32[], %z: u8[] = quantize_dynamic(%x)\noutput \"q\" %q\noutput \"s\" %s\n",
     NULL},
    {"graph \"dtypes\"\nconst %a: bool[2] = [0, 1]\n"
     "const %b: s64[2] = [-9223372036854775808, 9223372036854775807]\n"
     "const %c: u64[2] = [1, 18446744073709551615]\nconst %d: f64[2] = [0.1, nan]\n"
     "const %e: f32[3] = [-inf, 1e-45, 0.33333334]\n"
     "const %f: f16[1] = [15360]\nconst %h: f32[0] = []\nconst %i: s32[4] = splat(-7)\n"
     "output \"a\" %a\noutput \"b\" %b\noutput \"c\" %c\noutput \"d\" %d\noutput \"e\" %e\noutput \"f\" %f\n"
     "output \"h\" %h\noutput \"i\" %i\n",
     "graph \"dtypes\"\nconst %a: bool[2] = [0, 1]\n"
     "const %b: s64[2] = [-9223372036854775808, 9223372036854775807]\n"
     "const %c: u64[2] = [1, 18446744073709551615]\nconst %d: f64[2] = [0.1, nan]\n"
     "const %e: f32[3] = [-inf, 1e-45, 0.33333334]\n"
     "const %f: f16[1] = [15360]\nconst %h: f32[0] = []\nconst %i: s32[4] = splat(-7)\n"
     "output \"a\" %a\noutput \"b\" %b\noutput \"c\" %c\noutput \"d\" %d\noutput \"e\" %e\noutput \"f\" %f\n"
     "output \"h\" %h\noutput \"i\" %i\n"},
    {"; a comment\n\n  graph   \"g\"  ; and one behind\r\ninput %x :f32[ 2 , 2 ]\n"
     "%y :f32[2,2]=transpose(%x){perm=[1,0]}\n\toutput \"y\" %y",
     NULL},
    {"graph \"attributes\"\ninput %x: f32[1,2]\n"
     "%y: f32[1,4] = resize(%x) {coordinates=asymmetric, scales=[1,2.5], mode=nearest}\noutput \"y\" %y\n",
     "graph \"attributes\"\ninput %x: f32[1,2]\n"
     "%y: f32[1,4] = resize(%x) {mode=nearest, coordinates=asymmetric, scales=[1, 2.5]}\noutput \"y\" %y\n"},
};

static void test_round_trip(const char *text, const char *canonical) {
  struct ctx c;
  ctx_init(&c);
  c.report = remember;
  struct request first = {text, strlen(text), NULL}, second = {0};
  if (!ctx_run(&c, parse, &first)) {
    printf("eir_test: does not parse: %s\n%s\n", last_message, text);
    failures++;
  } else {
    second.text = printed(&c, first.graph);
    second.size = strlen(second.text);
    const bool again = ctx_run(&c, parse, &second);
    if (!again || strcmp(printed(&c, second.graph), second.text) != 0 ||
        (canonical && strcmp(second.text, canonical) != 0)) {
      printf("eir_test: printed:\n%sfor:\n%s%s\n", second.text, text, again ? "" : last_message);
      failures++;
    }
  }
  ctx_free(&c);
}

static const struct {
  const char *text, *message;
} malformed[] = {
    {"", "line 1, column 1: expected graph"},
    {"grape \"g\"", "line 1, column 6: expected 'graph \"name\"'"},
    {"graph g", "line 1, column 7: expected '\"'"},
    {"graph \"g", "text without a closing quote"},
    {"graph \"g\\", "text without a closing quote"},
    {"graph \"\\xg0\"", "expected two hex digits"},
    {"graph \"g\" x", "line 1, column 11: expected the end of the line"},
    {"graph \"g\"\nfoo %x: f32[1]", "line 2, column 4: expected input, const, output or a node"},
    {"graph \"g\"\ninput x: f32[1]", "line 2, column 7: expected '%'"},
    {"graph \"g\"\ninput %x f32[1]", "expected ':'"},
    {"graph \"g\"\ninput %x: float[1]", "unknown dtype"},
    {"graph \"g\"\ninput %x: f32[-1]", "impossible shape"},
    {"graph \"g\"\ninput %x: f32[1048576,1048576,1048576,1048576]", "impossible shape"},
    {"graph \"g\"\ninput %x: f32[1,1,1,1,1,1,1,1,1]", "too many dimensions"},
    {"graph \"g\"\ninput %x: f32[1", "expected an integer"},
    {"graph \"g\"\ninput %x: u8[1] q(0, 0)", "a scale must be positive and finite"},
    {"graph \"g\"\ninput %x: u8[1] q(nan, 0)", "a scale must be positive and finite"},
    {"graph \"g\"\ninput %x: u8[1] q(1, 99999999999)", "99999999999 is not in"},
    {"graph \"g\"\ninput %x: u8[3] q(axis=0, [1, 2], [0, 0])", "quantization does not fit the shape"},
    {"graph \"g\"\ninput %x: u8[2] q(axis=1, [1, 2], [0, 0])", "quantization does not fit the shape"},
    {"graph \"g\"\ninput %x: u8[2] q(axis=-3, [1, 2], [0, 0])", "-3 is not in 0..7"},
    {"graph \"g\"\ninput %x: u8[2] q(axis=0, [1, 2], [0])", "as many zero points as scales are needed"},
    {"graph \"g\"\ninput %x: f32[1]\ninput %x: f32[1]", "line 3, column 17: %x is defined twice"},
    {"graph \"g\"\n%y: f32[1] = neg(%x)", "line 2, column 20: %x is not defined above"},
    {"graph \"g\"\ninput %x: f32[1]\n%y: f32[1] = nag(%x)", "unknown operation 'nag'"},
    {"graph \"g\"\ninput %x: f32[1]\n%y: f32[1] = neg(%x) {alfa=1}", "unknown attribute"},
    {"graph \"g\"\ninput %x: f32[1]\n%y: f32[1] = neg(%x) {alpha=x}", "expected a number"},
    {"graph \"g\"\ninput %x: f32[1]\n%y: f32[1] = neg(%x) {alpha=1", "expected '}'"},
    {"graph \"g\"\ninput %x: f32[1]\n%y: f32[1] = neg(%x) @\"n\"", "expected '('"},
    {"graph \"g\"\nconst %k: u8[2] = [1]", "wrong count of elements"},
    {"graph \"g\"\nconst %k: u8[2] = [1, 2.5]", "expected an integer"},
    {"graph \"g\"\nconst %k: u8[2] = [1, 256]", "256 is not in 0..255"},
    {"graph \"g\"\nconst %k: s8[1] = [-129]", "-129 is not in -128..127"},
    {"graph \"g\"\nconst %k: u64[1] = [18446744073709551616]", "integer too large"},
    {"graph \"g\"\nconst %k: u8[2] = [1, 2, 3]", "wrong count of elements"},
    {"graph \"g\"\nconst %k: bool[1] = [2]", "2 is not in 0..1"},
    {"graph \"g\"\nconst %k: u8[2] = fill(1)", "expected [..], splat(..) or random(..)"},
    {"graph \"g\"\noutput \"y\" _", "an output needs a value"},
    {"graph \"g\"\noutput \"y\" %y", "%y is not defined above"},
};

static void test_malformed(const char *text, const char *message) {
  struct ctx c;
  ctx_init(&c);
  c.report = remember;
  struct request r = {text, strlen(text), NULL};
  const bool parsed = ctx_run(&c, parse, &r);
  if (parsed || !strstr(last_message, message) || !strstr(last_message, "t.eir: error: ")) {
    printf("eir_test: expected '%s', got '%s' for:\n%s\n", message, parsed ? "no error" : last_message, text);
    failures++;
  }
  ctx_free(&c);
}

/* No text makes the parser read past its end: every prefix of good ones, in a buffer of its size. */
static void test_prefixes(const char *text) {
  struct ctx c;
  ctx_init(&c);
  c.report = remember;
  for (size_t size = 0; size < strlen(text); size++) {
    struct request r = {ctx_copy(&c, text, size), size, NULL};
    ctx_run(&c, parse, &r);
  }
  ctx_free(&c);
}

int main(void) {
  for (size_t i = 0; i < COUNT_OF(round_trips); i++) {
    test_round_trip(round_trips[i][0], round_trips[i][1]);
    test_prefixes(round_trips[i][0]);
  }
  for (size_t i = 0; i < COUNT_OF(malformed); i++) test_malformed(malformed[i].text, malformed[i].message);
  return failures != 0;
}
