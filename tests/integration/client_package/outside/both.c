/* SPDX-License-Identifier: Apache-2.0 */
/* both ADDRESS SERVICE: the same question through libmltrainer and through stubs and a libmrpc of the program's own. */
#include <err.h>
#include <stdio.h>

#include <mltrainer/mltrainer.h>
#include <mltrainer/registry/v1/registry.mrpc.h>
#include <mrpc/mrpc.h>

int main(int argc, char **argv)
{
    struct mlt_client *client;
    struct mlt_endpoint endpoint;
    struct mlt_error error;
    struct mrpc_channel *channel;
    if (argc != 3)
        errx(2, "usage: both ADDRESS SERVICE");
    if (mlt_client_new(argv[1], NULL, &client, &error) || mlt_discover(client, NULL, argv[2], &endpoint, &error))
        errx(1, "libmltrainer: %s", error.message);
    if (mrpc_channel_new(argv[1], NULL, &channel))
        errx(1, "no channel");
    Mltrainer__Registry__V1__DiscoverRequest request = MLTRAINER__REGISTRY__V1__DISCOVER_REQUEST__INIT;
    request.service = argv[2];
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Registry__V1__DiscoverResponse *found =
        mltrainer__registry__v1__registry_service__discover(channel, NULL, &request, &reply);
    if (!found)
        errx(1, "stubs: %s", reply.status.message);
    if (found->n_instances != 1 || found->instances[0]->endpoints[0]->port != endpoint.port)
        errx(1, "they differ");
    printf("%s:%u\n", endpoint.address, endpoint.port);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    mlt_client_free(client);
    return 0;
}
