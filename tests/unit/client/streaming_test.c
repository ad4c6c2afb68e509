/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/channel.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echo_methods.h"
#include "scripted_server.h"
#include "test.h"

/* Calls with streams against a server on loopback that follows a script. */

static struct mrpc_channel *open_channel(const char *target)
{
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .backoff_base_ms = 20};
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(target, &options, &channel), 0);
    return channel;
}

static struct mrpc_client_call *start(struct mrpc_channel *channel, const struct mrpc_method *method)
{
    struct mrpc_client_call *call;
    assert_int_equal(mrpc_client_call_start(channel, method, NULL, NULL, NULL, &call), 0);
    return call;
}

static int send_text(struct mrpc_client_call *call, const char *text)
{
    EchoText message = echo_text(text);
    return mrpc_client_call_send(call, &message.base);
}

static int finish(struct mrpc_client_call *call)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int code = mrpc_client_call_finish(call, &reply);
    assert_int_equal(code, reply.status.code);
    if (code)
        print_message("%s: %s\n", mrpc_code_name(code), reply.status.message);
    mrpc_reply_fini(&reply);
    return code;
}

static void send_three(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    raw_ok_headers(server->peer, 1);
    raw_message(server->peer, 1, false, "\n\3one", 5);
    raw_message(server->peer, 1, false, "\n\3two", 5);
    raw_message(server->peer, 1, false, "\n\5three", 7);
    raw_trailers(server->peer, 1, "0", NULL);
    scripted_wait_close(server);
}

static void a_server_stream_is_read_to_its_end(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, send_three);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_split);
    assert_int_equal(send_text(call, "go"), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    static const char *const expected[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(echo_value(mrpc_client_call_recv(call)), expected[i]);
    assert_null(mrpc_client_call_recv(call));
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(finish(call), MRPC_OK);
    assert_int_equal(send_text(call, "late"), MRPC_ERR_DONE);
    assert_int_equal(mrpc_client_call_half_close(call), MRPC_ERR_DONE);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

/* Each message is answered when it comes. */
static void chat(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    size_t answered = 0;
    assert_non_null(scripted_wait(server, NGHTTP2_HEADERS, 1, 0));
    raw_ok_headers(server->peer, 1);
    for (;;) {
        size_t size;
        uint8_t *body = scripted_body(server, 1, &size);
        if (size > answered) {
            raw_data(server->peer, 1, false, body + answered, size - answered);
            answered = size;
        }
        free(body);
        const struct raw_frame *last = raw_peer_find(server->peer, NGHTTP2_DATA, 1);
        if (last && last->flags & NGHTTP2_FLAG_END_STREAM)
            break;
        if (!scripted_read(server))
            return;
    }
    raw_trailers(server->peer, 1, "0", NULL);
    scripted_wait_close(server);
}

static void a_bidi_call_goes_to_and_fro(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, chat);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_chat);
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "message %d", i);
        assert_int_equal(send_text(call, text), 0);
        assert_string_equal(echo_value(mrpc_client_call_recv(call)), text);
    }
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    int late = send_text(call, "after the half-close");
    assert_true(late == MRPC_ERR_INVALID || late == MRPC_ERR_DONE); /* the server may have ended the call by now */
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(finish(call), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

/* Back-pressure, reading: the server fills the stream's window; nothing is given back until the program reads. */

#define BIG_MESSAGES 20
#define BIG_BYTES 12000

struct gate {
    sem_t filled;
    sem_t read;
    size_t updates_before;
    size_t updates_after;
};

static void put_text(uint8_t *message, size_t text_bytes)
{
    message[0] = '\n'; /* field 1, and a length of two bytes */
    message[1] = (uint8_t)(0x80 | (text_bytes & 0x7f));
    message[2] = (uint8_t)(text_bytes >> 7);
    memset(message + 3, 'x', text_bytes);
}

static void fill_the_window(struct scripted_server *server, unsigned connection)
{
    static uint8_t message[BIG_BYTES];
    struct gate *gate = server->arg;
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    put_text(message, sizeof message - 3);
    raw_ok_headers(server->peer, 1);
    for (int i = 0; i < BIG_MESSAGES; i++)
        raw_message(server->peer, 1, false, message, sizeof message);
    raw_frame(server->peer, NGHTTP2_PING, 0, 0, "12345678", 8);
    assert_non_null(scripted_wait(server, NGHTTP2_PING, 0, NGHTTP2_FLAG_ACK));
    gate->updates_before = raw_peer_count(server->peer, NGHTTP2_WINDOW_UPDATE, 1);
    sem_post(&gate->filled);
    assert_non_null(scripted_wait(server, NGHTTP2_WINDOW_UPDATE, 1, 0));
    gate->updates_after = raw_peer_count(server->peer, NGHTTP2_WINDOW_UPDATE, 1);
    raw_trailers(server->peer, 1, "0", NULL);
    scripted_wait_close(server);
}

static void a_program_that_does_not_read_stops_the_server(void **state)
{
    struct gate gate = {0};
    sem_init(&gate.filled, 0, 0);
    struct scripted_server server = {.arg = &gate};
    scripted_server_start(&server, 1, fill_the_window);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_split);
    assert_int_equal(send_text(call, "go"), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    sem_wait(&gate.filled);
    const ProtobufCMessage *message;
    int count = 0;
    while ((message = mrpc_client_call_recv(call))) {
        assert_int_equal(strlen(echo_value(message)), BIG_BYTES - 3);
        count++;
    }
    assert_int_equal(count, BIG_MESSAGES);
    assert_int_equal(finish(call), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(gate.updates_before, 0);
    assert_true(gate.updates_after > 0);
    sem_destroy(&gate.filled);
}

static void finishing_early_drops_what_comes(void **state)
{
    struct gate gate = {0};
    sem_init(&gate.filled, 0, 0);
    struct scripted_server server = {.arg = &gate};
    scripted_server_start(&server, 1, fill_the_window);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_split);
    assert_int_equal(send_text(call, "go"), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    sem_wait(&gate.filled);
    assert_int_equal(finish(call), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    sem_destroy(&gate.filled);
}

/* Back-pressure, sending: 65,535 bytes of window and 64 KiB of queue, then the sender is turned away. */

static void grant_later(struct scripted_server *server, unsigned connection)
{
    struct gate *gate = server->arg;
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_HEADERS, 1, 0));
    sem_wait(&gate->filled);
    raw_window_update(server->peer, 0, 1 << 24);
    raw_window_update(server->peer, 1, 1 << 24);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    size_t size;
    free(scripted_body(server, 1, &size));
    gate->updates_after = size;
    raw_ok_headers(server->peer, 1);
    raw_message(server->peer, 1, false, "", 0);
    raw_trailers(server->peer, 1, "0", NULL);
    scripted_wait_close(server);
}

struct sender {
    struct mrpc_client_call *call;
    sem_t done;
    sem_t writable;
    unsigned writable_count;
    enum mrpc_code code;
};

static void on_writable(void *arg, struct mrpc_client_call *call)
{
    struct sender *sender = arg;
    sender->writable_count++;
    sem_post(&sender->writable);
}

static void on_sender_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                           const struct mrpc_metadata *trailers)
{
    struct sender *sender = arg;
    sender->code = status->code;
    sem_post(&sender->done);
}

