/* SPDX-License-Identifier: Apache-2.0 */
#include "api/web.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/web.h>

#include "web/page.h"

static void healthz(void *self, struct mrpc_web *web)
{
    bool serving = mrpc_server_health(self, "") == MRPC_SERVING;
    const char *text = serving ? "SERVING\n" : "NOT_SERVING\n";
    (void)!mrpc_web_add_header(web, "cache-control", "no-store");
    mrpc_web_respond(web, serving ? 200 : 503, "text/plain; charset=utf-8", text, strlen(text));
}

/* The items of a list; the array is malloc'ed, its texts are the configuration's. */
static const char **items(const struct config *config, const char *key, size_t *count)
{
    *count = config_list_count(config, key);
    const char **list = calloc(*count + 1, sizeof *list);
    for (size_t i = 0; list && i < *count; i++)
        list[i] = config_list_item(config, key, i);
    return list;
}

/* One by one, so that the one that is wrong can be named. */
static int check(struct mrpc_server *server, const char *host, const char *origin, struct fault *fault)
{
    const struct mrpc_web_options options = {
        .struct_bytes = sizeof options, .hosts = &host, .host_count = host != NULL, .origins = &origin,
        .origin_count = origin != NULL};
    int error = mrpc_server_set_web(server, &options);
    if (error != MRPC_ERR_INVALID)
        return error ? fault_set(fault, MRPC_INTERNAL, "web: %s", mrpc_error_text(error)) : 0;
    return host ? fault_set(fault, MRPC_INVALID_ARGUMENT, "web.hosts: %s is not a name without port", host)
                : fault_set(fault, MRPC_INVALID_ARGUMENT, "web.origins: %s is not https://HOST[:PORT]", origin);
}

static int set_rules(struct mrpc_server *server, const struct mrpc_web_options *options, struct fault *fault)
{
    int code = 0;
    for (size_t i = 0; !code && i < options->host_count; i++)
        code = check(server, options->hosts[i], NULL, fault);
    for (size_t i = 0; !code && i < options->origin_count; i++)
        code = check(server, NULL, options->origins[i], fault);
    if (code)
        return code;
    int error = mrpc_server_set_web(server, options);
    return error ? fault_set(fault, MRPC_INTERNAL, "web: %s", mrpc_error_text(error)) : 0;
}

int api_add_web(struct mrpc_server *server, const struct config *config, struct access *access, struct fault *fault)
{
    struct mrpc_web_options options = {.struct_bytes = sizeof options, .http1_off = !config_switch(config, "http1"),
                                       .admit = access_admit, .admit_arg = access};
    const char **hosts = items(config, "web.hosts", &options.host_count);
    const char **origins = items(config, "web.origins", &options.origin_count);
    options.hosts = hosts;
    options.origins = origins;
    int code = hosts && origins ? set_rules(server, &options, fault)
                                : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    free(hosts);
    free(origins);
    if (code)
        return code;
    const struct mrpc_web_route route = {
        .struct_bytes = sizeof route, .method = "GET", .path = "/healthz", .handle = healthz, .self = server};
    int error = mrpc_server_add_route(server, &route);
    if (error)
        return fault_set(fault, MRPC_INTERNAL, "/healthz: %s", mrpc_error_text(error));
    return config_switch(config, "web.page") ? web_page_add(server, fault) : 0;
}
