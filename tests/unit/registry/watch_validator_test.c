/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_validator.h"

#include <stdio.h>
#include <string.h>

#include "registry/message.h"
#include "sample.h"

/* The judge is judged: every way to break the contract of Watch is made by hand, and must be found. */

/* Messages as a server would send them. */
struct told {
    struct sample sample;
    PB(Change) change, *changes[2];
    PB(WatchChanges) body;
    PB(WatchSnapshot) snapshot;
    PB(Instance) * instances[3];
    PB(WatchProgress) progress;
    PB(WatchResponse) message;
};

static void message_init(struct told *told, int64_t revision)
{
    mltrainer__registry__v1__watch_response__init(&told->message);
    mltrainer__registry__v1__watch_changes__init(&told->body);
    mltrainer__registry__v1__watch_snapshot__init(&told->snapshot);
    mltrainer__registry__v1__watch_progress__init(&told->progress);
    mltrainer__registry__v1__change__init(&told->change);
    told->message.epoch = 7;
    told->message.revision = revision;
}

static const PB(WatchResponse) * change_of(struct told *told, int64_t revision, enum registry_change_kind kind,
                                           const char *id, uint32_t port)
{
    message_init(told, revision);
    sample_init(&told->sample, "web", id, port);
    told->sample.key.namespace_ = (char *)(uintptr_t) "default";
    told->sample.instance.revision = revision;
    told->change.kind = (PB(ChangeKind))kind;
    told->change.instance = &told->sample.instance;
    told->changes[0] = told->changes[1] = &told->change;
    told->body.changes = told->changes;
    told->body.n_changes = 1;
    told->message.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES;
    told->message.changes = &told->body;
    return &told->message;
}

static const PB(WatchResponse) * progress_of(struct told *told, int64_t revision)
{
    message_init(told, revision);
    told->message.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_PROGRESS;
    told->message.progress = &told->progress;
    return &told->message;
}

/* The whole state: of one instance, or (@id NULL) of none. */
static const PB(WatchResponse) * snapshot_of(struct told *told, int64_t revision, const char *id, uint32_t port)
{
    message_init(told, revision);
    sample_init(&told->sample, "web", id ? id : "", port);
    told->sample.key.namespace_ = (char *)(uintptr_t) "default";
    told->sample.instance.revision = revision;
    told->instances[0] = &told->sample.instance;
    told->snapshot.instances = told->instances;
    told->snapshot.n_instances = id ? 1 : 0;
    told->snapshot.first = told->snapshot.last = true;
    told->message.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT;
    told->message.snapshot = &told->snapshot;
    return &told->message;
}

static bool port_is_even(void *arg, const PB(Instance) * instance)
{
    return instance->endpoints[0]->port % 2 == 0;
}

static const struct watch_selection everything = {.namespace_name = NULL};
static const struct watch_selection even = {.service = "web", .passes = port_is_even};

static struct watch_validator *begun_with(const struct watch_selection *selection)
{
    struct watch_validator *validator = watch_validator_new(selection);
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    watch_validator_begin(validator, true, &request);
    assert_int_equal(request.after_revision, 0);
    return validator;
}

static struct watch_validator *begun(void)
{
    struct watch_validator *validator = begun_with(&everything);
    struct told told;
    assert_int_equal(watch_validator_take(validator, snapshot_of(&told, 10, "a", 1)), 0);
    return validator;
}

static void good(struct watch_validator *validator, const PB(WatchResponse) * message)
{
    if (watch_validator_take(validator, message))
        fail_msg("%s", watch_validator_violation(validator));
}

static void bad(struct watch_validator *validator, const PB(WatchResponse) * message, const char *property)
{
    assert_int_equal(watch_validator_take(validator, message), -1);
    if (!strstr(watch_validator_violation(validator), property))
        fail_msg("\"%s\" is not about %s", watch_validator_violation(validator), property);
    watch_validator_free(validator);
}

