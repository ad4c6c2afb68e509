/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_CHECKS_PROBE_H
#define REGISTRY_CHECKS_PROBE_H

#include "registry/checks/attempt.h"
#include "registry/checks/board.h"
#include "registry/checks/flapping.h"
#include "registry/checks/grpc.h"
#include "registry/checks/prober.h"

/* Inside the prober: one check of one instance, and the checks of an instance together. */

struct probe {
    struct lease due; /* first: the heap gives it back */
    struct place_turn turn;
    struct probe_set *set;
    const PB(Check) * check;
    struct place *place; /* NULL: ttl */
    struct health_check health;
    struct flapping flapping;
    struct attempt *attempt;
    struct grpc_watch *watch;
    uint64_t phase;
    int64_t wanted_ms; /* when the run was to begin */
    int64_t started_us;
    int64_t run_wall_ns; /* 0: never */
    int64_t run_us;
    bool is_hurried;   /* its next run is */
    bool is_waited_for; /* by prober_check_now() */
};

struct probe_set {
    struct prober *prober;
    struct catalog_slot *slot;
    struct registry_instance *instance; /* whose checks they are */
    struct board *board;
    size_t waited_for_count;
    size_t count;
    struct probe probes[];
};

#endif
