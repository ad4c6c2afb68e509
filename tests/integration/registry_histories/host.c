/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/server.h>

#include "../../unit/store/scratch.h"
#include "fault/fault.h"
#include "registry/service.h"
#include "store/backend.h"
#include "store/sqlite.h"
#include "test.h"

struct host {
    enum host_kind kind;
    char *folder;
    char *socket_folder;
    char target[128];
    pid_t pid;
    struct store *store;
    struct registry *registry;
    struct mrpc_server *server;
};

/* --- a store that fails when it is told to ------------------------------------------------------------------------ */

static const struct store_ops *real_ops;
static struct store_ops failing_ops;
static _Atomic unsigned fail_one_in, delay_us_max, random_state = 1;

static unsigned next_random(void)
{
    unsigned x = atomic_load(&random_state);
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    atomic_store(&random_state, x);
    return x;
}

static void commit_or_fail(struct store *store, struct store_batch *const *batches, size_t count)
{
    unsigned one_in = atomic_load(&fail_one_in), delay_us = atomic_load(&delay_us_max);
    if (delay_us)
        nanosleep(&(struct timespec){.tv_nsec = (long)(next_random() % delay_us) * 1000}, NULL);
    if (!one_in || next_random() % one_in) {
        real_ops->commit(store, batches, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        store_batch_fail(batches[i], MRPC_INTERNAL, "the store was told to fail");
}

static void make_it_fail(struct store *store)
{
    real_ops = store->ops;
    failing_ops = *store->ops;
    failing_ops.commit = commit_or_fail;
    store->ops = &failing_ops;
}

void host_fail_commits(struct host *host, unsigned one_in, unsigned delay_us)
{
    atomic_store(&fail_one_in, one_in);
    atomic_store(&delay_us_max, delay_us);
}

/* --- in process --------------------------------------------------------------------------------------------------- */

static void start_here(struct host *host)
{
    struct fault fault = FAULT_INIT;
    struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 2};
    struct registry_options registry = {.watch_log = 0};
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = host->folder}, &host->store, &fault))
        fail_msg("store: %s", fault.text);
    make_it_fail(host->store);
    registry.store = host->store;
    if (registry_new(&registry, &host->registry, &fault) || registry_start(host->registry, &fault) ||
        registry_run_leases(host->registry, true) || registry_run_health(host->registry, true))
        fail_msg("registry: %s", fault.text);
    assert_int_equal(mrpc_server_new(&options, &host->server), 0);
    assert_int_equal(registry_add_to_server(host->registry, host->server), 0);
    assert_int_equal(mrpc_server_listen(host->server, host->target, NULL, NULL), 0);
    assert_int_equal(mrpc_server_start(host->server), 0);
}

static void stop_here(struct host *host)
{
    registry_drain(host->registry);
    mrpc_server_stop(host->server);
    registry_stop(host->registry);
    mrpc_server_free(host->server);
    registry_free(host->registry);
    store_close(host->store);
}

/* --- mltrainerd --------------------------------------------------------------------------------------------------- */

static void start_daemon(struct host *host)
{
    int pipes[2];
    char line[160] = "";
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    host->pid = fork();
    if (host->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* with a test that failed */
        dup2(pipes[1], STDOUT_FILENO);
        execl(MLTRAINERD, MLTRAINERD, "--listen", host->target, "--data-dir", host->folder, "--log-level", "error",
              "--execution-workers", "1", NULL);
        _exit(127);
    }
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    if (!fgets(line, sizeof line, out) || strncmp(line, "ready ", 6) != 0)
        fail_msg("mltrainerd said \"%s\"", line);
    fclose(out);
}

static void kill_daemon(struct host *host)
{
    kill(host->pid, SIGKILL);
    assert_int_equal(waitpid(host->pid, NULL, 0), host->pid);
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static void remove_folder(char *folder)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command))
        fprintf(stderr, "%s is left behind\n", folder);
    free(folder);
}

struct host *host_new(enum host_kind kind)
{
    struct host *host = calloc(1, sizeof *host);
    assert_non_null(host);
    host->kind = kind;
    host->folder = scratch_new();
    host->socket_folder = scratch_new();
    assert_non_null(host->folder);
    assert_non_null(host->socket_folder);
    snprintf(host->target, sizeof host->target, "unix:%s/socket", host->socket_folder);
    host_start(host);
    return host;
}

void host_free(struct host *host)
{
    host_stop(host);
    remove_folder(host->folder);
    remove_folder(host->socket_folder);
    free(host);
}

const char *host_target(const struct host *host)
{
    return host->target;
}

void host_stop(struct host *host)
{
    host->kind == HOST_DAEMON ? kill_daemon(host) : stop_here(host);
}

void host_start(struct host *host)
{
    host->kind == HOST_DAEMON ? start_daemon(host) : start_here(host);
}
