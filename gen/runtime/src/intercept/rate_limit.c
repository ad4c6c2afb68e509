/* SPDX-License-Identifier: Apache-2.0 */

/* Buckets in a table of fixed size that all loops share without a lock: sets of eight slots, a caller's set chosen by a
 * keyed hash of its name. A slot is two atomics, the hash and the bucket; two loops that fight for a slot can give one
 * caller a few tokens of another, which a limit can bear and a lock on a loop could not. */

#include <mrpc/rate_limit.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mrpc/interceptor.h>

#include "base/siphash.h"
#include "intercept/token_bucket.h"

#define SET_SLOTS 8
#define CALLERS_DEFAULT 16384
#define PER_SECOND_MAX 1000000000u
#define NAME_BYTES 128

struct slot {
    _Atomic uint64_t caller;          /* 0: free */
    _Atomic int64_t full_at_ns;
};

struct mrpc_rate_limit {
    struct token_rate rate;
    bool (*exempt)(void *arg, const struct mrpc_call *call);
    void *arg;
    uint64_t secret[2];
    struct slot *slots;
    size_t set_count;                 /* a power of two */
    _Atomic uint64_t refused;
};

static size_t sets_for(size_t callers)
{
    size_t sets = 1;
    while (sets * SET_SLOTS < callers)
        sets *= 2;
    return sets;
}

int mrpc_rate_limit_new(const struct mrpc_rate_limit_options *options, struct mrpc_rate_limit **out)
{
    if (options->calls_per_second == 0 || options->calls_per_second > PER_SECOND_MAX ||
        options->callers_max > SIZE_MAX / (4 * sizeof(struct slot)))
        return MRPC_ERR_INVALID;
    struct mrpc_rate_limit *limit = calloc(1, sizeof(*limit));
    if (limit == NULL)
        return MRPC_ERR_NOMEM;
    limit->set_count = sets_for(options->callers_max > 0 ? options->callers_max : CALLERS_DEFAULT);
    limit->slots = calloc(limit->set_count * SET_SLOTS, sizeof(*limit->slots));
    int error = limit->slots != NULL ? 0 : MRPC_ERR_NOMEM;
    if (error == 0 && getrandom(limit->secret, sizeof(limit->secret), 0) != (ssize_t)sizeof(limit->secret))
        error = MRPC_ERR_SYSTEM;
    if (error != 0) {
        mrpc_rate_limit_free(limit);
        return error;
    }
    limit->rate = mrpc_token_rate(options->calls_per_second,
                                  options->burst > 0 ? options->burst : options->calls_per_second);
    limit->exempt = options->exempt;
    limit->arg = options->arg;
    *out = limit;
    return 0;
}

void mrpc_rate_limit_free(struct mrpc_rate_limit *limit)
{
    if (limit == NULL)
        return;
    free(limit->slots);
    free(limit);
}

uint64_t mrpc_rate_limit_refused(const struct mrpc_rate_limit *limit)
{
    return atomic_load_explicit(&limit->refused, memory_order_relaxed);
}

/* A v4 address inside of a v6 one is that v4 address; else a v6 network is one caller: whoever has one has all of
 * it. */
static size_t v6_name(const char *peer, char *name)
{
    char host[INET6_ADDRSTRLEN];
    const char *end = strchr(peer, ']');
    struct in6_addr address;
    if (end == NULL || (size_t)(end - peer) > sizeof(host))
        return 0;
    memcpy(host, peer + 1, (size_t)(end - peer - 1));
    host[end - peer - 1] = '\0';
    if (inet_pton(AF_INET6, host, &address) != 1)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&address))
        return inet_ntop(AF_INET, &address.s6_addr[12], name, NAME_BYTES) != NULL ? strlen(name) : 0;
    name[0] = '6';
    memcpy(name + 1, address.s6_addr, 8);
    return 9;
}

/* "1.2.3.4:5" without its port; a unix socket's name as it is. */
static size_t peer_name(const char *peer, char *name)
{
    size_t size = peer[0] == '[' ? v6_name(peer, name) : 0;
    if (size > 0)
        return size;
    const char *colon = strncmp(peer, "unix", 4) != 0 ? strrchr(peer, ':') : NULL;
    size = colon != NULL ? (size_t)(colon - peer) : strlen(peer);
    size = size < NAME_BYTES ? size : NAME_BYTES;
    memcpy(name, peer, size);
    return size;
}

/* Who is to be limited, as a number that is not 0. */
static uint64_t caller_of(const struct mrpc_rate_limit *limit, const struct mrpc_call *call)
{
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    const uint64_t key[2] = {limit->secret[0] ^ (uint64_t)identity->kind, limit->secret[1]};
    if (identity->kind != MRPC_IDENTITY_ANONYMOUS)
        return mrpc_siphash(key, identity->name, strlen(identity->name)) | 1;
    char name[NAME_BYTES];
    size_t size = peer_name(mrpc_call_peer(call), name);
    return mrpc_siphash(key, name, size) | 1;
}

/* The caller's slot; else the one of its set whose bucket is fullest, which is free or is forgotten. */
static struct slot *slot_of(struct mrpc_rate_limit *limit, uint64_t caller)
{
    struct slot *set = &limit->slots[(caller >> 1 & (limit->set_count - 1)) * SET_SLOTS];
    struct slot *fullest = &set[0];
    for (size_t i = 0; i < SET_SLOTS; i++) {
        if (atomic_load_explicit(&set[i].caller, memory_order_relaxed) == caller)
            return &set[i];
        if (atomic_load_explicit(&set[i].full_at_ns, memory_order_relaxed) <
            atomic_load_explicit(&fullest->full_at_ns, memory_order_relaxed))
            fullest = &set[i];
    }
    atomic_store_explicit(&fullest->caller, caller, memory_order_relaxed);
    atomic_store_explicit(&fullest->full_at_ns, 0, memory_order_relaxed);
    return fullest;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct mrpc_rate_limit *limit = self;
    if (limit->exempt != NULL && limit->exempt(limit->arg, call))
        return 0;
    struct slot *slot = slot_of(limit, caller_of(limit, call));
    int64_t wait_ns;
    if (mrpc_token_take(&slot->full_at_ns, &limit->rate, mrpc_call_now_ms(call) * 1000000, &wait_ns))
        return 0;
    atomic_fetch_add_explicit(&limit->refused, 1, memory_order_relaxed);
    return mrpc_call_fail_retry(call, MRPC_RESOURCE_EXHAUSTED, (wait_ns + 999999) / 1000000,
                                "too many calls: more than this caller may make in a while");
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "rate limit",
    .started = started,
    .forget = mrpc_interceptor_forgets,
};

int mrpc_rate_limit_add_to_server(struct mrpc_rate_limit *limit, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, limit);
}
