/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/run/run.h"

/* A page of runs: all of them are read, one store page after the other, and the best so far kept. Newest first is the
 * order of the keys backwards; by a metric, ties go to the newer one. */

enum { SCAN_PAGE = 500, SCAN_ARENA_BYTES = 64 * 1024 * 1024 };

/* Where a run stands in the order. */
struct place {
    double value; /* of the metric, turned so that less comes first; 0 without one */
    char id[RUN_KEY_BYTES];
};

struct kept {
    struct place place;
    struct api_bytes bytes;
};

struct page {
    const API(ListRunsRequest) * request;
    const char *metric; /* NULL: newest first */
    bool greatest_first;
    bool resumed;
    struct place after;
    struct kept *kept; /* in order */
    size_t count, size; /* of it; one more than a page, to know whether there is another one */
};

static bool comes_before(const struct place *a, const struct place *b)
{
    if (a->value != b->value)
        return a->value < b->value;
    return strcmp(a->id, b->id) > 0;
}

/* A token is the place of the last one that was shown: "VALUE@ID", the value in hexadecimal so that it is exact. */
static int read_token(struct page *page, const char *token, struct fault *fault)
{
    char *end;
    page->after.value = strtod(token, &end);
    if (end == token || *end != '@' || strlen(end + 1) >= sizeof page->after.id || !isfinite(page->after.value))
        return fault_field(fault, "page_token", "not a token of this list");
    snprintf(page->after.id, sizeof page->after.id, "%s", end + 1);
    page->resumed = true;
    return 0;
}

static int open_page(struct page *page, const API(ListRunsRequest) * request, struct fault *fault)
{
    const char *order = request->order_by;
    *page = (struct page){.request = request};
    page->greatest_first = *order == '-';
    order += page->greatest_first;
    page->metric = *order ? order : NULL;
    if (strlen(order) > 64 || (page->greatest_first && !*order))
        return fault_field(fault, "order_by", "not the name of a metric");
    if (api_page_size(request->page_size, &page->size, fault) ||
        (*request->page_token && read_token(page, request->page_token, fault)))
        return fault->code;
    page->size++;
    page->kept = calloc(page->size + 1, sizeof *page->kept);
    return page->kept ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void close_page(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->kept[i].bytes.data);
    free(page->kept);
}

/* ---- Choosing ---- */

static bool is_of_dataset(const API(Run) * run, const char *dataset)
{
    size_t length = strlen(dataset);
    if (strncmp(dataset, "sha256:", 7) == 0)
        return strcmp(run->dataset_sha256, dataset + 7) == 0;
    bool any_version =
        !strchr(dataset, '@') && strncmp(run->dataset, dataset, length) == 0 && run->dataset[length] == '@';
    return any_version || strcmp(run->dataset, dataset) == 0;
}

static bool has_label(const API(Run) * run, const char *key, const char *value)
{
    for (size_t i = 0; i < run->n_labels; i++)
        if (strcmp(run->labels[i]->key, key) == 0)
            return strcmp(run->labels[i]->value, value) == 0;
    return false;
}

static bool is_wanted(const struct page *page, const API(Run) * run)
{
    const API(ListRunsRequest) *request = page->request;
    if ((*request->model && strcmp(run->model, request->model) != 0) ||
        (*request->dataset && !is_of_dataset(run, request->dataset)))
        return false;
    for (size_t i = 0; i < request->n_labels; i++)
        if (!has_label(run, request->labels[i]->key, request->labels[i]->value))
            return false;
    return true;
}

/* False for one that the order has no place for: without the metric, or with NaN. */
static bool find_place(const struct page *page, const API(Run) * run, struct place *out)
{
    *out = (struct place){.value = 0};
    snprintf(out->id, sizeof out->id, "%s", run->id);
    if (!page->metric)
        return true;
    for (size_t i = 0; run->result && i < run->result->n_test_metrics; i++) {
        const API(Metric) *metric = run->result->test_metrics[i];
        if (strcmp(metric->name, page->metric) != 0)
            continue;
        out->value = page->greatest_first ? -metric->value : metric->value;
        return isfinite(out->value);
    }
    return false;
}

static int keep(struct page *page, const struct place *place, const struct store_slice *value, struct fault *fault)
{
    size_t at = page->count;
    while (at > 0 && comes_before(place, &page->kept[at - 1].place))
        at--;
    if (at == page->size)
        return 0;
    struct api_bytes bytes = {malloc(value->bytes + 1), value->bytes};
    if (!bytes.data)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(bytes.data, value->data, value->bytes);
    memmove(page->kept + at + 1, page->kept + at, (page->count - at) * sizeof *page->kept);
    page->kept[at] = (struct kept){*place, bytes};
    page->count++;
    if (page->count > page->size)
        free(page->kept[--page->count].bytes.data);
    return 0;
}

static int look_at(struct page *page, const struct store_entry *entry, struct mrpc_arena *arena, struct fault *fault)
{
    API(Run) * run;
    struct place place;
    int code = api_decode(API_INFO(run), entry->value.data, entry->value.bytes, arena, &run, fault);
    if (code)
        return code;
    if (!is_wanted(page, run) || !find_place(page, run, &place) ||
        (page->resumed && !comes_before(&page->after, &place)))
        return 0;
    return keep(page, &place, &entry->value, fault);
}

static int scan(struct store *store, struct page *page, struct mrpc_arena *arena, struct fault *fault)
{
    char after[STORE_KEY_BYTES_MAX + 1] = "";
    bool more = true;
    int code = 0;
    while (!code && more) {
        struct store_list list = STORE_LIST_INIT;
        struct store_range range = {
            .prefix = store_text("execution/run/"), .after = store_text(after), .limit = SCAN_PAGE};
        code = store_range(store, &range, &list, fault);
        for (size_t i = 0; !code && i < list.count; i++)
            code = look_at(page, &list.entries[i], arena, fault);
        more = list.more && list.count;
        if (more) {
            const struct store_slice *last = &list.entries[list.count - 1].key;
            memcpy(after, last->data, last->bytes);
            after[last->bytes] = 0;
        }
        store_list_fini(&list);
        mrpc_arena_reset(arena);
    }
    return code;
}

/* ---- The answer ---- */

static int answer(const struct page *page, struct mrpc_arena *arena, API(ListRunsResponse) * out, struct fault *fault)
{
    size_t most = page->count < page->size ? page->count : page->size - 1, bytes = 0;
    out->runs = mrpc_arena_calloc(arena, most + 1, sizeof *out->runs);
    if (!out->runs)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    while (out->n_runs < most && bytes <= API_PAGE_BYTES) {
        const struct api_bytes *run = &page->kept[out->n_runs].bytes;
        int code = api_decode(API_INFO(run), run->data, run->size, arena, &out->runs[out->n_runs], fault);
        if (code)
            return code;
        bytes += run->size;
        out->n_runs++;
    }
    if (out->n_runs < page->count) {
        const struct place *last = &page->kept[out->n_runs - 1].place;
        out->next_page_token = mrpc_arena_printf(arena, "%a@%s", last->value, last->id);
    }
    return out->next_page_token ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

int runs_page(struct store *store, const API(ListRunsRequest) * request, struct mrpc_arena *arena,
              API(ListRunsResponse) * out, struct fault *fault)
{
    struct page page = {.request = NULL};
    struct mrpc_arena *scratch = mrpc_arena_new(SCAN_ARENA_BYTES);
    int code = scratch ? open_page(&page, request, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = scan(store, &page, scratch, fault);
    if (!code)
        code = answer(&page, arena, out, fault);
    close_page(&page);
    mrpc_arena_free(scratch);
    return code;
}
