/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cache_members.h"
#include "client.h"
#include "keeper.h"

/* A cache: a thread that keeps a Watch of one service, and what it told.
 *
 *     channel's loop                           cache's thread               program's threads
 *     on_message: changes, under the lock ──►  wait for end or silence      pick, state: under the lock
 *     on_done ─────────────────────────────►   pause, watch again
 *
 * A broken stream is resumed after the last revision; OUT_OF_RANGE (another epoch, or too old) and RESOURCE_EXHAUSTED
 * (too slow) begin anew with the present state, which replaces the old one when it is whole: until then, and while
 * nobody answers, what was known is served. The registry says every PROGRESS_S seconds that it is there; SILENCE_MS
 * without a word is a broken stream. */

enum { PROGRESS_S = 5, SILENCE_MS = 16000 };

struct mlt_cache {
    struct client_keeper keeper; /* the first: keeper_on_done() */
    struct mlt_client *client;
    struct mrpc_arena *texts;
    const char *namespace_name;
    const char *service;
    const char *zone;

    /* Under the keeper's lock. */
    struct cache_members members;
    struct cache_members incoming; /* the present state, until it is whole */
    uint64_t epoch;
    int64_t revision;
    bool complete;      /* `members` are of `revision` */
    bool out_of_memory; /* a change could not be taken: begin anew */
    bool open;          /* this stream has told something, and not ended */
    int64_t heard_ms;
    uint64_t version;   /* counts what can be waited for: changes, and the end of a stream */
    uint64_t resync_count;
};

/* --- what the registry tells -------------------------------------------------------------------------------------- */

static bool take_snapshot(struct mlt_cache *cache, const Mltrainer__Registry__V1__WatchSnapshot *part)
{
    if (part->first) {
        cache_members_fini(&cache->incoming);
        cache->complete = false;
    }
    for (size_t i = 0; i < part->n_instances; i++)
        if (!cache_members_add(&cache->incoming, part->instances[i]))
            return false;
    if (part->last) {
        cache_members_replace(&cache->members, &cache->incoming);
        cache->complete = true;
    }
    return true;
}

static bool take_changes(struct mlt_cache *cache, const Mltrainer__Registry__V1__WatchChanges *changes)
{
    for (size_t i = 0; i < changes->n_changes; i++) {
        const Mltrainer__Registry__V1__Change *change = changes->changes[i];
        if (!change->instance || !change->instance->key)
            continue;
        cache_members_remove(&cache->members, change->instance->key->id);
        if (change->kind != MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED &&
            !cache_members_add(&cache->members, change->instance))
            return false;
    }
    return true;
}

static bool on_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *received)
{
    const Mltrainer__Registry__V1__WatchResponse *message = (const Mltrainer__Registry__V1__WatchResponse *)received;
    struct mlt_cache *cache = arg;
    bool taken = true;
    pthread_mutex_lock(&cache->keeper.lock);
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT)
        taken = take_snapshot(cache, message->snapshot);
    else if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES)
        taken = take_changes(cache, message->changes);
    cache->epoch = message->epoch;
    cache->revision = message->revision;
    cache->heard_ms = keeper_now_ms();
    cache->open = true;
    cache->version++;
    if (!taken)
        cache->out_of_memory = true;
    pthread_cond_broadcast(&cache->keeper.changed);
    pthread_mutex_unlock(&cache->keeper.lock);
    if (!taken)
        mrpc_client_call_cancel(call);
    return true;
}

