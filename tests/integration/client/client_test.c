/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "echo_service.h"
#include "test.h"

/* The client against the server, both of this library, through generated stubs. */

static struct mrpc_channel *open_with(const char *target, struct mrpc_channel_options options)
{
    struct mrpc_channel *channel;
    options.struct_bytes = sizeof options;
    options.backoff_base_ms = options.backoff_max_ms = 20;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

static struct mrpc_channel *open_channel(const char *target)
{
    return open_with(target, (struct mrpc_channel_options){0});
}

static const Test__Echo__V1__SayResponse *say(struct mrpc_channel *channel, const struct mrpc_call_options *options,
                                              const char *text, struct mrpc_reply *reply)
{
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    request.text = (char *)text;
    return test__echo__v1__echo__say(channel, options, &request, reply);
}

static void assert_code(const struct mrpc_reply *reply, enum mrpc_code code)
{
    if (reply->status.code != code)
        print_message("%s: %s\n", mrpc_code_name(reply->status.code), reply->status.message);
    assert_int_equal(reply->status.code, code);
}

static void unary_with_metadata_and_deadline(void **state)
{
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    const struct mrpc_metadatum metadata[] = {{"echo", "one", 3}, {"echo", "two", 3}, {"echo-bin", "\0\377", 2}};
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 60000, .metadata = metadata, .metadata_count = 3};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Test__Echo__V1__SayResponse *response = say(channel, &options, "h\xc3\xa9llo", &reply);
    assert_code(&reply, MRPC_OK);
    assert_string_equal(response->text, "h\xc3\xa9llo");
    assert_in_range(response->deadline_left_ms, 30000, 60000);
    assert_int_equal(reply.headers.count, 2);
    assert_string_equal(reply.headers.entries[0].value, "one");
    assert_string_equal(reply.headers.entries[1].value, "two");
    assert_memory_equal(mrpc_metadata_find(&reply.trailers, "echo-bin")->value, "\0\377", 2);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void every_status_arrives_with_its_text(void **state)
{
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    for (int code = 1; code <= 16; code++) {
        Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.fail = code;
        request.field = (char *)"payload";
        assert_null(test__echo__v1__echo__say(channel, NULL, &request, &reply));
        assert_int_equal(reply.status.code, code);
        bool field = code == MRPC_INVALID_ARGUMENT;
        assert_string_equal(reply.status.message, field ? "payload: is wrong" : "asked to fail: \xe2\x82\xac 100%");
        assert_int_equal(reply.status.details_bytes > 0, field);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void an_unknown_method_is_unimplemented(void **state)
{
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    struct mrpc_method method = test__echo__v1__echo__service.methods[0];
    method.path = "/test.echo.v1.Echo/Nothing";
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(mrpc_channel_unary(channel, &method, NULL, &request.base, &reply));
    assert_code(&reply, MRPC_UNIMPLEMENTED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void a_client_stream_of_64_mib_is_counted(void **state)
{
    enum { MESSAGES = 64, BYTES = 1 << 20 };
    struct echo_server server;
    struct mrpc_client_call *call;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    assert_int_equal(test__echo__v1__echo__count__start(channel, NULL, NULL, NULL, &call), 0);
    Test__Echo__V1__CountRequest request = TEST__ECHO__V1__COUNT_REQUEST__INIT;
    request.payload = (ProtobufCBinaryData){.len = BYTES, .data = calloc(1, BYTES)};
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(test__echo__v1__echo__count__send(call, &request), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    const Test__Echo__V1__CountResponse *response = test__echo__v1__echo__count__recv(call);
    assert_non_null(response);
    assert_int_equal(response->messages, MESSAGES);
    assert_int_equal(response->bytes, (int64_t)MESSAGES * BYTES);
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    free(request.payload.data);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void a_server_stream_is_read_in_order(void **state)
{
    enum { LINES = 2000, BYTES = 5000 };
    struct echo_server server;
    struct mrpc_client_call *call;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    Test__Echo__V1__SingRequest request = TEST__ECHO__V1__SING_REQUEST__INIT;
    request.lines = LINES;
    request.line_bytes = BYTES;
    assert_int_equal(test__echo__v1__echo__sing__start(channel, NULL, &request, NULL, NULL, &call), 0);
    const Test__Echo__V1__SingResponse *response;
    int32_t line = 0;
    while ((response = test__echo__v1__echo__sing__recv(call))) {
        assert_int_equal(response->line, line++);
        assert_int_equal(response->payload.len, BYTES);
    }
    assert_int_equal(line, LINES);
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void a_chat_goes_to_and_fro(void **state)
{
    struct echo_server server;
    struct mrpc_client_call *call;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    assert_int_equal(test__echo__v1__echo__chat__start(channel, NULL, NULL, NULL, &call), 0);
    for (int i = 0; i < 200; i++) {
        char text[16];
        Test__Echo__V1__ChatRequest request = TEST__ECHO__V1__CHAT_REQUEST__INIT;
        snprintf(text, sizeof text, "line %d", i);
        request.text = text;
        assert_int_equal(test__echo__v1__echo__chat__send(call, &request), 0);
        assert_string_equal(test__echo__v1__echo__chat__recv(call)->text, text);
    }
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    assert_null(test__echo__v1__echo__chat__recv(call));
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void sixteen_mib_go_both_ways_plain_and_gzip(void **state)
{
    enum { BYTES = 16 << 20 };
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, BYTES + 1024);
    struct mrpc_channel *channel =
        open_with(server.bound, (struct mrpc_channel_options){.receive_message_bytes = BYTES + 1024});
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    request.payload = (ProtobufCBinaryData){.len = BYTES, .data = malloc(BYTES)};
    for (size_t i = 0; i < BYTES; i++)
        request.payload.data[i] = (uint8_t)(i * 31 >> 7);
    for (int compress = 0; compress < 2; compress++) {
        const struct mrpc_call_options options = {.struct_bytes = sizeof options, .compress = compress};
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const Test__Echo__V1__SayResponse *response = test__echo__v1__echo__say(channel, &options, &request, &reply);
        assert_code(&reply, MRPC_OK);
        assert_int_equal(response->payload.len, BYTES);
        assert_memory_equal(response->payload.data, request.payload.data, BYTES);
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    /* The same response is over another channel's limit. */
    channel = open_channel(server.bound);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(test__echo__v1__echo__say(channel, NULL, &request, &reply));
    assert_code(&reply, MRPC_RESOURCE_EXHAUSTED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    free(request.payload.data);
    echo_server_stop(&server);
}

static void a_sender_spares_single_messages(void **state)
{
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    uint8_t zeros[1000] = {0};
    Test__Echo__V1__CountRequest request = TEST__ECHO__V1__COUNT_REQUEST__INIT;
    request.payload = (ProtobufCBinaryData){.len = sizeof zeros, .data = zeros};
    for (int compress = 0; compress < 2; compress++) {
        const struct mrpc_call_options options = {.struct_bytes = sizeof options, .compress = compress};
        struct mrpc_client_call *call;
        assert_int_equal(test__echo__v1__echo__count__start(channel, &options, NULL, NULL, &call), 0);
        for (int i = 0; i < 5; i++) {
            int expected = compress || i % 2 ? 0 : MRPC_ERR_INVALID;
            assert_int_equal(mrpc_client_call_set_compression(call, i % 2 == 0), expected);
            assert_int_equal(test__echo__v1__echo__count__send(call, &request), 0);
        }
        assert_int_equal(mrpc_client_call_half_close(call), 0);
        const Test__Echo__V1__CountResponse *response = test__echo__v1__echo__count__recv(call);
        assert_int_equal(response->messages, 5);
        assert_int_equal(response->compressed, compress ? 3 : 0);
        assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
        mrpc_client_call_free(call);
    }
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

struct sung {
    sem_t over;
    int compressed;
    enum mrpc_code code;
};

static bool sung_line(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    ((struct sung *)arg)->compressed += mrpc_client_call_message_compressed(call);
    return true;
}

static void sung_over(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                      const struct mrpc_metadata *trailers)
{
    struct sung *sung = arg;
    sung->code = status->code;
    mrpc_client_call_free(call);
    sem_post(&sung->over);
}

/* The server answers compressed who asks compressed. */
static void a_reader_sees_what_came_compressed(void **state)
{
    static const struct mrpc_client_events events = {.on_message = sung_line, .on_done = sung_over};
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    uint8_t zeros[1000] = {0};
    Test__Echo__V1__SayRequest say = TEST__ECHO__V1__SAY_REQUEST__INIT;
    say.payload = (ProtobufCBinaryData){.len = sizeof zeros, .data = zeros};
    Test__Echo__V1__SingRequest sing = TEST__ECHO__V1__SING_REQUEST__INIT;
    sing.lines = 3, sing.line_bytes = 1000;
    for (int compress = 0; compress < 2; compress++) {
        const struct mrpc_call_options options = {.struct_bytes = sizeof options, .compress = compress};
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        assert_non_null(test__echo__v1__echo__say(channel, &options, &say, &reply));
        assert_int_equal(reply.compressed, compress);
        mrpc_reply_fini(&reply);
        struct mrpc_client_call *call;
        assert_int_equal(test__echo__v1__echo__sing__start(channel, &options, &sing, NULL, NULL, &call), 0);
        for (int i = 0; i < 3; i++) {
            assert_non_null(test__echo__v1__echo__sing__recv(call));
            assert_int_equal(mrpc_client_call_message_compressed(call), compress);
        }
        assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
        mrpc_client_call_free(call);
        struct sung sung = {0};
        sem_init(&sung.over, 0, 0);
        assert_int_equal(test__echo__v1__echo__sing__start(channel, &options, &sing, &events, &sung, &call), 0);
        sem_wait(&sung.over);
        assert_int_equal(sung.code, MRPC_OK);
        assert_int_equal(sung.compressed, compress ? 3 : 0);
        sem_destroy(&sung.over);
    }
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void a_deadline_ends_a_call_that_hangs(void **state)
{
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = 50};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.hang = true;
    assert_null(test__echo__v1__echo__say(channel, &options, &request, &reply));
    assert_code(&reply, MRPC_DEADLINE_EXCEEDED);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

static void cancelling_a_song_reaches_the_server(void **state)
{
    struct echo_server server;
    struct mrpc_client_call *call;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    Test__Echo__V1__SingRequest request = TEST__ECHO__V1__SING_REQUEST__INIT;
    request.lines = INT32_MAX;
    request.line_bytes = 1000;
    assert_int_equal(test__echo__v1__echo__sing__start(channel, NULL, &request, NULL, NULL, &call), 0);
    for (int i = 0; i < 10; i++)
        assert_non_null(test__echo__v1__echo__sing__recv(call));
    mrpc_client_call_cancel(call);
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_CANCELLED);
    struct mrpc_server_stats stats;
    do
        mrpc_server_stats(server.server, &stats);
    while (stats.calls_ended < stats.calls_started || stats.streams > 0);
    assert_int_equal(stats.calls_started, 1);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

/* Many threads share one connection. */

enum { CALLERS = 8, CALLS = 500 };

static void *say_many(void *arg)
{
    intptr_t good = 0;
    for (int i = 0; i < CALLS; i++) {
        char text[32];
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const struct mrpc_call_options options = {
            .struct_bytes = sizeof options, .timeout_ms = 30000, .wait_for_ready = true};
        snprintf(text, sizeof text, "%p %d", (void *)&reply, i);
        const Test__Echo__V1__SayResponse *response = say(arg, &options, text, &reply);
        if (!response)
            print_message("%s: %s\n", mrpc_code_name(reply.status.code), reply.status.message);
        good += response && strcmp(response->text, text) == 0;
        mrpc_reply_fini(&reply);
    }
    return (void *)good;
}

static void many_threads_share_a_connection(void **state)
{
    pthread_t threads[CALLERS];
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    struct mrpc_channel *channel = open_channel(server.bound);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_many, channel), 0);
    for (int i = 0; i < CALLERS; i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_int_equal((intptr_t)good, CALLS);
    }
    struct mrpc_server_stats stats;
    mrpc_server_stats(server.server, &stats);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.calls_started, CALLERS * CALLS);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
}

/* N11: a server that restarts again and again, gracefully, under load: no call fails. */

struct load {
    struct mrpc_channel *channel;
    atomic_bool stop;
    atomic_int good;
    atomic_int bad;
};

static void *say_until_stopped(void *arg)
{
    struct load *load = arg;
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = 30000, .wait_for_ready = true};
    while (!atomic_load(&load->stop)) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        bool good = say(load->channel, &options, "still there?", &reply);
        if (!good)
            print_message("%s: %s\n", mrpc_code_name(reply.status.code), reply.status.message);
        atomic_fetch_add(good ? &load->good : &load->bad, 1);
        mrpc_reply_fini(&reply);
    }
    return NULL;
}

static void wait_for_more_calls(struct load *load)
{
    int before = atomic_load(&load->good) + atomic_load(&load->bad);
    while (atomic_load(&load->good) + atomic_load(&load->bad) < before + 100)
        usleep(1000);
}

static void a_rolling_restart_costs_no_call(void **state)
{
    pthread_t threads[CALLERS];
    char address[64];
    struct echo_server server;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    snprintf(address, sizeof address, "%s", server.bound);
    struct load load = {.channel = open_channel(address)};
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_until_stopped, &load), 0);
    for (int i = 0; i < 10; i++) {
        wait_for_more_calls(&load);
        echo_server_drain(&server, 5000);
        echo_server_start(&server, address, NULL, 0);
    }
    wait_for_more_calls(&load);
    atomic_store(&load.stop, true);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&load.bad), 0);
    mrpc_channel_free(load.channel);
    echo_server_stop(&server);
}

/* Asynchronous calls on a loop of the program's own. */

struct batch {
    struct mrpc_channel *channel;
    int open;
    int good;
};

static void on_said(void *arg, const Test__Echo__V1__SayResponse *response, const struct mrpc_reply *reply)
{
    struct batch *batch = arg;
    batch->open--;
    batch->good += response != NULL;
}

static void a_program_drives_many_calls_itself(void **state)
{
    struct echo_server server;
    struct mrpc_loop *loop;
    echo_server_start(&server, "127.0.0.1:0", NULL, 0);
    assert_int_equal(mrpc_loop_new(&loop), 0);
    struct batch batch = {.channel = open_with(server.bound, (struct mrpc_channel_options){.loop = loop})};
    Test__Echo__V1__SayRequest request = TEST__ECHO__V1__SAY_REQUEST__INIT;
    request.text = (char *)"async";
    for (; batch.open < 300; batch.open++)
        test__echo__v1__echo__say__async(batch.channel, NULL, &request, on_said, &batch);
    while (batch.open > 0) {
        struct pollfd fd = {.fd = mrpc_loop_fd(loop), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 30000), 1);
        assert_int_equal(mrpc_loop_process(loop), 0);
    }
    assert_int_equal(batch.good, 300);
    mrpc_channel_free(batch.channel);
    mrpc_loop_free(loop);
    echo_server_stop(&server);
}

static void a_unix_socket_serves_and_takes_a_token(void **state)
{
    char directory[] = "/tmp/mrpc-client-XXXXXX", target[64];
    struct echo_server server;
    assert_non_null(mkdtemp(directory));
    snprintf(target, sizeof target, "unix:%s/socket", directory);
    echo_server_start(&server, target, NULL, 0);
    struct mrpc_channel *channel = open_with(target, (struct mrpc_channel_options){.bearer_token = "t0ken"});
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_non_null(say(channel, NULL, "x", &reply));
    assert_string_equal(mrpc_metadata_find(&reply.headers, "echo")->value, "Bearer t0ken");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
    snprintf(target, sizeof target, "%s/socket", directory);
    unlink(target);
    rmdir(directory);
}

/* TLS. */

struct tls_files {
    char directory[32];
    char key[64], certificate[64], other_key[64], other[64];
};

static void make_files(struct tls_files *files)
{
    snprintf(files->directory, sizeof files->directory, "/tmp/mrpc-tls-XXXXXX");
    assert_non_null(mkdtemp(files->directory));
    snprintf(files->key, sizeof files->key, "%s/key.pem", files->directory);
    snprintf(files->certificate, sizeof files->certificate, "%s/cert.pem", files->directory);
    snprintf(files->other_key, sizeof files->other_key, "%s/other-key.pem", files->directory);
    snprintf(files->other, sizeof files->other, "%s/other.pem", files->directory);
    make_certificate("DNS:localhost,IP:127.0.0.1", files->key, files->certificate);
    make_certificate("DNS:localhost,IP:127.0.0.1", files->other_key, files->other);
}

static void remove_files(const struct tls_files *files)
{
    const char *const names[] = {files->key, files->certificate, files->other_key, files->other};
    for (size_t i = 0; i < 4; i++)
        unlink(names[i]);
    rmdir(files->directory);
}

static struct mrpc_tls *client_tls(const char *ca_file, const char *server_name)
{
    char why[256] = "";
    struct mrpc_tls *tls;
    const struct mrpc_tls_options options = {
        .struct_bytes = sizeof options, .ca_file = ca_file, .server_name = server_name};
    if (mrpc_tls_client_new(&options, &tls, why, sizeof why) != 0)
        fail_msg("%s", why);
    return tls;
}

static void call_over_tls(const char *target, const char *ca_file, const char *server_name, enum mrpc_code code,
                          const char *text)
{
    struct mrpc_tls *tls = client_tls(ca_file, server_name);
    struct mrpc_channel *channel =
        open_with(target, (struct mrpc_channel_options){.tls = tls, .bearer_token = "t0ken"});
    for (int i = 0; i < 2; i++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        const Test__Echo__V1__SayResponse *response = say(channel, NULL, "secret", &reply);
        assert_code(&reply, code);
        assert_int_equal(response != NULL, code == MRPC_OK);
        if (response)
            assert_string_equal(mrpc_metadata_find(&reply.headers, "echo")->value, "Bearer t0ken");
        else
            assert_non_null(strstr(reply.status.message, text));
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    mrpc_tls_free(tls);
}

static void tls_serves_who_can_verify_the_server(void **state)
{
    char why[256] = "", target[64];
    struct tls_files files;
    struct mrpc_tls *tls;
    struct echo_server server;
    make_files(&files);
    const struct mrpc_tls_options options = {
        .struct_bytes = sizeof options, .certificate_file = files.certificate, .key_file = files.key};
    if (mrpc_tls_server_new(&options, &tls, why, sizeof why) != 0)
        fail_msg("%s", why);
    echo_server_start(&server, "127.0.0.1:0", tls, 0);
    call_over_tls(server.bound, files.certificate, NULL, MRPC_OK, "");
    snprintf(target, sizeof target, "localhost%s", strchr(server.bound, ':'));
    call_over_tls(target, files.certificate, NULL, MRPC_OK, "");
    call_over_tls(server.bound, files.other, NULL, MRPC_UNAVAILABLE, "TLS handshake with");
    call_over_tls(server.bound, files.certificate, "other.example", MRPC_UNAVAILABLE, "TLS handshake with");
    /* Clear text to a TLS port. */
    struct mrpc_channel *channel = open_channel(server.bound);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    assert_null(say(channel, NULL, "x", &reply));
    assert_code(&reply, MRPC_UNAVAILABLE);
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    echo_server_stop(&server);
    mrpc_tls_free(tls);
    remove_files(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_with_metadata_and_deadline),
        cmocka_unit_test(every_status_arrives_with_its_text),
        cmocka_unit_test(an_unknown_method_is_unimplemented),
        cmocka_unit_test(a_client_stream_of_64_mib_is_counted),
        cmocka_unit_test(a_server_stream_is_read_in_order),
        cmocka_unit_test(a_chat_goes_to_and_fro),
        cmocka_unit_test(sixteen_mib_go_both_ways_plain_and_gzip),
        cmocka_unit_test(a_sender_spares_single_messages),
        cmocka_unit_test(a_reader_sees_what_came_compressed),
        cmocka_unit_test(a_deadline_ends_a_call_that_hangs),
        cmocka_unit_test(cancelling_a_song_reaches_the_server),
        cmocka_unit_test(many_threads_share_a_connection),
        cmocka_unit_test(a_rolling_restart_costs_no_call),
        cmocka_unit_test(a_program_drives_many_calls_itself),
        cmocka_unit_test(a_unix_socket_serves_and_takes_a_token),
        cmocka_unit_test(tls_serves_who_can_verify_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
