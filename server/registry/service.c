/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "events/retention.h"
#include "registry/checks/prober.h"
#include "registry/methods/methods.h"
#include "registry/http_sd/route.h"
#include "registry/persist.h"
#include "registry/service_state.h"
#include "registry/watch.h"
#include "registry/xds/xds.h"

/* The domain: one loop that alone writes the catalog, and the pipeline from there to the disk and back. */

/* A change on its way to the disk. */
struct transaction {
    struct transaction *next;
    struct under_way_entry under_way;
    struct registry *registry;
    int64_t began_us;
    struct catalog_change *change;    /* NULL: only waits for those before it */
    struct registry_command *command; /* NULL: the registry's own doing */
    int code;
    char text[160];
};

const struct bus_topic registry_instance_changed = {"registry.instance_changed",
                                                    sizeof(struct registry_instance_event)};

/* --- small answers ------------------------------------------------------------------------------------------------ */

struct catalog *registry_catalog(struct registry *registry)
{
    return &registry->catalog;
}

struct heartbeat_stream **registry_heartbeat_streams(struct registry *registry)
{
    return &registry->heartbeat_streams;
}

uint64_t registry_next_stream(struct registry *registry)
{
    return ++registry->last_stream;
}

struct prober *registry_prober(struct registry *registry)
{
    return registry->prober;
}

struct registry_watches *registry_watches(struct registry *registry)
{
    return registry->watches;
}

struct registry_xds *registry_xds(struct registry *registry)
{
    return registry->xds;
}

struct http_sd *registry_http_sd(struct registry *registry)
{
    return registry->http_sd;
}

struct domain_loop *registry_loop(struct registry *registry)
{
    return registry->loop;
}

struct domain_loop *registry_reading_loop(struct registry *registry)
{
    return registry->reading_loop;
}

uint64_t registry_epoch(const struct registry *registry)
{
    return registry->epoch;
}

struct store *registry_store(const struct registry *registry)
{
    return registry->options.store;
}

struct thread_pool *registry_threads(const struct registry *registry)
{
    return registry->options.threads;
}

const struct under_way *registry_under_way(const struct registry *registry)
{
    return &registry->under_way;
}

struct log *registry_log(const struct registry *registry)
{
    return registry->options.log;
}

int64_t registry_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct registry_view *registry_snapshot(struct registry *registry)
{
    return (const struct registry_view *)snapshot_acquire(&registry->view);
}

void registry_snapshot_release(const struct registry_view *view)
{
    if (view)
        snapshot_release((struct snapshot *)(uintptr_t)&view->snapshot);
}

/* --- showing what holds ------------------------------------------------------------------------------------------- */

/* Without memory for a new view readers go on with the old one until the next change. */
static void publish(struct registry *registry)
{
    struct registry_view *view = catalog_view(&registry->catalog, registry->epoch);
    if (!view) {
        log_error(registry->options.log, "registry", "no memory for a view of revision %lld",
                  (long long)registry->catalog.committed_revision);
        return;
    }
    snapshot_publish(&registry->view, &view->snapshot);
    scene_notifier_touch(registry->scene);
}

static void tell_bus(struct registry *registry, const struct catalog_change *change)
{
    const PB(Instance) *message = change->instance->message;
    struct registry_instance_event event = {
        .kind = change->removal  ? CHANGE_REMOVED
                : change->before ? CHANGE_UPDATED
                                 : CHANGE_ADDED,
        .reason = (enum registry_reason)message->status->reason,
        .health = registry_instance_health(change->instance),
        .revision = change->revision,
    };
    snprintf(event.namespace_name, sizeof event.namespace_name, "%s", message->key->namespace_);
    snprintf(event.service, sizeof event.service, "%s", message->key->service);
    snprintf(event.id, sizeof event.id, "%s", message->key->id);
    if (registry->options.bus)
        bus_publish(registry->options.bus, &registry_instance_changed, &event);
    if (message->status->reason != (PB(TransitionReason))REASON_UPDATED)
        log_info(registry->options.log, "registry", "%s/%s/%s %s revision=%lld actor=%s", event.namespace_name,
                 event.service, event.id, message->status->text, (long long)change->revision, message->status->actor);
}

/* --- leases and checks -------------------------------------------------------------------------------------------- */

