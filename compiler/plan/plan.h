/* plan: Graph -> Program: the order of steps and the address of every byte. Code holds constant addresses. */
#ifndef EAIC_PLAN_H
#define EAIC_PLAN_H

#include "lower/lower.h"

/* Memory of a module, from 0: GUARD bytes never used | constants (inputs' default, weights, tables) | arena:
 * inputs, outputs and intermediates by liveness | then, by the linker, read-only data of code, and the stack.
 */
enum { PLAN_BASE = 1024, PLAN_ALIGN = 64 };

struct segment { /* constant bytes at an address */
  int64_t offset, bytes;
  const void *data;
};

struct port { /* an input or output of the module */
  const char *name;
  struct type type;
  int64_t offset, bytes;
};

/* One function of the module: a kernel with params and the address of each operand (0: absent). */
struct step {
  const struct kernel *kernel;
  const void *params;
  size_t params_bytes;
  int operand_count;
  int64_t *offset;
  const struct call *call; /* what it was made from: nodes, macs, operands' values */
};

struct program {
  struct ctx *ctx;
  enum level level;
  VECTOR(struct segment) segments; /* ascending, disjoint */
  VECTOR(struct port) inputs;
  VECTOR(struct port) outputs;
  VECTOR(struct step) steps;
  int64_t weights_bytes; /* bytes of constants */
  int64_t arena_offset, arena_bytes;
  int64_t end;             /* first byte after the arena */
  int64_t peak_live_bytes; /* lower bound of any arena: the largest sum of live buffers */
};

struct plan_options {
  enum level level;
  bool plain;    /* only plain kernels */
  bool no_reuse; /* every value keeps its own memory: verify can look at each one after each step */
};
struct program *plan(struct ctx *c, const struct graph *g, const struct plan_options *options);
/* --emit=plan: one line a step. */
void plan_print(struct buffer *out, const struct program *p);

/* The program run natively on a memory image of p->end + TAIL_PAD bytes (addresses are offsets into it):
 * segments copied in by program_load; the caller fills inputs. Steps first..first+count-1. */
void program_load(const struct program *p, uint8_t *memory);
void program_run(const struct program *p, uint8_t *memory, int first, int count);

/* memplan.c: arithmetic on records; knows no ops. */
struct memory_record {
  int first, last; /* steps during which it is live, inclusive */
  int64_t bytes;
  int64_t offset; /* result */
};
/* Places records so that no two live at one time overlap; aligned to PLAN_ALIGN. Returns the bytes needed;
 * *peak: largest live sum. */
int64_t memory_plan(struct ctx *c, struct memory_record *records, int count, int64_t *peak);

#endif
