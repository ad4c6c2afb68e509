/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "stage.h"
#include "test.h"

/* A channel over several addresses, with each allocation failing once in turn: calls end, one way or the other, the
 * channel recovers, and nothing is lost (the address sanitizer looks). */

/* A server in a process of its own, whose allocations do not fail. */
struct child {
    pid_t pid;
    char target[64];
};

static void child_start(struct child *child)
{
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    child->pid = fork();
    if (child->pid == 0) {
        struct scripted_server server;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        named_server_start(&server, "child", 1000000);
        (void)!write(pipe_fds[1], server.target, sizeof server.target);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipe_fds[0], child->target, sizeof child->target), sizeof child->target);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void child_stop(struct child *child)
{
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
}

static void push(struct stage *stage, const struct child *child)
{
    const struct mrpc_resolver_address list[] = {{.address = "127.0.0.1:1"}, {.address = child->target}};
    const struct mrpc_resolver_result result = {
        .struct_bytes = sizeof result, .address_bytes = sizeof list[0], .addresses = list, .address_count = 2};
    int error;
    while ((error = mrpc_resolver_push(stage->listener, &result)) == MRPC_ERR_NOMEM)
        continue;
    assert_int_equal(error, 0);
}

/* False: there were fewer allocations than that. */
static bool run_once(const struct child *child, enum mrpc_balancing balancing, size_t nth)
{
    struct stage stage = {0};
    const struct mrpc_call_options patient = {
        .struct_bytes = sizeof patient, .wait_for_ready = true, .timeout_ms = 60000};
    stage_open(&stage, (struct mrpc_channel_options){.balancing = balancing});
    failing_malloc_at(nth, 0);
    stage_connect(&stage);
    push(&stage, child);
    stage_call(&stage, &patient);
    stage_call(&stage, &patient);
    stage_drive(&stage, stage_all_done);
    for (int i = 0; i < 2; i++)
        if (stage.calls[i].code != MRPC_RESOURCE_EXHAUSTED && stage.calls[i].code != MRPC_UNAVAILABLE)
            assert_int_equal(stage.calls[i].code, MRPC_OK);
    push(&stage, child); /* a pass that ran out of memory begins again */
    stage_call(&stage, &patient);
    stage_drive(&stage, stage_all_done);
    bool reached = failing_malloc_calls() >= nth;
    failing_malloc_at(0, 0);
    assert_int_equal(stage_ask(&stage, 1, "child"), 1); /* whatever failed, it works again */
    stage_close(&stage);
    return reached;
}

static void every_allocation_may_fail(void **state)
{
    for (int balancing = MRPC_PICK_FIRST; balancing <= MRPC_WEIGHTED_ROUND_ROBIN; balancing++) {
        struct child child;
        size_t nth = 1;
        child_start(&child);
        while (run_once(&child, (enum mrpc_balancing)balancing, nth))
            nth++;
        assert_true(nth > 20);
        child_stop(&child);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
