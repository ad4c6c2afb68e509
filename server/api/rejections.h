/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_REJECTIONS_H
#define MLT_API_REJECTIONS_H

#include <stddef.h>

#include "log/log.h"

/* What the server has turned away, counted and logged by reason: one line a second for each. Zero-initialised by its
 * owner. Thread: any. */

enum { REJECTIONS_MAX = 64 };   /* the runtime has fewer; what is more is counted as "other" */

struct rejections {
    struct rejection {
        const char *_Atomic reason;
        _Atomic uint64_t count;
        struct log_limit limit;
    } kinds[REJECTIONS_MAX];
};

/** @reason is a static word. */
void rejections_note(struct rejections *rejections, struct log *log, const char *reason, const char *peer);
/** Write mltrainer_rejected_total{reason="…"} in Prometheus' text format. Errors: what @write returns. */
int rejections_write(const struct rejections *rejections, int (*write)(void *arg, const char *text, size_t size),
                     void *arg) MRPC_MUST_USE;

#endif
