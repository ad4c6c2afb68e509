/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/jobs_submit.h"

#include <stdio.h>

int jobs_submit(struct cli *cli, const struct cli_arguments *arguments, Mltrainer__Execution__V1__JobSpec *job)
{
    Mltrainer__Execution__V1__SubmitJobRequest request = MLTRAINER__EXECUTION__V1__SUBMIT_JOB_REQUEST__INIT;
    Google__Protobuf__Duration timeout = GOOGLE__PROTOBUF__DURATION__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char id[160] = "";
    int64_t timeout_ms = cli_duration_ms(arguments, "job-timeout", 0);
    timeout.seconds = timeout_ms / 1000;
    timeout.nanos = (int32_t)(timeout_ms % 1000) * 1000000;
    job->timeout = timeout_ms ? &timeout : NULL;
    job->priority = (int32_t)cli_number(arguments, "priority", 0, -100, 100);
    const char *after[CLI_OPTIONS_MAX];
    for (job->n_depends_on = 0; (after[job->n_depends_on] = cli_option_at(arguments, "after", job->n_depends_on));)
        job->n_depends_on++;
    job->depends_on = (char **)(uintptr_t)after;
    job->webhook_url = (char *)cli_option(arguments, "webhook", "");
    request.spec = job;
    request.request_id = (char *)cli_option(arguments, "request-id", "");
    request.validate_only = cli_switch(arguments, "validate-only");
    const Mltrainer__Execution__V1__SubmitJobResponse *response =
        mltrainer__execution__v1__execution_service__submit_job(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    bool follow = response && cli_switch(arguments, "follow") && !request.validate_only;
    if (response && response->job)
        snprintf(id, sizeof id, "%s", response->job->id);
    if (response && cli->json && !follow)
        code = cli_print_json(&mltrainer__execution__v1__submit_job_response__info, &response->base);
    else if (response && !follow)
        puts(request.validate_only ? "the job is valid" : id);
    mrpc_reply_fini(&reply);
    return follow ? execution_follow(cli, id, 0, false) : code;
}
