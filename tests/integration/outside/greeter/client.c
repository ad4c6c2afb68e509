/* SPDX-License-Identifier: Apache-2.0 */
/* greeter_client ADDRESS NAME: one unary call, one stream. */
#include <stdio.h>

#include <mrpc/mrpc.h>

#include <greeter.mrpc.h>

static int greet(struct mrpc_channel *channel, char *name)
{
    Greeter__V1__SayHelloRequest request = GREETER__V1__SAY_HELLO_REQUEST__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.name = name;
    greeter__v1__say_hello_request__set_greeting(&request, "Good day");
    const Greeter__V1__SayHelloResponse *response =
        greeter__v1__greeter_service__say_hello(channel, NULL, &request, &reply);
    if (response) {
        printf("%s\n", response->text);
    } else {
        printf("error %d: %s\n", reply.status.code, reply.status.message);
    }
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static int count(struct mrpc_channel *channel)
{
    Greeter__V1__CountDownRequest request = GREETER__V1__COUNT_DOWN_REQUEST__INIT;
    struct mrpc_client_call *call = NULL;
    request.from = 3;
    if (greeter__v1__greeter_service__count_down__start(channel, NULL, &request, NULL, NULL, &call)) {
        return MRPC_INTERNAL;
    }
    const Greeter__V1__CountDownResponse *response;
    while ((response = greeter__v1__greeter_service__count_down__recv(call))) {
        printf("%u\n", response->number);
    }
    int code = mrpc_client_call_finish(call, NULL);
    mrpc_client_call_free(call);
    return code;
}

int main(int argc, char **argv)
{
    struct mrpc_channel *channel = NULL;
    if (argc != 3 || mrpc_channel_new(argv[1], NULL, &channel)) {
        return 64;
    }
    int code = greet(channel, argv[2]);
    if (code == MRPC_OK) {
        code = count(channel);
    }
    mrpc_channel_free(channel);
    return code;
}
