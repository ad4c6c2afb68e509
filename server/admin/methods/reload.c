/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"

/* Reading files again takes its time: on the thread pool. Everything lives in the call's arena. */
struct reload {
    struct thread_task task;
    struct admin *admin;
    struct mrpc_call *call;
    Mltrainer__Admin__V1__ReloadResponse *response;
    struct admin_reload_result results[ADMIN_RELOAD_RESULTS];
    Mltrainer__Admin__V1__ReloadResult messages[ADMIN_RELOAD_RESULTS];
    Mltrainer__Admin__V1__ReloadResult *pointers[ADMIN_RELOAD_RESULTS];
};

static void reload_and_finish(struct thread_task *task)
{
    struct reload *reload = (struct reload *)task;
    const struct admin_control *control = reload->admin->control;
    size_t count = control->reload(control->arg, reload->results);
    for (size_t i = 0; i < count; i++) {
        mltrainer__admin__v1__reload_result__init(&reload->messages[i]);
        reload->messages[i].name = (char *)reload->results[i].name;
        reload->messages[i].applied = reload->results[i].applied;
        reload->messages[i].message = reload->results[i].message;
        reload->pointers[i] = &reload->messages[i];
    }
    reload->response->results = reload->pointers;
    reload->response->n_results = count;
    mrpc_call_finish(reload->call, MRPC_OK, &reload->response->base);
}

int admin_reload(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__ReloadRequest *request,
                 Mltrainer__Admin__V1__ReloadResponse *response)
{
    struct admin *admin = self;
    struct fault fault = FAULT_INIT;
    struct reload *reload = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *reload);
    if (!reload)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    reload->task.work = reload_and_finish;
    reload->admin = admin;
    reload->call = call;
    reload->response = response;
    if (thread_pool_submit(admin->threads, &reload->task, &fault) != 0)
        return fault_answer(call, &fault);
    return MRPC_PENDING;
}
