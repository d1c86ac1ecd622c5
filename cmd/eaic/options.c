/* The command line's parser. */
#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

const struct command_info command_info[COMMAND_COUNT] = {
#define COMMAND(e, name, min, max, synopsis, summary, description) \
  {#name, min, max, synopsis, summary, description},
#include "commands.def"
#undef COMMAND
};

/* Rows name every command they belong to; those that a build without the compiler lacks have no bit. */
#define C(command) BIT_##command
enum command_bit {
#ifndef EAIC_COMPILER
  BIT_COMPILE = 0,
  BIT_VERIFY = 0,
  BIT_OPS = 0,
#endif
#define COMMAND(e, ...) BIT_##e = 1 << COMMAND_##e,
#include "commands.def"
#undef COMMAND
};

const struct option_info option_info[OPTION_COUNT] = {
#define OPTION(e, commands, name, letter, kind, argument, help) \
  {commands, name, letter, KIND_##kind, argument, help},
#include "options.def"
#undef OPTION
};

void usage_error(const struct options *o, const char *format, ...) {
  const char *name = command_info[o->command].name;
  va_list args;
  va_start(args, format);
  fprintf(stderr, "eaic %s: ", name);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\nTry 'eaic %s --help'.\n", name);
  va_end(args);
}

static int min3(int a, int b, int c) { return a < b ? (a < c ? a : c) : b < c ? b : c; }

/* Levenshtein's edit distance; words longer than the row count as far away. */
static int edit_distance(const char *a, const char *b) {
  enum { LONGEST = 32 };
  int row[LONGEST + 1], na = (int)strlen(a), nb = (int)strlen(b);
  if (na > LONGEST || nb > LONGEST) return LONGEST;
  for (int k = 0; k <= nb; k++) row[k] = k;
  for (int i = 1; i <= na; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int k = 1; k <= nb; k++) {
      int changed = diagonal + (a[i - 1] != b[k - 1]);
      diagonal = row[k];
      row[k] = min3(changed, row[k] + 1, row[k - 1] + 1);
    }
  }
  return row[nb];
}

const char *nearest_word(const char *word, const char *const *candidate, int count) {
  const char *best = NULL;
  int best_distance = 3; /* farther is no typing mistake */
  for (int i = 0; i < count; i++) {
    int distance = edit_distance(word, candidate[i]);
    if (distance < best_distance) best = candidate[i], best_distance = distance;
  }
  return best;
}

static void unknown_option(const struct options *o, const char *name, int length) {
  const char *candidate[OPTION_COUNT];
  int count = 0;
  for (int i = 0; i < OPTION_COUNT; i++) {
    if (option_info[i].commands & (1u << o->command)) candidate[count++] = option_info[i].name;
  }
  const char *near = nearest_word(ctx_strndup(o->ctx, name, (size_t)length), candidate, count);
  if (near) {
    usage_error(o, "unknown option '--%.*s'; did you mean '--%s'?", length, name, near);
  } else {
    usage_error(o, "unknown option '--%.*s'", length, name);
  }
}

/* The option called `name` of `length` bytes (long), or by its letter. -1 when the command has none such. */
static int find_option(const struct options *o, const char *name, size_t length, char letter) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    const struct option_info *info = &option_info[i];
    if (!(info->commands & (1u << o->command))) continue;
    if (letter ? info->letter == letter : strlen(info->name) == length && !strncmp(info->name, name, length))
      return i;
  }
  return -1;
}

/* Index of `text` among the words of "a|b|c", or -1. */
static int find_choice(const char *choices, const char *text) {
  size_t length = strlen(text);
  for (int i = 0;; i++) {
    size_t word = strcspn(choices, "|");
    if (word == length && !strncmp(choices, text, word)) return i;
    if (!choices[word]) return -1;
    choices += word + 1;
  }
}

