/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_QUARANTINE_H
#define MLT_EXECUTION_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A plugin that crashes worker after worker is kept away from them: so many crashes within a minute, and its models are
 * not available until the plugins are looked at anew. Thread: the loop's. */

enum { QUARANTINE_WINDOW_MS = 60 * 1000, QUARANTINE_CRASHES_MAX = 16 };

struct quarantine_family;

struct quarantine {
    unsigned limit;      /* crashes; 0: never */
    uint64_t generation; /* of the catalog that the counts are about */
    struct quarantine_family *families;
};

/** A worker was lost to @family's code at @now_ms. True when that was one too many, once: the count begins anew. Counts
 *  of an older @generation are forgotten. */
bool quarantine_crashed(struct quarantine *quarantine, uint64_t generation, const char *family, int64_t now_ms);
void quarantine_fini(struct quarantine *quarantine);

struct operation;
/** Does how @operation ended tell against its plugin? Then count it, and publish a catalog without the plugin when it
 *  is one too many. A worker that somebody killed, or whose memory was used up, does not. */
void quarantine_judge(const struct operation *operation);

struct execution;
struct process_result;
/** The same of a prediction by @family's code that no operation made. Thread: any; the loop counts. */
void quarantine_judge_result(struct execution *engine, const char *family, const struct process_result *result);

#endif
