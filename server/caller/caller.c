/* SPDX-License-Identifier: Apache-2.0 */
#include "caller/caller.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = {
    [MRPC_IDENTITY_ANONYMOUS] = CALLER_ANONYMOUS,
    [MRPC_IDENTITY_UNIX] = "unix",
    [MRPC_IDENTITY_TLS] = "tls",
    [MRPC_IDENTITY_TOKEN] = "token",
};

const char *caller_kind(enum mrpc_identity_kind kind)
{
    return kind <= MRPC_IDENTITY_TOKEN ? kinds[kind] : CALLER_ANONYMOUS;
}

const char *caller_owner(const struct mrpc_identity *identity, struct mrpc_arena *arena)
{
    if (identity->kind == MRPC_IDENTITY_ANONYMOUS || identity->kind > MRPC_IDENTITY_TOKEN)
        return CALLER_ANONYMOUS;
    return mrpc_arena_printf(arena, "%s/%s", kinds[identity->kind], identity->name);
}

/* They can change the data behind the server's back. */
static bool owns_the_data(const struct mrpc_identity *identity)
{
    char own[32];
    snprintf(own, sizeof own, "uid:%u", (unsigned)geteuid());
    return identity->kind == MRPC_IDENTITY_UNIX &&
           (strcmp(identity->name, "uid:0") == 0 || strcmp(identity->name, own) == 0);
}

bool caller_is_privileged(const struct mrpc_identity *identity)
{
    for (size_t i = 0; i < identity->role_count; i++)
        if (strcmp(identity->roles[i], "admin") == 0 || strcmp(identity->roles[i], "operator") == 0)
            return true;
    return owns_the_data(identity);
}

int caller_of(struct mrpc_call *call, struct caller *out, struct fault *fault)
{
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    const char *owner = caller_owner(identity, mrpc_call_arena(call));
    if (!owner)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *out = (struct caller){owner, caller_is_privileged(identity)};
    return 0;
}

bool caller_may_change(const struct caller *caller, const char *owner)
{
    return caller->privileged || strcmp(caller->owner, owner) == 0;
}

int caller_check(const struct caller *caller, const char *owner, const char *noun, const char *name,
                 struct fault *fault)
{
    if (caller_may_change(caller, owner))
        return 0;
    return fault_set(fault, MRPC_PERMISSION_DENIED, "%s %.128s belongs to %.128s", noun, name, owner);
}

/* Tokens came after this: a bare name was a certificate's or a local user's. */
const char *caller_migrated_owner(const char *bare, struct mrpc_arena *arena)
{
    enum mrpc_identity_kind kind = MRPC_IDENTITY_TLS;
    if (!*bare)
        kind = MRPC_IDENTITY_ANONYMOUS;
    else if (strncmp(bare, "uid:", 4) == 0)
        kind = MRPC_IDENTITY_UNIX;
    return caller_owner(&(struct mrpc_identity){.kind = kind, .name = bare}, arena);
}
