/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/resolver.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A thread follows the service by a cache and pushes what may be called. The channel must not wait for it: stop() only
 * tells it, and it takes its memory with it. */

enum { NAME_BYTES = 129, ADDRESS_BYTES = 80, RETRY_MS = 1000, FIRST_STATE_MS = 5000, PATIENCE_MS = 60 * 60 * 1000 };

struct resolution {
    struct mrpc_resolver_listener *listener;
    struct mlt_client *client;
    char namespace_name[NAME_BYTES];
    char service[NAME_BYTES];
    char zone[NAME_BYTES];
    pthread_mutex_t lock;
    pthread_cond_t stopping;
    bool stopped;
    bool idle; /* it could not begin: there is no thread, only the reason that was told */
    struct mlt_cache *cache; /* NULL until it knows something */
};

static void resolution_free(struct resolution *resolution)
{
    mlt_cache_close(resolution->cache);
    mlt_client_free(resolution->client);
    mrpc_resolver_listener_release(resolution->listener);
    pthread_cond_destroy(&resolution->stopping);
    pthread_mutex_destroy(&resolution->lock);
    free(resolution);
}

/* --- what is pushed ----------------------------------------------------------------------------------------------- */

static bool print_address(const struct mlt_endpoint *endpoint, char text[ADDRESS_BYTES])
{
    unsigned char binary[sizeof(struct in6_addr)];
    bool v6 = inet_pton(AF_INET6, endpoint->address, binary) == 1;
    if (!v6 && inet_pton(AF_INET, endpoint->address, binary) != 1)
        return false;
    snprintf(text, ADDRESS_BYTES, v6 ? "[%.45s]:%u" : "%.45s:%u", endpoint->address, endpoint->port);
    return true;
}

static void push(struct resolution *resolution)
{
    static const size_t room = MRPC_ADDRESSES_MAX;
    struct mlt_candidate *candidates = calloc(room, sizeof *candidates);
    struct mrpc_resolver_address *addresses = calloc(room, sizeof *addresses);
    char(*texts)[ADDRESS_BYTES] = calloc(room, sizeof *texts);
    size_t count = candidates && addresses && texts ? mlt_cache_list(resolution->cache, candidates, room) : 0;
    struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof *addresses, .addresses = addresses};
    for (size_t i = 0; i < count && i < room; i++) {
        if (!print_address(&candidates[i].endpoint, texts[result.address_count]))
            continue;
        addresses[result.address_count] = (struct mrpc_resolver_address){
            .address = texts[result.address_count], .weight = candidates[i].weight};
        result.address_count++;
    }
    if (result.address_count == 0 || mrpc_resolver_push(resolution->listener, &result) != 0) {
        char why[NAME_BYTES + 64];
        snprintf(why, sizeof why, "no instance of %s can be called", resolution->service);
        mrpc_resolver_fail(resolution->listener, why);
    }
    free(candidates);
    free(addresses);
    free(texts);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

/* True when it is over. */
static bool rest(struct resolution *resolution)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RETRY_MS / 1000;
    pthread_mutex_lock(&resolution->lock);
    if (!resolution->stopped)
        pthread_cond_timedwait(&resolution->stopping, &resolution->lock, &until);
    bool stopped = resolution->stopped;
    pthread_mutex_unlock(&resolution->lock);
    return stopped;
}

static bool open_cache(struct resolution *resolution)
{
    const struct mlt_cache_options options = {.struct_bytes = sizeof options,
                                              .namespace_name = resolution->namespace_name,
                                              .zone = resolution->zone[0] ? resolution->zone : NULL};
    struct mlt_cache *cache = NULL;
    struct mlt_error error;
    if (mlt_cache_open(resolution->client, resolution->service, &options, &cache, &error) != 0) {
        mrpc_resolver_fail(resolution->listener, error.message);
        return false;
    }
    pthread_mutex_lock(&resolution->lock);
    resolution->cache = cache;
    pthread_mutex_unlock(&resolution->lock);
    return true;
}

