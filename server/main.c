/* SPDX-License-Identifier: Apache-2.0 */

/* mltrainerd: the composition root. Reads the configuration, fills the container, runs until told to stop.
 * Exit: 0 clean, 1 internal, 2 configuration, 3 address or folder in use, 4 store. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <mrpc/mrpc.h>

#include "access/access.h"
#include "addresses.h"
#include "admin/admin.h"
#include "admin/control.h"
#include "api/api.h"
#include "command_line.h"
#include "components.h"
#include "config/config.h"
#include "config/paths.h"
#include "configuration.h"
#include "container/container.h"
#include "log/crash.h"
#include "log/log.h"
#include "service_manager.h"
#include "store/sqlite.h"

enum { EXIT_CLEAN = 0, EXIT_INTERNAL = 1, EXIT_CONFIGURATION = 2, EXIT_IN_USE = 3, EXIT_STORE = 4 };

struct program {
    struct config *config;
    struct configuration *configuration;
    struct log *log;
    struct container *container;
    struct addresses *addresses;
    struct admin_control control;
    int signals;          /* signalfd */
    int events;           /* eventfd: drain asked for, or drained */
    _Atomic int64_t grace_ms;
    _Atomic bool drain_asked;
    _Atomic bool drained;
    _Atomic bool again;   /* after the drain everything begins anew, in this process */
    bool draining;        /* main thread */
    int64_t certificate_due_s;
};

static void wake(struct program *program)
{
    uint64_t one = 1;
    if (write(program->events, &one, sizeof one) < 0)
        log_warn(program->log, "main", "eventfd: %s", strerror(errno));
}

static void control_drain(void *arg, int64_t grace_ms)
{
    struct program *program = arg;
    atomic_store(&program->grace_ms, grace_ms < 0 ? config_number(program->config, "drain_grace") : grace_ms);
    atomic_store(&program->drain_asked, true);
    wake(program);
}

/* Tokens are not what a restore is about: whoever may call now may afterwards, and what was revoked stays so. */
static const char *const kept_of_store[] = {ACCESS_TOKENS_OF_STORE, NULL};

static void control_restart(void *arg)
{
    struct program *program = arg;
    atomic_store(&program->again, true);
    control_drain(program, -1);
}

static bool control_draining(void *arg)
{
    return atomic_load(&((struct program *)arg)->drain_asked);
}

static size_t control_reload(void *arg, struct admin_reload_result *results)
{
    struct program *program = arg;
    configuration_reload(program->configuration, program->config, program->log, &results[0]);
    size_t count = 1 + components_reload(program->container, results + 1, ADMIN_RELOAD_RESULTS - 1);
    for (size_t i = 0; i < count; i++)
        log_write(program->log, results[i].applied ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "main",
                  "reload %s applied=%d: %s", results[i].name, results[i].applied, results[i].message);
    return count;
}

/* A call may come before container_start() returns: the server listens by then, and the container has its object. */
static struct api *api_of(const struct program *program)
{
    return container_get(program->container, "api");
}

static void control_stats(void *arg, struct mrpc_server_stats *out)
{
    api_stats(api_of(arg), out);
}

static int64_t control_certificate_end_s(void *arg)
{
    return api_certificate_end_s(api_of(arg));
}

static struct mrpc_metrics *control_metrics(void *arg)
{
    return api_metrics(api_of(arg));
}

static const char *const *control_addresses(void *arg)
{
    return api_addresses(api_of(arg));
}