/* "5%" or "0.05", at least 0. */
static bool parse_percent(struct ctx *c, const char *text, double *out) {
  size_t length = strlen(text);
  bool percent = length && text[length - 1] == '%';
  if (!parse_double(ctx_strndup(c, text, length - percent), out) || !(*out >= 0) || isinf(*out)) return false;
  if (percent) *out /= 100;
  return true;
}

/* "0.5" or "0.485,0.456,0.406": how many, or 0 when it is no such text. */
static int parse_numbers(struct ctx *c, const char *text, double out[MAX_NUMBERS]) {
  for (int count = 0; count < MAX_NUMBERS; count++) {
    size_t length = strcspn(text, ",");
    if (!parse_double(ctx_strndup(c, text, length), &out[count]) || !isfinite(out[count])) return 0;
    if (!text[length]) return count + 1;
    text += length + 1;
  }
  return 0;
}

bool parse_dim(struct ctx *c, const char *text, const char **name, int64_t *size) {
  const char *equals = strrchr(text, '='); /* the name may hold one */
  if (!equals || equals == text || !parse_int64(equals + 1, size) || *size < 1) return false;
  *name = ctx_strndup(c, text, (size_t)(equals - text));
  return true;
}

/* NULL when an engine has that name, else the names there are. */
static const char *check_engine(struct ctx *c, const char *name) {
  struct buffer known;
  buffer_init(&known, c);
  for (int i = 0; engine_at(i); i++) {
    if (!strcmp(engine_at(i)->name, name)) return NULL;
    buffer_printf(&known, "%s%s", i ? " or " : "", engine_at(i)->name);
  }
  return (const char *)known.data;
}

/* NULL, or what an argument of the kind has to be. */
static const char *check_argument(const struct options *o, const struct option_info *info, const char *text) {
  int64_t integer;
  double number, numbers[MAX_NUMBERS];
  const char *name;
  switch (info->kind) {
    case KIND_FLAG:
    case KIND_TEXT:
    case KIND_LIST: return NULL;
    case KIND_CHOICE: return find_choice(info->argument, text) >= 0 ? NULL : info->argument;
    case KIND_INTEGER: return parse_int64(text, &integer) && integer >= 1 ? NULL : "a whole number from 1";
    case KIND_NUMBER: return parse_double(text, &number) && isfinite(number) ? NULL : "a number";
    case KIND_SECONDS:
      return parse_double(text, &number) && isfinite(number) && number > 0 ? NULL : "a number above 0";
    case KIND_NUMBERS: return parse_numbers(o->ctx, text, numbers) ? NULL : "one to four numbers";
    case KIND_DIM: return parse_dim(o->ctx, text, &name, &integer) ? NULL : "NAME=N with N at least 1";
    case KIND_ENGINE: return check_engine(o->ctx, text);
    case KIND_PERCENT: return parse_percent(o->ctx, text, &number) ? NULL : "a percentage like 5%";
  }
  return NULL;
}

static bool accept(struct options *o, int k, const char *text) {
  const struct option_info *info = &option_info[k];
  const char *expected = check_argument(o, info, text);
  if (expected) {
    usage_error(o, "option '--%s' is '%s', expected %s", info->name, text, expected);
    return false;
  }
  VECTOR_PUSH(o->ctx, &o->given[k], text);
  return true;
}

/* One word that starts with '-'; takes the next word as its argument when it needs one. */
static bool parse_option(struct options *o, int *i, int count, char **word) {
  const char *text = word[*i], *argument = NULL;
  int k;
  if (text[1] == '-') {
    size_t length = strcspn(text + 2, "=");
    k = find_option(o, text + 2, length, 0);
    if (k < 0) return unknown_option(o, text + 2, (int)length), false;
    if (text[2 + length]) argument = text + 3 + length;
  } else {
    k = find_option(o, NULL, 0, text[1]);
    if (k < 0) return usage_error(o, "unknown option '-%c'", text[1]), false;
    if (text[2]) argument = text + 2;
  }
  const struct option_info *info = &option_info[k];
  if (info->kind == KIND_FLAG) {
    if (argument) return usage_error(o, "option '--%s' takes no argument", info->name), false;
    return accept(o, k, "");
  }
  if (!argument && *i + 1 < count) argument = word[++*i];
  if (!argument)
    return usage_error(o, "option '--%s' needs an argument: %s", info->name, info->argument), false;
  return accept(o, k, argument);
}

