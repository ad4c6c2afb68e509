/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_INTAKE_H
#define MLT_EXECUTION_DATASET_INTAKE_H

#include "caller/caller.h"
#include "execution/api.h"
#include "execution/dataset/stage.h"
#include "execution/engine.h"

/* Bytes on their way to becoming a dataset, wherever they come from: hashed, scanned, counted into the quota and
 * written as they come; at the end the file gets its name (the hash), the loop gives it a version, and the store
 * commits it.
 *
 *     intake_open ─► intake_take* ─► intake_finish ─► intake_register ─► its callback ─► intake_free
 *     └─────────────── thread pool ──────────────┘   └─────── loop ──────┘              (thread pool)
 *
 * One call at a time. What has failed once fails on; the bytes are then removed. Those of an intake that is freed
 * without having failed, and that has a request_id, stay for who resumes. */

struct intake;

/** @header says what is coming (copied); @caller (copied) whose it will be. Resuming, it reads what is there again.
 *  Blocks.
 *  Errors: INVALID_ARGUMENT naming the field of the header, RESOURCE_EXHAUSTED (quota, size), those of stage.h. */
int intake_open(struct execution *engine, const struct caller *caller, const API(UploadDatasetHeader) * header,
                struct intake **out, struct fault *fault) MRPC_MUST_USE;
/** The next bytes. Blocks. Errors: as dataset_scan_feed(), DATA_LOSS for more than announced, RESOURCE_EXHAUSTED. */
int intake_take(struct intake *intake, const void *bytes, size_t size, struct fault *fault) MRPC_MUST_USE;
/** What the hash must be (copied), when that is known only behind the last bytes. Errors: INVALID_ARGUMENT: no hash,
 *  the header has one, it came before. */
int intake_expect(struct intake *intake, const char *sha256, struct fault *fault) MRPC_MUST_USE;
/** They were all: check, describe, sync, rename. Blocks. Errors: DATA_LOSS when hash or size is another, as above. */
int intake_finish(struct intake *intake, struct fault *fault) MRPC_MUST_USE;
/** On the loop: make it a version, unless the newest one of its name is the same; PERMISSION_DENIED when the name is
 *  somebody else's. @done comes once, on the loop, with
 *  intake_dataset() there when @fault->code is 0; or, when the server stops before, on the store's thread with
 *  UNAVAILABLE. */
void intake_register(struct intake *intake, void (*done)(void *arg, const struct fault *fault), void *arg);

const API(Dataset) * intake_dataset(const struct intake *intake);
/** The same bytes with the same options were there under this name. */
bool intake_existed(const struct intake *intake);
/** Must intake_free() wait for the disk? */
bool intake_holds_file(const struct intake *intake);
void intake_free(struct intake *intake);

#endif
