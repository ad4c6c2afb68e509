/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

uint64_t load_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

_Noreturn void load_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "registry_load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

struct mrpc_channel *load_open(const struct load_settings *settings, struct mrpc_loop *loop)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = loop};
    struct mrpc_channel *channel;
    int error = mrpc_channel_new(settings->target, &options, &channel);
    if (error)
        load_die("%s: %s", settings->target, mrpc_error_text(error));
    return channel;
}

long load_rss_kib(int pid)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The loop has timers of its own: never sleep past them. */
static struct timespec patience(struct mrpc_loop *loop, uint64_t until_ns)
{
    int timeout_ms = mrpc_loop_timeout_ms(loop);
    uint64_t wait_ns = timeout_ms < 0 ? 1000000000u : (uint64_t)timeout_ms * 1000000u, now_ns = load_now_ns();
    if (until_ns && until_ns < now_ns + wait_ns)
        wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    return (struct timespec){.tv_sec = (time_t)(wait_ns / 1000000000u), .tv_nsec = (long)(wait_ns % 1000000000u)};
}

void load_turn(struct mrpc_loop *loop, uint64_t until_ns)
{
    struct pollfd fd = {.fd = mrpc_loop_fd(loop), .events = POLLIN};
    struct timespec span = patience(loop, until_ns);
    (void)ppoll(&fd, 1, &span, NULL);
    int error = mrpc_loop_process(loop);
    if (error)
        load_die("the loop: %s", mrpc_error_text(error));
}

static const struct {
    const char *name;
    int (*run)(const struct load_settings *settings);
} commands[] = {
    {"register", load_register}, {"discover", load_discover}, {"watch", load_watch}, {"crash", load_crash},
    {"hold", load_hold},         {"churn", load_churn},       {"storm", load_storm}, {"etcd", load_etcd},
    {"disk", load_disk},
};

static void usage(void)
{
    fprintf(stderr,
            "usage: registry_load register|discover|watch|crash|hold|churn|storm|etcd|disk --target HOST:PORT|FILE\n"
            "       [--service NAME] [--prefix TEXT] [--mode stream|ttl] [--connections N] [--streams N]\n"
            "       [--services N] [--server-pid PID] [--count N] [--first-number N] [--seconds S]\n"
            "       [--warmup S] [--rate N] [--ttl-ms N] [--alive N] [--bytes N] [--checked]\n");
    exit(2);
}

static const struct option options[] = {
    {"target", required_argument, NULL, 't'},      {"service", required_argument, NULL, 's'},
    {"prefix", required_argument, NULL, 'x'},      {"mode", required_argument, NULL, 'm'},
    {"connections", required_argument, NULL, 'c'}, {"streams", required_argument, NULL, 'r'},
    {"services", required_argument, NULL, 'n'},    {"server-pid", required_argument, NULL, 'p'},
    {"count", required_argument, NULL, 'i'},       {"first-number", required_argument, NULL, 'f'},
    {"seconds", required_argument, NULL, 'd'},     {"warmup", required_argument, NULL, 'w'},
    {"ttl-ms", required_argument, NULL, 'l'},      {"checked", no_argument, NULL, 'k'},
    {"alive", required_argument, NULL, 'a'},       {"rate", required_argument, NULL, 'e'},
    {"bytes", required_argument, NULL, 'b'},
    {NULL, 0, NULL, 0},
};

static bool take(struct load_settings *settings, int option)
{
    switch (option) {
    case 't':
        return (settings->target = optarg);
    case 's':
        return (settings->service = optarg);
    case 'x':
        return (settings->prefix = optarg);
    case 'm':
        return (settings->mode = optarg);
    case 'c':
        return (settings->connections = atoi(optarg)) > 0;
    case 'r':
        return (settings->streams = atoi(optarg)) > 0;
    case 'n':
        return (settings->services = atoi(optarg)) > 0;
    case 'p':
        return (settings->server_pid = atoi(optarg)) > 0;
    case 'i':
        return (settings->count = strtoull(optarg, NULL, 10)) > 0;
    case 'f':
        settings->first_number = strtoull(optarg, NULL, 10);
        return true;
    case 'd':
        return (settings->seconds = atof(optarg)) > 0;
    case 'w':
        return (settings->warmup_seconds = atof(optarg)) >= 0;
    case 'l':
        return (settings->ttl_ms = atoll(optarg)) >= 0;
    case 'a':
        return (settings->alive = strtoull(optarg, NULL, 10)) > 0;
    case 'b':
        return (settings->bytes = atoi(optarg)) > 0;
    case 'e':
        return (settings->rate = atof(optarg)) > 0;
    case 'k':
        return (settings->checked = true);
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static struct load_settings settings = {
        .service = "load",
        .prefix = "i",
        .mode = "stream",
        .connections = 1,
        .streams = 1,
        .services = 1,
        .seconds = 3,
        .warmup_seconds = 0.5,
        .ttl_ms = 3600000,
        .alive = 1000,
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take(&settings, option))
            usage();
    if (!settings.target || optind != argc - 1)
        usage();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[optind], commands[i].name) == 0)
            return commands[i].run(&settings);
    usage();
}
