/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/webhook/outbox.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "execution/job/job.h"
#include "execution/webhook/sender.h"

enum { GIVE_UP_MS = 24 * 3600 * 1000, SPEC_BYTES_MAX = 256 * 1024, ARENA_BYTES = 64 * 1024 * 1024 };

/* One that is owed. It belongs to the list, but while it is under way to the sender. */
struct webhook_entry {
    struct webhook_post post; /* first */
    struct domain_task task;  /* back to the loop */
    struct job *job;
    char *url, *body;
    unsigned attempts;
    int64_t due_ms; /* of the loop's clock */
    bool under_way;
};

struct webhooks {
    struct webhook_secret secret;
    const char *url; /* for jobs that name none; of the configuration; NULL: none */
    int64_t backoff_ms;
    struct target_network networks[WEBHOOK_NETWORKS_MAX];
    size_t network_count;
    struct webhook_sender *sender;
    struct webhook_entry *entries[WEBHOOKS_OWED_MAX];
    size_t count;
    struct webhook_entry *flying[WEBHOOKS_AT_ONCE]; /* under_way of them */
    size_t under_way;
    struct event *timer;
    /* Read by anybody. */
    _Atomic uint64_t owed, delivered, failed, given_up;
};

static void pump(struct execution *engine);

void webhook_key(const char *job_id, char out[WEBHOOK_KEY_BYTES])
{
    snprintf(out, WEBHOOK_KEY_BYTES, "execution/webhook/%s", job_id);
}

bool webhooks_wanted(const struct execution *engine, const struct job *job)
{
    return engine->webhooks && (job->webhook || engine->webhooks->url);
}

int webhooks_check(const struct execution *engine, const char *url, const char *field, struct fault *fault)
{
    int code = *url ? webhook_url_check(url, field, fault) : 0;
    if (code || !*url || engine->webhooks)
        return code;
    return fault_set(fault, MRPC_FAILED_PRECONDITION,
                     "%s: this server sends no webhooks: it has no secret to sign them (MLT_WEBHOOK_SECRET)", field);
}

/* ---- The list ---- */

static void entry_free(struct webhook_entry *entry)
{
    if (!entry)
        return;
    free(entry->url);
    free(entry->body);
    free(entry);
}

static void take_out(struct webhooks *webhooks, struct webhook_entry *entry)
{
    size_t at = 0;
    while (webhooks->entries[at] != entry)
        at++;
    webhooks->entries[at] = webhooks->entries[--webhooks->count];
    atomic_store(&webhooks->owed, webhooks->count);
    entry_free(entry);
}

/* It will not be told of again, now or after a restart. */
static void settle(struct job *job)
{
    char key[WEBHOOK_KEY_BYTES];
    struct store_batch *batch = store_batch_new();
    webhook_key(job->id, key);
    store_batch_delete(batch, store_text(key), STORE_EXPECT_ANY);
    store_commit(job->engine->store, batch, NULL, NULL); /* refused: it is told of once more after a restart */
    job->webhook_owed = false;
}

static void give_up(struct execution *engine, struct job *job, const char *why)
{
    atomic_fetch_add(&engine->webhooks->given_up, 1);
    log_warn(engine->log, "execution", "the webhook of job %s is given up: %s", job->id, why);
    settle(job);
}

/* Its own URL, else the configuration's. NULL when out of memory. */
static char *url_of(const struct job *job)
{
    struct fault fault = FAULT_INIT;
    struct mrpc_arena *arena = job->webhook ? mrpc_arena_new(ARENA_BYTES) : NULL;
    API(JobSpec) * spec;
    const char *url = job->webhook ? NULL : job->engine->webhooks->url;
    if (arena && api_decode(API_INFO(job_spec), job->spec.data, job->spec.size, arena, &spec, &fault) == 0)
        url = spec->webhook_url;
    char *copy = url ? strdup(url) : NULL;
    mrpc_arena_free(arena);
    return copy;
}

