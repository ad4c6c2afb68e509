/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_RECORD_PAGE_H
#define MLT_EXECUTION_RECORD_PAGE_H

#include "execution/record_index.h"

/* One page of records: by name, the newest version of each first. */

struct record_page {
    struct record **items; /* in the arena */
    size_t count;
    char *next_token; /* "" at the end */
};

/** @token is "NAME" or "NAME@VERSION", the last record of the page before, or "". @wanted(arg, record) may be NULL.
 *  Errors: INVALID_ARGUMENT (page_token), RESOURCE_EXHAUSTED. */
int record_page_make(const struct record_index *index, const char *token, size_t size, bool newest_only,
                     bool (*wanted)(void *arg, const struct record *record), void *arg, struct mrpc_arena *arena,
                     struct record_page *out, struct fault *fault) MRPC_MUST_USE;

#endif
