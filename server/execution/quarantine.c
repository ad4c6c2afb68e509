/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/quarantine.h"

#include <stdlib.h>
#include <string.h>

struct quarantine_family {
    struct quarantine_family *next;
    int64_t crashes_ms[QUARANTINE_CRASHES_MAX]; /* newest first */
    size_t count;
    char name[];
};

void quarantine_fini(struct quarantine *quarantine)
{
    while (quarantine->families) {
        struct quarantine_family *family = quarantine->families;
        quarantine->families = family->next;
        free(family);
    }
}

static struct quarantine_family *find(struct quarantine *quarantine, const char *name)
{
    for (struct quarantine_family *family = quarantine->families; family; family = family->next)
        if (strcmp(family->name, name) == 0)
            return family;
    struct quarantine_family *family = calloc(1, sizeof *family + strlen(name) + 1);
    if (!family)
        return NULL;
    strcpy(family->name, name);
    family->next = quarantine->families;
    quarantine->families = family;
    return family;
}

bool quarantine_crashed(struct quarantine *quarantine, uint64_t generation, const char *name, int64_t now_ms)
{
    if (generation != quarantine->generation)
        quarantine_fini(quarantine);
    quarantine->generation = generation;
    struct quarantine_family *family = quarantine->limit ? find(quarantine, name) : NULL;
    if (!family)
        return false;
    memmove(family->crashes_ms + 1, family->crashes_ms, (QUARANTINE_CRASHES_MAX - 1) * sizeof *family->crashes_ms);
    family->crashes_ms[0] = now_ms;
    if (family->count < QUARANTINE_CRASHES_MAX)
        family->count++;
    size_t limit = quarantine->limit < QUARANTINE_CRASHES_MAX ? quarantine->limit : QUARANTINE_CRASHES_MAX;
    if (family->count < limit || now_ms - family->crashes_ms[limit - 1] > QUARANTINE_WINDOW_MS)
        return false;
    family->count = 0;
    return true;
}
