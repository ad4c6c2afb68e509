/* SPDX-License-Identifier: Apache-2.0 */

/* Who may make which token. */

#include "access/access_internal.h"

#include <string.h>

static bool is_bootstrap(const struct mrpc_identity *caller)
{
    return caller->kind == MRPC_IDENTITY_TOKEN && caller->role_count == 1 &&
           strcmp(caller->roles[0], ROLE_BOOTSTRAP) == 0;
}

static int check_roles(const struct policy *policy, char *const *roles, size_t role_count, struct fault *fault)
{
    if (role_count == 0 || role_count > TOKEN_ROLES_MAX)
        return fault_field(fault, "roles", "%zu of them; there must be 1..%d", role_count, TOKEN_ROLES_MAX);
    for (size_t i = 0; i < role_count; i++)
        if (strcmp(roles[i], ROLE_BOOTSTRAP) == 0 || !policy_find_role(policy, roles[i]))
            return fault_field(fault, "roles", "there is no role \"%.64s\"", roles[i]);
    return 0;
}

static int check_rights(const struct policy *policy, const struct mrpc_identity *caller, const char *identity,
                        const struct method_set *given, struct fault *fault)
{
    struct method_set own = policy_rights(policy, caller->roles, caller->role_count), all = {{0}};
    for (size_t i = 0; i < rights_method_count; i++) {
        method_set_add(&all, (int)i);
        if (method_set_has(given, (int)i) && !method_set_has(&own, (int)i))
            return fault_set(fault, MRPC_PERMISSION_DENIED, "roles: they give %s, which you have not",
                             rights_of_methods[i].path);
    }
    if (!method_set_covers(&own, &all) && (caller->kind != MRPC_IDENTITY_TOKEN || strcmp(caller->name, identity) != 0))
        return fault_set(fault, MRPC_PERMISSION_DENIED, "identity: only who has all rights makes tokens for others");
    return 0;
}

static int check(struct access *access, const struct policy *policy, const struct mrpc_identity *caller,
                 const char *identity, char *const *roles, size_t role_count, struct fault *fault)
{
    int code = check_roles(policy, roles, role_count, fault);
    if (code)
        return code;
    struct method_set given = policy_rights(policy, (const char *const *)roles, role_count);
    if (is_bootstrap(caller)) {
        int method = rights_find("/mltrainer.admin.v1.AdminService/CreateToken");
        return method_set_has(&given, method)
                   ? 0
                   : fault_set(fault, MRPC_FAILED_PRECONDITION,
                               "roles: the first token must be one that may make others, as admin");
    }
    return access->closed ? check_rights(policy, caller, identity, &given, fault) : 0;
}

int access_check_grant(struct access *access, const struct mrpc_identity *caller, const char *identity,
                       char *const *roles, size_t role_count, struct fault *fault)
{
    struct policy *policy = access_policy(access);
    int code = check(access, policy, caller, identity, roles, role_count, fault);
    snapshot_release(&policy->snapshot);
    return code;
}

int access_begin_bootstrap(struct access *access, const struct mrpc_identity *caller, bool *used, struct fault *fault)
{
    *used = is_bootstrap(caller);
    return !*used || bootstrap_claim(&access->bootstrap)
               ? 0
               : fault_set(fault, MRPC_UNAUTHENTICATED, "the credentials are not valid");
}

void access_end_bootstrap(struct access *access, bool made)
{
    if (made)
        bootstrap_end(&access->bootstrap);
    else
        bootstrap_give_back(&access->bootstrap);
}
