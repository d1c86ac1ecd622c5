/* PNG through libpng's simplified interface, JPEG through libjpeg. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h and size_t before it */

#include "io/io_formats.h"

enum { MAX_PIXELS = 1 << 28 };

/* ITU-R BT.601 luma with Pillow's rounding, so that grey values equal those of Python's usual tools. */
static uint8_t *to_grey(struct ctx *c, const uint8_t *rgb, size_t pixels) {
  uint8_t *grey = ctx_alloc(c, pixels);
  for (size_t i = 0; i < pixels; i++, rgb += 3) {
    grey[i] = (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
  }
  return grey;
}

static void check_size(struct ctx *c, const struct load_request *request, uint64_t width, uint64_t height) {
  if (width * height > MAX_PIXELS) {
    load_failed(c, request, "has %llu x %llu pixels, which is too large", (unsigned long long)width,
                (unsigned long long)height);
  }
}

static struct picture decode_png(struct ctx *c, const struct load_request *request, struct bytes file,
                                 int channels) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  if (!png_image_begin_read_from_memory(&image, file.data, file.size)) {
    load_failed(c, request, "is a damaged PNG: %s", image.message);
  }
  if ((uint64_t)image.width * image.height > MAX_PIXELS) {
    png_image_free(&image);
    check_size(c, request, image.width, image.height);
  }
  bool is_grey = !(image.format & PNG_FORMAT_FLAG_COLOR);
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  image.format = channels == 4              ? PNG_FORMAT_RGBA
                 : channels == 1 && is_grey ? PNG_FORMAT_GRAY
                                            : PNG_FORMAT_RGB;
  uint8_t *pixel = ctx_alloc(c, PNG_IMAGE_SIZE(image)); /* zeroed: transparency is laid over black */
  if (!png_image_finish_read(&image, NULL, pixel, 0, NULL)) {
    load_failed(c, request, "is a damaged PNG: %s", image.message);
  }
  if (image.format == PNG_FORMAT_RGB && channels == 1)
    pixel = to_grey(c, pixel, (size_t)image.width * image.height);
  return (struct picture){(int)image.width, (int)image.height, channels, pixel};
}

/* libjpeg's errors come through here and must not exit the process. */
struct jpeg_reader {
  struct jpeg_error_mgr error; /* first, so that a pointer to it is one to this */
  struct jpeg_decompress_struct jpeg;
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

static void jpeg_failed(j_common_ptr jpeg) {
  struct jpeg_reader *r = (struct jpeg_reader *)jpeg->err;
  jpeg->err->format_message(jpeg, r->message);
  longjmp(r->escape, 1);
}

/* Warnings mean damaged data that libjpeg would paper over with grey. */
static void jpeg_warned(j_common_ptr jpeg, int level) {
  if (level < 0) jpeg_failed(jpeg);
}

/* NULL after a failure, with r->message set; malloc'd pixels otherwise. */
static uint8_t *decode_jpeg_rows(struct jpeg_reader *r, struct bytes file, int channels) {
  uint8_t *volatile pixel = NULL;
  if (setjmp(r->escape)) {
    free(pixel);
    return NULL;
  }
  jpeg_mem_src(&r->jpeg, file.data, file.size);
  jpeg_read_header(&r->jpeg, TRUE);
  if ((uint64_t)r->jpeg.image_width * r->jpeg.image_height > MAX_PIXELS) {
    snprintf(r->message, sizeof r->message, "too many pixels");
    return NULL;
  }
  if (r->jpeg.jpeg_color_space == JCS_CMYK || r->jpeg.jpeg_color_space == JCS_YCCK) {
    snprintf(r->message, sizeof r->message, "CMYK colours are not supported");
    return NULL;
  }
  r->jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  r->jpeg.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&r->jpeg);
  size_t row_bytes = (size_t)r->jpeg.output_width * (size_t)r->jpeg.output_components;
  pixel = malloc(row_bytes * r->jpeg.output_height);
  while (pixel && r->jpeg.output_scanline < r->jpeg.output_height) {
    JSAMPROW row = pixel + row_bytes * r->jpeg.output_scanline;
    jpeg_read_scanlines(&r->jpeg, &row, 1);
  }
  jpeg_finish_decompress(&r->jpeg);
  return pixel;
}

static struct picture decode_jpeg(struct ctx *c, const struct load_request *request, struct bytes file,
                                  int channels) {
  if (channels == 4) load_failed(c, request, "is a JPEG without transparency, the tensor has 4 channels");
  struct jpeg_reader r = {.message = "out of memory"};
  r.jpeg.err = jpeg_std_error(&r.error);
  r.error.error_exit = jpeg_failed;
  r.error.emit_message = jpeg_warned;
  jpeg_create_decompress(&r.jpeg);
  uint8_t *rows = decode_jpeg_rows(&r, file, channels);
  struct picture p = {(int)r.jpeg.output_width, (int)r.jpeg.output_height, channels, NULL};
  jpeg_destroy_decompress(&r.jpeg);
  if (!rows) load_failed(c, request, "cannot be decoded: %s", r.message);
  p.pixel = ctx_copy(c, rows, (size_t)p.width * (size_t)p.height * (size_t)channels);
  free(rows);
  return p;
}

struct picture picture_decode(struct ctx *c, const struct load_request *request, struct bytes file,
                              int channels) {
  static const uint8_t png[4] = {0x89, 'P', 'N', 'G'}, jpeg[3] = {0xff, 0xd8, 0xff};
  if (file.size > sizeof png && !memcmp(file.data, png, sizeof png))
    return decode_png(c, request, file, channels);
  if (file.size > sizeof jpeg && !memcmp(file.data, jpeg, sizeof jpeg))
    return decode_jpeg(c, request, file, channels);
  load_failed(c, request, "is neither a PNG nor a JPEG");
}
