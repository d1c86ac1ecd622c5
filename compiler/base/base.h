/* base: memory, diagnostics, growable buffers, files and checked sizes. Depends on libc only.
 *
 * Everything goes through a `struct ctx`: there is no global state. A ctx owns one arena (nothing is freed
 * one by one) and the place where messages go. */
#ifndef EAIC_BASE_H
#define EAIC_BASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define EAIC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define EAIC_NORETURN __attribute__((noreturn))
#else
#define EAIC_PRINTF(fmt, args)
#define EAIC_NORETURN
#endif

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ctx.c: the context of one compilation or one run */

struct arena_block;

struct ctx {
  struct arena_block *arena; /* newest block */
  size_t arena_bytes;        /* total allocated */
  size_t max_bytes;          /* limit for arena_bytes; a larger request is a user error */
  const char *file;          /* prefix of messages: the model or module at work; may be NULL */
  int errors, warnings;      /* how many were reported */
  void (*report)(void *user, const char *line); /* receives one message, without newline; default: stderr */
  void *report_user;
  jmp_buf *escape; /* where fatal() goes; set by ctx_run */
};

void ctx_init(struct ctx *c);
void ctx_free(struct ctx *c);

/* Calls body(c, argument). False when it reported an error, or ended early through fatal(). */
bool ctx_run(struct ctx *c, void (*body)(struct ctx *c, void *argument), void *argument);

/* Zeroed memory, aligned to 64 bytes, that lives as long as the ctx. Never NULL; too much is fatal(). */
void *ctx_alloc(struct ctx *c, size_t bytes);
/* Room for `count` elements of `size` bytes, with the product checked. */
void *ctx_alloc_array(struct ctx *c, size_t count, size_t size);
void *ctx_copy(struct ctx *c, const void *data, size_t bytes);
char *ctx_strdup(struct ctx *c, const char *s);
char *ctx_strndup(struct ctx *c, const char *s, size_t length);
char *ctx_printf(struct ctx *c, const char *format, ...) EAIC_PRINTF(2, 3);
#define CTX_NEW(c, T) ((T *)ctx_alloc((c), sizeof(T)))
#define CTX_ARRAY(c, T, n) ((T *)ctx_alloc_array((c), (size_t)(n), sizeof(T)))

/* diag.c: messages, in the model's own words: "net.onnx: error: node 'Conv_12' (QLinearConv): input 4 ..." */

struct location {
  const char *node;   /* node name, or NULL */
  const char *op;     /* operator type as in the model, or NULL */
  const char *tensor; /* tensor name, or NULL */
};

/* Reports and returns; the caller goes on to find further errors, ctx_run then returns false. */
void diag_error(struct ctx *c, const struct location *at, const char *format, ...) EAIC_PRINTF(3, 4);
void diag_warning(struct ctx *c, const struct location *at, const char *format, ...) EAIC_PRINTF(3, 4);
/* Reports an error and leaves the body of ctx_run. `at` may be NULL. */
EAIC_NORETURN void fatal(struct ctx *c, const struct location *at, const char *format, ...) EAIC_PRINTF(3, 4);
/* Leaves the body of ctx_run in silence: diag_error has said what is wrong. */
EAIC_NORETURN void diag_stop(struct ctx *c);
/* A mistake of ours, never the user's: prints file and line, asks for a report, and is fatal. */
#define BUG(c, ...) bug_at((c), __FILE__, __LINE__, __VA_ARGS__)
EAIC_NORETURN void bug_at(struct ctx *c, const char *file, int line, const char *format, ...)
    EAIC_PRINTF(4, 5);
