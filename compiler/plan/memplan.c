#include <stdlib.h>

#include "plan/plan.h"

/* Greedy by size, best fit: the largest record first, into the lowest gap of fitting size among the records
 * already placed that live at the same time (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural
 * Net Inference", 2020, section 5.2). */

struct sorted {
  struct memory_record *record;
  int index;
};

static int by_size(const void *a, const void *b) {
  const struct sorted *x = a, *y = b;
  if (x->record->bytes != y->record->bytes) return x->record->bytes < y->record->bytes ? 1 : -1;
  return x->index - y->index;
}

static bool live_together(const struct memory_record *a, const struct memory_record *b) {
  return a->first <= b->last && b->first <= a->last;
}

static int64_t rounded(const struct memory_record *r) { return align_up(r->bytes, PLAN_ALIGN); }

/* The smallest gap that holds `r` between placed records that live with it; placed is ordered by offset. */
static int64_t best_offset(const struct memory_record *r, struct memory_record *const *placed, int count) {
  int64_t end = 0, best = -1, best_gap = INT64_MAX;
  for (int i = 0; i < count; i++) {
    if (!live_together(r, placed[i])) continue;
    const int64_t gap = placed[i]->offset - end;
    if (gap >= rounded(r) && gap < best_gap) {
      best = end;
      best_gap = gap;
    }
    end = max_i64(end, placed[i]->offset + rounded(placed[i]));
  }
  return best >= 0 ? best : end;
}

static int64_t peak_live(const struct memory_record *records, int count) {
  int64_t peak = 0;
  for (int i = 0; i < count; i++) { /* the peak is reached where some record begins */
    int64_t live = 0;
    for (int k = 0; k < count; k++)
      if (records[k].first <= records[i].first && records[i].first <= records[k].last)
        live += rounded(&records[k]);
    peak = max_i64(peak, live);
  }
  return peak;
}

int64_t memory_plan(struct ctx *c, struct memory_record *records, int count, int64_t *peak) {
  struct sorted *order = CTX_ARRAY(c, struct sorted, count);
  struct memory_record **placed = CTX_ARRAY(c, struct memory_record *, count);
  int64_t end = 0;
  for (int i = 0; i < count; i++) order[i] = (struct sorted){&records[i], i};
  if (count) qsort(order, (size_t)count, sizeof *order, by_size);
  for (int i = 0; i < count; i++) {
    struct memory_record *r = order[i].record;
    r->offset = best_offset(r, placed, i);
    end = max_i64(end, r->offset + rounded(r));
    int at = i;
    for (; at > 0 && placed[at - 1]->offset > r->offset; at--) placed[at] = placed[at - 1];
    placed[at] = r;
  }
  *peak = peak_live(records, count);
  return end;
}