static char *text_of(size_t size)
{
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static void a_sender_is_turned_away_and_called_back(void **state)
{
    static const struct mrpc_client_events events = {.on_writable = on_writable, .on_done = on_sender_done};
    struct gate gate = {0};
    struct sender sender = {0};
    sem_init(&gate.filled, 0, 0);
    sem_init(&sender.done, 0, 0);
    sem_init(&sender.writable, 0, 0);
    struct scripted_server server = {.arg = &gate};
    scripted_server_start(&server, 1, grant_later);
    struct mrpc_channel *channel = open_channel(server.target);
    assert_int_equal(mrpc_client_call_start(channel, &echo_join, NULL, &events, &sender, &sender.call), 0);
    char *text = text_of(10000);
    size_t sent = 0;
    int error;
    /* What the window lets through leaves the queue now or later: the sum is bounded either way. */
    while ((error = send_text(sender.call, text)) == 0)
        assert_true(++sent < 100);
    assert_int_equal(error, MRPC_ERR_AGAIN);
    while (sem_trywait(&sender.writable) == 0 || (error = send_text(sender.call, text)) == 0)
        assert_true(++sent < 100);
    sem_post(&gate.filled);
    sem_wait(&sender.writable);
    assert_int_equal(send_text(sender.call, text), 0);
    assert_int_equal(mrpc_client_call_half_close(sender.call), 0);
    sem_wait(&sender.done);
    assert_int_equal(sender.code, MRPC_OK);
    mrpc_client_call_free(sender.call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_in_range(sent, 7, 14);
    free(text);
}

static void *send_many(void *arg)
{
    struct sender *sender = arg;
    char *text = text_of(10000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(send_text(sender->call, text), 0);
    assert_int_equal(mrpc_client_call_half_close(sender->call), 0);
    sem_post(&sender->done);
    free(text);
    return NULL;
}

static void a_blocking_sender_waits_for_room(void **state)
{
    struct gate gate = {0};
    struct sender sender = {0};
    pthread_t thread;
    sem_init(&gate.filled, 0, 0);
    sem_init(&sender.done, 0, 0);
    struct scripted_server server = {.arg = &gate};
    scripted_server_start(&server, 1, grant_later);
    struct mrpc_channel *channel = open_channel(server.target);
    sender.call = start(channel, &echo_join);
    assert_int_equal(pthread_create(&thread, NULL, send_many, &sender), 0);
    usleep(20000); /* only so that it usually does wait; what follows holds in any case */
    assert_int_equal(sem_trywait(&sender.done), -1);
    sem_post(&gate.filled);
    pthread_join(thread, NULL);
    assert_non_null(mrpc_client_call_recv(sender.call));
    assert_int_equal(finish(sender.call), MRPC_OK);
    mrpc_client_call_free(sender.call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
    assert_int_equal(gate.updates_after, 50 * (10000 + 3 + 5));
}

/* Ends from outside. */

static void silent(struct scripted_server *server, unsigned connection)
{
    struct gate *gate = server->arg;
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_HEADERS, 1, 0));
    sem_post(&gate->filled);
    const struct raw_frame *reset = scripted_wait(server, NGHTTP2_RST_STREAM, 1, 0);
    gate->updates_after = reset ? raw_frame_error(reset) : 0;
    scripted_wait_close(server);
}

static void *recv_null(void *arg)
{
    assert_null(mrpc_client_call_recv(arg));
    return (void *)(intptr_t)finish(arg);
}

static void end_from_outside(bool free_channel)
{
    struct gate gate = {0};
    pthread_t thread;
    void *code;
    sem_init(&gate.filled, 0, 0);
    struct scripted_server server = {.arg = &gate};
    scripted_server_start(&server, 1, silent);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_chat);
    assert_int_equal(pthread_create(&thread, NULL, recv_null, call), 0);
    sem_wait(&gate.filled);
    if (free_channel)
        mrpc_channel_free(channel);
    else
        mrpc_client_call_cancel(call);
    pthread_join(thread, &code);
    assert_int_equal((intptr_t)code, MRPC_CANCELLED);
    assert_int_equal(send_text(call, "x"), MRPC_ERR_DONE);
    mrpc_client_call_cancel(call);
    if (!free_channel)
        mrpc_channel_free(channel);
    mrpc_client_call_free(call);
    scripted_server_join(&server);
    if (!free_channel)
        assert_int_equal(gate.updates_after, NGHTTP2_CANCEL);
}

static void cancel_wakes_the_reader_and_resets_the_stream(void **state)
{
    end_from_outside(false);
}

static void freeing_the_channel_wakes_the_reader(void **state)
{
    end_from_outside(true);
}

/* Callbacks. */

struct log {
    char text[256];
    struct mrpc_client_call *call;
    sem_t step;
    int hold_at;
    int messages;
    int send_error;
    int finish_code;
};

static void note(struct log *log, const char *what)
{
    strncat(log->text, what, sizeof log->text - strlen(log->text) - 1);
    strncat(log->text, " ", sizeof log->text - strlen(log->text) - 1);
}

static void log_headers(void *arg, struct mrpc_client_call *call, const struct mrpc_metadata *headers)
{
    note(arg, "headers");
}

static bool log_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *message)
{
    struct log *log = arg;
    note(log, echo_value(message));
    bool hold = ++log->messages == log->hold_at;
    if (hold)
        sem_post(&log->step);
    return !hold;
}

