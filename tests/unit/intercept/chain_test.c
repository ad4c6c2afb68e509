/* SPDX-License-Identifier: Apache-2.0 */

/* The chain itself: who hears what of a call, in which order, whatever becomes of it. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_driver.h"
#include "test.h"
#include "wire/frame.h"

/* Three interceptors, A, B and C, write what they hear into one text. */
struct witness {
    char name;
    struct scene *scene;
};

struct scene {
    struct session_driver driver;
    struct witness witnesses[3];
    char heard[4096];
    int refuse_at;                   /* 0, 1, 2: that one refuses; -1: none */
    bool message_data;
    struct mrpc_call_end end;        /* as C saw it last */
    char end_message[128];
    size_t end_trailers;
    int64_t deadline_ms;
    struct mrpc_call_message received, sent;
    char sent_text[4096];
};

struct witness_state {
    int events;
    char name;
};

static void hear(struct witness *witness, struct witness_state *state, const char *what)
{
    struct scene *scene = witness->scene;
    assert_int_equal(state->events > 0, strcmp(what, "started") != 0);   /* zeroed at first */
    assert_int_equal(state->name, state->events > 0 ? witness->name : 0);
    state->events++;
    state->name = witness->name;
    size_t used = strlen(scene->heard);
    (void)snprintf(scene->heard + used, sizeof(scene->heard) - used, "%c:%s ", witness->name, what);
}

static int on_started(void *self, void *state, struct mrpc_call *call)
{
    struct witness *witness = self;
    struct scene *scene = witness->scene;
    hear(witness, state, "started");
    scene->deadline_ms = mrpc_call_deadline_ms(call);
    assert_int_equal(mrpc_call_now_ms(call), scene->driver.now_ms);
    assert_string_equal(mrpc_call_authority(call), "test");
    if (scene->refuse_at < 0 || witness != &scene->witnesses[scene->refuse_at])
        return 0;
    assert_int_equal(mrpc_call_add_trailer(call, "why", "not you", 7), 0);
    return mrpc_call_fail_retry(call, MRPC_RESOURCE_EXHAUSTED, 1500, "%c refuses", witness->name);
}

static void on_received(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    hear(self, state, "received");
    ((struct witness *)self)->scene->received = *message;
}

static void on_half_closed(void *self, void *state, struct mrpc_call *call)
{
    hear(self, state, "half_closed");
}

static void on_headers(void *self, void *state, struct mrpc_call *call, const struct mrpc_metadata *headers)
{
    hear(self, state, headers->count > 0 ? "headers+" : "headers");
}

static void on_sent(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    struct scene *scene = ((struct witness *)self)->scene;
    hear(self, state, "sent");
    scene->sent = *message;
    if (message->data != NULL && message->bytes < sizeof(scene->sent_text)) {
        memcpy(scene->sent_text, message->data, message->bytes);
        scene->sent_text[message->bytes] = '\0';
    }
}

static void on_cancelled(void *self, void *state, struct mrpc_call *call, int code)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "cancelled:%d", code);
    hear(self, state, text);
}

static void on_ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct scene *scene = ((struct witness *)self)->scene;
    char text[32];
    (void)snprintf(text, sizeof(text), "ended:%d", end->code);
    hear(self, state, text);
    scene->end = *end;
    scene->end_trailers = end->trailers->count;
    (void)snprintf(scene->end_message, sizeof(scene->end_message), "%s", end->message != NULL ? end->message : "");
}

static void on_unknown(void *self, const struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct scene *scene = ((struct witness *)self)->scene;
    size_t used = strlen(scene->heard);
    assert_int_equal(end->code, MRPC_UNIMPLEMENTED);
    assert_int_equal(end->trailers->count, 0);
    assert_true(end->duration_us >= 0);
    assert_string_equal(mrpc_call_peer(call), "memory:1");
    (void)snprintf(scene->heard + used, sizeof(scene->heard) - used, "unknown:%s ",
                   mrpc_call_method(call) != NULL ? mrpc_call_method(call)->path : "none");
}

