/* SPDX-License-Identifier: Apache-2.0 */
/* Z7: an audit log in the hands of somebody who may write to the disk and has no key. The server's chain writes a few
 * files; the input changes them, three bytes a change, and
 *
 *     `mltctl audit verify` finds something unless all that is there is what the server wrote, but for the oldest files
 *     the server refuses to go on, or goes on so that what was found before is found still, unless no line was left */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit_verifier.h"
#include "fuzzer.h"

enum { FILES = 3, FILE_BYTES_MAX = 16 * 1024, ROTATE_BYTES = 700, CHANGES_MAX = 16, PATH_BYTES = 160 };

struct content {
    char bytes[FILE_BYTES_MAX];
    size_t size;
};

static struct {
    char folder[64], head[PATH_BYTES], key_file[PATH_BYTES];
    char paths[FILES][PATH_BYTES]; /* oldest first */
    struct content written[FILES], changed[FILES];
    struct audit_key key;
    struct log *log;
} stage;

static void clean_up(void)
{
    for (size_t i = 0; i < FILES; i++)
        unlink(stage.paths[i]);
    unlink(stage.head);
}

static void leave(void)
{
    clean_up();
    unlink(stage.key_file);
    rmdir(stage.folder);
}

static void set_up(void)
{
    struct fault fault = FAULT_INIT;
    snprintf(stage.folder, sizeof stage.folder, "/tmp/mlt-audit-fuzz-XXXXXX");
    MUST(mkdtemp(stage.folder) && log_new(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_ERROR, &stage.log) == 0);
    snprintf(stage.head, PATH_BYTES, "%s/head", stage.folder);
    snprintf(stage.key_file, PATH_BYTES, "%s/key", stage.folder);
    snprintf(stage.paths[FILES - 1], PATH_BYTES, "%s/log", stage.folder);
    for (int i = 0; i < FILES - 1; i++)
        snprintf(stage.paths[i], PATH_BYTES, "%s/log.%d", stage.folder, FILES - 1 - i);
    MUST(audit_key_load(stage.key_file, &stage.key, &fault) == 0);
    atexit(leave);
}

/* ---- Files ---- */

