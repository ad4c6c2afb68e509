/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mrpc/mrpc.h>

#include "channelz/card.h"
#include "client/channel_core.h"
#include "client/dns_resolver.h"

/* Opening and freeing a channel; what it does in between is channel_core.c. */

#define RECEIVE_MESSAGE_BYTES (4 * 1024 * 1024)
#define CONNECT_TIMEOUT_MS 20000
#define BACKOFF_BASE_MS 1000
#define BACKOFF_MAX_MS 120000
#define KEEPALIVE_TIME_MIN_MS 10000
#define KEEPALIVE_TIMEOUT_MS 20000

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

/* A program that was compiled against an older header gives a shorter struct. */
static struct mrpc_channel_options copy_options(const struct mrpc_channel_options *options)
{
    struct mrpc_channel_options copy = {.struct_bytes = sizeof copy};
    if (!options)
        return copy;
    size_t given = options->struct_bytes;
    memcpy(&copy, options, given > 0 && given < sizeof copy ? given : sizeof copy);
    return copy;
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static int check_options(const struct mrpc_channel_options *options)
{
    const char *const texts[] = {options->authority, options->user_agent, options->bearer_token};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] && (!*texts[i] || !is_printable(texts[i])))
            return MRPC_ERR_INVALID;
    return (unsigned)options->balancing <= MRPC_WEIGHTED_ROUND_ROBIN ? 0 : MRPC_ERR_INVALID;
}

static char *print(const char *first, const char *second)
{
    char *text = NULL;
    return asprintf(&text, "%s%s", first, second) < 0 ? NULL : text;
}

/* The name that the server's certificate must carry: the authority's host. */
static int find_server_name(struct mrpc_channel *channel)
{
    char *port;
    int error = mrpc_host_port_split(channel->authority, strlen(channel->authority), &channel->server_name, &port);
    if (!error)
        free(port);
    return error;
}

/* "registry:///ns/users" stands for the authority "users". */
static int set_foreign_target(struct mrpc_channel *channel, const char *target)
{
    const char *slash = strrchr(target, '/');
    const char *name = slash ? slash + 1 : target;
    if (!*name || !is_printable(target))
        return MRPC_ERR_ADDRESS;
    channel->target.authority = strdup(name);
    return channel->target.authority ? 0 : MRPC_ERR_NOMEM;
}

static int set_resolver(struct mrpc_channel *channel, const struct mrpc_resolver *resolver, void *arg)
{
    size_t given = resolver->struct_bytes;
    memcpy(&channel->resolver, resolver, given > 0 && given < sizeof *resolver ? given : sizeof *resolver);
    channel->resolver_arg = arg;
    return channel->resolver.start && channel->resolver.stop ? 0 : MRPC_ERR_INVALID;
}

static int set_target(struct mrpc_channel *channel, const char *target, const struct mrpc_channel_options *options)
{
    channel->target_text = strdup(target);
    channel->card = mrpc_channelz_card_new(0, target);
    if (!channel->target_text)
        return MRPC_ERR_NOMEM;
    if (!options->resolver) {
        channel->resolver = mrpc_dns_resolver;
        channel->resolver_arg = &channel->dns;
        return mrpc_target_parse(target, &channel->target);
    }
    int error = set_resolver(channel, options->resolver, options->resolver_arg);
    return error ? error : set_foreign_target(channel, target);
}

static int set_texts(struct mrpc_channel *channel, const struct mrpc_channel_options *options)
{
    channel->authority = strdup(options->authority ? options->authority : channel->target.authority);
    channel->user_agent =
        options->user_agent ? print(options->user_agent, " mrpc-c/" MRPC_VERSION) : strdup("mrpc-c/" MRPC_VERSION);
    if (options->bearer_token)
        channel->authorization = print("Bearer ", options->bearer_token);
    if (!channel->authority || !channel->user_agent || (options->bearer_token && !channel->authorization))
        return MRPC_ERR_NOMEM;
    return channel->tls ? find_server_name(channel) : 0;
}

