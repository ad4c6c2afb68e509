/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CHANNELZ_CARD_H
#define MRPC_CHANNELZ_CARD_H

#include <stdatomic.h>
#include <stdint.h>

#include <mrpc/attributes.h>
#include <mrpc/channel.h>

/** What channelz tells of a channel or of one of its addresses: kept by its loop, read by any thread. All cards of the
 *  process are on one list, by ascending id. */
struct channelz_card {
    struct channelz_card *next, *previous;
    int64_t id;
    int64_t channel_id;             /* of a subchannel: whose it is; else 0 */
    int64_t created_ms;
    _Atomic int state;              /* enum mrpc_connectivity */
    _Atomic int64_t calls_started, calls_succeeded, calls_failed;
    _Atomic int64_t last_call_ms;
    char name[];                    /* the target, or the address */
};

/** @channel_id is 0 for a channel. NULL without memory: what has no card is not told of. Thread: any. */
struct channelz_card *mrpc_channelz_card_new(int64_t channel_id, const char *name);
/** NULL is allowed. Thread: any. */
void mrpc_channelz_card_free(struct channelz_card *card);

/* These take NULL, too. Thread: the loop's, but for a call's start, which may be anybody's. */
void mrpc_channelz_card_state(struct channelz_card *card, enum mrpc_connectivity state);
void mrpc_channelz_card_call_started(struct channelz_card *card);
void mrpc_channelz_card_call_ended(struct channelz_card *card, int code);

/** Call @visit with each card until it returns false, under the list's lock: it may not make or free cards. Thread:
 *  any. */
void mrpc_channelz_each_card(bool (*visit)(void *arg, const struct channelz_card *card), void *arg);

#endif
