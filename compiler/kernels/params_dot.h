/* Dot products: convolutions and matrix products. Shapes and flags are params (they fold into code); numbers
 * that differ from layer to layer of one shape are an operand, `struct dot_numbers`, so that such layers
 * share one function. */
#ifndef EAIC_PARAMS_DOT_H
#define EAIC_PARAMS_DOT_H

/* f32 sums are made of partial sums over this many consecutive k, each from 0 on, added in order: errors grow
 * with the roots of 64 and of the number of parts, not of k. Depthwise sums are short and have one part. */
enum { DOT_PART = 64 };

/* What a finished sum is stored as. */
enum dot_output { DOT_F32, DOT_S32, DOT_U8, DOT_S8 };
enum dot_residual { DOT_NO_RESIDUAL, DOT_RESIDUAL_FIRST, DOT_RESIDUAL_SECOND }; /* its place in the add */

/* From the sum to the stored output. f32 sums:
 *     v = sum + bias[n]; clip v to [low, high]; v = v + residual; clip v to [post_low, post_high]
 * Integer sums, as ONNX Runtime's QLinearConv, QLinearMatMul, QGemm and, for the residual, QLinearAdd:
 *     v = float(sum + bias[n]) * scale[n]                       f32 output: then as above, without bias
 *     q = round_even(clip v to [low, high]) + zero_point        8-bit: limits are levels minus zero point
 *     with a residual r, with fma(a, b, c) = a * b + c rounded once, q as a or b of QLinearAdd:
 *     v = fma(a, ratio_a, fma(b, ratio_b, fixed)); q = round_even(clip v to [post_low, post_high])
 * s32 output stores the sum. */
struct dot_epilogue {
  int32_t output;           /* enum dot_output */
  int32_t has_bias;         /* bias[n]: s32 for integer sums, f32 for others */
  int32_t has_clip;         /* f32 output: low and high are used (8-bit output: always) */
  int32_t residual;         /* enum dot_residual */
  int32_t has_post_clip;    /* f32 output: post_low and post_high are used */
  int32_t scale_count;      /* 1, or one an output channel */
  int32_t residual_signed;  /* 8-bit output */
  int32_t add_is_single;    /* 8-bit output with a residual: see add_levels_f32 */
  int32_t narrowing_clamps; /* 8-bit output: low and high are the dtype's limits, and no scaled sum reaches
                             * 2^22: SIMD kernels need no clamp, because narrowing saturates */
};

/* An operand of every dot kernel. */
struct dot_numbers {
  float low, high;
  float post_low, post_high;
  float ratio_a, ratio_b, fixed;
  int32_t zero_point;   /* of the rounded result before the residual */
  int32_t x_zero_point; /* quantized x (or a): its zero, the value of padding */
};

/* x [batch, in_h, in_w, in_c], w [out_c, kernel_h, kernel_w, in_c / group] (SIMD variants: packed), y [batch,
 * out_h, out_w, out_c], residual as y. Offsets in elements fit 32 bits. */
struct conv_params {
  int32_t batch, in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int32_t pad_top, pad_left; /* output row r reads input rows r * stride_h - pad_top + i * dilation_h */
  int32_t group;
  int32_t x_signed, w_signed; /* 8-bit operands */
  int32_t x_zero_is_operand;  /* DOT_X_ZERO holds it (one number of x's dtype), not dot_numbers */
  int32_t w_zero_count;       /* DOT_W_ZERO holds 0 (no zero point), 1 or out_c numbers of w's dtype */
  int32_t x_is_centered;      /* SIMD: x minus its zero point is multiplied; 0: the bias makes up for it */
  struct dot_epilogue epilogue;
};

enum { DOT_BATCH_AXES = 6 };

/* y [.., m, n] = a [.., m, k] . b [.., k, n]. Element (i, j) of a matrix of a is at a batch's offset plus
 * i * a_row + j * a_column. */
