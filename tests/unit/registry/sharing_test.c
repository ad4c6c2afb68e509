/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "failing_malloc.h"
#include "sample.h"

/* Instances in exact memory: what they share with others and with their own past, and that they are whole by
 * themselves. */

/* One with every kind of field. */
struct rich {
    struct sample sample;
    PB(Check) checks[4];
    PB(Check) * check_pointers[4];
    PB(HttpCheck) http;
    PB(GrpcCheck) grpc;
    PB(TcpCheck) tcp;
    PB(TtlCheck) ttl;
    PB(MetadataValue) values[5];
    PB(Instance__MetadataEntry) entries[5];
    PB(Instance__MetadataEntry) * entry_pointers[5];
    char *tags[2];
};

static void rich_checks(struct rich *rich)
{
    mltrainer__registry__v1__http_check__init(&rich->http);
    mltrainer__registry__v1__grpc_check__init(&rich->grpc);
    mltrainer__registry__v1__tcp_check__init(&rich->tcp);
    mltrainer__registry__v1__ttl_check__init(&rich->ttl);
    for (int i = 0; i < 4; i++) {
        mltrainer__registry__v1__check__init(&rich->checks[i]);
        rich->check_pointers[i] = &rich->checks[i];
    }
    rich->http.body_contains = (char *)(uintptr_t) "fine";
    rich->checks[0].kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
    rich->checks[0].http = &rich->http;
    rich->checks[1].kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC;
    rich->checks[1].grpc = &rich->grpc;
    rich->checks[2].kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
    rich->checks[2].tcp = &rich->tcp;
    rich->checks[3].kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    rich->checks[3].ttl = &rich->ttl;
    rich->sample.instance.checks = rich->check_pointers;
    rich->sample.instance.n_checks = 4;
}

static void rich_metadata(struct rich *rich)
{
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++) {
        mltrainer__registry__v1__metadata_value__init(&rich->values[i]);
        mltrainer__registry__v1__instance__metadata_entry__init(&rich->entries[i]);
        rich->entries[i].key = (char *)(uintptr_t)keys[i];
        rich->entries[i].value = &rich->values[i];
        rich->entry_pointers[i] = &rich->entries[i];
    }
    rich->values[0].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    rich->values[0].text = (char *)(uintptr_t) "text";
    rich->values[1].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_INTEGER;
    rich->values[1].integer = -5;
    rich->values[2].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER;
    rich->values[2].number = 0.5;
    rich->values[3].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_FLAG;
    rich->values[3].flag = true;
    rich->values[4].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_DATA;
    rich->values[4].data = (ProtobufCBinaryData){3, (uint8_t *)(uintptr_t) "\0\1\2"};
    rich->sample.instance.metadata = rich->entry_pointers;
    rich->sample.instance.n_metadata = 5;
}

static struct registry_instance *rich_draft(const char *id, const char *tag)
{
    struct rich rich;
    struct registry_instance *draft;
    struct fault fault = FAULT_INIT;
    sample_init(&rich.sample, "web", id, 80);
    rich_checks(&rich);
    rich_metadata(&rich);
    rich.tags[0] = (char *)(uintptr_t)tag;
    rich.tags[1] = (char *)(uintptr_t) "zz";
    rich.sample.instance.tags = rich.tags;
    rich.sample.instance.n_tags = 2;
    rich.sample.instance.version = (char *)(uintptr_t) "1.2.3";
    assert_int_equal(registry_definition_take(&rich.sample.instance, "192.0.2.9", &draft, &fault), MRPC_OK);
    return draft;
}

static const struct registry_state healthy = {
    .health = HEALTH_HEALTHY,
    .operator_state = OPERATOR_ACTIVE,
    .cause = {REASON_REGISTERED, "token/alice", "registered", 1000000007},
    .incarnation = 3,
    .revision = 4,
    .create_ns = 1000000007,
    .update_ns = 1000000007,
};

static struct registry_instance *instance_of(struct registry_parts *parts, struct registry_instance *draft)
{
    struct registry_body *body = registry_body_new(parts, draft->message, "token/alice", draft->peer);
    registry_instance_unref(draft);
    return registry_instance_new(body, &healthy);
}

static size_t encode(const struct registry_instance *instance, uint8_t **bytes)
{
    size_t size;
    assert_int_equal(mrpc_encoded_size(PB_INFO(instance), &instance->message->base, &size, NULL), 0);
    *bytes = malloc(size);
    assert_non_null(*bytes);
    mrpc_encode(PB_INFO(instance), &instance->message->base, *bytes);
    return size;
}

static void instance_is_whole_when_its_draft_has_gone(void **state)
{
    struct registry_parts *parts = registry_parts_new();
    struct registry_instance *draft = rich_draft("a", "blue"), *other = rich_draft("a", "blue");
    struct registry_instance *instance = instance_of(parts, draft);
    assert_true(registry_instance_same_definition(instance, other));
    assert_string_equal(instance->peer, "192.0.2.9");
    assert_string_equal(instance->message->owner, "token/alice");
    assert_string_equal(instance->message->status->text, "registered");
    assert_int_equal(instance->message->create_time->seconds, 1);
    assert_int_equal(instance->message->update_time->nanos, 7);
    assert_memory_equal(instance->message->metadata[4]->value->data.data, "\0\1\2", 3);
    assert_true(registry_instance_same_checks(instance, other));
    registry_instance_unref(instance);
    registry_instance_unref(other);
    assert_int_equal(registry_parts_count(parts), 0);
    registry_parts_unref(parts);
}

