/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../unit/store/scratch.h"
#include "fixture.h"

/* kill -9: what was acknowledged is there after the restart, once, and goes on living. */

enum { WRITERS = 4, IDS = 2000 };

static char *folder;

struct server {
    pid_t pid;
    struct mrpc_channel *channel;
    char address[64];
};

static struct server start_server(void)
{
    struct server server = {0};
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    server.pid = fork();
    if (server.pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execl(SERVER, SERVER, folder, NULL);
        _exit(127);
    }
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    assert_non_null(fgets(server.address, sizeof server.address, out));
    server.address[strcspn(server.address, "\n")] = '\0';
    fclose(out);
    struct mrpc_channel_options options = {.struct_bytes = sizeof options};
    assert_int_equal(mrpc_channel_new(server.address, &options, &server.channel), 0);
    return server;
}

static void kill_server(struct server *server)
{
    kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

/* What one writer knows of its ids. */
enum knowledge { NOTHING, REGISTERED, DEREGISTERED, UNSURE };

struct writer {
    struct mrpc_channel *channel;
    int index;
    pthread_t thread;
    _Atomic int acks;
    enum knowledge known[IDS];
    int64_t incarnations[IDS];
    int count;
};

static void *write_until_it_dies(void *arg)
{
    struct writer *writer = arg;
    char id[32];
    for (; writer->count < IDS; writer->count++) {
        struct sample sample;
        int at = writer->count;
        snprintf(id, sizeof id, "w%d-%d", writer->index, at);
        sample_init(&sample, "durable", id, 80, 60000);
        writer->known[at] = UNSURE;
        if (fixture_register(writer->channel, &sample, &writer->incarnations[at]))
            break;
        writer->known[at] = REGISTERED;
        atomic_fetch_add(&writer->acks, 1);
        if (at % 3)
            continue;
        writer->known[at] = UNSURE;
        if (fixture_deregister(writer->channel, "durable", id, 0))
            break;
        writer->known[at] = DEREGISTERED;
        atomic_fetch_add(&writer->acks, 1);
    }
    return NULL;
}

static int get(struct mrpc_channel *channel, const char *id, int64_t *incarnation)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(GetInstanceRequest) request;
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__get_instance_request__init(&request);
    key.service = (char *)(uintptr_t) "durable";
    key.id = (char *)(uintptr_t)id;
    request.key = &key;
    const PB(GetInstanceResponse) *response = RPC(get_instance)(channel, NULL, &request, &reply);
    if (response)
        *incarnation = response->instance->incarnation;
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static void check_writer(struct mrpc_channel *channel, const struct writer *writer)
{
    char id[32];
    for (int at = 0; at <= writer->count && at < IDS; at++) {
        int64_t incarnation = 0;
        snprintf(id, sizeof id, "w%d-%d", writer->index, at);
        int code = get(channel, id, &incarnation);
        if (writer->known[at] == REGISTERED) {
            assert_int_equal(code, MRPC_OK);
            assert_int_equal(incarnation, writer->incarnations[at]);
            assert_int_equal(fixture_heartbeat(channel, "durable", id, incarnation), MRPC_OK);
        } else if (writer->known[at] == DEREGISTERED) {
            assert_int_equal(code, MRPC_NOT_FOUND);
        }
    }
}

static void killed_server_has_lost_nothing_acknowledged(void **state)
{
    static struct writer writers[WRITERS];
    for (int round = 0; round < 4; round++) {
        struct server server = start_server();
        int acks = 0;
        memset(writers, 0, sizeof writers);
        for (int i = 0; i < WRITERS; i++) {
            writers[i].channel = server.channel;
            writers[i].index = round * WRITERS + i;
            assert_int_equal(pthread_create(&writers[i].thread, NULL, write_until_it_dies, &writers[i]), 0);
        }
        while (acks < 100 + round * 150) {
            acks = 0;
            for (int i = 0; i < WRITERS; i++)
                acks += atomic_load(&writers[i].acks);
        }
        kill_server(&server);
        for (int i = 0; i < WRITERS; i++)
            pthread_join(writers[i].thread, NULL);
        mrpc_channel_free(server.channel);
        server = start_server();
        for (int i = 0; i < WRITERS; i++)
            check_writer(server.channel, &writers[i]);
        kill_server(&server);
        mrpc_channel_free(server.channel);
    }
}

static void restarted_server_has_a_later_epoch_and_goes_on_counting(void **state)
{
    struct sample sample;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(GetRegistryInfoRequest) request;
    mltrainer__registry__v1__get_registry_info_request__init(&request);
    struct server server = start_server();
    const PB(GetRegistryInfoResponse) *info = RPC(get_registry_info)(server.channel, NULL, &request, &reply);
    assert_non_null(info);
    uint64_t epoch = info->epoch;
    mrpc_reply_fini(&reply);
    sample_init(&sample, "durable", "last", 80, 60000);
    int64_t first, second;
    assert_int_equal(fixture_register(server.channel, &sample, &first), MRPC_OK);
    kill_server(&server);
    mrpc_channel_free(server.channel);

    server = start_server();
    info = RPC(get_registry_info)(server.channel, NULL, &request, &reply);
    assert_non_null(info);
    assert_true(info->epoch > epoch);
    assert_true(info->revision >= first);
    mrpc_reply_fini(&reply);
    assert_int_equal(fixture_deregister(server.channel, "durable", "last", 0), MRPC_OK);
    assert_int_equal(fixture_register(server.channel, &sample, &second), MRPC_OK);
    assert_true(second > first);
    kill_server(&server);
    mrpc_channel_free(server.channel);
}

static void after_a_restart_a_lease_begins_anew_and_runs_out(void **state)
{
    struct sample sample;
    int64_t incarnation;
    struct server server = start_server();
    sample_init(&sample, "durable", "mortal", 80, 2000);
    assert_int_equal(fixture_register(server.channel, &sample, &incarnation), MRPC_OK);
    kill_server(&server);
    mrpc_channel_free(server.channel);
    nanosleep(&(struct timespec){2, 200000000},
              NULL); /* longer than the lease: the time that nobody served counts not */
    int64_t begin = fixture_now_ms();
    server = start_server();
    assert_int_equal(get(server.channel, "mortal", &incarnation), MRPC_OK);
    while (get(server.channel, "mortal", &incarnation) == MRPC_OK) {
        assert_true(fixture_now_ms() - begin < 120000); /* among many it lingers for 10 s */
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    assert_true(fixture_now_ms() - begin > 1500);
    kill_server(&server);
    mrpc_channel_free(server.channel);
}

int main(void)
{
    folder = scratch_new();
    if (!folder)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_server_has_lost_nothing_acknowledged),
        cmocka_unit_test(restarted_server_has_a_later_epoch_and_goes_on_counting),
        cmocka_unit_test(after_a_restart_a_lease_begins_anew_and_runs_out),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_free(folder);
    return failed;
}
