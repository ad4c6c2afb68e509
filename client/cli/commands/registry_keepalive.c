/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/registry.h"

/* Heartbeats of several instances over one stream: a beat is a message for each and an answer for each, in order. */

enum { LEAST_INTERVAL_MS = 50 };

struct beat {
    Mltrainer__Registry__V1__HeartbeatStreamRequest message;
    Mltrainer__Registry__V1__HeartbeatRequest heartbeat;
    Mltrainer__Registry__V1__InstanceKey key;
    char key_text[512];
};

struct keepalive {
    struct cli *cli;
    struct mrpc_client_call *call;
    Mltrainer__Registry__V1__CheckReport report, *reports[1];
    struct beat beats[CLI_OPERANDS_MAX];
    size_t count;
    int64_t every_ms;  /* 0: a third of the shortest lease */
    int64_t lease_ms;  /* the shortest, as the last beat was answered */
    bool expire;
};

static void describe(const struct cli_arguments *arguments, struct keepalive *k)
{
    mltrainer__registry__v1__check_report__init(&k->report);
    k->report.name = (char *)cli_option(arguments, "check", "");
    k->report.passing = !cli_switch(arguments, "failing");
    k->report.text = (char *)cli_option(arguments, "text", "");
    k->reports[0] = &k->report;
    k->every_ms = cli_duration_ms(arguments, "every", 0);
    k->expire = cli_switch(arguments, "expire");
    k->count = arguments->operand_count;
    for (size_t i = 0; i < k->count; i++) {
        struct beat *beat = &k->beats[i];
        mltrainer__registry__v1__heartbeat_stream_request__init(&beat->message);
        mltrainer__registry__v1__heartbeat_request__init(&beat->heartbeat);
        registry_parse_key(arguments->operands[i], &beat->key, beat->key_text);
        beat->heartbeat.key = &beat->key;
        beat->heartbeat.reports = k->reports;
        beat->heartbeat.n_reports = *k->report.name ? 1 : 0;
        beat->message.heartbeat = &beat->heartbeat;
        beat->message.expire_on_disconnect = k->expire;
    }
}

static void print_answer(const struct keepalive *k, const Mltrainer__Registry__V1__HeartbeatStreamResponse *answer)
{
    const Mltrainer__Registry__V1__InstanceKey *key = answer->key;
    if (k->cli->json)
        cli_print_json_line(&mltrainer__registry__v1__heartbeat_stream_response__info, &answer->base);
    else if (answer->code == 0 && key)
        printf("%s/%s/%s renewed for %lld s\n", *key->namespace_ ? key->namespace_ : "default", key->service, key->id,
               (long long)(answer->lease_ttl ? answer->lease_ttl->seconds : 0));
    fflush(stdout);
}

/* One answer; an instance that was not renewed ends the command with the status that a unary heartbeat would have
 * had. */
static int take_answer(struct keepalive *k, const Mltrainer__Registry__V1__HeartbeatStreamResponse *answer)
{
    print_answer(k, answer);
    if (answer->code) {
        struct mrpc_status status = MRPC_STATUS_INIT;
        mrpc_status_set(&status, (enum mrpc_code)answer->code, "%s", answer->text);
        int code = cli_status(k->cli, &status);
        mrpc_status_fini(&status);
        return code;
    }
    const Google__Protobuf__Duration *lease = answer->lease_ttl;
    int64_t lease_ms = lease ? lease->seconds * 1000 + lease->nanos / 1000000 : 0;
    if (lease_ms > 0 && (k->lease_ms == 0 || lease_ms < k->lease_ms))
        k->lease_ms = lease_ms;
    return 0;
}

/* 0 goes on; *@ended when the stream has ended, and finish() tells why. */
static int beat_all(struct keepalive *k, bool *ended)
{
    k->lease_ms = 0;
    for (size_t i = 0; i < k->count; i++) {
        *ended = mltrainer__registry__v1__registry_service__heartbeat_stream__send(k->call, &k->beats[i].message) != 0;
        const Mltrainer__Registry__V1__HeartbeatStreamResponse *answer =
            *ended ? NULL : mltrainer__registry__v1__registry_service__heartbeat_stream__recv(k->call);
        *ended = !answer;
        if (!answer)
            return 0;
        int code = take_answer(k, answer);
        if (code)
            return code;
    }
    return 0;
}

static int64_t interval_ms(const struct keepalive *k)
{
    int64_t third = k->lease_ms ? k->lease_ms / 3 : 10000;
    int64_t interval = k->every_ms ? k->every_ms : third;
    return interval < LEAST_INTERVAL_MS ? LEAST_INTERVAL_MS : interval;
}

/* SIGINT and SIGTERM as a descriptor, -1 if that fails; blocked before, so that none is lost. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int keep(struct keepalive *k, int64_t left, int signals, bool *ended)
{
    struct pollfd fd = {signals, POLLIN, 0};
    for (;;) {
        int code = beat_all(k, ended);
        if (code || *ended || --left == 0)
            return code;
        if (poll(&fd, 1, (int)interval_ms(k)) > 0)
            return 0;
    }
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct keepalive k;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    bool ended = false;
    k.cli = cli;
    describe(arguments, &k);
    int64_t left = cli_number(arguments, "count", 0, 1, INT64_MAX); /* 0: until interrupted */
    int signals = open_signals();
    int error = signals < 0 ? -1
                            : mltrainer__registry__v1__registry_service__heartbeat_stream__start(cli->channel, &options,
                                                                                                 NULL, NULL, &k.call);
    if (error)
        return cli_failed("%s", signals < 0 ? "signals cannot be waited for" : mrpc_error_text(error));
    int code = keep(&k, left, signals, &ended);
    if (!ended && k.expire)
        mrpc_client_call_cancel(k.call); /* a stream that breaks is what lets them expire at once */
    int status = mrpc_client_call_finish(k.call, &reply);
    if (!code && ended)
        code = cli_status(cli, &reply.status);
    else if (!code && status != MRPC_OK && !k.expire)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(k.call);
    mrpc_reply_fini(&reply);
    close(signals);
    return code;
}

static const struct cli_option options[] = {
    {"every", "TIME", "between beats [a third of the shortest lease]"},
    {"check", "NAME", "report for this ttl check too"},
    {"failing", NULL, "report that it fails"},
    {"text", "TEXT", "why"},
    {"count", "N", "end after N beats"},
    {"expire", NULL, "let them expire at once when this command ends, however it ends"},
    {0},
};

const struct cli_command registry_keepalive_command = {
    .noun = "registry",
    .verb = "keepalive",
    .operands = "SERVICE/ID...",
    .operands_least = 1,
    .operands_most = CLI_OPERANDS_MAX,
    .options = options,
    .summary = "Renew leases over one stream until interrupted",
    .examples = "  mltctl registry keepalive prices/a prices/b\n"
                "  mltctl registry keepalive prices/a --check ttl-1 --expire\n",
    .run = run,
};
