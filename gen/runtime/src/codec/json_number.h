/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_JSON_NUMBER_H
#define MRPC_CODEC_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers as RFC 8259 section 6 writes them. Independent of the locale. */

/** The length of the number that @text begins with; 0: none, or one that is followed by what would belong to it. */
size_t mrpc_json_number_prefix(const char *text, size_t size);

/** The value of a number of at most MRPC_JSON_NUMBER_MAX_BYTES, rounded once; infinite when it is too large. */
double mrpc_json_number_double(const char *text, size_t size);
float mrpc_json_number_float(const char *text, size_t size);

/** Its exact value if it is whole, however it is written ("1e2", "10.0"). False: it is not, or does not fit. */
bool mrpc_json_number_int64(const char *text, size_t size, int64_t *out);
bool mrpc_json_number_uint64(const char *text, size_t size, uint64_t *out);

#endif
