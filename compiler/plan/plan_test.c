/* plan: programs run on one memory image give what eval_graph gives, leave inputs as they were, keep ports
 * apart and aligned, and need no copies where concat, slice and reshape can work in place. */
#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"
#include "plan/plan.h"

static int failures;

static void fail(const char *name, const char *what) {
  printf("plan_test: %s: %s\n", name, what);
  failures++;
}

/* steps: how many kernels a plan with reuse runs; what is done in place takes none. */
static const struct {
  const char *name;
  int steps;
  const char *text;
} cases[] = {
    {"chain of reshapes", 1,
     "input %x: f32[2,6]\n%a: f32[3,4] = reshape(%x) {shape=[3,4]}\n"
     "%b: f32[4,3] = transpose(%a) {perm=[1,0]}\n"
     "%c: f32[12] = reshape(%b) {shape=[12]}\n%d: f32[2,6] = reshape(%c) {shape=[2,6]}\noutput \"d\" %d\n"},
    {"output is a reshaped input", 0,
     "input %x: f32[2,6]\n%a: f32[3,4] = reshape(%x) {shape=[3,4]}\noutput \"a\" %a\noutput \"x\" %x\n"},
    {"output is a constant", 0,
     "const %k: u8[5] = [1, 2, 3, 4, 5]\nconst %l: u8[3] = [7, 8, 9]\n"
     "output \"k\" %k\noutput \"l\" %l\n"},
    {"one value at two outputs", 1,
     "input %x: u8[3,5]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\noutput \"a\" %a\noutput \"b\" %a\n"},
    {"concat in place", 2,
     "input %x: u8[3,5]\ninput %y: u8[3,4]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[4,3] = transpose(%y) {perm=[1,0]}\n%c: u8[9,3] = concat(%a, %b) {axis=0}\noutput \"c\" %c\n"},
    {"concat in place behind axes of size 1", 2,
     "input %x: u8[1,3,5]\ninput %y: u8[1,3,4]\n%a: u8[1,5,3] = transpose(%x) {perm=[0,2,1]}\n"
     "%b: u8[1,4,3] = transpose(%y) {perm=[0,2,1]}\n%c: u8[1,9,3] = concat(%a, %b) {axis=1}\n"
     "output \"c\" %c\n"},
    {"nested concats", 3,
     "input %x: u8[3,5]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[5,3] = slice(%a) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%c: u8[10,3] = concat(%a, %b) {axis=0}\n%d: u8[5,3] = transpose(%x) {perm=[1,0]}\n"
     "%e: u8[15,3] = concat(%d, %c) {axis=0}\noutput \"e\" %e\n"},
    {"concat of reshapes", 2,
     "input %x: u8[3,5]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[5,3] = slice(%a) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%c: u8[1,15] = reshape(%a) {shape=[1,15]}\n%d: u8[1,15] = reshape(%b) {shape=[1,15]}\n"
     "%e: u8[1,30] = concat(%c, %d) {axis=1}\noutput \"e\" %e\n"},
    {"concat of one value twice is copied", 3,
     "input %x: u8[3,5]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\n%c: u8[10,3] = concat(%a, %a) {axis=0}\n"
     "output \"c\" %c\n"},
    {"concat of an input is copied", 3,
     "input %x: u8[5,3]\n%a: u8[5,3] = slice(%x) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%c: u8[10,3] = concat(%x, %a) {axis=0}\noutput \"c\" %c\n"},
    {"concat of an output is copied", 4,
     "input %x: u8[5,3]\n%a: u8[5,3] = slice(%x) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%b: u8[5,3] = slice(%x) {starts=[4,2], steps=[-1,-1], sizes=[5,3]}\n"
     "%c: u8[10,3] = concat(%b, %a) {axis=0}\noutput \"c\" %c\noutput \"b\" %b\n"},
    {"a value in two concats is in place once", 5,
     "input %x: u8[5,3]\n%a: u8[5,3] = slice(%x) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%b: u8[5,3] = slice(%x) {starts=[4,2], steps=[-1,-1], sizes=[5,3]}\n"
     "%d: u8[5,3] = slice(%x) {starts=[0,2], steps=[1,-1], sizes=[5,3]}\n"
     "%c: u8[10,3] = concat(%b, %a) {axis=0}\n%e: u8[10,3] = concat(%a, %d) {axis=0}\noutput \"c\" %c\n"
     "output \"e\" %e\n"},
    {"concat along columns is copied", 4,
     "input %x: u8[3,5]\n%a: u8[5,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[5,3] = slice(%a) {starts=[4,0], steps=[-1,1], sizes=[5,3]}\n"
     "%c: u8[5,6] = concat(%a, %b) {axis=1}\noutput \"c\" %c\n"},
    {"slices of rows in place", 3,
     "input %x: u8[3,6]\n%a: u8[6,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[2,3] = slice(%a) {starts=[1,0], sizes=[2,3]}\n"
     "%c: u8[3,3] = slice(%a) {starts=[3,0], sizes=[3,3]}\n%d: u8[3,2] = transpose(%b) {perm=[1,0]}\n"
     "%e: u8[3,3] = transpose(%c) {perm=[1,0]}\noutput \"d\" %d\noutput \"e\" %e\n"},
    {"slice of a slice of an input", 1,
     "input %x: u8[6,3]\n%a: u8[4,3] = slice(%x) {starts=[1,0], sizes=[4,3]}\n"
     "%b: u8[1,3] = slice(%a) {starts=[2,0], sizes=[1,3]}\n"
     "%c: u8[1,2] = slice(%b) {starts=[0,1], sizes=[1,2]}\n%d: u8[2,1] = transpose(%c) {perm=[1,0]}\n"
     "output \"d\" %d\n"},
    {"a slice that is an output is copied", 1,
     "input %x: u8[6,3]\n%a: u8[4,3] = slice(%x) {starts=[1,0], sizes=[4,3]}\n"
     "%b: u8[12] = reshape(%a) {shape=[12]}\noutput \"b\" %b\n"},
    {"split and concat again", 4,
     "input %x: u8[3,6]\n%a: u8[6,3] = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[2,3] = slice(%a) {starts=[0,0], sizes=[2,3]}\n"
     "%c: u8[4,3] = slice(%a) {starts=[2,0], sizes=[4,3]}\n%d: u8[6,3] = concat(%c, %b) {axis=0}\n"
     "%e: u8[3,6] = transpose(%d) {perm=[1,0]}\noutput \"e\" %e\n"},
    {"empty tensors", 1,
     "input %x: u8[0,3]\ninput %y: u8[2,3]\n%a: u8[2,3] = concat(%x, %y) {axis=0}\n"
     "%b: u8[3,0] = transpose(%x) {perm=[1,0]}\n"
     "output \"a\" %a\noutput \"b\" %b\n"},
    {"elementwise ops over a dead input", 4,
     "input %x: f32[3,5]\ninput %r: f32[5]\n%a: f32[5,3] = transpose(%x) {perm=[1,0]}\n%b: f32[5,3] = "
     "neg(%a)\n"
     "%c: f32[15] = reshape(%b) {shape=[15]}\n%d: f32[15] = abs(%c)\n%e: f32[3,5] = reshape(%d) "
     "{shape=[3,5]}\n"
     "%f: f32[3,5] = sub(%r, %e)\noutput \"f\" %f\n"},
    {"elementwise ops whose input is still needed", 5,
     "input %x: f32[3,5]\n%a: f32[5,3] = transpose(%x) {perm=[1,0]}\n%b: f32[5,3] = neg(%a)\n"
     "%c: f32[5,3] = sub(%b, %a)\n%d: f32[5,3] = mul(%c, %c)\n%e: f32[3,5] = abs(%x)\n"
     "output \"d\" %d\noutput \"e\" %e\noutput \"b\" %b\n"},
    {"elementwise ops over parts of a concat and a slice", 5,
     "input %x: u8[3,6] q(0.5, 7)\n%a: u8[6,3] q(0.5, 7) = transpose(%x) {perm=[1,0]}\n"
     "%b: u8[2,3] q(0.5, 7) = slice(%a) {starts=[0,0], sizes=[2,3]}\n%c: u8[2,3] q(0.25, 3) = neg(%b)\n"
     "%d: u8[6,3] q(0.25, 3) = neg(%a)\n%e: u8[8,3] q(0.25, 3) = concat(%c, %d) {axis=0}\n"
     "%f: u8[8,3] q(0.5, 9) = abs(%e)\n%g: u8[3,8] q(0.5, 9) = transpose(%f) {perm=[1,0]}\noutput \"g\" "
     "%g\n"},
    {"long chain reuses memory", 9,
     "input %x: f32[7,9]\n%a: f32[9,7] = transpose(%x) {perm=[1,0]}\n"
     "%b: f32[7,9] = transpose(%a) {perm=[1,0]}\n"
     "%c: f32[9,7] = transpose(%b) {perm=[1,0]}\n%d: f32[7,9] = transpose(%c) {perm=[1,0]}\n"
     "%e: f32[9,7] = transpose(%d) {perm=[1,0]}\n"
     "%f: f32[9,14] = concat(%a, %e) {axis=1}\n"
     "%g: f32[9,14] = slice(%f) {starts=[8,0], steps=[-1,1], sizes=[9,14]}\n"
     "%h: f32[14,9] = transpose(%g) {perm=[1,0]}\noutput \"h\" %h\n"},
};

