/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/board.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct board_result) % sizeof(uint64_t) == 0, "board_result is whole words");

struct board *board_new(size_t count)
{
    struct board *board = calloc(1, sizeof *board + count * sizeof board->cells[0]);
    if (!board)
        return NULL;
    atomic_init(&board->references, 1);
    board->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        board_write(board, i, &(struct board_result){.state = HEALTH_UNKNOWN});
    return board;
}

struct board *board_ref(struct board *board)
{
    if (board)
        atomic_fetch_add_explicit(&board->references, 1, memory_order_relaxed);
    return board;
}

void board_unref(struct board *board)
{
    if (board && atomic_fetch_sub_explicit(&board->references, 1, memory_order_acq_rel) == 1)
        free(board);
}

/* A sequence lock whose data are atomic words, so that a reader that comes amid a write reads nonsense, sees so, and
 * reads again. Source: Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012. */
void board_write(struct board *board, size_t at, const struct board_result *result)
{
    struct board_cell *cell = &board->cells[at];
    uint64_t words[BOARD_WORDS];
    memcpy(words, result, sizeof words);
    uint32_t turn = atomic_load_explicit(&cell->turn, memory_order_relaxed);
    atomic_store_explicit(&cell->turn, turn + 1, memory_order_relaxed);
    for (size_t i = 0; i < BOARD_WORDS; i++) /* release: who reads such a word sees the odd turn */
        atomic_store_explicit(&cell->words[i], words[i], memory_order_release);
    atomic_store_explicit(&cell->turn, turn + 2, memory_order_release);
}

void board_read(struct board *board, size_t at, struct board_result *out)
{
    struct board_cell *cell = &board->cells[at];
    uint64_t words[BOARD_WORDS];
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&cell->turn, memory_order_acquire);
        for (size_t i = 0; i < BOARD_WORDS; i++)
            words[i] = atomic_load_explicit(&cell->words[i], memory_order_acquire);
        after = atomic_load_explicit(&cell->turn, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    memcpy(out, words, sizeof words);
}

static bool set_times(const struct board_result *result, struct mrpc_arena *arena, PB(CheckStatus) * status)
{
    Google__Protobuf__Timestamp *time = mrpc_arena_alloc(arena, sizeof *time);
    Google__Protobuf__Duration *duration = mrpc_arena_alloc(arena, sizeof *duration);
    if (!time || !duration)
        return false;
    google__protobuf__timestamp__init(time);
    google__protobuf__duration__init(duration);
    time->seconds = result->run_wall_ns / 1000000000;
    time->nanos = (int32_t)(result->run_wall_ns % 1000000000);
    duration->seconds = result->run_us / 1000000;
    duration->nanos = (int32_t)(result->run_us % 1000000) * 1000;
    status->last_run_time = time;
    status->last_duration = duration;
    return true;
}

static PB(CheckStatus) *
    describe_one(struct board *board, size_t at, const PB(Check) * check, struct mrpc_arena *arena)
{
    struct board_result result;
    board_read(board, at, &result);
    PB(CheckStatus) *status = mrpc_arena_alloc(arena, sizeof *status);
    if (!status)
        return NULL;
    mltrainer__registry__v1__check_status__init(status);
    status->name = check->name; /* the instance outlives the answer */
    status->text = mrpc_arena_strdup(arena, result.text);
    status->state = (PB(HealthState))result.state;
    status->pending_count = result.pending_count;
    if (!status->text || (result.run_wall_ns && !set_times(&result, arena, status)))
        return NULL;
    return status;
}

bool board_describe(struct board *board, const PB(Instance) * message, struct mrpc_arena *arena,
                    PB(InstanceStatus) * status)
{
    if (!board)
        return true;
    PB(CheckStatus) **checks = mrpc_arena_calloc(arena, board->count, sizeof *checks);
    if (!checks)
        return false;
    for (size_t i = 0; i < board->count; i++)
        if (!(checks[i] = describe_one(board, i, message->checks[i], arena)))
            return false;
    status->checks = checks;
    status->n_checks = board->count;
    return true;
}