static void on_enter(void *self, void *state, struct mrpc_call *call)
{
    hear(self, state, "enter");
}

static void on_leave(void *self, void *state, struct mrpc_call *call)
{
    hear(self, state, "leave");
}

/* Thread: whose it likes. */
static void on_finished(void *self, void *state, const struct mrpc_call *call, int code)
{
    char what[16];
    (void)snprintf(what, sizeof(what), "finished:%d", code);
    hear(self, state, what);
}

static const struct mrpc_interceptor bracket = {
    .struct_bytes = sizeof(bracket), .name = "D", .state_bytes = sizeof(struct witness_state), .started = on_started,
    .ended = on_ended, .enter = on_enter, .leave = on_leave, .finished = on_finished};

static const struct mrpc_interceptor kinds[3] = {
    {.struct_bytes = sizeof(kinds[0]), .name = "A", .state_bytes = sizeof(struct witness_state), .started = on_started,
     .ended = on_ended},
    {.struct_bytes = sizeof(kinds[0]), .name = "B", .state_bytes = sizeof(struct witness_state), .started = on_started,
     .received = on_received, .half_closed = on_half_closed, .headers = on_headers, .sent = on_sent,
     .cancelled = on_cancelled, .ended = on_ended},
    {.struct_bytes = sizeof(kinds[0]), .name = "C", .state_bytes = sizeof(struct witness_state), .started = on_started,
     .cancelled = on_cancelled, .ended = on_ended, .unknown = on_unknown},
};

static void prepare(struct mrpc_server *server, void *arg)
{
    struct scene *scene = arg;
    static struct mrpc_interceptor with_data;
    with_data = kinds[1];
    with_data.message_data = true;
    for (size_t i = 0; i < 3; i++) {
        scene->witnesses[i] = (struct witness){"ABC"[i], scene};
        const struct mrpc_interceptor *kind = i == 1 && scene->message_data ? &with_data : &kinds[i];
        assert_int_equal(mrpc_server_add_interceptor(server, kind, &scene->witnesses[i]), 0);
    }
}

static struct scene *open_scene(bool message_data, int refuse_at)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    scene->refuse_at = refuse_at;
    scene->message_data = message_data;
    driver_open_with(&scene->driver, prepare, scene);
    return scene;
}

static void close_scene(struct scene *scene)
{
    driver_close(&scene->driver);
    free(scene);
}

static void expect_heard(struct scene *scene, const char *expected)
{
    assert_string_equal(scene->heard, expected);
    scene->heard[0] = '\0';
}

#define STARTED "A:started B:started C:started "

static void all_see_a_unary_call_in_order_and_its_end_in_reverse(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Say", "hello");
    expect_heard(scene, STARTED "B:received B:half_closed B:headers B:sent C:ended:0 B:ended:0 A:ended:0 ");
    assert_int_equal(scene->end.received.messages, 1);
    assert_int_equal(scene->end.received.bytes, 7);
    assert_int_equal(scene->end.sent.messages, 1);
    assert_int_equal(scene->end.sent.wire_bytes, 7);
    assert_false(scene->end.cancelled);
    assert_false(scene->end.trailers_only);
    assert_int_equal(scene->deadline_ms, INT64_MAX);
    close_scene(scene);
}

/* Checklist, server 4. */
static void server_4_what_has_no_method_is_one_event(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Nothing", "");
    driver_call(&scene->driver, 3, "Missing", "");
    assert_int_equal(driver_status(&scene->driver, 1), MRPC_UNIMPLEMENTED);
    assert_int_equal(driver_status(&scene->driver, 3), MRPC_UNIMPLEMENTED);
    expect_heard(scene, "unknown:none unknown:/test.Echo/Missing ");
    close_scene(scene);
}

