/* SPDX-License-Identifier: Apache-2.0 */

/* registry_checks: registers instances with an http check each, is what they are checked against, and says how evenly,
 * how punctually and at which price the registry came by. Each instance has an address of its own in 127.1.0.0/16, all
 * on one port. One thread; the answer is one JSON object. */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mltrainer/registry/v1/registry.mrpc.h>
#include <mrpc/channel.h>

#include "server_cpu.h"

#define PB(name) Mltrainer__Registry__V1__##name

enum { REGISTERING_AT_ONCE = 200, SERVICES = 100, SECONDS_MAX = 3600, EVENTS = 256 };

struct bench {
    const char *target;
    int server_pid, port, count, interval_ms;
    double warmup_seconds, seconds;
    bool registers;

    int epoll, listener;
    struct mrpc_loop *loop;
    struct mrpc_channel *channel;
    int next, open, registered;

    int64_t begin_ms; /* of what counts; 0: nothing does yet */
    int64_t *last_ms; /* a check's last visit; 0: none */
    int64_t gap_ms;   /* the longest between two visits of one check */
    int per_second[SECONDS_MAX];
    long visits, connections;
};

static _Noreturn void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "registry_checks: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- registering
 * ------------------------------------------------------------------------------------------------------
 */

static void register_next(struct bench *bench);

static void on_registered(void *arg, const PB(RegisterResponse) * response, const struct mrpc_reply *reply)
{
    struct bench *bench = arg;
    if (reply->status.code)
        die("Register: %s", reply->status.message ? reply->status.message : mrpc_code_name(reply->status.code));
    bench->open--;
    bench->registered++;
    register_next(bench);
}

static void begin_register(struct bench *bench, int number)
{
    char service[32], id[32], address[32], path[32];
    PB(RegisterRequest) request;
    PB(Instance) instance;
    PB(InstanceKey) key;
    PB(Endpoint) endpoint, *endpoints[] = {&endpoint};
    PB(Check) check, *checks[] = {&check};
    PB(HttpCheck) http;
    Google__Protobuf__Duration interval, no_lease;
    mltrainer__registry__v1__register_request__init(&request);
    mltrainer__registry__v1__instance__init(&instance);
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__endpoint__init(&endpoint);
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__http_check__init(&http);
    google__protobuf__duration__init(&interval);
    google__protobuf__duration__init(&no_lease);
    snprintf(service, sizeof service, "checked-%d", number % SERVICES);
    snprintf(id, sizeof id, "i-%06d", number);
    snprintf(address, sizeof address, "127.1.%d.%d", number / 250, number % 250 + 1);
    snprintf(path, sizeof path, "/%d", number);
    key.service = service;
    key.id = id;
    endpoint.address = address;
    endpoint.port = (uint32_t)bench->port;
    http.path = path;
    interval.seconds = bench->interval_ms / 1000;
    interval.nanos = bench->interval_ms % 1000 * 1000000;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
    check.http = &http;
    check.interval = &interval;
    instance.key = &key;
    instance.endpoints = endpoints;
    instance.n_endpoints = 1;
    instance.checks = checks;
    instance.n_checks = 1;
    instance.lease_ttl = &no_lease;
    request.instance = &instance;
    mltrainer__registry__v1__registry_service__register__async(bench->channel, NULL, &request, on_registered, bench);
}

static void register_next(struct bench *bench)
{
    while (bench->registers && bench->next < bench->count && bench->open < REGISTERING_AT_ONCE) {
        bench->open++;
        begin_register(bench, bench->next++);
    }
}

/* --- being checked
 * -----------------------------------------------------------------------------------------------------
 */

static void watch_fd(struct bench *bench, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(bench->epoll, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl: %s", strerror(errno));
}

static void listen_on(struct bench *bench)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)bench->port)};
    socklen_t bytes = sizeof address;
    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(bench->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(bench->listener, (struct sockaddr *)&address, bytes) || listen(bench->listener, 4096) ||
        getsockname(bench->listener, (struct sockaddr *)&address, &bytes))
        die("listen: %s", strerror(errno));
    bench->port = ntohs(address.sin_port);
    watch_fd(bench, bench->listener);
}

static void accept_all(struct bench *bench)
{
    for (int fd; (fd = accept4(bench->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
        watch_fd(bench, fd);
        bench->connections += bench->begin_ms != 0;
    }
}

static void note(struct bench *bench, int number)
{
    int64_t now = now_ms();
    if (number < 0 || number >= bench->count)
        die("a check of number %d", number);
    int64_t since = bench->last_ms[number];
    bench->last_ms[number] = now;
    if (!bench->begin_ms)
        return;
    bench->visits++;
    bench->per_second[(now - bench->begin_ms) / 1000]++;
    if (since && now - since > bench->gap_ms)
        bench->gap_ms = now - since;
}

static void answer(struct bench *bench, int fd)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
    char request[2048];
    ssize_t size = recv(fd, request, sizeof request - 1, 0);
    if (size <= 0) {
        close(fd);
        return;
    }
    request[size] = '\0';
    if (strncmp(request, "GET /", 5) != 0 || size < 4 || strcmp(request + size - 4, "\r\n\r\n") != 0)
        die("not a request: \"%s\"", request);
    note(bench, atoi(request + 5));
    if (send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL) != sizeof reply - 1)
        die("send: %s", strerror(errno));
}

