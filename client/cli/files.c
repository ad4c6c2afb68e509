/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int files_read(const char *path, size_t limit, uint8_t **out, size_t *size)
{
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (!in)
        return cli_failed("%s: %s", path, strerror(errno));
    size_t used = 0, capacity = 64 * 1024;
    uint8_t *bytes = malloc(capacity + 1);
    while (bytes) {
        size_t got = fread(bytes + used, 1, capacity - used, in);
        used += got;
        if (got == 0 || used > limit)
            break;
        if (used == capacity) {
            uint8_t *more = realloc(bytes, 2 * capacity + 1);
            if (!more)
                free(bytes);
            bytes = more;
            capacity *= 2;
        }
    }
    int failed = !bytes || ferror(in);
    if (in != stdin)
        fclose(in);
    if (failed || used > limit) {
        free(bytes);
        return cli_failed("%s: %s", path, failed ? "cannot be read" : "is too large");
    }
    bytes[used] = 0;
    *out = bytes;
    *size = used;
    return 0;
}

int files_begin(struct files_output *output, const char *path)
{
    *output = (struct files_output){.path = path};
    if (strcmp(path, "-") == 0) {
        output->stream = stdout;
        return 0;
    }
    if (asprintf(&output->temporary, "%s.XXXXXX", path) < 0)
        return cli_failed("out of memory");
    int fd = mkostemp(output->temporary, O_CLOEXEC);
    output->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (output->stream)
        return 0;
    int code = cli_failed("%s: %s", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
        unlink(output->temporary);
    }
    free(output->temporary);
    return code;
}

int files_commit(struct files_output *output)
{
    int failed = fflush(output->stream) != 0 || ferror(output->stream);
    if (!output->temporary)
        return failed ? cli_failed("writing: %s", strerror(errno)) : 0;
    failed |= fclose(output->stream) != 0;
    failed = failed || rename(output->temporary, output->path) != 0;
    int code = failed ? cli_failed("%s: %s", output->path, strerror(errno)) : 0;
    if (failed)
        unlink(output->temporary);
    free(output->temporary);
    return code;
}

void files_abandon(struct files_output *output)
{
    if (!output->temporary)
        return;
    fclose(output->stream);
    unlink(output->temporary);
    free(output->temporary);
}
