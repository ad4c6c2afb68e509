/* SPDX-License-Identifier: Apache-2.0 */

/* What handlers leave for the end of a wake-up. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/mrpc.h>

#include "echo_methods.h"
#include "test.h"

/* Of a call: four things, of two kinds, and one that the first of them leaves. */
struct leaver {
    struct mrpc_deferred things[5];
    struct mrpc_call *call;
    EchoText reply;
    pthread_t thread;
    bool in_handler;
    char lists[64];
};

static void note(struct leaver *leaver, const struct mrpc_deferred *list, const char *kind)
{
    assert_false(leaver->in_handler);
    assert_true(pthread_equal(leaver->thread, pthread_self()));
    strcat(leaver->lists, kind);
    for (; list != NULL; list = list->next)
        strncat(leaver->lists, &"01234"[list - leaver->things], 1);
}

static void last(struct mrpc_deferred *list, void *arg)
{
    struct leaver *leaver = arg;
    note(leaver, list, " last:");
    leaver->reply = echo_text(leaver->lists);
    mrpc_call_finish(leaver->call, 0, &leaver->reply.base);
}

static void other(struct mrpc_deferred *list, void *arg)
{
    note(arg, list, " other:");
}

static void one(struct mrpc_deferred *list, void *arg)
{
    struct leaver *leaver = arg;
    note(leaver, list, " one:");
    if (list != &leaver->things[0])
        return;
    leaver->things[4] = (struct mrpc_deferred){.run = last, .arg = leaver};
    assert_int_equal(mrpc_server_defer(&leaver->things[4]), 0);
}

static int say(const void *handlers, void *self, struct mrpc_call *call, const ProtobufCMessage *request,
               ProtobufCMessage *response)
{
    struct leaver *leaver = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof(*leaver));
    leaver->call = call;
    leaver->thread = pthread_self();
    leaver->in_handler = true;
    for (int i = 0; i < 4; i++) {
        leaver->things[i] = (struct mrpc_deferred){.run = i == 2 ? other : one, .arg = leaver};
        assert_int_equal(mrpc_server_defer(&leaver->things[i]), 0);
    }
    leaver->in_handler = false;
    return MRPC_PENDING;
}

static bool implemented(const void *handlers)
{
    return true;
}

static const struct mrpc_method methods[] = {ECHO_METHOD("Say", false, false)};
static const struct mrpc_invoke invokes[] = {{.message = say, .implemented = implemented}};
static const struct mrpc_service service = {.full_name = "test.Echo", .methods = methods, .method_count = 1};
static const struct mrpc_skeleton skeleton = {.service = &service, .invokes = invokes};

static void what_is_left_runs_at_the_end_of_the_wake_up_in_lists(void **state)
{
    struct mrpc_server *server;
    struct mrpc_channel *channel;
    char *bound;
    struct mrpc_server_options options = {.struct_bytes = sizeof(options), .loops = 1};
    assert_int_equal(mrpc_server_new(&options, &server), 0);
    assert_int_equal(mrpc_server_add_service(server, &skeleton, NULL, NULL), 0);
    assert_int_equal(mrpc_server_listen(server, "127.0.0.1:0", NULL, &bound), 0);
    assert_int_equal(mrpc_server_start(server), 0);
    assert_int_equal(mrpc_channel_new(bound, NULL, &channel), 0);
    for (int i = 0; i < 3; i++) {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        EchoText request = echo_text("");
        const ProtobufCMessage *response = mrpc_channel_unary(channel, &echo_say, NULL, &request.base, &reply);
        assert_int_equal(reply.status.code, 0);
        assert_string_equal(echo_value(response), " one:01 other:2 one:3 last:4");
        mrpc_reply_fini(&reply);
    }
    mrpc_channel_free(channel);
    mrpc_server_stop(server);
    mrpc_server_free(server);
    free(bound);
}

static void threads_that_are_no_loop_have_no_such_end(void **state)
{
    struct mrpc_deferred deferred = {.run = other};
    assert_int_equal(mrpc_server_defer(&deferred), MRPC_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_runs_at_the_end_of_the_wake_up_in_lists),
        cmocka_unit_test(threads_that_are_no_loop_have_no_such_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
