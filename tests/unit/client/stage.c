/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo_methods.h"
#include "test.h"

static void *resolver_start(void *arg, const char *target, struct mrpc_resolver_listener *listener)
{
    struct stage *stage = arg;
    stage->starts++;
    snprintf(stage->resolver_target, sizeof stage->resolver_target, "%s", target);
    if (stage->refuse_start)
        return NULL;
    stage->listener = listener;
    return stage;
}

static void resolver_asked(void *self)
{
    struct stage *stage = self;
    stage->asked++;
}

static void resolver_stop(void *self)
{
    struct stage *stage = self;
    stage->stops++;
    mrpc_resolver_listener_release(stage->listener);
    stage->listener = NULL;
}

static const struct mrpc_resolver resolver = {.struct_bytes = sizeof resolver,
                                              .start = resolver_start,
                                              .resolve_now = resolver_asked,
                                              .stop = resolver_stop};

void stage_open_target(struct stage *stage, const char *target, struct mrpc_channel_options options)
{
    assert_int_equal(mrpc_loop_new(&stage->loop), 0);
    options.struct_bytes = sizeof options;
    options.loop = stage->loop;
    if (!options.backoff_base_ms)
        options.backoff_base_ms = 20;
    if (!options.backoff_max_ms)
        options.backoff_max_ms = 50;
    assert_int_equal(mrpc_channel_new(target, &options, &stage->channel), 0);
}

void stage_open(struct stage *stage, struct mrpc_channel_options options)
{
    options.resolver = &resolver;
    options.resolver_arg = stage;
    stage_open_target(stage, "test:///users", options);
}

void stage_close(struct stage *stage)
{
    mrpc_channel_free(stage->channel);
    mrpc_loop_free(stage->loop);
}

static bool has_listener(const struct stage *stage)
{
    return stage->listener;
}

void stage_connect(struct stage *stage)
{
    mrpc_channel_connect(stage->channel);
    stage_drive(stage, has_listener);
}

void stage_push(struct stage *stage, const char *addresses, const uint32_t *weights, const char *service_config)
{
    struct mrpc_resolver_address list[16] = {0};
    struct mrpc_resolver_result result = {.struct_bytes = sizeof result,
                                          .address_bytes = sizeof list[0],
                                          .addresses = list,
                                          .service_config = service_config};
    char *copy = strdup(addresses), *rest = copy, *one;
    while ((one = strsep(&rest, ",")) && *one) {
        list[result.address_count].address = one;
        list[result.address_count].weight = weights ? weights[result.address_count] : 0;
        result.address_count++;
    }
    assert_int_equal(mrpc_resolver_push(stage->listener, &result), 0);
    free(copy);
}

static void note(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct stage_call *call = arg;
    const char *text = response ? echo_value(response) : reply->status.message;
    call->done = true;
    call->code = reply->status.code;
    snprintf(call->text, sizeof call->text, "%s", text ? text : "");
}

size_t stage_call(struct stage *stage, const struct mrpc_call_options *options)
{
    return stage_call_with(stage, options, "who are you?");
}

size_t stage_call_with(struct stage *stage, const struct mrpc_call_options *options, const char *text)
{
    EchoText request = echo_text(text);
    size_t index = stage->call_count++;
    assert_in_range(index, 0, STAGE_CALLS_MAX - 1);
    mrpc_channel_unary_async(stage->channel, &echo_say, options, &request.base, note, &stage->calls[index]);
    return index;
}

/* The descriptor alone tells when there is something to do. */
void stage_drive(struct stage *stage, bool (*done)(const struct stage *stage))
{
    assert_int_equal(mrpc_loop_process(stage->loop), 0);
    while (!done(stage)) {
        struct pollfd fd = {.fd = mrpc_loop_fd(stage->loop), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 30000), 1);
        assert_int_equal(mrpc_loop_process(stage->loop), 0);
    }
}

bool stage_all_done(const struct stage *stage)
{
    for (size_t i = 0; i < stage->call_count; i++)
        if (!stage->calls[i].done)
            return false;
    return true;
}

bool stage_is_ready(const struct stage *stage)
{
    return mrpc_channel_state(stage->channel) == MRPC_READY;
}

bool stage_has_failed(const struct stage *stage)
{
    return mrpc_channel_state(stage->channel) == MRPC_TRANSIENT_FAILURE;
}

size_t stage_subchannels(const struct stage *stage, enum mrpc_connectivity state)
{
    size_t count = 0;
    for (const struct mrpc_subchannel *at = stage->channel->subchannels; at; at = at->next)
        count += at->state == state;
    return count;
}

bool stage_all_ready(const struct stage *stage)
{
    const struct mrpc_subchannel *at = stage->channel->subchannels;
    if (!at)
        return false;
    for (; at; at = at->next)
        if (at->state != MRPC_READY)
            return false;
    return true;
}

unsigned stage_ask(struct stage *stage, unsigned count, const char *name)
{
    unsigned named = 0;
    for (unsigned i = 0; i < count; i++) {
        stage->call_count = 0;
        stage->calls[0] = (struct stage_call){0};
        stage_call(stage, NULL);
        stage_drive(stage, stage_all_done);
        if (stage->calls[0].code != MRPC_OK)
            print_message("%s: %s\n", mrpc_code_name(stage->calls[0].code), stage->calls[0].text);
        assert_int_equal(stage->calls[0].code, MRPC_OK);
        named += strcmp(stage->calls[0].text, name) == 0;
    }
    return named;
}

unsigned stage_count_text(const struct stage *stage, const char *text)
{
    unsigned count = 0;
    for (size_t i = 0; i < stage->call_count; i++)
        count += strcmp(stage->calls[i].text, text) == 0;
    return count;
}

/* Servers. */

void say_text(struct scripted_server *server, int32_t id, const char *text)
{
    uint8_t message[128];
    size_t size = strlen(text);
    assert_in_range(size, 1, 100);
    message[0] = 0x0a; /* field 1, length-delimited */
    message[1] = (uint8_t)size;
    memcpy(message + 2, text, size);
    raw_ok_headers(server->peer, id);
    raw_message(server->peer, id, false, message, size + 2);
    raw_trailers(server->peer, id, "0", NULL);
    scripted_flush(server);
}

void say_name_from(struct scripted_server *server, int32_t id)
{
    for (; scripted_wait(server, NGHTTP2_DATA, id, NGHTTP2_FLAG_END_STREAM); id += 2)
        say_text(server, id, server->arg);
}

static void say_name(struct scripted_server *server, unsigned connection)
{
    scripted_hello(server);
    say_name_from(server, 1);
}

void named_server_start(struct scripted_server *server, const char *name, unsigned connections)
{
    *server = (struct scripted_server){.arg = (void *)name};
    scripted_server_start(server, connections, say_name);
}
