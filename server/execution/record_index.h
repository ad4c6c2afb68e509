/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_RECORD_INDEX_H
#define MLT_EXECUTION_RECORD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "caller/caller.h"
#include "execution/api.h"

/* What has a name, versions and a content hash: datasets and artifacts. Records are immutable and ordered by name, then
 * version. Thread: the execution loop's. */

struct record {
    char *name;
    uint32_t version;
    char sha256[65];
    uint64_t size_bytes; /* of the content */
    char *owner;
    char job[24];             /* that an artifact came of, or "" */
    bool durable;             /* nobody is shown one that is not */
    struct api_bytes message; /* Dataset or Artifact, encoded */
};

struct record_index {
    const char *noun; /* "dataset" */
    struct record **items;
    size_t count;
    size_t room;
};

void record_index_fini(struct record_index *index);

/** A record of copies; takes over @message. NULL when out of memory, @message freed. */
struct record *record_new(const char *name, uint32_t version, const char *sha256, uint64_t size_bytes,
                          const char *owner, struct api_bytes message) MRPC_MUST_USE;
void record_free(struct record *record);

/** Takes over @record. Errors: -1 when out of memory (it stays the caller's). A record of the same name and version
 * must not be there. */
int record_index_add(struct record_index *index, struct record *record) MRPC_MUST_USE;
/** Take @record out; it becomes the caller's. */
void record_index_remove(struct record_index *index, struct record *record);

/** The first record whose name is not less than @name (with @version): a position in items. */
size_t record_index_seek(const struct record_index *index, const char *name, uint32_t version);
/** 1 more than the newest version of @name. */
uint32_t record_index_next_version(const struct record_index *index, const char *name);

/** A name belongs to whom its oldest version belongs to. NULL: to nobody yet. */
const char *record_index_owner(const struct record_index *index, const char *name);
/** May @caller give @name a version, or an alias? Errors: PERMISSION_DENIED naming @field and the owner. */
int record_index_check_owner(const struct record_index *index, const char *name, const struct caller *caller,
                             const char *field, struct fault *fault) MRPC_MUST_USE;

/** "NAME", "NAME@VERSION" or "sha256:HEX". @field names the reference in errors. Errors: INVALID_ARGUMENT for a text
 * that is none of them, NOT_FOUND. */
int record_index_find(const struct record_index *index, const char *reference, const char *field, struct record **out,
                      struct fault *fault) MRPC_MUST_USE;
/** Put an artifact's record into @batch, or take it out: execution/artifact/NAME/VERSION. */
struct store_batch;
void artifact_put(struct store_batch *batch, const struct record *record);
void artifact_delete(struct store_batch *batch, const struct record *record);

/** Does any record have this content? */
struct record *record_index_with_content(const struct record_index *index, const char *sha256);

#endif
