/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/doctor.h"

/* The server itself: is it there, is its clock ours, is its version ours, and what does it say of itself. */

enum { SKEW_MS_NEAR = 2000, SKEW_MS_FAR = 30000 };

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *remedy_for(int code)
{
    switch (code) {
    case MRPC_UNAUTHENTICATED:
    case MRPC_PERMISSION_DENIED:
        return "say who you are: --token-file, or --tls-certificate and --tls-key";
    case MRPC_DEADLINE_EXCEEDED:
        return "see whether the server is overloaded, or a firewall drops packets";
    default:
        return "start mltrainerd, or name its address by --server; a server with TLS needs --tls or --tls-ca";
    }
}

static bool reach(struct doctor *doctor)
{
    Mltrainer__Admin__V1__GetServerInfoRequest request = MLTRAINER__ADMIN__V1__GET_SERVER_INFO_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int64_t began_ms = now_ms(CLOCK_MONOTONIC);
    const Mltrainer__Admin__V1__GetServerInfoResponse *info =
        mltrainer__admin__v1__admin_service__get_server_info(doctor->cli->channel, &options, &request, &reply);
    if (info) {
        doctor_find(doctor, DOCTOR_OK, "reachable", "", "%s answers within %" PRId64 " ms", doctor->cli->server,
                    now_ms(CLOCK_MONOTONIC) - began_ms);
        bool same = strcmp(info->version, MRPC_VERSION) == 0;
        doctor_find(doctor, same ? DOCTOR_OK : DOCTOR_WARNING, "version",
                    "use the mltctl that came with the server: another one may not know its methods",
                    "the server is %s, this mltctl " MRPC_VERSION, info->version);
    } else {
        doctor_find(doctor, DOCTOR_ERROR, "reachable", remedy_for(reply.status.code), "%s does not answer: %s",
                    doctor->cli->server,
                    reply.status.message ? reply.status.message : mrpc_code_name(reply.status.code));
    }
    bool there = info != NULL;
    mrpc_reply_fini(&reply);
    return there;
}

/* A lease, a deadline or a token's end means another moment where the clocks differ. */
static void compare_clocks(struct doctor *doctor, const Google__Protobuf__Timestamp *server, int64_t began_ms,
                           int64_t ended_ms)
{
    int64_t server_ms = server->seconds * 1000 + server->nanos / 1000000;
    int64_t behind = began_ms - server_ms, ahead = server_ms - ended_ms; /* somewhere between the two it was asked */
    int64_t skew_ms = behind > 0 ? behind : ahead > 0 ? ahead : 0;
    doctor_find(doctor,
                skew_ms >= SKEW_MS_FAR    ? DOCTOR_ERROR
                : skew_ms >= SKEW_MS_NEAR ? DOCTOR_WARNING
                                          : DOCTOR_OK,
                "clock", "have both machines follow NTP", "the server's clock is %s%" PRId64 " ms%s",
                skew_ms ? "at least " : "within ", skew_ms ? skew_ms : ended_ms - began_ms,
                skew_ms ? (behind > 0 ? " behind this one" : " ahead of this one") : " of this one");
}

static void take_findings(struct doctor *doctor)
{
    Mltrainer__Admin__V1__DiagnoseRequest request = MLTRAINER__ADMIN__V1__DIAGNOSE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(doctor->cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int64_t began_ms = now_ms(CLOCK_REALTIME);
    const Mltrainer__Admin__V1__DiagnoseResponse *response =
        mltrainer__admin__v1__admin_service__diagnose(doctor->cli->channel, &options, &request, &reply);
    if (!response)
        doctor_find_failure(doctor, "server", &reply.status);
    if (response && response->server_time) {
        compare_clocks(doctor, response->server_time, began_ms, now_ms(CLOCK_REALTIME));
        doctor->server_time.seconds = response->server_time->seconds;
        doctor->server_time.nanos = response->server_time->nanos;
    }
    for (size_t i = 0; response && i < response->n_findings; i++) {
        const Mltrainer__Admin__V1__Finding *finding = response->findings[i];
        doctor_find(doctor, finding->severity, finding->check, finding->remedy, "%s", finding->text);
    }
    mrpc_reply_fini(&reply);
}

bool doctor_ask_server(struct doctor *doctor)
{
    if (!reach(doctor))
        return false;
    take_findings(doctor);
    return true;
}
