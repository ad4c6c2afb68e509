/* SPDX-License-Identifier: Apache-2.0 */

/* Web requests: calls without a method. They are made, held, cancelled, finished from other threads and destroyed as
 * calls are (call_life.c), and what they send goes the way of a streamed response (call_send.c); what is theirs alone
 * is here. Connection, dialect and framing are the session's. */

#include <stdio.h>
#include <string.h>

#include <mrpc/web.h>

#include "server/call.h"
#include "server/handler_watch.h"
#include "server/server.h"

/* In the call's arena. What the answer's head holds is the holder's until it is submitted. */
struct mrpc_web {
    struct mrpc_call *call;
    const char *method;
    const char *path;
    const char *query;
    const void *body;
    size_t body_bytes;
    struct web_answer answer;
    void (*on_cancel)(void *arg, struct mrpc_web *web);
    void *on_cancel_arg;
    void (*on_writable)(void *arg, struct mrpc_web *web);
    void *on_writable_arg;
};

int mrpc_server_set_web(struct mrpc_server *server, const struct mrpc_web_options *given)
{
    struct mrpc_web_options options = {0};
    size_t known = given->struct_bytes;
    memcpy(&options, given, known == 0 || known > sizeof(options) ? sizeof(options) : known);
    if (server->frozen)
        return MRPC_ERR_INVALID;
    struct web_rules rules = {0};
    int error = 0;
    for (size_t i = 0; error == 0 && i < options.host_count; i++)
        error = mrpc_web_rules_add_host(&rules, options.hosts[i]);
    for (size_t i = 0; error == 0 && i < options.origin_count; i++)
        error = mrpc_web_rules_add_origin(&rules, options.origins[i]);
    if (error != 0) {
        mrpc_web_rules_fini(&rules);
        return error;
    }
    mrpc_web_rules_fini(&server->web.rules);
    server->web.rules = rules;
    server->web.http1 = !options.http1_off;
    server->web.admit = options.admit;
    server->web.admit_arg = options.admit_arg;
    return 0;
}

int mrpc_server_add_route(struct mrpc_server *server, const struct mrpc_web_route *given)
{
    struct mrpc_web_route route = {0};
    size_t known = given->struct_bytes;
    memcpy(&route, given, known == 0 || known > sizeof(route) ? sizeof(route) : known);
    return server->frozen ? MRPC_ERR_INVALID : mrpc_routes_add(&server->web.routes, &route);
}

static int split_target(struct mrpc_web *web, const struct mrpc_stream *stream)
{
    char *path = mrpc_arena_memdup(stream->desk->arena, stream->desk->path, stream->desk->path_bytes + 1);
    if (path == NULL)
        return MRPC_ERR_NOMEM;
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    web->path = path;
    web->query = query != NULL ? query : "";
    return 0;
}

