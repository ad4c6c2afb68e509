/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"

#include <stdio.h>
#include <string.h>

bool registry_identifier_valid(const char *text, size_t most)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length > 0 && length <= most && text[length] == '\0';
}

const char *registry_namespace(const char *namespace_name)
{
    return namespace_name[0] ? namespace_name : "default";
}

static int check_part(const char *text, const char *field, const char *part, struct fault *fault)
{
    if (registry_identifier_valid(text, 128))
        return MRPC_OK;
    char name[96];
    snprintf(name, sizeof name, "%s.%s", field, part);
    return fault_field(fault, name, text[0] ? "is not [A-Za-z0-9._-]{1,128}" : "is required");
}

int registry_key_check(const PB(InstanceKey) * key, const char *field, struct fault *fault)
{
    if (!key)
        return fault_field(fault, field, "is required");
    int code = check_part(registry_namespace(key->namespace_), field, "namespace", fault);
    if (!code)
        code = check_part(key->service, field, "service", fault);
    if (!code)
        code = check_part(key->id, field, "id", fault);
    return code;
}
