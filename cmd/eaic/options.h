/* Commands and options: one table each (commands.def, options.def) makes the parser, the help and the man
 * pages. */
#ifndef EAIC_OPTIONS_H
#define EAIC_OPTIONS_H

#include "base/base.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DIFFERENT = 3 };

enum command {
#define COMMAND(e, ...) COMMAND_##e,
#include "commands.def"
#undef COMMAND
  COMMAND_COUNT
};

enum option {
#define OPTION(e, ...) OPTION_##e,
#include "options.def"
#undef OPTION
  OPTION_COUNT
};

struct option_list {
  const char **at;
  int count, capacity;
};

struct options {
  struct ctx *ctx;
  enum command command;
  struct option_list given[OPTION_COUNT]; /* the arguments, in order; "" for flags */
  struct option_list arguments;           /* positional */
};

/* What is known about the commands and options. */
struct command_info {
  const char *name;
  int min_arguments, max_arguments;
  const char *synopsis, *summary, *description;
};
struct option_info {
  unsigned commands; /* bit (1 << command) */
  const char *name;
  char letter;
  enum option_kind {
    KIND_FLAG,
    KIND_TEXT,
    KIND_LIST,
    KIND_CHOICE,
    KIND_INTEGER,
    KIND_NUMBER,
    KIND_NUMBERS,
    KIND_PERCENT,
    KIND_SECONDS,
    KIND_DIM,
    KIND_ENGINE
  } kind;
  const char *argument, *help;
};
extern const struct command_info command_info[COMMAND_COUNT];
extern const struct option_info option_info[OPTION_COUNT];

/* options.c */

/* Parses the words after the command's name. False after a message on stderr: exit code EXIT_USAGE. */
bool options_parse(struct options *o, int count, char **word);
/* Whether a path names a model (.onnx, .eir), not a module. */
bool path_is_model(const char *path);
/* "eaic run: message" and where help is, on stderr. */
void usage_error(const struct options *o, const char *format, ...) EAIC_PRINTF(2, 3);
/* The candidate nearest to a mistyped word, or NULL when none is near. */
const char *nearest_word(const char *word, const char *const *candidate, int count);

bool option_given(const struct options *o, enum option k);
const char *option_text(const struct options *o, enum option k); /* the last one given, or NULL */
int option_choice(const struct options *o, enum option k,
                  int fallback); /* index of the word in the argument */
int64_t option_integer(const struct options *o, enum option k, int64_t fallback);
double option_number(const struct options *o, enum option k, double fallback);
enum { MAX_NUMBERS = 4 };
int option_numbers(const struct options *o, enum option k, double out[MAX_NUMBERS]); /* how many */
/* Splits "NAME=N" of a DIM option; false when it is no such text. */
bool parse_dim(struct ctx *c, const char *text, const char **name, int64_t *size);

/* help.c */

void help_general(struct buffer *out);
void help_command(struct buffer *out, enum command command);
/* The man page eaic(1), or eaic-<command>(1), as roff. */
void man_general(struct buffer *out);
void man_command(struct buffer *out, enum command command);

#endif
