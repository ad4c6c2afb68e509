/* SPDX-License-Identifier: Apache-2.0 */
/* Z7: a policy of any bytes is refused with its place and a reason, or it gives nobody more than it says: no role but
 * admin may make tokens without having been allowed to, and what is denied is denied. */
#include <string.h>

#include "access/policy_file.h"
#include "fuzzer.h"

static void check_role(const struct policy *policy, const struct policy_role *role)
{
    const char *name = role->name;
    struct method_set rights = policy_rights(policy, &name, 1);
    MUST(strlen(role->name) > 0);
    for (size_t i = 0; i < rights_method_count; i++)
        MUST(!method_set_has(&role->deny, (int)i) || !method_set_has(&rights, (int)i));
}

static void check(const struct policy *policy)
{
    MUST(policy_find_role(policy, ROLE_ANYONE) && policy_find_role(policy, "admin"));
    for (size_t i = 0; i < policy->role_count; i++)
        check_role(policy, &policy->roles[i]);
    for (size_t i = 0; i < policy->identity_count; i++)
        for (size_t j = 0; j < policy->identities[i].role_count; j++)
            MUST(policy_find_role(policy, policy->identities[i].roles[j]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct policy *policy;
    if (policy_read((const char *)bytes, size, "fuzz", &policy, &fault) != 0) {
        MUST(fault.code == MRPC_INVALID_ARGUMENT && strncmp(fault.text, "fuzz:", 5) == 0);
        return 0;
    }
    check(policy);
    snapshot_release(&policy->snapshot);
    return 0;
}
