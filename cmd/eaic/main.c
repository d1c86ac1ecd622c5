/* eaic: the command line. Finds the command, parses its options, runs it. */
#include <errno.h>
#include <string.h>

#include "command.h"

static command_function *const functions[COMMAND_COUNT] = {
#define COMMAND(e, name, ...) cmd_##name,
#include "commands.def"
#undef COMMAND
};

struct man_pages {
  const char *folder;
};

/* Hidden command `eaic man DIR`: writes the man pages, for scripts/test.sh and the install step. */
static void write_man_pages(struct ctx *c, void *argument) {
  const char *folder = ((struct man_pages *)argument)->folder;
  for (int i = -1; i < COMMAND_COUNT; i++) {
    struct buffer page;
    buffer_init(&page, c);
    if (i < 0) {
      man_general(&page);
    } else {
      man_command(&page, (enum command)i);
    }
    const char *dash = i < 0 ? "" : "-", *name = i < 0 ? "" : command_info[i].name;
    file_write(c, ctx_printf(c, "%s/eaic%s%s.1", folder, dash, name), page.data, page.size);
  }
}

static enum exit_code unknown_command(const char *word) {
  const char *name[COMMAND_COUNT];
  for (int i = 0; i < COMMAND_COUNT; i++) name[i] = command_info[i].name;
  const char *near = nearest_word(word, name, COMMAND_COUNT);
  fprintf(stderr, "eaic: unknown command '%s'", word);
  if (near) fprintf(stderr, "; did you mean '%s'?", near);
  fprintf(stderr, "\nTry 'eaic --help'.\n");
  return EXIT_USAGE;
}

static enum exit_code show_help(struct ctx *c, enum command command) {
  struct buffer help;
  buffer_init(&help, c);
  help_command(&help, command);
  fputs((const char *)help.data, stdout);
  return EXIT_DONE;
}

static enum exit_code run_command(struct ctx *c, enum command command, int count, char **word) {
  struct options o = {.ctx = c, .command = command};
  if (!options_parse(&o, count, word)) return EXIT_USAGE;
  return option_given(&o, OPTION_HELP) ? show_help(c, command) : functions[command](c, &o);
}

static enum exit_code dispatch(struct ctx *c, int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "";
  const bool help = !strcmp(word, "help");
  struct buffer text;
  buffer_init(&text, c);
  if (!strcmp(word, "--version")) {
    printf("eaic %s\n", EAIC_VERSION);
    return EXIT_DONE;
  }
  if (argc < 2 || !strcmp(word, "--help") || !strcmp(word, "-h") || (help && argc == 2)) {
    help_general(&text);
    fputs((const char *)text.data, argc < 2 ? stderr : stdout);
    return argc < 2 ? EXIT_USAGE : EXIT_DONE;
  }
  if (!strcmp(word, "man") && argc == 3) {
    struct man_pages pages = {argv[2]};
    return ctx_run(c, write_man_pages, &pages) ? EXIT_DONE : EXIT_FAILED;
  }
  if (help) word = argv[2]; /* `eaic help COMMAND` is `eaic COMMAND --help` */
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(word, command_info[i].name)) continue;
    return help ? show_help(c, (enum command)i) : run_command(c, (enum command)i, argc - 2, argv + 2);
  }
  return unknown_command(word);
}

int main(int argc, char **argv) {
  struct ctx c;
  ctx_init(&c);
  enum exit_code code = dispatch(&c, argc, argv);
  /* A full disk or a closed pipe is a failure. */
  if ((fflush(stdout) || ferror(stdout)) && code == EXIT_DONE) {
    diag_error(&c, NULL, "cannot write to standard output: %s", strerror(errno));
    code = EXIT_FAILED;
  }
  ctx_free(&c);
  return (int)code;
}
