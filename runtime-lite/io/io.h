/* io: tensors from and to files, and their summary for people. */
#ifndef EAIC_IO_H
#define EAIC_IO_H

#include "abi/abi.h"

/* How pictures become numbers: value = (pixel * scale - mean[channel]) / std[channel], pixel in 0..255. */
struct image_options {
  bool has_scale;
  double scale;              /* default: 1/255; 1 for integer inputs without quantization */
  int mean_count, std_count; /* 0: mean 0, std 1; 1: the same for all channels; else one a channel */
  double mean[4], std[4];
};

/* Fills `out` (want->bytes) from `source`, which is a file whose suffix names its format (formats.def), "-"
 * (raw bytes from standard input), "zeros", or "random:SEED" ("random" is 0; floats in [0,1), quantized and 8-bit types any
 * value, wider integers 0 to 99). Files with a dtype and a shape must match; extents of 1 are free, and
 * floats given to a quantized input are quantized. fatal() with file, input and both types when it does not
 * fit. `what` is "input" or "output", for messages. */
void tensor_load(struct ctx *c, const char *what, const struct abi_tensor *want, const char *source,
                 const struct image_options *image, uint8_t *out);

/* Writes a tensor in the format of the path's suffix; "-" is raw to standard output. */
void tensor_save(struct ctx *c, const struct abi_tensor *t, const void *data, const char *path);
/* fatal() unless the path has a suffix that tensors can be saved in. */
void tensor_check_save_path(struct ctx *c, const char *path);

/* tensor_print.c: name, type, range, and the `top` largest elements (0: all elements when they are few, else
 * none), with labels when there are any. Quantized values print as real numbers. */
struct labels {
  int count;
  const char **at;
};
struct labels labels_read(struct ctx *c, const char *path); /* one a line */
void tensor_print(struct buffer *out, const struct abi_tensor *t, const void *data, int top,
                  const struct labels *labels);

/* tensor_compare.c */
struct comparison {
  int64_t different; /* elements */
  int64_t first;     /* index of the first of them, -1 when there is none */
  double largest;    /* largest |got - expected| of them; infinite when only one is NaN */
  double accepted;   /* largest |got - expected| of the others: what the tolerance let pass */
};
/* Element by element: equal values and pairs of NaN are equal; floats also when |got - expected| <= tolerance
 * * (1 + |expected|). With tolerance 0, bit patterns of floats count, except those of NaN. */
struct comparison tensor_compare(enum abi_dtype t, int64_t elements, const void *got, const void *expected,
                                 double tolerance);

#endif