static void begin_lease(struct registry *registry, struct catalog_slot *slot)
{
    int64_t ttl_ms = slot->latest ? registry_instance_lease_ms(slot->latest) : 0;
    if (ttl_ms <= 0)
        lease_clear(&registry->leases, &slot->lease);
    else if (!lease_set(&registry->leases, &slot->lease, domain_loop_now_ms(registry->loop), ttl_ms))
        log_error(registry->options.log, "registry", "no memory for a lease of %s/%s", slot->service->name, slot->id);
}

void registry_renew(struct registry *registry, struct catalog_slot *slot)
{
    begin_lease(registry, slot);
    if (slot->standing.has_lapsed)
        registry_revive(registry, slot);
}

int64_t registry_lease_remaining_ms(struct registry *registry, const struct catalog_slot *slot)
{
    return lease_remaining_ms(&registry->leases, &slot->lease, domain_loop_now_ms(registry->loop));
}

/* What follows from a state that now holds. */
static void follow(struct registry *registry, struct catalog_slot *slot)
{
    if (!slot->committed) {
        lease_clear(&registry->leases, &slot->lease);
        prober_drop(registry->prober, slot);
        return;
    }
    if (!slot->lease.heap_at)
        begin_lease(registry, slot);
    if (!prober_update(registry->prober, slot, domain_loop_now_ms(registry->loop)))
        log_error(registry->options.log, "registry", "no memory for the checks of %s/%s", slot->service->name,
                  slot->id);
}

static void forget_the_oldest(struct registry *registry)
{
    struct catalog_slot *slot;
    struct retention_event event = {.module = "registry"};
    while ((slot = catalog_take_forgettable(&registry->catalog))) {
        store_commit(registry->options.store, persist_forget(slot, registry->epoch, registry->catalog.revision), NULL,
                     NULL);
        catalog_slot_free(&registry->catalog, slot);
        event.tombstone_count++;
    }
    if (event.tombstone_count && registry->options.bus)
        bus_publish(registry->options.bus, &retention_swept, &event);
}

/* --- the way to the disk and back --------------------------------------------------------------------------------- */

/* What happened by itself holds even if it cannot be written (a full disk must not keep dead instances in the list):
 * after a restart it happens again. What was asked for holds only when it is durable. */
