#include "passes/layout.h"

/* A reshape cuts its axes into blocks: runs of input axes and runs of output axes with the same number of
 * elements. Axes of size 1 belong to no block. [n,c,h,w] -> [n,c,h*w] has blocks n|n, c|c, h,w|h*w; with a
 * stored order [n,h,w,c] each block still lies together and in order, so the stored value reshapes to
 * [n,h*w,c], and [0,2,1] is due from there. */
struct block {
  int first_in, last_in;   /* input axes, the ones of size 1 between them left out */
  int first_out, last_out; /* output axes, likewise */
  int place;               /* in the stored order, size-1 axes not counted: of its innermost axis */
};

/* Splits x -> y into blocks and counts them. -1 when a size is 0. */
static int split_blocks(const struct type *x, const struct type *y, struct block *blocks) {
  int count = 0, i = 0, o = 0;
  if (type_elements(x) == 0) return -1;
  for (;;) {
    while (i < x->rank && x->dim[i] == 1) i++;
    while (o < y->rank && y->dim[o] == 1) o++;
    if (i == x->rank || o == y->rank) return count;
    struct block *b = &blocks[count++];
    *b = (struct block){.first_in = i, .first_out = o};
    int64_t in = x->dim[i++], out = y->dim[o++];
    while (in != out) {
      if (in < out)
        in *= x->dim[i++];
      else
        out *= y->dim[o++];
    }
    b->last_in = i - 1;
    b->last_out = o - 1;
  }
}

/* Where each stored axis lies when those of size 1 are not counted. */
static void places_of(const struct type *stored, int *place) {
  int count = 0;
  for (int i = 0; i < stored->rank; i++) place[i] = stored->dim[i] == 1 ? -1 : count++;
}

/* Whether the block's axes are neighbours, in order, in the stored value; sets its place. */
static bool lies_together(struct block *b, const struct type *x, const struct perm *p, const int *place) {
  int expected = -1;
  bool together = true;
  b->place = -1;
  for (int i = b->first_in; i <= b->last_in; i++) {
    if (x->dim[i] == 1) continue;
    const int at = place[p->axis[i]];
    together = together && (expected < 0 || at == expected);
    expected = at + 1;
    if (at > b->place) b->place = at;
  }
  return together;
}

static void sort_by_place(struct block *blocks, int count) {
  for (int i = 1; i < count; i++)
    for (int k = i; k > 0 && blocks[k - 1].place > blocks[k].place; k--) {
      const struct block other = blocks[k];
      blocks[k] = blocks[k - 1];
      blocks[k - 1] = other;
    }
}

/* Output axes in stored order. An axis of size 1 goes behind the axis that it follows in the output. */
static void order_outputs(const struct type *y, const struct block *blocks, int count, int64_t *shape,
                          struct perm *due) {
  int next = 0;
  bool taken[MAX_RANK] = {false};
  for (int i = 0; i < y->rank && y->dim[i] == 1; i++) taken[i] = true, shape[next] = 1, due->axis[i] = next++;
  for (int b = 0; b < count; b++)
    for (int i = blocks[b].first_out; i < y->rank && (i <= blocks[b].last_out || y->dim[i] == 1); i++) {
      if (taken[i]) continue;
      taken[i] = true;
      shape[next] = y->dim[i];
      due->axis[i] = next++;
    }
  due->rank = y->rank;
}

/* The stored value moved so that each block lies together: blocks in the order of their innermost axes, which
 * keeps what is contiguous contiguous. The model's order is the result where the blocks themselves come in
 * that order. */
static struct pending bring_together(struct layout *l, const struct node *n, const struct pending *p,
                                     const struct block *blocks, int count) {
  const struct type *x = &n->input[0]->type, *stored = &p->stored->type;
  struct perm order = {0};
  for (int i = 0; i < stored->rank; i++)
    if (stored->dim[i] == 1) order.axis[order.rank++] = i;
  for (int b = 0; b < count; b++)
    for (int i = blocks[b].first_in; i <= blocks[b].last_in; i++)
      if (x->dim[i] != 1) order.axis[order.rank++] = p->perm.axis[i];
  const struct perm back = perm_inverse(&order);
  struct pending moved = {layout_transpose(l, p->stored, &order, n->origin), {.rank = p->perm.rank}};
  for (int i = 0; i < moved.perm.rank; i++) moved.perm.axis[i] = back.axis[p->perm.axis[i]];
  return moved;
}

bool layout_sink_reshape(struct layout *l, const struct node *n) {
  const struct type *x = &n->input[0]->type, *y = &n->output[0]->type;
  struct pending p = layout_get(l, n->input[0]);
  struct block blocks[MAX_RANK];
  int place[MAX_RANK];
  const int count = split_blocks(x, y, blocks);
  if (count < 0) return false;
  places_of(&p.stored->type, place);
  bool together = true, in_order = true;
  for (int i = 0; i < count; i++) together = lies_together(&blocks[i], x, &p.perm, place) && together;
  for (int i = 1; i < count; i++) in_order = in_order && blocks[i - 1].place < blocks[i].place;
  int64_t shape[MAX_RANK] = {0};
  struct perm due = perm_identity(y->rank);
  sort_by_place(blocks, count);
  if (!together) p = bring_together(l, n, &p, blocks, count);
  if (!in_order) order_outputs(y, blocks, count, shape, &due);
  struct value *v = build_reshape(l->rewrite.graph, p.stored, y->rank, in_order ? y->dim : shape, n->origin);
  layout_set(l, n->output[0], v, &due);
  return true;
}
