/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TAIL_BYTES = 2 * CHAIN_LINE_BYTES, HEAD_BYTES = 20 + 1 + AUDIT_MAC_DIGITS + 1 };

int64_t chain_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void chain_time(int64_t time_us, char out[48])
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t size = strftime(out, 40, "time=%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + size, 48 - size, ".%06dZ", (int)(time_us % 1000000));
}

static int grow(struct chain *chain, size_t more)
{
    if (chain->used + more <= chain->capacity)
        return 0;
    size_t capacity = chain->capacity ? 2 * chain->capacity : 64 * 1024;
    char *larger = realloc(chain->waiting, capacity);
    if (!larger)
        return -1;
    chain->waiting = larger;
    chain->capacity = capacity;
    return 0;
}

int chain_add(struct chain *chain, const char *line)
{
    char text[AUDIT_MAC_BYTES + CHAIN_LINE_BYTES];
    char *own = text + AUDIT_MAC_BYTES;
    uint8_t mac[AUDIT_MAC_BYTES];
    memcpy(text, chain->mac, AUDIT_MAC_BYTES);
    int room = CHAIN_LINE_BYTES - AUDIT_MAC_DIGITS - 16;
    int size = snprintf(own, (size_t)room, "seq=%" PRIu64 " %s", chain->seq + 1, line);
    if (size >= room)
        size = room - 1;
    if (grow(chain, CHAIN_LINE_BYTES) != 0 ||
        audit_key_mac(chain->key->chain, text, (size_t)(AUDIT_MAC_BYTES + size), mac) != 0)
        return -1;
    memcpy(own + size, " mac=", 5);
    audit_key_hex(mac, AUDIT_MAC_BYTES, own + size + 5);
    size += 5 + AUDIT_MAC_DIGITS;
    own[size++] = '\n';
    memcpy(chain->waiting + chain->used, own, (size_t)size);
    memcpy(chain->mac, mac, AUDIT_MAC_BYTES);
    chain->used += (size_t)size;
    chain->size += (uint64_t)size;
    chain->seq++;
    return 0;
}

static int add_first_line(struct chain *chain)
{
    char line[256], now[48], previous[AUDIT_MAC_DIGITS + 1];
    chain_time(chain_now_us(), now);
    audit_key_hex(chain->mac, AUDIT_MAC_BYTES, previous);
    snprintf(line, sizeof line, "%s kind=file key=%s previous=%s", now, chain->key->id, previous);
    return chain_add(chain, line);
}

static void complain(struct chain *chain, const char *what, const char *path)
{
    uint64_t held_back;
    int error = errno;
    if (log_limit_pass(&chain->troubles, &held_back))
        log_error(chain->log, "audit", "%s %s: %s held_back=%llu", what, path, strerror(error),
                  (unsigned long long)held_back);
    errno = error;
}

static void write_head(struct chain *chain)
{
    char text[HEAD_BYTES + 1], mac[AUDIT_MAC_DIGITS + 1];
    audit_key_hex(chain->mac, AUDIT_MAC_BYTES, mac);
    snprintf(text, sizeof text, "%020" PRIu64 " %s\n", chain->seq, mac);
    if (pwrite(chain->head_fd, text, HEAD_BYTES, 0) != HEAD_BYTES)
        complain(chain, "cannot note the end in", chain->head_path);
}

static int write_waiting(struct chain *chain)
{
    while (chain->sent < chain->used) {
        ssize_t n = write(chain->fd, chain->waiting + chain->sent, chain->used - chain->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            complain(chain, "cannot write to", chain->path);
            return errno ? errno : EIO;
        }
        chain->sent += (size_t)n;
        chain->dirty = true;
    }
    if (chain->used)
        write_head(chain);
    chain->used = chain->sent = 0;
    return 0;
}

static const char *file_name(const struct chain *chain, unsigned i, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, i ? "%s.%u" : "%s", chain->path, i);
    return out;
}

/* FILE.3 to FILE.4 and so on down to FILE, up to the first place that is free, else the oldest goes. What fails is
 * tried again with the next line, and begins where it stopped: nothing goes twice. */
static int shift(const struct chain *chain)
{
    char from[PATH_MAX], to[PATH_MAX];
    unsigned free_place = 0;
    while (free_place < chain->files && access(file_name(chain, free_place, to), F_OK) == 0)
        free_place++;
    for (unsigned i = free_place; i > 0; i--)
        if (rename(file_name(chain, i - 1, from), file_name(chain, i, to)) != 0)
            return -1;
    return 0;
}

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void take_fd(struct chain *chain, int fd, uint64_t size)
{
    if (chain->fd >= 0)
        close(chain->fd);
    chain->fd = fd;
    chain->size = size;
}

static int rotate(struct chain *chain)
{
    chain_sync(chain);
    int fd = shift(chain) == 0 ? open_file(chain->path) : -1;
    if (fd < 0) {
        complain(chain, "cannot rotate", chain->path);
        return errno;
    }
    take_fd(chain, fd, 0);
    return add_first_line(chain) == 0 ? write_waiting(chain) : ENOMEM;
}

int chain_flush(struct chain *chain)
{
    int error = write_waiting(chain);
    if (!error && chain->size >= chain->rotate_bytes)
        (void)!rotate(chain); /* the file goes on meanwhile, larger than it should be */
    return error;
}

