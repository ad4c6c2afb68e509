/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "execution/field_path.h"
#include "execution/fetch/source_kind.h"

enum { READ_BYTES = 256 * 1024 };

/* What of @path lies below the root @index; NULL: it does not, as it is written. */
static const char *below(const struct fetch_sources *sources, size_t index, const char *path)
{
    size_t bytes = strlen(sources->roots[index]);
    bool under = strncmp(path, sources->roots[index], bytes) == 0 && path[bytes] == '/' && path[bytes + 1];
    return under ? path + bytes + 1 : NULL;
}

static int check(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                 struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.file.path", field);
    for (size_t i = 0; i < sources->root_count; i++)
        if (below(sources, i, source->file->path))
            return 0;
    return fault_field(fault, path, "not an absolute path below one of execution.source_roots");
}

/* The kernel holds the walk to the root: neither "..", nor a symbolic link, nor a mount of /proc leads out. */
static int open_below(const struct fetch_sources *sources, const char *path, struct fault *fault)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
    int error = ENOENT;
    for (size_t i = 0; i < sources->root_count; i++) {
        const char *rest = below(sources, i, path);
        int root = rest ? open(sources->roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        int fd = root >= 0 ? (int)syscall(SYS_openat2, root, rest, &how, sizeof how) : -1;
        error = rest ? errno : error;
        if (root >= 0)
            close(root);
        if (fd >= 0)
            return fd;
    }
    bool outside = error == EXDEV || error == ELOOP || error == EACCES;
    fault_set(fault, outside ? MRPC_PERMISSION_DENIED : MRPC_NOT_FOUND, "the file cannot be opened: %s",
              error == EXDEV || error == ELOOP ? "it leads out of its folder" : strerror(error));
    return -1;
}

static int copy(int fd, const struct fetch_sink *sink, struct fault *fault)
{
    char *buffer = malloc(READ_BYTES);
    int code = buffer ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    while (!code) {
        ssize_t got = read(fd, buffer, READ_BYTES);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            code = fault_set(fault, MRPC_INTERNAL, "read: %s", strerror(errno));
        else if (sink->stopped(sink->arg))
            code = fetch_stopped(fault);
        else
            code = sink->take(sink->arg, buffer, (size_t)got, fault);
    }
    free(buffer);
    return code;
}

static int run(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
               struct fault *fault)
{
    struct stat info;
    int fd = open_below(sources, source->file->path, fault);
    if (fd < 0)
        return fault->code;
    int code = fstat(fd, &info) == 0 && S_ISREG(info.st_mode)
                   ? copy(fd, sink, fault)
                   : fault_set(fault, MRPC_INVALID_ARGUMENT, "not a regular file");
    close(fd);
    return code;
}

const struct source_kind file_source = {"file", check, run};
