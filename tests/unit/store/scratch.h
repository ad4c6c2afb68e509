/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder that a test throws away. Flat: only files are removed. */

static inline char *scratch_new(void)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/mlt-store-XXXXXX", base ? base : "/tmp") < 0 || !mkdtemp(path)) {
        free(path);
        return NULL;
    }
    return path;
}

static inline void scratch_empty(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
}

static inline void scratch_free(char *path)
{
    if (!path)
        return;
    scratch_empty(path);
    rmdir(path);
    free(path);
}

#endif
