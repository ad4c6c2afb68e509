/* SPDX-License-Identifier: Apache-2.0 */

/* grpc.channelz.v1 over the wire (server 27 of the gRPC checklist): what a server says of itself, its sockets and its
 * connections, which live on two loops. */

#include <arpa/inet.h>
#include <grpc/channelz/v1/channelz.mrpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "echo_service.h"
#include "fixture.h"
#include "test.h"

#define CZ(NAME) Grpc__Channelz__V1__##NAME
#define CZ_INIT(NAME, MESSAGE) grpc__channelz__v1__##NAME##__init(MESSAGE)

enum method { GET_TOP_CHANNELS, GET_SERVERS, GET_SERVER, GET_SERVER_SOCKETS, GET_CHANNEL, GET_SUBCHANNEL, GET_SOCKET };

/* What was asked, until scene_close(). */
struct scene {
    struct mrpc_server *server;
    struct echo_service echo;
    char *bound;
    struct mrpc_channel *channel;
    struct mrpc_reply replies[64];
    size_t reply_count;
};

static void scene_open(struct scene *scene, struct mrpc_tls *tls)
{
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 2};
    memset(scene, 0, sizeof(*scene));
    assert_int_equal(mrpc_server_new(&options, &scene->server), 0);
    assert_int_equal(echo_service_add(&scene->echo, scene->server), 0);
    assert_int_equal(mrpc_server_enable_channelz(scene->server), 0);
    assert_int_equal(mrpc_server_listen(scene->server, "127.0.0.1:0", tls, &scene->bound), 0);
    assert_int_equal(mrpc_server_start(scene->server), 0);
}

static void scene_close(struct scene *scene)
{
    for (size_t i = 0; i < scene->reply_count; i++)
        mrpc_reply_fini(&scene->replies[i]);
    mrpc_channel_free(scene->channel);
    mrpc_server_free(scene->server);
    free(scene->bound);
}

/* NULL when it fails; the status is then the last reply's. */
static const void *ask(struct scene *scene, enum method method, const ProtobufCMessage *request)
{
    struct mrpc_reply *reply = &scene->replies[scene->reply_count++];
    *reply = (struct mrpc_reply)MRPC_REPLY_INIT;
    return mrpc_channel_unary(scene->channel, &grpc__channelz__v1__channelz__service.methods[method], NULL,
                              request, reply);
}

static const CZ(Server) *the_server(struct scene *scene)
{
    CZ(GetServersRequest) request;
    CZ_INIT(get_servers_request, &request);
    const CZ(GetServersResponse) *response = ask(scene, GET_SERVERS, &request.base);
    assert_non_null(response);
    assert_int_equal(response->n_server, 1);
    assert_true(response->end);
    return response->server[0];
}

static const CZ(GetServerSocketsResponse) *sockets(struct scene *scene, int64_t server, int64_t start, int64_t most)
{
    CZ(GetServerSocketsRequest) request;
    CZ_INIT(get_server_sockets_request, &request);
    request.server_id = server;
    request.start_socket_id = start;
    request.max_results = most;
    return ask(scene, GET_SERVER_SOCKETS, &request.base);
}

static const CZ(Socket) *one_socket(struct scene *scene, int64_t id)
{
    CZ(GetSocketRequest) request;
    CZ_INIT(get_socket_request, &request);
    request.socket_id = id;
    const CZ(GetSocketResponse) *response = ask(scene, GET_SOCKET, &request.base);
    return response != NULL ? response->socket : NULL;
}

static int last_code(const struct scene *scene)
{
    return (int)scene->replies[scene->reply_count - 1].status.code;
}

static void call_echo(struct scene *scene, const char *text)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text(text);
    (void)mrpc_channel_unary(scene->channel, &echo_say, NULL, &request.base, &reply);
    mrpc_reply_fini(&reply);
}

static void a_server_counts_its_calls_and_shows_where_it_listens(void **state)
{
    struct scene scene;
    scene_open(&scene, NULL);
    assert_int_equal(mrpc_channel_new(scene.bound, NULL, &scene.channel), 0);
    call_echo(&scene, "good");
    call_echo(&scene, "good");
    call_echo(&scene, "fail:5:bad");
    const CZ(Server) *server = the_server(&scene);
    assert_int_equal(server->data->calls_started, 4);   /* the question is one */
    assert_int_equal(server->data->calls_succeeded, 2);
    assert_int_equal(server->data->calls_failed, 1);
    assert_non_null(server->data->last_call_started_timestamp);
    assert_in_range(server->data->last_call_started_timestamp->seconds, time(NULL) - 100, time(NULL) + 1);
    assert_int_equal(server->n_listen_socket, 1);
    assert_string_equal(server->listen_socket[0]->name, scene.bound);
    const CZ(Socket) *listener = one_socket(&scene, server->listen_socket[0]->socket_id);
    assert_non_null(listener);
    assert_int_equal(listener->local->tcpip_address->port, atoi(strrchr(scene.bound, ':') + 1));
    assert_null(listener->remote);
    CZ(GetServerRequest) request;
    CZ_INIT(get_server_request, &request);
    request.server_id = server->ref->server_id;
    const CZ(GetServerResponse) *again = ask(&scene, GET_SERVER, &request.base);
    assert_int_equal(again->server->ref->server_id, server->ref->server_id);
    request.server_id = 1 << 30;
    assert_null(ask(&scene, GET_SERVER, &request.base));
    assert_int_equal(last_code(&scene), MRPC_NOT_FOUND);
    scene_close(&scene);
}

