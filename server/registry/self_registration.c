/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <mrpc/mrpc.h>

#include "config/config.h"
#include "pool/process/process_pool.h"
#include "pool/thread/thread_pool.h"
#include "registry/checks/prober.h"
#include "registry/definition.h"
#include "registry/service_state.h"

/* The server and its pools in their own registry: namespace "mltrainer", services "mltrainerd", "thread-pool" and
 * "process-pool", instance "self", where this server listens. A ttl check that is reported every second tells their
 * health. All of it happens on the domain loop, by the ways that clients' registrations take.
 *
 * The start lasts until everybody can read it, so that who waits for the server to say that it is ready finds it. It
 * takes two looks: the first registers, the second reports, for an instance has its checks only once it holds. Health
 * of the process pool may come later: its first worker does. */

enum { LOOK_MS = 1000, LOOK_AT_FIRST_MS = 100, REPORT_WITHIN_S = 10, ENDPOINTS_MAX = 16, LOOKS_AT_START = 2 };

static const char namespace_name[] = REGISTRY_SELF_NAMESPACE, owner[] = "mltrainerd", check_name[] = "self";

/* What is said of one of them. */
struct report {
    bool is_known; /* false: nothing is said yet */
    bool passing;
    char text[120];
};

struct self {
    struct registry *registry;
    struct thread_pool *threads;
    struct process_pool *processes;
    struct event *tick;
    struct registry_command known; /* waits for what the looks at the start did to hold */
    int known_looks;               /* that have been waited for */
    bool ending;
    sem_t begun, ended; /* on the domain loop */
    bool is_wanted;
    uint64_t threads_done;
    bool workers_seen;
};

/* --- health
 * -----------------------------------------------------------------------------------------------------------
 */

static void look_at_server(struct self *self, struct report *report)
{
    report->is_known = true;
    report->passing = !registry_draining(self->registry);
    snprintf(report->text, sizeof report->text, report->passing ? "serving" : "draining");
}

/* It fails when all threads are busy, tasks wait, and none has been done since the last look. */
static void look_at_threads(struct self *self, struct report *report)
{
    struct thread_pool_stats stats;
    thread_pool_stats(self->threads, &stats);
    report->is_known = true;
    report->passing = stats.busy < stats.threads || stats.queued == 0 || stats.done != self->threads_done;
    snprintf(report->text, sizeof report->text, "%u of %u threads busy, %u tasks wait%s", stats.busy, stats.threads,
             stats.queued, report->passing ? "" : ", none is done");
    self->threads_done = stats.done;
}

/* It fails when no worker is there; before the first one has come nothing is known. */
static void look_at_processes(struct self *self, struct report *report)
{
    struct process_pool_stats stats;
    process_pool_stats(self->processes, &stats);
    self->workers_seen = self->workers_seen || stats.idle + stats.busy > 0;
    report->is_known = self->workers_seen;
    report->passing = stats.idle + stats.busy > 0;
    snprintf(report->text, sizeof report->text, "%u of %u workers there, %u busy, %u tasks wait",
             stats.idle + stats.busy, stats.workers, stats.busy, stats.queued);
}

static const struct {
    const char *service;
    void (*look)(struct self *self, struct report *report);
} parts[] = {
    {"mltrainerd", look_at_server}, {"thread-pool", look_at_threads}, {"process-pool", look_at_processes}};

/* --- where
 * ------------------------------------------------------------------------------------------------------------
 */

struct endpoints {
    char hosts[OWN_PORTS_MAX][OWN_HOST_BYTES];
    PB(Endpoint) endpoints[OWN_PORTS_MAX];
    PB(Endpoint) * pointers[OWN_PORTS_MAX];
    size_t count;
};

/* An address that stands for all of the machine's is told by its name. */
static bool take_host(const char *host, char out[OWN_HOST_BYTES])
{
    bool is_any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    if (is_any && gethostname(out, OWN_HOST_BYTES - 1))
        return false;
    if (!is_any)
        snprintf(out, OWN_HOST_BYTES, "%s", host);
    return target_host_valid(out);
}

static bool is_there(const struct endpoints *endpoints, const char *host, uint32_t port)
{
    for (size_t i = 0; i < endpoints->count; i++)
        if (endpoints->endpoints[i].port == port && strcmp(endpoints->hosts[i], host) == 0)
            return true;
    return false;
}

static void find_endpoints(const struct registry *registry, struct endpoints *out)
{
    const struct own_ports *own = &registry->own_ports;
    out->count = 0;
    for (size_t i = 0; registry->listens && i < own->count && out->count < ENDPOINTS_MAX; i++) {
        char *host = out->hosts[out->count];
        if (!take_host(own->hosts[i], host) || is_there(out, host, own->ports[i]))
            continue;
        PB(Endpoint) *endpoint = &out->endpoints[out->count];
        mltrainer__registry__v1__endpoint__init(endpoint);
        endpoint->address = host;
        endpoint->port = own->ports[i];
        out->pointers[out->count++] = endpoint;
    }
}

/* --- registering
 * --------------------------------------------------------------------------------------------------------
 */