static void a_good_stream_passes(void **state)
{
    struct watch_validator *validator = begun();
    struct told told;
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    good(validator, progress_of(&told, 13));
    good(validator, progress_of(&told, 13));
    good(validator, change_of(&told, 14, CHANGE_UPDATED, "a", 3));
    good(validator, change_of(&told, 15, CHANGE_REMOVED, "b", 2));
    assert_int_equal(watch_validator_count(validator), 1);
    assert_int_equal(watch_validator_revision(validator), 15);
    assert_int_equal(watch_validator_find(validator, &told.sample.key) == NULL, 1);
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    watch_validator_begin(validator, true, &request);
    assert_int_equal(request.after_revision, 15);
    assert_int_equal(request.epoch, 7);
    good(validator, change_of(&told, 16, CHANGE_ADDED, "c", 2));
    watch_validator_free(validator);
}

static void what_one_stream_breaks_is_found(void **state)
{
    struct told told;
    struct watch_validator *validator = begun();
    bad(validator, change_of(&told, 9, CHANGE_ADDED, "b", 2), "ordered");

    validator = begun();
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    bad(validator, change_of(&told, 11, CHANGE_ADDED, "c", 2), "unique");

    validator = begun();
    change_of(&told, 11, CHANGE_ADDED, "b", 2);
    told.body.n_changes = 2;
    bad(validator, &told.message, "unique");

    validator = begun();
    change_of(&told, 12, CHANGE_ADDED, "b", 2);
    told.sample.instance.revision = 11;
    bad(validator, &told.message, "atomic");

    validator = begun();
    good(validator, progress_of(&told, 12));
    bad(validator, change_of(&told, 12, CHANGE_ADDED, "b", 2), "bookmarkable");

    validator = begun();
    bad(validator, change_of(&told, 11, CHANGE_ADDED, "a", 2), "reliable");

    validator = begun();
    bad(validator, change_of(&told, 11, CHANGE_REMOVED, "b", 2), "reliable");

    validator = begun();
    change_of(&told, 11, CHANGE_UPDATED, "a", 2);
    told.sample.instance.incarnation = 5;
    bad(validator, &told.message, "its end was not told");

    validator = begun();
    progress_of(&told, 11);
    told.message.epoch = 8;
    bad(validator, &told.message, "epoch");

    bad(begun(), NULL, "ended");
}

static void what_a_snapshot_breaks_is_found(void **state)
{
    struct told told;
    bad(begun_with(&everything), change_of(&told, 9, CHANGE_ADDED, "b", 2), "whole");

    struct watch_validator *validator = begun_with(&everything);
    snapshot_of(&told, 10, "a", 1);
    told.snapshot.first = false;
    bad(validator, &told.message, "first");

    validator = begun_with(&everything);
    snapshot_of(&told, 10, "a", 1);
    told.snapshot.last = false;
    good(validator, &told.message);
    bad(validator, progress_of(&told, 10), "whole");

    validator = begun_with(&everything);
    snapshot_of(&told, 10, "a", 1);
    told.snapshot.last = false;
    good(validator, &told.message);
    told.snapshot.first = false;
    bad(validator, &told.message, "twice");

    validator = begun_with(&everything);
    snapshot_of(&told, 10, "a", 1);
    told.snapshot.last = false;
    good(validator, &told.message);
    snapshot_of(&told, 11, "b", 1);
    told.snapshot.first = false;
    bad(validator, &told.message, "atomic");

    validator = begun_with(&everything);
    snapshot_of(&told, 10, "a", 1);
    told.sample.instance.revision = 11;
    bad(validator, &told.message, "ordered");

    bad(begun(), snapshot_of(&told, 10, "a", 1), "first");

    validator = begun();
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    watch_validator_begin(validator, true, &request);
    bad(validator, snapshot_of(&told, 11, "a", 1), "resumable");
}

static void what_a_filter_lets_through_is_found(void **state)
{
    struct told told;
    bad(begun_with(&even), snapshot_of(&told, 10, "a", 1), "filterable");

    struct watch_validator *validator = begun_with(&even);
    good(validator, snapshot_of(&told, 10, "a", 2));
    bad(validator, change_of(&told, 11, CHANGE_ADDED, "b", 3), "filterable");

    validator = begun_with(&even);
    good(validator, snapshot_of(&told, 10, "a", 2));
    change_of(&told, 11, CHANGE_ADDED, "b", 2);
    told.sample.key.service = (char *)(uintptr_t) "db";
    bad(validator, &told.message, "filterable");
}

