/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/registry.h"
#include "commands/registry_while.h"
#include "files.h"

enum { CHECKS_MAX = 8, TAGS_MAX = 16, CA_BYTES_MAX = 16 * 1024, PATIENCE_MS = 2000, AWAY_MS = 2000 };

/* An instance as the command line describes it; everything that it points at. */
struct description {
    Mltrainer__Registry__V1__Instance instance;
    Mltrainer__Registry__V1__InstanceKey key;
    Mltrainer__Registry__V1__Endpoint endpoint, *endpoints[1];
    Mltrainer__Registry__V1__Check checks[CHECKS_MAX], *check_pointers[CHECKS_MAX];
    Mltrainer__Registry__V1__HttpCheck http[CHECKS_MAX];
    Mltrainer__Registry__V1__GrpcCheck grpc[CHECKS_MAX];
    Mltrainer__Registry__V1__CheckTls certificate; /* of all checks by TLS */
    Mltrainer__Registry__V1__TcpCheck tcp;
    Mltrainer__Registry__V1__TtlCheck ttl;
    Google__Protobuf__Duration lease, interval, timeout;
    char names[CHECKS_MAX][16], key_text[512], endpoint_text[512];
    char *tags[TAGS_MAX];
};

static void set_duration(Google__Protobuf__Duration *duration, int64_t ms)
{
    google__protobuf__duration__init(duration);
    duration->seconds = ms / 1000;
    duration->nanos = (int32_t)(ms % 1000) * 1000000;
}

static bool is(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncmp(text, word, length) == 0;
}

/* "http:/health", "https:/health", "grpc", "grpc:SERVICE", "grpcs", "tcp", "ttl". */
static int add_check(struct description *d, const char *text)
{
    size_t at = d->instance.n_checks;
    Mltrainer__Registry__V1__Check *check = &d->checks[at];
    mltrainer__registry__v1__check__init(check);
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    const char *detail = colon ? colon + 1 : "";
    if (is(text, length, "http") || is(text, length, "https")) {
        mltrainer__registry__v1__http_check__init(&d->http[at]);
        d->http[at].path = (char *)(*detail ? detail : "/health");
        d->http[at].tls = is(text, length, "https");
        d->http[at].certificate = d->http[at].tls ? &d->certificate : NULL;
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
        check->http = &d->http[at];
    } else if (is(text, length, "grpc") || is(text, length, "grpcs")) {
        mltrainer__registry__v1__grpc_check__init(&d->grpc[at]);
        d->grpc[at].service = (char *)detail;
        d->grpc[at].tls = is(text, length, "grpcs");
        d->grpc[at].certificate = d->grpc[at].tls ? &d->certificate : NULL;
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC;
        check->grpc = &d->grpc[at];
    } else if (strcmp(text, "tcp") == 0) {
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP;
        check->tcp = &d->tcp;
    } else if (strcmp(text, "ttl") == 0) {
        check->kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
        check->ttl = &d->ttl;
    } else {
        return cli_usage("--check: \"%s\" is not http[s][:PATH], grpc[s][:SERVICE], tcp or ttl", text);
    }
    snprintf(d->names[at], sizeof d->names[at], "%.*s-%zu", (int)length, text, at + 1);
    check->name = d->names[at];
    check->interval = &d->interval;
    check->timeout = &d->timeout;
    d->check_pointers[at] = check;
    d->instance.n_checks++;
    return 0;
}

/* How the certificates of https and grpcs targets are judged. The text lives as long as the command. */
static int describe_certificate(const struct cli_arguments *arguments, struct description *d)
{
    mltrainer__registry__v1__check_tls__init(&d->certificate);
    d->certificate.server_name = (char *)cli_option(arguments, "check-name", "");
    d->certificate.ignore = cli_switch(arguments, "check-any");
    const char *file = cli_option(arguments, "check-ca", NULL);
    uint8_t *text;
    size_t size;
    int code = file ? files_read(file, CA_BYTES_MAX, &text, &size) : 0;
    if (file && !code)
        d->certificate.ca_pem = (char *)text;
    return code;
}

static int describe(const struct cli_arguments *arguments, struct description *d)
{
    mltrainer__registry__v1__instance__init(&d->instance);
    mltrainer__registry__v1__tcp_check__init(&d->tcp);
    mltrainer__registry__v1__ttl_check__init(&d->ttl);
    registry_parse_key(arguments->operands[0], &d->key, d->key_text);
    registry_parse_endpoint(arguments->operands[1], &d->endpoint, d->endpoint_text);
    set_duration(&d->lease, cli_duration_ms(arguments, "ttl", 30000));
    int64_t interval_ms = cli_duration_ms(arguments, "interval", 10000);
    set_duration(&d->interval, interval_ms);
    set_duration(&d->timeout, cli_duration_ms(arguments, "check-timeout", interval_ms < 2000 ? interval_ms : 2000));
    d->endpoints[0] = &d->endpoint;
    d->instance.key = &d->key;
    d->instance.endpoints = d->endpoints;
    d->instance.n_endpoints = 1;
    d->instance.lease_ttl = &d->lease;
    d->instance.version = (char *)cli_option(arguments, "version", "");
    d->instance.zone = (char *)cli_option(arguments, "zone", "");
    d->instance.weight = (uint32_t)cli_number(arguments, "weight", 100, 0, 65535);
    d->instance.checks = d->check_pointers;
    int failed = describe_certificate(arguments, d);
    if (failed)
        return failed;
    const char *text;
    for (size_t i = 0; i < CHECKS_MAX && (text = cli_option_at(arguments, "check", i)); i++) {
        int code = add_check(d, text);
        if (code)
            return code;
    }
    while (d->instance.n_tags < TAGS_MAX && (text = cli_option_at(arguments, "tag", d->instance.n_tags)))
        d->tags[d->instance.n_tags++] = (char *)text;
    d->instance.tags = d->tags;
    return 0;
}

