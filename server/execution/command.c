/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/service.h"

enum { STOPPING_RETRY_MS = 1000 };

/* From a connection's loop to the execution loop and back. */

static int stopping(struct mrpc_call *call)
{
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, STOPPING_RETRY_MS, "the server is stopping");
}

void command_finish(struct command *command, const struct fault *fault)
{
    int code = fault->code ? fault_answer(command->call, fault) : 0;
    mrpc_call_finish(command->call, code, code ? NULL : command->response);
}

static void run_command(struct domain_task *task)
{
    struct command *command = (struct command *)task;
    struct fault fault = FAULT_INIT;
    if (command->run(command, mrpc_call_arena(command->call), &fault) != COMMAND_LATER)
        command_finish(command, &fault);
}

int command_post(struct execution *engine, struct mrpc_call *call, const void *request, void *response,
                 int (*run)(struct command *command, struct mrpc_arena *arena, struct fault *fault))
{
    struct command *command = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *command);
    struct caller caller;
    if (!command || caller_of(call, &caller, NULL))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *command = (struct command){.task.run = run_command,
                                .engine = engine,
                                .call = call,
                                .caller = caller,
                                .request = request,
                                .response = response,
                                .run = run};
    return domain_loop_post_task(engine->loop, &command->task) ? stopping(call) : MRPC_PENDING;
}

static void run_holds(struct domain_task *task)
{
    struct command *command = (struct command *)task;
    command->holds(command, &command->commit_fault);
    command_finish(command, &command->commit_fault);
}

/* On the store's thread. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct command *command = arg;
    struct mrpc_call *call = command->call;
    if (result->code)
        fault_set(&command->commit_fault, MRPC_UNAVAILABLE, "the store refused: %s", result->text ? result->text : "");
    if (domain_loop_post_task(command->engine->loop, &command->task))
        mrpc_call_finish(call, stopping(call), NULL);
}

int command_commit(struct command *command, struct store_batch *batch,
                   void (*holds)(struct command *command, struct fault *fault))
{
    command->holds = holds;
    command->task = (struct domain_task){.run = run_holds};
    store_commit(command->engine->store, batch, on_commit, command);
    return COMMAND_LATER;
}

/* ---- Calls with an operation ---- */

static void unref(struct unary *unary)
{
    if (atomic_fetch_sub(&unary->references, 1) == 1)
        free(unary);
}

static void release(void *data)
{
    unref(data);
}

static void finish(struct unary *unary, const struct fault *fault)
{
    int code = fault->code ? fault_answer(unary->call, fault) : 0;
    mrpc_call_finish(unary->call, code, code ? NULL : unary->response);
    unref(unary);
}

static void operation_done(struct operation *operation)
{
    struct unary *unary = operation->arg;
    struct fault fault = operation->fault;
    unary->operation = NULL;
    if (!fault.code)
        unary->answer(unary, operation, &fault);
    operation_free(operation);
    finish(unary, &fault);
}

static void begin(void *arg)
{
    struct unary *unary = arg;
    struct fault fault = FAULT_INIT;
    struct operation *operation = unary->engine->stopping ? NULL : operation_new(unary->engine);
    if (!operation) {
        fault_retry(&fault, MRPC_UNAVAILABLE, STOPPING_RETRY_MS, "the server is stopping or out of memory");
        return finish(unary, &fault);
    }
    int64_t deadline_ms = mrpc_call_deadline_ms(unary->call);
    operation->deadline_ms = deadline_ms == INT64_MAX ? 0 : deadline_ms;
    operation->isolation = caller_owner(mrpc_call_identity(unary->call), operation->arena);
    operation->arg = unary;
    operation->on_done = operation_done;
    if (!operation->isolation)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (fault.code || unary->bind(unary, operation, &fault)) {
        operation_free(operation);
        return finish(unary, &fault);
    }
    unary->operation = operation;
    if (mrpc_call_cancelled(unary->call))
        operation_cancel(operation);
    unary->begin(operation);
}

static void cancel_operation(void *arg)
{
    struct unary *unary = arg;
    if (unary->operation)
        operation_cancel(unary->operation);
    unref(unary);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    struct unary *unary = arg;
    atomic_fetch_add(&unary->references, 1);
    if (domain_loop_post(unary->engine->loop, cancel_operation, unary))
        unref(unary);
}

int unary_start(struct execution *engine, struct mrpc_call *call, const void *request, void *response,
                int (*bind)(struct unary *unary, struct operation *operation, struct fault *fault),
                void (*begin_operation)(struct operation *operation),
                int (*answer)(struct unary *unary, struct operation *operation, struct fault *fault))
{
    struct unary *unary = calloc(1, sizeof *unary);
    if (!unary)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *unary = (struct unary){.references = 2,
                            .engine = engine,
                            .call = call,
                            .request = request,
                            .response = response,
                            .bind = bind,
                            .begin = begin_operation,
                            .answer = answer};
    mrpc_call_set_data(call, unary, release); /* one reference is the call's, one the loop's */
    mrpc_call_on_cancel(call, on_cancel, unary);
    if (domain_loop_post(engine->loop, begin, unary)) {
        unref(unary);
        return stopping(call);
    }
    return MRPC_PENDING;
}