/* A reference that was told of a (1), b (2), b (3: no longer even), and b's end. */
static struct watch_validator *reference(void)
{
    struct watch_validator *validator = begun();
    struct told told;
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    good(validator, change_of(&told, 12, CHANGE_UPDATED, "b", 3));
    good(validator, change_of(&told, 13, CHANGE_REMOVED, "b", 3));
    good(validator, change_of(&told, 14, CHANGE_UPDATED, "a", 4));
    return validator;
}

static void compare(struct watch_validator *validator, const char *property)
{
    struct watch_validator *against = reference();
    size_t compared;
    int result = watch_validator_agree(validator, against, &compared);
    if (result != (property ? -1 : 0) || (property && !strstr(watch_validator_violation(validator), property)))
        fail_msg("expected %s, found \"%s\"", property ? property : "nothing", watch_validator_violation(validator));
    if (!property)
        assert_true(compared > 0);
    watch_validator_free(against);
    watch_validator_free(validator);
}

static void watchers_that_agree_do(void **state)
{
    struct told told;
    compare(reference(), NULL);

    struct watch_validator *validator = begun_with(&even);
    good(validator, snapshot_of(&told, 10, NULL, 0));
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    good(validator, change_of(&told, 12, CHANGE_REMOVED, "b", 3));
    good(validator, progress_of(&told, 13));
    good(validator, change_of(&told, 14, CHANGE_ADDED, "a", 4));
    compare(validator, NULL);
}

static void what_watchers_disagree_on_is_found(void **state)
{
    struct told told;
    struct watch_validator *validator = begun();
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    good(validator, progress_of(&told, 12)); /* 12 was left out */
    compare(validator, "reliable");

    validator = begun();
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 5)); /* another b */
    compare(validator, "another");

    validator = begun_with(&everything);
    good(validator, snapshot_of(&told, 13, NULL, 0)); /* a is missing */
    compare(validator, "reliable");

    validator = begun_with(&even);
    good(validator, snapshot_of(&told, 10, NULL, 0));
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    good(validator, progress_of(&told, 13)); /* that b left the selection was not told */
    compare(validator, "reliable");

    validator = begun_with(&even);
    good(validator, snapshot_of(&told, 10, NULL, 0));
    good(validator, change_of(&told, 11, CHANGE_ADDED, "c", 2)); /* nobody else knows c */
    compare(validator, "reliable");

    validator = watch_validator_new(&everything);
    PB(WatchRequest) request;
    mltrainer__registry__v1__watch_request__init(&request);
    watch_validator_begin(validator, false, &request);
    good(validator, snapshot_of(&told, 10, "a", 1));
    good(validator, change_of(&told, 11, CHANGE_ADDED, "b", 2));
    watch_validator_begin(validator, true, &request);
    good(validator, change_of(&told, 13, CHANGE_REMOVED, "b", 3)); /* resumed behind 12 */
    compare(validator, "reliable");
}

static void what_writers_were_answered_is_looked_up(void **state)
{
    struct told told;
    struct watch_validator *validator = reference();
    change_of(&told, 12, CHANGE_UPDATED, "b", 3);
    assert_int_equal(watch_validator_told(validator, 12, &told.sample.key, false), 0);
    assert_int_equal(watch_validator_told(validator, 13, &told.sample.key, true), 0);
    assert_int_equal(watch_validator_told(validator, 9, &told.sample.key, true), 0);  /* before it began */
    assert_int_equal(watch_validator_told(validator, 15, &told.sample.key, true), 0); /* yet to come */
    assert_int_equal(watch_validator_told(validator, 12, &told.sample.key, true), -1);
    watch_validator_free(validator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_stream_passes),
        cmocka_unit_test(what_one_stream_breaks_is_found),
        cmocka_unit_test(what_a_snapshot_breaks_is_found),
        cmocka_unit_test(what_a_filter_lets_through_is_found),
        cmocka_unit_test(watchers_that_agree_do),
        cmocka_unit_test(what_watchers_disagree_on_is_found),
        cmocka_unit_test(what_writers_were_answered_is_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
