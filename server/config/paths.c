/* SPDX-License-Identifier: Apache-2.0 */
#include "config/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* MLT_LIBDIR and MLT_LIBEXECDIR are where this build installs to, relative to its prefix; the build tree looks
 * alike. */
const char *const paths_worker[] = {"mltrainer-worker", "../" MLT_LIBEXECDIR "/mltrainer/mltrainer-worker", NULL};
const char *const paths_renderer[] = {"mltrainer-render", "../" MLT_LIBEXECDIR "/mltrainer/mltrainer-render", NULL};
const char *const paths_plugins[] = {"../lib/mltrainer/plugins", "../" MLT_LIBDIR "/mltrainer/plugins", NULL};
const char *const paths_models[] = {"../share/mltrainer/models", NULL};
const char *const paths_views[] = {"../share/mltrainer/views", NULL};

static int executable_dir(char *out, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length < 0)
        return -1;
    out[length] = 0;
    char *slash = strrchr(out, '/');
    if (!slash)
        return -1;
    *slash = 0;
    return 0;
}

int paths_find(const char *const *candidates, char out[PATHS_BYTES])
{
    char dir[PATHS_BYTES / 2], real[PATH_MAX];
    if (executable_dir(dir, sizeof dir) != 0)
        return -1;
    for (; *candidates; candidates++) {
        snprintf(out, PATHS_BYTES, "%s/%s", dir, *candidates);
        if (realpath(out, real)) {
            snprintf(out, PATHS_BYTES, "%s", real);
            return 0;
        }
    }
    return -1;
}

static int join(const char *folder, const char *rest, char out[PATHS_BYTES])
{
    int size = snprintf(out, PATHS_BYTES, "%s%s", folder, rest);
    return size < 0 || size >= PATHS_BYTES ? -1 : 0;
}

int paths_data_dir(const char *configured, char out[PATHS_BYTES])
{
    if (configured)
        return join(configured, "", out);
    const char *state = getenv("STATE_DIRECTORY");
    if (state && *state)
        return join(state, "", out);
    const char *xdg = getenv("XDG_STATE_HOME");
    if (xdg && *xdg)
        return join(xdg, "/mltrainer", out);
    const char *home = getenv("HOME");
    return home && *home ? join(home, "/.local/state/mltrainer", out) : -1;
}

int paths_make_dir(const char *path)
{
    char partial[PATHS_BYTES];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(partial, path, length + 1);
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(partial, 0755) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    if (mkdir(partial, 0700) != 0 && errno != EEXIST)
        return -1;
    struct stat info;
    if (stat(partial, &info) != 0)
        return -1;
    errno = ENOTDIR;
    return S_ISDIR(info.st_mode) ? 0 : -1;
}
