/* Look-ups, orders and running values along axes. Element types are enum element. Every kernel takes any index: what
 * is out of range is clamped (reads) or skipped (writes). */
#ifndef EAIC_PARAMS_INDEX_H
#define EAIC_PARAMS_INDEX_H

enum { INDEX_AXES = 8 };
enum combine { COMBINE_REPLACE, COMBINE_ADD, COMBINE_MUL, COMBINE_MAX, COMBINE_MIN };

/* gather_elements, scatter_elements: `dim` is the shape of the index (rank axes), `stride` that of x or y, whose axis
 * `axis` has `size` elements. */
struct index_elements_params {
  int32_t rank, axis, size;
  int32_t dim[INDEX_AXES], stride[INDEX_AXES];
  int32_t wide;    /* 1: indices are s64 */
  int32_t type;    /* of the elements */
  int32_t combine; /* scatter */
  int32_t count;   /* scatter: elements of x */
};

/* gather_nd, scatter_nd: `batch` * `tuples` tuples of `depth` coordinates; each names `run` elements of one batch of x or y,
 * which has `batch_size` elements; coordinate i is below dim[i] and counts stride[i] elements. */
struct index_tuples_params {
  int32_t batch, tuples, depth, run, batch_size;
  int32_t dim[INDEX_AXES], stride[INDEX_AXES];
  int32_t wide, type, combine;
  int32_t count; /* scatter: elements of x */
};
enum { GATHER_ND_X, GATHER_ND_INDEX, GATHER_ND_Y, GATHER_ND_OPERANDS };
enum { SCATTER_X, SCATTER_INDEX, SCATTER_UPDATES, SCATTER_Y, SCATTER_OPERANDS };

/* arg, top_k: rows of `size` elements; element i of a row is at (o * size + i) * inner + j. */
struct order_params {
  int32_t outer, size, inner;
  int32_t type;
  int32_t largest; /* 1: the largest first, 0: the smallest */
  int32_t last;    /* arg: 1 takes the last of equal elements */
  int32_t count;   /* top_k: elements taken of each row */
};
enum { ORDER_X, ORDER_Y, ORDER_INDEX, ORDER_OPERANDS }; /* arg writes no Y */

/* cumulate: x and y have shape `dim`; operand AXIS is a scalar, s64 when `wide`, else s32; out of range: the nearest. */
struct cumulate_params {
  int32_t rank, dim[INDEX_AXES];
  int32_t wide, type;
  int32_t product, exclusive, reverse;
};
enum { CUMULATE_X, CUMULATE_AXIS, CUMULATE_Y, CUMULATE_OPERANDS };

/* reduce_by: x has shape `dim`, y `count` elements. AXES: `axes` numbers, s64 when `wide`, else s32. */
struct reduce_by_params {
  int32_t rank, dim[INDEX_AXES];
  int32_t axes, wide, type;
  int32_t kind; /* enum reduce_kind */
  int32_t count;
};
enum { REDUCE_BY_X, REDUCE_BY_AXES, REDUCE_BY_Y, REDUCE_BY_OPERANDS };

#endif
