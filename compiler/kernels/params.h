/* Params structs (int32_t, float and fixed arrays of them only) and operand orders, by family. */
#ifndef EAIC_PARAMS_H
#define EAIC_PARAMS_H

#include <stdint.h>

#include "kernels/params_elementwise.h"
#include "kernels/params_dot.h"
#include "kernels/params_move.h"
#include "kernels/params_index.h"

#endif
