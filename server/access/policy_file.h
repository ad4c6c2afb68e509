/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_POLICY_FILE_H
#define MLT_ACCESS_POLICY_FILE_H

#include "access/policy.h"

/* The policy as a YAML file:
 *
 *     roles:
 *       nightly:
 *         allow: [read, mltrainer.admin.v1.AdminService/Backup]   # rights, or SERVICE/METHOD
 *         deny: [mltrainer.execution.v1.ExecutionService/DeleteArtifact]
 *     identities:
 *       tls/spiffe://example.org/prod*: [trainer]               # a star at the end: any rest
 *       unix/uid:1000: [operator]
 *       anonymous: [viewer]
 *
 * A star instead of a method is all of a service's. The file adds to what policy_new() has; a role of the same name
 * takes its place, but admin and bootstrap are fixed, and root's and the server's own account stay administrators. What
 * is not understood is an error: nobody gets rights, or loses them, by a
 * typing error. */

enum { POLICY_FILE_BYTES_MAX = 1024 * 1024 };

/** @source names the text in errors. Errors: MRPC_INVALID_ARGUMENT saying where and what, MRPC_RESOURCE_EXHAUSTED. */
int policy_read(const char *text, size_t bytes, const char *source, struct policy **out,
                struct fault *fault) MRPC_MUST_USE;
/** Of a file; blocks. Errors: those, also when it is not there or too long. */
int policy_load(const char *path, struct policy **out, struct fault *fault) MRPC_MUST_USE;

#endif