static void turn(struct bench *bench, int64_t until_ms)
{
    struct epoll_event events[EVENTS];
    int wait_ms = mrpc_loop_timeout_ms(bench->loop);
    int64_t left_ms = until_ms - now_ms();
    if (left_ms < 0)
        left_ms = 0;
    if (wait_ms < 0 || wait_ms > left_ms)
        wait_ms = (int)left_ms;
    int count = epoll_wait(bench->epoll, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == bench->listener)
            accept_all(bench);
        else if (events[i].data.fd != mrpc_loop_fd(bench->loop))
            answer(bench, events[i].data.fd);
    }
    if (mrpc_loop_process(bench->loop))
        die("the loop fails");
}

static void serve(struct bench *bench, double seconds)
{
    int64_t until_ms = now_ms() + (int64_t)(seconds * 1000);
    while (now_ms() < until_ms)
        turn(bench, until_ms);
}

/* --- a run
 * ------------------------------------------------------------------------------------------------------------
 */

static void print_figures(const struct bench *bench, double cpu_seconds)
{
    int64_t now = now_ms(), elapsed_ms = now - bench->begin_ms, gap_ms = bench->gap_ms;
    int never = 0, peak = 0;
    for (int i = 0; i < bench->count; i++) {
        never += bench->last_ms[i] == 0;
        if (bench->last_ms[i] && now - bench->last_ms[i] > gap_ms)
            gap_ms = now - bench->last_ms[i];
    }
    for (int64_t second = 0; second < elapsed_ms / 1000; second++)
        peak = bench->per_second[second] > peak ? bench->per_second[second] : peak;
    double late_ms = (double)gap_ms - 1.1 * bench->interval_ms; /* the jitter is 10 % */
    printf("{\"port\": %d, \"checks\": %d, \"interval_ms\": %d, \"seconds\": %.3f, \"runs\": %ld, "
           "\"connections\": %ld, \"never\": %d, \"per_second\": %.1f, \"peak_per_second\": %d, \"late_ms\": %.0f, "
           "\"server_cpu_seconds\": %.3f}\n",
           bench->port, bench->count, bench->interval_ms, (double)elapsed_ms / 1e3, bench->visits, bench->connections,
           never, bench->count * 1e3 / bench->interval_ms, peak, late_ms > 0 ? late_ms : 0, cpu_seconds);
}

static void run(struct bench *bench)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = bench->loop};
    listen_on(bench);
    watch_fd(bench, mrpc_loop_fd(bench->loop));
    if (mrpc_channel_new(bench->target, &options, &bench->channel))
        die("no channel to %s", bench->target);
    register_next(bench);
    while (bench->registers && bench->registered < bench->count)
        turn(bench, now_ms() + 1000);
    serve(bench, bench->warmup_seconds);
    double before = server_cpu_seconds(bench->server_pid);
    bench->begin_ms = now_ms();
    serve(bench, bench->seconds);
    print_figures(bench, server_cpu_seconds(bench->server_pid) - before);
}

static const struct option options[] = {
    {"target", required_argument, NULL, 't'},
    {"server-pid", required_argument, NULL, 'p'},
    {"count", required_argument, NULL, 'c'},
    {"interval-ms", required_argument, NULL, 'i'},
    {"warmup", required_argument, NULL, 'w'},
    {"seconds", required_argument, NULL, 's'},
    {"port", required_argument, NULL, 'o'},
    {"registered", no_argument, NULL, 'r'},
    {NULL, 0, NULL, 0},
};

static bool take(struct bench *bench, int option)
{
    switch (option) {
    case 't':
        return (bench->target = optarg);
    case 'p':
        return (bench->server_pid = atoi(optarg)) > 0;
    case 'c':
        return (bench->count = atoi(optarg)) > 0 && bench->count <= 60000;
    case 'i':
        return (bench->interval_ms = atoi(optarg)) >= 1000;
    case 'w':
        return (bench->warmup_seconds = atof(optarg)) >= 0;
    case 's':
        return (bench->seconds = atof(optarg)) > 0 && bench->seconds < SECONDS_MAX - 60;
    case 'o':
        return (bench->port = atoi(optarg)) > 0;
    case 'r':
        bench->registers = false;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static struct bench bench = {
        .count = 100, .interval_ms = 1000, .warmup_seconds = 2, .seconds = 5, .registers = true};
    struct rlimit files;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take(&bench, option)) {
            fprintf(stderr,
                    "usage: registry_checks --target HOST:PORT [--server-pid PID] [--count N] [--interval-ms N]\n"
                    "       [--warmup S] [--seconds S] [--port N] [--registered]\n");
            return 2;
        }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    bench.last_ms = calloc((size_t)bench.count, sizeof *bench.last_ms);
    bench.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!bench.target || !bench.last_ms || bench.epoll < 0 || mrpc_loop_new(&bench.loop))
        die("no target, or no memory");
    run(&bench);
    mrpc_channel_free(bench.channel);
    mrpc_loop_free(bench.loop);
    free(bench.last_ms);
    return 0;
}