/* Signals are read by the main thread alone; every other thread inherits the mask. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    sigdelset(&set, SIGPIPE);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int exit_code(int code)
{
    switch (code) {
    case MRPC_INVALID_ARGUMENT:
    case MRPC_NOT_FOUND:
        return EXIT_CONFIGURATION;
    case MRPC_ALREADY_EXISTS:
        return EXIT_IN_USE;
    case MRPC_DATA_LOSS:
    case MRPC_FAILED_PRECONDITION:
        return EXIT_STORE;
    default:
        return EXIT_INTERNAL;
    }
}

static int complain(const struct fault *fault)
{
    fprintf(stderr, "mltrainerd: %s\n", fault->text);
    return exit_code(fault->code);
}

static int make_log(struct program *program, struct fault *fault)
{
    int level = log_level_parse(config_text(program->config, "log.level"));
    if (level < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "log.level: \"%s\" is not error, warn, info or debug",
                         config_text(program->config, "log.level"));
    if (log_new(STDERR_FILENO, level, &program->log) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    const char *format = config_text(program->config, "log.format");
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "log.format: \"%s\" is not text or json", format);
    log_set_format(program->log, strcmp(format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
    return 0;
}

static int fill(struct program *program, struct fault *fault)
{
    if (container_new(&program->container) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    program->control = (struct admin_control){
        .arg = program,
        .drain = control_drain,
        .draining = control_draining,
        .restart = control_restart,
        .reload = control_reload,
        .stats = control_stats,
        .addresses = control_addresses,
        .certificate_end_s = control_certificate_end_s,
        .metrics = control_metrics,
        .kept_of_store = kept_of_store,
        .start_time_s = time(NULL),
    };
    int code = container_add_value(program->container, "config", program->config, fault);
    if (!code)
        code = container_add_value(program->container, "log", program->log, fault);
    if (!code)
        code = container_add_value(program->container, "control", &program->control, fault);
    if (!code) /* for the view of it alone */
        code = container_add_value(program->container, "container", program->container, fault);
    return code ? code : components_add(program->container, fault);
}

static int prepare_data_dir(struct config *config, struct fault *fault)
{
    char path[PATHS_BYTES];
    if (paths_data_dir(config_text(config, "data_dir"), path) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "data_dir: neither it nor $STATE_DIRECTORY, $XDG_STATE_HOME or $HOME "
                         "is set");
    if (paths_make_dir(path) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "data_dir: %s: %s", path, strerror(errno));
    return config_set(config, "data_dir", path, "main", fault);
}

static void on_drained(void *arg)
{
    struct program *program = arg;
    atomic_store(&program->drained, true);
    wake(program);
}

/* A second request cuts the grace of the first. */
static void begin_drain(struct program *program, int64_t grace_ms)
{
    atomic_store(&program->drain_asked, true);
    if (atomic_load(&program->again))
        service_manager_reloading();
    else
        service_manager_notify("STOPPING=1");
    log_info(program->log, "main", "draining grace_ms=%lld", program->draining ? 0LL : (long long)grace_ms);
    api_drain(api_of(program), program->draining ? 0 : (uint32_t)grace_ms, on_drained, program);
    program->draining = true;
}

static void take_signal(struct program *program)
{
    struct signalfd_siginfo info;
    while (read(program->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            struct admin_reload_result results[ADMIN_RELOAD_RESULTS];
            control_reload(program, results);
        } else {
            atomic_store(&program->again, false);
            begin_drain(program, config_number(program->config, "drain_grace"));
        }
    }
}

static void take_events(struct program *program)
{
    uint64_t count;
    if (read(program->events, &count, sizeof count) == sizeof count && atomic_load(&program->drain_asked) &&
        !program->draining)
        begin_drain(program, atomic_load(&program->grace_ms));
}

/* What goes by the clock, each at its own pace. Returns in how many ms to come again. */
static int look(struct program *program, int64_t now_s)
{
    if (now_s >= program->certificate_due_s) {
        int again_ms = api_look_at_certificate(api_of(program), now_s);
        program->certificate_due_s = again_ms < 0 ? INT64_MAX : now_s + again_ms / 1000;
    }
    api_look_at_store(api_of(program));
    return access_look(container_get(program->container, "access"), now_s);
}

static void run_until_drained(struct program *program)
{
    struct pollfd fds[] = {{program->signals, POLLIN, 0}, {program->events, POLLIN, 0}};
    while (!atomic_load(&program->drained)) {
        int again_ms = look(program, time(NULL));
        if (poll(fds, 2, again_ms) < 0 && errno != EINTR)
            return;
        take_signal(program);
        take_events(program);
    }
}

static void announce(struct program *program)
{
    const char *const *address = api_addresses(api_of(program));
    for (; *address; address++)
        printf("ready %s\n", *address);
    fflush(stdout);
    service_manager_notify("READY=1");
}