struct test {
  const char *name, *text;
  int steps;
  bool no_reuse;
};

static struct graph *read_case(struct ctx *c, const struct test *t) {
  const char *text = ctx_printf(c, "graph \"test\"\n%s", t->text);
  struct graph *g = eir_parse(c, t->name, text, strlen(text));
  ops_verify(g, NULL);
  return g;
}

static void check_ports(const struct test *t, const struct program *p) {
  for (int i = 0; i < p->inputs.count; i++)
    if (p->inputs.at[i].offset % PLAN_ALIGN || p->inputs.at[i].offset < PLAN_BASE)
      fail(t->name, "an input is not aligned");
  for (int i = 0; i < p->outputs.count; i++)
    if (p->outputs.at[i].offset % PLAN_ALIGN || p->outputs.at[i].offset < PLAN_BASE)
      fail(t->name, "an output is not aligned");
  for (int i = 1; i < p->segments.count; i++)
    if (p->segments.at[i].offset < p->segments.at[i - 1].offset + p->segments.at[i - 1].bytes)
      fail(t->name, "segments overlap");
}

/* Runs the program twice on new inputs each time, in an image of exactly its size. */
static void check_results(struct ctx *c, const struct test *t, const struct graph *g,
                          const struct program *p) {
  uint8_t *memory = malloc((size_t)p->end + TAIL_PAD);
  uint64_t seed = 3;
  if (!memory) exit(1);
  for (int64_t i = 0; i < p->end + TAIL_PAD; i++) memory[i] = (uint8_t)random_next(&seed);
  program_load(p, memory);
  for (int round = 0; round < 2; round++) {
    const void **input = CTX_ARRAY(c, const void *, g->inputs.count);
    for (int i = 0; i < g->inputs.count; i++) {
      const struct port *port = &p->inputs.at[i];
      uint8_t *bytes = ctx_alloc(c, (size_t)port->bytes);
      for (int64_t k = 0; k < port->bytes; k++) bytes[k] = (uint8_t)(random_next(&seed) & 0x3f);
      memcpy(memory + port->offset, bytes, (size_t)port->bytes);
      input[i] = bytes;
    }
    program_run(p, memory, 0, p->steps.count);
    const void **expected = eval_graph(c, g, true, input);
    for (int i = 0; i < g->outputs.count; i++)
      if (memcmp(memory + p->outputs.at[i].offset, expected[i], (size_t)p->outputs.at[i].bytes) != 0)
        fail(t->name, "the program and eval_graph give different outputs");
    for (int i = 0; i < g->inputs.count; i++)
      if (memcmp(memory + p->inputs.at[i].offset, input[i], (size_t)p->inputs.at[i].bytes) != 0)
        fail(t->name, "an input was overwritten");
  }
  for (int i = 0; i < p->segments.count; i++)
    if (memcmp(memory + p->segments.at[i].offset, p->segments.at[i].data, (size_t)p->segments.at[i].bytes) !=
        0)
      fail(t->name, "a constant was overwritten");
  free(memory);
}

static void run(struct ctx *c, void *argument) {
  const struct test *t = argument;
  const struct graph *g = read_case(c, t);
  const struct plan_options options = {.level = LEVEL_SCALAR, .plain = true, .no_reuse = t->no_reuse};
  const struct program *p = plan(c, g, &options);
  if (!t->no_reuse && p->steps.count != t->steps) {
    printf("plan_test: %s: %d steps, expected %d\n", t->name, p->steps.count, t->steps);
    failures++;
  }
  check_ports(t, p);
  check_results(c, t, g, p);
}

int main(void) {
  for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
    const size_t k = i / 2;
    struct test t = {cases[k].name, cases[k].text, cases[k].steps, i % 2 == 1};
    struct ctx c;
    ctx_init(&c);
    if (!ctx_run(&c, run, &t)) fail(t.name, "an error was reported");
    ctx_free(&c);
  }
  return failures != 0;
}
