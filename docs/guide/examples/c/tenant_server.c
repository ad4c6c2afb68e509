/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_server ADDRESS: a greeter behind interceptors, the library's and one of its own. See ../../interceptors.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>

/* What the interceptor keeps of each call: zeroed memory of its own. */
struct tenant {
    const char *name;
};

static int tenant_started(void *self, void *state, struct mrpc_call *call)
{
    struct tenant *tenant = state;
    const struct mrpc_metadatum *found = mrpc_metadata_find(mrpc_call_request_metadata(call), "tenant");
    if (!found)
        return mrpc_call_fail(call, MRPC_INVALID_ARGUMENT, "metadata: tenant is missing");
    tenant->name = found->value; /* lives as long as the call */
    return MRPC_OK;
}

static void tenant_ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct tenant *tenant = state;
    fprintf(stderr, "%s used %llu bytes\n", tenant->name ? tenant->name : "nobody",
            (unsigned long long)(end->received.wire_bytes + end->sent.wire_bytes));
}

static const struct mrpc_interceptor tenants = {
    .struct_bytes = sizeof tenants,
    .name = "tenants",
    .state_bytes = sizeof(struct tenant),
    .started = tenant_started,
    .ended = tenant_ended,
};

static int say_hello(void *self, struct mrpc_call *call, const Helloworld__HelloRequest *request,
                     Helloworld__HelloReply *reply)
{
    const struct tenant *tenant = mrpc_call_state(call, &tenants);
    reply->message = mrpc_arena_printf(mrpc_call_arena(call), "%s, says %s", request->name, tenant->name);
    return MRPC_OK;
}

static void write_line(void *arg, int level, const char *line)
{
    fprintf(stderr, "%d %s\n", level, line);
}

static int write_text(void *arg, const char *text, size_t size)
{
    return fwrite(text, 1, size, arg) == size ? 0 : MRPC_ERR_SYSTEM;
}

static void must(int error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "%s: %s\n", what, mrpc_error_text(error));
    exit(1);
}

int main(int argc, char **argv)
{
    static const struct helloworld__greeter__handlers handlers = {.say_hello = say_hello};
    const struct mrpc_call_log_options lines = {.struct_bytes = sizeof lines, .write = write_line};
    const struct mrpc_rate_limit_options rate = {.struct_bytes = sizeof rate, .calls_per_second = 1000};
    struct mrpc_server *server;
    struct mrpc_metrics *metrics;
    struct mrpc_tracing *tracing;
    struct mrpc_call_log *log;
    struct mrpc_rate_limit *limit;
    char *bound;

    must(mrpc_server_new(NULL, &server), "server");
    must(helloworld__greeter__add_to_server(server, &handlers, NULL), "greeter");

    /* Those that see everything first, those that refuse last. */
    must(mrpc_metrics_new(NULL, &metrics), "metrics");
    must(mrpc_metrics_add_to_server(metrics, server), "metrics");
    must(mrpc_tracing_new(&tracing), "tracing");
    must(mrpc_tracing_add_to_server(tracing, server), "tracing");
    must(mrpc_call_log_new(&lines, &log), "log");
    must(mrpc_call_log_add_to_server(log, server), "log");
    must(mrpc_rate_limit_new(&rate, &limit), "rate limit");
    must(mrpc_rate_limit_add_to_server(limit, server), "rate limit");
    must(mrpc_server_add_interceptor(server, &tenants, NULL), "tenants");

    sigset_t ends;
    int signal_number;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before the server makes its threads */
    must(mrpc_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:0", NULL, &bound), "listen");
    must(mrpc_server_start(server), "start");
    printf("ready %s\n", bound);
    fflush(stdout);
    sigwait(&ends, &signal_number);

    mrpc_server_stop(server);
    must(mrpc_metrics_write_prometheus(metrics, write_text, stdout), "metrics");
    mrpc_server_free(server); /* before what it borrows */
    mrpc_metrics_free(metrics);
    mrpc_tracing_free(tracing);
    mrpc_call_log_free(log);
    mrpc_rate_limit_free(limit);
    free(bound);
    return 0;
}
