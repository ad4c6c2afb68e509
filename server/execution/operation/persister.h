/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PERSISTER_H
#define MLT_EXECUTION_PERSISTER_H

#include "execution/operation/operation.h"

/* Only responsible for keeping trained models and getting them back. Both run on the thread pool. */

/** Put what was fitted, with how it was, into a container and make that durable: operation->artifact. Errors: those of
 *  artifact_file_write(). */
int persister_keep(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** Open operation->artifact_sha256. Errors: those of artifact_file_read(). */
int persister_open(struct operation *operation, struct fault *fault) MRPC_MUST_USE;

#endif