static void log_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                     const struct mrpc_metadata *trailers)
{
    struct log *log = arg;
    note(log, "done");
    note(log, mrpc_code_name(status->code));
    assert_null(mrpc_client_call_recv(call));
    log->send_error = send_text(call, "x");
    log->finish_code = mrpc_client_call_finish(call, NULL);
    mrpc_client_call_free(call); /* allowed in it */
    sem_post(&log->step);
}

static const struct mrpc_client_events log_events = {
    .on_headers = log_headers, .on_message = log_message, .on_done = log_done};

static void callbacks_come_in_order_and_can_be_held(void **state)
{
    struct log log = {.hold_at = 2};
    sem_init(&log.step, 0, 0);
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, send_three);
    struct mrpc_channel *channel = open_channel(server.target);
    assert_int_equal(mrpc_client_call_start(channel, &echo_split, NULL, &log_events, &log, &log.call), 0);
    assert_int_equal(send_text(log.call, "go"), 0);
    assert_int_equal(mrpc_client_call_half_close(log.call), 0);
    sem_wait(&log.step);
    assert_string_equal(log.text, "headers one two ");
    mrpc_client_call_resume(log.call);
    sem_wait(&log.step);
    assert_string_equal(log.text, "headers one two three done OK ");
    assert_int_equal(log.send_error, MRPC_ERR_DONE);
    assert_int_equal(log.finish_code, MRPC_INTERNAL);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

