/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: any bytes either fail with a text or give a schema; cut anywhere they give the same schema or the same failure;
 * and what was scanned can be loaded, with the same number of rows and absent values. The first byte says where to cut.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "execution/dataset/load.h"
#include "execution/dataset/scan.h"
#include "fuzzer.h"

static struct dataset_schema *scan(const uint8_t *bytes, size_t size, size_t step, struct fault *fault)
{
    struct dataset_scan *scan = dataset_scan_new(dataset_schema_new(0, false, NULL, 0), NULL, 0);
    MUST(scan);
    int code = 0;
    for (size_t at = 0; !code && at < size; at += step)
        code = dataset_scan_feed(scan, bytes + at, size - at < step ? size - at : step, fault);
    if (!code)
        code = dataset_scan_finish(scan, fault);
    struct dataset_schema *schema = code ? NULL : dataset_scan_take(scan);
    MUST(code == fault->code && (code == 0 || fault->text[0]));
    dataset_scan_free(scan);
    return schema;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_same(const struct dataset_schema *a, const struct dataset_schema *b)
{
    MUST(a->row_count == b->row_count && a->column_count == b->column_count && a->delimiter == b->delimiter);
    for (size_t i = 0; i < a->column_count; i++) {
        const struct dataset_column *x = &a->columns[i], *y = &b->columns[i];
        MUST(strcmp(x->name, y->name) == 0 && x->type == y->type && x->null_count == y->null_count);
        MUST(same(x->mean, y->mean) && same(x->minimum, y->minimum) && same(x->maximum, y->maximum));
    }
}

static void check_load(const struct dataset_schema *schema, const uint8_t *bytes, size_t size, size_t step)
{
    struct dataset_loader *loader;
    struct fault fault = FAULT_INIT;
    struct table *table = NULL;
    MUST(dataset_loader_new(schema, &(struct dataset_wanted){0}, &loader, &fault) == 0);
    for (size_t at = 0; at < size; at += step)
        MUST(dataset_loader_feed(loader, bytes + at, size - at < step ? size - at : step, &fault) == 0);
    MUST(dataset_loader_finish(loader, &table, &fault) == 0);
    MUST((uint64_t)table_rows(&table->array) == schema->row_count);
    for (size_t i = 0; i < schema->column_count; i++) {
        struct table_column column;
        int64_t index = table_find(&table->schema, schema->columns[i].name);
        MUST(index >= 0);
        table_column_view(&table->schema, &table->array, (size_t)index, &column);
        MUST((uint64_t)column.null_count == schema->columns[i].null_count);
    }
    table_free(table);
    dataset_loader_free(loader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t step = data[0] ? data[0] : 1;
    struct fault whole = FAULT_INIT, cut = FAULT_INIT;
    struct dataset_schema *a = scan(data + 1, size - 1, size, &whole);
    struct dataset_schema *b = scan(data + 1, size - 1, step, &cut);
    MUST(whole.code == cut.code && strcmp(whole.text, cut.text) == 0);
    if (a) {
        check_same(a, b);
        check_load(a, data + 1, size - 1, step);
    }
    dataset_schema_free(a);
    dataset_schema_free(b);
    return 0;
}
