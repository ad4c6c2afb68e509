/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "admin/service.h"

/* A backup comes back: it is written beside the store under a name that a start sweeps away, then the store judges it
 * and gives it the name that its next opening looks for; only then this process is asked to begin anew.
 *
 *     chunk* ─► half-close ─► digest ─► store_restore() ─► the restart is asked for ─► answer
 *
 * Each message is worked on by the thread pool and the next one held back until then, one task at a time. */

enum { CHUNK_BYTES_MAX = 1 << 20, HEX_BYTES = 64 };

struct restore {
    struct thread_task task;
    struct admin *admin;
    struct mrpc_call *call;
    const Mltrainer__Admin__V1__RestoreRequest *message; /* being worked on; borrowed from the call */
    EVP_MD_CTX *digest;
    int fd;                       /* -1: not open */
    uint64_t bytes;
    char expected[HEX_BYTES + 1]; /* "" while nobody said */
    bool accepted;                /* the file is the store's */
    bool first;                   /* the one that may; others are refused meanwhile */
    char path[4200];
};

static void let_others(struct restore *restore)
{
    if (restore->first)
        atomic_store(&restore->admin->restoring, false);
    restore->first = false;
}

static void restore_free(struct restore *restore)
{
    if (restore->fd >= 0)
        close(restore->fd);
    if (!restore->accepted)
        unlink(restore->path);
    EVP_MD_CTX_free(restore->digest);
    let_others(restore);
    free(restore);
}

static void free_on_thread(struct thread_task *task)
{
    restore_free((struct restore *)task);
}

/* On the call's loop, which must not wait for the disk. */
static void release(void *data)
{
    struct restore *restore = data;
    restore->task = (struct thread_task){.work = free_on_thread};
    if (restore->fd < 0 || thread_pool_submit(restore->admin->threads, &restore->task, NULL) != 0)
        restore_free(restore);
}

/* Who hears of the end may begin anew at once. */
static void end(struct restore *restore, int code)
{
    let_others(restore);
    mrpc_call_finish(restore->call, code, NULL);
}

static bool withdrawn(void *arg)
{
    return mrpc_call_cancelled(((struct restore *)arg)->call);
}