struct matmul_params {
  int32_t m, n, k;
  int32_t a_row, a_column; /* strides in elements */
  int32_t b_row, b_column; /* plain */
  int32_t b_block;         /* SIMD: elements from 8 columns to the next 8 */
  int32_t batch_axes;      /* outermost first */
  int32_t batch_size[DOT_BATCH_AXES];
  int32_t a_batch[DOT_BATCH_AXES], b_batch[DOT_BATCH_AXES]; /* strides in elements, 0 where broadcast */
  int32_t x_signed, w_signed; /* 8-bit a and b */
  int32_t x_zero_count;  /* 0: dot_numbers holds it; 1 or m: DOT_X_ZERO does, in a's dtype */
  int32_t w_zero_count;  /* DOT_W_ZERO holds 0 (no zero point), 1 or n numbers of b's dtype */
  int32_t x_is_centered; /* as in conv_params */
  struct dot_epilogue epilogue;
};

/* Operands of conv, depthwise and matmul kernels. x is a of a matmul, w is b. */
enum {
  DOT_X,
  DOT_W,
  DOT_BIAS,
  DOT_SCALE,
  DOT_NUMBERS,
  DOT_X_ZERO,
  DOT_W_ZERO,
  DOT_RESIDUAL,
  DOT_Y,
  DOT_SCRATCH,
  DOT_OPERANDS
};

/* Scratch of the SIMD kernels, in bytes. Dense: the rows of one tile, widened to i16 (8-bit) or gathered. */
enum { DOT_TILE_ROWS = 4, DOT_BLOCK = 8 };
/* Elements from one row of the tile to the next; stores of 8 elements may run over a row's end. */
static inline int32_t dot_row_stride(int32_t k) { return (k + 1) / 2 * 2; }
static inline int64_t dot_tile_bytes(int32_t k, int32_t element_bytes) {
  return ((int64_t)DOT_TILE_ROWS * dot_row_stride(k) + DOT_BLOCK) * element_bytes;
}
/* Depthwise: a cell of padding, then kernel_h rows of a block of channels, each of this many pixels. */
enum { DEPTHWISE_CELL = 64 };
static inline int32_t depthwise_row_pixels(const struct conv_params *p) {
  return (p->out_w - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
}
static inline int64_t depthwise_scratch_bytes(const struct conv_params *p, int32_t element_bytes) {
  return DEPTHWISE_CELL + (int64_t)p->kernel_h * depthwise_row_pixels(p) * (DOT_BLOCK * element_bytes);
}
/* The tap (row * kernel_w + column) at position `i` of packed 8-bit depthwise weights: pairs of rows column
 * by column, then an odd last row. */
static inline int32_t depthwise_tap(int32_t kernel_h, int32_t kernel_w, int32_t i) {
  int32_t pair = i / 2, row_pairs = kernel_h / 2 * kernel_w;
  if (pair >= row_pairs) return (kernel_h - 1) * kernel_w + (i - 2 * row_pairs);
  return (pair / kernel_w * 2 + i % 2) * kernel_w + pair % kernel_w;
}

/* x [batch, in_h, in_w, in_c], w [in_c, kernel_h, kernel_w, out_c / group], y [batch, out_h, out_w, out_c],
 * all f32. Input row r adds to output rows r * stride_h + i * dilation_h - pad_top. Operands as above,
 * without scales and zeros. */
struct conv_transpose_params {
  int32_t batch, in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
  int32_t pad_top, pad_left;
  int32_t group;
  int32_t row_taps; /* SIMD: taps of a kernel row that are one product, whose outputs are neighbours: kernel_w
                     * (one group only; the bias stands once for each), or 1 */
  struct dot_epilogue epilogue;
};

/* Packs b [batch, k, n] for a SIMD matmul when it is known at run time only. Element (i, j) of a matrix is at
 * i * b_row + j * b_column. The last block of 8 columns starts at n - 8 (n >= 8), or is filled up with zeros
 * (n < 8).
 * f32: [batch][blocks][k][8]; 8-bit: [batch][blocks][ceil(k / 2)][8][2], an odd last row with zeros. */
struct pack_params {
  int32_t batch, k, n;
  int32_t b_row, b_column;
};
enum { PACK_B, PACK_Y, PACK_OPERANDS };

#endif
