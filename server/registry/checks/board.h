/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_BOARD_H
#define REGISTRY_CHECKS_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>

#include "registry/health.h"

/* What the checks of an instance have found, for everybody to read: the prober writes, readers get a result that is
 * whole, and neither waits for the other. It is shared by all states of an instance whose checks are the same. */

enum { BOARD_TEXT_BYTES = 120 };

struct board_result {
    uint32_t state; /* enum registry_health */
    uint32_t pending_count;
    int64_t run_wall_ns; /* 0: never */
    int64_t run_us;
    char text[BOARD_TEXT_BYTES];
};

enum { BOARD_WORDS = sizeof(struct board_result) / sizeof(uint64_t) };

struct board {
    _Atomic uint32_t references;
    uint32_t count;
    struct board_cell {
        _Atomic uint32_t turn; /* odd: being written */
        _Atomic uint64_t words[BOARD_WORDS];
    } cells[];
};

/** @count results that say UNKNOWN. NULL when out of memory. */
struct board *board_new(size_t count);
struct board *board_ref(struct board *board);
void board_unref(struct board *board);

/** Thread: the one writer. */
void board_write(struct board *board, size_t at, const struct board_result *result);
/** Thread: any. */
void board_read(struct board *board, size_t at, struct board_result *out);

/** Fill in the state of each of @message's checks, in @arena. @board may be NULL: then there is none. False when out of
 *  memory. Thread: any. */
bool board_describe(struct board *board, const PB(Instance) * message, struct mrpc_arena *arena,
                    PB(InstanceStatus) * status);

#endif
