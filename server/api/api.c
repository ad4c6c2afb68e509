/* SPDX-License-Identifier: Apache-2.0 */
#include "api/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/loops.h>

#include "api/certificate.h"
#include "api/interceptors.h"
#include "api/limits.h"
#include "api/listen_policy.h"
#include "api/metrics_route.h"
#include "api/rejections.h"
#include "api/shedding.h"
#include "api/web.h"
#include "metrics/page.h"

enum { ADDRESSES_MAX = 32, STOP_GRACE_MS = 0 };

struct api {
    struct mrpc_server *server;
    struct certificate certificate;
    const struct config *config;
    struct log *log;
    char *addresses[ADDRESSES_MAX + 1];
    struct store *store;
    enum mrpc_serving store_health;
    struct registry *registry;
    struct execution *execution;
    struct trace_ring *traces;
    struct otlp_exporter *otlp;
    struct access *access;
    struct interceptors *interceptors;
    struct watchdog *watchdog;
    struct shedding shedding;
    struct rejections rejections;
    struct metrics_route metrics;
    bool started;
};

static void on_rejected(void *arg, const char *reason, const char *peer)
{
    struct api *api = arg;
    rejections_note(&api->rejections, api->log, reason, peer);
}

static void on_log(void *arg, int level, const char *text)
{
    struct api *api = arg;
    log_write(api->log, level < 0 || level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level, "rpc", "%s",
              text);
}

static int make_server(struct api *api, struct fault *fault)
{
    struct mrpc_server_observer observer = {.rejected = on_rejected, .log = on_log, .arg = api};
    struct mrpc_server_options options = {
        .struct_bytes = sizeof options,
        .loops = (unsigned)config_number(api->config, "loops"),
        .limits = limits_read(api->config),
        .observer = &observer,
        .product = "mltrainer",
    };
    int error = mrpc_server_new(&options, &api->server);
    if (!error)
        error = mrpc_server_enable_health(api->server);
    if (!error && config_switch(api->config, "channelz"))
        error = mrpc_server_enable_channelz(api->server);
    if (!error && config_switch(api->config, "reflection"))
        error = mrpc_server_enable_reflection(api->server);
    if (error)
        return fault_set(fault, MRPC_INTERNAL, "server: %s", mrpc_error_text(error));
    const struct interceptors_options interceptors = {
        .config = api->config, .log = api->log, .traces = api->traces, .access = api->access};
    int code = interceptors_new(&interceptors, api->server, &api->interceptors, fault);
    if (code)
        return code;
    api->shedding.watchdog = api->watchdog;
    error = shedding_add_to_server(&api->shedding, api->server);
    return error ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "interceptors: %s", mrpc_error_text(error)) : 0;
}

static int add_services(struct api *api, const struct api_services *services, struct fault *fault)
{
    int error = registry_add_to_server(services->registry, api->server);
    if (!error)
        error = execution_add_to_server(services->execution, api->server);
    if (!error)
        error = execution_add_inference_to_server(services->execution, api->server);
    if (!error)
        error = diagram_add_to_server(services->diagram, api->server);
    if (!error)
        error = admin_add_to_server(services->admin, api->server);
    return error ? fault_set(fault, MRPC_INTERNAL, "adding a service: %s", mrpc_error_text(error)) : 0;
}

static int write_metrics(const void *self, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    const struct api *api = self;
    struct mrpc_server_stats stats;
    mrpc_server_stats(api->server, &stats);
    int error = interceptors_write_metrics(api->interceptors, write, arg);
    if (!error)
        error = rejections_write(&api->rejections, write, arg);
    if (!error)
        error = registry_write_metrics(api->registry, write, arg);
    if (!error)
        error = store_write_metrics(api->store, write, arg);
    if (!error)
        error = execution_write_metrics(api->execution, write, arg);
    if (!error)
        error = otlp_exporter_write_metrics(api->otlp, write, arg);
    if (!error)
        error = access_write_metrics(api->access, write, arg);
    if (!error)
        error = watchdog_write_metrics(api->watchdog, write, arg);
    if (!error)
        error = shedding_write_metrics(&api->shedding, write, arg);
    struct metrics_page page = {.write = write, .arg = arg, .error = error};
    metrics_single(&page, "mltrainer_connections", "gauge", "Open connections.", stats.connections);
    metrics_single(&page, "mltrainer_calls", "gauge", "Calls that are under way.", stats.streams);
    metrics_single(&page, "mltrainer_log_lines_dropped_total", "counter", "Lines of the log that nobody took in time.",
                   log_dropped(api->log));
    return page.error;
}

static int add_metrics(struct api *api, struct thread_pool *pool, struct fault *fault)
{
    if (!config_switch(api->config, "metrics"))
        return 0;
    api->metrics = (struct metrics_route){.pool = pool, .write_page = write_metrics, .self = api};
    int error = metrics_route_add(&api->metrics, api->server);
    return error ? fault_set(fault, MRPC_INTERNAL, "/metrics: %s", mrpc_error_text(error)) : 0;
}

