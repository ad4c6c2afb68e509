/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fixture.h"

/* Who may change what: every method that changes an instance, by its owner, by others, by nobody in particular and by
 * an admin. */

static struct fixture fixture;

static const struct mrpc_call_options *as(const char *who)
{
    static struct mrpc_metadatum metadatum;
    static struct mrpc_call_options options;
    metadatum = (struct mrpc_metadatum){"who", who, strlen(who)};
    options = (struct mrpc_call_options){.struct_bytes = sizeof options,
                                         .timeout_ms = 20000,
                                         .metadata = &metadatum,
                                         .metadata_count = who[0] != '\0'};
    return &options;
}

static int put(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    RPC(register)(fixture.channel, as(who), &sample->request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static int register_again(const char *who, struct sample *sample)
{
    sample->endpoint.port++;
    return put(who, sample);
}

static int update(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(UpdateInstanceRequest) request;
    Google__Protobuf__FieldMask mask;
    char *paths[] = {(char *)(uintptr_t) "weight"};
    mltrainer__registry__v1__update_instance_request__init(&request);
    google__protobuf__field_mask__init(&mask);
    mask.paths = paths;
    mask.n_paths = 1;
    sample->instance.weight++;
    request.instance = &sample->instance;
    request.update_mask = &mask;
    RPC(update_instance)(fixture.channel, as(who), &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static int drain(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(SetOperatorStateRequest) request;
    mltrainer__registry__v1__set_operator_state_request__init(&request);
    request.key = &sample->key;
    request.operator_state = (PB(OperatorState))OPERATOR_DRAINING;
    RPC(set_operator_state)(fixture.channel, as(who), &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static int heartbeat(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(HeartbeatRequest) request;
    mltrainer__registry__v1__heartbeat_request__init(&request);
    request.key = &sample->key;
    RPC(heartbeat)(fixture.channel, as(who), &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static int heartbeat_stream(const char *who, struct sample *sample)
{
    struct mrpc_client_call *call;
    PB(HeartbeatRequest) request;
    PB(HeartbeatStreamRequest) message;
    mltrainer__registry__v1__heartbeat_request__init(&request);
    mltrainer__registry__v1__heartbeat_stream_request__init(&message);
    request.key = &sample->key;
    message.heartbeat = &request;
    assert_int_equal(RPC(heartbeat_stream__start)(fixture.channel, as(who), NULL, NULL, &call), 0);
    assert_int_equal(RPC(heartbeat_stream__send)(call, &message), 0);
    const PB(HeartbeatStreamResponse) *response = RPC(heartbeat_stream__recv)(call);
    assert_non_null(response);
    assert_string_equal(response->key->namespace_, "default"); /* as it is known, not as it was asked for */
    assert_string_equal(response->key->id, sample->key.id);
    int code = response->code;
    assert_int_equal(mrpc_client_call_finish(call, NULL), MRPC_OK);
    mrpc_client_call_free(call);
    return code;
}

/* There is nothing to run; who may not ask is told that instead. */
static int check_now(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(CheckNowRequest) request;
    mltrainer__registry__v1__check_now_request__init(&request);
    request.key = &sample->key;
    RPC(check_now)(fixture.channel, as(who), &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code == MRPC_FAILED_PRECONDITION ? MRPC_OK : code;
}

static int deregister(const char *who, struct sample *sample)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(DeregisterRequest) request;
    mltrainer__registry__v1__deregister_request__init(&request);
    request.key = &sample->key;
    RPC(deregister)(fixture.channel, as(who), &request, &reply);
    int code = reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static const struct {
    const char *name;
    int (*call)(const char *who, struct sample *sample);
} methods[] = {
    {"Register", register_again},  {"UpdateInstance", update},           {"SetOperatorState", drain},
    {"Heartbeat", heartbeat},      {"HeartbeatStream", heartbeat_stream}, {"CheckNow", check_now},
    {"Deregister", deregister},
};

enum { METHODS = sizeof methods / sizeof *methods };

static int64_t revision(void)
{
    const struct registry_view *view = registry_snapshot(fixture.registry);
    int64_t revision = view->revision;
    registry_snapshot_release(view);
    return revision;
}

static void r07_others_may_change_nothing(void **state)
{
    static const char *const owners[] = {"alice", ""};
    static const char *const callers[] = {"bob", "", "alicia", "alice"};
    for (size_t o = 0; o < 2; o++) {
        struct sample sample;
        sample_init(&sample, "web", o ? "nobodys" : "hers", 80, 60000);
        assert_int_equal(put(owners[o], &sample), MRPC_OK);
        int64_t before = revision();
        for (size_t c = 0; c < sizeof callers / sizeof *callers; c++)
            for (size_t m = 0; m < METHODS && strcmp(owners[o], callers[c]) != 0; m++) {
                int code = methods[m].call(callers[c], &sample);
                if (code != MRPC_PERMISSION_DENIED)
                    fail_msg("%s of \"%s\"'s by \"%s\": %d", methods[m].name, owners[o], callers[c], code);
            }
        assert_int_equal(revision(), before);
    }
}

static void r07_owners_and_admins_may(void **state)
{
    static const char *const owners[] = {"alice", ""};
    static const char *const admins[] = {NULL, "root"};
    for (size_t o = 0; o < 2; o++)
        for (size_t a = 0; a < 2; a++) {
            const char *who = admins[a] ? admins[a] : owners[o];
            struct sample sample;
            sample_init(&sample, "web", "a", 80, 60000);
            assert_int_equal(put(owners[o], &sample), MRPC_OK);
            for (size_t m = 0; m < METHODS; m++) {
                int64_t before = revision();
                int code = methods[m].call(who, &sample);
                if (code)
                    fail_msg("%s of \"%s\"'s by \"%s\": %d", methods[m].name, owners[o], who, code);
                bool changes =
                    methods[m].call != heartbeat && methods[m].call != heartbeat_stream && methods[m].call != check_now;
                assert_int_equal(revision() - before, changes);
            }
        }
}

/* Whoever registers an id first has it: an admin's change does not make it the admin's. */
static void r07_an_admins_change_leaves_it_whose_it_was(void **state)
{
    struct sample sample;
    sample_init(&sample, "web", "a", 80, 60000);
    assert_int_equal(put("alice", &sample), MRPC_OK);
    assert_int_equal(register_again("root", &sample), MRPC_OK);
    assert_int_equal(update("root", &sample), MRPC_OK);
    const struct registry_view *view = registry_snapshot(fixture.registry);
    assert_string_equal(view->services[0]->instances[0]->message->owner, "token/alice");
    registry_snapshot_release(view);
    assert_int_equal(register_again("alice", &sample), MRPC_OK);
}

static int start(void **state)
{
    fixture_start(&fixture, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(r07_others_may_change_nothing, start, stop),
        cmocka_unit_test_setup_teardown(r07_owners_and_admins_may, start, stop),
        cmocka_unit_test_setup_teardown(r07_an_admins_change_leaves_it_whose_it_was, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
