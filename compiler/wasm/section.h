/* Internal to wasm/: the binary format's sections and integers, and the parts that make a module. */
#ifndef EAIC_SECTION_H
#define EAIC_SECTION_H

#include "wasm/wasm.h"

/* section.c */

enum section_id {
  SECTION_CUSTOM = 0,
  SECTION_IMPORT = 2,
  SECTION_MEMORY = 5,
  SECTION_EXPORT = 7,
  SECTION_CODE = 10,
  SECTION_DATA = 11,
  SECTION_DATA_COUNT = 12
};

struct section {
  uint8_t id;
  const char *name;  /* of a custom section, NUL-terminated; else NULL */
  struct bytes body; /* without id, size and name */
};
typedef VECTOR(struct section) section_list;

/* False, with nothing reported, when the bytes are not a sequence of well-formed sections after the wasm
 * header. The bodies point into `module`. */
bool sections_read(struct ctx *c, struct bytes module, section_list *out);
/* A whole module: header and sections. */
struct bytes sections_write(struct ctx *c, const section_list *sections);

/* Reads within bounds; after the first failure everything read is 0 and `failed` stays set. */
struct reader {
  const uint8_t *at, *end;
  bool failed;
};
struct reader reader_of(struct bytes b);
uint8_t read_byte(struct reader *r);
uint32_t read_u32(struct reader *r);                     /* unsigned LEB128 */
struct bytes read_bytes(struct reader *r, size_t count); /* points into the input */

void write_u32(struct buffer *b, uint32_t x);     /* unsigned LEB128 */
void write_address(struct buffer *b, uint32_t x); /* as the operand of i32.const: signed LEB128 */
void write_name(struct buffer *b, const char *s); /* length and bytes */

/* lld.cc: links one object file into a module file. `args` ends with NULL. Returns NULL, or what went wrong,
 * to be freed with free(). */
char *lld_link_wasm(const char *const *args);

/* data.c */

/* Active data segments for the program's constants, without long runs of zeros. Returns how many. */
uint32_t write_weights(struct buffer *out, const struct program *p);

/* metadata.c */

/* The JSON of the custom section `eaic` (DESIGN.md, section 4). */
void write_metadata(struct buffer *out, const struct program *p, const struct module_info *info, bool wasi,
                    uint64_t memory_bytes);

#endif
