/* SPDX-License-Identifier: Apache-2.0 */
#include "watchdog/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With a NUL; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, size - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

/* 0: there is none ("max"), or it cannot be read. */
static uint64_t read_number(const char *group, const char *file)
{
    char path[MEMORY_PATH_BYTES + 32], text[64];
    snprintf(path, sizeof path, "%s/%s", group, file);
    return read_text(path, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

/* Pages of files that were not used lately: the kernel drops them before it kills anybody. */
static uint64_t droppable_bytes(const char *group)
{
    char path[MEMORY_PATH_BYTES + 32], text[8192];
    snprintf(path, sizeof path, "%s/memory.stat", group);
    const char *line = read_text(path, text, sizeof text) ? strstr(text, "inactive_file ") : NULL;
    return line ? strtoull(line + strlen("inactive_file "), NULL, 10) : 0;
}

/* The group that we are in, or one above it: the smallest limit is the one that counts. */
static void find_group(struct memory_probe *probe, const char *root, const char *membership)
{
    char text[MEMORY_PATH_BYTES], group[MEMORY_PATH_BYTES + sizeof text];
    const char *own = read_text(membership, text, sizeof text) ? strstr(text, "0::/") : NULL;
    if (!own)
        return;
    text[own - text + strcspn(own, "\n")] = 0;
    snprintf(group, sizeof group, "%s%s", root, own + strlen("0::"));
    uint64_t least = UINT64_MAX;
    while (strlen(group) >= strlen(root)) {
        uint64_t limit = read_number(group, "memory.max");
        if (limit > 0 && limit < least && strlen(group) < sizeof probe->group) {
            least = limit;
            memcpy(probe->group, group, strlen(group) + 1);
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            return;
        *slash = 0;
    }
}

void memory_probe_init(struct memory_probe *probe, uint64_t own_limit_bytes, const char *root, const char *membership)
{
    *probe = (struct memory_probe){.own_limit_bytes = own_limit_bytes};
    find_group(probe, root, membership);
}

static uint64_t resident_bytes(void)
{
    char text[128];
    unsigned long long all, resident;
    if (!read_text("/proc/self/statm", text, sizeof text) || sscanf(text, "%llu %llu", &all, &resident) != 2)
        return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool is_fuller(const struct memory_state *a, const struct memory_state *b)
{
    return b->limit_bytes == 0 ||
           (double)a->used_bytes * (double)b->limit_bytes > (double)b->used_bytes * (double)a->limit_bytes;
}

struct memory_state memory_read(const struct memory_probe *probe)
{
    struct memory_state group = {0};
    if (probe->group[0]) {
        uint64_t used = read_number(probe->group, "memory.current"), droppable = droppable_bytes(probe->group);
        group = (struct memory_state){.used_bytes = used > droppable ? used - droppable : 0,
                                      .limit_bytes = read_number(probe->group, "memory.max")};
    }
    if (probe->own_limit_bytes == 0)
        return group;
    const struct memory_state own = {.used_bytes = resident_bytes(), .limit_bytes = probe->own_limit_bytes};
    return is_fuller(&own, &group) ? own : group;
}
