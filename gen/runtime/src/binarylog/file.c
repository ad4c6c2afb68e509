/* SPDX-License-Identifier: Apache-2.0 */

/* Entries to a file, from loops that may not wait for a disk: they fill one buffer while a thread writes the other. */

#include <mrpc/binary_log.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"

#define WAITING_MAX_BYTES (4u << 20)
#define LENGTH_BYTES 4

struct mrpc_binary_log_file {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;          /* guards the three below */
    pthread_cond_t changed;
    struct mrpc_buffer waiting;
    uint64_t waiting_entries;
    bool ending;
    _Atomic uint64_t dropped;
};

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Returns false at the end. */
static bool take_waiting(struct mrpc_binary_log_file *file, struct mrpc_buffer *out, uint64_t *entries)
{
    pthread_mutex_lock(&file->lock);
    while (file->waiting_entries == 0 && !file->ending)
        pthread_cond_wait(&file->changed, &file->lock);
    *out = file->waiting;
    *entries = file->waiting_entries;
    file->waiting = (struct mrpc_buffer){0};
    file->waiting_entries = 0;
    pthread_mutex_unlock(&file->lock);
    return *entries > 0;
}

static void *run(void *arg)
{
    struct mrpc_binary_log_file *file = arg;
    struct mrpc_buffer buffer;
    uint64_t entries;
    while (take_waiting(file, &buffer, &entries)) {
        if (!write_all(file->fd, mrpc_buffer_bytes(&buffer), mrpc_buffer_size(&buffer)))
            atomic_fetch_add_explicit(&file->dropped, entries, memory_order_relaxed);
        mrpc_buffer_fini(&buffer);
    }
    return NULL;
}

int mrpc_binary_log_file_new(const char *path, struct mrpc_binary_log_file **out)
{
    struct mrpc_binary_log_file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return MRPC_ERR_NOMEM;
    file->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        free(file);
        return MRPC_ERR_SYSTEM;
    }
    pthread_mutex_init(&file->lock, NULL);
    pthread_cond_init(&file->changed, NULL);
    if (pthread_create(&file->thread, NULL, run, file) != 0) {
        close(file->fd);
        free(file);
        return MRPC_ERR_SYSTEM;
    }
    *out = file;
    return 0;
}

static bool append(struct mrpc_buffer *buffer, const void *entry, size_t bytes)
{
    if (mrpc_buffer_size(buffer) + LENGTH_BYTES + bytes > WAITING_MAX_BYTES)
        return false;
    uint8_t *room = mrpc_buffer_reserve(buffer, LENGTH_BYTES + bytes);
    if (room == NULL)
        return false;
    const uint8_t length[LENGTH_BYTES] = {(uint8_t)(bytes >> 24), (uint8_t)(bytes >> 16), (uint8_t)(bytes >> 8),
                                          (uint8_t)bytes};
    return mrpc_buffer_append(buffer, length, LENGTH_BYTES) == 0 && mrpc_buffer_append(buffer, entry, bytes) == 0;
}

void mrpc_binary_log_file_write(void *arg, const void *entry, size_t bytes)
{
    struct mrpc_binary_log_file *file = arg;
    pthread_mutex_lock(&file->lock);
    bool taken = append(&file->waiting, entry, bytes);
    file->waiting_entries += taken;
    pthread_mutex_unlock(&file->lock);
    if (taken)
        pthread_cond_signal(&file->changed);
    else
        atomic_fetch_add_explicit(&file->dropped, 1, memory_order_relaxed);
}

uint64_t mrpc_binary_log_file_dropped(const struct mrpc_binary_log_file *file)
{
    return atomic_load_explicit(&file->dropped, memory_order_relaxed);
}

void mrpc_binary_log_file_free(struct mrpc_binary_log_file *file)
{
    if (file == NULL)
        return;
    pthread_mutex_lock(&file->lock);
    file->ending = true;
    pthread_mutex_unlock(&file->lock);
    pthread_cond_signal(&file->changed);
    pthread_join(file->thread, NULL);
    close(file->fd);
    pthread_mutex_destroy(&file->lock);
    pthread_cond_destroy(&file->changed);
    free(file);
}