static void on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers)
{
    struct mlt_cache *cache = arg;
    pthread_mutex_lock(&cache->keeper.lock);
    cache->open = false;
    cache->version++;
    pthread_mutex_unlock(&cache->keeper.lock);
    keeper_on_done(&cache->keeper, call, status, trailers);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static int open_watch(struct mlt_cache *cache)
{
    static const struct mrpc_client_events events = {.on_message = on_message, .on_done = on_done};
    Mltrainer__Registry__V1__WatchRequest request = MLTRAINER__REGISTRY__V1__WATCH_REQUEST__INIT;
    Google__Protobuf__Duration progress;
    google__protobuf__duration__init(&progress);
    progress.seconds = PROGRESS_S;
    request.namespace_ = (char *)cache->namespace_name;
    request.service = (char *)cache->service;
    request.progress_interval = &progress;
    pthread_mutex_lock(&cache->keeper.lock);
    if (cache->complete && !cache->out_of_memory && cache->revision > 0) {
        request.after_revision = cache->revision;
        request.epoch = cache->epoch;
    }
    cache->complete = request.after_revision > 0;
    cache->out_of_memory = false;
    pthread_mutex_unlock(&cache->keeper.lock);
    return mltrainer__registry__v1__registry_service__watch__start(cache->client->channel, NULL, &request, &events,
                                                                   cache, &cache->keeper.call);
}

/* Until the stream ends, falls silent, or the cache is closed. */
static void stay(struct mlt_cache *cache)
{
    struct client_keeper *keeper = &cache->keeper;
    int64_t opened_ms = keeper_now_ms();
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending && !keeper->done) {
        int64_t since_ms = cache->heard_ms > opened_ms ? cache->heard_ms : opened_ms;
        if (keeper_now_ms() - since_ms >= SILENCE_MS) {
            mrpc_channel_give_up_silent(cache->client->channel, SILENCE_MS / 2);
            break;
        }
        keeper_wait(keeper, since_ms + SILENCE_MS);
    }
    if (cache->heard_ms >= opened_ms)
        keeper_worked(keeper);
    pthread_mutex_unlock(&keeper->lock);
}

static void forget_revision(struct mlt_cache *cache)
{
    pthread_mutex_lock(&cache->keeper.lock);
    cache->complete = false;
    cache->resync_count++;
    pthread_mutex_unlock(&cache->keeper.lock);
}

static void *follow(void *arg)
{
    struct mlt_cache *cache = arg;
    bool ending = false;
    while (!ending) {
        int code = MRPC_RESOURCE_EXHAUSTED;
        if (open_watch(cache) == 0) {
            stay(cache);
            code = keeper_close_stream(&cache->keeper);
        }
        bool again = code == MRPC_OUT_OF_RANGE || code == MRPC_RESOURCE_EXHAUSTED;
        if (again)
            forget_revision(cache);
        ending = code == MRPC_OUT_OF_RANGE ? keeper_rest(&cache->keeper, 1) : keeper_pause(&cache->keeper);
    }
    return NULL;
}

/* --- for programs ------------------------------------------------------------------------------------------------- */

static const char *keep_text(struct mlt_cache *cache, const char *text, bool *failed)
{
    const char *copy = text ? mrpc_arena_strdup(cache->texts, text) : NULL;
    *failed = *failed || (text && !copy);
    return copy;
}

static void release(struct mlt_cache *cache)
{
    cache_members_fini(&cache->members);
    cache_members_fini(&cache->incoming);
    keeper_fini(&cache->keeper);
    mrpc_arena_free(cache->texts);
    free(cache);
}

static struct mlt_cache *cache_new(struct mlt_client *client, const char *service,
                                   const struct mlt_cache_options *options)
{
    struct mlt_cache_options known = {0};
    struct mlt_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    if (options)
        client_copy_options(&known, sizeof known, options, options->struct_bytes);
    keeper_init(&cache->keeper);
    cache->client = client;
    cache->texts = mrpc_arena_new(0);
    bool failed = !cache->texts;
    if (!failed) {
        cache->namespace_name = keep_text(cache, known.namespace_name ? known.namespace_name : "", &failed);
        cache->service = keep_text(cache, service, &failed);
        cache->zone = keep_text(cache, known.zone, &failed);
    }
    cache->members.zone = cache->incoming.zone = cache->zone;
    if (!failed)
        return cache;
    release(cache);
    return NULL;
}

/* What trying again does not help against. */
static bool is_refusal(int code)
{
    return code == MRPC_INVALID_ARGUMENT || code == MRPC_PERMISSION_DENIED || code == MRPC_UNAUTHENTICATED ||
           code == MRPC_UNIMPLEMENTED;
}

