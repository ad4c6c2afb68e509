/* SPDX-License-Identifier: Apache-2.0 */
/* hello_client TARGET NAME: one unary call with a deadline. See proto/external/helloworld.proto. */
#include <stdio.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>

int main(int argc, char **argv)
{
    struct mrpc_channel *channel;
    if (argc != 3) {
        fprintf(stderr, "usage: hello_client HOST:PORT NAME\n");
        return 64;
    }
    int error = mrpc_channel_new(argv[1], NULL, &channel);
    if (error) {
        fprintf(stderr, "%s: %s\n", argv[1], mrpc_error_text(error));
        return 64;
    }
    Helloworld__HelloRequest request = HELLOWORLD__HELLO_REQUEST__INIT;
    request.name = argv[2];
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 5000};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Helloworld__HelloReply *hello = helloworld__greeter__say_hello(channel, &options, &request, &reply);
    if (hello)
        printf("%s\n", hello->message);
    else
        fprintf(stderr, "%s: %s\n", mrpc_code_name(reply.status.code), reply.status.message);
    int code = (int)reply.status.code;
    mrpc_reply_fini(&reply); /* the response lived in it */
    mrpc_channel_free(channel);
    return code;
}