static void whoever_refuses_ends_it_for_those_that_were_started(void **state)
{
    static const char *const heard[] = {
        "A:started A:ended:8 ",
        "A:started B:started B:ended:8 A:ended:8 ",
        STARTED "C:ended:8 B:ended:8 A:ended:8 ",
    };
    static const char *const methods[] = {"Say", "Split", "Join", "Chat"};
    for (int at = 0; at < 3; at++) {
        struct scene *scene = open_scene(false, at);
        for (int i = 0; i < 4; i++) {
            int id = 2 * i + 1;
            driver_call(&scene->driver, id, methods[i], "1:1");
            assert_int_equal(driver_status(&scene->driver, id), MRPC_RESOURCE_EXHAUSTED);
            assert_int_equal(driver_trailer(&scene->driver, id, "grpc-message")[0], "ABC"[at]);
            assert_string_equal(driver_trailer(&scene->driver, id, "why"), "not you");
            assert_true(driver_trailer(&scene->driver, id, "grpc-status-details-bin")[0] != '\0');
            expect_heard(scene, heard[at]);
            assert_true(scene->end.trailers_only);
            assert_true(scene->end.details_bytes > 0);
            assert_int_equal(scene->end_trailers, 1);
            assert_int_equal(scene->end.received.messages, 0);
        }
        assert_int_equal(scene->driver.echo.said, 0);
        assert_int_equal(scene->driver.echo.messages, 0);
        assert_null(scene->driver.echo.chat);
        close_scene(scene);
    }
}

static void streams_are_seen_message_by_message(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Split", "2:10");
    expect_heard(scene, STARTED "B:received B:half_closed B:headers B:sent B:sent C:ended:0 B:ended:0 A:ended:0 ");
    assert_int_equal(scene->end.sent.messages, 2);
    assert_int_equal(scene->end.sent.bytes, 24);
    driver_headers(&scene->driver, 3, "Chat", NULL, 0);
    driver_message(&scene->driver, 3, "a", false);
    driver_message(&scene->driver, 3, "bc", false);
    driver_pump(&scene->driver);
    expect_heard(scene, STARTED "B:received B:headers B:sent B:received B:sent ");
    raw_data(&scene->driver.client, 3, true, NULL, 0);
    driver_pump(&scene->driver);
    expect_heard(scene, "B:half_closed C:ended:0 B:ended:0 A:ended:0 ");
    assert_int_equal(scene->end.received.bytes, 3 + 4);
    close_scene(scene);
}

static void prepare_bracket(struct mrpc_server *server, void *arg)
{
    struct scene *scene = arg;
    scene->witnesses[0] = (struct witness){'D', scene};
    assert_int_equal(mrpc_server_add_interceptor(server, &bracket, &scene->witnesses[0]), 0);
}

/* Each time that a handler runs it stands between enter and leave; who keeps a call is heard when he finishes it. */
static void handlers_run_between_enter_and_leave(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    scene->refuse_at = -1;
    driver_open_with(&scene->driver, prepare_bracket, scene);
    driver_call(&scene->driver, 1, "Say", "hello");
    expect_heard(scene, "D:started D:enter D:leave D:ended:0 ");
    driver_call(&scene->driver, 3, "Say", "hold");
    expect_heard(scene, "D:started D:enter D:leave ");
    echo_service_finish_held(&scene->driver.echo, 5);
    driver_pump(&scene->driver);
    expect_heard(scene, "D:finished:5 D:ended:5 ");
    driver_headers(&scene->driver, 5, "Join", NULL, 0);
    driver_message(&scene->driver, 5, "x", false);
    driver_pump(&scene->driver);
    expect_heard(scene, "D:started D:enter D:leave D:enter D:leave ");
    close_scene(scene);
}

static void a_reset_is_told_at_once_and_the_end_when_the_handler_lets_go(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Say", "hold");
    raw_rst(&scene->driver.client, 1, NGHTTP2_CANCEL);
    driver_pump(&scene->driver);
    expect_heard(scene, STARTED "B:received B:half_closed B:cancelled:1 C:cancelled:1 ");
    echo_service_finish_held(&scene->driver.echo, 0);
    driver_pump(&scene->driver);
    expect_heard(scene, "C:ended:1 B:ended:1 A:ended:1 ");
    assert_true(scene->end.cancelled);
    close_scene(scene);
}

