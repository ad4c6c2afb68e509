/* SPDX-License-Identifier: Apache-2.0 */

/* The channels that the program has opened, from their cards. */

#include <string.h>

#include "channelz/card.h"
#include "channelz/channelz_internal.h"

/* What a question looks for, and what it has found, in the call's arena. */
struct search {
    struct mrpc_arena *arena;
    int64_t id;                            /* the least, or the one */
    size_t max_results;
    CZ(GetTopChannelsResponse) *page;
    CZ(ChannelData) *data;
    const char *name;
    CZ(SubchannelRef) **subchannels;
    size_t subchannel_count;
    bool found;
    bool no_memory;
};

static CZ(ChannelData) *describe(struct mrpc_arena *arena, const struct channelz_card *card)
{
    CZ(ChannelData) *data = mrpc_arena_alloc(arena, sizeof(*data));
    CZ(ChannelConnectivityState) *state = mrpc_arena_alloc(arena, sizeof(*state));
    CZ(ChannelTrace) *trace = mrpc_arena_alloc(arena, sizeof(*trace));
    if (data == NULL || state == NULL || trace == NULL)
        return NULL;
    CZ_INIT(channel_data, data);
    CZ_INIT(channel_connectivity_state, state);
    CZ_INIT(channel_trace, trace);
    /* Ours begin with IDLE = 0, theirs with UNKNOWN. */
    state->state = (CZ(ChannelConnectivityState__State))(atomic_load_explicit(&card->state, memory_order_relaxed) + 1);
    trace->creation_timestamp = mrpc_channelz_time(arena, card->created_ms);
    data->state = state;
    data->trace = trace;
    data->target = mrpc_arena_strdup(arena, card->name);
    data->calls_started = atomic_load_explicit(&card->calls_started, memory_order_relaxed);
    data->calls_succeeded = atomic_load_explicit(&card->calls_succeeded, memory_order_relaxed);
    data->calls_failed = atomic_load_explicit(&card->calls_failed, memory_order_relaxed);
    data->last_call_started_timestamp =
        mrpc_channelz_time(arena, atomic_load_explicit(&card->last_call_ms, memory_order_relaxed));
    return data->target != NULL ? data : NULL;
}

static CZ(Channel) *new_channel(struct mrpc_arena *arena, int64_t id, CZ(ChannelData) *data)
{
    CZ(Channel) *channel = mrpc_arena_alloc(arena, sizeof(*channel));
    CZ(ChannelRef) *ref = mrpc_arena_alloc(arena, sizeof(*ref));
    if (channel == NULL || ref == NULL || data == NULL)
        return NULL;
    CZ_INIT(channel, channel);
    CZ_INIT(channel_ref, ref);
    ref->channel_id = id;
    ref->name = data->target;
    channel->ref = ref;
    channel->data = data;
    return channel;
}

static CZ(SubchannelRef) *new_subchannel_ref(struct mrpc_arena *arena, const struct channelz_card *card)
{
    CZ(SubchannelRef) *ref = mrpc_arena_alloc(arena, sizeof(*ref));
    char *name = mrpc_arena_strdup(arena, card->name);
    if (ref == NULL || name == NULL)
        return NULL;
    CZ_INIT(subchannel_ref, ref);
    ref->subchannel_id = card->id;
    ref->name = name;
    return ref;
}

static int no_memory(struct mrpc_call *call)
{
    return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static bool add_to_page(void *arg, const struct channelz_card *card)
{
    struct search *search = arg;
    if (card->channel_id != 0 || card->id < search->id)
        return true;
    if (search->page->n_channel == search->max_results) {
        search->page->end = false;
        return false;
    }
    CZ(Channel) *channel = new_channel(search->arena, card->id, describe(search->arena, card));
    search->no_memory = channel == NULL;
    if (channel != NULL)
        search->page->channel[search->page->n_channel++] = channel;
    return channel != NULL;
}

int mrpc_channelz_get_top_channels(void *self, struct mrpc_call *call, const CZ(GetTopChannelsRequest) *request,
                                   CZ(GetTopChannelsResponse) *response)
{
    struct search search = {.arena = mrpc_call_arena(call), .id = request->start_channel_id, .page = response,
                            .max_results = mrpc_channelz_page(request->max_results)};
    response->end = true;
    response->channel = mrpc_arena_alloc(search.arena, search.max_results * sizeof(*response->channel));
    if (response->channel == NULL)
        return no_memory(call);
    mrpc_channelz_each_card(add_to_page, &search);
    return search.no_memory ? no_memory(call) : 0;
}

/* The channel, and its subchannels, which come after it. */
static bool look_for_channel(void *arg, const struct channelz_card *card)
{
    struct search *search = arg;
    if (card->id == search->id && card->channel_id == 0) {
        search->found = true;
        search->data = describe(search->arena, card);
    } else if (card->channel_id == search->id && search->subchannel_count < search->max_results) {
        CZ(SubchannelRef) *ref = new_subchannel_ref(search->arena, card);
        search->no_memory |= ref == NULL;
        if (ref != NULL)
            search->subchannels[search->subchannel_count++] = ref;
    }
    return !search->no_memory;
}

int mrpc_channelz_get_channel(void *self, struct mrpc_call *call, const CZ(GetChannelRequest) *request,
                              CZ(GetChannelResponse) *response)
{
    struct search search = {
        .arena = mrpc_call_arena(call), .id = request->channel_id, .max_results = CHANNELZ_PAGE_MAX};
    search.subchannels = mrpc_arena_alloc(search.arena, search.max_results * sizeof(*search.subchannels));
    if (search.subchannels == NULL)
        return no_memory(call);
    mrpc_channelz_each_card(look_for_channel, &search);
    if (!search.found)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "there is no channel %lld", (long long)request->channel_id);
    response->channel = new_channel(search.arena, search.id, search.data);
    if (response->channel == NULL || search.no_memory)
        return no_memory(call);
    response->channel->subchannel_ref = search.subchannels;
    response->channel->n_subchannel_ref = search.subchannel_count;
    return 0;
}

static bool look_for_subchannel(void *arg, const struct channelz_card *card)
{
    struct search *search = arg;
    if (card->id != search->id || card->channel_id == 0)
        return true;
    search->found = true;
    search->data = describe(search->arena, card);
    return false;
}

int mrpc_channelz_get_subchannel(void *self, struct mrpc_call *call, const CZ(GetSubchannelRequest) *request,
                                 CZ(GetSubchannelResponse) *response)
{
    struct search search = {.arena = mrpc_call_arena(call), .id = request->subchannel_id};
    mrpc_channelz_each_card(look_for_subchannel, &search);
    if (!search.found)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "there is no subchannel %lld", (long long)request->subchannel_id);
    CZ(Subchannel) *subchannel = mrpc_arena_alloc(search.arena, sizeof(*subchannel));
    CZ(SubchannelRef) *ref = mrpc_arena_alloc(search.arena, sizeof(*ref));
    if (subchannel == NULL || ref == NULL || search.data == NULL)
        return no_memory(call);
    CZ_INIT(subchannel, subchannel);
    CZ_INIT(subchannel_ref, ref);
    ref->subchannel_id = search.id;
    ref->name = search.data->target;
    subchannel->ref = ref;
    subchannel->data = search.data;
    response->subchannel = subchannel;
    return 0;
}