static void connections_are_listed_by_page_and_shown_one_by_one(void **state)
{
    struct scene scene;
    int peers[5];
    scene_open(&scene, NULL);
    assert_int_equal(mrpc_channel_new(scene.bound, NULL, &scene.channel), 0);
    call_echo(&scene, "good");
    int64_t server = the_server(&scene)->ref->server_id;
    for (int i = 0; i < 5; i++)
        peers[i] = fixture_connect(scene.bound);
    const CZ(GetServerSocketsResponse) *page;
    do {   /* until the loops have them all */
        scene.reply_count = scene.reply_count > 40 ? 40 : scene.reply_count;
        page = sockets(&scene, server, 0, 0);
        assert_non_null(page);
    } while (page->n_socket_ref < 6);
    assert_true(page->end);
    for (size_t i = 1; i < 6; i++)
        assert_true(page->socket_ref[i]->socket_id > page->socket_ref[i - 1]->socket_id);
    const CZ(GetServerSocketsResponse) *some = sockets(&scene, server, page->socket_ref[1]->socket_id, 3);
    assert_int_equal(some->n_socket_ref, 3);
    assert_false(some->end);
    assert_int_equal(some->socket_ref[0]->socket_id, page->socket_ref[1]->socket_id);
    assert_int_equal(some->socket_ref[2]->socket_id, page->socket_ref[3]->socket_id);
    some = sockets(&scene, server, page->socket_ref[3]->socket_id, 3);
    assert_int_equal(some->n_socket_ref, 3);
    assert_true(some->end);
    assert_null(sockets(&scene, server + 1000, 0, 0));
    assert_int_equal(last_code(&scene), MRPC_NOT_FOUND);
    /* The first is ours. */
    const CZ(Socket) *own = one_socket(&scene, page->socket_ref[0]->socket_id);
    assert_string_equal(own->ref->name, page->socket_ref[0]->name);
    assert_int_equal(own->data->streams_started, scene.reply_count + 1);
    assert_int_equal(own->data->streams_succeeded, scene.reply_count);
    assert_int_equal(own->data->streams_failed, 0);
    assert_int_equal(own->data->messages_received, scene.reply_count + 1);
    assert_int_equal(own->data->messages_sent, scene.reply_count - 1);   /* one question was in vain */
    assert_non_null(own->data->last_message_received_timestamp);
    assert_non_null(own->data->remote_flow_control_window);
    assert_int_equal(own->local->tcpip_address->port, atoi(strrchr(scene.bound, ':') + 1));
    assert_int_equal(own->remote->tcpip_address->port, atoi(strrchr(own->ref->name, ':') + 1));
    assert_null(own->security);
    const CZ(Socket) *silent = one_socket(&scene, page->socket_ref[5]->socket_id);
    assert_int_equal(silent->data->streams_started, 0);
    assert_null(silent->data->last_message_received_timestamp);
    assert_null(one_socket(&scene, 1 << 30));
    assert_int_equal(last_code(&scene), MRPC_NOT_FOUND);
    for (int i = 0; i < 5; i++)
        close(peers[i]);
    scene_close(&scene);
}

static void tls_shows_its_suite_and_certificates(void **state)
{
    struct scene scene;
    char folder[] = "/tmp/mrpc-channelz-XXXXXX", key[64], certificate[64], why[128];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(key, sizeof(key), "%s/key.pem", folder);
    (void)snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
    make_certificate("IP:127.0.0.1", key, certificate);
    struct mrpc_tls *server, *client;
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof(options), .certificate_file = certificate, .key_file = key};
    assert_int_equal(mrpc_tls_server_new(&options, &server, why, sizeof(why)), 0);
    options = (struct mrpc_tls_options){.struct_bytes = sizeof(options), .ca_file = certificate};
    assert_int_equal(mrpc_tls_client_new(&options, &client, why, sizeof(why)), 0);
    scene_open(&scene, server);
    struct mrpc_channel_options channel = {.struct_bytes = sizeof(channel), .tls = client};
    assert_int_equal(mrpc_channel_new(scene.bound, &channel, &scene.channel), 0);
    int64_t id = the_server(&scene)->ref->server_id;
    const CZ(GetServerSocketsResponse) *page = sockets(&scene, id, 0, 0);
    assert_int_equal(page->n_socket_ref, 1);
    const CZ(Socket) *own = one_socket(&scene, page->socket_ref[0]->socket_id);
    assert_non_null(own->security);
    assert_int_equal(strncmp(own->security->tls->standard_name, "TLS_", 4), 0);
    assert_true(own->security->tls->local_certificate.len > 100);
    assert_int_equal(own->security->tls->remote_certificate.len, 0);
    scene_close(&scene);
    mrpc_tls_free(client);
    mrpc_tls_free(server);
    unlink(key);
    unlink(certificate);
    rmdir(folder);
}

