/* Windows, reductions, normalizations and movement. Sizes and strides are in elements unless they say bytes;
 * all offsets within an operand fit 32 bits. */
#ifndef EAIC_PARAMS_MOVE_H
#define EAIC_PARAMS_MOVE_H

/* Movement --------------------------------------------------------------------------------------------------
 */

enum { COPY_AXES = 8 };

/* Copies a box: y[to + sum(i * to_stride)] = x[from + sum(i * from_stride)] for all i < size. Unused axes
 * have size 1 and stand first. Runs: units are bytes, the last axis is contiguous on both sides. */
struct copy_params {
  int32_t size[COPY_AXES];
  int32_t from_stride[COPY_AXES]; /* may be 0 or negative */
  int32_t to_stride[COPY_AXES];
  int32_t from, to;
};
/* TABLE: 256 bytes that map each byte on the way (copy_mapped_x8 only). */
enum { COPY_X, COPY_Y, COPY_TABLE, COPY_OPERANDS };

/* Copies by tables: y is dense; element i0, i1, .. of y is `run` bytes of x at byte offset table0[i0] +
 * table1[i1] + ...; an entry below 0 anywhere makes it the run at FILL instead (operand absent: no such
 * entry). Tables one after another. */
struct copy_by_tables_params {
  int32_t size[COPY_AXES]; /* unused axes have size 1, a table of one 0, and stand first */
  int32_t run;
};
enum { TABLES_X, TABLES_Y, TABLES_OFFSETS, TABLES_FILL, TABLES_OPERANDS };

/* y[outer..][column][row] = x[outer..][row][column], a transpose of planes: x is contiguous along columns, y
 * along rows. */
struct transpose_params {
  int32_t size[COPY_AXES - 2]; /* outer axes; unused ones have size 1 and stand first */
  int32_t from_stride[COPY_AXES - 2], to_stride[COPY_AXES - 2];
  int32_t rows, columns;
  int32_t from_row;  /* x: elements from row to row */
  int32_t to_column; /* y: elements from column to column */
};

/* y[i] = value for `count` elements of `bytes` bytes each. */
struct fill_params {
  int32_t count, bytes;
};
enum { FILL_Y, FILL_VALUE, FILL_OPERANDS };

/* y[o][i] = x[o][index[i]], runs of bytes. A negative index counts from the end; outside of the axis: the
 * nearest end. */
struct gather_params {
  int32_t outer, axis, count; /* count: number of indices */
  int32_t run;                /* bytes */
  int32_t wide;               /* 1: indices are s64 */
};
enum { GATHER_X, GATHER_INDEX, GATHER_Y, GATHER_OPERANDS };

/* Windows ---------------------------------------------------------------------------------------------------
 */

/* Orders of summation, those of ONNX Runtime's float AveragePool: tap after tap, row by row; each column
 * first, then the columns; tap t of the whole input to lane t % 4, (0 + 2) + (1 + 3), then the taps that fill
 * no four lanes. */
enum pool_order { POOL_BY_ROWS, POOL_BY_COLUMNS, POOL_BY_LANES };
/* How an 8-bit mean is rounded. INTEGER, SHIFTED: ONNX Runtime's QLinearAveragePool, which adds the zero
 * point before, of its s8 kernel or of its u8 kernel on s8 + 128. FLOAT: QuantizeLinear, which adds it after.
 */
enum pool_form { POOL_FORM_INTEGER, POOL_FORM_SHIFTED, POOL_FORM_FLOAT };

/* x [batch, in_h, in_w, channels] -> y [batch, out_h, out_w, channels]. */
struct pool_params {
  int32_t batch, in_h, in_w, channels, out_h, out_w;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  /* Averages: */
  int32_t order;     /* enum pool_order */
  int32_t count_pad; /* divide by the taps in the first counted_h x counted_w elements of the padded input */
  int32_t counted_h, counted_w;
  /* 8-bit averages: */
  int32_t x_signed, y_signed, x_zero_point, y_zero_point;
  int32_t form; /* enum pool_form */
  float x_scale, y_scale;
};