static const char *add(struct job *job)
{
    struct webhooks *webhooks = job->engine->webhooks;
    if (webhooks->count == WEBHOOKS_OWED_MAX)
        return "too many are owed already";
    struct webhook_entry *entry = calloc(1, sizeof *entry);
    if (entry)
        entry->url = url_of(job);
    if (!entry || !entry->url) {
        entry_free(entry);
        return "out of memory";
    }
    entry->job = job;
    webhooks->entries[webhooks->count++] = entry;
    atomic_store(&webhooks->owed, webhooks->count);
    return NULL;
}

void webhooks_job_ended(struct job *job)
{
    if (!job->webhook_owed)
        return;
    const char *why = add(job);
    if (why)
        return give_up(job->engine, job, why);
    pump(job->engine);
}

/* ---- One attempt ---- */

/* The job as lists show it; what is large of it can be asked for. */
static int make_body(struct webhook_entry *entry, struct fault *fault)
{
    struct job *job = entry->job;
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    API(Job) * message;
    size_t bytes = 0;
    free(entry->body);
    entry->body = NULL;
    int code =
        arena ? job_message(job, arena, &message, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code) {
        job_message_lighten(message);
        if (job->spec.size > SPEC_BYTES_MAX)
            message->spec = NULL;
        if (mrpc_json_encode(API_INFO(job), &message->base, NULL, &entry->body, &bytes))
            code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the job cannot be written as JSON");
    }
    mrpc_arena_free(arena);
    entry->post.body = entry->body;
    entry->post.body_bytes = bytes;
    return code;
}

static void conclude(struct webhook_entry *entry)
{
    struct job *job = entry->job;
    struct execution *engine = job->engine;
    struct webhooks *webhooks = engine->webhooks;
    char why[240];
    if (entry->post.status >= 200 && entry->post.status < 300) {
        atomic_fetch_add(&webhooks->delivered, 1);
        settle(job);
        return take_out(webhooks, entry);
    }
    if (entry->post.status)
        snprintf(why, sizeof why, "it was answered with %ld", entry->post.status);
    else
        snprintf(why, sizeof why, "%s", entry->post.why);
    atomic_fetch_add(&webhooks->failed, 1);
    if (entry->post.status == 410 || api_now_ms() - job->end_ms > GIVE_UP_MS) {
        give_up(engine, job, why);
        return take_out(webhooks, entry);
    }
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint32_t)job->number;
    int64_t pause_ms = webhook_pause_ms(entry->attempts, webhooks->backoff_ms, random);
    if (pause_ms < entry->post.retry_after_ms)
        pause_ms = entry->post.retry_after_ms;
    entry->due_ms = domain_loop_now_ms(engine->loop) + pause_ms;
    if (entry->attempts == 1)
        log_warn(engine->log, "execution", "the webhook of job %s failed and is tried again: %s", job->id, why);
}

static void land(struct webhooks *webhooks, struct webhook_entry *entry)
{
    size_t at = 0;
    while (webhooks->flying[at] != entry)
        at++;
    webhooks->flying[at] = webhooks->flying[--webhooks->under_way];
    entry->under_way = false;
}

static void came_back(struct domain_task *task)
{
    struct webhook_entry *entry = (struct webhook_entry *)((char *)task - offsetof(struct webhook_entry, task));
    struct execution *engine = entry->job->engine;
    land(engine->webhooks, entry);
    conclude(entry);
    pump(engine);
}

/* On the sender's thread. After the loop has stopped the entry is webhooks_fini()'s. */
static void on_done(struct webhook_post *post)
{
    struct webhook_entry *entry = (struct webhook_entry *)post;
    entry->task.run = came_back;
    (void)!domain_loop_post_task(entry->job->engine->loop, &entry->task);
}

