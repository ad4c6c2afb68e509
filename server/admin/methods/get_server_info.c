/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include <event2/event.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <protobuf-c/protobuf-c.h>
#include <sqlite3.h>

#include "admin/service.h"
#include "watchdog/watchdog.h"

/* Of a file without a disk: no waiting. 0 when it cannot be found out. */
static uint64_t resident_bytes(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int list_libraries(struct mrpc_arena *arena, Mltrainer__Admin__V1__GetServerInfoResponse *response)
{
    char **libraries = mrpc_arena_calloc(arena, 5, sizeof *libraries);
    if (!libraries)
        return -1;
    libraries[0] = mrpc_arena_printf(arena, "libnghttp2 %s", nghttp2_version(0)->version_str);
    libraries[1] = mrpc_arena_printf(arena, "libevent %s", event_get_version());
    libraries[2] = mrpc_arena_strdup(arena, OpenSSL_version(OPENSSL_VERSION));
    libraries[3] = mrpc_arena_printf(arena, "protobuf-c %s", protobuf_c_version());
    libraries[4] = mrpc_arena_printf(arena, "SQLite %s", sqlite3_libversion());
    for (int i = 0; i < 5; i++)
        if (!libraries[i])
            return -1;
    response->libraries = libraries;
    response->n_libraries = 5;
    return 0;
}

static void list_addresses(const struct admin_control *control, Mltrainer__Admin__V1__GetServerInfoResponse *response)
{
    const char *const *addresses = control->addresses(control->arg);
    response->listen_addresses = (char **)addresses; /* read only: the encoder takes them as they are */
    while (addresses[response->n_listen_addresses])
        response->n_listen_addresses++;
}

int admin_get_server_info(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__GetServerInfoRequest *request,
                          Mltrainer__Admin__V1__GetServerInfoResponse *response)
{
    struct admin *admin = self;
    struct mrpc_arena *arena = mrpc_call_arena(call);
    struct mrpc_server_stats stats;
    struct store_stats store;
    struct watchdog_summary watched;
    admin->control->stats(admin->control->arg, &stats);
    store_stats(admin->store, &store);
    response->store_trouble = (char *)(uintptr_t)store_trouble_text(store.trouble);
    response->version = MRPC_VERSION;
    response->connections = stats.connections;
    response->active_calls = stats.streams;
    response->calls_started = stats.calls_started;
    response->calls_ended = stats.calls_ended;
    response->rejected = stats.rejected;
    response->draining = admin->control->draining(admin->control->arg);
    response->dropped_log_lines = log_dropped(admin->log);
    response->process_id = getpid();
    watchdog_summary(admin->watchdog, &watched);
    response->resident_bytes = resident_bytes();
    response->memory_used_bytes = watched.memory_used_bytes;
    response->memory_limit_bytes = watched.memory_limit_bytes;
    response->store_revision = store.revision;
    response->restored_revision = store.restored;
    response->start_time = mrpc_arena_alloc(arena, sizeof *response->start_time);
    if (!response->start_time || list_libraries(arena, response) != 0)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    google__protobuf__timestamp__init(response->start_time);
    response->start_time->seconds = admin->control->start_time_s;
    list_addresses(admin->control, response);
    return MRPC_OK;
}
