/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_KEEPER_H
#define MLT_KEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <mrpc/mrpc.h>

/* A thread of the library's that keeps something up for ever, by one stream after another: its end, its waiting, the
 * pauses between attempts. What the stream's callbacks (on the channel's loop) and the program's threads share with it
 * lies behind its lock. */
struct client_keeper {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* anything under the lock */
    pthread_t thread;
    bool ending;
    bool done; /* the stream has ended, with: */
    int code;
    char why[256];
    struct mrpc_client_call *call; /* the keeper's thread's */
    int64_t pause_ms;              /* the next pause, before jitter */
    int64_t pause_most_ms;         /* 10 s at first */
    uint64_t random;
};

void keeper_init(struct client_keeper *keeper);
void keeper_fini(struct client_keeper *keeper);
/** Returns 0, or an errno. */
int keeper_start(struct client_keeper *keeper, void *(*run)(void *arg), void *arg);
/** Tell the thread, and wait for it. */
void keeper_end(struct client_keeper *keeper);

int64_t keeper_now_ms(void);
/** The time in @ms from now; INT64_MAX when that is farther than it counts. */
int64_t keeper_after_ms(int64_t ms);
/** Wait for `changed`, at most until @until_ms (CLOCK_MONOTONIC). The lock is held. False when it is over. */
bool keeper_wait(struct client_keeper *keeper, int64_t until_ms);
/** A number in 0..@most. */
int64_t keeper_random(struct client_keeper *keeper, int64_t most);
/** Wait, with 20 % jitter, unless the end comes. True at the end. */
bool keeper_rest(struct client_keeper *keeper, int64_t ms);
/** The pause after a failure: from 0.1 s, twice as long each time, to pause_most_ms, with jitter. True at the end. */
bool keeper_pause(struct client_keeper *keeper);
/** It works again: the next pause is the shortest. */
void keeper_worked(struct client_keeper *keeper);

/** For struct mrpc_client_events.on_done; its arg begins with the keeper. */
void keeper_on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers);
/** Cancel the stream if it is open, wait for its end, and free it. Returns its status code. */
int keeper_close_stream(struct client_keeper *keeper);

#endif