#define CHECK(c, condition) \
  do { \
    if (!(condition)) BUG((c), "expected: %s", #condition); \
  } while (0)

/* buffer.c: a growable array of bytes; `data` is always followed by a NUL that `size` does not count */

struct buffer {
  struct ctx *ctx;
  uint8_t *data;
  size_t size, capacity;
};

void buffer_init(struct buffer *b, struct ctx *c);
void buffer_append(struct buffer *b, const void *data, size_t bytes);
void buffer_byte(struct buffer *b, uint8_t byte);
void buffer_text(struct buffer *b, const char *s);
void buffer_printf(struct buffer *b, const char *format, ...) EAIC_PRINTF(2, 3);
void buffer_pad(struct buffer *b, size_t alignment); /* zeros up to a multiple of alignment */
/* Shortest decimal text that reads back as the same float: "0.1", "1e-05", "inf", "nan". Locale-independent.
 */
void buffer_float(struct buffer *b, float x);
void buffer_double(struct buffer *b, double x);

/* A growable array of T: VECTOR(struct node *) nodes = {0}; VECTOR_PUSH(c, &nodes, n). */
#define VECTOR(T) \
  struct { \
    T *at; \
    int count, capacity; \
  }
#define VECTOR_PUSH(c, v, item) \
  ((v)->at = vector_grow((c), (v)->at, (v)->count, &(v)->capacity, sizeof *(v)->at), \
   (void)((v)->at[(v)->count++] = (item)))
void *vector_grow(struct ctx *c, void *at, int count, int *capacity, size_t size);

/* map.c: text -> pointer, open addressing; iteration is over insertion order, so results never depend on
 * hashes */

struct map_entry {
  const char *key;
  void *value;
};
struct map {
  struct ctx *ctx;
  struct map_entry *entry; /* in insertion order */
  int count, capacity;
  int *slot;
  int slot_count;
};
void map_init(struct map *m, struct ctx *c);
void *map_get(const struct map *m, const char *key);       /* NULL when absent */
void map_set(struct map *m, const char *key, void *value); /* key is kept, not copied; replaces */

/* Address -> pointer. Only looked up, never iterated: results never depend on where things happen to lie. */
struct pointer_map {
  struct ctx *ctx;
  int count, capacity;
  struct pointer_entry {
    const void *key;
    void *value;
  } *entry;
};
void pointer_map_init(struct pointer_map *m, struct ctx *c);
void *pointer_map_get(const struct pointer_map *m, const void *key);       /* NULL when absent */
void pointer_map_set(struct pointer_map *m, const void *key, void *value); /* replaces */

/* num.c: sizes from files are multiplied and added only through these */

bool checked_mul(int64_t a, int64_t b, int64_t *out); /* false on overflow */
bool checked_add(int64_t a, int64_t b, int64_t *out);
static inline int64_t align_up(int64_t x, int64_t alignment) {
  return (x + alignment - 1) / alignment * alignment;
}
static inline int64_t min_i64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max_i64(int64_t a, int64_t b) { return a > b ? a : b; }
/* Seconds since some moment in the past, for differences. */
double clock_seconds(void);
/* Deterministic pseudo-random numbers for tests and seeds (splitmix64). */
uint64_t random_next(uint64_t *state);
/* 64 lower-case hex digits and a NUL. */
void sha256_hex(const void *data, size_t bytes, char hex[65]);

/* Parses a whole string as a number; false on anything else. Locale-independent. */
bool parse_int64(const char *text, int64_t *out);
bool parse_double(const char *text, double *out);

/* file.c */

struct bytes {
  const uint8_t *data;
  size_t size;
};
/* Reads a whole regular file into the ctx; fatal() with a message that names the path when it can't.
 * Larger than max_bytes: the message says so, before anything is read. */
struct bytes file_read(struct ctx *c, const char *path, uint64_t max_bytes);
/* Writes a whole file through a temporary one and a rename, so that it appears whole or not at all. "-" is
 * stdout, and a path that exists and is no regular file (a pipe, /dev/null) is written to directly. */
void file_write(struct ctx *c, const char *path, const void *data, size_t size);
/* fatal() when file_write() could not write there, so that a mistake shows before long work; changes nothing.
 */
void file_check_writable(struct ctx *c, const char *path);
const char *path_basename(const char *path);
char *path_join(struct ctx *c, const char *folder_of,
                const char *name);                          /* name beside the file `folder_of` */
bool path_has_suffix(const char *path, const char *suffix); /* ".png", ASCII case-insensitive */

#endif
