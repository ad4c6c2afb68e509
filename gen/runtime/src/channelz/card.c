/* SPDX-License-Identifier: Apache-2.0 */
#include "channelz/card.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "channelz/channelz.h"

/* Of the process, as channelz is. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct channelz_card *first, *last;

struct channelz_card *mrpc_channelz_card_new(int64_t channel_id, const char *name)
{
    size_t size = strlen(name) + 1;
    struct channelz_card *card = calloc(1, sizeof(*card) + size);
    if (card == NULL)
        return NULL;
    card->channel_id = channel_id;
    card->created_ms = mrpc_channelz_now_ms();
    memcpy(card->name, name, size);
    pthread_mutex_lock(&lock);
    card->id = mrpc_channelz_new_id();   /* under the lock, so that the list is in order */
    card->previous = last;
    if (last != NULL)
        last->next = card;
    else
        first = card;
    last = card;
    pthread_mutex_unlock(&lock);
    return card;
}

void mrpc_channelz_card_free(struct channelz_card *card)
{
    if (card == NULL)
        return;
    pthread_mutex_lock(&lock);
    if (card->previous != NULL)
        card->previous->next = card->next;
    else
        first = card->next;
    if (card->next != NULL)
        card->next->previous = card->previous;
    else
        last = card->previous;
    pthread_mutex_unlock(&lock);
    free(card);
}

void mrpc_channelz_card_state(struct channelz_card *card, enum mrpc_connectivity state)
{
    if (card != NULL)
        atomic_store_explicit(&card->state, (int)state, memory_order_relaxed);
}

void mrpc_channelz_card_call_started(struct channelz_card *card)
{
    if (card == NULL)
        return;
    atomic_fetch_add_explicit(&card->calls_started, 1, memory_order_relaxed);
    atomic_store_explicit(&card->last_call_ms, mrpc_channelz_now_ms(), memory_order_relaxed);
}

void mrpc_channelz_card_call_ended(struct channelz_card *card, int code)
{
    if (card != NULL)
        atomic_fetch_add_explicit(code == 0 ? &card->calls_succeeded : &card->calls_failed, 1, memory_order_relaxed);
}

void mrpc_channelz_each_card(bool (*visit)(void *arg, const struct channelz_card *card), void *arg)
{
    pthread_mutex_lock(&lock);
    struct channelz_card *at = first;
    while (at != NULL && visit(arg, at))
        at = at->next;
    pthread_mutex_unlock(&lock);
}