static int write_chunk(struct restore *restore, const uint8_t *data, size_t size, struct fault *fault)
{
    while (size > 0) {
        ssize_t written = write(restore->fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fault_set(fault, errno == ENOSPC || errno == EDQUOT ? MRPC_RESOURCE_EXHAUSTED : MRPC_INTERNAL,
                             "writing the backup: %s", strerror(errno));
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

static int take_digest(struct restore *restore, const char *hex, struct fault *fault)
{
    if (!*hex)
        return 0;
    if (strlen(hex) != HEX_BYTES || strspn(hex, "0123456789abcdef") != HEX_BYTES)
        return fault_field(fault, "sha256", "not 64 hexadecimal digits in lower case");
    if (*restore->expected && strcmp(restore->expected, hex) != 0)
        return fault_field(fault, "sha256", "came for the second time, and another one");
    memcpy(restore->expected, hex, sizeof restore->expected);
    return 0;
}

static int take(struct restore *restore, const Mltrainer__Admin__V1__RestoreRequest *message, struct fault *fault)
{
    uint64_t most = (uint64_t)config_number(restore->admin->config, "store.restore_limit");
    if (take_digest(restore, message->sha256, fault) != 0)
        return fault->code;
    if (message->chunk.len > CHUNK_BYTES_MAX)
        return fault_field(fault, "chunk", "%zu bytes; a message holds at most %d", message->chunk.len,
                           CHUNK_BYTES_MAX);
    if (message->chunk.len > most - restore->bytes)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the backup has more than %llu bytes, store.restore_limit",
                         (unsigned long long)most);
    restore->bytes += message->chunk.len;
    if (EVP_DigestUpdate(restore->digest, message->chunk.data, message->chunk.len) != 1)
        return fault_set(fault, MRPC_INTERNAL, "SHA-256 failed");
    return write_chunk(restore, message->chunk.data, message->chunk.len, fault);
}

static void work_message(struct thread_task *task)
{
    struct restore *restore = (struct restore *)task;
    struct fault fault = FAULT_INIT;
    if (take(restore, restore->message, &fault) != 0)
        end(restore, fault_answer(restore->call, &fault));
    else if (mrpc_call_cancelled(restore->call))
        end(restore, MRPC_CANCELLED);
    else
        mrpc_call_resume(restore->call);
}

static int compare_digest(struct restore *restore, struct fault *fault)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    char hex[HEX_BYTES + 1];
    if (EVP_DigestFinal_ex(restore->digest, sum, NULL) != 1)
        return fault_set(fault, MRPC_INTERNAL, "SHA-256 failed");
    for (int i = 0; i < HEX_BYTES / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    if (*restore->expected && strcmp(hex, restore->expected) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the backup has SHA-256 %s, not %s", hex, restore->expected);
    return 0;
}

static int put_in_place(struct restore *restore, uint64_t *revision, struct fault *fault)
{
    const struct admin *admin = restore->admin;
    const struct store_restoration restoration = {
        .path = restore->path, .kept = admin->control->kept_of_store, .withdrawn = withdrawn, .arg = restore};
    if (restore->bytes == 0)
        return fault_field(fault, "chunk", "nothing came");
    int code = compare_digest(restore, fault);
    if (!code)
        code = store_restore(admin->store, &restoration, revision, fault);
    restore->accepted = code == 0;
    return code;
}

static void work_end(struct thread_task *task)
{
    struct restore *restore = (struct restore *)task;
    const struct admin *admin = restore->admin;
    Mltrainer__Admin__V1__RestoreResponse response;
    struct fault fault = FAULT_INIT;
    mltrainer__admin__v1__restore_response__init(&response);
    if (put_in_place(restore, &response.revision, &fault) != 0) {
        log_warn(admin->log, "admin", "restore refused peer=%s bytes=%llu: %s", mrpc_call_peer(restore->call),
                 (unsigned long long)restore->bytes, fault.text);
        end(restore, fault_answer(restore->call, &fault));
        return;
    }
    log_warn(admin->log, "admin", "restore accepted, beginning anew by=%s peer=%s bytes=%llu revision=%llu",
             mrpc_call_identity(restore->call)->name, mrpc_call_peer(restore->call), (unsigned long long)restore->bytes,
             (unsigned long long)response.revision);
    admin->control->restart(admin->control->arg);
    mrpc_call_finish(restore->call, MRPC_OK, &response.base);
}

int admin_restore_open(void *self, struct mrpc_call *call)
{
    struct admin *admin = self;
    if (admin->control->draining(admin->control->arg))
        return mrpc_call_fail(call, MRPC_UNAVAILABLE, "the server is stopping");
    if (atomic_exchange(&admin->restoring, true))
        return mrpc_call_fail(call, MRPC_ABORTED, "another restore is under way");
    struct restore *restore = calloc(1, sizeof *restore);
    if (!restore) {
        atomic_store(&admin->restoring, false);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    restore->admin = admin;
    restore->first = true;
    restore->fd = -1;
    restore->call = call;
    restore->digest = EVP_MD_CTX_new();
    snprintf(restore->path, sizeof restore->path, "%s/" ADMIN_RESTORE_PREFIX "%p",
             config_text(admin->config, "data_dir"), (void *)restore);
    restore->fd = open(restore->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    mrpc_call_set_data(call, restore, release);
    if (restore->fd < 0)
        return mrpc_call_fail(call, MRPC_INTERNAL, "a file for the backup: %s", strerror(errno));
    if (!restore->digest || EVP_DigestInit_ex(restore->digest, EVP_sha256(), NULL) != 1)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return MRPC_OK;
}

static int submit(struct restore *restore, void (*work)(struct thread_task *task))
{
    struct fault fault = FAULT_INIT;
    restore->task = (struct thread_task){.work = work};
    if (thread_pool_submit(restore->admin->threads, &restore->task, &fault) != 0)
        return fault_answer(restore->call, &fault);
    return MRPC_PENDING;
}

int admin_restore_message(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__RestoreRequest *message)
{
    struct restore *restore = mrpc_call_data(call);
    restore->message = message;
    return submit(restore, work_message);
}

int admin_restore_half_close(void *self, struct mrpc_call *call)
{
    return submit(mrpc_call_data(call), work_end);
}
