/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_ARTIFACT_CONTAINER_H
#define MLT_EXECUTION_ARTIFACT_CONTAINER_H

#include "execution/api.h"

/* An artifact at rest: a file whose name is its SHA-256.
 *
 *     "MLTA" | major u16 | minor u16 | header bytes u32 | 0 u32 | payload bytes u64      24 bytes, little endian
 *     header: mltrainer.execution.v1.Artifact, without what is not known before or differs between equal trainings
 *             (sha256, version, times, lineage, aliases, owner)
 *     zeros up to a multiple of 64
 *     payload: what the plugin saved
 *     SHA-256 of everything before                                                       32 bytes
 *
 * The name covers the trailing checksum too. Reading one executes nothing: header and payload are data, and the
 * plugin's restore() checks the payload again, in a worker. Equal training gives an equal file: parameters are ordered
 * by name. */

enum { ARTIFACT_HEADER_MAX = 4 * 1024 * 1024, ARTIFACT_SHA256_TEXT = 65 };

struct artifact_file {
    void *bytes; /* malloc'ed: the whole container */
    size_t size;
    const void *payload; /* in it */
    size_t payload_bytes;
    API(Artifact) * header; /* in the arena */
    char sha256[ARTIFACT_SHA256_TEXT];
};

/** Build a container in memory. Errors: RESOURCE_EXHAUSTED, INTERNAL. */
int artifact_file_build(API(Artifact) * header, const void *payload, size_t payload_bytes, struct artifact_file *out,
                        struct fault *fault) MRPC_MUST_USE;
/** Check and open what @bytes (taken over, also on failure) hold. Errors: DATA_LOSS, FAILED_PRECONDITION (a newer
 * major). */
int artifact_file_open(void *bytes, size_t size, struct mrpc_arena *arena, struct artifact_file *out,
                       struct fault *fault) MRPC_MUST_USE;
void artifact_file_fini(struct artifact_file *file);

/** Read FOLDER/SHA256.mlta and check that it is what its name says. Blocks. Errors: DATA_LOSS when it is missing or
 *  differs, as above. */
int artifact_file_read(const char *folder, const char *sha256, struct mrpc_arena *arena, struct artifact_file *out,
                       struct fault *fault) MRPC_MUST_USE;
/** Make it durable: temporary file, fsync, rename, fsync of the folder. Blocks. Nothing happens when it is there.
 *  Errors: RESOURCE_EXHAUSTED (disk full), INTERNAL. */
int artifact_file_write(const char *folder, const struct artifact_file *file, struct fault *fault) MRPC_MUST_USE;

#endif