static int start(struct program *program, struct fault *fault)
{
    int code = addresses_open(program->addresses, program->config, fault);
    if (!code && !program->container)
        code = fill(program, fault);
    return code ? code : container_start(program->container, fault);
}

/* Nothing could start from a backup: what was there before takes its place again. */
static int start_without_the_backup(struct program *program, struct fault *fault)
{
    log_error(program->log, "main", "nothing starts from the backup, going back: %s", fault->text);
    container_free(program->container);
    program->container = NULL;
    *fault = (struct fault)FAULT_INIT;
    int code = store_sqlite_take_back(config_text(program->config, "data_dir"), fault);
    return code ? code : start(program, fault);
}

static int serve_once(struct program *program, struct fault *fault)
{
    const char *folder = config_text(program->config, "data_dir");
    bool adopts = store_sqlite_adopts(folder);
    if (adopts)
        log_warn(program->log, "main", "a backup takes the store's place; the old one stays as mltrainer.db.replaced");
    int code = start(program, fault);
    /* That a port or the folder is in use is not the backup's doing. */
    if (code && adopts && code != MRPC_ALREADY_EXISTS && !store_sqlite_adopts(folder))
        code = start_without_the_backup(program, fault);
    if (code)
        return code;
    announce(program);
    log_info(program->log, "main", "ready version=%s pid=%d data_dir=%s", MRPC_VERSION, getpid(), folder);
    run_until_drained(program);
    addresses_keep(program->addresses, api_addresses(api_of(program)));
    container_stop(program->container);
    log_info(program->log, "main", "stopped");
    return 0;
}

/* What a process that has just started would have. */
static void begin_anew(struct program *program)
{
    container_free(program->container);
    program->container = NULL;
    program->draining = false;
    program->certificate_due_s = 0;
    atomic_store(&program->again, false);
    atomic_store(&program->drained, false);
    atomic_store(&program->drain_asked, false);
}

static int serve(struct program *program, struct fault *fault)
{
    program->signals = open_signals();
    program->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (program->signals < 0 || program->events < 0)
        return fault_set(fault, MRPC_INTERNAL, "signals: %s", strerror(errno));
    raise_file_limit();
    if (!config_switch(program->config, "core_dumps"))
        crash_keep_memory();
    int code = addresses_take(program->config, &program->addresses, fault);
    if (!code)
        code = prepare_data_dir(program->config, fault);
    if (!code)
        code = serve_once(program, fault);
    while (!code && atomic_load(&program->again)) {
        begin_anew(program);
        code = serve_once(program, fault);
    }
    return code;
}

static int act(struct program *program, const struct command_line *line, struct fault *fault)
{
    int code = make_log(program, fault);
    if (!code)
        code = fill(program, fault);
    if (!code)
        code = container_validate(program->container, fault);
    if (code)
        return code;
    if (line->print_graph) {
        if (line->graph_json)
            container_print_json(program->container, stdout);
        else
            container_print_dot(program->container, stdout);
        return 0;
    }
    if (line->check) {
        code = access_check(program->config, fault);
        if (code)
            return code;
        puts("configuration is valid");
        return 0;
    }
    return serve(program, fault);
}

int main(int argc, char **argv)
{
    struct program program = {.signals = -1, .events = -1};
    struct command_line line = {0};
    struct fault fault = FAULT_INIT;
    crash_report_to(STDERR_FILENO, "mltrainerd");
    if (config_new(&program.config) != 0) {
        fputs("mltrainerd: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    int code = command_line_read(argc, argv, program.config, &line, &fault);
    if (!code && line.show) {
        command_line_show(line.show);
        config_free(program.config);
        return EXIT_CLEAN;
    }
    if (!code)
        code = configuration_new(argc, argv, &program.configuration, &fault);
    if (!code)
        code = act(&program, &line, &fault);
    int exit_status = code ? complain(&fault) : EXIT_CLEAN;
    container_free(program.container);
    addresses_free(program.addresses);
    log_free(program.log);
    configuration_free(program.configuration);
    config_free(program.config);
    return exit_status;
}
