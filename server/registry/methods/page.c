/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <string.h>

/* Pages are cut behind a key, not at a number of rows: what comes and goes meanwhile moves nothing. */

int registry_page_size(int32_t page_size, size_t *limit, struct fault *fault)
{
    if (page_size < 0 || page_size > 1000)
        return fault_field(fault, "page_size", "%d is not in 0..1000", page_size);
    *limit = page_size ? (size_t)page_size : 100;
    return MRPC_OK;
}

int registry_page_token(struct mrpc_arena *arena, const char *token, const char **parts, size_t count,
                        struct fault *fault)
{
    char *copy = mrpc_arena_strdup(arena, token);
    if (!copy)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
    for (size_t i = 0; i < count; i++) {
        char *slash = strchr(copy, '/');
        if ((slash != NULL) != (i + 1 < count))
            return fault_field(fault, "page_token", "was not given by this method");
        if (slash)
            *slash = '\0';
        if (!registry_identifier_valid(copy, 128))
            return fault_field(fault, "page_token", "was not given by this method");
        parts[i] = copy;
        copy = slash ? slash + 1 : copy;
    }
    return MRPC_OK;
}
