/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_LOG_JSON_LINE_H
#define MLT_LOG_JSON_LINE_H

#include <stddef.h>

/** A line of the log as a JSON object (RFC 8259), without a line feed: time, level, component, message, and in "fields"
 *  the message's key=value pairs, so that collectors find a call's id without taking texts apart. What is not UTF-8
 *  becomes '?'. Returns its length; @capacity is at least 256. What does not fit is left out: a field as a whole, the
 *  message's end. Pure. */
size_t log_json_line(char *out, size_t capacity, const char *time, const char *level, const char *component,
                     const char *message);

#endif