/* Nothing is written when it is there already. The slot, or NULL. */
static struct catalog_slot *put(struct registry *registry, struct endpoints *endpoints, const char *service)
{
    PB(InstanceKey) key;
    PB(Instance) instance;
    PB(Check) check, *checks[] = {&check};
    PB(TtlCheck) ttl;
    Google__Protobuf__Duration interval, no_lease;
    struct registry_instance *draft;
    struct catalog_change *change;
    struct catalog_slot *slot = NULL;
    struct fault fault = FAULT_INIT;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__instance__init(&instance);
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__ttl_check__init(&ttl);
    google__protobuf__duration__init(&interval);
    google__protobuf__duration__init(&no_lease);
    key.namespace_ = (char *)(uintptr_t)namespace_name;
    key.service = (char *)(uintptr_t)service;
    key.id = (char *)(uintptr_t) "self";
    check.name = (char *)(uintptr_t)check_name;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    check.ttl = &ttl;
    check.interval = &interval;
    interval.seconds = REPORT_WITHIN_S;
    instance.key = &key;
    instance.version = (char *)(uintptr_t)MRPC_VERSION;
    instance.endpoints = endpoints->pointers;
    instance.n_endpoints = endpoints->count;
    instance.checks = checks;
    instance.n_checks = 1;
    instance.lease_ttl = &no_lease;
    const struct caller caller = {owner, true};
    if (registry_definition_take(&instance, "", &draft, &fault) ||
        catalog_register(&registry->catalog, draft, &caller, NULL, registry_wall_ns(), &slot, &change, &fault)) {
        log_warn(registry->options.log, "registry", "%s/%s is not registered: %s", namespace_name, service, fault.text);
        return NULL;
    }
    registry_commit(registry, change);
    return slot;
}

/* False when there is nothing to say yet: a slot that is new has no checks until it is committed. */
static bool tell(struct self *self, struct endpoints *endpoints, size_t part)
{
    struct report report = {.is_known = false};
    struct catalog_slot *slot = put(self->registry, endpoints, parts[part].service);
    parts[part].look(self, &report);
    return slot && report.is_known &&
           prober_report(self->registry->prober, slot, check_name, report.passing, report.text,
                         domain_loop_now_ms(self->registry->loop));
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct self *self = arg;
    struct endpoints endpoints;
    size_t told = 0, count = sizeof parts / sizeof *parts;
    find_endpoints(self->registry, &endpoints);
    for (size_t i = 0; endpoints.count && i < count; i++)
        told += tell(self, &endpoints, i);
    int64_t ms = told == count ? LOOK_MS : LOOK_AT_FIRST_MS;
    event_add(self->tick, &(struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000});
}

/* --- the start and the end, on the domain loop
 * ----------------------------------------------------------------------------
 */

/* Whether it is durable or not: it holds, for it was nobody's wish. */
static void on_known(struct registry_command *command, int code, const char *text)
{
    struct self *self = (struct self *)((char *)command - offsetof(struct self, known));
    if (++self->known_looks < LOOKS_AT_START && !self->ending) {
        on_tick(-1, 0, self);
        registry_command_commit(&self->known, NULL);
        return;
    }
    self->known_looks = LOOKS_AT_START;
    sem_post(self->ending ? &self->ended : &self->begun);
}

static void begin(void *arg)
{
    struct self *self = arg;
    self->known.registry = self->registry;
    self->known.committed = on_known;
    on_tick(-1, 0, self);
    registry_command_commit(&self->known, NULL);
}

/* Behind begin(), and behind the answer that it waits for: the answer comes to memory of ours. */
static void end(void *arg)
{
    struct self *self = arg;
    event_del(self->tick);
    self->ending = true;
    if (!self->known.registry || self->known_looks == LOOKS_AT_START)
        sem_post(&self->ended);
}

/* --- component
 * ------------------------------------------------------------------------------------------------------------
 */

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    struct self *self = calloc(1, sizeof *self);
    if (!self)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "self_registration: no memory");
    self->registry = dependencies[0];
    self->threads = dependencies[1];
    self->processes = dependencies[2];
    self->is_wanted = config_switch(dependencies[3], "registry.self");
    sem_init(&self->begun, 0, 0);
    sem_init(&self->ended, 0, 0);
    self->tick = event_new(domain_loop_base(self->registry->loop), -1, 0, on_tick, self);
    if (!self->tick) {
        free(self);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "self_registration: no memory");
    }
    *out = self;
    return 0;
}

/* A store that does not answer keeps nobody from being served. */
static void wait_until_known(struct self *self)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STORE_STALL_MS / 1000;
    int failed;
    do
        failed = sem_clockwait(&self->begun, CLOCK_MONOTONIC, &until);
    while (failed && errno == EINTR);
    if (failed)
        log_warn(registry_log(self->registry), "registry",
                 "the server is not in its own registry yet: the store has not answered for %d s",
                 STORE_STALL_MS / 1000);
}

static int start(void *instance, struct fault *fault)
{
    struct self *self = instance;
    if (!self->is_wanted)
        return 0;
    if (domain_loop_post(self->registry->loop, begin, self))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "self_registration: the registry does not run");
    wait_until_known(self);
    return 0;
}

/* The pools that it looks at end after this. */
static void stop(void *instance)
{
    struct self *self = instance;
    if (domain_loop_post(self->registry->loop, end, self) == 0)
        while (sem_wait(&self->ended)) { /* interrupted */
        }
}

static void destroy(void *instance)
{
    struct self *self = instance;
    event_free(self->tick);
    sem_destroy(&self->begun);
    sem_destroy(&self->ended);
    free(self);
}

/* Behind "api", which tells the registry where the server listens. */
static const char *const dependencies[] = {"registry", "thread_pool", "process_pool", "config", "api", NULL};

const struct component self_registration_component = {
    .name = "self_registration",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
