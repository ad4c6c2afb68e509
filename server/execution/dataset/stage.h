/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_STAGE_H
#define MLT_EXECUTION_DATASET_STAGE_H

#include <stdint.h>

#include "caller/quota.h"
#include "execution/file.h"

/* Uploads that can be resumed: their bytes lie in FOLDER/.upload-HEX, where HEX is the hash of owner and request id, so
 * they outlive the call and the server, until they are finished or retention takes them. While nobody works on one, its
 * share of the owner's quota is kept here (not across a restart: then it is taken again by who resumes). One call at a
 * time works on one, which a lock on the file holds. Everything blocks: not on a loop. Thread: any. */

struct upload_stages;

struct upload_stage {
    int fd; /* read and write, at its end */
    char path[FILE_PATH_BYTES];
    uint64_t taken_bytes; /* of the quota, the holder's from now on */
};

/** @folder and @quota are borrowed. NULL when out of memory. */
struct upload_stages *upload_stages_new(const char *folder, struct quota *quota) MRPC_MUST_USE;
void upload_stages_free(struct upload_stages *stages);

/** Work on the upload @request_id of @owner, whose first @offset bytes stay; 0 begins anew. Errors: UNAVAILABLE with
 *  RetryInfo while another call works on it, FAILED_PRECONDITION when fewer bytes are there, as file.h. */
int upload_stage_open(struct upload_stages *stages, const char *owner, const char *request_id, uint64_t offset,
                      struct upload_stage *out, struct fault *fault) MRPC_MUST_USE;
/** Leave it for later, with what it has of the quota; or, when too many are left already, remove it. */
void upload_stage_leave(struct upload_stages *stages, const char *owner, struct upload_stage *stage);
/** Bytes that are on the disk; 0 of an upload that is not there. Errors: INTERNAL. */
int upload_stage_received(struct upload_stages *stages, const char *owner, const char *request_id, uint64_t *out,
                          struct fault *fault) MRPC_MUST_USE;

/** Give back what those had of the quota whose files are gone. */
void upload_stages_forget_removed(struct upload_stages *stages);

#endif