static bool holds(const struct transaction *transaction)
{
    return transaction->code == MRPC_OK || !transaction->command;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void settle_one(struct registry *registry, struct transaction *transaction)
{
    struct catalog_change *change = transaction->change;
    if (!change)
        return;
    bool applied = holds(transaction);
    if (transaction->code)
        log_error(registry->options.log, "registry", "revision %lld of %s/%s is not durable: %s",
                  (long long)change->revision, change->slot->service->name, change->slot->id, transaction->text);
    catalog_settle(&registry->catalog, change, applied);
    if (!applied)
        return;
    follow(registry, change->slot);
    registry_watches_note(registry->watches, change);
    registry_metrics_transition(&registry->metrics, (enum registry_reason)change->instance->message->status->reason);
    tell_bus(registry, change);
}

static struct transaction *take_settled(struct registry *registry)
{
    pthread_mutex_lock(&registry->settled_lock);
    struct transaction *list = registry->settled;
    registry->settled = NULL;
    registry->settled_tail = &registry->settled;
    registry->settle_posted = false;
    pthread_mutex_unlock(&registry->settled_lock);
    return list;
}

/* All that one sync has settled, then one view, then the watchers and the answers: who is answered finds it in the
 * view. */
static void settle(struct domain_task *task)
{
    struct registry *registry = (struct registry *)((char *)task - offsetof(struct registry, settle_task));
    struct transaction *list = take_settled(registry);
    for (struct transaction *at = list; at; at = at->next) {
        under_way_end(&registry->under_way);
        settle_one(registry, at);
    }
    registry_judge_store(registry);
    publish(registry);
    registry_watches_flush(registry->watches, domain_loop_now_ms(registry->loop));
    registry_xds_touch(registry->xds);
    while (list) {
        struct transaction *transaction = list;
        list = transaction->next;
        if (transaction->change)
            registry_metrics_commit(&registry->metrics, transaction->code == MRPC_OK, now_us() - transaction->began_us);
        if (transaction->command)
            transaction->command->committed(transaction->command, transaction->code, transaction->text);
        catalog_change_free(transaction->change);
        free(transaction);
    }
    forget_the_oldest(registry);
}

/* On the commit thread. */
static void on_committed(void *arg, const struct store_commit_result *result)
{
    struct transaction *transaction = arg;
    struct registry *registry = transaction->registry;
    transaction->code = result->code;
    snprintf(transaction->text, sizeof transaction->text, "%s", result->text);
    pthread_mutex_lock(&registry->settled_lock);
    transaction->next = NULL;
    *registry->settled_tail = transaction;
    registry->settled_tail = &transaction->next;
    bool post = !registry->settle_posted;
    registry->settle_posted = true;
    pthread_mutex_unlock(&registry->settled_lock);
    if (post && domain_loop_post_task(registry->loop, &registry->settle_task)) {
        /* The loop has stopped; registry_free() settles what is left. */
    }
}

static void commit(struct registry *registry, struct catalog_change *change, struct registry_command *command)
{
    struct transaction *transaction = calloc(1, sizeof *transaction);
    if (!transaction) {
        if (change)
            catalog_settle(&registry->catalog, change, false);
        catalog_change_free(change);
        if (command)
            command->committed(command, MRPC_RESOURCE_EXHAUSTED, "no memory");
        return;
    }
    *transaction = (struct transaction){
        .registry = registry, .change = change, .command = command, .began_us = now_us()};
    under_way_begin(&registry->under_way, &transaction->under_way, domain_loop_now_ms(registry->loop));
    struct store_batch *batch = change ? persist_change(change) : store_batch_new();
    store_commit(registry->options.store, batch, on_committed, transaction);
}

void registry_command_commit(struct registry_command *command, struct catalog_change *change)
{
    commit(command->registry, change, command);
}

void registry_commit(struct registry *registry, struct catalog_change *change)
{
    if (change)
        commit(registry, change, NULL);
}

/* --- own addresses ------------------------------------------------------------------------------------------------ */

struct own_addresses {
    struct registry *registry;
    struct own_ports ports;
};

static void use_own_ports(struct registry *registry, const struct own_ports *ports)
{
    registry->own_ports = *ports;
    registry->policy.own_ports = registry->own_ports.ports;
    registry->policy.own_port_count = registry->own_ports.count;
    registry->policy.loopback_allowed = registry->own_ports.loopback_only;
}

static void take_own_addresses(void *arg)
{
    struct own_addresses *own = arg;
    use_own_ports(own->registry, &own->ports);
    own->registry->listens = true;
    free(own);
}

void registry_set_own_addresses(struct registry *registry, const char *const *addresses)
{
    struct own_addresses *own = malloc(sizeof *own);
    if (!own)
        return; /* what the configuration says goes on counting */
    own->registry = registry;
    own_ports_read(addresses, &own->ports);
    if (domain_loop_post(registry->loop, take_own_addresses, own))
        free(own);
}

/* --- the end of service ------------------------------------------------------------------------------------------- */

static void end_waiting(void *arg)
{
    struct registry *registry = arg;
    registry_heartbeat_streams_end(registry);
    registry_watches_end_all(registry->watches, MRPC_UNAVAILABLE, "the server is stopping");
    prober_end_waiting(registry->prober);
    registry_xds_touch(registry->xds);
}

void registry_drain(struct registry *registry)
{
    if (atomic_exchange(&registry->draining, true) || domain_loop_post(registry->loop, end_waiting, registry) == 0)
        return;
    log_warn(registry->options.log, "registry", "watches and heartbeats are left to the end of the grace");
}

bool registry_draining(const struct registry *registry)
{
    return atomic_load(&registry->draining);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int read_policy(struct registry *registry, struct fault *fault)
{
    struct own_ports ports;
    own_ports_read(registry->options.own_addresses, &ports);
    use_own_ports(registry, &ports);
    const char *const *network = registry->options.check_targets;
    for (; network && *network; network++) {
        if (registry->policy.network_count == NETWORKS_MAX)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "registry.check_targets: more than %d networks",
                             NETWORKS_MAX);
        if (target_network_parse(*network, &registry->networks[registry->policy.network_count], fault))
            return fault_prefix(fault, "registry.check_targets");
        registry->policy.network_count++;
    }
    registry->policy.networks_key = "registry.check_targets";
    registry->policy.networks = registry->networks;
    registry->options.own_addresses = registry->options.check_targets = NULL; /* borrowed until here */
    return MRPC_OK;
}

static int make_parts(struct registry *registry, struct fault *fault)
{
    int code = read_policy(registry, fault);
    if (code)
        return code;
    struct prober_options options = {.policy = &registry->policy,
                                     .changed = registry_on_health,
                                     .ran = registry_on_check,
                                     .arg = registry};
    if (domain_loop_new("registry", &registry->loop) || domain_loop_new("registry-read", &registry->reading_loop))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no loop");
    options.base = domain_loop_base(registry->loop);
    if (!registry_make_ticks(registry) || prober_new(&options, &registry->prober) ||
        registry_xds_new(registry, &registry->xds) || http_sd_new(registry, &registry->http_sd) ||
        scene_notifier_new(registry->options.bus, registry->loop, "registry", NULL, NULL, &registry->scene))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    return MRPC_OK;
}

int registry_new(const struct registry_options *options, struct registry **out, struct fault *fault)
{
    struct registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    registry->options = *options;
    registry->settled_tail = &registry->settled;
    under_way_init(&registry->under_way);
    registry->settle_task.run = settle;
    pthread_mutex_init(&registry->settled_lock, NULL);
    snapshot_cell_init(&registry->view);
    catalog_init(&registry->catalog, &options->limits);
    int code = make_parts(registry, fault);
    if (code) {
        registry_free(registry);
        return code;
    }
    *out = registry;
    return MRPC_OK;
}

/* After a restart each lease begins anew, each check where it stood. The loop does not run yet. */
static void revive(void *arg, struct catalog_slot *slot)
{
    if (!slot->committed)
        return;
    follow(arg, slot);
    registry_restore_standing(arg, slot);
}

int registry_start(struct registry *registry, struct fault *fault)
{
    int code = persist_recover(registry->options.store, &registry->catalog, &registry->epoch, fault);
    if (code)
        return code;
    struct registry_watches_options watches = {
        .registry = registry,
        .epoch = registry->epoch,
        .revision = registry->catalog.committed_revision,
        .log_count = registry->options.watch_log,
        .queue_bytes = registry->options.watcher_queue_bytes,
    };
    if (registry_watches_new(&watches, &registry->watches))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no memory");
    registry_begin_time(registry);
    catalog_each(&registry->catalog, revive, registry);
    publish(registry);
    if (domain_loop_start(registry->loop) || domain_loop_start(registry->reading_loop))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "registry: no thread");
    log_info(registry->options.log, "registry", "recovered instances=%zu revision=%lld epoch=%llu",
             registry->catalog.instance_count, (long long)registry->catalog.committed_revision,
             (unsigned long long)registry->epoch);
    return MRPC_OK;
}