static void set_numbers(struct mrpc_channel *channel, const struct mrpc_channel_options *options)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    channel->receive_message_bytes = or_default(options->receive_message_bytes, RECEIVE_MESSAGE_BYTES);
    channel->send_message_bytes = options->send_message_bytes;
    channel->connect_timeout_ms = or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    channel->keepalive_timeout_ms = or_default(options->keepalive_timeout_ms, KEEPALIVE_TIMEOUT_MS);
    channel->keepalive_time_ms = options->keepalive_time_ms;
    if (channel->keepalive_time_ms > 0 && channel->keepalive_time_ms < KEEPALIVE_TIME_MIN_MS)
        channel->keepalive_time_ms = KEEPALIVE_TIME_MIN_MS;
    channel->backoff = (struct mrpc_backoff){
        .base_ms = or_default(options->backoff_base_ms, BACKOFF_BASE_MS),
        .max_ms = or_default(options->backoff_max_ms, BACKOFF_MAX_MS),
        .random = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)channel,
    };
    channel->dns = (struct mrpc_dns_config){.loop = channel->loop,
                                            .target = &channel->target,
                                            .timeout_ms = channel->connect_timeout_ms,
                                            .backoff = channel->backoff};
}

static void channel_destroy(struct mrpc_channel *channel)
{
    if (channel->owns_library_loop)
        mrpc_library_loop_release(channel->loop);
    mrpc_target_fini(&channel->target);
    mrpc_address_list_fini(&channel->addresses);
    mrpc_state_hub_release(channel->hub);
    mrpc_channelz_card_free(channel->card);
    free(channel->target_text);
    mrpc_channel_policy_fini(&channel->policy);
    free(channel->authority);
    free(channel->server_name);
    free(channel->user_agent);
    free(channel->authorization);
    pthread_mutex_destroy(&channel->lock);
    pthread_cond_destroy(&channel->shutdown_done);
    free(channel);
}

static void shut_down(struct mrpc_task *task)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)task - offsetof(struct mrpc_channel, shutdown_task));
    mrpc_channel_shut(channel);
    pthread_mutex_lock(&channel->lock);
    channel->shutdown_is_done = true;
    pthread_cond_signal(&channel->shutdown_done);
    pthread_mutex_unlock(&channel->lock);
}

/* What another thread asked for before the channel was freed may still be in the loop's queue. */
static void reap(struct mrpc_flusher *flusher)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)flusher - offsetof(struct mrpc_channel, reaper));
    pthread_mutex_lock(&channel->lock);
    channel->orphaned = channel->kick_posted;
    bool orphaned = channel->orphaned;
    pthread_mutex_unlock(&channel->lock);
    if (!orphaned)
        channel_destroy(channel);
}

static void run_kick(struct mrpc_task *task)
{
    struct mrpc_channel *channel = (struct mrpc_channel *)((char *)task - offsetof(struct mrpc_channel, kick_task));
    pthread_mutex_lock(&channel->lock);
    bool connect = channel->connect_wanted, give_up = channel->give_up_wanted, orphaned = channel->orphaned;
    uint32_t silent_ms = channel->silent_ms;
    channel->kick_posted = channel->connect_wanted = channel->give_up_wanted = false;
    pthread_mutex_unlock(&channel->lock);
    if (orphaned) {
        channel_destroy(channel);
        return;
    }
    if (mrpc_channel_state(channel) == MRPC_SHUTDOWN)
        return; /* freed: the reaper comes next */
    if (give_up)
        mrpc_channel_drop_silent(channel, silent_ms);
    if (mrpc_channel_state(channel) == MRPC_SHUTDOWN)
        return; /* freed in a callback of a call that ended so */
    if (connect)
        mrpc_channel_leave_idle(channel);
    mrpc_channel_settle_later(channel);
}

/* The lock is held. */
static void post_kick(struct mrpc_channel *channel)
{
    if (!channel->kick_posted)
        mrpc_loop_post(channel->loop, &channel->kick_task);
    channel->kick_posted = true;
}