static void attempt(struct execution *engine, struct webhook_entry *entry)
{
    struct webhooks *webhooks = engine->webhooks;
    struct fault fault = FAULT_INIT;
    entry->attempts++;
    entry->post = (struct webhook_post){.url = entry->url,
                                        .id = entry->job->id,
                                        .time_s = api_now_ms() / 1000,
                                        .done = on_done,
                                        .forbidden = FAULT_INIT};
    int code = make_body(entry, &fault);
    if (!code)
        code = webhook_sign(&webhooks->secret, entry->post.id, entry->post.time_s, entry->post.body,
                            entry->post.body_bytes, entry->post.signature, &fault);
    if (code) {
        snprintf(entry->post.why, sizeof entry->post.why, "%.199s", fault.text);
        return conclude(entry);
    }
    entry->under_way = true;
    webhooks->flying[webhooks->under_way++] = entry;
    webhook_sender_post(webhooks->sender, &entry->post);
}

/* ---- Whose turn it is ---- */

static size_t host_bytes(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return (size_t)(host - url) + strcspn(host, "/?");
}

/* One receiver that hangs must not keep the others waiting. */
static bool host_is_busy(const struct webhooks *webhooks, const char *url)
{
    size_t bytes = host_bytes(url), count = 0;
    for (size_t i = 0; i < webhooks->under_way; i++) {
        const char *other = webhooks->flying[i]->url;
        count += host_bytes(other) == bytes && strncmp(other, url, bytes) == 0;
    }
    return count >= WEBHOOKS_AT_ONCE_A_HOST;
}

/* The first that is due, or NULL and in *@wait_ms how long until one is. */
static struct webhook_entry *find_due(const struct webhooks *webhooks, int64_t now_ms, int64_t *wait_ms)
{
    *wait_ms = INT64_MAX;
    for (size_t i = 0; i < webhooks->count; i++) {
        struct webhook_entry *entry = webhooks->entries[i];
        int64_t left_ms = entry->due_ms - now_ms;
        if (entry->under_way)
            continue;
        if (left_ms > 0)
            *wait_ms = left_ms < *wait_ms ? left_ms : *wait_ms;
        else if (!host_is_busy(webhooks, entry->url))
            return entry;
    }
    return NULL;
}

static void pump(struct execution *engine)
{
    struct webhooks *webhooks = engine->webhooks;
    struct webhook_entry *entry;
    int64_t now_ms = domain_loop_now_ms(engine->loop), wait_ms = INT64_MAX;
    while (!engine->stopping && webhooks->under_way < WEBHOOKS_AT_ONCE &&
           (entry = find_due(webhooks, now_ms, &wait_ms)))
        attempt(engine, entry);
    if (wait_ms == INT64_MAX || engine->stopping)
        return;
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    evtimer_add(webhooks->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *engine)
{
    pump(engine);
}

/* ---- Life ---- */

static int read_networks(struct webhooks *webhooks, const struct config *config, struct fault *fault)
{
    size_t count = config_list_count(config, "execution.webhook_targets");
    if (count > WEBHOOK_NETWORKS_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "execution.webhook_targets: more than %d networks",
                         WEBHOOK_NETWORKS_MAX);
    for (; webhooks->network_count < count; webhooks->network_count++)
        if (target_network_parse(config_list_item(config, "execution.webhook_targets", webhooks->network_count),
                                 &webhooks->networks[webhooks->network_count], fault))
            return fault_prefix(fault, "execution.webhook_targets");
    return 0;
}

static int read_configuration(struct webhooks *webhooks, const struct config *config, struct fault *fault)
{
    webhooks->url = config_text(config, "execution.webhook");
    webhooks->backoff_ms = config_number(config, "execution.webhook_backoff");
    if (webhooks->url && webhook_url_check(webhooks->url, "", fault))
        return fault_prefix(fault, "execution.webhook");
    return read_networks(webhooks, config, fault);
}

int webhooks_init(struct execution *engine, struct fault *fault)
{
    const char *secret = getenv("MLT_WEBHOOK_SECRET");
    if (!secret)
        return config_text(engine->config, "execution.webhook")
                   ? fault_set(fault, MRPC_INVALID_ARGUMENT,
                               "execution.webhook: its secret is wanted in MLT_WEBHOOK_SECRET")
                   : 0;
    struct webhooks *webhooks = engine->webhooks = calloc(1, sizeof *webhooks);
    if (!webhooks || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(webhooks->timer = evtimer_new(domain_loop_base(engine->loop), on_timer, engine)))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "webhooks: out of memory");
    if (webhook_secret_read(secret, &webhooks->secret, fault))
        return fault_prefix(fault, "MLT_WEBHOOK_SECRET");
    return read_configuration(webhooks, engine->config, fault);
}

