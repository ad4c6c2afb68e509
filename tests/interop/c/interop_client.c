/* SPDX-License-Identifier: Apache-2.0 */

/* mrpc-interop-client: gRPC's interop client on libmrpc, with the flags of gRPC's own. Runs one case and exits with 0
 * when all that it asserts is so, 1 when not (why is on stderr), 2 on wrong flags. */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "flags.h"

static const struct interop_case *const tables[] = {unary_cases, streaming_cases, compression_cases, soak_cases,
                                                    http2_cases,  feature_cases};

static const struct interop_case *find_case(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct interop_case *found = tables[i]; found->name; found++)
            if (strcmp(found->name, name) == 0)
                return found;
    return NULL;
}

static void list_cases(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct interop_case *found = tables[i]; found->name; found++)
            (void)puts(found->name);
}

static struct mrpc_tls *load_tls(const char *ca_file, const char *server_name)
{
    const struct mrpc_tls_options options = {.struct_bytes = sizeof options,
                                             .ca_file = *ca_file ? ca_file : NULL,
                                             .server_name = *server_name ? server_name : NULL};
    struct mrpc_tls *tls;
    char why[256];
    if (mrpc_tls_client_new(&options, &tls, why, sizeof why) != 0)
        errx(2, "TLS: %s", why);
    return tls;
}

int main(int argc, char **argv)
{
    const char *host = "localhost", *override = "", *name = "large_unary", *ca_file = "";
    int port = 10000;
    bool use_tls = false, use_test_ca = false;
    struct interop interop = {
        .options.struct_bytes = sizeof interop.options,
        .call.struct_bytes = sizeof interop.call,
        .soak = {.iterations = 10, .max_latency_ms = 1000, .request_bytes = LARGE_REQUEST_BYTES,
                 .response_bytes = LARGE_RESPONSE_BYTES, .threads = 1},
    };
    const struct flag flags[] = {
        {"server_host", "the host to connect to", .text = &host},
        {"server_port", "its port", .number = &port},
        {"server_host_override", "who it claims to be, to TLS and in :authority", .text = &override},
        {"test_case", "the case to run, or \"list\"", .text = &name},
        {"use_tls", "TLS instead of clear text", .truth = &use_tls},
        {"use_test_ca", "trust --ca_file instead of the system's roots", .truth = &use_test_ca},
        {"ca_file", "whom to trust (PEM)", .text = &ca_file},
        {"compress_requests", "of large_unary, client_streaming and ping_pong", .truth = &interop.call.compress},
        {"soak_iterations", "calls of a soak case", .number = &interop.soak.iterations},
        {"soak_max_failures", "how many of them may fail or be slow", .number = &interop.soak.max_failures},
        {"soak_per_iteration_max_acceptable_latency_ms", "when a call is slow", .number = &interop.soak.max_latency_ms},
        {"soak_overall_timeout_seconds", "0: iterations times latency", .number = &interop.soak.timeout_s},
        {"soak_min_time_ms_between_rpcs", "from start to start", .number = &interop.soak.min_time_ms_between},
        {"soak_request_size", "bytes", .number = &interop.soak.request_bytes},
        {"soak_response_size", "bytes", .number = &interop.soak.response_bytes},
        {"soak_num_threads", "threads that share the iterations", .number = &interop.soak.threads},
    };
    flags_parse(flags, sizeof flags / sizeof *flags, argc, argv);
    if (strcmp(name, "list") == 0) {
        list_cases();
        return 0;
    }
    const struct interop_case *wanted = find_case(name);
    if (!wanted)
        errx(2, "there is no case %s", name);
    if (use_test_ca && !*ca_file)
        errx(2, "--use_test_ca needs --ca_file: there is no built-in authority");
    char *target;
    if (asprintf(&target, "%s:%d", host, port) < 0)
        err(1, "target");
    interop.target = target;
    interop.options.tls = use_tls ? load_tls(ca_file, override) : NULL;
    interop.options.authority = *override ? override : NULL;
    interop.channel = interop_open_channel(&interop);
    wanted->run(&interop);
    mrpc_channel_free(interop.channel);
    mrpc_tls_free(interop.options.tls);
    free(target);
    return 0;
}
