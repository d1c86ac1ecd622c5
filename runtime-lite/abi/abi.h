/* abi: the module contract, ABI 1; the only thing that compiler and runner share.
 *
 * A module is one WebAssembly file with linear memory of its own.
 *   imports   none; with `--abi wasi` fd_read, fd_write and proc_exit of wasi_snapshot_preview1, which only
 * `_start` needs: who calls `infer` may give functions that trap exports   `memory`; `infer: [] -> []`; with
 * `--profile` also `step_<i>: [] -> []`, one a step, in order; with
 *             `--abi wasi` also `_start`
 *   use       write the inputs into memory at their offsets, call `infer`, read the outputs. Any number of
 * times: inputs are left as they were, instances share nothing, `infer` never grows memory and never traps,
 *             whatever the input bytes are.
 *   metadata  one custom section `eaic`, UTF-8 JSON:
 *
 *     { "abi": 1,                       this contract's number; another number is another contract
 *       "eaic": "0.1.0",                version of the compiler
 *       "model": { "name": "net", "sha256": "<64 hex digits of the .onnx file>", "opset": 13 },
 *       "features": "simd128",          scalar, simd128 or relaxed: what the engine must support
 *       "wasi": true,                   only with --abi wasi
 *       "inputs": [ { "name": "x", "dtype": "uint8", "shape": [1, 3, 32, 32], "offset": 4096, "bytes": 3072,
 *                     "quantization": { "scale": 0.0078125, "zero_point": 128 } } ],
 *       "outputs": [ ... ],             the same form; may share memory with each other and with inputs
 *       "memory": { "weights": 77360,   bytes of constants
 *                   "arena": 32768,     bytes of inputs, outputs and intermediate tensors
 *                   "arena_offset": 80448,  where they start, the constants before it; may be missing
 *                   "total": 131072 },  bytes of linear memory
 *       "steps": [ { "nodes": ["Conv_0", "Relu_1"], "kernel": "conv_u8s8_...", "macs": 442368 } ] }
 *
 *   tensors   dense, C order, little-endian; `offset` is a multiple of 64; `bytes` is the product of `shape`
 * times the size of `dtype` (4-bit types: two an element byte, low half first, rounded up); `shape` is [] for
 * a scalar. `dtype` is NumPy's name, see ir/dtype.def. `quantization`, when present, is per tensor: real =
 * (stored - zero_point) * scale. Readers ignore keys they don't know. man/eaic-module.5 says the same to
 * users. */
#ifndef EAIC_ABI_H
#define EAIC_ABI_H

#include "base/base.h"

enum { ABI_VERSION = 1, ABI_MAX_RANK = 8, ABI_ALIGN = 64 };

/* dtypes.c: names and sizes of element types. The table is the compiler's; the enumerators are the runner's
 * own. */

enum abi_dtype {
#define DTYPE(e, eir, numpy, bits, onnx, cls) ABI_##e,
#include "ir/dtype.def"
#undef DTYPE
  ABI_DTYPE_COUNT
};
const char *abi_dtype_name(enum abi_dtype t); /* NumPy's: "uint8" */
int abi_dtype_bits(enum abi_dtype t);         /* of one element: 4 to 64 */
int abi_dtype_onnx(enum abi_dtype t);         /* TensorProto.DataType */
bool abi_dtype_from_name(const char *name, enum abi_dtype *out);
bool abi_dtype_from_onnx(int64_t data_type, enum abi_dtype *out);
bool abi_dtype_is_float(enum abi_dtype t);
/* Bytes of `elements` packed elements. */
int64_t abi_dtype_bytes(enum abi_dtype t, int64_t elements);

/* Element `i` of packed elements as a double (64-bit integers beyond 2^53 lose low bits), and back: integers
 * are rounded to nearest even and saturated, NaN becomes 0 there; a bool is 0 or 1. */
double abi_element_get(enum abi_dtype t, const void *data, int64_t i);
void abi_element_set(enum abi_dtype t, void *data, int64_t i, double value);
/* All bits of integer element `i`, for exact printing; `*is_unsigned` tells how to read them. False for
 * floats. */
bool abi_element_integer(enum abi_dtype t, const void *data, int64_t i, int64_t *value, bool *is_unsigned);

/* abi.c: reading and checking the metadata */

struct abi_tensor {
  const char *name;
  enum abi_dtype dtype;
  int rank;
  int64_t dim[ABI_MAX_RANK];
  int64_t elements; /* product of dim */
  int64_t offset, bytes;
  bool quantized;
  double scale; /* finite, > 0 */
  int64_t zero_point;
};

struct abi_step {
  const char *kernel;
  int node_count;
  const char **node; /* names of the model's nodes it computes */
  int64_t macs;      /* multiply-accumulates, 0 when the step has none */
};

struct abi_module {
  const char *compiler_version;
  const char *model_name, *model_sha256;
  int64_t model_opset;
  const char *features;
  int input_count, output_count, step_count;
  struct abi_tensor *input, *output;
  struct abi_step *step;
  int64_t weights_bytes, arena_bytes, total_bytes;
  int64_t arena_offset; /* -1: the metadata don't say */
};

/* Reads and checks the metadata of a module; everything is copied into the ctx. fatal() when the bytes are no
 * module of ours or break the contract: then nothing about them is trusted. After it: offsets are aligned,
 * every tensor and the arena lie inside memory, sizes fit shapes, inputs do not overlap, names within inputs and within
 * outputs are unique. */
struct abi_module *abi_read(struct ctx *c, struct bytes wasm);

/* "[1,3,32,32]", "[]" */
char *abi_shape_text(struct ctx *c, int rank, const int64_t *dim);
/* "uint8[1,3,32,32]" */
char *abi_type_text(struct ctx *c, const struct abi_tensor *t);
/* Index of the tensor called `name`, or -1. */
int abi_find(const struct abi_tensor *tensor, int count, const char *name);

/* wasm_sections.c: the sections of a wasm file */

struct wasm_section {
  int id;            /* 0: custom */
  const char *name;  /* "code", "data" ...; of a custom section its own name */
  size_t offset;     /* of its id in the file */
  struct bytes body; /* without id and size; of a custom section without its name */
  int64_t count;     /* entries of a section that starts with a count, else -1 */
};
typedef VECTOR(struct wasm_section) wasm_sections;
/* Walks the file; fatal() when it is no wasm module or a section passes its end. Bodies point into `wasm`. */
wasm_sections wasm_sections_read(struct ctx *c, struct bytes wasm);
bool bytes_are_wasm(struct bytes file); /* starts with the magic number */
/* An unsigned LEB128 number of 32 bits at *at, which moves behind it; false when it runs past the end or over
 * 32 bits. */
bool wasm_read_u32(struct bytes b, size_t *at, uint32_t *out);
void wasm_write_u32(struct buffer *out, uint32_t x);

/* wasm_split.c: a copy of the module in which every call that `infer` makes is a function of its own,
 * exported as step_<i>: what --profile would have exported. *steps: how many. Without bytes when `infer` is
 * more than a list of calls with constant arguments, which modules of this compiler are not. The module must
 * be valid. */
struct bytes wasm_split_infer(struct ctx *c, struct bytes wasm, int *steps);

#endif