static void a_call_without_on_done_is_refused(void **state)
{
    static const struct mrpc_client_events none = {.on_message = log_message};
    struct mrpc_channel *channel = open_channel("127.0.0.1:1");
    struct mrpc_client_call *call = NULL;
    assert_int_equal(mrpc_client_call_start(channel, &echo_split, NULL, &none, NULL, &call), MRPC_ERR_INVALID);
    assert_null(call);
    mrpc_channel_free(channel);
}

static void blocking_forms_refuse_the_loops_own_thread(void **state)
{
    struct mrpc_loop *loop;
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_loop_new(&loop), 0);
    const struct mrpc_channel_options options = {.struct_bytes = sizeof options, .loop = loop};
    assert_int_equal(mrpc_channel_new("127.0.0.1:1", &options, &channel), 0);
    struct mrpc_client_call *call = start(channel, &echo_chat);
    char *text = text_of(70000);
    assert_int_equal(send_text(call, text), 0);
    assert_int_equal(send_text(call, text), MRPC_ERR_WOULD_DEADLOCK);
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_INTERNAL);
    mrpc_channel_free(channel);
    assert_int_equal(finish(call), MRPC_CANCELLED);
    mrpc_client_call_free(call);
    mrpc_loop_free(loop);
    free(text);
}

/* What was sent before a refusal is sent again. */
static void refuse_the_first_stream(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 1, NGHTTP2_FLAG_END_STREAM));
    raw_rst(server->peer, 1, NGHTTP2_REFUSED_STREAM);
    assert_non_null(scripted_wait(server, NGHTTP2_DATA, 3, NGHTTP2_FLAG_END_STREAM));
    scripted_echo(server, 3);
    scripted_wait_close(server);
}

static void the_messages_of_a_refused_stream_are_sent_again(void **state)
{
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, refuse_the_first_stream);
    struct mrpc_channel *channel = open_channel(server.target);
    struct mrpc_client_call *call = start(channel, &echo_chat);
    static const char *const texts[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_text(call, texts[i]), 0);
    assert_int_equal(mrpc_client_call_half_close(call), 0);
    for (int i = 0; i < 3; i++)
        assert_string_equal(echo_value(mrpc_client_call_recv(call)), texts[i]);
    assert_null(mrpc_client_call_recv(call));
    assert_int_equal(finish(call), MRPC_OK);
    mrpc_client_call_free(call);
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

/* MAX_CONCURRENT_STREAMS 1: calls wait for their turn. */

#define CALLERS 8

static void one_at_a_time(struct scripted_server *server, unsigned connection)
{
    raw_setting(server->peer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
    raw_settings_ack(server->peer);
    for (int32_t id = 1; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2) {
        assert_null(raw_peer_find(server->peer, NGHTTP2_HEADERS, id + 2));
        scripted_echo(server, id);
    }
}

static void *say_once(void *arg)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    EchoText request = echo_text("turn");
    const ProtobufCMessage *response = mrpc_channel_unary(arg, &echo_say, NULL, &request.base, &reply);
    bool good = response && strcmp(echo_value(response), "turn") == 0;
    mrpc_reply_fini(&reply);
    return (void *)(intptr_t)good;
}

static void calls_queue_for_the_servers_stream_limit(void **state)
{
    pthread_t threads[CALLERS];
    struct scripted_server server = {0};
    scripted_server_start(&server, 1, one_at_a_time);
    struct mrpc_channel *channel = open_channel(server.target);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_once, channel), 0);
    for (int i = 0; i < CALLERS; i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_true((intptr_t)good);
    }
    mrpc_channel_free(channel);
    scripted_server_join(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_stream_is_read_to_its_end),
        cmocka_unit_test(a_bidi_call_goes_to_and_fro),
        cmocka_unit_test(a_program_that_does_not_read_stops_the_server),
        cmocka_unit_test(finishing_early_drops_what_comes),
        cmocka_unit_test(a_sender_is_turned_away_and_called_back),
        cmocka_unit_test(a_blocking_sender_waits_for_room),
        cmocka_unit_test(cancel_wakes_the_reader_and_resets_the_stream),
        cmocka_unit_test(freeing_the_channel_wakes_the_reader),
        cmocka_unit_test(callbacks_come_in_order_and_can_be_held),
        cmocka_unit_test(a_call_without_on_done_is_refused),
        cmocka_unit_test(blocking_forms_refuse_the_loops_own_thread),
        cmocka_unit_test(the_messages_of_a_refused_stream_are_sent_again),
        cmocka_unit_test(calls_queue_for_the_servers_stream_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
