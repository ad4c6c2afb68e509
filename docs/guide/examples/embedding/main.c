/* SPDX-License-Identifier: Apache-2.0 */

/* embedding [PORT]: a gRPC server and a gRPC client in one thread, on one loop that is the program's own. It serves
 * helloworld.Greeter on 127.0.0.1, greets itself, and goes on serving until SIGINT or SIGTERM. */

#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <greeter.mrpc.h>
#include <mrpc/mrpc.h>

#include "greeter.h"
#include "reactor.h"
#include "serve.h"

#define FROM_MEMBER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct program {
    struct reactor reactor;
    struct endpoint endpoint;
    struct source signals;

    struct mrpc_loop *loop; /* the client's part: one descriptor among the others */
    struct source client;
    struct timer client_timer;
    struct mrpc_channel *channel;
    int failed;
};

/* The client: mrpc_loop is waited for like any other descriptor, and for its timeout. */

static void client_wait(struct program *program)
{
    int timeout_ms = mrpc_loop_timeout_ms(program->loop);
    if (timeout_ms < 0)
        reactor_timer_cancel(&program->reactor, &program->client_timer);
    else
        reactor_timer_set(&program->reactor, &program->client_timer, reactor_now_ms() + timeout_ms);
}

static void client_process(struct program *program)
{
    if (mrpc_loop_process(program->loop) != 0)
        err(1, "the client's loop"); /* epoll itself has failed */
    client_wait(program);
}

static void client_ready(struct source *source, uint32_t events)
{
    client_process(FROM_MEMBER(source, struct program, client));
}

static void client_due(struct timer *timer)
{
    client_process(FROM_MEMBER(timer, struct program, client_timer));
}

static void report(struct program *program, const struct mrpc_status *status)
{
    if (status->code == MRPC_OK)
        return;
    program->failed = 1;
    (void)fprintf(stderr, "%s: %s\n", mrpc_code_name(status->code), status->message ? status->message : "");
}

static bool stream_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    (void)puts(((const Helloworld__HelloReply *)message)->message);
    return true; /* and take the next one */
}

static void stream_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                        const struct mrpc_metadata *trailers)
{
    report(arg, status);
    mrpc_client_call_free(call);
    (void)puts("greeted");
    (void)fflush(stdout);
}

static const struct mrpc_call_options soon = {.struct_bytes = sizeof soon, .timeout_ms = 10000};

static void greet_with_stream(struct program *program)
{
    static const struct mrpc_client_events events = {.on_message = stream_message, .on_done = stream_done};
    Helloworld__HelloRequest request = HELLOWORLD__HELLO_REQUEST__INIT;
    struct mrpc_client_call *call;
    request.name = (char *)"stream";
    int error = helloworld__greeter__say_hello_stream_reply__start(program->channel, &soon, &request, &events, program,
                                                                   &call);
    if (error)
        errx(1, "stream: %s", mrpc_error_text(error));
}

static void unary_done(void *arg, const Helloworld__HelloReply *response, const struct mrpc_reply *reply)
{
    struct program *program = arg;
    report(program, &reply->status);
    if (response)
        (void)puts(response->message);
    greet_with_stream(program);
}

static void greet(struct program *program)
{
    Helloworld__HelloRequest request = HELLOWORLD__HELLO_REQUEST__INIT;
    request.name = (char *)"loop";
    helloworld__greeter__say_hello__async(program->channel, &soon, &request, unary_done, program);
    client_wait(program);
}

static void client_start(struct program *program, const char *target)
{
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    int error = mrpc_loop_new(&program->loop);
    if (error)
        errx(1, "loop: %s", mrpc_error_text(error));
    options.loop = program->loop;
    error = mrpc_channel_new(target, &options, &program->channel);
    if (error)
        errx(1, "%s: %s", target, mrpc_error_text(error));
    program->client = (struct source){.fd = mrpc_loop_fd(program->loop), .events = EPOLLIN, .ready = client_ready};
    program->client_timer.due = client_due;
    if (reactor_add(&program->reactor, &program->client) != 0)
        err(1, "epoll");
}

/* The end: first the client lets go, then the server's calls run to their ends. */

static void stop(struct endpoint *endpoint)
{
    reactor_stop(endpoint->reactor);
}

static void signals_ready(struct source *source, uint32_t events)
{
    struct program *program = FROM_MEMBER(source, struct program, signals);
    struct signalfd_siginfo info;
    if (read(source->fd, &info, sizeof info) != sizeof info)
        return;
    if (program->endpoint.drained)
        reactor_stop(&program->reactor); /* the second time: at once */
    else
        serve_drain(&program->endpoint, stop);
}

static void watch_signals(struct program *program)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    program->signals = (struct source){
        .fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .events = EPOLLIN, .ready = signals_ready};
    if (program->signals.fd < 0 || reactor_add(&program->reactor, &program->signals) != 0)
        err(1, "signals");
}

static struct mrpc_server *make_server(struct reactor *reactor)
{
    const struct mrpc_server_options options = {.struct_bytes = sizeof options};
    struct mrpc_server *server;
    int error = mrpc_server_new(&options, &server); /* services and limits; it is never started */
    if (!error)
        error = greeter_add(server, reactor);
    if (error)
        errx(1, "server: %s", mrpc_error_text(error));
    return server;
}

int main(int argc, char **argv)
{
    static struct program program;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char target[sizeof "127.0.0.1:65535"];
    if (argc > 2 || (argc == 2 && (atoi(argv[1]) < 0 || atoi(argv[1]) > 65535)))
        errx(2, "usage: embedding [PORT]");
    address.sin_port = htons((uint16_t)(argc == 2 ? atoi(argv[1]) : 0));
    if (reactor_init(&program.reactor) != 0)
        err(1, "epoll");
    watch_signals(&program);
    struct mrpc_server *server = make_server(&program.reactor);
    if (serve_start(&program.endpoint, &program.reactor, server, &address) != 0)
        err(1, "listen");
    (void)snprintf(target, sizeof target, "127.0.0.1:%u", ntohs(address.sin_port));
    (void)printf("ready %s\n", target);
    (void)fflush(stdout);
    client_start(&program, target);
    greet(&program);

    if (reactor_run(&program.reactor) != 0)
        err(1, "epoll");
    mrpc_channel_free(program.channel);
    mrpc_loop_free(program.loop);
    serve_stop(&program.endpoint);
    mrpc_server_free(server);
    close(program.signals.fd);
    reactor_fini(&program.reactor);
    return program.failed;
}
