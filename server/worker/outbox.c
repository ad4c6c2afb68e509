/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <mrpc/error.h>

#include "worker/control.h"
#include "worker/frame.h"

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void write_all(const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(WORKER_FD_SOCKET, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            _exit(0); /* the server is gone */
        bytes += done;
        size -= (size_t)done;
    }
}

/* What is held. */
static bool holding;
static uint8_t held[64 * 1024];
static size_t held_bytes;

static void write_held(void)
{
    write_all(held, held_bytes);
    held_bytes = 0;
}

static void put(const uint8_t *bytes, size_t size)
{
    if (held_bytes + size > sizeof held)
        write_held();
    if (!holding || size > sizeof held) {
        write_all(bytes, size);
        return;
    }
    memcpy(held + held_bytes, bytes, size);
    held_bytes += size;
}

void outbox_hold(void)
{
    pthread_mutex_lock(&one_at_a_time);
    holding = true;
    pthread_mutex_unlock(&one_at_a_time);
}

void outbox_let_go(void)
{
    pthread_mutex_lock(&one_at_a_time);
    holding = false;
    write_held();
    pthread_mutex_unlock(&one_at_a_time);
}

int outbox_send(const Mltrainer__Worker__FromWorker *message)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    uint8_t *frame;
    size_t size;

    if (!arena)
        return MRPC_ERR_NOMEM;
    int error = worker_frame_encode(&mltrainer__worker__from_worker__info, &message->base, WORKER_FRAME_TO_SERVER_MAX,
                                    arena, &frame, &size);
    if (!error) {
        pthread_mutex_lock(&one_at_a_time);
        put(frame, size);
        pthread_mutex_unlock(&one_at_a_time);
    }
    mrpc_arena_free(arena);
    return error;
}
