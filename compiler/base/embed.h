/* EMBED(name, path): the bytes of a file, copied by the assembler into read-only data, are name[0 ..
 * name##_end - name). Once a name in the program; `path` is a string literal. */
#ifndef EAIC_EMBED_H
#define EAIC_EMBED_H

#define EMBED_TEXT_OF(x) #x
#define EMBED_TEXT(x) EMBED_TEXT_OF(x)
#define EMBED_SYMBOL(name) EMBED_TEXT(__USER_LABEL_PREFIX__) #name
#if defined(__APPLE__)
#define EMBED_BEGIN ".section __TEXT,__const\n"
#define EMBED_END ".text\n"
#else
#define EMBED_BEGIN ".pushsection .rodata,\"a\"\n"
#define EMBED_END ".popsection\n"
#endif
#define EMBED_LABEL(name) ".globl " EMBED_SYMBOL(name) "\n" EMBED_SYMBOL(name) ":\n"
#define EMBED(name, path) \
  __asm__(EMBED_BEGIN ".balign 16\n" EMBED_LABEL(name) ".incbin \"" path "\"\n" EMBED_LABEL( \
      name##_end) ".byte 0\n" EMBED_END); \
  extern const uint8_t name[] __attribute__((visibility("hidden"))); \
  extern const uint8_t name##_end[] __attribute__((visibility("hidden")));

#endif
