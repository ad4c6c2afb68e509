/* SPDX-License-Identifier: Apache-2.0 */
#include "client/loop.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "echo_methods.h"
#include "test.h"

/* Posting from other threads. */

enum { POSTERS = 4, POSTS = 2000 };

struct numbered {
    struct mrpc_task task; /* first */
    int poster;
    int number;
    int *last;
    int *count;
};

static void run_numbered(struct mrpc_task *task)
{
    struct numbered *numbered = (struct numbered *)task;
    assert_int_equal(numbered->number, numbered->last[numbered->poster] + 1);
    numbered->last[numbered->poster] = numbered->number;
    ++*numbered->count;
    free(numbered);
}

struct poster {
    struct mrpc_loop *loop;
    int index;
    int *last;
    int *count;
};

static void *post_many(void *arg)
{
    const struct poster *poster = arg;
    for (int i = 1; i <= POSTS; i++) {
        struct numbered *numbered = calloc(1, sizeof *numbered);
        *numbered = (struct numbered){.task.run = run_numbered,
                                      .poster = poster->index,
                                      .number = i,
                                      .last = poster->last,
                                      .count = poster->count};
        mrpc_loop_post(poster->loop, &numbered->task);
    }
    return NULL;
}

static void wait_readable(struct mrpc_loop *loop)
{
    struct pollfd fd = {.fd = mrpc_loop_fd(loop), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void posts_of_each_thread_run_once_and_in_order(void **state)
{
    struct mrpc_loop *loop;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    int last[POSTERS] = {0}, count = 0;
    assert_int_equal(mrpc_loop_new(&loop), 0);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = loop, .index = i, .last = last, .count = &count};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    while (count < POSTERS * POSTS) {
        wait_readable(loop);
        assert_int_equal(mrpc_loop_process(loop), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    struct pollfd fd = {.fd = mrpc_loop_fd(loop), .events = POLLIN};
    assert_int_equal(mrpc_loop_process(loop), 0);
    assert_int_equal(poll(&fd, 1, 0), 0); /* and then it is quiet */
    mrpc_loop_free(loop);
}

/* Timers make the descriptor readable, in order, not before their time. */

struct alarm {
    struct mrpc_timer timer; /* first */
    int *fired;
    int order;
};

static void fire(struct mrpc_timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;
    alarm->order = ++*alarm->fired;
}

static void timers_fire_in_order_and_not_early(void **state)
{
    struct mrpc_loop *loop;
    int fired = 0;
    struct alarm alarms[3] = {{.timer.fire = fire, .fired = &fired},
                              {.timer.fire = fire, .fired = &fired},
                              {.timer.fire = fire, .fired = &fired}};
    static const int after_ms[] = {30, 10, 20};
    assert_int_equal(mrpc_loop_new(&loop), 0);
    int64_t start_ms = mrpc_clock_ms();
    for (int i = 0; i < 3; i++)
        assert_int_equal(mrpc_loop_timer_set(loop, &alarms[i].timer, start_ms + after_ms[i]), 0);
    mrpc_loop_timer_cancel(loop, &alarms[2].timer);
    assert_int_equal(mrpc_loop_process(loop), 0); /* arms the timerfd */
    while (fired < 2) {
        wait_readable(loop);
        assert_int_equal(mrpc_loop_process(loop), 0);
        if (fired > 0)
            assert_true(mrpc_clock_ms() >= start_ms + 10);
    }
    assert_true(mrpc_clock_ms() >= start_ms + 30);
    assert_int_equal(alarms[1].order, 1);
    assert_int_equal(alarms[0].order, 2);
    assert_int_equal(mrpc_loop_timeout_ms(loop), -1);
    mrpc_loop_free(loop);
}

/* Of two watches that are ready at once, one removes the other. */

struct pair {
    struct mrpc_watch watch; /* first */
    struct mrpc_loop *loop;
    struct pair *other;
    int *called;
};

static void remove_other(struct mrpc_watch *watch, uint32_t events)
{
    struct pair *pair = (struct pair *)watch;
    ++*pair->called;
    mrpc_loop_watch_remove(pair->loop, &pair->other->watch);
    mrpc_loop_watch_remove(pair->loop, &pair->watch);
}

static void a_removed_watch_is_not_called(void **state)
{
    struct mrpc_loop *loop;
    int pipes[2][2], called = 0;
    struct pair pairs[2];
    assert_int_equal(mrpc_loop_new(&loop), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
        pairs[i] = (struct pair){.watch = {.fd = pipes[i][0], .events = EPOLLIN, .ready = remove_other},
                                 .loop = loop,
                                 .other = &pairs[1 - i],
                                 .called = &called};
        assert_int_equal(mrpc_loop_watch_add(loop, &pairs[i].watch), 0);
    }
    assert_int_equal(mrpc_loop_process(loop), 0);
    assert_int_equal(called, 1);
    mrpc_loop_free(loop);
    for (int i = 0; i < 4; i++)
        close(pipes[i / 2][i % 2]);
}

/* The library's own thread. */

static void the_library_loop_is_shared_and_ends_with_its_last_user(void **state)
{
    struct mrpc_loop *first, *second;
    assert_int_equal(mrpc_library_loop_acquire(&first), 0);
    assert_int_equal(mrpc_library_loop_acquire(&second), 0);
    assert_ptr_equal(first, second);
    assert_false(mrpc_loop_is_own_thread(first));
    mrpc_library_loop_release(first);
    mrpc_library_loop_release(second);
}

static void free_and_tell(void *arg, const ProtobufCMessage *response, const struct mrpc_reply *reply)
{
    struct {
        struct mrpc_channel *channel;
        sem_t done;
    } *self = arg;
    assert_int_equal(reply->status.code, MRPC_UNAVAILABLE);
    mrpc_channel_free(self->channel); /* the last one: the thread that we are on ends itself */
    sem_post(&self->done);
}

static void the_last_channel_may_be_freed_on_the_library_thread(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct {
            struct mrpc_channel *channel;
            sem_t done;
        } self;
        sem_init(&self.done, 0, 0);
        assert_int_equal(mrpc_channel_new("127.0.0.1:1", NULL, &self.channel), 0);
        EchoText request = echo_text("x");
        mrpc_channel_unary_async(self.channel, &echo_say, NULL, &request.base, free_and_tell, &self);
        sem_wait(&self.done);
        sem_destroy(&self.done);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_of_each_thread_run_once_and_in_order),
        cmocka_unit_test(timers_fire_in_order_and_not_early),
        cmocka_unit_test(a_removed_watch_is_not_called),
        cmocka_unit_test(the_library_loop_is_shared_and_ends_with_its_last_user),
        cmocka_unit_test(the_last_channel_may_be_freed_on_the_library_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