static bool is_stopped(struct resolution *resolution)
{
    pthread_mutex_lock(&resolution->lock);
    bool stopped = resolution->stopped;
    pthread_mutex_unlock(&resolution->lock);
    return stopped;
}

static void follow(struct resolution *resolution)
{
    int64_t pushed = -1;
    while (!is_stopped(resolution)) {
        struct mlt_cache_state state = {.struct_bytes = sizeof state};
        mlt_cache_state(resolution->cache, &state);
        if (state.revision != pushed)
            push(resolution);
        pushed = state.revision;
        (void)mlt_cache_wait(resolution->cache, state.version, PATIENCE_MS);
    }
}

static void *resolve(void *arg)
{
    struct resolution *resolution = arg;
    bool open = false, stopped = false;
    while (!stopped && !(open = open_cache(resolution)))
        stopped = rest(resolution);
    if (open)
        follow(resolution);
    resolution_free(resolution);
    return NULL;
}

/* --- what the channel calls --------------------------------------------------------------------------------------- */

/* "mlt:///NAMESPACE/SERVICE" or "mlt:///SERVICE". */
static bool read_target(const char *target, struct resolution *resolution)
{
    static const char scheme[] = "mlt:///";
    if (strncmp(target, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *name = target + sizeof scheme - 1, *slash = strchr(name, '/');
    size_t namespace_bytes = slash ? (size_t)(slash - name) : 0;
    const char *service = slash ? slash + 1 : name;
    if (namespace_bytes >= NAME_BYTES || !*service || strlen(service) >= NAME_BYTES || strchr(service, '/'))
        return false;
    memcpy(resolution->namespace_name, slash ? name : "default", slash ? namespace_bytes : sizeof "default");
    strcpy(resolution->service, service);
    return true;
}

static bool begin(struct resolution *resolution, const struct mlt_resolver_options *options, const char *target,
                  struct mlt_error *error)
{
    struct mlt_client_options client = {.struct_bytes = sizeof client, .timeout_ms = FIRST_STATE_MS};
    pthread_t thread;
    if (!read_target(target, resolution)) {
        snprintf(error->message, sizeof error->message, "\"%s\" is not mlt:///SERVICE or mlt:///NAMESPACE/SERVICE",
                 target);
        return false;
    }
    snprintf(resolution->zone, sizeof resolution->zone, "%s", options->zone ? options->zone : "");
    if (mlt_client_new(options->registry, options->client ? options->client : &client, &resolution->client, error) != 0)
        return false;
    if (pthread_create(&thread, NULL, resolve, resolution) == 0) {
        pthread_detach(thread);
        return true;
    }
    snprintf(error->message, sizeof error->message, "a thread cannot be started");
    return false;
}

static void *start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct mlt_resolver_options options = {0};
    struct mlt_error error = {.message = "out of memory"};
    const struct mlt_resolver_options *given = arg;
    memcpy(&options, given, given->struct_bytes < sizeof options ? given->struct_bytes : sizeof options);
    struct resolution *resolution = calloc(1, sizeof *resolution);
    if (!resolution)
        return NULL; /* the channel tries again */
    resolution->listener = listener;
    pthread_mutex_init(&resolution->lock, NULL);
    pthread_cond_init(&resolution->stopping, NULL);
    resolution->idle = !begin(resolution, &options, target, &error);
    if (resolution->idle)
        mrpc_resolver_fail(listener, error.message);
    return resolution;
}

static void stop(void *self)
{
    struct resolution *resolution = self;
    if (resolution->idle) {
        resolution_free(resolution);
        return;
    }
    pthread_mutex_lock(&resolution->lock);
    resolution->stopped = true;
    pthread_cond_signal(&resolution->stopping);
    if (resolution->cache)
        mlt_cache_wake(resolution->cache);
    pthread_mutex_unlock(&resolution->lock);
}

const struct mrpc_resolver *mlt_resolver(void)
{
    static const struct mrpc_resolver resolver = {.struct_bytes = sizeof resolver, .start = start, .stop = stop};
    return &resolver;
}
