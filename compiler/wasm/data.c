#include <string.h>

#include "wasm/section.h"

/* A segment costs about 10 bytes, so shorter runs of zeros are stored. Engines limit the number of segments
 * (V8: 100,000). */
enum { MIN_ZERO_RUN = 32, MAX_SEGMENTS = 20000 };

/* A piece of the memory image that is written as one segment. It may span several of the program's. */
struct piece {
  int64_t begin, end;
};

struct scan {
  const struct program *program;
  int segment;    /* where the search goes on */
  int64_t offset; /* address */
};

/* First address >= `from` whose byte is nonzero (or zero); the segment's end when there is none. */
static int64_t find_byte(const struct segment *s, int64_t from, bool nonzero) {
  const uint8_t *data = s->data;
  int64_t at = from;
  while (at < s->offset + s->bytes && (data[at - s->offset] != 0) != nonzero) at++;
  return at;
}

/* The next maximal run of nonzero bytes within one segment of the program; false at the end. */
static bool next_run(struct scan *scan, struct piece *out) {
  for (; scan->segment < scan->program->segments.count; scan->segment++) {
    const struct segment *s = &scan->program->segments.at[scan->segment];
    const int64_t begin = find_byte(s, max_i64(scan->offset, s->offset), true);
    if (begin == s->offset + s->bytes) continue;
    *out = (struct piece){begin, find_byte(s, begin, false)};
    scan->offset = out->end;
    return true;
  }
  return false;
}

/* Joins runs that lie closer than `gap` bytes. Starts over with a wider gap when the pieces are too many. */
static struct piece *find_pieces(struct ctx *c, const struct program *p, int *count) {
  VECTOR(struct piece) pieces = {0};
  for (int64_t gap = MIN_ZERO_RUN;; gap *= 4) {
    struct scan scan = {.program = p};
    struct piece run;
    pieces.count = 0;
    while (pieces.count <= MAX_SEGMENTS && next_run(&scan, &run)) {
      struct piece *last = pieces.count ? &pieces.at[pieces.count - 1] : NULL;
      if (last && run.begin - last->end < gap)
        last->end = run.end;
      else
        VECTOR_PUSH(c, &pieces, run);
    }
    if (pieces.count <= MAX_SEGMENTS) break;
  }
  *count = pieces.count;
  return pieces.at;
}

/* Appends the memory image's bytes of a piece; `*segment` is the first of the program that may hold some. */
static void append_image(struct buffer *out, const struct program *p, int *segment, struct piece piece) {
  const size_t start = out->size;
  int64_t at = piece.begin;
  while (at < piece.end) {
    const struct segment *s = &p->segments.at[*segment];
    if (at >= s->offset + s->bytes) {
      (*segment)++;
      continue;
    }
    for (; at < s->offset; at++) buffer_byte(out, 0);
    const int64_t end = min_i64(piece.end, s->offset + s->bytes);
    buffer_append(out, (const uint8_t *)s->data + (at - s->offset), (size_t)(end - at));
    at = end;
  }
  CHECK(out->ctx, (int64_t)(out->size - start) == piece.end - piece.begin);
}

uint32_t write_weights(struct buffer *out, const struct program *p) {
  int count, segment = 0;
  const struct piece *pieces = find_pieces(out->ctx, p, &count);
  for (int i = 0; i < count; i++) {
    buffer_byte(out, 0x00); /* active, memory 0 */
    buffer_byte(out, 0x41); /* i32.const */
    write_address(out, (uint32_t)pieces[i].begin);
    buffer_byte(out, 0x0b); /* end */
    write_u32(out, (uint32_t)(pieces[i].end - pieces[i].begin));
    append_image(out, p, &segment, pieces[i]);
  }
  return (uint32_t)count;
}