/* Operands of everything with one input and one output. */
enum { MOVE_X, MOVE_Y, MOVE_OPERANDS };

enum { RESIZE_AXES = 3, RESIZE_TAPS = 4 };

/* y[o][i0][i1][i2][inner] = sum over taps of weight * x. Axis a has taps[a] (1, 2 or 4) taps an index; TABLES
 * holds for each axis out[a] * taps[a] pairs (int32 offset in elements of x, float weight). An offset of tap
 * 0 below 0: extrapolation. */
struct resize_params {
  int32_t outer, inner;
  int32_t in_outer; /* elements of x from one outer index to the next */
  int32_t out[RESIZE_AXES], taps[RESIZE_AXES];
  float extrapolation;
};
struct resize_tap {
  int32_t offset;
  float weight;
};
enum { RESIZE_X, RESIZE_TABLES, RESIZE_Y, RESIZE_OPERANDS };

/* Reductions and normalizations -----------------------------------------------------------------------------
 */

enum reduce_kind { REDUCE_KIND_SUM, REDUCE_KIND_MEAN, REDUCE_KIND_MAX, REDUCE_KIND_MIN, REDUCE_KIND_PROD };
enum { REDUCE_AXES = 4 };
/* Orders of summation of floats over one reduced axis of n elements. Element after element; or by four lanes
 * (element i to lane i % 4), joined as (0 + 2) + (1 + 3), then the last n % 4 elements: ONNX Runtime's
 * GlobalAveragePool over planes. Or as its ReduceSum over contiguous rows: row r leaves out the elements
 * before the next index of x divisible by 4, takes two sets of lanes in turn, adds the second to the first,
 * then an odd last four, joins the lanes, and adds those left out before and after. */
enum reduce_order { REDUCE_IN_ORDER, REDUCE_BY_LANES, REDUCE_BY_ALIGNED_LANES };

/* y[kept..] = reduction of x over `reduced`, in row-major order of x. y is dense. Unused axes have size 1 and
 * stand first. */
struct reduce_params {
  int32_t kind; /* enum reduce_kind */
  int32_t kept[REDUCE_AXES], kept_stride[REDUCE_AXES];
  int32_t reduced[REDUCE_AXES], reduced_stride[REDUCE_AXES];
  int32_t count; /* product of reduced[] */
  int32_t order; /* enum reduce_order, f32: others than IN_ORDER only for sums and means over the last of
                    reduced[] */
  /* 8-bit mean: y = round_even(clamp(float(sum(x) - count * x_zero_point) * scale)) + y_zero_point */
  int32_t x_signed, y_signed, x_zero_point, y_zero_point;
  float scale;
};

/* Rows of `size` elements, `outer` * `inner` of them; element i of a row is at (o * size + i) * inner + j. */
struct softmax_params {
  int32_t outer, size, inner;
  int32_t log; /* f32: 1 gives log_softmax */
  /* 8-bit, ONNX Runtime's QLinearSoftmax: TABLE[i] = e^((i - 255) * x_scale) times a power that keeps sums
   * finite */
  int32_t is_signed, y_zero_point;
  float levels; /* floor(1 / y_scale) */
};
/* SCRATCH: f32 over inner axes needs 2 * inner floats. */
enum { SOFTMAX_X, SOFTMAX_Y, SOFTMAX_TABLE, SOFTMAX_SCRATCH, SOFTMAX_OPERANDS };

/* y = (x - mean) / sqrt(variance + epsilon) * scale + bias over `outer` rows of `size` elements. */
struct layer_norm_params {
  int32_t outer, size;
  float epsilon;
};
enum { NORM_X, NORM_SCALE, NORM_BIAS, NORM_Y, NORM_OPERANDS };

#endif