/* The head is there. Interceptors are for calls of methods: none is started. */
void mrpc_web_admit(struct mrpc_call *call)
{
    struct mrpc_stream *stream = &call->stream;
    struct mrpc_web *web = mrpc_arena_calloc(call->arena, 1, sizeof(*web));
    if (web == NULL || split_target(web, stream) != 0) {
        mrpc_call_end_early(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    web->call = call;
    web->method = stream->desk->method_post ? "POST" : stream->desk->method;
    web->answer = (struct web_answer){.status = "500", .length = "0", .bodiless = true};
    mrpc_desk_of(call)->web = web;
    if (stream->desk->route->timeout_ms == 0)
        return;
    call->deadline_ms = stream->session->now_ms + stream->desk->route->timeout_ms;
    mrpc_stream_set_deadline(stream, call->deadline_ms);
}

void mrpc_web_keep_body(struct mrpc_call *call, const uint8_t *bytes, size_t size)
{
    mrpc_web_of(call)->body = mrpc_arena_memdup(call->arena, bytes, size);
    mrpc_web_of(call)->body_bytes = size;
    if (mrpc_web_of(call)->body == NULL)
        mrpc_call_end_early(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

void mrpc_web_run(struct mrpc_call *call)
{
    const struct web_route *route = call->stream.desk->route;
    const struct session_web *rules = &call->host->server->web;
    call->stream.desk->answer = &mrpc_web_of(call)->answer;
    call->running++;
    struct handler_watch watch = mrpc_handler_watch_begin();
    if (rules->admit == NULL || rules->admit(rules->admit_arg, mrpc_web_of(call)))
        route->handle(route->self, mrpc_web_of(call));
    mrpc_handler_watch_end(&watch, call);
    call->running--;
    if (call->finish_asked)
        mrpc_call_complete(call, call->finish_code, NULL);
    else
        call->held = call->kept = true;
}

/* The request
 * ------------------------------------------------------------------------------------------------------- */

const char *mrpc_web_method(const struct mrpc_web *web)
{
    return web->method;
}

const char *mrpc_web_path(const struct mrpc_web *web)
{
    return web->path;
}

const char *mrpc_web_query(const struct mrpc_web *web)
{
    return web->query;
}

const char *mrpc_web_header(const struct mrpc_web *web, const char *name)
{
    const struct mrpc_metadatum *entry = mrpc_metadata_find(&web->call->stream.desk->metadata, name);
    return entry != NULL ? entry->value : NULL;
}

const char *mrpc_web_content_type(const struct mrpc_web *web)
{
    const char *type = web->call->stream.desk->media_type;
    return type != NULL ? type : "";
}

const void *mrpc_web_body(const struct mrpc_web *web, size_t *bytes)
{
    *bytes = web->body_bytes;
    return web->body;
}

struct mrpc_arena *mrpc_web_arena(struct mrpc_web *web)
{
    return web->call->arena;
}

const struct mrpc_identity *mrpc_web_identity(const struct mrpc_web *web)
{
    return web->call->identity;
}

const char *mrpc_web_peer(const struct mrpc_web *web)
{
    return web->call->peer->text;
}

bool mrpc_web_cancelled(const struct mrpc_web *web)
{
    return mrpc_call_cancelled(web->call);
}

static void cancelled(void *arg, struct mrpc_call *call)
{
    struct mrpc_web *web = arg;
    web->on_cancel(web->on_cancel_arg, web);
}

void mrpc_web_on_cancel(struct mrpc_web *web, void (*callback)(void *arg, struct mrpc_web *web), void *arg)
{
    web->on_cancel = callback;
    web->on_cancel_arg = arg;
    mrpc_call_on_cancel(web->call, callback != NULL ? cancelled : NULL, web);
}

int mrpc_web_post(struct mrpc_web *web, void (*task)(void *arg), void *arg)
{
    return mrpc_call_post(web->call, task, arg);
}

/* The answer
 * -------------------------------------------------------------------------------------------------------- */

int mrpc_web_add_header(struct mrpc_web *web, const char *name, const char *value)
{
    return mrpc_call_add_header(web->call, name, value, strlen(value));
}

/* RFC 9110 sections 9.3.2, 15.3.5 and 15.4.5. */
static bool bodiless(const struct mrpc_web *web, int status)
{
    return status == 204 || status == 304 || strcmp(mrpc_web_method(web), "HEAD") == 0;
}

static bool set_head(struct mrpc_web *web, int status, const char *content_type)
{
    bool valid = status >= 200 && status <= 599;
    unsigned digits = valid ? (unsigned)status : 500;
    web->answer.status[0] = (char)('0' + digits / 100);
    web->answer.status[1] = (char)('0' + digits / 10 % 10);
    web->answer.status[2] = (char)('0' + digits % 10);
    web->answer.bodiless = bodiless(web, status);
    web->answer.length[0] = '\0';
    web->answer.content_type = content_type != NULL ? mrpc_arena_strdup(web->call->arena, content_type) : NULL;
    return valid && (content_type == NULL || web->answer.content_type != NULL);
}

void mrpc_web_respond(struct mrpc_web *web, int status, const char *content_type, const void *body, size_t bytes)
{
    struct mrpc_call *call = web->call;
    int code = set_head(web, status, content_type) ? 0 : MRPC_INTERNAL;
    if (status != 204 && status != 304)
        (void)snprintf(web->answer.length, sizeof(web->answer.length), "%zu", bytes);
    if (bytes == 0)
        web->answer.bodiless = true;
    if (code == 0 && !web->answer.bodiless) {
        int error = mrpc_call_send_raw(call, body, bytes);
        if (error != 0 && error != MRPC_ERR_DONE)
            code = mrpc_call_fail(call, MRPC_INTERNAL, "the answer cannot be sent: %s", mrpc_error_text(error));
    }
    mrpc_call_finish(call, code, NULL);
}

void mrpc_web_begin(struct mrpc_web *web, int status, const char *content_type)
{
    (void)set_head(web, status, content_type);
    (void)mrpc_call_send_headers(web->call);
}

int mrpc_web_send(struct mrpc_web *web, const void *bytes, size_t size)
{
    if (mrpc_call_cancelled(web->call))
        return MRPC_ERR_DONE;
    return web->answer.bodiless || size == 0 ? 0 : mrpc_call_send_raw(web->call, bytes, size);
}

static void writable(void *arg, struct mrpc_call *call)
{
    struct mrpc_web *web = arg;
    web->on_writable(web->on_writable_arg, web);
}

void mrpc_web_on_writable(struct mrpc_web *web, void (*callback)(void *arg, struct mrpc_web *web), void *arg)
{
    web->on_writable = callback;
    web->on_writable_arg = arg;
    mrpc_call_on_writable(web->call, callback != NULL ? writable : NULL, web);
}

void mrpc_web_end(struct mrpc_web *web)
{
    mrpc_call_finish(web->call, 0, NULL);
}
