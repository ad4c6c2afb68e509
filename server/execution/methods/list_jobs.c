/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/job/jobs.h"
#include "execution/service.h"

static bool has_state(const struct job *job, const API(ListJobsRequest) * request)
{
    bool any = request->n_states == 0;
    for (size_t i = 0; !any && i < request->n_states; i++)
        any = (int)request->states[i] == (int)job_shown_state(job) || !request->states[i];
    return any;
}

static bool has_schedule(const struct job *job, const API(ListJobsRequest) * request)
{
    return !*request->schedule || (job->schedule && strcmp(job->schedule, request->schedule) == 0);
}

static bool has_pipeline(const struct job *job, const API(ListJobsRequest) * request)
{
    return !*request->pipeline || (job->pipeline && strcmp(job->pipeline, request->pipeline) == 0);
}

static bool has_labels(const API(Job) * message, const API(ListJobsRequest) * request)
{
    for (size_t i = 0; i < request->n_labels; i++) {
        bool found = false;
        for (size_t j = 0; !found && message->spec && j < message->spec->n_labels; j++)
            found = strcmp(message->spec->labels[j]->key, request->labels[i]->key) == 0 &&
                    strcmp(message->spec->labels[j]->value, request->labels[i]->value) == 0;
        if (!found)
            return false;
    }
    return true;
}

struct page {
    size_t size;
    size_t bytes; /* of the specifications so far */
};

/* -1: the page is full. */
static int add(const struct job *job, const API(ListJobsRequest) * request, struct page *page, struct mrpc_arena *arena,
               API(ListJobsResponse) * response, struct fault *fault)
{
    API(Job) * message;
    if (job_message(job, arena, &message, fault) || !has_labels(message, request))
        return fault->code;
    if (response->n_jobs == page->size || page->bytes > API_PAGE_BYTES) {
        response->next_page_token = response->jobs[response->n_jobs - 1]->id;
        return -1;
    }
    page->bytes += job->spec.size;
    job_message_lighten(message);
    response->jobs[response->n_jobs++] = message;
    return 0;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(ListJobsRequest) *request = command->request;
    API(ListJobsResponse) *response = command->response;
    const struct jobs *jobs = &command->engine->jobs;
    struct page page = {0};
    if (api_page_size(request->page_size, &page.size, fault))
        return fault->code;
    response->jobs = mrpc_arena_calloc(arena, page.size + 1, sizeof *response->jobs);
    if (!response->jobs)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = jobs->count; i > 0; i--) {
        const struct job *job = jobs->items[i - 1];
        bool passed = *request->page_token && strcmp(job->id, request->page_token) >= 0;
        if (!job->accepted || passed || !has_state(job, request) || (request->kind && request->kind != job->kind) ||
            !has_pipeline(job, request) || !has_schedule(job, request))
            continue;
        if (add(job, request, &page, arena, response, fault))
            break;
    }
    return fault->code;
}

METHOD(list_jobs, ListJobs)
{
    return command_post(self, call, request, response, run);
}
