/* What the subcommands share. */
#ifndef EAIC_COMMAND_H
#define EAIC_COMMAND_H

#include "engine/engine.h"
#include "io/io.h"
#include "options.h"

/* One function a subcommand: returns the exit code. */
typedef enum exit_code command_function(struct ctx *c, struct options *o);
#define COMMAND(e, name, ...) command_function cmd_##name;
#include "commands.def"
#undef COMMAND

/* module.c. All are fatal() on failure, within ctx_run. */

/* The module named on the command line: read from a .wasm file, or compiled from a model (.onnx, .eir) in
 * memory. Sets c->file. */
struct bytes module_bytes(struct ctx *c, const struct options *o, const char *path);
/* The engine that --engine names. */
const struct engine *module_engine(struct ctx *c, const struct options *o);
/* Loads inputs from the words "[NAME=]SOURCE", first..: by name, the others in order. Every input needs one,
 * unless there are no words and `default_source` is given: then that is the source of all. */
void module_load_inputs(struct ctx *c, const struct options *o, struct session *s, int first,
                        const char *default_source);
/* Splits "NAME=VALUE" when NAME is one of the tensors; returns its index and the value, or -1 and the whole
 * word. A word with '=' whose name is no tensor's is fatal() unless a file of that name exists. */
int module_split_name(struct ctx *c, const char *what, const struct abi_tensor *tensor, int count,
                      const char *word, const char **value);
/* The session's module, or a copy of it, with step_<i> exported; without bytes when that cannot be done. */
struct bytes module_with_steps(struct ctx *c, struct session *s);
int64_t module_macs(const struct abi_module *m); /* of all steps */

#ifdef EAIC_COMPILER
#include "eaic.h"
/* compile_options.c: the options of a compilation from the command line. */
void compile_options(struct ctx *c, const struct options *o, struct eaic_options *out);
/* demo_page.c: a web page that runs the module on what its user draws, drops or records; in one file. */
struct bytes demo_page(struct ctx *c, struct bytes module);
#endif

#endif
