/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADMIN_CONTROL_H
#define MLT_ADMIN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the composition root lets the admin service do to the process. main.c fills it and puts it into the container
 * as the value "control"; the functions may be called from any thread. */

struct mrpc_metrics;
struct mrpc_server_stats;

struct admin_reload_result {
    const char *name; /* "configuration", "tls", "models" */
    bool applied;
    char message[4096]; /* may name every key */
};

enum { ADMIN_RELOAD_RESULTS = 8 };

struct admin_control {
    void *arg;
    /** Begin to drain; @grace_ms < 0 takes the configured one. Returns at once. */
    void (*drain)(void *arg, int64_t grace_ms);
    bool (*draining)(void *arg);
    /** Begin to drain as above, then begin anew in this process, from what lies in the data folder by then. */
    void (*restart)(void *arg);
    /** Read again what can be; fills at most ADMIN_RELOAD_RESULTS and returns how many. May read files: not on a
     *  loop. */
    size_t (*reload)(void *arg, struct admin_reload_result *results);
    void (*stats)(void *arg, struct mrpc_server_stats *out);
    /** The addresses listened on, NULL-terminated, fixed once ready. */
    const char *const *(*addresses)(void *arg);
    /** Unix time at which the certificate ends; 0 without TLS. */
    int64_t (*certificate_end_s)(void *arg);
    /** What measures calls; NULL: nobody does. */
    struct mrpc_metrics *(*metrics)(void *arg);
    /** Prefixes of the store's keys that a restore keeps as they are now, NULL-terminated. */
    const char *const *kept_of_store;
    int64_t start_time_s; /* Unix time at which the process began */
};

#endif
