/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>

#include <mrpc/error.h>

#include "events/scene_changed.h"
#include "test.h"

struct fixture {
    struct bus *bus;
    struct domain_loop *loop;
    struct scene_notifier *notifier;
    struct bus_subscription *subscription;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t heard;
    uint64_t changes;
    int events;
    int prepared; /* the loop's */
    char source[129];
};

static void prepare(void *arg)
{
    ((struct fixture *)arg)->prepared++;
}

static void hear(void *arg, const void *event)
{
    struct fixture *f = arg;
    const struct scene_source_event *told = event;
    pthread_mutex_lock(&f->lock);
    f->changes += told->changes;
    f->events++;
    snprintf(f->source, sizeof f->source, "%s", told->source);
    pthread_cond_broadcast(&f->heard);
    pthread_mutex_unlock(&f->lock);
}

static void set_up(struct fixture *f)
{
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->heard, NULL);
    assert_int_equal(bus_new(&f->bus), 0);
    assert_int_equal(domain_loop_new("scene", &f->loop), 0);
    assert_int_equal(scene_notifier_new(f->bus, f->loop, "registry", prepare, f, &f->notifier), 0);
    assert_int_equal(bus_subscribe(f->bus, &scene_source_changed, f->loop, 100, hear, f, &f->subscription), 0);
}

static void tear_down(struct fixture *f)
{
    domain_loop_stop(f->loop);
    bus_unsubscribe(f->subscription);
    scene_notifier_free(f->notifier);
    domain_loop_free(f->loop);
    bus_free(f->bus);
}

static void wait_for_changes(struct fixture *f, uint64_t changes)
{
    pthread_mutex_lock(&f->lock);
    while (f->changes < changes)
        pthread_cond_wait(&f->heard, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void many_touches_make_few_events_and_none_is_forgotten(void **state)
{
    struct fixture f = {0};
    set_up(&f);
    assert_int_equal(domain_loop_start(f.loop), 0);
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 10000; i++)
            scene_notifier_touch(f.notifier);
        wait_for_changes(&f, (uint64_t)round * 10000);
    }
    assert_int_equal(f.changes, 30000);
    assert_true(f.events < 3000);
    assert_string_equal(f.source, "registry");
    tear_down(&f);
}

static void a_quiet_source_is_told_at_once_in_one_event(void **state)
{
    struct fixture f = {0};
    set_up(&f);
    for (int i = 0; i < 7; i++)
        scene_notifier_touch(f.notifier); /* the loop does not run yet: one posted task */
    domain_loop_stop(f.loop);
    assert_int_equal(f.events, 1);
    assert_int_equal(f.prepared, 1);
    assert_int_equal(f.changes, 7);
    tear_down(&f);
}

static void touching_after_the_loop_has_stopped_is_harmless(void **state)
{
    struct fixture f = {0};
    set_up(&f);
    domain_loop_stop(f.loop);
    scene_notifier_touch(f.notifier);
    scene_notifier_touch(f.notifier);
    assert_int_equal(f.events, 0);
    tear_down(&f);
}

static void nobody_is_told_without_a_bus(void **state)
{
    struct domain_loop *loop;
    struct scene_notifier *notifier;
    assert_int_equal(domain_loop_new("scene", &loop), 0);
    assert_int_equal(scene_notifier_new(NULL, loop, "registry", NULL, NULL, &notifier), 0);
    scene_notifier_touch(notifier);
    domain_loop_stop(loop);
    scene_notifier_free(notifier);
    domain_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_touches_make_few_events_and_none_is_forgotten),
        cmocka_unit_test(a_quiet_source_is_told_at_once_in_one_event),
        cmocka_unit_test(touching_after_the_loop_has_stopped_is_harmless),
        cmocka_unit_test(nobody_is_told_without_a_bus),
    };
    return cmocka_run_group_tests_name("events/scene_changed", tests, NULL, NULL);
}
