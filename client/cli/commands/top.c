/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/top.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "columns.h"
#include "commands/commands.h"
#include "commands/execution.h"
#include "live_screen.h"

enum { METHODS_MAX = 200, EVERY_MS_LEAST = 10 };

#define MIB (UINT64_C(1) << 20)

static void draw_server(FILE *out, const struct cli *cli, const Mltrainer__Admin__V1__GetServerInfoResponse *server)
{
    int64_t up_s = (int64_t)time(NULL) - server->start_time->seconds;
    fprintf(out, "mlTrainer %s at %s, pid %d, up %" PRId64 " d %02" PRId64 ":%02" PRId64 ":%02" PRId64 "%s\n",
            server->version, cli->server, (int)server->process_id, up_s / 86400, up_s / 3600 % 24, up_s / 60 % 60,
            up_s % 60, server->draining ? ", DRAINING" : "");
}

static void draw_calls(FILE *out, const struct top_sample *before, const struct top_sample *now)
{
    const Mltrainer__Admin__V1__GetServerInfoResponse *server = now->server;
    fprintf(out, "calls     %.1f/s, %" PRIu64 " open, %" PRIu64 " connections, %" PRIu64 " turned away\n",
            top_calls_per_s(before, now), server->active_calls, server->connections, server->rejected);
    fprintf(out, "memory    %" PRIu64 " MiB", server->resident_bytes / MIB);
    if (server->memory_limit_bytes)
        fprintf(out, ", %" PRIu64 " of %" PRIu64 " MiB of the limit", server->memory_used_bytes / MIB,
                server->memory_limit_bytes / MIB);
    fprintf(out, "\nstore     revision %" PRIu64 "%s%s\n", server->store_revision, *server->store_trouble ? ", " : "",
            server->store_trouble);
}

static void draw_engine(FILE *out, const Mltrainer__Execution__V1__GetEngineResponse *engine)
{
    fprintf(out, "pools     workers %u of %u busy, %" PRIu64 " lost; threads %u of %u busy\njobs     ",
            engine->workers_busy, engine->workers, engine->workers_lost, engine->threads_busy, engine->threads);
    for (size_t i = 0; i < engine->n_jobs; i++)
        fprintf(out, "%s %" PRIu64 " %s", i ? "," : "", engine->jobs[i]->count,
                execution_job_state(engine->jobs[i]->state));
    fprintf(out, "%s; the queue holds %" PRIu64 "\n", engine->n_jobs ? "" : " none", engine->queue_limit);
}

static void draw_registry(FILE *out, const Mltrainer__Registry__V1__GetRegistryInfoResponse *registry)
{
    fprintf(out,
            "registry  %" PRId64 " services, %" PRId64 " instances, %" PRId64 " checks, %" PRId64
            " watchers, revision %" PRId64 "\n",
            registry->service_count, registry->instance_count, registry->check_count, registry->watcher_count,
            registry->revision);
}

static void add_ms(struct columns *columns, double ms)
{
    if (isnan(ms))
        columns_add(columns, "-");
    else
        columns_add(columns, "%.3g ms", ms);
}

static void draw_methods(FILE *out, const struct top_sample *before, const struct top_sample *now)
{
    static const char *const titles[] = {"METHOD", ">CALLS/S", ">FAILED/S", ">P50", ">P99", ">CALLS", NULL};
    static struct top_method methods[METHODS_MAX];
    if (!now->calls) {
        const char *why = now->replies[1].status.message;
        fprintf(out, "\nmethods are not shown: %s\n", why ? why : mrpc_code_name(now->replies[1].status.code));
        return;
    }
    size_t count = top_methods(before, now, methods, METHODS_MAX);
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < count; i++) {
        columns_add(columns, "%s", methods[i].name);
        columns_add(columns, "%.1f", methods[i].calls_per_s);
        columns_add(columns, "%.1f", methods[i].failed_per_s);
        add_ms(columns, methods[i].p50_ms);
        add_ms(columns, methods[i].p99_ms);
        columns_add(columns, "%" PRIu64, methods[i].calls);
    }
    fputc('\n', out);
    columns_print_to(columns, out);
}

static void draw(FILE *out, const struct cli *cli, const struct top_sample *before, const struct top_sample *now)
{
    draw_server(out, cli, now->server);
    draw_calls(out, before, now);
    if (now->engine)
        draw_engine(out, now->engine);
    if (now->registry)
        draw_registry(out, now->registry);
    draw_methods(out, before, now);
}

/* A server that went away is waited for, once it has been there. */
static int show(struct cli *cli, struct live_screen *screen, struct top_sample *before, bool seen)
{
    struct top_sample now;
    int code = top_sample_take(cli, &now, seen);
    if (code && seen) {
        FILE *out = live_screen_begin(screen);
        fprintf(out, "mlTrainer at %s does not answer: %s\n", cli->server,
                now.replies[0].status.message ? now.replies[0].status.message : mrpc_code_name(code - CLI_STATUS));
        live_screen_end(screen);
    } else if (!code && cli->json && now.calls) {
        code = cli_print_json(&mltrainer__admin__v1__get_call_statistics_response__info, &now.calls->base);
    } else if (!code && cli->json) {
        code = cli_status(cli, &now.replies[1].status);
    } else if (!code) {
        draw(live_screen_begin(screen), cli, before->server ? before : NULL, &now);
        live_screen_end(screen);
    }
    if (code) {
        top_sample_free(&now);
        return seen ? 0 : code;
    }
    top_sample_free(before);
    *before = now;
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    int64_t every_ms = cli_duration_ms(arguments, "every", 1000);
    int64_t times = cli_number(arguments, "times", cli_switch(arguments, "once") ? 1 : 0, 0, 1000000);
    if (every_ms < EVERY_MS_LEAST || every_ms > 3600 * 1000)
        return cli_usage("--every: %d ms to 1 h", EVERY_MS_LEAST);
    if (!times && (!cli->terminal || cli->json))
        times = 1;
    struct live_screen *screen = live_screen_new(cli->terminal && !cli->json && times != 1);
    if (!screen)
        return cli_failed("out of memory");
    struct top_sample before = {.taken_ms = 0};
    int code = 0;
    for (int64_t shown = 0; !code && (!times || shown < times); shown++) {
        if (shown && live_screen_wait(screen, every_ms) == LIVE_SCREEN_QUIT)
            break;
        code = show(cli, screen, &before, shown > 0 && !cli->json);
    }
    live_screen_free(screen);
    top_sample_free(&before);
    return code;
}

static const struct cli_option options[] = {
    {"every", "TIME", "between two looks, 10ms at least [1s]"},
    {"once", NULL, "look once: what was since the server's start"},
    {"times", "N", "look so often [until q; without a terminal once]"},
    {0},
};

const struct cli_command top_command = {
    .noun = "top",
    .verb = "",
    .operands = "",
    .options = options,
    .summary = "Watch calls, pools, jobs, registry and memory; q ends it",
    .examples = "  mltctl top\n  mltctl top --every 5s\n  mltctl top --once\n",
    .run = run,
};
