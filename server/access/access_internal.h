/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_INTERNAL_H
#define MLT_ACCESS_INTERNAL_H

#include <mrpc/authentication.h>

#include "access/access.h"
#include "access/bootstrap.h"
#include "access/clock.h"
#include "access/failures.h"
#include "access/open_calls.h"
#include "access/policy.h"
#include "caller/quota.h"

struct access {
    bool closed;
    const char *policy_path; /* the configuration's; NULL: none */
    struct log *log;
    struct audit *audit;
    struct access_clock clock;
    struct tokens *tokens;
    struct snapshot_cell policy;
    struct failures *failures;
    struct bootstrap bootstrap;
    struct open_calls *open_calls;
    struct quota *stream_quota;
    struct mrpc_authentication *authentication;
    struct log_limit refused; /* of lines about bad credentials */
    int64_t looked_s;         /* access_look()'s */
};

/** Whether that caller may have a method of the table, -1: one that is not in it. */
bool access_may(struct access *access, const struct mrpc_identity *identity, int method);
/** The same for a right as a whole: for what is no method. */
bool access_has_right(struct access *access, const struct mrpc_identity *identity, enum right right);
/** The policy in force; snapshot_release() follows. */
struct policy *access_policy(struct access *access);

#endif
