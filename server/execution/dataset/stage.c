/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "execution/dataset/stage.h"

enum { LEFT_MAX = 1024, RETRY_MS = 500, OPEN_TRIES = 8 };

struct left {
    struct left *next;
    char path[FILE_PATH_BYTES];
    char *owner;
    uint64_t taken_bytes;
};

struct upload_stages {
    const char *folder;
    struct quota *quota;
    pthread_mutex_t mutex;
    struct left *left;
    size_t count;
};

struct upload_stages *upload_stages_new(const char *folder, struct quota *quota)
{
    struct upload_stages *stages = calloc(1, sizeof *stages);
    if (!stages)
        return NULL;
    *stages = (struct upload_stages){.folder = folder, .quota = quota, .mutex = PTHREAD_MUTEX_INITIALIZER};
    return stages;
}

static void left_free(struct left *left)
{
    free(left->owner);
    free(left);
}

void upload_stages_free(struct upload_stages *stages)
{
    while (stages && stages->left) {
        struct left *left = stages->left;
        stages->left = left->next;
        left_free(left);
    }
    free(stages);
}

static int system_fault(struct fault *fault, const char *what)
{
    return fault_set(fault, MRPC_INTERNAL, "%s: %s", what, strerror(errno));
}

static int path_of(const struct upload_stages *stages, const char *owner, const char *request_id,
                   char out[FILE_PATH_BYTES], struct fault *fault)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool whole = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
                 EVP_DigestUpdate(hash, owner, strlen(owner) + 1) == 1 &&
                 EVP_DigestUpdate(hash, request_id, strlen(request_id)) == 1 &&
                 EVP_DigestFinal_ex(hash, digest, &size) == 1;
    EVP_MD_CTX_free(hash);
    if (!whole)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    file_hex(digest, size, hex);
    return file_path(stages->folder, file_staged_prefix, hex, out, fault);
}

/* Locked, and still the file of that name: it may have been finished or removed between opening and locking. */
static int open_locked(const char *path, struct fault *fault)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        struct stat info;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            system_fault(fault, "opening a staged upload");
            return -1;
        }
        bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (locked && fstat(fd, &info) == 0 && info.st_nlink)
            return fd;
        close(fd);
        if (!locked)
            break;
    }
    fault_retry(fault, MRPC_UNAVAILABLE, RETRY_MS, "another call works on the upload with this request_id");
    return -1;
}

static struct left *take_left(struct upload_stages *stages, const char *path)
{
    struct left *found = NULL;
    pthread_mutex_lock(&stages->mutex);
    for (struct left **at = &stages->left; *at && !found; at = found ? at : &(*at)->next)
        if (strcmp((*at)->path, path) == 0) {
            found = *at;
            *at = found->next;
            stages->count--;
        }
    pthread_mutex_unlock(&stages->mutex);
    return found;
}

static int begin_at(int fd, uint64_t offset, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return system_fault(fault, "stat");
    if (offset > (uint64_t)info.st_size)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "header.resume_offset_bytes: %llu bytes are there",
                         (unsigned long long)info.st_size);
    return ftruncate(fd, (off_t)offset) == 0 && lseek(fd, 0, SEEK_END) >= 0 ? 0 : system_fault(fault, "truncate");
}

int upload_stage_open(struct upload_stages *stages, const char *owner, const char *request_id, uint64_t offset,
                      struct upload_stage *out, struct fault *fault)
{
    struct upload_stage stage = {.fd = -1};
    int code = path_of(stages, owner, request_id, stage.path, fault);
    if (code)
        return code;
    if ((stage.fd = open_locked(stage.path, fault)) < 0)
        return fault->code;
    struct left *left = take_left(stages, stage.path);
    if (left) {
        stage.taken_bytes = left->taken_bytes;
        left_free(left);
    }
    code = begin_at(stage.fd, offset, fault);
    if (code)
        upload_stage_leave(stages, owner, &stage);
    else
        *out = stage;
    return code;
}

static bool remember(struct upload_stages *stages, const char *owner, const struct upload_stage *stage)
{
    struct left *left = calloc(1, sizeof *left);
    if (!left || !(left->owner = strdup(owner))) {
        free(left);
        return false;
    }
    memcpy(left->path, stage->path, sizeof left->path);
    left->taken_bytes = stage->taken_bytes;
    pthread_mutex_lock(&stages->mutex);
    bool room = stages->count < LEFT_MAX;
    if (room) {
        left->next = stages->left;
        stages->left = left;
        stages->count++;
    }
    pthread_mutex_unlock(&stages->mutex);
    if (!room)
        left_free(left);
    return room;
}

/* What it holds of the quota becomes what it has on the disk. An empty one is of no use to anybody. */
void upload_stage_leave(struct upload_stages *stages, const char *owner, struct upload_stage *stage)
{
    struct stat info;
    uint64_t taken = stage->taken_bytes, size = fstat(stage->fd, &info) == 0 ? (uint64_t)info.st_size : 0;
    stage->taken_bytes = size < taken ? size : taken;
    if (size == 0 || !remember(stages, owner, stage)) {
        unlink(stage->path);
        stage->taken_bytes = 0;
    }
    if (taken > stage->taken_bytes)
        quota_give(stages->quota, owner, taken - stage->taken_bytes);
    close(stage->fd); /* and with it the lock */
    stage->fd = -1;
}

int upload_stage_received(struct upload_stages *stages, const char *owner, const char *request_id, uint64_t *out,
                          struct fault *fault)
{
    char path[FILE_PATH_BYTES];
    struct stat info;
    int code = path_of(stages, owner, request_id, path, fault);
    if (code)
        return code;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? (*out = 0, 0) : system_fault(fault, "opening a staged upload");
    code = fstat(fd, &info) == 0 && fdatasync(fd) == 0 ? 0 : system_fault(fault, "sync of a staged upload");
    close(fd);
    if (!code)
        *out = (uint64_t)info.st_size;
    return code;
}

void upload_stages_forget_removed(struct upload_stages *stages)
{
    struct left *gone = NULL;
    pthread_mutex_lock(&stages->mutex);
    for (struct left **at = &stages->left; *at;) {
        struct left *left = *at;
        if (access(left->path, F_OK) == 0 || errno != ENOENT) {
            at = &left->next;
            continue;
        }
        *at = left->next;
        left->next = gone;
        gone = left;
        stages->count--;
    }
    pthread_mutex_unlock(&stages->mutex);
    while (gone) {
        struct left *next = gone->next;
        quota_give(stages->quota, gone->owner, gone->taken_bytes);
        left_free(gone);
        gone = next;
    }
}