void registry_stop(struct registry *registry)
{
    domain_loop_stop(registry->reading_loop);
    domain_loop_stop(registry->loop);
    /* Callbacks of the store come in order: behind this one there is none of ours. */
    struct fault ignored = FAULT_INIT;
    (void)store_commit_wait(registry->options.store, store_batch_new(), NULL, &ignored);
}

static void drop_probes(void *arg, struct catalog_slot *slot)
{
    prober_drop(arg, slot);
}

static void drop_what_is_left(struct registry *registry)
{
    struct transaction *list = take_settled(registry);
    while (list) {
        struct transaction *transaction = list;
        list = transaction->next;
        if (transaction->change)
            catalog_settle(&registry->catalog, transaction->change, transaction->code == MRPC_OK);
        catalog_change_free(transaction->change);
        free(transaction);
    }
    if (registry->prober)
        catalog_each(&registry->catalog, drop_probes, registry->prober);
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    drop_what_is_left(registry);
    prober_free(registry->prober);
    registry_watches_free(registry->watches);
    registry_xds_free(registry->xds);
    http_sd_free(registry->http_sd);
    if (registry->lease_tick)
        event_free(registry->lease_tick);
    if (registry->health_tick)
        event_free(registry->health_tick);
    scene_notifier_free(registry->scene);
    lease_heap_fini(&registry->leases);
    catalog_fini(&registry->catalog);
    snapshot_cell_fini(&registry->view);
    domain_loop_free(registry->reading_loop);
    domain_loop_free(registry->loop);
    pthread_mutex_destroy(&registry->settled_lock);
    free(registry);
}
