/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char temporary[] = ".tmp-";
const char file_staged_prefix[] = ".upload-";

static int system_fault(struct fault *fault, const char *what)
{
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return fault_set(fault, full ? MRPC_RESOURCE_EXHAUSTED : MRPC_INTERNAL, "%s: %s", what, strerror(error));
}

void file_hex(const unsigned char *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = 0;
}

int file_path(const char *folder, const char *name, const char *ending, char out[FILE_PATH_BYTES], struct fault *fault)
{
    int size = snprintf(out, FILE_PATH_BYTES, "%s/%s%s", folder, name, ending);
    if (size < 0 || size >= FILE_PATH_BYTES)
        return fault_set(fault, MRPC_INTERNAL, "the path of the data folder is too long");
    return 0;
}

static int read_descriptor(int fd, void **bytes, size_t *size, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return system_fault(fault, "stat");
    char *memory = malloc((size_t)info.st_size + 1);
    if (!memory)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    size_t got = 0;
    while (got < (size_t)info.st_size) {
        ssize_t part = read(fd, memory + got, (size_t)info.st_size - got);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    if (got < (size_t)info.st_size) {
        free(memory);
        return system_fault(fault, "read");
    }
    *bytes = memory;
    *size = got;
    return 0;
}

int file_read(const char *path, void **bytes, size_t *size, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fault_set(fault, errno == ENOENT ? MRPC_DATA_LOSS : MRPC_INTERNAL, "opening a file: %s",
                         strerror(errno));
    int code = read_descriptor(fd, bytes, size, fault);
    close(fd);
    return code;
}

int file_temporary(const char *folder, char path[FILE_PATH_BYTES], struct fault *fault)
{
    if (file_path(folder, temporary, "XXXXXX", path, fault))
        return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        system_fault(fault, "making a temporary file");
    return fd;
}

int file_write_all(int fd, const void *bytes, size_t size, struct fault *fault)
{
    const char *at = bytes;
    while (size) {
        ssize_t done = write(fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return system_fault(fault, "write");
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

void file_begin_sync(int fd, uint64_t offset, uint64_t bytes)
{
    (void)sync_file_range(fd, (off_t)offset, (off_t)bytes, SYNC_FILE_RANGE_WRITE);
}

static int sync_folder(const char *folder, struct fault *fault)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_fault(fault, "opening the folder");
    int code = fsync(fd) == 0 ? 0 : system_fault(fault, "sync of the folder");
    close(fd);
    return code;
}

int file_lock(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? -1 : 0;
    while (fd >= 0 && (failed = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
        ;
    if (!failed)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int file_commit(int fd, const char *folder, const char *from, const char *to, struct fault *fault)
{
    if (fsync(fd) != 0)
        return system_fault(fault, "sync");
    int lock = file_lock(folder);
    if (lock < 0)
        return system_fault(fault, "locking the folder");
    int code = rename(from, to) == 0 ? 0 : system_fault(fault, "rename");
    close(lock);
    return code ? code : sync_folder(folder, fault);
}

/* Whoever sweeps sees from now on that it is wanted. */
static bool touch(const char *folder, const char *path)
{
    int lock = file_lock(folder);
    bool there = lock >= 0 && utimensat(AT_FDCWD, path, NULL, 0) == 0;
    if (lock >= 0)
        close(lock);
    return there;
}

int file_write_durable(const char *folder, const char *path, const void *bytes, size_t size, struct fault *fault)
{
    if (touch(folder, path))
        return 0;
    char name[FILE_PATH_BYTES];
    int fd = file_temporary(folder, name, fault);
    if (fd < 0)
        return fault->code;
    int code = file_write_all(fd, bytes, size, fault);
    if (!code)
        code = file_commit(fd, folder, name, path, fault);
    if (code)
        unlink(name);
    close(fd);
    return code;
}

bool file_is_temporary(const char *name)
{
    return strncmp(name, temporary, sizeof temporary - 1) == 0;
}

bool file_is_staged(const char *name)
{
    return strncmp(name, file_staged_prefix, strlen(file_staged_prefix)) == 0;
}

static int64_t changed_ms(const struct stat *info)
{
    return (int64_t)info->st_ctim.tv_sec * 1000 + info->st_ctim.tv_nsec / 1000000;
}

static void remove_if_older(const char *folder, int directory, const char *name, int64_t before_ms,
                            struct file_removed *removed)
{
    struct stat info;
    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
        changed_ms(&info) >= before_ms)
        return;
    int lock = file_lock(folder); /* and look again: it may be another file by now */
    if (lock >= 0 && fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && changed_ms(&info) < before_ms &&
        unlinkat(directory, name, 0) == 0) {
        removed->count++;
        removed->bytes += (uint64_t)info.st_size;
    }
    if (lock >= 0)
        close(lock);
}

struct file_removed file_remove_older(const char *folder, int64_t (*before)(void *arg, const char *name), void *arg,
                                      size_t most)
{
    struct file_removed removed = {0};
    DIR *directory = opendir(folder);
    if (!directory)
        return removed;
    for (struct dirent *entry; !removed.more && (entry = readdir(directory));) {
        int64_t before_ms = before(arg, entry->d_name);
        if (before_ms == INT64_MIN)
            continue;
        removed.more = removed.count == most;
        if (!removed.more)
            remove_if_older(folder, dirfd(directory), entry->d_name, before_ms, &removed);
    }
    closedir(directory);
    return removed;
}

void file_sweep(const char *folder)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (file_is_temporary(entry->d_name))
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
}
