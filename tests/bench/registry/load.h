/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_LOAD_H
#define REGISTRY_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <mltrainer/registry/v1/registry.mrpc.h>
#include <mrpc/channel.h>

#include "histogram.h"

/* The load that tests/bench/run registry puts on a registry: one thread, one client loop, one command a run, one JSON
 * object as the answer. */

#define PB(name) Mltrainer__Registry__V1__##name
#define RPC(name) mltrainer__registry__v1__registry_service__##name

struct load_settings {
    const char *target; /* disk: a file */
    const char *service; /* its name; with `services` over 1 a number follows */
    const char *prefix;  /* of ids */
    const char *mode;    /* crash, hold: "stream" or "ttl" */
    int connections;
    int streams;  /* calls at a time on each */
    int services; /* that instances are spread over */
    int server_pid;
    int bytes;             /* disk: of a record */
    uint64_t count;        /* calls, changes or crashes; 0: as many as fit in `seconds` */
    uint64_t first_number; /* of the ids */
    uint64_t alive;        /* churn: pairs of calls between the coming and the going of an instance */
    double seconds;
    double warmup_seconds;
    double rate; /* calls a second; 0: as fast as they are answered */
    int64_t ttl_ms;
    bool checked; /* instances with a ttl check */
};

/** The commands. Each returns an exit status. */
int load_register(const struct load_settings *settings);
int load_discover(const struct load_settings *settings);
int load_watch(const struct load_settings *settings);
int load_churn(const struct load_settings *settings);
int load_storm(const struct load_settings *settings);
int load_crash(const struct load_settings *settings);
int load_hold(const struct load_settings *settings);
int load_etcd(const struct load_settings *settings);
int load_disk(const struct load_settings *settings);

uint64_t load_now_ns(void);
/** Say why and exit. */
_Noreturn void load_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct mrpc_channel *load_open(const struct load_settings *settings, struct mrpc_loop *loop);
/** Resident memory of a process in KiB; 0 for pid 0. */
long load_rss_kib(int pid);
/** Wait for the loop's work, at most until @until_ns (0: for ever), and do it. */
void load_turn(struct mrpc_loop *loop, uint64_t until_ns);

/* An instance of ordinary shape: an endpoint, a version, a zone, two tags, three pieces of metadata and, if asked, a
 * ttl check. Points into itself. */
struct load_instance {
    char service[64], id[64];
    PB(InstanceKey) key;
    PB(Endpoint) endpoint;
    PB(Endpoint) * endpoints[1];
    char *tags[2];
    PB(MetadataValue) values[3];
    PB(Instance__MetadataEntry) entries[3];
    PB(Instance__MetadataEntry) * metadata[3];
    PB(TtlCheck) ttl_check;
    PB(Check) check;
    PB(Check) * checks[1];
    Google__Protobuf__Duration lease_ttl, interval;
    PB(Instance) instance;
    PB(RegisterRequest) request;
};
void load_instance_init(struct load_instance *instance, const struct load_settings *settings, uint64_t number);

/* --- calls on every stream, one after another, or each at its time ------------------------------------------------ */

struct load_run;
struct load_slot {
    struct load_run *run;
    struct mrpc_channel *channel;
    uint64_t started_ns;
    uint64_t number;
    struct load_slot *next_idle;
};

/** Begin slot->number's call on slot->channel; load_done() follows, once, on the loop. */
typedef void load_begin(struct load_slot *slot);
void load_done(struct load_slot *slot, const struct mrpc_status *status);

/** Run it as the settings say and print the figures. Returns an exit status. */
int load_closed_loop(const struct load_settings *settings, load_begin *begin);

#endif
