/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULE_ZONE_H
#define MLT_EXECUTION_SCHEDULE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "fault/fault.h"

/* Time zones by IANA name, from the system's database. The C library knows one zone a process (TZ); a schedule has its
 * own. Immutable once loaded. Source of the format: RFC 8536 (TZif), of the rule behind it: POSIX, TZ. */

enum { ZONE_NAME_BYTES_MAX = 64 };

struct zone;

/** From @folder ("/usr/share/zoneinfo"); "" and "UTC" need no database. Errors: INVALID_ARGUMENT (not a name),
 *  NOT_FOUND (no such zone), FAILED_PRECONDITION (no database), DATA_LOSS (not a TZif file), RESOURCE_EXHAUSTED.
 *  Blocks. */
int zone_load(const char *folder, const char *name, struct zone **out, struct fault *fault) MRPC_MUST_USE;
/** From the bytes of a file. Errors: DATA_LOSS, RESOURCE_EXHAUSTED. */
int zone_parse(const void *bytes, size_t size, struct zone **out, struct fault *fault) MRPC_MUST_USE;
void zone_free(struct zone *zone);

/** The stretch of time around @at_s (seconds since 1970, UTC) in which local time is UTC + offset_s: begin <= at < end;
 *  INT64_MIN and INT64_MAX when it does not begin or end. */
struct zone_span {
    int64_t begin_s, end_s;
    int32_t offset_s;
};
struct zone_span zone_span_at(const struct zone *zone, int64_t at_s);

#endif
