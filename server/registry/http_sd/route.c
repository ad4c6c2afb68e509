/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_sd/route.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/web.h>

#include "registry/http_sd/group.h"
#include "registry/http_sd/query.h"
#include "registry/registry.h"

enum { ANSWERS_AT_A_TIME = 8, PART_BYTES = 32 * 1024, TIMEOUT_MS = 60000 };

struct http_sd {
    struct registry *registry;
    _Atomic int under_way;
};

/* One answer: where it stands in the view, and the part that waits to be sent. */
struct answer {
    struct http_sd *sd;
    struct mrpc_web *web;
    const struct registry_view *view;
    struct mrpc_arena *arena;
    struct http_sd_query query;
    size_t service_at, instance_at;
    bool begun, complete;
    bool starting, cancelled; /* on_cancel may fire while it is being set */
    char *part;
    size_t size, capacity;
};

static void finish(struct answer *answer)
{
    struct mrpc_web *web = answer->web;
    registry_snapshot_release(answer->view);
    mrpc_arena_free(answer->arena);
    free(answer->part);
    atomic_fetch_sub(&answer->sd->under_way, 1);
    free(answer);
    mrpc_web_end(web);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static bool selects(const struct http_sd_query *query, const struct registry_service_view *service)
{
    return (!query->namespace_name[0] || strcmp(query->namespace_name, service->namespace_name) == 0) &&
           (!query->service[0] || strcmp(query->service, service->name) == 0);
}

/* The next instance that is asked for; NULL behind the last. */
static const struct registry_instance *next_instance(struct answer *answer)
{
    const struct registry_view *view = answer->view;
    for (; answer->service_at < view->service_count; answer->service_at++, answer->instance_at = 0) {
        const struct registry_service_view *service = view->services[answer->service_at];
        while (selects(&answer->query, service) && answer->instance_at < service->count) {
            const struct registry_instance *instance = service->instances[answer->instance_at++];
            if (registry_filter_match(&answer->query.filter, instance, answer->query.healthy_only))
                return instance;
        }
    }
    return NULL;
}

/* False when out of memory. */
static bool put(struct answer *answer, const char *bytes, size_t size)
{
    if (answer->size + size > answer->capacity) {
        size_t capacity = answer->size + size + PART_BYTES;
        char *grown = realloc(answer->part, capacity);
        if (!grown)
            return false;
        answer->part = grown;
        answer->capacity = capacity;
    }
    memcpy(answer->part + answer->size, bytes, size);
    answer->size += size;
    return true;
}

static bool put_instance(struct answer *answer, const struct registry_instance *instance)
{
    char *json;
    size_t size;
    if (http_sd_group_write(instance, answer->query.protocol, answer->arena, &json, &size))
        return false;
    bool made = !json || (put(answer, answer->begun ? ",\n" : "[", answer->begun ? 2 : 1) && put(answer, json, size));
    answer->begun = answer->begun || json;
    free(json);
    return made;
}

/* Fill the part with whole groups. False when out of memory. */
static bool fill(struct answer *answer)
{
    while (!answer->complete && answer->size < PART_BYTES) {
        const struct registry_instance *instance = next_instance(answer);
        answer->complete = !instance;
        if (instance ? !put_instance(answer, instance)
                     : !put(answer, answer->begun ? "]\n" : "[]\n", answer->begun ? 2 : 3))
            return false;
    }
    return true;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* On the loop. A text that ends in the middle is no JSON: Prometheus keeps what it had. */
static void pump(struct answer *answer)
{
    int error = 0;
    while (!error && (answer->size || !answer->complete)) {
        if (answer->size == 0 && !fill(answer))
            break;
        error = mrpc_web_send(answer->web, answer->part, answer->size);
        if (!error)
            answer->size = 0;
    }
    if (error != MRPC_ERR_AGAIN)
        finish(answer);
}

static void on_writable(void *arg, struct mrpc_web *web)
{
    pump(arg);
}

static void on_cancel(void *arg, struct mrpc_web *web)
{
    struct answer *answer = arg;
    answer->cancelled = true;
    if (!answer->starting)
        finish(answer);
}

static void say(struct mrpc_web *web, int status, const char *text)
{
    mrpc_web_respond(web, status, "text/plain; charset=utf-8", text, strlen(text));
}

static void refuse(struct http_sd *sd, struct answer *answer, struct mrpc_web *web, int status, const char *text)
{
    if (answer)
        mrpc_arena_free(answer->arena);
    free(answer);
    atomic_fetch_sub(&sd->under_way, 1);
    say(web, status, text);
}

static void start(struct answer *answer)
{
    answer->starting = true;
    mrpc_web_begin(answer->web, 200, "application/json");
    mrpc_web_on_writable(answer->web, on_writable, answer);
    mrpc_web_on_cancel(answer->web, on_cancel, answer);
    answer->starting = false;
    if (answer->cancelled)
        finish(answer);
    else
        pump(answer);
}

static void handle(void *self, struct mrpc_web *web)
{
    struct http_sd *sd = self;
    struct fault fault = FAULT_INIT;
    (void)!mrpc_web_add_header(web, "cache-control", "no-store");
    bool room = atomic_fetch_add(&sd->under_way, 1) < ANSWERS_AT_A_TIME;
    struct answer *answer = room ? calloc(1, sizeof *answer) : NULL;
    if (!answer || !(answer->arena = mrpc_arena_new(0))) {
        refuse(sd, answer, web, 503, "too busy\n");
        return;
    }
    if (http_sd_query_read(&answer->query, mrpc_web_path(web), mrpc_web_query(web), &fault)) {
        char text[sizeof fault.text + 1];
        size_t size = strlen(fault.text);
        memcpy(text, fault.text, size);
        text[size] = '\n';
        text[size + 1] = '\0';
        refuse(sd, answer, web, 400, text);
        return;
    }
    answer->sd = sd;
    answer->web = web;
    answer->view = registry_snapshot(sd->registry);
    if (!answer->view) {
        refuse(sd, answer, web, 503, "not started\n");
        return;
    }
    start(answer);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int http_sd_new(struct registry *registry, struct http_sd **out)
{
    struct http_sd *sd = calloc(1, sizeof *sd);
    if (!sd)
        return MRPC_RESOURCE_EXHAUSTED;
    sd->registry = registry;
    *out = sd;
    return MRPC_OK;
}

int http_sd_add_to_server(struct http_sd *sd, struct mrpc_server *server)
{
    struct mrpc_web_route get = {.struct_bytes = sizeof get,
                                 .method = "GET",
                                 .path = HTTP_SD_PATH,
                                 .timeout_ms = TIMEOUT_MS,
                                 .handle = handle,
                                 .self = sd};
    int error = mrpc_server_add_route(server, &get);
    get.path = HTTP_SD_PATH "/";
    get.prefix = true;
    return error ? error : mrpc_server_add_route(server, &get);
}

void http_sd_free(struct http_sd *sd)
{
    free(sd);
}