void chain_sync(struct chain *chain)
{
    if (chain->dirty && fdatasync(chain->fd) != 0 && errno != EINVAL && errno != EROFS)
        complain(chain, "cannot sync", chain->path);
    chain->dirty = false;
}

/* "…seq=N … mac=MAC" without its end of line. */
static bool parse_line(const char *line, uint64_t *seq, uint8_t mac[AUDIT_MAC_BYTES])
{
    size_t size = strlen(line);
    unsigned long long number;
    uint8_t bytes[AUDIT_MAC_BYTES];
    if (size < AUDIT_MAC_DIGITS + 5 || sscanf(line, "seq=%20llu ", &number) != 1)
        return false;
    const char *end = line + size - AUDIT_MAC_DIGITS;
    if (memcmp(end - 5, " mac=", 5) != 0 || !audit_key_unhex(end, AUDIT_MAC_BYTES, bytes))
        return false;
    *seq = number;
    memcpy(mac, bytes, sizeof bytes);
    return true;
}

/* The last whole line of the file; what is torn behind it goes, and *@torn says how much. 0 for an empty file. */
static int read_tail(const struct chain *chain, int fd, char tail[TAIL_BYTES + 1], char **last, size_t *torn,
                     struct fault *fault)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: %s: %s", chain->path, strerror(errno));
    *torn = 0;
    *last = NULL;
    off_t from = about.st_size > TAIL_BYTES ? about.st_size - TAIL_BYTES : 0;
    ssize_t size = S_ISREG(about.st_mode) ? pread(fd, tail, TAIL_BYTES, from) : 0;
    if (size <= 0)
        return 0;
    while (size > 0 && tail[size - 1] != '\n') {
        size--;
        ++*torn;
    }
    if (*torn && ftruncate(fd, about.st_size - (off_t)*torn) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: %s: %s", chain->path, strerror(errno));
    if (size == 0)
        return 0;
    tail[size - 1] = '\0';
    char *before = strrchr(tail, '\n');
    *last = before ? before + 1 : tail;
    return 0;
}

/* What the end should be; false: nobody has noted any. */
static bool read_head(const struct chain *chain, uint64_t *seq, uint8_t mac[AUDIT_MAC_BYTES])
{
    char text[HEAD_BYTES + 1] = "";
    unsigned long long number;
    if (pread(chain->head_fd, text, HEAD_BYTES, 0) != HEAD_BYTES || sscanf(text, "%20llu ", &number) != 1)
        return false;
    *seq = number;
    return audit_key_unhex(text + 21, AUDIT_MAC_BYTES, mac);
}

static int note(struct chain *chain, const char *kind, uint64_t number)
{
    char line[128], now[48];
    chain_time(chain_now_us(), now);
    snprintf(line, sizeof line, "%s kind=%s count=%" PRIu64, now, kind, number);
    log_error(chain->log, "audit", "%s: %s count=%" PRIu64, chain->path, kind, number);
    return chain_add(chain, line);
}

/* A file that is empty goes on from where HEAD is: somebody else has rotated it, or it is the first. Else lines that
 * HEAD has and the file has not are missing: their numbers stay free. */
static int go_on(struct chain *chain, const char *last, size_t torn)
{
    uint64_t seq = 0;
    uint8_t mac[AUDIT_MAC_BYTES];
    bool known = read_head(chain, &seq, mac);
    if (!last) {
        if (known && seq >= chain->seq) {
            chain->seq = seq;
            memcpy(chain->mac, mac, sizeof mac);
        }
        int error = add_first_line(chain);
        return error || !torn ? error : note(chain, "torn", torn);
    }
    uint64_t missing = known && seq > chain->seq ? seq - chain->seq : 0;
    chain->seq += missing;
    if (missing && note(chain, "missing", missing) != 0)
        return -1;
    return torn ? note(chain, "torn", torn) : 0;
}

static int open_here(struct chain *chain, struct fault *fault)
{
    char tail[TAIL_BYTES + 1], *last;
    size_t torn = 0;
    int fd = open_file(chain->path);
    if (fd < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: %s: %s", chain->path, strerror(errno));
    int code = read_tail(chain, fd, tail, &last, &torn, fault);
    if (!code && last && !parse_line(last, &chain->seq, chain->mac))
        code = fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "audit.file: %s is no audit log: its last line has no seq and mac", chain->path);
    if (code) {
        close(fd);
        return code;
    }
    struct stat about = {0};
    fstat(fd, &about);
    take_fd(chain, fd, (uint64_t)about.st_size);
    return go_on(chain, last, torn) == 0 ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "audit: out of memory");
}

int chain_open(struct chain *chain, struct fault *fault)
{
    chain->fd = -1;
    chain->head_fd = open(chain->head_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (chain->head_fd < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "audit.file: its head %s: %s", chain->head_path,
                         strerror(errno));
    return open_here(chain, fault);
}

int chain_reopen(struct chain *chain, struct fault *fault)
{
    struct stat now, there;
    if (write_waiting(chain) != 0)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "audit.file: %s: %s", chain->path, strerror(errno));
    if (stat(chain->path, &there) == 0 && fstat(chain->fd, &now) == 0 && there.st_ino == now.st_ino &&
        there.st_dev == now.st_dev)
        return 0;
    chain_sync(chain);
    return open_here(chain, fault);
}

void chain_close(struct chain *chain)
{
    if (chain->fd >= 0)
        close(chain->fd);
    if (chain->head_fd >= 0)
        close(chain->head_fd);
    free(chain->waiting);
}