static void a_stream_that_nobody_holds_ends_with_its_connection(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_headers(&scene->driver, 1, "Join", NULL, 0);
    driver_message(&scene->driver, 1, "x", false);
    driver_pump(&scene->driver);
    expect_heard(scene, STARTED "B:received ");
    driver_disconnect(&scene->driver);
    expect_heard(scene, "B:cancelled:1 C:cancelled:1 C:ended:1 B:ended:1 A:ended:1 ");
    close_scene(scene);
}

static void deadlines_are_seen_and_end_calls_as_deadlines(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_headers(&scene->driver, 1, "Say", &(struct raw_field){"grpc-timeout", "250m"}, 1);
    driver_message(&scene->driver, 1, "hold", true);
    driver_pump(&scene->driver);
    assert_int_equal(scene->deadline_ms, scene->driver.now_ms + 250);
    scene->heard[0] = '\0';
    driver_advance(&scene->driver, 250);
    expect_heard(scene, "B:cancelled:4 C:cancelled:4 ");
    echo_service_finish_held(&scene->driver.echo, 0);
    driver_pump(&scene->driver);
    expect_heard(scene, "C:ended:4 B:ended:4 A:ended:4 ");
    assert_string_equal(scene->end_message, "the deadline has passed");
    driver_headers(&scene->driver, 3, "Say", &(struct raw_field){"grpc-timeout", "0m"}, 1);
    driver_message(&scene->driver, 3, "now", true);
    driver_pump(&scene->driver);
    expect_heard(scene, STARTED "B:cancelled:4 C:cancelled:4 C:ended:4 B:ended:4 A:ended:4 ");
    assert_int_equal(scene->driver.echo.said, 1);
    close_scene(scene);
}

static void the_end_is_what_the_peer_was_told(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Say", "size:17000000");   /* the server sends 16 MiB at most */
    assert_int_equal(driver_status(&scene->driver, 1), MRPC_RESOURCE_EXHAUSTED);
    expect_heard(scene, STARTED "B:received B:half_closed C:ended:8 B:ended:8 A:ended:8 ");
    driver_call(&scene->driver, 3, "Say", "details");
    assert_int_equal(scene->end.code, MRPC_INVALID_ARGUMENT);
    assert_string_equal(scene->end_message, "text: is 100% \"wrong\"");
    assert_true(scene->end.details_bytes > 0);
    scene->heard[0] = '\0';
    driver_headers(&scene->driver, 5, "Say", NULL, 0);
    raw_message(&scene->driver.client, 5, true, "\xff", 1);
    driver_pump(&scene->driver);
    expect_heard(scene, STARTED "B:received B:cancelled:13 C:cancelled:13 C:ended:13 B:ended:13 A:ended:13 ");
    close_scene(scene);
}

static void send_compressed(struct session_driver *driver, int32_t id, const char *method, const char *text)
{
    struct raw_field fields[] = {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "gzip"}};
    driver_headers(driver, id, method, fields, 2);
    EchoText message = echo_text(text);
    struct mrpc_buffer framed = {0};
    assert_int_equal(mrpc_frame_message(echo_say.request, &message.base, MRPC_ENCODING_GZIP, 0, &framed, NULL), 0);
    raw_data(&driver->client, id, true, mrpc_buffer_bytes(&framed), mrpc_buffer_size(&framed));
    mrpc_buffer_fini(&framed);
    driver_pump(driver);
}

static void sizes_are_known_with_and_without_compression(void **state)
{
    for (int data = 0; data < 2; data++) {
        struct scene *scene = open_scene(data == 1, -1);
        send_compressed(&scene->driver, 1, "Say", "size:1000");
        assert_int_equal(driver_status(&scene->driver, 1), 0);
        assert_int_equal(scene->received.bytes, 11);
        assert_int_equal(scene->received.wire_bytes, 11);   /* compressed to no advantage: sent as it is */
        assert_int_equal(scene->sent.bytes, 1003);
        assert_true(scene->sent.wire_bytes < 100);
        assert_int_equal(scene->sent.data != NULL, data == 1);
        send_compressed(&scene->driver, 3, "Split", "2:000000000000000000000000000000000000000000000000000000001000");
        assert_int_equal(driver_status(&scene->driver, 3), 0);
        assert_int_equal(scene->received.bytes, 64);
        assert_true(scene->received.wire_bytes < 64);
        assert_int_equal(scene->end.sent.bytes, 2006);
        assert_true(scene->end.sent.wire_bytes < 200);
        close_scene(scene);
    }
}

