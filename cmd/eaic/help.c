/* Help on a terminal and man pages, both made of the same tables. */
#include <ctype.h>
#include <string.h>

#include "engine/engine.h"
#include "options.h"

enum { WIDTH = 80, HELP_COLUMN = 8 };

static const struct example {
  enum command command;
  const char *line, *what;
} examples[] = {
#define EXAMPLE(command, line, what) {COMMAND_##command, line, what},
#include "examples.def"
#undef EXAMPLE
};

static const char exit_codes[] = "0: done. 1: the input or the model is at fault. 2: the command line is. 3: "
                                 "outputs differ, or a benchmark regressed.";
static const char tagline[] = "ahead-of-time compiler from ONNX to WebAssembly, and a runner for its modules";

/* Appends `text`, broken at spaces so that lines stay within WIDTH, each indented. */
static void wrap(struct buffer *out, const char *text, int indent) {
  int column = 0;
  while (*text) {
    int length = (int)strcspn(text, " ");
    if (column && column + 1 + length > WIDTH) {
      buffer_text(out, "\n");
      column = 0;
    }
    if (column) {
      buffer_text(out, " ");
    } else {
      buffer_printf(out, "%*s", indent, "");
    }
    buffer_printf(out, "%.*s", length, text);
    column = (column ? column + 1 : indent) + length;
    text += length;
    while (*text == ' ') text++;
  }
  buffer_text(out, "\n");
}

/* "-o, --output FILE" */
static void option_heading(struct buffer *out, const struct option_info *info) {
  if (info->letter) buffer_printf(out, "-%c, ", info->letter);
  buffer_printf(out, "--%s", info->name);
  if (info->argument) buffer_printf(out, " %s", info->argument);
}

static bool belongs(enum option k, enum command command) { return option_info[k].commands & (1u << command); }

static bool uses_engines(enum command command) { return belongs(OPTION_ENGINE, command); }

void help_general(struct buffer *out) {
  buffer_printf(out, "eaic %s - %s\n\nUsage: eaic COMMAND [options] ...\n\nCommands:\n", EAIC_VERSION,
                tagline);
  for (int i = 0; i < COMMAND_COUNT; i++) {
    buffer_printf(out, "  %-10s%s\n", command_info[i].name, command_info[i].summary);
  }
  buffer_text(out,
              "\n'eaic COMMAND --help' tells more; 'eaic --version' prints the version.\n\nExit codes:\n");
  wrap(out, exit_codes, 2);
}

void help_command(struct buffer *out, enum command command) {
  const struct command_info *info = &command_info[command];
  buffer_printf(out, "eaic %s - %s\n\nUsage: eaic %s [options]%s%s\n\n", info->name, info->summary,
                info->name, *info->synopsis ? " " : "", info->synopsis);
  wrap(out, info->description, 0);
  buffer_text(out, "\nOptions:\n");
  for (enum option k = 0; k < OPTION_COUNT; k++) {
    if (!belongs(k, command)) continue;
    buffer_text(out, "  ");
    option_heading(out, &option_info[k]);
    buffer_text(out, "\n");
    wrap(out, option_info[k].help, HELP_COLUMN);
  }
  if (uses_engines(command)) {
    buffer_text(out, "\nEngines (the first is the default):\n");
    for (int i = 0; engine_at(i); i++)
      buffer_printf(out, "  %-10s%s\n", engine_at(i)->name, engine_at(i)->doc);
  }
  bool any = false;
  for (size_t i = 0; i < COUNT_OF(examples); i++) {
    if (examples[i].command != command) continue;
    buffer_printf(out, "%s  %s\n", any ? "" : "\nExamples:\n", examples[i].line);
    wrap(out, examples[i].what, HELP_COLUMN);
    any = true;
  }
}

/* Text for roff: '-' and '\' are special, and so is a leading '.' or '\''. */
static void roff(struct buffer *out, const char *text) {
  if (*text == '.' || *text == '\'') buffer_text(out, "\\&");
  for (; *text; text++) {
    if (*text == '-' || *text == '\\') buffer_byte(out, '\\');
    buffer_byte(out, (uint8_t)(*text));
  }
}

static void roff_heading(struct buffer *out, const char *name, const char *summary) {
  buffer_text(out, ".\\\" Made by 'eaic man' from cmd/eaic/*.def; do not edit.\n.TH ");
  for (const char *p = name; *p; p++) buffer_byte(out, (uint8_t)toupper((unsigned char)*p));
  buffer_printf(out, " 1 \"\" \"eaic %s\" \"eaic manual\"\n.SH NAME\n", EAIC_VERSION);
  roff(out, name);
  buffer_text(out, " \\- ");
  roff(out, summary);
  buffer_text(out, "\n");
}

static void roff_paragraph(struct buffer *out, const char *heading, const char *text) {
  buffer_printf(out, ".SH %s\n", heading);
  roff(out, text);
  buffer_text(out, "\n");
}

void man_general(struct buffer *out) {
  roff_heading(out, "eaic", tagline);
  buffer_text(out, ".SH SYNOPSIS\n.B eaic\n.I COMMAND\n[options] ...\n.SH COMMANDS\n");
  for (int i = 0; i < COMMAND_COUNT; i++) {
    buffer_printf(out, ".TP\n.BR eaic\\-%s (1)\n", command_info[i].name);
    roff(out, command_info[i].summary);
    buffer_text(out, "\n");
  }
  roff_paragraph(out, "EXIT STATUS", exit_codes);
  buffer_text(out, ".SH SEE ALSO\n.BR eaic\\-module (5)\n");
}

void man_command(struct buffer *out, enum command command) {
  const struct command_info *info = &command_info[command];
  roff_heading(out, ctx_printf(out->ctx, "eaic-%s", info->name), info->summary);
  buffer_printf(out, ".SH SYNOPSIS\n.B eaic %s\n[options] ", info->name);
  roff(out, info->synopsis);
  buffer_text(out, "\n");
  roff_paragraph(out, "DESCRIPTION", info->description);
  buffer_text(out, ".SH OPTIONS\n");
  for (enum option k = 0; k < OPTION_COUNT; k++) {
    if (!belongs(k, command)) continue;
    struct buffer heading;
    buffer_init(&heading, out->ctx);
    option_heading(&heading, &option_info[k]);
    buffer_text(out, ".TP\n.B ");
    roff(out, (const char *)heading.data);
    buffer_text(out, "\n");
    roff(out, option_info[k].help);
    buffer_text(out, "\n");
  }
  if (uses_engines(command)) {
    roff_paragraph(
        out, "ENGINES",
        "wasmtime (the default where it was built in) compiles to machine code; wabt is an interpreter, "
        "about a hundred times slower, and computes relaxed SIMD wrongly.");
  }
  bool any = false;
  for (size_t i = 0; i < COUNT_OF(examples); i++) {
    if (examples[i].command != command) continue;
    buffer_text(out, any ? ".TP\n.B " : ".SH EXAMPLES\n.TP\n.B ");
    roff(out, examples[i].line);
    buffer_text(out, "\n");
    roff(out, examples[i].what);
    buffer_text(out, "\n");
    any = true;
  }
  roff_paragraph(out, "EXIT STATUS", exit_codes);
  buffer_text(out, ".SH SEE ALSO\n.BR eaic (1),\n.BR eaic\\-module (5)\n");
}
