/* SPDX-License-Identifier: Apache-2.0 */
#include "echo_service.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test.h"

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void give_up(void *arg, struct mrpc_call *call)
{
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static void echo_metadata(struct mrpc_call *call)
{
    const struct mrpc_metadata *metadata = mrpc_call_request_metadata(call);
    for (size_t i = 0; i < metadata->count; i++) {
        const struct mrpc_metadatum *entry = &metadata->entries[i];
        if (strcmp(entry->key, "echo") == 0 || strcmp(entry->key, "authorization") == 0)
            mrpc_call_add_header(call, "echo", entry->value, entry->value_bytes);
        if (strcmp(entry->key, "echo-bin") == 0)
            mrpc_call_add_trailer(call, "echo-bin", entry->value, entry->value_bytes);
    }
}

static int say(void *self, struct mrpc_call *call, const Test__Echo__V1__SayRequest *request,
               Test__Echo__V1__SayResponse *response)
{
    echo_metadata(call);
    if (request->fail == MRPC_INVALID_ARGUMENT)
        return mrpc_call_fail_field(call, request->field, "is wrong");
    if (request->fail)
        return mrpc_call_fail(call, (enum mrpc_code)request->fail, "asked to fail: \xe2\x82\xac 100%%");
    if (request->hang) {
        mrpc_call_on_cancel(call, give_up, NULL);
        return MRPC_PENDING;
    }
    response->text = request->text; /* the request lives until the response is encoded */
    response->payload = request->payload;
    int64_t deadline_ms = mrpc_call_deadline_ms(call);
    response->deadline_left_ms = deadline_ms == INT64_MAX ? 0 : deadline_ms - now_ms();
    return MRPC_OK;
}

static int count_open(void *self, struct mrpc_call *call)
{
    Test__Echo__V1__CountResponse *response = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *response);
    test__echo__v1__count_response__init(response);
    mrpc_call_set_data(call, response, NULL);
    return MRPC_OK;
}

static int count_message(void *self, struct mrpc_call *call, const Test__Echo__V1__CountRequest *message)
{
    Test__Echo__V1__CountResponse *response = mrpc_call_data(call);
    response->messages++;
    response->bytes += (int64_t)message->payload.len;
    response->compressed += mrpc_call_message_compressed(call);
    return MRPC_OK;
}

static int count_half_close(void *self, struct mrpc_call *call)
{
    mrpc_call_finish(call, MRPC_OK, mrpc_call_data(call));
    return MRPC_PENDING;
}

struct song {
    int32_t next;
    int32_t lines;
    Test__Echo__V1__SingResponse line;
};

/* Send until the queue is full or the song is over. */
static int sing_on(struct mrpc_call *call, struct song *song)
{
    for (; song->next < song->lines; song->next++) {
        song->line.line = song->next;
        int error = mrpc_call_send(call, &song->line.base);
        if (error == MRPC_ERR_AGAIN)
            return MRPC_PENDING;
        if (error)
            return MRPC_CANCELLED;
    }
    return MRPC_OK;
}

static void sing_writable(void *arg, struct mrpc_call *call)
{
    int result = sing_on(call, arg);
    if (result != MRPC_PENDING)
        mrpc_call_finish(call, result, NULL);
}

static int sing(void *self, struct mrpc_call *call, const Test__Echo__V1__SingRequest *request)
{
    struct mrpc_arena *arena = mrpc_call_arena(call);
    struct song *song = mrpc_arena_calloc(arena, 1, sizeof *song);
    song->lines = request->lines;
    test__echo__v1__sing_response__init(&song->line);
    song->line.payload.len = (size_t)request->line_bytes;
    song->line.payload.data = mrpc_arena_calloc(arena, 1, (size_t)request->line_bytes);
    mrpc_call_on_writable(call, sing_writable, song);
    mrpc_call_on_cancel(call, give_up, NULL);
    return sing_on(call, song);
}

static int chat_message(void *self, struct mrpc_call *call, const Test__Echo__V1__ChatRequest *message)
{
    Test__Echo__V1__ChatResponse response = TEST__ECHO__V1__CHAT_RESPONSE__INIT;
    response.text = message->text;
    return mrpc_call_send(call, &response.base) ? MRPC_RESOURCE_EXHAUSTED : MRPC_OK;
}

static const struct test__echo__v1__echo__handlers handlers = {
    .say = say,
    .count = {.open = count_open, .message = count_message, .half_close = count_half_close},
    .sing = sing,
    .chat = {.message = chat_message},
};

static void start(struct echo_server *self, const char *address, struct mrpc_tls *tls, uint32_t receive_message_bytes,
                  bool health)
{
    struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 2};
    options.limits.receive_message_bytes = receive_message_bytes;
    options.limits.send_message_bytes = 64 << 20;
    options.limits.connection_memory_bytes = 64 << 20;
    assert_int_equal(mrpc_server_new(&options, &self->server), 0);
    assert_int_equal(test__echo__v1__echo__add_to_server(self->server, &handlers, NULL), 0);
    if (health)
        assert_int_equal(mrpc_server_enable_health(self->server), 0);
    assert_int_equal(mrpc_server_listen(self->server, address, tls, &self->bound), 0);
    assert_int_equal(mrpc_server_start(self->server), 0);
}

void echo_server_start(struct echo_server *self, const char *address, struct mrpc_tls *tls,
                       uint32_t receive_message_bytes)
{
    start(self, address, tls, receive_message_bytes, false);
}

void echo_server_start_with_health(struct echo_server *self, const char *address)
{
    start(self, address, NULL, 0, true);
}

void echo_server_stop(struct echo_server *self)
{
    mrpc_server_stop(self->server);
    mrpc_server_free(self->server);
    free(self->bound);
}

static void drained(void *arg)
{
    sem_post(arg);
}

void echo_server_drain(struct echo_server *self, uint32_t grace_ms)
{
    sem_t done;
    sem_init(&done, 0, 0);
    mrpc_server_drain(self->server, grace_ms, drained, &done);
    sem_wait(&done);
    sem_destroy(&done);
    echo_server_stop(self);
}