static const CZ(GetTopChannelsResponse) *channels_from(struct scene *scene, int64_t id)
{
    CZ(GetTopChannelsRequest) request;
    CZ_INIT(get_top_channels_request, &request);
    request.start_channel_id = id;
    const CZ(GetTopChannelsResponse) *page = ask(scene, GET_TOP_CHANNELS, &request.base);
    assert_non_null(page);
    return page;
}

static void channels_of_the_process_are_shown_with_their_addresses(void **state)
{
    struct scene scene;
    scene_open(&scene, NULL);
    assert_int_equal(mrpc_channel_new(scene.bound, NULL, &scene.channel), 0);
    struct mrpc_channel *idle;
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &idle), 0);
    call_echo(&scene, "good");
    call_echo(&scene, "fail:5:bad");
    const CZ(GetTopChannelsResponse) *page = channels_from(&scene, 0);
    assert_int_equal(page->n_channel, 2);
    assert_true(page->end);
    const CZ(ChannelData) *data = page->channel[0]->data;
    assert_string_equal(data->target, scene.bound);
    assert_int_equal(data->state->state, 3);       /* READY */
    assert_int_equal(data->calls_started, 3);
    assert_int_equal(data->calls_succeeded, 1);
    assert_int_equal(data->calls_failed, 1);
    assert_int_equal(page->channel[1]->data->state->state, 1);   /* IDLE */
    CZ(GetChannelRequest) one;
    CZ_INIT(get_channel_request, &one);
    one.channel_id = page->channel[0]->ref->channel_id;
    const CZ(GetChannelResponse) *channel = ask(&scene, GET_CHANNEL, &one.base);
    assert_int_equal(channel->channel->n_subchannel_ref, 1);
    CZ(GetSubchannelRequest) address;
    CZ_INIT(get_subchannel_request, &address);
    address.subchannel_id = channel->channel->subchannel_ref[0]->subchannel_id;
    const CZ(GetSubchannelResponse) *subchannel = ask(&scene, GET_SUBCHANNEL, &address.base);
    assert_string_equal(subchannel->subchannel->data->target, scene.bound);
    assert_int_equal(subchannel->subchannel->data->state->state, 3);
    one.channel_id = address.subchannel_id;
    assert_null(ask(&scene, GET_CHANNEL, &one.base));
    assert_int_equal(last_code(&scene), MRPC_NOT_FOUND);
    mrpc_channel_free(idle);
    assert_int_equal(channels_from(&scene, 0)->n_channel, 1);
    scene_close(&scene);
}

struct asker {
    struct scene *scene;
    int64_t server;
    atomic_bool over;
};

static void *ask_on_and_on(void *arg)
{
    struct asker *asker = arg;
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(asker->scene->bound, NULL, &channel), 0);
    while (!atomic_load(&asker->over)) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        CZ(GetServerSocketsRequest) request;
        CZ_INIT(get_server_sockets_request, &request);
        request.server_id = asker->server;
        (void)mrpc_channel_unary(channel, &grpc__channelz__v1__channelz__service.methods[GET_SERVER_SOCKETS],
                                 NULL, &request.base, &reply);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    return NULL;
}

/* A round that is on its way when the server stops comes to an end, and the stop does too. */
static void a_stop_and_rounds_through_the_loops_do_not_wait_for_each_other(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct scene scene;
        pthread_t threads[3];
        scene_open(&scene, NULL);
        assert_int_equal(mrpc_channel_new(scene.bound, NULL, &scene.channel), 0);
        struct asker asker = {.scene = &scene, .server = the_server(&scene)->ref->server_id};
        for (int t = 0; t < 3; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, ask_on_and_on, &asker), 0);
        call_echo(&scene, "good");
        mrpc_server_stop(scene.server);
        atomic_store(&asker.over, true);
        for (int t = 0; t < 3; t++)
            pthread_join(threads[t], NULL);
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_counts_its_calls_and_shows_where_it_listens),
        cmocka_unit_test(connections_are_listed_by_page_and_shown_one_by_one),
        cmocka_unit_test(channels_of_the_process_are_shown_with_their_addresses),
        cmocka_unit_test(tls_shows_its_suite_and_certificates),
        cmocka_unit_test(a_stop_and_rounds_through_the_loops_do_not_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