static void equal_parts_are_one(void **state)
{
    struct registry_parts *parts = registry_parts_new();
    struct registry_instance *a = instance_of(parts, rich_draft("a", "blue"));
    struct registry_instance *b = instance_of(parts, rich_draft("b", "blue"));
    struct registry_instance *c = instance_of(parts, rich_draft("c", "green"));
    assert_ptr_equal(a->message->tags, b->message->tags);
    assert_ptr_equal(a->message->metadata, c->message->metadata);
    assert_ptr_equal(a->message->checks, c->message->checks);
    assert_ptr_not_equal(a->message->tags, c->message->tags);
    assert_string_equal(c->message->tags[0], "green");
    assert_string_equal(b->message->key->id, "b");
    assert_int_equal(registry_parts_count(parts), 4);
    registry_instance_unref(a);
    assert_string_equal(b->message->tags[0], "blue"); /* held by those who stay */
    registry_instance_unref(b);
    assert_int_equal(registry_parts_count(parts), 3);
    registry_parts_unref(parts); /* before the last of its parts */
    assert_string_equal(c->message->tags[0], "green");
    registry_instance_unref(c);
}

static void successive_states_share_their_body(void **state)
{
    struct registry_parts *parts = registry_parts_new();
    struct registry_instance *first = instance_of(parts, rich_draft("a", "blue"));
    struct registry_state next = registry_instance_state(first);
    assert_int_equal(next.create_ns, healthy.create_ns);
    assert_int_equal(next.cause.reason, healthy.cause.reason);
    next.health = HEALTH_UNHEALTHY;
    next.cause = (struct registry_cause){REASON_CHECK_FAILED, "checker", "check http: status 503", 9000000001};
    next.update_ns = 9000000001;
    struct registry_instance *second = registry_instance_new(registry_body_ref(first->body), &next);
    registry_instance_unref(first);
    assert_int_equal(second->message->create_time->seconds, 1);
    assert_int_equal(second->message->update_time->seconds, 9);
    assert_int_equal(second->message->status->since_time->nanos, 1);
    assert_string_equal(second->message->status->actor, "checker");
    assert_string_equal(second->message->status->text, "check http: status 503");
    assert_string_equal(second->message->key->id, "a");
    assert_int_equal(second->message->incarnation, 3);
    registry_instance_unref(second);
    assert_int_equal(registry_parts_count(parts), 0);
    registry_parts_unref(parts);
}

static void many_parts_are_all_found_again(void **state)
{
    enum { MANY = 1000 };
    static struct registry_instance *instances[2 * MANY];
    struct registry_parts *parts = registry_parts_new();
    char tag[16];
    for (int i = 0; i < 2 * MANY; i++) {
        snprintf(tag, sizeof tag, "t%d", i % MANY);
        instances[i] = instance_of(parts, rich_draft("a", tag));
    }
    assert_int_equal(registry_parts_count(parts), MANY + 2);
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(instances[i]->message->tags, instances[i + MANY]->message->tags);
        registry_instance_unref(instances[i]);
    }
    assert_int_equal(registry_parts_count(parts), MANY + 2);
    for (int i = MANY; i < 2 * MANY; i++)
        registry_instance_unref(instances[i]);
    assert_int_equal(registry_parts_count(parts), 0);
    registry_parts_unref(parts);
}

static void *let_go(void *arg)
{
    struct registry_instance **instances = arg;
    for (int i = 0; i < 1000; i++)
        registry_instance_unref(instances[i]);
    return NULL;
}

/* The last to hold a part may let it go on any thread, while it is being looked for. */
static void parts_are_let_go_on_any_thread(void **state)
{
    static struct registry_instance *held[2][1000];
    struct registry_parts *parts = registry_parts_new();
    for (int i = 0; i < 1000; i++)
        for (int j = 0; j < 2; j++)
            held[j][i] = instance_of(parts, rich_draft("a", i % 2 ? "blue" : "green"));
    pthread_t threads[2];
    for (int j = 0; j < 2; j++)
        assert_int_equal(pthread_create(&threads[j], NULL, let_go, held[j]), 0);
    for (int i = 0; i < 1000; i++) {
        struct registry_instance *found = instance_of(parts, rich_draft("a", i % 2 ? "blue" : "green"));
        assert_string_equal(found->message->tags[0], i % 2 ? "blue" : "green");
        registry_instance_unref(found);
    }
    for (int j = 0; j < 2; j++)
        pthread_join(threads[j], NULL);
    assert_int_equal(registry_parts_count(parts), 0);
    registry_parts_unref(parts);
}

static void every_failed_allocation_is_survived(void **state)
{
    struct registry_parts *parts = registry_parts_new();
    struct registry_instance *before = instance_of(parts, rich_draft("a", "blue"));
    uint8_t *expected, *bytes;
    size_t size = encode(before, &expected);
    bool made = false;
    for (size_t nth = 1; !made; nth++) {
        assert_true(nth < 100);
        struct registry_instance *draft = rich_draft("a", "green");
        failing_malloc_at(nth, 0);
        struct registry_instance *instance = instance_of(parts, draft);
        failing_malloc_at(0, 0);
        made = instance != NULL;
        registry_instance_unref(instance);
        assert_int_equal(registry_parts_count(parts), 3);
    }
    assert_int_equal(encode(before, &bytes), size);
    assert_memory_equal(bytes, expected, size);
    free(bytes);
    free(expected);
    registry_instance_unref(before);
    registry_parts_unref(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instance_is_whole_when_its_draft_has_gone),
        cmocka_unit_test(equal_parts_are_one),
        cmocka_unit_test(successive_states_share_their_body),
        cmocka_unit_test(many_parts_are_all_found_again),
        cmocka_unit_test(parts_are_let_go_on_any_thread),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
