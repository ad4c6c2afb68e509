/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_CONTROL_H
#define MLT_WORKER_CONTROL_H

#include <stdatomic.h>
#include <stdint.h>

/* What a worker is started with, and what both ends say without a system call. */

/** File descriptors of a worker. 0 is /dev/null; 1 and 2 are a pipe that the server reads. */
enum worker_fd {
    WORKER_FD_SOCKET = 3,
    WORKER_FD_CONTROL = 4,
    WORKER_FD_INPUT = 5,
    WORKER_FD_OUTPUT = 6,
    WORKER_FD_END = 7,
};

/** The shared page. Each word has one writer. Whatever the worker's end says is a hint: a plugin can write here. */
struct worker_control {
    _Alignas(64) _Atomic uint64_t cancelled_task; /* server: the task that shall stop */
    _Atomic uint32_t sent;                        /* server: counts the messages that are in the socket */
    _Alignas(64) _Atomic uint64_t heartbeat;      /* worker: counts while the process runs */
    _Atomic uint64_t progress_task;               /* worker: whose progress it is */
    _Atomic uint64_t progress;                    /* worker: in millionths */
};

#define WORKER_PROGRESS_WHOLE 1000000u
#define WORKER_HEARTBEAT_MS 100

#endif