/* The first state, or why there is none. */
static int wait_for_first(struct mlt_cache *cache, struct mlt_error *error)
{
    struct client_keeper *keeper = &cache->keeper;
    int64_t until_ms = keeper_after_ms(cache->client->timeout_ms);
    pthread_mutex_lock(&keeper->lock);
    while (!cache->complete && !is_refusal(keeper->code) && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool complete = cache->complete;
    int code = keeper->code && keeper->code != MRPC_CANCELLED ? keeper->code : MRPC_DEADLINE_EXCEEDED;
    if (!complete)
        client_fail_text(error, code, "the registry does not tell of %s: %s", cache->service, keeper->why);
    pthread_mutex_unlock(&keeper->lock);
    return complete ? 0 : code;
}

int mlt_cache_open(struct mlt_client *client, const char *service, const struct mlt_cache_options *options,
                   struct mlt_cache **out, struct mlt_error *error)
{
    if (!service || !*service)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "service is required");
    struct mlt_cache *cache = cache_new(client, service, options);
    if (!cache)
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (keeper_start(&cache->keeper, follow, cache) != 0) {
        release(cache);
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "a thread cannot be started");
    }
    int code = wait_for_first(cache, error);
    if (code)
        mlt_cache_close(cache);
    else
        *out = cache;
    return code;
}

void mlt_cache_close(struct mlt_cache *cache)
{
    if (!cache)
        return;
    keeper_end(&cache->keeper);
    release(cache);
}

int mlt_cache_pick(struct mlt_cache *cache, const struct mlt_pick *pick, struct mlt_endpoint *out,
                   struct mlt_error *error)
{
    struct mlt_pick known = {0};
    const struct cache_member *member;
    if (pick)
        client_copy_options(&known, sizeof known, pick, pick->struct_bytes);
    if (known.policy < MLT_PICK_IN_TURN || known.policy > MLT_PICK_BY_KEY)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "%d is not a policy", (int)known.policy);
    if (known.policy == MLT_PICK_BY_KEY && (!known.key || known.key_bytes == 0))
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "MLT_PICK_BY_KEY needs a key");
    pthread_mutex_lock(&cache->keeper.lock);
    bool possible = cache_members_pick(&cache->members, &known, &member);
    if (member)
        *out = member->endpoint;
    size_t count = cache->members.count;
    pthread_mutex_unlock(&cache->keeper.lock);
    if (!possible)
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (member)
        return 0;
    return client_fail_text(error, MRPC_UNAVAILABLE, "none of the %zu instances of %s is healthy", count,
                            cache->service);
}

/* A stream that is open and was heard of lately is in step: the registry tells of changes at once. */
void mlt_cache_state(struct mlt_cache *cache, struct mlt_cache_state *out)
{
    struct mlt_cache_state state = {.struct_bytes = out->struct_bytes};
    pthread_mutex_lock(&cache->keeper.lock);
    int64_t silent_ms = keeper_now_ms() - cache->heard_ms;
    bool in_step = cache->complete && cache->open && silent_ms < SILENCE_MS;
    state.epoch = cache->epoch;
    state.revision = cache->revision;
    state.instance_count = cache->members.count;
    state.candidate_count = cache_members_candidates(&cache->members);
    state.stale_ms = in_step ? 0 : silent_ms > 0 ? silent_ms : 1;
    state.resync_count = cache->resync_count;
    state.version = cache->version;
    pthread_mutex_unlock(&cache->keeper.lock);
    memcpy(out, &state, out->struct_bytes < sizeof state ? out->struct_bytes : sizeof state);
}

int mlt_cache_wait(struct mlt_cache *cache, uint64_t version, int64_t timeout_ms)
{
    struct client_keeper *keeper = &cache->keeper;
    int64_t until_ms = keeper_after_ms(timeout_ms);
    pthread_mutex_lock(&keeper->lock);
    while (cache->version == version && keeper_now_ms() < until_ms)
        keeper_wait(keeper, until_ms);
    bool moved = cache->version != version;
    pthread_mutex_unlock(&keeper->lock);
    return moved ? 0 : MRPC_DEADLINE_EXCEEDED;
}

void mlt_cache_wake(struct mlt_cache *cache)
{
    pthread_mutex_lock(&cache->keeper.lock);
    cache->version++;
    pthread_cond_broadcast(&cache->keeper.changed);
    pthread_mutex_unlock(&cache->keeper.lock);
}

size_t mlt_cache_list(struct mlt_cache *cache, struct mlt_candidate *out, size_t room)
{
    pthread_mutex_lock(&cache->keeper.lock);
    size_t count = cache_members_candidates(&cache->members);
    for (size_t i = 0; i < count && i < room; i++)
        out[i] = (struct mlt_candidate){cache->members.candidates[i]->endpoint, cache->members.candidates[i]->weight};
    pthread_mutex_unlock(&cache->keeper.lock);
    return count;
}
