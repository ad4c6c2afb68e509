/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_ARTIFACT_H
#define PLUGIN_SUPPORT_ARTIFACT_H

#include <mltrainer/plugin.h>

/* The bytes of a trained model, little endian:
 *
 *     magic 8 │ version 4 │ 0 4 │ what the family puts … │ CRC-32 of everything before it 4
 *
 * The writer grows in memory of the host's call; its first failure sticks and artifact_finish() tells. The reader takes
 * in the same order; bytes may be forged, so its first failure sticks too, what it gives then is 0 or NULL, and every
 * count is held against the bytes that are left before anything is allocated for it. */

struct artifact_writer {
    const struct mltrainer_host *host;
    uint8_t *bytes;
    size_t used;
    size_t capacity;
    int failed;
};

/** @magic: 8 characters. */
void artifact_start(struct artifact_writer *writer, const struct mltrainer_host *host, const char *magic,
                    uint32_t version);
void artifact_put(struct artifact_writer *writer, const void *bytes, size_t count);
void artifact_put_u32(struct artifact_writer *writer, uint32_t value);
void artifact_put_u64(struct artifact_writer *writer, uint64_t value);
void artifact_put_double(struct artifact_writer *writer, double value);
void artifact_put_doubles(struct artifact_writer *writer, const double *values, size_t count);
/** Length, then the text. */
void artifact_put_text(struct artifact_writer *writer, const char *text);
/** Errors: MLTRAINER_OUT_OF_MEMORY. *@bytes is memory of the host's call. */
int32_t artifact_finish(struct artifact_writer *writer, const void **bytes, size_t *byte_count,
                        struct mltrainer_error *error);

struct artifact_reader {
    const uint8_t *at;
    size_t left;
    uint32_t version;
    int failed;
};

/** Errors: MLTRAINER_CORRUPT (another magic, a version after @version_last, a wrong checksum). */
int32_t artifact_open(struct artifact_reader *reader, const void *bytes, size_t byte_count, const char *magic,
                      uint32_t version_last, struct mltrainer_error *error);
/** Borrowed from the bytes; not aligned. NULL when there are fewer. */
const void *artifact_take(struct artifact_reader *reader, size_t count);
uint32_t artifact_take_u32(struct artifact_reader *reader);
uint64_t artifact_take_u64(struct artifact_reader *reader);
/** A finite number; anything else is a failure. */
double artifact_take_double(struct artifact_reader *reader);
/** @count finite numbers into @values. */
void artifact_take_doubles(struct artifact_reader *reader, double *values, size_t count);
/** A count that cannot be larger than the bytes left hold at @bytes_each; else a failure, and 0. */
size_t artifact_take_count(struct artifact_reader *reader, size_t bytes_each);
/** A copy by malloc(), not empty, without NUL inside. NULL on failure, also when out of memory. */
char *artifact_take_text(struct artifact_reader *reader);
/** Non-zero when everything went well and nothing is left. */
int artifact_complete(const struct artifact_reader *reader);

#endif
