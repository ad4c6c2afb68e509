/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "commands/doctor.h"

/* A data folder, by its files alone: nothing is changed, and nothing is locked for longer than it takes to see whether
 * somebody else has. Offsets are of SQLite's file format, section 1.3. */

enum { HEADER_BYTES = 100, PAGE_SIZE_AT = 16, CHANGES_AT = 24, PAGES_AT = 28, VERSION_AT = 60, APPLICATION_AT = 68,
       VALID_FOR_AT = 92, SCHEMA_VERSION = 1 };

#define APPLICATION_ID 0x6d6c5472 /* "mlTr" */
#define MIB (UINT64_C(1) << 20)

static const char *in_folder(const char *folder, const char *name, char path[4300])
{
    snprintf(path, 4300, "%s/%s", folder, name);
    return path;
}

static bool there(const char *folder, const char *name)
{
    char path[4300];
    return access(in_folder(folder, name, path), F_OK) == 0;
}

static bool look_at_access(struct doctor *doctor, const char *folder)
{
    struct stat status;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        doctor_find(doctor, DOCTOR_ERROR, "folder", "name the folder that data_dir names", "%s: %s", folder,
                    errno ? strerror(errno) : "not a folder");
        return false;
    }
    if (status.st_mode & S_IWOTH)
        doctor_find(doctor, DOCTOR_ERROR, "folder", "chmod o-w it: the server does not start",
                    "%s is writable by everybody", folder);
    else if (status.st_uid != geteuid())
        doctor_find(doctor, DOCTOR_WARNING, "folder", "look as the user that the server runs as",
                    "%s belongs to user %u, this is user %u", folder, (unsigned)status.st_uid, (unsigned)geteuid());
    else
        doctor_find(doctor, DOCTOR_OK, "folder", "", "%s is this user's, mode %o", folder,
                    (unsigned)(status.st_mode & 07777));
    return true;
}

static void look_at_lock(struct doctor *doctor, const char *folder)
{
    char path[4300], holder[16] = "";
    int fd = open(in_folder(folder, "store.lock", path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        bool none = errno == ENOENT;
        doctor_find(doctor, none ? DOCTOR_OK : DOCTOR_WARNING, "lock", "look as the server's user", "%s",
                    none ? "no server has used it" : "store.lock cannot be read");
        return;
    }
    bool used = flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (used && read(fd, holder, sizeof holder - 1) > 0)
        holder[strcspn(holder, "\n")] = 0;
    close(fd);
    if (used)
        doctor_find(doctor, DOCTOR_OK, "lock", "", "the server with process id %s uses it", *holder ? holder : "?");
    else
        doctor_find(doctor, DOCTOR_OK, "lock", "", "no server uses it now");
}

static uint32_t number_at(const unsigned char *header, int at)
{
    return (uint32_t)header[at] << 24 | (uint32_t)header[at + 1] << 16 | (uint32_t)header[at + 2] << 8 | header[at + 3];
}

/* NULL: nothing is wrong. Where there is a log, the file alone may be shorter than its header says. */
static const char *header_fault(const unsigned char *header, uint64_t size, bool has_log)
{
    uint64_t page = (uint64_t)header[PAGE_SIZE_AT] << 8 | header[PAGE_SIZE_AT + 1];
    bool counts = number_at(header, CHANGES_AT) == number_at(header, VALID_FOR_AT);
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return "is no database: restore a backup";
    if (number_at(header, APPLICATION_AT) != APPLICATION_ID)
        return "is another program's database";
    if (number_at(header, VERSION_AT) > SCHEMA_VERSION)
        return "was written by a newer version: install that one";
    if (counts && !has_log && size != (page == 1 ? 65536 : page) * number_at(header, PAGES_AT))
        return "is cut short: restore a backup";
    return NULL;
}

static void look_into_store(struct doctor *doctor, int fd, const struct stat *status, bool has_log)
{
    unsigned char header[HEADER_BYTES];
    if (pread(fd, header, sizeof header, 0) != (ssize_t)sizeof header) {
        doctor_find(doctor, DOCTOR_ERROR, "store", "restore a backup", "mltrainer.db has no header");
        return;
    }
    const char *fault = header_fault(header, (uint64_t)status->st_size, has_log);
    if (fault)
        doctor_find(doctor, DOCTOR_ERROR, "store", "a server does not start on it", "mltrainer.db %s", fault);
    else
        doctor_find(doctor, DOCTOR_OK, "store", "", "schema version %u, %" PRIu64 " KiB", number_at(header, VERSION_AT),
                    (uint64_t)status->st_size / 1024);
}

static void look_at_store(struct doctor *doctor, const char *folder)
{
    struct stat status;
    char path[4300];
    bool has_log = there(folder, "mltrainer.db-wal");
    if (lstat(in_folder(folder, "mltrainer.db", path), &status) != 0) {
        bool lost = errno == ENOENT && has_log;
        doctor_find(doctor, lost ? DOCTOR_ERROR : DOCTOR_OK, "store", "restore a backup", "%s",
                    lost ? "mltrainer.db is missing, but its log is there" : "there is none: the next start makes it");
        return;
    }
    if (!S_ISREG(status.st_mode) || (status.st_mode & 0077)) {
        doctor_find(doctor, DOCTOR_ERROR, "store", "chmod 600 it: the server does not start", "mltrainer.db is %s",
                    S_ISREG(status.st_mode) ? "open to other users" : "no regular file");
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        doctor_find(doctor, DOCTOR_WARNING, "store", "look as the server's user", "%s: %s", path, strerror(errno));
        return;
    }
    look_into_store(doctor, fd, &status, has_log);
    close(fd);
}

static void look_at_restore(struct doctor *doctor, const char *folder)
{
    if (there(folder, "mltrainer.db.restore"))
        doctor_find(doctor, DOCTOR_WARNING, "restore", "start the server; remove mltrainer.db.restore to forget it",
                    "a backup waits: the next start begins with it");
    else if (there(folder, "mltrainer.db.refused"))
        doctor_find(doctor, DOCTOR_WARNING, "restore", "the server's log says why; remove it when it is of no use",
                    "mltrainer.db.refused is a backup that nothing could start from");
    else
        doctor_find(doctor, DOCTOR_OK, "restore", "", "no backup waits");
}

static void look_at_disk(struct doctor *doctor, const char *folder)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize, bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
    bool full = free_bytes < 64 * MIB, near = free_bytes < bytes / 20;
    doctor_find(doctor, full ? DOCTOR_ERROR : near ? DOCTOR_WARNING : DOCTOR_OK, "disk",
                "make room: a full disk makes the store read-only", "%" PRIu64 " MiB of %" PRIu64 " MiB are free",
                free_bytes / MIB, bytes / MIB);
}

void doctor_look_at_folder(struct doctor *doctor, const char *path)
{
    errno = 0;
    if (!look_at_access(doctor, path))
        return;
    look_at_lock(doctor, path);
    look_at_store(doctor, path);
    look_at_restore(doctor, path);
    look_at_disk(doctor, path);
}
