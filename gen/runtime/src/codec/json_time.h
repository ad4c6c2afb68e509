/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_JSON_TIME_H
#define MRPC_CODEC_JSON_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* google.protobuf.Duration and Timestamp in their JSON forms, in the ranges of duration.proto and timestamp.proto. */

/** "1.5s", "-0.000000001s". Seconds and nanoseconds have the same sign. */
bool mrpc_json_parse_duration(const char *text, size_t size, int64_t *seconds, int32_t *nanos);

/** RFC 3339: "1972-01-01T10:00:20.021Z", "1972-01-01T10:00:20+01:00". */
bool mrpc_json_parse_timestamp(const char *text, size_t size, int64_t *seconds, int32_t *nanos);

#endif
