/* What the format files share; not for users of the room. */
#ifndef EAIC_IO_FORMATS_H
#define EAIC_IO_FORMATS_H

#include "io/io.h"

/* What a file holds. */
struct loaded {
  bool typed; /* false: bytes only, dtype and shape are the input's */
  enum abi_dtype dtype;
  int rank;
  int64_t dim[ABI_MAX_RANK];
  struct bytes data;
};

/* What a loader is asked for. `want` is only a hint: checks come later, in tensor_load. */
struct load_request {
  const char *path;
  const char *what; /* "input" */
  const struct abi_tensor *want;
  const struct image_options *image;
};

typedef struct loaded loader(struct ctx *c, const struct load_request *request);
typedef struct bytes saver(struct ctx *c, const struct abi_tensor *t, const void *data);

loader load_raw, load_npy, load_pb, load_image;
saver save_raw, save_npy, save_pb;

/* Product of the extents; fatal() when one is negative or there are too many elements for any memory. */
int64_t loaded_elements(struct ctx *c, const struct load_request *request, const struct loaded *l);
/* fatal(): "input 'x': 'f.npy': ..." */
EAIC_NORETURN void load_failed(struct ctx *c, const struct load_request *request, const char *format, ...)
    EAIC_PRINTF(3, 4);

enum { MAX_TENSOR_FILE = 1 << 30 };

/* A decoded picture: rows of `width` pixels of `channels` (1: grey, 3: RGB, 4: RGBA) bytes. */
struct picture {
  int width, height, channels;
  const uint8_t *pixel;
};
/* picture_decode.c: decodes PNG and JPEG, told apart by their content, to the channels asked for. */
struct picture picture_decode(struct ctx *c, const struct load_request *request, struct bytes file,
                              int channels);

#endif
