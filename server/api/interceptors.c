/* SPDX-License-Identifier: Apache-2.0 */
#include "api/interceptors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/binary_log.h>
#include <mrpc/call_log.h>
#include <mrpc/metrics.h>
#include <mrpc/rate_limit.h>
#include <mrpc/trace.h>

#include "api/call_traces.h"

enum { FILTER_BYTES = 4096 };

struct interceptors {
    struct log *log;
    struct mrpc_binary_log *binary_log;   /* these may be NULL: not wanted */
    struct mrpc_binary_log_file *binary_log_file;
    struct mrpc_metrics *metrics;
    struct mrpc_call_log *calls;
    struct mrpc_rate_limit *rate_limit;
    struct mrpc_tracing *tracing;
    struct call_traces *call_traces;
};

/* What is never written whole: its answer is a secret. */
#define WITHOUT_SECRETS ",-mltrainer.admin.v1.AdminService/CreateToken"

static int make_filter(const char *asked, char *out, size_t size, struct fault *fault)
{
    if (strstr(asked, "AdminService/CreateToken"))
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "binary_log.filter: CreateToken is never logged: its answer is a secret");
    if (snprintf(out, size, "%s" WITHOUT_SECRETS, asked) >= (int)size)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "binary_log.filter: longer than %zu bytes", size);
    return 0;
}

static int add_binary_log(struct interceptors *all, const struct config *config, struct mrpc_server *server,
                          struct fault *fault)
{
    const char *filter = config_text(config, "binary_log.filter");
    const char *path = config_text(config, "binary_log.file");
    if (!filter)
        return 0;
    if (!path)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "binary_log.file: binary_log.filter needs a file to write to");
    if (mrpc_binary_log_file_new(path, &all->binary_log_file) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "binary_log.file: %s: %s", path, strerror(errno));
    char whole[FILTER_BYTES];
    int code = make_filter(filter, whole, sizeof whole, fault);
    if (code)
        return code;
    struct mrpc_binary_log_options options = {.struct_bytes = sizeof options,
                                              .filter = whole,
                                              .write = mrpc_binary_log_file_write,
                                              .arg = all->binary_log_file};
    char why[128] = "out of memory";
    if (mrpc_binary_log_new(&options, &all->binary_log, why, sizeof why) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "binary_log.filter: %s", why);
    if (mrpc_binary_log_add_to_server(all->binary_log, server) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return 0;
}

static int add_metrics(struct interceptors *all, const struct config *config, struct mrpc_server *server)
{
    if (!config_switch(config, "metrics"))
        return 0;
    int error = mrpc_metrics_new(NULL, &all->metrics);
    return error ? error : mrpc_metrics_add_to_server(all->metrics, server);
}

static int add_tracing(struct interceptors *all, const struct config *config, struct trace_ring *ring,
                       struct mrpc_server *server)
{
    int error = mrpc_tracing_new(&all->tracing);
    if (!error)
        error = mrpc_tracing_add_to_server(all->tracing, server);
    if (error || config_number(config, "traces.kept") == 0)
        return error;
    const struct call_traces_options options = {
        .ring = ring,
        .every = (uint64_t)config_number(config, "traces.every"),
        .slow_us = config_number(config, "traces.slow") * 1000,
    };
    return call_traces_new(&options, server, &all->call_traces);
}

static void write_line(void *arg, int level, const char *line)
{
    log_write(arg, (enum log_level)level, "rpc", "%s", line);
}

static int add_call_log(struct interceptors *all, const struct config *config, struct mrpc_server *server)
{
    const char *which = config_text(config, "log.calls");
    if (strcmp(which, "none") == 0)
        return 0;
    struct mrpc_call_log_options options = {
        .struct_bytes = sizeof options,
        .write = write_line,
        .arg = all->log,
        .lines_per_second = (uint32_t)config_number(config, "log.calls_per_second"),
        .failed_only = strcmp(which, "failed") == 0,
    };
    int error = mrpc_call_log_new(&options, &all->calls);
    return error ? error : mrpc_call_log_add_to_server(all->calls, server);
}

/* A server that is busy is asked all the same whether it is well. */
static bool is_health_check(void *arg, const struct mrpc_call *call)
{
    static const char service[] = "/grpc.health.v1.Health/";
    return strncmp(mrpc_call_method(call)->path, service, sizeof service - 1) == 0;
}

static int add_rate_limit(struct interceptors *all, const struct config *config, struct mrpc_server *server)
{
    struct mrpc_rate_limit_options options = {
        .struct_bytes = sizeof options,
        .calls_per_second = (uint32_t)config_number(config, "rate_limit.calls_per_second"),
        .burst = (uint32_t)config_number(config, "rate_limit.burst"),
        .exempt = is_health_check,
    };
    if (options.calls_per_second == 0)
        return 0;
    int error = mrpc_rate_limit_new(&options, &all->rate_limit);
    return error ? error : mrpc_rate_limit_add_to_server(all->rate_limit, server);
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(text, *words) != 0)
        words++;
    return *words != NULL;
}

int interceptors_new(const struct interceptors_options *options, struct mrpc_server *server, struct interceptors **out,
                     struct fault *fault)
{
    const struct config *config = options->config;
    static const char *const which[] = {"all", "failed", "none", NULL};
    if (!is_one_of(config_text(config, "log.calls"), which))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "log.calls: \"%s\" is not all, failed or none",
                         config_text(config, "log.calls"));
    struct interceptors *all = calloc(1, sizeof *all);
    if (!all)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    all->log = options->log;
    *out = all;   /* the server may borrow some of it: freed after it, whatever goes wrong */
    int code = add_binary_log(all, config, server, fault);
    if (code)
        return code;
    int error = add_metrics(all, config, server);
    if (!error)
        error = add_tracing(all, config, options->traces, server);
    if (!error)
        error = add_call_log(all, config, server);
    if (!error)
        error = access_add_to_server(options->access, server);
    if (!error)
        error = add_rate_limit(all, config, server);
    return error ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "interceptors: %s", mrpc_error_text(error)) : 0;
}

void interceptors_free(struct interceptors *all)
{
    if (!all)
        return;
    mrpc_binary_log_free(all->binary_log);
    mrpc_binary_log_file_free(all->binary_log_file);
    mrpc_metrics_free(all->metrics);
    mrpc_tracing_free(all->tracing);
    call_traces_free(all->call_traces);
    mrpc_call_log_free(all->calls);
    mrpc_rate_limit_free(all->rate_limit);
    free(all);
}

static int write_refused(const struct mrpc_rate_limit *limit, int (*write)(void *arg, const char *text, size_t size),
                         void *arg)
{
    char text[128];
    int size =
        snprintf(text, sizeof text, "# TYPE mltrainer_rate_limited_total counter\nmltrainer_rate_limited_total %llu\n",
                 (unsigned long long)mrpc_rate_limit_refused(limit));
    return write(arg, text, (size_t)size);
}

struct mrpc_metrics *interceptors_metrics(const struct interceptors *all)
{
    return all->metrics;
}

int interceptors_write_metrics(const struct interceptors *all,
                               int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    int error = all->metrics ? mrpc_metrics_write_prometheus(all->metrics, write, arg) : 0;
    return error || !all->rate_limit ? error : write_refused(all->rate_limit, write, arg);
}
