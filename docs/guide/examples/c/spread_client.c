/* SPDX-License-Identifier: Apache-2.0 */
/* spread_client NAME: each line of its input is a list of addresses, "HOST:PORT,HOST:PORT", which replaces the one
 * before; it says hello to each address once, in turn. See proto/external/helloworld.proto. */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>

/* The program is its own resolver: what the channel gives it at the start, and that it has. */
struct source {
    struct mrpc_resolver_listener *listener;
    sem_t started;
};

static void *source_start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct source *source = arg;
    source->listener = listener;
    sem_post(&source->started);
    return source;
}

static void source_stop(void *self)
{
    struct source *source = self;
    mrpc_resolver_listener_release(source->listener);
}

static const struct mrpc_resolver resolver = {
    .struct_bytes = sizeof resolver, .start = source_start, .stop = source_stop};

/* How many addresses there are; -1: one of them is none. */
static int push(struct source *source, char *line)
{
    struct mrpc_resolver_address addresses[16] = {0};
    struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof addresses[0], .addresses = addresses};
    for (char *at = strtok(line, ",\n"); at && result.address_count < 16; at = strtok(NULL, ",\n"))
        addresses[result.address_count++].address = at;
    int error = mrpc_resolver_push(source->listener, &result);
    if (error)
        fprintf(stderr, "%s\n", mrpc_error_text(error));
    return error ? -1 : (int)result.address_count;
}

static void hello(struct mrpc_channel *channel, char *name)
{
    Helloworld__HelloRequest request = HELLOWORLD__HELLO_REQUEST__INIT;
    request.name = name;
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 10000, .wait_for_ready = true};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Helloworld__HelloReply *answer = helloworld__greeter__say_hello(channel, &options, &request, &reply);
    printf("%s\n", answer ? answer->message : reply.status.message);
    fflush(stdout);
    mrpc_reply_fini(&reply);
}

int main(int argc, char **argv)
{
    struct source source;
    struct mrpc_channel *channel;
    char line[1024];
    if (argc != 2) {
        fprintf(stderr, "usage: spread_client NAME < LISTS\n");
        return 64;
    }
    sem_init(&source.started, 0, 0);
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options,
                                                 .balancing = MRPC_ROUND_ROBIN,
                                                 .resolver = &resolver,
                                                 .resolver_arg = &source};
    if (mrpc_channel_new("lists:///greeter", &options, &channel) != 0)
        return 70;
    mrpc_channel_connect(channel);
    sem_wait(&source.started);
    while (fgets(line, sizeof line, stdin))
        for (int calls = push(&source, line); calls > 0; calls--)
            hello(channel, argv[1]);
    mrpc_channel_free(channel);
    sem_destroy(&source.started);
    return 0;
}
