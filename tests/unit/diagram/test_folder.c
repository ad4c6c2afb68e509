/* SPDX-License-Identifier: Apache-2.0 */
#include "test_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/mltrainer-test-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    return remove(path);
}

static void remove_all(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void)
{
    static int made;
    if (!made) {
        made = 1;
        if (!mkdtemp(folder))
            abort();
        atexit(remove_all);
    }
    return folder;
}
