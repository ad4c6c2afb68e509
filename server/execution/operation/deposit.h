/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DEPOSIT_H
#define MLT_EXECUTION_DEPOSIT_H

#include "execution/fetch/fetch.h"
#include "execution/operation/operation.h"

/* What an operation brings becomes a dataset of its owner's. It goes through the same intake as an upload, so it is
 * held to the same limits and counts into the same quota. */

/** Gives the bytes to @sink. */
typedef int deposit_write(struct operation *operation, const struct fetch_sink *sink, struct fault *fault);

/** Take in what @write gives, as @header says. Thread: the pool's; blocks. Errors: those of intake.h and of @write;
 *  DEADLINE_EXCEEDED. */
int deposit_fill(struct operation *operation, const API(UploadDatasetHeader) * header, deposit_write *write,
                 struct fault *fault) MRPC_MUST_USE;
/** Give it a name and a version, and end the operation; its result then says which. Thread: the loop's. */
void deposit_register(struct operation *operation);

/** For results that somebody wants as a dataset: deposits operation->output under @name, then ends the operation. */
void deposit_output(struct operation *operation, const char *name);

/** A header for CSV of our own, whose delimiter need not be guessed. @comma is kept for it. */
void deposit_describe(const char *name, API(CsvOptions) * comma, API(UploadDatasetHeader) * out);

#endif
