/* SPDX-License-Identifier: Apache-2.0 */
#include "text/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"

int text_read_file(const char *path, size_t most, char **out, size_t *size, struct fault *fault)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fault_set(fault, MRPC_NOT_FOUND, "%.200s: %s", path, strerror(errno));
    char *bytes = malloc(most + 1);
    size_t got = bytes ? fread(bytes, 1, most + 1, file) : 0;
    bool failed = ferror(file) != 0;
    fclose(file);
    if (bytes && !failed && got <= most) {
        bytes[got] = '\0';
        *out = bytes;
        *size = got;
        return 0;
    }
    free(bytes);
    if (!bytes)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (failed)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.200s: cannot be read", path);
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.200s: longer than %zu KiB", path, most / 1024);
}
