/* SPDX-License-Identifier: Apache-2.0 */
#include "echo_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#define LENGTH_MAX (32u << 20)

struct echo_stream {
    unsigned left;
    unsigned count;
    size_t bytes;
    const EchoText *waiting;
    EchoText line;
    struct echo_service *echo;
};

static void count_release(void *data)
{
    ((struct echo_service *)data)->released++;
}

static void forget(struct echo_service *echo, struct mrpc_call *call)
{
    for (size_t i = 0; i < echo->held_count; i++)
        if (echo->held[i] == call)
            echo->held[i--] = echo->held[--echo->held_count];
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct echo_service *echo = arg;
    echo->cancelled++;
    if (!echo->answer_at_cancel)
        return;
    forget(echo, call);
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int hold(struct echo_service *echo, struct mrpc_call *call)
{
    if (echo->held_count == ECHO_HELD_MAX)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "too many are held");
    echo->held[echo->held_count++] = call;
    mrpc_call_on_cancel(call, on_cancel, echo);
    return MRPC_PENDING;
}

static const char *behind_colon(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon != NULL ? colon + 1 : "";
}

/* The number behind the colon, bounded, since fuzzers write such texts too. */
static size_t length_in(const char *text)
{
    unsigned long length = strtoul(behind_colon(text), NULL, 10);
    return length < LENGTH_MAX ? length : LENGTH_MAX;
}

/* NULL: out of memory. */
static char *many_x(struct mrpc_arena *arena, size_t size)
{
    char *text = mrpc_arena_alloc(arena, size + 1);
    if (text == NULL)
        return NULL;
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static int no_memory(struct mrpc_call *call)
{
    return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
}

static int fail_at_length(struct mrpc_call *call, const char *text, bool in_details)
{
    char *why = many_x(mrpc_call_arena(call), length_in(text));
    if (why == NULL)
        return no_memory(call);
    EchoText detail = echo_text(why);
    if (in_details)
        (void)mrpc_call_add_detail(call, &google__protobuf__string_value__info, &detail.base);
    return mrpc_call_fail(call, MRPC_NOT_FOUND, "%s", why);
}

static int fail_with_trailers(struct echo_service *echo, struct mrpc_call *call, int count)
{
    char *value = many_x(mrpc_call_arena(call), 1024);
    if (value == NULL)
        return no_memory(call);
    while (count-- > 0 && mrpc_call_add_trailer(call, "x-long", value, 1024) == 0)
        echo->trailers_taken++;
    return mrpc_call_fail(call, MRPC_UNAVAILABLE, "with trailers");
}

static void set_compression(struct echo_service *echo, struct mrpc_call *call, bool on)
{
    if (echo->headers_first)
        (void)mrpc_call_send_headers(call);
    echo->compression_error = mrpc_call_set_compression(call, on);
}

static int say(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
               ProtobufCMessage *response)
{
    struct echo_service *echo = self;
    const char *text = echo_value(request);
    EchoText *reply = (EchoText *)response;
    echo->said++;
    mrpc_call_set_data(call, echo, count_release);
    (void)snprintf(echo->peer, sizeof(echo->peer), "%s", mrpc_call_peer(call));
    (void)snprintf(echo->identity, sizeof(echo->identity), "%s", mrpc_call_identity(call)->name);
    if (strncmp(text, "fail:", 5) == 0)
        return mrpc_call_fail(call, (enum mrpc_code)atoi(text + 5), "%s", behind_colon(text + 5));
    if (strcmp(text, "details") == 0)
        return mrpc_call_fail_field(call, "text", "%s", "is 100% \"wrong\"");
    if (strcmp(text, "retry") == 0)
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1500, "later");
    if (strcmp(text, "hold") == 0)
        return hold(echo, call);
    if (strncmp(text, "long:", 5) == 0 || strncmp(text, "details:", 8) == 0)
        return fail_at_length(call, text, text[0] == 'd');
    if (strncmp(text, "trailers:", 9) == 0)
        return fail_with_trailers(echo, call, atoi(text + 9));
    echo->request_compressed = mrpc_call_message_compressed(call);
    if (strncmp(text, "on:", 3) == 0 || strncmp(text, "off:", 4) == 0)
        set_compression(echo, call, text[1] == 'n');
    if (strncmp(text, "size:", 5) == 0 || strncmp(text, "on:", 3) == 0 || strncmp(text, "off:", 4) == 0)
        reply->value = many_x(mrpc_call_arena(call), length_in(text));
    else
        reply->value = (char *)(uintptr_t)text;
    return reply->value != NULL ? 0 : no_memory(call);
}

static void split_more(void *arg, struct mrpc_call *call)
{
    struct echo_stream *stream = arg;
    while (stream->left > 0) {
        if (stream->echo->alternate)
            set_compression(stream->echo, call, stream->echo->sent % 2 == 0);
        int error = mrpc_call_send(call, &stream->line.base);
        if (error == MRPC_ERR_AGAIN)
            return;
        if (error != 0)
            break;
        stream->left--;
        stream->echo->sent++;
    }
    mrpc_call_finish(call, stream->left == 0 ? 0 : MRPC_CANCELLED, NULL);
}

