/* SPDX-License-Identifier: Apache-2.0 */
/* greeter_server: prints "ready ADDRESS", serves until a signal ends it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mrpc/mrpc.h>

#include <greeter.mrpc.h>

static int say_hello(void *self, struct mrpc_call *call, const Greeter__V1__SayHelloRequest *request,
                     Greeter__V1__SayHelloResponse *response)
{
    if (request->name[0] == '\0') {
        return mrpc_call_fail_field(call, "name", "must not be empty");
    }
    const char *greeting = request->has_greeting_case ? request->greeting : "Hello";
    response->text = mrpc_arena_printf(mrpc_call_arena(call), "%s, %s!", greeting, request->name);
    response->time = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*response->time));
    if (!response->text || !response->time) {
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    google__protobuf__timestamp__init(response->time);
    response->time->seconds = time(NULL);
    return MRPC_OK;
}

static int count_down(void *self, struct mrpc_call *call, const Greeter__V1__CountDownRequest *request)
{
    Greeter__V1__CountDownResponse response = GREETER__V1__COUNT_DOWN_RESPONSE__INIT;
    if (request->from > 100) {
        return mrpc_call_fail_field(call, "from", "%u is not in 0..100", request->from);
    }
    for (response.number = request->from; response.number > 0; response.number--) {
        if (mrpc_call_send(call, &response.base)) {
            return MRPC_INTERNAL;
        }
    }
    return MRPC_OK;
}

int main(void)
{
    static const struct greeter__v1__greeter_service__handlers handlers = {
        .say_hello = say_hello,
        .count_down = count_down,
    };
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 1};
    struct mrpc_server *server = NULL;
    char *address = NULL;
    sigset_t signals;
    int received = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (mrpc_server_new(&options, &server) || greeter__v1__greeter_service__add_to_server(server, &handlers, NULL) ||
        mrpc_server_listen(server, "127.0.0.1:0", NULL, &address) || mrpc_server_start(server)) {
        return 1;
    }
    printf("ready %s\n", address);
    fflush(stdout);
    sigwait(&signals, &received);
    mrpc_server_stop(server);
    mrpc_server_free(server);
    free(address);
    return 0;
}