void webhooks_fini(struct execution *engine)
{
    struct webhooks *webhooks = engine->webhooks;
    if (!webhooks)
        return;
    webhook_sender_free(webhooks->sender);
    for (size_t i = 0; i < webhooks->count; i++)
        entry_free(webhooks->entries[i]);
    if (webhooks->timer)
        event_free(webhooks->timer);
    explicit_bzero(&webhooks->secret, sizeof webhooks->secret);
    free(webhooks);
}

/* What is owed of a job that is gone is owed no more. */
static void take_owed(struct execution *engine, const struct store_entry *entry, struct store_batch *gone)
{
    const char *key = entry->key.data, *id = strrchr(key, '/') + 1;
    struct job *job = jobs_find(engine, id);
    if (!job || !job_state_is_final(job->state))
        return store_batch_delete(gone, entry->key, STORE_EXPECT_ANY);
    job->webhook_owed = true;
    const char *why = add(job);
    if (why)
        log_error(engine->log, "execution", "the webhook of job %s waits for another restart: %s", job->id, why);
}

int webhooks_start(struct execution *engine, struct fault *fault)
{
    struct webhooks *webhooks = engine->webhooks;
    struct own_ports own;
    if (!webhooks)
        return 0;
    webhooks->sender = webhook_sender_new(webhooks->networks, webhooks->network_count);
    if (!webhooks->sender)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "webhooks: out of memory");
    own_ports_read(NULL, &own);
    own.loopback_only = false; /* until it is said where this server listens */
    webhook_sender_set_own(webhooks->sender, &own);
    struct store_list list = STORE_LIST_INIT;
    struct store_batch *gone = store_batch_new();
    struct store_range range = {.prefix = store_text("execution/webhook/"), .limit = WEBHOOKS_OWED_MAX};
    int code = store_range(engine->store, &range, &list, fault);
    for (size_t i = 0; !code && i < list.count; i++)
        take_owed(engine, &list.entries[i], gone);
    store_list_fini(&list);
    store_commit(engine->store, gone, NULL, NULL);
    return code;
}

void webhooks_stop(struct execution *engine)
{
    if (engine->webhooks)
        webhook_sender_stop(engine->webhooks->sender);
}

static void begin(void *arg)
{
    pump(arg);
}

void webhooks_set_own(struct execution *engine, const char *const *addresses)
{
    struct own_ports own;
    if (!engine->webhooks || !engine->webhooks->sender)
        return;
    own_ports_read(addresses, &own);
    webhook_sender_set_own(engine->webhooks->sender, &own);
    if (domain_loop_post(engine->loop, begin, engine))
        log_warn(engine->log, "execution", "webhooks wait for the next end of a job");
}

void webhooks_counts(const struct execution *engine, struct webhook_counts *out)
{
    const struct webhooks *webhooks = engine->webhooks;
    *out = (struct webhook_counts){0};
    if (webhooks)
        *out = (struct webhook_counts){atomic_load(&webhooks->owed), atomic_load(&webhooks->delivered),
                                       atomic_load(&webhooks->failed), atomic_load(&webhooks->given_up)};
}