/* Let the loop look at what is wanted, and tell new watches the state. */
static void kick(struct mrpc_channel *channel, bool connect)
{
    pthread_mutex_lock(&channel->lock);
    channel->connect_wanted |= connect;
    post_kick(channel);
    pthread_mutex_unlock(&channel->lock);
}

static struct mrpc_channel *channel_alloc(void)
{
    struct mrpc_channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return NULL;
    channel->shutdown_task.run = shut_down;
    channel->kick_task.run = run_kick;
    channel->reaper.run = reap;
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->shutdown_done, NULL);
    mrpc_channel_core_init(channel);
    return channel;
}

static int take_loop(struct mrpc_channel *channel, struct mrpc_loop *loop)
{
    if (loop) {
        channel->loop = loop;
        return 0;
    }
    int error = mrpc_library_loop_acquire(&channel->loop);
    channel->owns_library_loop = !error;
    return error;
}

int mrpc_channel_new(const char *target, const struct mrpc_channel_options *options, struct mrpc_channel **out)
{
    struct mrpc_channel_options settings = copy_options(options);
    int error = target ? check_options(&settings) : MRPC_ERR_INVALID;
    if (error)
        return error;
    struct mrpc_channel *channel = channel_alloc();
    if (!channel)
        return MRPC_ERR_NOMEM;
    channel->tls = settings.tls;
    error = set_target(channel, target, &settings);
    if (!error)
        error = set_texts(channel, &settings);
    if (!error)
        error = mrpc_state_hub_new(&channel->hub);
    if (!error)
        error = take_loop(channel, settings.loop);
    if (!error)
        set_numbers(channel, &settings);
    if (!error)
        error = mrpc_channel_policy_init(channel, &settings);
    if (error) {
        channel_destroy(channel);
        return error;
    }
    *out = channel;
    return 0;
}

enum mrpc_connectivity mrpc_channel_state(const struct mrpc_channel *channel)
{
    return (enum mrpc_connectivity)atomic_load_explicit(&channel->state, memory_order_relaxed);
}

void mrpc_channel_connect(struct mrpc_channel *channel)
{
    kick(channel, true);
}

/* Asked twice before the loop comes to it, the stricter counts. */
void mrpc_channel_give_up_silent(struct mrpc_channel *channel, uint32_t silent_ms)
{
    pthread_mutex_lock(&channel->lock);
    if (!channel->give_up_wanted || silent_ms < channel->silent_ms)
        channel->silent_ms = silent_ms;
    channel->give_up_wanted = true;
    post_kick(channel);
    pthread_mutex_unlock(&channel->lock);
}

int mrpc_channel_wait_state(struct mrpc_channel *channel, enum mrpc_connectivity last, int64_t timeout_ms,
                            enum mrpc_connectivity *state)
{
    if (mrpc_loop_is_own_thread(channel->loop))
        return MRPC_ERR_WOULD_DEADLOCK;
    return mrpc_state_hub_wait(channel->hub, last, timeout_ms, state);
}

int mrpc_channel_watch_state(struct mrpc_channel *channel, void (*changed)(void *arg, enum mrpc_connectivity state),
                             void *arg, struct mrpc_state_watch **out)
{
    int error = mrpc_state_hub_watch(channel->hub, channel->loop, changed, arg, out);
    if (!error)
        kick(channel, false);
    return error;
}

void mrpc_channel_free(struct mrpc_channel *channel)
{
    if (!channel)
        return;
    if (mrpc_loop_is_own_thread(channel->loop)) {
        /* Perhaps in a callback: what is further up the stack still reads the channel, but calls nothing out. */
        mrpc_channel_shut(channel);
        mrpc_loop_flush_later(channel->loop, &channel->reaper);
        return;
    }
    mrpc_loop_post(channel->loop, &channel->shutdown_task);
    pthread_mutex_lock(&channel->lock);
    while (!channel->shutdown_is_done)
        pthread_cond_wait(&channel->shutdown_done, &channel->lock);
    pthread_mutex_unlock(&channel->lock);
    channel_destroy(channel);
}