static void data_of_what_is_sent_is_there_for_who_asks(void **state)
{
    struct scene *scene = open_scene(true, -1);
    driver_call(&scene->driver, 1, "Say", "hello");
    assert_string_equal(scene->sent_text, "\n\x05hello");
    send_compressed(&scene->driver, 3, "Say", "size:1000");
    assert_int_equal(strlen(scene->sent_text), 1003);
    assert_int_equal(strspn(scene->sent_text + 3, "x"), 1000);
    driver_call(&scene->driver, 5, "Split", "1:3");
    assert_string_equal(scene->sent_text, "\n\x03xxx");
    close_scene(scene);
}

static void *send_and_finish(void *arg)
{
    struct mrpc_call *call = arg;
    EchoText text = echo_text("from afar");
    assert_int_equal(mrpc_call_add_header(call, "where", "afar", 4), 0);
    assert_int_equal(mrpc_call_send(call, &text.base), 0);
    mrpc_call_finish(call, 0, NULL);
    return NULL;
}

static void what_other_threads_send_is_told_on_the_loop(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Split", "hold");
    scene->heard[0] = '\0';
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_and_finish, scene->driver.echo.held[0]), 0);
    pthread_join(thread, NULL);
    scene->driver.echo.held_count = 0;
    expect_heard(scene, "");
    driver_pump(&scene->driver);
    expect_heard(scene, "B:headers+ B:sent C:ended:0 B:ended:0 A:ended:0 ");
    assert_int_equal(scene->sent.bytes, 11);
    close_scene(scene);
}

static void states_are_found_by_their_kind(void **state)
{
    struct scene *scene = open_scene(false, -1);
    driver_call(&scene->driver, 1, "Say", "hold");
    driver_call(&scene->driver, 3, "Say", "hold");
    const struct witness_state *first = mrpc_call_state(scene->driver.echo.held[0], &kinds[0]);
    const struct witness_state *last = mrpc_call_state(scene->driver.echo.held[0], &kinds[2]);
    assert_int_equal(first->name, 'A');
    assert_int_equal(last->name, 'C');
    assert_ptr_not_equal(first, mrpc_call_state(scene->driver.echo.held[1], &kinds[0]));
    static const struct mrpc_interceptor stranger = {.struct_bytes = sizeof(stranger)};
    assert_null(mrpc_call_state(scene->driver.echo.held[0], &stranger));
    assert_int_equal(mrpc_server_add_interceptor(scene->driver.server, &stranger, NULL), MRPC_ERR_INVALID);
    echo_service_finish_held(&scene->driver.echo, 0);
    driver_pump(&scene->driver);
    close_scene(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_see_a_unary_call_in_order_and_its_end_in_reverse),
        cmocka_unit_test(server_4_what_has_no_method_is_one_event),
        cmocka_unit_test(whoever_refuses_ends_it_for_those_that_were_started),
        cmocka_unit_test(streams_are_seen_message_by_message),
        cmocka_unit_test(a_reset_is_told_at_once_and_the_end_when_the_handler_lets_go),
        cmocka_unit_test(a_stream_that_nobody_holds_ends_with_its_connection),
        cmocka_unit_test(deadlines_are_seen_and_end_calls_as_deadlines),
        cmocka_unit_test(the_end_is_what_the_peer_was_told),
        cmocka_unit_test(sizes_are_known_with_and_without_compression),
        cmocka_unit_test(data_of_what_is_sent_is_there_for_who_asks),
        cmocka_unit_test(what_other_threads_send_is_told_on_the_loop),
        cmocka_unit_test(states_are_found_by_their_kind),
        cmocka_unit_test(handlers_run_between_enter_and_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
