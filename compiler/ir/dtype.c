#include <string.h>

#include "ir/ir.h"

enum dtype_class { CLASS_F, CLASS_U, CLASS_S, CLASS_B, CLASS_X, CLASS_I };

static const struct {
  const char *name, *numpy;
  int bits, onnx;
  enum dtype_class class;
} rows[DT_COUNT] = {
#define DTYPE(e, eir, numpy, bits, onnx, cls) [DT_##e] = {eir, numpy, bits, onnx, CLASS_##cls},
#include "ir/dtype.def"
#undef DTYPE
};

const char *dtype_name(enum dtype t) { return rows[t].name; }
const char *dtype_numpy_name(enum dtype t) { return rows[t].numpy; }
int dtype_bytes(enum dtype t) { return rows[t].bits / 8; }
int dtype_to_onnx(enum dtype t) { return rows[t].onnx; }

bool dtype_from_name(const char *name, enum dtype *out) {
  for (int i = 0; i < DT_COUNT; i++)
    if (strcmp(rows[i].name, name) == 0) return *out = (enum dtype)i, true;
  return false;
}

bool dtype_from_onnx(int data_type, enum dtype *out) {
  for (int i = 0; i < DT_COUNT; i++)
    if (rows[i].onnx == data_type) return *out = (enum dtype)i, true;
  return false;
}

bool dtype_is_float(enum dtype t) { return rows[t].class == CLASS_F || rows[t].class == CLASS_X; }
bool dtype_is_integer(enum dtype t) { return rows[t].class == CLASS_U || rows[t].class == CLASS_S; }
bool dtype_is_signed(enum dtype t) { return rows[t].class != CLASS_U && rows[t].class != CLASS_B; }
bool dtype_is_8bit(enum dtype t) { return t == DT_U8 || t == DT_S8; }
