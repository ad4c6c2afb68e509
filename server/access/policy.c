/* SPDX-License-Identifier: Apache-2.0 */
#include "access/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned rights; /* a bit each */
} built_in[] = {
    {ROLE_ANYONE, 1u << RIGHT_PUBLIC},
    {"viewer", 1u << RIGHT_READ},
    {"service", 1u << RIGHT_READ | 1u << RIGHT_REGISTER},
    {"trainer", 1u << RIGHT_READ | 1u << RIGHT_WORK},
    {"operator", 1u << RIGHT_READ | 1u << RIGHT_REGISTER | 1u << RIGHT_WORK | 1u << RIGHT_OPERATE},
    {"admin", (1u << RIGHT_COUNT) - 1},
};

static void free_policy(struct snapshot *snapshot)
{
    struct policy *policy = (struct policy *)snapshot;
    for (size_t i = 0; i < policy->identity_count; i++) {
        struct policy_identity *identity = &policy->identities[i];
        for (size_t j = 0; j < identity->role_count; j++)
            free(identity->roles[j]);
        free(identity->roles);
        free(identity->pattern);
    }
    free(policy->identities);
    free(policy);
}

struct policy_role *policy_add_role(struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->role_count; i++)
        if (strcmp(policy->roles[i].name, name) == 0)
            return &policy->roles[i];
    if (policy->role_count == POLICY_ROLES_MAX)
        return NULL;
    struct policy_role *role = &policy->roles[policy->role_count++];
    *role = (struct policy_role){.name = ""};
    snprintf(role->name, sizeof role->name, "%s", name);
    return role;
}

int policy_add_identity(struct policy *policy, const char *pattern, const char *const *roles, size_t role_count)
{
    if (policy->identity_count == POLICY_IDENTITIES_MAX)
        return -1;
    struct policy_identity *larger = realloc(policy->identities, (policy->identity_count + 1) * sizeof *larger);
    if (!larger)
        return -1;
    policy->identities = larger;
    /* whatever it gets is freed with the policy */
    struct policy_identity *identity = &larger[policy->identity_count++];
    *identity = (struct policy_identity){.pattern = strdup(pattern), .roles = calloc(role_count + 1, sizeof(char *))};
    bool whole = identity->pattern && identity->roles;
    for (; whole && identity->role_count < role_count; identity->role_count++)
        whole = (identity->roles[identity->role_count] = strdup(roles[identity->role_count])) != NULL;
    return whole ? 0 : -1;
}

static int add_built_in(struct policy *policy)
{
    static const char *const admin[] = {"admin"};
    char own[48];
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        struct policy_role *role = policy_add_role(policy, built_in[i].name);
        for (int right = 0; right < RIGHT_COUNT; right++)
            if (built_in[i].rights >> right & 1)
                method_set_add_right(&role->allow, (enum right)right);
    }
    struct policy_role *bootstrap = policy_add_role(policy, ROLE_BOOTSTRAP);
    method_set_add(&bootstrap->allow, rights_find("/mltrainer.admin.v1.AdminService/CreateToken"));
    /* They can change the data behind the server's back. */
    snprintf(own, sizeof own, "unix/uid:%u", (unsigned)geteuid());
    return policy_add_identity(policy, "unix/uid:0", admin, 1) || policy_add_identity(policy, own, admin, 1);
}

struct policy *policy_new(void)
{
    struct policy *policy = calloc(1, sizeof *policy);
    if (!policy)
        return NULL;
    snapshot_init(&policy->snapshot, free_policy);
    if (add_built_in(policy) == 0)
        return policy;
    snapshot_release(&policy->snapshot);
    return NULL;
}

const struct policy_role *policy_find_role(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->role_count; i++)
        if (strcmp(policy->roles[i].name, name) == 0)
            return &policy->roles[i];
    return NULL;
}

static void add_role(const struct policy *policy, const char *name, struct method_set *allow, struct method_set *deny)
{
    const struct policy_role *role = policy_find_role(policy, name);
    for (size_t i = 0; role && i < sizeof allow->words / sizeof *allow->words; i++) {
        allow->words[i] |= role->allow.words[i];
        deny->words[i] |= role->deny.words[i];
    }
}

struct method_set policy_rights(const struct policy *policy, const char *const *roles, size_t role_count)
{
    struct method_set allow = {{0}}, deny = {{0}};
    add_role(policy, ROLE_ANYONE, &allow, &deny);
    for (size_t i = 0; i < role_count; i++)
        add_role(policy, roles[i], &allow, &deny);
    for (size_t i = 0; i < sizeof allow.words / sizeof *allow.words; i++)
        allow.words[i] &= ~deny.words[i];
    return allow;
}

static bool matches(const char *pattern, const char *kind, const char *name)
{
    size_t kind_bytes = strlen(kind);
    if (strncmp(pattern, kind, kind_bytes) != 0)
        return false;
    const char *rest = pattern + kind_bytes;
    size_t rest_bytes = strlen(rest);
    if (rest_bytes > 0 && rest[rest_bytes - 1] == '*')
        return strncmp(rest, name, rest_bytes - 1) == 0;
    return strcmp(rest, name) == 0;
}

const struct policy_identity *policy_find_identity(const struct policy *policy, const struct mrpc_identity *identity)
{
    static const char *const kinds[] = {
        [MRPC_IDENTITY_ANONYMOUS] = "anonymous", [MRPC_IDENTITY_UNIX] = "unix/", [MRPC_IDENTITY_TLS] = "tls/"};
    if (identity->kind > MRPC_IDENTITY_TLS)
        return NULL;
    const char *name = identity->kind == MRPC_IDENTITY_ANONYMOUS ? "" : identity->name;
    for (size_t i = 0; i < policy->identity_count; i++)
        if (matches(policy->identities[i].pattern, kinds[identity->kind], name))
            return &policy->identities[i];
    return NULL;
}