static void split_cancelled(void *arg, struct mrpc_call *call)
{
    ((struct echo_service *)arg)->cancelled++;
    mrpc_call_finish(call, MRPC_CANCELLED, NULL);
}

static int split(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                 ProtobufCMessage *response)
{
    struct echo_service *echo = self;
    const char *text = echo_value(request);
    mrpc_call_set_data(call, echo, count_release);
    if (strcmp(text, "hold") == 0)
        return hold(echo, call);
    if (strcmp(text, "forget") == 0) {
        mrpc_call_forget_request(call);
        return hold(echo, call);
    }
    struct echo_stream *stream = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*stream));
    stream->left = (unsigned)atoi(text);
    stream->line = echo_text(many_x(mrpc_call_arena(call), length_in(text)));
    stream->echo = echo;
    mrpc_call_on_cancel(call, split_cancelled, echo);
    mrpc_call_on_writable(call, split_more, stream);
    split_more(stream, call);
    return MRPC_PENDING;
}

static int open_stream(const void *handlers, void *self, struct mrpc_call *call)
{
    struct echo_service *echo = self;
    struct echo_stream *stream = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*stream));
    mrpc_call_set_data(call, stream, NULL);
    echo->chat = call;
    return echo->keep_chats ? hold(echo, call) : 0;
}

static int join(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                ProtobufCMessage *response)
{
    struct echo_stream *stream = mrpc_call_data(call);
    ((struct echo_service *)self)->messages++;
    stream->count++;
    stream->bytes += strlen(echo_value(request));
    return 0;
}

static int join_end(const void *handlers, void *self, struct mrpc_call *call)
{
    struct echo_stream *stream = mrpc_call_data(call);
    EchoText *reply = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*reply));
    *reply = echo_text(mrpc_arena_printf(mrpc_call_arena(call), "%u:%zu", stream->count, stream->bytes));
    ((struct echo_service *)self)->half_closes++;
    mrpc_call_finish(call, 0, &reply->base);
    return MRPC_PENDING;
}

static void chat_writable(void *arg, struct mrpc_call *call)
{
    struct echo_stream *stream = arg;
    if (stream->waiting == NULL || mrpc_call_send(call, &stream->waiting->base) == MRPC_ERR_AGAIN)
        return;
    stream->waiting = NULL;
    mrpc_call_resume(call);
}

static int chat(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
                ProtobufCMessage *response)
{
    struct echo_service *echo = self;
    struct echo_stream *stream = mrpc_call_data(call);
    echo->messages++;
    mrpc_call_on_writable(call, chat_writable, stream);
    int error = mrpc_call_send(call, request);
    if (error == MRPC_ERR_AGAIN) {
        stream->waiting = (const EchoText *)request;
        return MRPC_PENDING;
    }
    if (error != 0)
        return mrpc_call_fail(call, MRPC_INTERNAL, "%s", mrpc_error_text(error));
    return echo->hold_messages ? MRPC_PENDING : 0;
}

static int chat_end(const void *handlers, void *self, struct mrpc_call *call)
{
    ((struct echo_service *)self)->half_closes++;
    return 0;
}

static bool implemented(const void *handlers)
{
    return true;
}

static bool not_implemented(const void *handlers)
{
    return false;
}

static const struct mrpc_method methods[] = {
    ECHO_METHOD("Say", false, false), ECHO_METHOD("Split", false, true),    ECHO_METHOD("Join", true, false),
    ECHO_METHOD("Chat", true, true),  ECHO_METHOD("Missing", false, false),
    {.name = "Ask", .path = "/test.Echo/Ask", .request = &google__protobuf__string_value__info,
     .response = &google__protobuf__string_value__info, .no_side_effects = true},
};

static const struct mrpc_invoke invokes[] = {
    {.message = say, .implemented = implemented},
    {.message = split, .implemented = implemented},
    {.open = open_stream, .message = join, .half_close = join_end, .implemented = implemented},
    {.open = open_stream, .message = chat, .half_close = chat_end, .implemented = implemented},
    {.message = say, .implemented = not_implemented},
    {.message = say, .implemented = implemented},
};

static const struct mrpc_service service = {.full_name = "test.Echo", .methods = methods, .method_count = 6};
static const struct mrpc_skeleton skeleton = {.service = &service, .invokes = invokes};

int echo_service_add(struct echo_service *echo, struct mrpc_server *server)
{
    return mrpc_server_add_service(server, &skeleton, NULL, echo);
}

void echo_service_finish_held(struct echo_service *echo, int code)
{
    while (echo->held_count > 0) {
        struct mrpc_call *call = echo->held[--echo->held_count];
        EchoText *reply = mrpc_arena_alloc(mrpc_call_arena(call), sizeof(*reply));
        *reply = echo_text("late");
        mrpc_call_finish(call, code, code == 0 && !mrpc_call_method(call)->server_streaming ? &reply->base : NULL);
    }
}
