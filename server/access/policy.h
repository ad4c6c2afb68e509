/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_POLICY_H
#define MLT_ACCESS_POLICY_H

#include <mrpc/call.h>

#include "access/rights.h"
#include "events/snapshot.h"
#include "fault/fault.h"

/* Who may do what. A role allows and denies methods; a caller has the roles of its token or those that the policy gives
 * to its certificate or uid, and always "anyone". What one of them denies is denied; else what one of them allows is
 * allowed; everything else is denied. */

#define ROLE_ANYONE "anyone"       /* everybody's, also of callers without a name */
#define ROLE_BOOTSTRAP "bootstrap" /* of the first secret alone: makes one token */

enum { POLICY_ROLES_MAX = 64, POLICY_IDENTITIES_MAX = 1000, ROLE_NAME_BYTES_MAX = 64 };

struct policy_role {
    char name[ROLE_NAME_BYTES_MAX + 1];
    struct method_set allow, deny;
};

/** Whom the policy gives roles that have no token. */
struct policy_identity {
    /* "tls/spiffe://example.org/ns/prod/…", "unix/uid:1000", "anonymous"; one '*' at the end: any rest */
    char *pattern;
    char **roles;
    size_t role_count;
};

/** Immutable once it is published. */
struct policy {
    struct snapshot snapshot;
    struct policy_role roles[POLICY_ROLES_MAX];
    size_t role_count;
    struct policy_identity *identities;
    size_t identity_count;
};

/** What there is without a file: anyone (public), viewer (read), service (read, register), trainer (read, work),
 *  operator (all but administer), admin (all); admin for root and the server's own account by a unix socket. NULL when
 *  out of memory. Ended by snapshot_release(&policy->snapshot). */
struct policy *policy_new(void) MRPC_MUST_USE;

const struct policy_role *policy_find_role(const struct policy *policy, const char *name);
/** What a caller with these roles may call. Roles that the policy does not know give nothing. */
struct method_set policy_rights(const struct policy *policy, const char *const *roles, size_t role_count);
/** The entry that gives this caller roles, the first that matches; NULL: none. */
const struct policy_identity *policy_find_identity(const struct policy *policy, const struct mrpc_identity *identity);

/** Used while a policy is made: the role of that name, new and empty if there is none. NULL: POLICY_ROLES_MAX. */
struct policy_role *policy_add_role(struct policy *policy, const char *name);
/** Copies. Errors: -1 when out of memory or POLICY_IDENTITIES_MAX. */
int policy_add_identity(struct policy *policy, const char *pattern, const char *const *roles, size_t role_count);

#endif
