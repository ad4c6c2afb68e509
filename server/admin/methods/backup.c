/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "admin/service.h"

enum { CHUNK_BYTES = 64 * 1024 };

/* A backup under way: the store writes a copy next to itself, which is unlinked as soon as it is open, then streamed.
 * The thread pool does what blocks; one task at a time, so nothing here needs a lock. It lives as long as its call. */
struct backup {
    struct thread_task task;
    struct admin *admin;
    struct mrpc_call *call;
    _Atomic unsigned wakes; /* reasons to go on; whoever makes it 1 submits the task, the task ends at 0 */
    int fd;
    uint64_t total_bytes;
    EVP_MD_CTX *digest;
    bool all_sent;
    char sha256[65];    /* once all is read */
    size_t chunk_bytes; /* read, but not taken by the call yet */
    uint8_t chunk[CHUNK_BYTES];
};

static void backup_free(void *data)
{
    struct backup *backup = data;
    EVP_MD_CTX_free(backup->digest);
    free(backup);
}

static void backup_end(struct backup *backup, int code)
{
    if (backup->fd >= 0)
        close(backup->fd);
    backup->fd = -1;
    mrpc_call_finish(backup->call, code, NULL);
}

static int end_digest(struct backup *backup, struct fault *fault)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(backup->digest, sum, NULL) != 1)
        return fault_set(fault, MRPC_INTERNAL, "SHA-256 failed");
    for (int i = 0; i < 32; i++)
        snprintf(backup->sha256 + 2 * i, 3, "%02x", sum[i]);
    return 0;
}

/* Nothing more: the digest goes out instead. */
static int read_chunk(struct backup *backup, struct fault *fault)
{
    if (*backup->sha256)
        return 0;
    ssize_t size = read(backup->fd, backup->chunk, CHUNK_BYTES);
    if (size < 0)
        return fault_set(fault, MRPC_INTERNAL, "reading the copy: %s", strerror(errno));
    backup->chunk_bytes = (size_t)size;
    if (size == 0)
        return end_digest(backup, fault);
    return EVP_DigestUpdate(backup->digest, backup->chunk, (size_t)size) == 1
               ? 0
               : fault_set(fault, MRPC_INTERNAL, "SHA-256 failed");
}

/* Send until the call's buffer is full (on_writable goes on then), the file has ended, or the peer has gone. */
static void send_chunks(struct thread_task *task)
{
    struct backup *backup = (struct backup *)task;
    for (;;) {
        if (backup->chunk_bytes == 0) {
            struct fault fault = FAULT_INIT;
            if (backup->all_sent)
                return backup_end(backup, MRPC_OK);
            if (read_chunk(backup, &fault) != 0)
                return backup_end(backup, fault_answer(backup->call, &fault));
        }
        Mltrainer__Admin__V1__BackupResponse message;
        mltrainer__admin__v1__backup_response__init(&message);
        message.chunk = (ProtobufCBinaryData){backup->chunk_bytes, backup->chunk};
        message.total_bytes = backup->total_bytes;
        message.sha256 = backup->sha256;
        int error = mrpc_call_send(backup->call, &message.base);
        if (error == MRPC_ERR_AGAIN) {
            if (atomic_fetch_sub(&backup->wakes, 1) == 1)
                return; /* and touch nothing: the next round may have begun already */
            continue;
        }
        if (error)
            return backup_end(backup, MRPC_CANCELLED);
        backup->all_sent = backup->chunk_bytes == 0;
        backup->chunk_bytes = 0;
    }
}

/* There is room, or the peer has gone, which the next send will say. On the call's loop. */
static void go_on(void *arg, struct mrpc_call *call)
{
    struct backup *backup = arg;
    struct fault fault = FAULT_INIT;
    if (atomic_fetch_add(&backup->wakes, 1) == 0 &&
        thread_pool_submit(backup->admin->threads, &backup->task, &fault) != 0)
        backup_end(backup, fault_answer(call, &fault));
}

static int copy_store(struct backup *backup, struct fault *fault)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/" ADMIN_BACKUP_PREFIX "%p", config_text(backup->admin->config, "data_dir"),
             (void *)backup);
    int code = store_backup(backup->admin->store, path, fault);
    if (code)
        return code;
    backup->fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    struct stat info;
    if (backup->fd < 0 || fstat(backup->fd, &info) != 0)
        return fault_set(fault, MRPC_INTERNAL, "opening the copy: %s", strerror(errno));
    backup->total_bytes = (uint64_t)info.st_size;
    return 0;
}

static void begin(struct thread_task *task)
{
    struct backup *backup = (struct backup *)task;
    struct fault fault = FAULT_INIT;
    backup->digest = EVP_MD_CTX_new();
    if (!backup->digest || EVP_DigestInit_ex(backup->digest, EVP_sha256(), NULL) != 1)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (fault.code || copy_store(backup, &fault) != 0)
        return backup_end(backup, fault_answer(backup->call, &fault));
    task->work = send_chunks;
    send_chunks(task);
}

int admin_backup(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__BackupRequest *request)
{
    struct admin *admin = self;
    struct fault fault = FAULT_INIT;
    struct backup *backup = calloc(1, sizeof *backup);
    if (!backup)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    backup->task.work = begin;
    backup->admin = admin;
    backup->call = call;
    backup->fd = -1;
    atomic_init(&backup->wakes, 1);
    mrpc_call_set_data(call, backup, backup_free);
    mrpc_call_on_writable(call, go_on, backup);
    mrpc_call_on_cancel(call, go_on, backup);
    if (thread_pool_submit(admin->threads, &backup->task, &fault) != 0)
        return fault_answer(call, &fault);
    return MRPC_PENDING;
}