static void read_all(struct content contents[FILES])
{
    for (size_t i = 0; i < FILES; i++) {
        int fd = open(stage.paths[i], O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? 0 : read(fd, contents[i].bytes, FILE_BYTES_MAX);
        MUST(size >= 0 && size < FILE_BYTES_MAX);
        contents[i].size = (size_t)size;
        if (fd >= 0)
            close(fd);
    }
}

static void write_all(const struct content contents[FILES])
{
    for (size_t i = 0; i < FILES; i++) {
        int fd = open(stage.paths[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        MUST(fd >= 0 && write(fd, contents[i].bytes, contents[i].size) == (ssize_t)contents[i].size);
        close(fd);
    }
}

static struct chain chain_here(void)
{
    return (struct chain){.path = stage.paths[FILES - 1], .head_path = stage.head, .rotate_bytes = ROTATE_BYTES,
                          .files = FILES - 1, .key = &stage.key, .log = stage.log};
}

static void add_line(struct chain *chain, unsigned number)
{
    char line[120];
    snprintf(line, sizeof line, "time=2026-01-01T00:00:00.%06dZ kind=change who=%08x code=OK", number, number);
    MUST(chain_add(chain, line) == 0 && chain_flush(chain) == 0);
}

static void write_log(unsigned lines)
{
    struct chain chain = chain_here();
    struct fault fault = FAULT_INIT;
    clean_up();
    MUST(chain_open(&chain, &fault) == 0);
    for (unsigned i = 0; i < lines; i++)
        add_line(&chain, i);
    chain_close(&chain);
}

static bool is_whole(bool with_head)
{
    return audit_verifies(stage.paths, FILES, stage.key_file, with_head ? stage.head : NULL);
}

/* ---- Changes ---- */

static void put_in(struct content *content, size_t at, size_t less, const char *more, size_t size)
{
    if (at + less > content->size || content->size - less + size >= FILE_BYTES_MAX)
        return;
    memmove(content->bytes + at + size, content->bytes + at + less, content->size - at - less);
    memcpy(content->bytes + at, more, size);
    content->size += size - less;
}

/* The line around @at, with its end. */
static size_t line_at(const struct content *content, size_t at, size_t *size)
{
    size_t from = at, to = at;
    while (from > 0 && content->bytes[from - 1] != '\n')
        from--;
    while (to < content->size && content->bytes[to] != '\n')
        to++;
    *size = to - from + (to < content->size);
    return from;
}

static void change(struct content files[FILES], const uint8_t *bytes)
{
    struct content *file = &files[bytes[0] % FILES], *other = &files[(bytes[0] % FILES + 1) % FILES];
    char line[FILE_BYTES_MAX];
    if (!file->size)
        return;
    size_t at = file->size * bytes[1] / 256 + bytes[2] % 16, size;
    at = at < file->size ? at : file->size - 1;
    size_t from = line_at(file, at, &size);
    memcpy(line, file->bytes + from, size);
    switch (bytes[0] / FILES % 8) {
    case 0:
        file->bytes[at] ^= bytes[2] ? (char)bytes[2] : 1;
        break;
    case 1:
        put_in(file, from, size, "", 0);
        break;
    case 2:
        put_in(file, from, 0, line, size); /* twice */
        break;
    case 3:
        put_in(other, 0, 0, line, size);
        break;
    case 4:
        file->size = at; /* cut off */
        break;
    case 5:
        put_in(file, at, 0, (const char *)&bytes[2], 1);
        break;
    case 6:
        file->size = from;
        break;
    default:
        put_in(file, file->size, 0, line, size); /* again, at the end */
    }
}

/* ---- What must hold ---- */

static bool same(const struct content *a, const struct content *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool begins_with(const struct content *content, const struct content *with)
{
    return content->size >= with->size && memcmp(content->bytes, with->bytes, with->size) == 0;
}

/* When every line has been taken away the log goes on as after a rotation by somebody else: with the next number. */
static bool is_taken_away(const struct content now[FILES])
{
    for (size_t i = 0; i < FILES; i++)
        if (memchr(now[i].bytes, '\n', now[i].size))
            return false;
    return true;
}

/* Of the oldest files some may have gone, as with each rotation: nothing tells that from the keeper's own deed. */
static bool is_as_written(const struct content now[FILES])
{
    size_t first = 0;
    while (first < FILES && !now[first].size)
        first++;
    for (size_t i = first; i < FILES; i++)
        if (!(i == FILES - 1 ? begins_with(&now[i], &stage.written[i]) : same(&now[i], &stage.written[i])))
            return false;
    return true;
}

static void check_server(bool was_whole)
{
    static struct content after[FILES];
    struct chain chain = chain_here();
    struct fault fault = FAULT_INIT;
    chain.rotate_bytes = FILE_BYTES_MAX;
    int code = chain_open(&chain, &fault);
    MUST(!code || code == MRPC_INVALID_ARGUMENT);
    if (!code)
        add_line(&chain, 7);
    chain_close(&chain);
    read_all(after);
    if (!code)
        MUST(is_whole(true) ? is_as_written(after) || is_taken_away(stage.changed) : !was_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    bool any = false;
    if (!stage.log)
        set_up();
    if (!size)
        return 0;
    write_log(1 + bytes[0] % 8);
    read_all(stage.written);
    MUST(is_whole(true) && is_whole(false));
    memcpy(stage.changed, stage.written, sizeof stage.changed);
    for (size_t at = 1; at + 3 <= size && at < 3 * CHANGES_MAX; at += 3)
        change(stage.changed, bytes + at);
    for (size_t i = 0; i < FILES; i++)
        any |= !same(&stage.changed[i], &stage.written[i]);
    write_all(stage.changed);
    bool whole = is_whole(true);
    MUST(any || whole);
    MUST(!whole || (is_as_written(stage.changed) && same(&stage.changed[FILES - 1], &stage.written[FILES - 1])));
    check_server(whole);
    return 0;
}
