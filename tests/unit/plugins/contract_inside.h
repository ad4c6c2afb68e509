/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_INSIDE_H
#define CONTRACT_INSIDE_H

#include "contract_run.h"

/** What the plugin told of its progress in one call. */
struct inside_progress {
    double last;
    unsigned told, steps, ended; /* steps: it was more than before; ended: it was 1 */
    int fell, outside;    /* it was less than before; it was not within 0 and 1 */
};

/** A run with the plugin in this process, with a host that counts and fails on demand. */
struct inside {
    struct mltrainer_host services; /* its context is this struct */
    void *blocks[4096];
    size_t block_count;
    size_t fail_at; /* the allocation that gives NULL, from 1; 0: none */
    size_t asked;

    int32_t status;
    struct mltrainer_error error;
    struct mltrainer_output output, again; /* again: of the restored model, when it learns */
    struct inside_progress training, predicting; /* or of computing, the first */
    struct inside_progress *telling;
};

/** Train, save, restore, and predict with both; or compute. inside_end() frees. */
void inside_run(const struct contract *contract, const struct table *table, struct inside *run);
/** The same with a seed, and an allocation to fail. */
void inside_run_so(const struct contract *contract, const struct table *table, uint64_t seed, size_t fail_at,
                   struct inside *run);
void inside_end(struct inside *run);

#endif