bool path_is_model(const char *path) { return path_has_suffix(path, ".onnx") || path_has_suffix(path, ".eir"); }

#ifdef EAIC_COMPILER
/* Each dimension has one size, and only models have any to choose. */
static bool check_compilation(const struct options *o) {
  const struct option_list *dims = &o->given[OPTION_DIM];
  const char *name = "", *earlier = "";
  int64_t size;
  for (int i = 0; i < dims->count; i++) {
    parse_dim(o->ctx, dims->at[i], &name, &size);
    for (int k = 0; k < i; k++) {
      parse_dim(o->ctx, dims->at[k], &earlier, &size);
      if (!strcmp(name, earlier)) return usage_error(o, "--dim %s is given twice", name), false;
    }
  }
  const bool module = !(o->command == COMMAND_COMPILE || o->command == COMMAND_VERIFY) &&
                      o->arguments.count && !path_is_model(o->arguments.at[0]);
  const enum option fixed[] = {OPTION_DIM, OPTION_FEATURES};
  for (size_t i = 0; module && i < COUNT_OF(fixed); i++) {
    if (!option_given(o, fixed[i])) continue;
    usage_error(o, "--%s is for models; '%s' is a module, which was compiled with its own",
                option_info[fixed[i]].name, o->arguments.at[0]);
    return false;
  }
  return true;
}
#else
static bool check_compilation(const struct options *o) { return (void)o, true; }
#endif

/* What options ask of each other and of the arguments. */
static bool check_together(const struct options *o) {
  if (option_given(o, OPTION_MAX_REGRESSION) && !option_given(o, OPTION_BASELINE))
    return usage_error(o, "--max-regression needs --baseline"), false;
  return check_compilation(o);
}

bool options_parse(struct options *o, int count, char **word) {
  bool only_arguments = false; /* after "--" */
  for (int i = 0; i < count; i++) {
    if (only_arguments || word[i][0] != '-' || !word[i][1]) {
      VECTOR_PUSH(o->ctx, &o->arguments, word[i]);
    } else if (!strcmp(word[i], "--")) {
      only_arguments = true;
    } else if (!parse_option(o, &i, count, word)) {
      return false;
    }
  }
  if (option_given(o, OPTION_HELP)) return true;
  const struct command_info *info = &command_info[o->command];
  if (o->arguments.count < info->min_arguments) return usage_error(o, "expected %s", info->synopsis), false;
  if (info->max_arguments >= 0 && o->arguments.count > info->max_arguments) {
    return usage_error(o, "unexpected argument '%s'", o->arguments.at[info->max_arguments]), false;
  }
  return check_together(o);
}

bool option_given(const struct options *o, enum option k) { return o->given[k].count > 0; }

const char *option_text(const struct options *o, enum option k) {
  return o->given[k].count ? o->given[k].at[o->given[k].count - 1] : NULL;
}

int option_choice(const struct options *o, enum option k, int fallback) {
  const char *text = option_text(o, k);
  return text ? find_choice(option_info[k].argument, text) : fallback;
}

int64_t option_integer(const struct options *o, enum option k, int64_t fallback) {
  const char *text = option_text(o, k);
  int64_t value = fallback;
  if (text) parse_int64(text, &value);
  return value;
}

double option_number(const struct options *o, enum option k, double fallback) {
  const char *text = option_text(o, k);
  if (!text) return fallback;
  double value = fallback;
  if (option_info[k].kind == KIND_PERCENT) {
    parse_percent(o->ctx, text, &value);
  } else {
    parse_double(text, &value);
  }
  return value;
}

int option_numbers(const struct options *o, enum option k, double out[MAX_NUMBERS]) {
  const char *text = option_text(o, k);
  return text ? parse_numbers(o->ctx, text, out) : 0;
}
