/* Kernels that take the element type as a param: with constant params the switch folds. */
#ifndef EAIC_TYPED_WORDS_H
#define EAIC_TYPED_WORDS_H

/* The cases of a switch over enum element: M(type) for each type of numbers; for others nothing happens. */
#define EACH_NUMBER_TYPE(M)         \
  case ELEMENT_F32: M(f32); break;  \
  case ELEMENT_F64: M(f64); break;  \
  case ELEMENT_U8: M(u8); break;    \
  case ELEMENT_U16: M(u16); break;  \
  case ELEMENT_U32: M(u32); break;  \
  case ELEMENT_U64: M(u64); break;  \
  case ELEMENT_S8: M(s8); break;    \
  case ELEMENT_S16: M(s16); break;  \
  case ELEMENT_S32: M(s32); break;  \
  case ELEMENT_S64: M(s64); break;  \
  default: break;

EAIC_INLINE int32_t element_bytes(int32_t type) {
  switch (type) {
    case ELEMENT_F64:
    case ELEMENT_U64:
    case ELEMENT_S64: return 8;
    case ELEMENT_F32:
    case ELEMENT_U32:
    case ELEMENT_S32: return 4;
    case ELEMENT_U16:
    case ELEMENT_S16:
    case ELEMENT_F16:
    case ELEMENT_BF16: return 2;
    default: return 1;
  }
}

#endif
