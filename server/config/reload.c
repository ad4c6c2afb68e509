/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reload.h"

#include <stdlib.h>

#include <mrpc/error.h>

/* Name the keys that differ and are of this kind; returns how many there are. */
static size_t name_keys(const struct config *read, const struct config *fresh, bool reloads, FILE *out)
{
    size_t count = 0;
    for (const struct config_key *key = config_keys; key->name; key++)
        if (key->reloads == reloads && !config_same(read, fresh, key))
            fprintf(out, "%s%s", count++ ? ", " : "", key->name);
    return count;
}

static int take_over(struct config *live, struct config *read, const struct config *fresh)
{
    int error = 0;
    for (const struct config_key *key = config_keys; !error && key->name; key++) {
        if (!key->reloads || config_same(read, fresh, key))
            continue;
        error = config_take(live, fresh, key);
        if (!error)
            error = config_take(read, fresh, key);
    }
    return error;
}

int config_reload(struct config *live, struct config *read, const struct config *fresh, char **out,
                  struct fault *fault)
{
    size_t size;
    char *text = NULL;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    size_t taken = name_keys(read, fresh, true, stream);
    fputs(taken ? " read again" : "nothing to read again", stream);
    long before = ftell(stream);
    fputs("; a restart is needed for ", stream);
    if (name_keys(read, fresh, false, stream) == 0)
        fseek(stream, before, SEEK_SET);
    long end = ftell(stream);
    fclose(stream);
    int error = text && end >= 0 ? take_over(live, read, fresh) : MRPC_ERR_NOMEM;
    if (error) {
        free(text);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    text[end] = '\0';
    *out = text;
    return 0;
}
