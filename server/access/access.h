/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_H
#define MLT_ACCESS_H

#include <mrpc/call.h>
#include <mrpc/server.h>
#include <mrpc/web.h>

#include "access/tokens.h"
#include "audit/audit.h"
#include "config/config.h"
#include "container/component.h"
#include "log/log.h"

/* Who gets in. It says who calls (a token, else what the connection knows), and whether that caller may have the
 * method.
 *
 *     access.mode: open     whoever reaches the port may call everything; a token that is sent must be good, though
 *     access.mode: token    callers have the rights of their roles (policy.h), those without a name nearly none
 */

struct access;

/** Needs "config", "log", "store" and "audit". */
extern const struct component access_component;
/** Reads the policy again. Needs "access". */
extern const struct component policy_reload_component;

/** The keys access.* and the policy file, as they would be read. Blocks. Errors: MRPC_INVALID_ARGUMENT. */
int access_check(const struct config *config, struct fault *fault) MRPC_MUST_USE;
/** Read the policy again; on failure the old one stays. Open streams that it forbids end. *@done as struct reloadable
 *  has it. Blocks. Thread: one. Errors: MRPC_INVALID_ARGUMENT. */
int access_reload(struct access *access, const char **done, struct fault *fault) MRPC_MUST_USE;

/** Reads policy and tokens; @config, @audit are borrowed. Blocks. Errors: MRPC_INVALID_ARGUMENT naming the key, what
 *  the store says. */
int access_new(const struct config *config, struct log *log, struct store *store, struct audit *audit,
               struct access **out, struct fault *fault) MRPC_MUST_USE;
/** After the servers that it was added to. */
void access_free(struct access *access);

/** Whether callers must say who they are. */
bool access_is_closed(const struct access *access);
/** Its interceptors, before those that ask for the identity. Errors: as mrpc_server_add_interceptor(). */
int access_add_to_server(struct access *access, struct mrpc_server *server) MRPC_MUST_USE;
/** For struct mrpc_web_options: who may have which route. Answers 401 or 403 itself. */
bool access_admit(void *access, struct mrpc_web *web);

/** Part of GET /metrics. Thread: any. */
int access_write_metrics(const struct access *access, int (*write)(void *arg, const char *text, size_t size), void *arg)
    MRPC_MUST_USE;

/** The time by which tokens are made and run out (clock.h). Thread: any. */
int64_t access_now_s(const struct access *access);

/** End streams of tokens that have run out, note uses in the store, once a second of @now_s. Returns in how many ms to
 *  come again. Thread: one, no loop. */
int access_look(struct access *access, int64_t now_s);

/* What the admin service does. Thread: the loop of the call. */

struct tokens *access_tokens(struct access *access);
/** May this caller give these roles to @identity? Nobody gives rights that he has not himself, and only who has them
 *  all makes tokens for others. Errors: INVALID_ARGUMENT (a role that is not there), PERMISSION_DENIED,
 *  FAILED_PRECONDITION (the first token must be one that may make others). */
int access_check_grant(struct access *access, const struct mrpc_identity *caller, const char *identity,
                       char *const *roles, size_t role_count, struct fault *fault) MRPC_MUST_USE;
/** The one use of the first secret, if the caller has it: begin before the token is made, then end. Errors:
 *  UNAUTHENTICATED (another call uses it). */
int access_begin_bootstrap(struct access *access, const struct mrpc_identity *caller, bool *used,
                           struct fault *fault) MRPC_MUST_USE;
/** Thread: any. */
void access_end_bootstrap(struct access *access, bool made);
/** End open streams of who may not have them any more. Thread: any. */
void access_end_streams(struct access *access);

#endif
