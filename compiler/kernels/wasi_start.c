/* `_start` of modules compiled with --abi wasi: a WASI command (preview 1) that reads the inputs from
 * standard input, one after the other, runs `infer`, and writes the outputs to standard output; raw
 * little-endian bytes. Needs three of WASI's functions. No kernel, but it lives here because it is C that
 * runs inside the module. */
#include "kernels/kernel.h"

#if defined(__wasm__)

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

/* iovec and ciovec of WASI */
struct wasi_span {
  void *data;
  uint32_t bytes;
};
/* Both return an errno of WASI, 0 for success, and say in *done how many bytes went; fewer than asked for is
 * normal. */
typedef uint32_t wasi_transfer(int32_t fd, const struct wasi_span *spans, uint32_t span_count,
                               uint32_t *done);
WASI(fd_read) wasi_transfer wasi_fd_read;
WASI(fd_write) wasi_transfer wasi_fd_write;
WASI(proc_exit) _Noreturn void wasi_proc_exit(uint32_t code);

enum { STANDARD_INPUT, STANDARD_OUTPUT, STANDARD_ERROR };
enum { WASI_AGAIN = 6, WASI_INTERRUPTED = 27 }; /* errnos that mean: try again */

/* codegen/emit_wasi.c makes arrays of these. */
struct wasi_port {
  const char *name;
  void *data;
  uint32_t bytes;
};
void wasi_start(const struct wasi_port *inputs, int32_t input_count, const struct wasi_port *outputs,
                int32_t output_count, void (*infer)(void));

/* Moves all bytes, or until the end of input or an error, which goes to *error; returns how many. */
static uint32_t transfer(wasi_transfer *move, int32_t fd, void *data, uint32_t bytes, uint32_t *error) {
  uint32_t total = 0;
  *error = 0;
  while (total < bytes) {
    const struct wasi_span rest = {(char *)data + total, bytes - total};
    uint32_t done = 0;
    const uint32_t problem = move(fd, &rest, 1, &done);
    if (problem == WASI_AGAIN || problem == WASI_INTERRUPTED) continue;
    *error = problem;
    if (problem || !done) break;
    total += done;
  }
  return total;
}

static void say(const char *text) {
  uint32_t length = 0, ignored;
  while (text[length]) length++;
  transfer(wasi_fd_write, STANDARD_ERROR, (void *)text, length, &ignored);
}

static void say_number(uint32_t x) {
  char digits[11]; /* 2^32 has 10 */
  char *first = digits + sizeof digits - 1;
  *first = 0;
  do *--first = (char)('0' + x % 10);
  while (x /= 10);
  say(first);
}

static _Noreturn void fail_at(const char *what, const struct wasi_port *port, const char *why, uint32_t done,
                              uint32_t error) {
  say(what);
  say(port->name);
  say(why);
  say_number(done);
  say(" of ");
  say_number(port->bytes);
  say(" bytes");
  if (error) {
    say(", WASI error ");
    say_number(error);
  }
  say("\n");
  wasi_proc_exit(1);
}

static _Noreturn void fail_surplus(const struct wasi_port *inputs, int32_t count) {
  uint32_t total = 0;
  for (int32_t i = 0; i < count; i++) total += inputs[i].bytes;
  say("error: standard input has more than the ");
  say_number(total);
  say(" bytes of the inputs\n");
  wasi_proc_exit(1);
}

void wasi_start(const struct wasi_port *inputs, int32_t input_count, const struct wasi_port *outputs,
                int32_t output_count, void (*infer)(void)) {
  uint32_t error;
  for (int32_t i = 0; i < input_count; i++) {
    const uint32_t done = transfer(wasi_fd_read, STANDARD_INPUT, inputs[i].data, inputs[i].bytes, &error);
    if (done < inputs[i].bytes) fail_at("error: input '", &inputs[i], "': standard input has ", done, error);
  }
  char surplus;
  if (transfer(wasi_fd_read, STANDARD_INPUT, &surplus, 1, &error)) fail_surplus(inputs, input_count);
  infer();
  for (int32_t i = 0; i < output_count; i++) {
    const uint32_t done = transfer(wasi_fd_write, STANDARD_OUTPUT, outputs[i].data, outputs[i].bytes, &error);
    if (done < outputs[i].bytes)
      fail_at("error: output '", &outputs[i], "': standard output took ", done, error);
  }
}

#endif
