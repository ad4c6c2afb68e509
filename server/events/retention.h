/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_RETENTION_H
#define MLT_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "events/bus.h"

/* What a module has let go of in one sweep, told when it is durable and only when it was something. */

extern const struct bus_topic retention_swept;
struct retention_event {
    char module[32];            /* "execution", "registry" */
    uint64_t job_count;         /* finished jobs, with their events */
    uint64_t job_event_count;
    uint64_t request_key_count; /* idempotency keys that are no longer honoured */
    uint64_t file_count;        /* that nothing refers to */
    uint64_t file_bytes;
    uint64_t tombstone_count;   /* of instances that are gone */
    bool more;                  /* the sweep's budget was spent before its work */
};

#endif