int api_new(const struct config *config, struct log *log, const struct api_services *services, struct api **out,
            struct fault *fault)
{
    struct api *api = calloc(1, sizeof *api);
    if (!api)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    api->config = config;
    api->log = log;
    api->store = services->store;
    api->registry = services->registry;
    api->execution = services->execution;
    api->traces = services->traces;
    api->otlp = services->otlp;
    api->access = services->access;
    api->watchdog = services->watchdog;
    int code = certificate_load(&api->certificate, config, log, fault);
    if (!code)
        code = make_server(api, fault);
    if (!code)
        code = add_services(api, services, fault);
    if (!code)
        code = api_add_web(api->server, config, api->access, fault);
    if (!code)
        code = add_metrics(api, services->pool, fault);
    if (code) {
        api_free(api);
        return code;
    }
    *out = api;
    return 0;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    mrpc_server_free(api->server);
    interceptors_free(api->interceptors);
    certificate_free(&api->certificate);
    for (size_t i = 0; i < ADDRESSES_MAX; i++)
        free(api->addresses[i]);
    free(api);
}

static int listen_on(struct api *api, const char *address, char **bound, struct fault *fault)
{
    bool authenticated = config_text(api->config, "tls.client_ca") != NULL || access_is_closed(api->access);
    int code = listen_check(address, api->certificate.tls != NULL, authenticated,
                            config_switch(api->config, "insecure"), fault);
    if (code)
        return code;
    int error = mrpc_server_listen(api->server, address, api->certificate.tls, bound);
    if (error == MRPC_ERR_IN_USE)
        return fault_set(fault, MRPC_ALREADY_EXISTS, "listen: %s is in use", address);
    if (error)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "listen: %s: %s", address, mrpc_error_text(error));
    return 0;
}

static int ask_loop(void *arg, unsigned index, void (*answer)(void *beat), void *beat)
{
    return mrpc_server_post(arg, index, answer, beat);
}

static int watch_loops(struct api *api, struct fault *fault)
{
    int error = 0;
    for (unsigned i = 0; i < mrpc_server_loops(api->server) && !error; i++) {
        char name[24];
        snprintf(name, sizeof name, "connections-%u", i);
        error = watchdog_watch(api->watchdog, name, ask_loop, api->server, i);
    }
    return error ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "watchdog: %s", mrpc_error_text(error)) : 0;
}

int api_start(struct api *api, struct fault *fault)
{
    size_t count = config_list_count(api->config, "listen");
    for (size_t i = 0; i < count; i++) {
        int code = listen_on(api, config_list_item(api->config, "listen", i), &api->addresses[i], fault);
        if (code)
            return code;
    }
    registry_set_own_addresses(api->registry, api_addresses(api)); /* no health check goes there */
    execution_set_own_addresses(api->execution, api_addresses(api)); /* and no webhook */
    int error = mrpc_server_start(api->server);
    if (error)
        return fault_set(fault, MRPC_INTERNAL, "server: %s", mrpc_error_text(error));
    api->started = true;
    int code = watch_loops(api, fault);
    if (code) {
        api_stop(api);
        return code;
    }
    mrpc_server_set_health(api->server, "", MRPC_SERVING);
    api_look_at_store(api);
    return 0;
}

void api_stop(struct api *api)
{
    registry_drain(api->registry); /* so that the streams that are cut now expire nobody */
    watchdog_forget(api->watchdog, api->server);
    if (api->started)
        mrpc_server_stop(api->server);
    api->started = false;
}

const char *const *api_addresses(const struct api *api)
{
    return (const char *const *)api->addresses;
}

void api_drain(struct api *api, uint32_t grace_ms, void (*drained)(void *arg), void *arg)
{
    registry_drain(api->registry);
    mrpc_server_drain(api->server, grace_ms, drained, arg);
}

struct mrpc_metrics *api_metrics(const struct api *api)
{
    return interceptors_metrics(api->interceptors);
}

int64_t api_certificate_end_s(const struct api *api)
{
    return api->certificate.tls ? mrpc_tls_expires_at_s(api->certificate.tls) : 0;
}

void api_stats(const struct api *api, struct mrpc_server_stats *out)
{
    mrpc_server_stats(api->server, out);
}

int api_reload_tls(struct api *api, char *why, size_t why_bytes)
{
    return certificate_reload(&api->certificate, why, why_bytes);
}

int api_look_at_certificate(struct api *api, int64_t now_s)
{
    certificate_look(&api->certificate, now_s);
    return api->certificate.tls ? CERTIFICATE_LOOK_MS : -1;
}

/* Not the health of "" too: what is read goes on, and a registry that is taken out of service for a full disk would
 * take everybody's discovery with it. */
void api_look_at_store(struct api *api)
{
    struct store_stats stats;
    store_look(api->store);
    store_stats(api->store, &stats);
    enum mrpc_serving health = stats.read_only ? MRPC_NOT_SERVING : MRPC_SERVING;
    if (health != api->store_health)
        mrpc_server_set_health(api->server, "mltrainer.store", health);
    api->store_health = health;
}
