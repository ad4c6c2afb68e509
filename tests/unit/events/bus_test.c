/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>

#include <mrpc/error.h>

#include "events/bus.h"
#include "test.h"

struct changed {
    int id;
};
static const struct bus_topic changed_topic = {"test.changed", sizeof(struct changed)};
static const struct bus_topic other_topic = {"test.other", sizeof(struct changed)};

struct listener {
    int ids[100];
    int count;
    struct bus_subscription *subscription;
    bool unsubscribe;
};

static void hear(void *arg, const void *event)
{
    struct listener *listener = arg;
    listener->ids[listener->count++] = ((const struct changed *)event)->id;
    if (listener->unsubscribe)
        bus_unsubscribe(listener->subscription);
}

struct fixture {
    struct bus *bus;
    struct domain_loop *loop;
    struct listener listener;
};

static void set_up(struct fixture *f, size_t capacity)
{
    assert_int_equal(bus_new(&f->bus), 0);
    assert_int_equal(domain_loop_new("bus", &f->loop), 0);
    assert_int_equal(bus_subscribe(f->bus, &changed_topic, f->loop, capacity, hear, &f->listener,
                                   &f->listener.subscription), 0);
}

static void publish(struct fixture *f, int id)
{
    bus_publish(f->bus, &changed_topic, &(struct changed){id});
}

static void tear_down(struct fixture *f)
{
    domain_loop_free(f->loop);
    bus_free(f->bus);
}

static void events_arrive_in_order_on_the_subscribers_loop(void **state)
{
    struct fixture f = {0};
    set_up(&f, 10);
    bus_publish(f.bus, &other_topic, &(struct changed){99});
    publish(&f, 1);
    publish(&f, 2);
    assert_int_equal(f.listener.count, 0);
    domain_loop_stop(f.loop);
    assert_int_equal(f.listener.count, 2);
    assert_int_equal(f.listener.ids[0], 1);
    assert_int_equal(f.listener.ids[1], 2);
    bus_unsubscribe(f.listener.subscription);
    tear_down(&f);
}

static void what_does_not_fit_is_dropped_and_counted(void **state)
{
    struct fixture f = {0};
    set_up(&f, 3);
    for (int i = 0; i < 8; i++)
        publish(&f, i);
    assert_int_equal(bus_subscription_dropped(f.listener.subscription), 5);
    assert_int_equal(bus_dropped(f.bus), 5);
    domain_loop_stop(f.loop);
    assert_int_equal(f.listener.count, 3);
    assert_int_equal(f.listener.ids[2], 2);
    bus_unsubscribe(f.listener.subscription);
    tear_down(&f);
}

static void a_subscriber_may_leave_inside_its_callback(void **state)
{
    struct fixture f = {.listener.unsubscribe = true};
    set_up(&f, 10);
    publish(&f, 1);
    publish(&f, 2);
    domain_loop_stop(f.loop);
    assert_int_equal(f.listener.count, 1);
    tear_down(&f);
}

static void a_queue_without_room_is_refused(void **state)
{
    struct fixture f = {0};
    set_up(&f, 1);
    struct bus_subscription *none = NULL;
    assert_int_equal(bus_subscribe(f.bus, &changed_topic, f.loop, 0, hear, &f, &none), MRPC_ERR_INVALID);
    assert_null(none);
    bus_unsubscribe(f.listener.subscription);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_arrive_in_order_on_the_subscribers_loop),
        cmocka_unit_test(what_does_not_fit_is_dropped_and_counted),
        cmocka_unit_test(a_subscriber_may_leave_inside_its_callback),
        cmocka_unit_test(a_queue_without_room_is_refused),
    };
    return cmocka_run_group_tests_name("events/bus", tests, NULL, NULL);
}
