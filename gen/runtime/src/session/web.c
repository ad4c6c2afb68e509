/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that a browser may have sent: all but gRPC calls without an Origin, which browsers send with every POST.
 * First the rules (web/rules.h), then the routes; what is left goes the way of a call. */

#include <string.h>

#include "session/session.h"
#include "web/routes.h"

#define ALLOWED_MAX_BYTES 128

/* An answer before the request is complete would have to cut it off. */
void mrpc_web_refuse_later(struct mrpc_stream *stream, const char *status, const char *text, const char *word)
{
    mrpc_session_reject(stream->session, word);
    stream->desk->refusal_status = status;
    stream->desk->refusal_text = text;
    mrpc_stream_discard(stream);
    if (!stream->remote_closed)
        mrpc_stream_expect_message(stream);
}

static bool host_is_ours(const struct mrpc_stream *stream)
{
    const struct mrpc_session *session = stream->session;
    const struct web_rules *rules = &session->web->rules;
    if (stream->desk->authority == NULL)
        return false;
    if (mrpc_web_host_is_known(rules, stream->desk->authority))
        return true;
    return mrpc_web_host_is_ours(rules, stream->desk->authority, session->events->local_address(session->owner));
}

/* True when it was refused. */
static bool guard(struct mrpc_stream *stream)
{
    if (stream->desk->bad_authority) {
        mrpc_web_refuse_later(stream, "400", "Host and :authority are not the same\n", "web_host");
        return true;
    }
    if (!host_is_ours(stream)) {
        mrpc_web_refuse_later(stream, "421", "this server does not go by that name\n", "web_host");
        return true;
    }
    if (stream->desk->origin == NULL)
        return false;
    enum web_origin origin =
        mrpc_web_origin_judge(&stream->session->web->rules, stream->desk->origin, stream->desk->authority);
    if (origin == WEB_ORIGIN_FOREIGN) {
        mrpc_web_refuse_later(stream, "403", "pages of that origin may not call this server\n", "web_origin");
        return true;
    }
    if (origin == WEB_ORIGIN_LISTED)
        stream->desk->cors_origin = stream->desk->origin;
    return false;
}

static const char *find_header(const struct mrpc_stream *stream, const char *name)
{
    const struct mrpc_metadatum *entry = mrpc_metadata_find(&stream->desk->metadata, name);
    return entry != NULL ? entry->value : NULL;
}

/* Fetch standard, "CORS-preflight request". Routes that take OPTIONS get those that are none. */
static bool is_preflight(const struct mrpc_stream *stream)
{
    return stream->desk->cors_origin != NULL && stream->desk->method != NULL &&
           strcmp(stream->desk->method, "OPTIONS") == 0 && find_header(stream, "access-control-request-method") != NULL;
}

static void refuse_method(struct mrpc_stream *stream, const struct route_table *routes)
{
    char *allowed = mrpc_arena_alloc(stream->desk->arena, ALLOWED_MAX_BYTES);
    if (allowed != NULL)
        mrpc_routes_allowed(routes, stream->desk->path, stream->desk->path_bytes, allowed, ALLOWED_MAX_BYTES);
    stream->desk->refusal_allow = allowed;
    mrpc_web_refuse_later(stream, "405", "this path is not for that method\n", "web_method");
}

/* Metadata that gRPC would not take is no fault here: the handler just does not see it. */
static void begin(struct mrpc_stream *stream)
{
    stream->dialect = MRPC_DIALECT_HTTP;
    if (!stream->remote_closed)
        mrpc_stream_expect_message(stream);
    stream->session->events->request(stream);
}

/* On HTTP/2 a request that nothing would serve, and that shows no sign of a browser, is left to gRPC's rules. */
static bool concerns_us(const struct mrpc_stream *stream, bool path_known)
{
    bool web_call =
        (stream->desk->method_post && stream->dialect != MRPC_DIALECT_HTTP) || stream->desk->query_message != NULL;
    return path_known || web_call || stream->desk->origin != NULL || stream->session->http1 != NULL;
}

bool mrpc_web_take(struct mrpc_stream *stream)
{
    const struct session_web *web = stream->session->web;
    const struct web_route *route = NULL;
    const char *method = stream->desk->method_post ? "POST" : stream->desk->method;
    bool native = stream->desk->method_post && stream->dialect == MRPC_DIALECT_GRPC, path_known = false;
    if (web == NULL || method == NULL)
        return false;
    if (!native && stream->desk->path != NULL)
        route = mrpc_routes_find(&web->routes, method, stream->desk->path, stream->desk->path_bytes, &path_known);
    if (!path_known && strcmp(method, "GET") == 0)
        mrpc_connect_take_get(stream);
    if (!concerns_us(stream, path_known))
        return false;
    if (guard(stream))
        return true;
    if (is_preflight(stream))
        mrpc_stream_answer_preflight(stream, find_header(stream, "access-control-request-headers"));
    else if (route == NULL && path_known)
        refuse_method(stream, &web->routes);
    else if ((stream->desk->route = route) != NULL)
        begin(stream);
    else
        return false;
    return true;
}
