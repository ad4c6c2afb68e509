/* SPDX-License-Identifier: Apache-2.0 */

/* What is measured: helloworld.Greeter/SayHello, answering each greeting with itself, as the servers of grpc_bench do,
 * and SayHelloStreamReply, answering it a thousand times.
 *     mrpc_bench_server [ADDRESS [LOOPS]]
 *     mrpc_bench_server_tls ADDRESS LOOPS CERTIFICATE KEY [CA]
 * prints "ready ADDRESS" and serves until SIGINT or SIGTERM, then drains. In the environment: HEADER_LIST_BYTES changes
 * that limit (h2spec sends a header list of 16 KiB and wants it taken), CONNECTIONS how many there may be. */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>

static int say_hello(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *request,
                     Helloworld__HelloReply *response)
{
    response->message = request->name;
    return 0;
}

#define REPLIES 1000

/* A greeting that is being answered; lives in its call's arena. */
struct replies {
    Helloworld__HelloReply reply;
    int left;
};

static void send_replies(struct mrpc_call *call, struct replies *replies)
{
    for (; replies->left > 0; replies->left--) {
        int error = mrpc_call_send(call, &replies->reply.base);
        if (error == MRPC_ERR_AGAIN)
            return;
        if (error != 0)
            break;
    }
    mrpc_call_finish(call, replies->left == 0 ? MRPC_OK : MRPC_CANCELLED, NULL);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    send_replies(call, arg);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int say_hello_stream_reply(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *request)
{
    struct replies *replies = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*replies));
    if (replies == NULL)
        return MRPC_RESOURCE_EXHAUSTED;
    *replies = (struct replies){.reply = HELLOWORLD__HELLO_REPLY__INIT, .left = REPLIES};
    replies->reply.message = request->name;
    mrpc_call_on_writable(call, on_writable, replies);
    mrpc_call_on_cancel(call, on_cancel, NULL);
    send_replies(call, replies);
    return MRPC_PENDING;
}

static void log_line(void *arg, int level, const char *text)
{
    (void)fprintf(stderr, "%d %s\n", level, text);
}

static void log_rejected(void *arg, const char *reason, const char *peer)
{
    (void)fprintf(stderr, "rejected %s %s\n", reason, peer);
}

#ifdef WITH_TLS
static struct mrpc_tls *load_tls(int argc, char **argv)
{
    if (argc < 5)
        return NULL;
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options),
        .certificate_file = argv[3],
        .key_file = argv[4],
        .ca_file = argc > 5 ? argv[5] : NULL,
    };
    char why[256] = "";
    struct mrpc_tls *tls = NULL;
    if (mrpc_tls_server_new(&options, &tls, why, sizeof(why)) != 0) {
        (void)fprintf(stderr, "%s\n", why);
        exit(2);
    }
    return tls;
}
#endif

static void wait_for_end(void)
{
    sigset_t set;
    int number;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &number);
}

static void on_drained(void *arg)
{
    (void)kill(getpid(), SIGTERM);
}

int main(int argc, char **argv)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);

    static const struct helloworld__greeter__handlers handlers = {
        .say_hello = say_hello,
        .say_hello_stream_reply = say_hello_stream_reply,
    };
    struct mrpc_server_observer observer = {.rejected = log_rejected, .log = log_line};
    struct mrpc_server_options options = {
        .struct_bytes = sizeof(options),
        .loops = argc > 2 ? (unsigned)atoi(argv[2]) : 1,
        .observer = &observer,
    };
    const char *header_list = getenv("HEADER_LIST_BYTES");
    if (header_list != NULL)
        options.limits.header_list_bytes = (uint32_t)atoi(header_list);
    const char *connections = getenv("CONNECTIONS");
    if (connections != NULL)
        options.limits.connections = (uint32_t)atoi(connections);
    struct mrpc_tls *tls = NULL;
#ifdef WITH_TLS
    tls = load_tls(argc, argv);
#endif
    struct mrpc_server *server;
    char *bound;
    int error = mrpc_server_new(&options, &server);
    if (error == 0)
        error = helloworld__greeter__add_to_server(server, &handlers, NULL);
    if (error == 0)
        error = mrpc_server_enable_health(server);
    if (error == 0)
        error = mrpc_server_enable_reflection(server);
    if (error == 0)
        error = mrpc_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:50051", tls, &bound);
    if (error == 0)
        error = mrpc_server_start(server);
    if (error != 0) {
        (void)fprintf(stderr, "cannot start: %s\n", mrpc_error_text(error));
        return 3;
    }
    (void)printf("ready %s\n", bound);
    (void)fflush(stdout);
    wait_for_end();
    mrpc_server_drain(server, 2000, on_drained, NULL);
    wait_for_end();
    mrpc_server_free(server);
#ifdef WITH_TLS
    mrpc_tls_free(tls);
#endif
    free(bound);
    return 0;
}
