/* SPDX-License-Identifier: Apache-2.0 */

/* registry_flood ADDRESS SERVICE COUNT: register COUNT instances of a service, all at once. */

#include <err.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <mltrainer/registry/v1/registry.mrpc.h>

static sem_t answered;
static _Atomic int failures;

static void on_answer(void *arg, const Mltrainer__Registry__V1__RegisterResponse *response,
                      const struct mrpc_reply *reply)
{
    (void)arg;
    if (!response) {
        warnx("%s", reply->status.message);
        atomic_fetch_add(&failures, 1);
    }
    sem_post(&answered);
}

static void send_one(struct mrpc_channel *channel, char *service, int number)
{
    Mltrainer__Registry__V1__RegisterRequest request = MLTRAINER__REGISTRY__V1__REGISTER_REQUEST__INIT;
    Mltrainer__Registry__V1__Instance instance = MLTRAINER__REGISTRY__V1__INSTANCE__INIT;
    Mltrainer__Registry__V1__InstanceKey key = MLTRAINER__REGISTRY__V1__INSTANCE_KEY__INIT;
    Mltrainer__Registry__V1__Endpoint endpoint = MLTRAINER__REGISTRY__V1__ENDPOINT__INIT, *endpoints[] = {&endpoint};
    struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 60000};
    char id[32];
    snprintf(id, sizeof id, "i%d", number);
    key.service = service;
    key.id = id;
    endpoint.address = "127.0.0.1";
    endpoint.port = (uint32_t)(1 + number % 65535);
    instance.key = &key;
    instance.endpoints = endpoints;
    instance.n_endpoints = 1;
    request.instance = &instance;
    mltrainer__registry__v1__registry_service__register__async(channel, &options, &request, on_answer, NULL);
}

int main(int argc, char **argv)
{
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    struct mrpc_channel *channel;
    if (argc != 4)
        errx(2, "usage: registry_flood ADDRESS SERVICE COUNT");
    int count = atoi(argv[3]);
    if (mrpc_channel_new(argv[1], &options, &channel) != 0 || sem_init(&answered, 0, 0) != 0)
        errx(1, "no channel to %s", argv[1]);
    for (int i = 0; i < count; i++)
        send_one(channel, argv[2], i);
    for (int i = 0; i < count; i++)
        sem_wait(&answered);
    mrpc_channel_free(channel);
    return failures ? 1 : 0;
}
