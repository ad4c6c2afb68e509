/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SERVICE_H
#define REGISTRY_SERVICE_H

#include <mrpc/call.h>

#include "events/domain_loop.h"
#include "log/log.h"
#include "pool/thread/thread_pool.h"
#include "registry/catalog.h"
#include "target/target.h"
#include "registry/registry.h"
#include "store/store.h"

/* Inside the registry: what component.c wraps and what methods use.
 *
 *     connection loops            domain loop                         commit thread
 *     handler: check, copy  ->    command: catalog decides      ->    store
 *                                 settle, view, watches, reply  <-    done
 *     reads: the view
 */

struct registry_options {
    struct log *log;
    struct bus *bus; /* NULL: nobody is told */
    struct store *store;
    struct thread_pool *threads; /* for reading histories; NULL: they cannot be listed */
    struct catalog_limits limits;
    const char *const *own_addresses; /* what the configuration says; NULL-terminated; copied */
    const char *const *check_targets; /* CIDR texts, NULL-terminated; NULL: none; copied */
    bool without_protection;          /* lists are never held: see protection.h */
    uint32_t watch_log;               /* changes kept for watchers that resume; 0: 10,000 */
    uint32_t watcher_queue_bytes;     /* what may wait for a slow watcher; 0: 1 MiB */
};

/** Errors: INVALID_ARGUMENT (check_targets), RESOURCE_EXHAUSTED. */
int registry_new(const struct registry_options *options, struct registry **out, struct fault *fault) MRPC_MUST_USE;
/** Recover from the store and begin to work, but for the loops below. Blocks. */
int registry_start(struct registry *registry, struct fault *fault) MRPC_MUST_USE;
/** Let the loop that expires leases, and the one that checks health, run or rest. Thread: any. Errors: MRPC_ERR_CLOSED,
 *  MRPC_ERR_NOMEM. */
int registry_run_leases(struct registry *registry, bool run) MRPC_MUST_USE;
int registry_run_health(struct registry *registry, bool run) MRPC_MUST_USE;
/** No call may come any more. Waits for what is on its way to the disk. */
void registry_stop(struct registry *registry);
void registry_free(struct registry *registry);

/* --- for methods -------------------------------------------------------------------------------------------------- */

/** What a method has done on the domain loop. Lives in the call's arena; the request lives as long. */
struct registry_command {
    struct domain_task task;
    struct registry *registry;
    struct mrpc_call *call;
    const ProtobufCMessage *request;
    ProtobufCMessage *response;
    struct registry_instance *draft;   /* Register's; a reference */
    struct registry_instance *decided; /* what it answers with; a reference */
    struct caller caller;
    struct catalog_slot *slot;
    int64_t revision;
    bool created;
    void (*run)(struct registry_command *command);
    /** How its commit ended, on the domain loop, after the view shows it. */
    void (*committed)(struct registry_command *command, int code, const char *text);
    /* registry_command_await()'s. */
    void (*then)(struct registry_command *command, int code, const char *text);
    const PB(InstanceKey) * awaited;
    const struct fault *refusal;
    uint32_t failed_count;
};

/** Run @run on the domain loop. Returns MRPC_PENDING, or a status code. */
int registry_command_post(struct registry *registry, struct mrpc_call *call, const ProtobufCMessage *request,
                          ProtobufCMessage *response, struct registry_instance *draft,
                          void (*run)(struct registry_command *command));
/** The same for a method that changes something: refused with UNAVAILABLE while the store does not answer, so that
 *  calls do not pile up in front of it. */
int registry_change_post(struct registry *registry, struct mrpc_call *call, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct registry_instance *draft,
                         void (*run)(struct registry_command *command));
/** Answer the call, on the domain loop. */
void registry_command_finish(struct registry_command *command, int code);
void registry_command_fail(struct registry_command *command, const struct fault *fault);

/** Make @change durable, then settle it, then call command->committed. @change NULL: wait for everything before. */
void registry_command_commit(struct registry_command *command, struct catalog_change *change);
/** For a decision that changes nothing and rests on the latest word about @key: when that is durable, refuse with
 * @refusal or, if that is NULL, call command->committed. If some of it cannot be written, command->run decides anew.
 * An answer that told of what is not durable yet would let its reader know what a later reader does not find. */
void registry_command_await(struct registry_command *command, const PB(InstanceKey) * key, const struct fault *refusal);
/** Call command->run again when everything before is durable. */
void registry_command_again(struct registry_command *command);
/** Answer with that state: @instance may be NULL. */
void registry_command_decide(struct registry_command *command, struct registry_instance *instance);

/* On the domain loop only. */
struct catalog *registry_catalog(struct registry *registry);
/** A heartbeat came: begin the lease anew. */
void registry_renew(struct registry *registry, struct catalog_slot *slot);
int64_t registry_lease_remaining_ms(struct registry *registry, const struct catalog_slot *slot);
/** Remove a slot by itself (expiry, a broken stream). */
void registry_remove(struct registry *registry, struct catalog_slot *slot, enum registry_reason reason,
                     const char *text);
/** The head of the list of open heartbeat streams. */
struct heartbeat_stream **registry_heartbeat_streams(struct registry *registry);
/** A number for the next heartbeat stream, from 1. */
uint64_t registry_next_stream(struct registry *registry);
struct prober *registry_prober(struct registry *registry);
struct registry_watches *registry_watches(struct registry *registry);

/* From any thread. */
struct registry_xds *registry_xds(struct registry *registry);
struct http_sd *registry_http_sd(struct registry *registry);
struct domain_loop *registry_loop(struct registry *registry);
/** Where readers have work done that takes too long for a connection loop. It touches nothing of the domain. */
struct domain_loop *registry_reading_loop(struct registry *registry);
uint64_t registry_epoch(const struct registry *registry);
bool registry_draining(const struct registry *registry);
struct store *registry_store(const struct registry *registry);
struct thread_pool *registry_threads(const struct registry *registry);
const struct under_way *registry_under_way(const struct registry *registry);
struct log *registry_log(const struct registry *registry);
/** Run @task(arg) on the call's loop; waits for memory if there is none. */
void registry_post_surely(struct mrpc_call *call, void (*task)(void *arg), void *arg);
/** The numeric address of the caller, in the call's arena; "" when it has none. */
const char *registry_peer(struct mrpc_call *call);
/** NOT_FOUND for an unknown instance carries the epoch (google.rpc.ErrorInfo). Returns @fault's code. */
int registry_answer(struct registry *registry, struct mrpc_call *call, const struct fault *fault);
/** A duration in an arena; NULL when out of memory. */
Google__Protobuf__Duration *registry_duration(struct mrpc_arena *arena, int64_t ms);

int64_t registry_wall_ns(void);

extern const struct mltrainer__registry__v1__registry_service__handlers registry_handlers;

#endif
