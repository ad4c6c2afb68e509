/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "execution/schedule/zone_rule.h"

enum {
    HEADER_BYTES = 44,
    FILE_BYTES_MAX = 256 * 1024,
    TRANSITIONS_MAX = 20000,
    TYPE_BYTES = 6,
    OFFSET_S_MAX = 26 * 3600
};

struct zone {
    int64_t *times; /* of transitions, ascending */
    int32_t *offsets; /* from that time on */
    size_t count;
    int32_t first_offset_s; /* before the first */
    bool has_rule;
    struct zone_rule rule; /* after the last */
};

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->times);
    free(zone->offsets);
    free(zone);
}

static struct zone *utc(void)
{
    return calloc(1, sizeof(struct zone));
}

/* ---- The file ---- */

/* RFC 8536 3.1: six counts behind the magic, the version and 15 unused bytes. */
struct header {
    char version;
    uint32_t utc_marks, standard_marks, leaps, times, types, name_bytes;
};

static uint64_t big_endian(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static bool read_header(const unsigned char *bytes, size_t size, struct header *out)
{
    if (size < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return false;
    uint32_t counts[6];
    for (int i = 0; i < 6; i++)
        counts[i] = (uint32_t)big_endian(bytes + 20 + 4 * i, 4);
    *out = (struct header){(char)bytes[4], counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return out->times <= TRANSITIONS_MAX && out->types >= 1 && out->types <= 256 && out->name_bytes <= 65536 &&
           out->leaps <= 4096 && out->utc_marks <= 256 && out->standard_marks <= 256;
}

static size_t body_bytes(const struct header *header, size_t time_bytes)
{
    return header->times * (time_bytes + 1) + header->types * (size_t)TYPE_BYTES + header->name_bytes +
           header->leaps * (time_bytes + 4) + header->standard_marks + header->utc_marks;
}

static bool read_offset(const unsigned char *types, size_t index, int32_t *out)
{
    *out = (int32_t)(uint32_t)big_endian(types + index * TYPE_BYTES, 4);
    return *out > -OFFSET_S_MAX && *out < OFFSET_S_MAX;
}

static bool read_body(const unsigned char *body, const struct header *header, int time_bytes, struct zone *zone)
{
    const unsigned char *indexes = body + header->times * (size_t)time_bytes;
    const unsigned char *types = indexes + header->times;
    if (!read_offset(types, 0, &zone->first_offset_s))
        return false;
    for (size_t i = 0; i < header->times; i++) {
        uint64_t raw = big_endian(body + i * (size_t)time_bytes, time_bytes);
        zone->times[i] = time_bytes == 8 ? (int64_t)raw : (int32_t)(uint32_t)raw;
        if (indexes[i] >= header->types || !read_offset(types, indexes[i], &zone->offsets[i]) ||
            (i && zone->times[i] <= zone->times[i - 1]))
            return false;
    }
    zone->count = header->times;
    return true;
}

/* "\nRULE\n"; an empty one says that nothing is known. */
static bool read_rule(const unsigned char *at, size_t size, struct zone *zone)
{
    const unsigned char *end = size > 1 && *at == '\n' ? memchr(at + 1, '\n', size - 1) : NULL;
    if (!end)
        return false;
    zone->has_rule = end > at + 1;
    return !zone->has_rule || zone_rule_parse((const char *)at + 1, (size_t)(end - at - 1), &zone->rule);
}

static bool parse(const unsigned char *bytes, size_t size, struct zone *zone, bool *no_memory)
{
    struct header header;
    int time_bytes = 4;
    if (!read_header(bytes, size, &header) || size - HEADER_BYTES < body_bytes(&header, 4))
        return false;
    const unsigned char *body = bytes + HEADER_BYTES, *end = bytes + size;
    if (header.version >= '2') { /* the same again, with 64 bits */
        const unsigned char *second = body + body_bytes(&header, 4);
        if (!read_header(second, (size_t)(end - second), &header))
            return false;
        body = second + HEADER_BYTES;
        time_bytes = 8;
        if ((size_t)(end - body) < body_bytes(&header, 8))
            return false;
    }
    zone->times = calloc(header.times + 1, sizeof *zone->times);
    zone->offsets = calloc(header.times + 1, sizeof *zone->offsets);
    *no_memory = !zone->times || !zone->offsets;
    if (*no_memory || !read_body(body, &header, time_bytes, zone))
        return false;
    const unsigned char *rule = body + body_bytes(&header, (size_t)time_bytes);
    return time_bytes == 4 || read_rule(rule, (size_t)(end - rule), zone);
}

int zone_parse(const void *bytes, size_t size, struct zone **out, struct fault *fault)
{
    struct zone *zone = utc();
    bool no_memory = !zone;
    if (zone && parse(bytes, size, zone, &no_memory)) {
        *out = zone;
        return 0;
    }
    zone_free(zone);
    return no_memory ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory")
                     : fault_set(fault, MRPC_DATA_LOSS, "not a time zone file");
}

/* ---- The database ---- */

/* A name is a path below the folder, so it must not lead out of it. */
static bool is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t bytes = strlen(name);
    return bytes <= ZONE_NAME_BYTES_MAX && strspn(name, allowed) == bytes && name[0] != '/' && name[bytes - 1] != '/' &&
           !strstr(name, "//");
}

static int open_zone(const char *folder, const char *name, struct fault *fault)
{
    char path[ZONE_NAME_BYTES_MAX + 300];
    snprintf(path, sizeof path, "%.255s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fd;
    if (fd >= 0)
        close(fd);
    if (access(folder, X_OK) != 0)
        fault_set(fault, MRPC_FAILED_PRECONDITION, "there is no time zone database in %.255s: %s", folder,
                  strerror(errno));
    else
        fault_set(fault, MRPC_NOT_FOUND, "there is no time zone \"%.64s\"", name);
    return -1;
}

static ssize_t read_all(int fd, unsigned char *bytes, size_t room)
{
    size_t got = 0;
    while (got < room) {
        ssize_t part = read(fd, bytes + got, room - got);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -1;
        if (part == 0)
            break;
        got += (size_t)part;
    }
    return (ssize_t)got;
}

int zone_load(const char *folder, const char *name, struct zone **out, struct fault *fault)
{
    if (!*name || strcmp(name, "UTC") == 0) {
        *out = utc();
        return *out ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (!is_name(name))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "\"%.64s\" is not the name of a time zone", name);
    int fd = open_zone(folder, name, fault);
    if (fd < 0)
        return fault->code;
    unsigned char *bytes = malloc(FILE_BYTES_MAX);
    ssize_t size = bytes ? read_all(fd, bytes, FILE_BYTES_MAX) : -1;
    close(fd);
    int code = !bytes     ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory")
               : size < 0 ? fault_set(fault, MRPC_DATA_LOSS, "%s: cannot be read", name)
                          : zone_parse(bytes, (size_t)size, out, fault);
    free(bytes);
    return code;
}

/* ---- Where a moment lies ---- */

static size_t count_until(const struct zone *zone, int64_t at_s)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct zone_span zone_span_at(const struct zone *zone, int64_t at_s)
{
    size_t index = count_until(zone, at_s);
    int64_t begin_s = index ? zone->times[index - 1] : INT64_MIN;
    if (index < zone->count)
        return (struct zone_span){begin_s, zone->times[index], index ? zone->offsets[index - 1] : zone->first_offset_s};
    if (!zone->has_rule)
        return (struct zone_span){begin_s, INT64_MAX, index ? zone->offsets[index - 1] : zone->first_offset_s};
    struct zone_span span = zone_rule_span_at(&zone->rule, at_s);
    if (span.begin_s < begin_s)
        span.begin_s = begin_s;
    return span;
}
