/* The table of operators. Each difference between opsets is a row of onnx_ops.def or a condition in its
 * importer. */
#include <string.h>

#include "onnx/import.h"

enum { NEWEST = ONNX_NEWEST_OPSET };

static const struct import_row rows[] = {
#define ONNX(domain, name, since, until, importer, argument, doc) \
  {{domain, name, since, until, doc}, import_##importer, argument},
#include "onnx/onnx_ops.def"
#undef ONNX
};

static const struct onnx_op_row op_rows[] = {
#define ONNX(domain, name, since, until, importer, argument, doc) {domain, name, since, until, doc},
#include "onnx/onnx_ops.def"
#undef ONNX
};

const struct onnx_op_row *onnx_op_rows(int *count) {
  *count = (int)COUNT_OF(op_rows);
  return op_rows;
}

const struct import_row *row_find_any_opset(const char *domain, const char *name) {
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    if (!strcmp(rows[i].op.name, name) && !strcmp(rows[i].op.domain, domain)) return &rows[i];
  return NULL;
}

/* Rows since 7 hold in opset 6, too, which differs in how Add and its like broadcast only. */
static int starts(const struct import_row *r) { return r->op.since == 7 ? 6 : r->op.since; }

const struct import_row *row_find(const char *domain, const char *name, int64_t opset) {
  for (const struct import_row *r = row_find_any_opset(domain, name); r && r < rows + COUNT_OF(rows); r++)
    if (starts(r) <= opset && opset <= r->op.until && !strcmp(r->op.name, name) &&
        !strcmp(r->op.domain, domain))
      return r;
  return NULL;
}
