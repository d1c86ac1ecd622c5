/* Bytes -> protobuf messages. protobuf-c recurses as deep as the input says, merges repeated messages in
 * quadratic time and tells nothing about what is wrong, so the bytes are checked first. */
#include <string.h>

#include "onnx/import.h"

enum { MAX_NESTING = 64 }; /* graphs in attributes of nodes of graphs ...; real models stay below 20 */

struct wire {
  struct ctx *ctx;
  const uint8_t *data;
  size_t size; /* of the whole file, for messages */
};

EAIC_NORETURN static void not_a_model(const struct wire *w, size_t at, const char *why) {
  fatal(w->ctx, NULL, "this is not an ONNX model, or a damaged one: %s (at byte %zu of %zu)", why, at,
        w->size);
}

static uint64_t read_varint(const struct wire *w, size_t *at, size_t end) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (*at >= end)
      not_a_model(w, *at, *at >= w->size ? "the file ends inside of a number" : "a number is cut off");
    uint8_t byte = w->data[(*at)++];
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  not_a_model(w, *at, "a number has more than 64 bits");
}

/* Skips the `bytes` of a field. */
static void skip(const struct wire *w, size_t *at, size_t end, uint64_t bytes) {
  if (bytes > end - *at)
    not_a_model(w, *at,
                end == w->size ? "the file ends too early"
                               : "a field is longer than the message that holds it");
  *at += (size_t)bytes;
}

static void check_message(const struct wire *w, const ProtobufCMessageDescriptor *type, size_t at, size_t end,
                          int depth) {
  if (depth > MAX_NESTING) not_a_model(w, at, "messages are nested too deeply");
  uint64_t seen = 0; /* singular message fields */
  while (at < end) {
    size_t start = at;
    uint64_t tag = read_varint(w, &at, end), number = tag >> 3;
    if (number == 0 || number > (1u << 29) - 1) not_a_model(w, start, "a field has no valid number");
    switch (tag & 7) {
      case 0: read_varint(w, &at, end); break;
      case 1: skip(w, &at, end, 8); break;
      case 5: skip(w, &at, end, 4); break;
      case 2: {
        uint64_t bytes = read_varint(w, &at, end);
        size_t body = at;
        skip(w, &at, end, bytes);
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(type, (unsigned)number);
        if (!f || f->type != PROTOBUF_C_TYPE_MESSAGE) break;
        if (f->label != PROTOBUF_C_LABEL_REPEATED) {
          uint64_t bit = (uint64_t)1 << ((f - type->fields) & 63);
          if (seen & bit) not_a_model(w, start, "a field that may occur once is there twice");
          seen |= bit;
        }
        check_message(w, f->descriptor, body, at, depth + 1);
        break;
      }
      default: not_a_model(w, start, "a field has an unknown encoding");
    }
  }
}

/* protobuf-c's memory is the ctx's, so an error may leave at any time. */
static void *allocate(void *ctx, size_t bytes) { return ctx_alloc(ctx, bytes); }
static void release(void *ctx, void *p) { (void)ctx, (void)p; }

const Onnx__ModelProto *model_unpack(struct ctx *c, const uint8_t *data, size_t size) {
  struct wire w = {c, data, size};
  if (size == 0) fatal(c, NULL, "the file is empty");
  if (size >= 4 && memcmp(data, "\0asm", 4) == 0)
    fatal(c, NULL, "this is a WebAssembly module, not an ONNX model");
  check_message(&w, &onnx__model_proto__descriptor, 0, size, 0);
  ProtobufCAllocator allocator = {allocate, release, c};
  const Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, size, data);
  if (!model) fatal(c, NULL, "this is not an ONNX model, or a damaged one: a field has the wrong type");
  if (!model->graph) fatal(c, NULL, "this is not an ONNX model: it has no graph");
  return model;
}