static int do_register(struct cli *cli, struct description *d, int64_t timeout_ms, bool print, int64_t *interval_ms)
{
    Mltrainer__Registry__V1__RegisterRequest request = MLTRAINER__REGISTRY__V1__REGISTER_REQUEST__INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = timeout_ms};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.instance = &d->instance;
    const Mltrainer__Registry__V1__RegisterResponse *response =
        mltrainer__registry__v1__registry_service__register(cli->channel, &options, &request, &reply);
    int code = print ? cli_status(cli, &reply.status) : (int)reply.status.code;
    if (response) {
        const Google__Protobuf__Duration *interval = response->heartbeat_interval;
        *interval_ms = interval ? interval->seconds * 1000 + interval->nanos / 1000000 : 10000;
    }
    if (response && print && cli->json) {
        code = cli_print_json(&mltrainer__registry__v1__register_response__info, &response->base);
    } else if (response && print && response->instance) {
        printf("%s at revision %lld; a heartbeat is due every %g s\n", response->created ? "registered" : "renewed",
               (long long)response->instance->revision, (double)*interval_ms / 1000);
    }
    fflush(stdout);
    mrpc_reply_fini(&reply);
    return code;
}

static int beat(struct cli *cli, struct description *d)
{
    Mltrainer__Registry__V1__HeartbeatRequest request = MLTRAINER__REGISTRY__V1__HEARTBEAT_REQUEST__INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = PATIENCE_MS};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.key = &d->key;
    mltrainer__registry__v1__registry_service__heartbeat(cli->channel, &options, &request, &reply);
    int code = (int)reply.status.code;
    mrpc_reply_fini(&reply);
    return code;
}

static void deregister(struct cli *cli, struct description *d)
{
    Mltrainer__Registry__V1__DeregisterRequest request = MLTRAINER__REGISTRY__V1__DEREGISTER_REQUEST__INIT;
    const struct mrpc_call_options options = {.struct_bytes = sizeof options, .timeout_ms = PATIENCE_MS};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.key = &d->key;
    request.reason = "mltctl ended";
    mltrainer__registry__v1__registry_service__deregister(cli->channel, &options, &request, &reply);
    mrpc_reply_fini(&reply);
}

/* No answer: perhaps no packet arrives any more, which only a new connection gets over. */
static void note_silence(struct cli *cli, int answer)
{
    if (answer == MRPC_DEADLINE_EXCEEDED)
        mrpc_channel_give_up_silent(cli->channel, PATIENCE_MS / 2);
}

/* Heartbeats until a signal comes or the command ends; an instance that the registry forgot is registered again, for
 * ever, and a registry that is away is asked a little sooner. A call waits PATIENCE_MS at most, so that the command's
 * signals and its end do not wait for a registry. */
static int keep(struct cli *cli, struct description *d, int64_t interval_ms, char **command)
{
    struct registry_while stay;
    int code = registry_while_begin(&stay, command);
    int64_t pause_ms = interval_ms;
    while (!code && registry_while_wait(&stay, pause_ms)) {
        int answer = beat(cli, d);
        if (answer == MRPC_NOT_FOUND)
            answer = do_register(cli, d, PATIENCE_MS, false, &interval_ms);
        note_silence(cli, answer);
        pause_ms = answer && interval_ms > AWAY_MS ? AWAY_MS : interval_ms;
    }
    deregister(cli, d);
    registry_while_end(&stay);
    return code ? code : stay.status;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct description description;
    int64_t interval_ms = 10000;
    int code = describe(arguments, &description);
    bool stay = cli_switch(arguments, "keep") || cli_switch(arguments, "while");
    if (!code && cli_switch(arguments, "while") && (!arguments->rest || !arguments->rest[0]))
        code = cli_usage("--while: write the command behind --");
    if (!code)
        code = do_register(cli, &description, cli->timeout_ms, true, &interval_ms);
    return code || !stay
               ? code
               : keep(cli, &description, interval_ms, cli_switch(arguments, "while") ? arguments->rest : NULL);
}

static const struct cli_option options[] = {
    {"version", "VERSION", "of the instance"},
    {"zone", "ZONE", "where it stands"},
    {"tag", "TAG", "may be repeated"},
    {"weight", "N", "share of traffic, 0..65535 [100]"},
    {"ttl", "TIME", "the lease [30]"},
    {"check", "CHECK", "http[:PATH], https[:PATH], grpc[:SERVICE], grpcs[:SERVICE], tcp or ttl; may be repeated"},
    {"check-ca", "FILE", "of https and grpcs: the CAs, in PEM [the system's of the registry]"},
    {"check-name", "NAME", "of https and grpcs: whom the certificate must name [the target]"},
    {"check-any", NULL, "of https and grpcs: let any certificate pass"},
    {"interval", "TIME", "between checks [10]"},
    {"check-timeout", "TIME", "of a check [2, or the interval if that is less]"},
    {"keep", NULL, "stay, send heartbeats, deregister when interrupted"},
    {"while", NULL, "stay registered as long as the command behind -- runs"},
    {0},
};

const struct cli_command registry_register_command = {
    .noun = "registry",
    .verb = "register",
    .operands = "SERVICE/ID HOST:PORT [-- COMMAND]",
    .operands_least = 2,
    .operands_most = 2,
    .options = options,
    .summary = "Register an instance, and keep it if asked",
    .examples = "  mltctl registry register prices/a 127.0.0.1:8080 --check http:/health --ttl 30\n"
                "  mltctl registry register prices/a 127.0.0.1:8080 --while -- python3 -m http.server 8080\n",
    .run = run,
};
