/* memory_plan: no two records that live at one time overlap, offsets are aligned, and simple cases are packed
 * perfectly. */
#include "plan/plan.h"

static int failures;

static void fail(const char *what, int where) {
  printf("memplan_test: %s (case %d)\n", what, where);
  failures++;
}

static int64_t rounded(const struct memory_record *r) { return align_up(r->bytes, PLAN_ALIGN); }

static void check_plan(const struct memory_record *r, int count, int64_t total, int64_t peak, int where) {
  int64_t sum = 0;
  for (int i = 0; i < count; i++) {
    sum += rounded(&r[i]);
    if (r[i].offset < 0 || r[i].offset % PLAN_ALIGN) fail("offset is not aligned", where);
    if (r[i].offset + r[i].bytes > total) fail("a record ends behind the arena", where);
    for (int k = 0; k < i; k++) {
      const bool together = r[i].first <= r[k].last && r[k].first <= r[i].last;
      const bool overlap = r[i].offset < r[k].offset + r[k].bytes && r[k].offset < r[i].offset + r[i].bytes;
      if (together && overlap) fail("two live records overlap", where);
    }
  }
  /* Both sides of the peak: what lives at each step, and the whole. */
  int64_t live_most = 0;
  for (int i = 0; i < count; i++) {
    int64_t live = 0;
    for (int k = 0; k < count; k++)
      if (r[k].first <= r[i].first && r[i].first <= r[k].last) live += rounded(&r[k]);
    live_most = max_i64(live_most, live);
  }
  if (peak != live_most) fail("the peak is not the largest sum of live records", where);
  if (total < peak || total > sum)
    fail("the arena is smaller than the peak, or larger than all records", where);
}

/* Hand-made cases with the best total. */
static const struct {
  int count;
  int64_t best;
  struct memory_record record[6];
} table[] = {
    {0, 0, {{0, 0, 0, 0}}},
    {1, 64, {{0, 0, 1, 0}}},
    {2, 128, {{0, 1, 64, 0}, {1, 2, 64, 0}}},
    {2, 64, {{0, 0, 64, 0}, {1, 1, 64, 0}}},
    {3, 192, {{0, 1, 64, 0}, {1, 2, 128, 0}, {2, 3, 64, 0}}},                 /* a chain: the ends share */
    {3, 256, {{0, 2, 64, 0}, {0, 1, 128, 0}, {1, 2, 64, 0}}},                 /* all live at step 1 */
    {4, 192, {{0, 1, 128, 0}, {1, 2, 64, 0}, {2, 3, 128, 0}, {3, 4, 64, 0}}}, /* ping-pong */
    {5,
     320,
     {{0, 4, 64, 0}, {0, 1, 128, 0}, {1, 2, 128, 0}, {2, 3, 128, 0}, {3, 4, 128, 0}}}, /* with a residual */
};

int main(void) {
  struct ctx c;
  ctx_init(&c);
  for (size_t i = 0; i < COUNT_OF(table); i++) {
    struct memory_record *r = ctx_copy(&c, table[i].record, sizeof table[i].record);
    int64_t peak = -1;
    const int64_t total = memory_plan(&c, r, table[i].count, &peak);
    check_plan(r, table[i].count, total, peak, (int)i);
    if (total != table[i].best) fail("not the best total", (int)i);
  }
  uint64_t seed = 1;
  for (int round = 0; round < 300; round++) {
    const int count = (int)(random_next(&seed) % 60) + 1, steps = (int)(random_next(&seed) % 40) + 1;
    struct memory_record *r = CTX_ARRAY(&c, struct memory_record, count);
    for (int i = 0; i < count; i++) {
      r[i].first = (int)(random_next(&seed) % (uint64_t)steps);
      r[i].last = (int)min_i64(r[i].first + (int)(random_next(&seed) % 8), steps);
      r[i].bytes = 1 + (int64_t)(random_next(&seed) % (1u << random_next(&seed) % 20));
    }
    int64_t peak = -1;
    const int64_t total = memory_plan(&c, r, count, &peak);
    check_plan(r, count, total, peak, 1000 + round);
  }
  ctx_free(&c);
  return failures != 0;
}
