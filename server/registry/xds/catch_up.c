/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "registry/xds/name.h"

/* What a stream sends: for each type, if anything that it wants differs from what it was sent, a response. It lists
 * every name that is wanted, because for listeners and clusters what is missing does not exist. Assignments may come in
 * parts: together over 1 MiB, only those that differ are sent, 1 MiB a response. */

enum { PART_BYTES = 1024 * 1024 };

enum outcome { SENT, NO_ROOM, FAILED };

/* --- what is there ------------------------------------------------------------------------------------------------ */

/* Clusters and assignments are ours to name, in full; listeners and routes are named by targets. NULL: not there. */
static struct registry_service_view *find_service(const struct registry_view *view, enum xds_type type,
                                                  const char *text, struct xds_name *name)
{
    if (!xds_name_parse(text, name))
        return NULL;
    if ((type == XDS_CLUSTER || type == XDS_ASSIGNMENT) && strcmp(text, name->cluster) != 0)
        return NULL;
    return registry_view_find(view, name->namespace_name, name->service);
}

/* False when out of memory. */
static bool look(struct xds_packer *packer, enum xds_type type, const struct registry_view *view,
                 struct xds_wanted *wanted)
{
    struct xds_name name;
    struct registry_service_view *service = find_service(view, type, wanted->name, &name);
    if (service && wanted->looked_revision == service->revision)
        return true;
    wanted->looked_revision = service ? service->revision : 0;
    wanted->current = service ? XDS_PRESENT : XDS_ABSENT;
    if (!service || type != XDS_ASSIGNMENT)
        return true;
    const struct xds_assignment *assignment = xds_assignment_of(packer, service);
    wanted->current = assignment ? assignment->hash : XDS_ABSENT;
    return assignment != NULL;
}

/* False when out of memory; else *@differs says whether anything is to be sent. */
static bool look_at_all(struct xds_stream *stream, enum xds_type type, const struct registry_view *view, bool *differs)
{
    struct xds_subscription *subscription = &stream->subscriptions[type];
    *differs = false;
    for (size_t i = 0; i < subscription->count; i++) {
        struct xds_wanted *wanted = &subscription->wanted[i];
        if (!look(&stream->lane->xds->packer, type, view, wanted)) {
            wanted->looked_revision = 0;
            return false;
        }
        *differs = *differs || wanted->current != wanted->sent;
    }
    return true;
}

/* --- a response --------------------------------------------------------------------------------------------------- */

/* One being made. Bytes of assignments stay the view's, which lives longer. */
struct response {
    struct mrpc_arena *arena;
    Google__Protobuf__Any **resources;
    size_t count;
    size_t bytes;
};

static bool add_resource(struct xds_stream *stream, enum xds_type type, const struct registry_view *view,
                         const struct xds_wanted *wanted, struct response *response)
{
    struct xds_name name;
    struct registry_service_view *service = find_service(view, type, wanted->name, &name);
    if (!service && type != XDS_ASSIGNMENT)
        return true; /* its absence says it */
    Google__Protobuf__Any *any = mrpc_arena_alloc(response->arena, sizeof *any);
    if (!any)
        return false;
    if (service && type == XDS_ASSIGNMENT) {
        const struct xds_assignment *assignment = xds_assignment_of(&stream->lane->xds->packer, service);
        if (!assignment)
            return false;
        google__protobuf__any__init(any);
        any->type_url = (char *)(uintptr_t)xds_type_url(type);
        any->value = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)assignment->bytes, .len = assignment->size};
    } else if (!xds_resource_pack(type, wanted->name, service ? name.cluster : "", wanted->life, response->arena,
                                  any)) {
        return false;
    }
    response->resources[response->count++] = any;
    response->bytes += any->value.len;
    return true;
}

static enum outcome send_response(struct xds_stream *stream, enum xds_type type, const struct registry_view *view,
                                  const struct response *response)
{
    struct registry_xds *xds = stream->lane->xds;
    char version[48], nonce[24];
    snprintf(version, sizeof version, "%" PRIu64 ".%" PRId64, view->epoch, view->revision);
    snprintf(nonce, sizeof nonce, "%" PRIu64, stream->last_nonce + 1);
    CORE(ControlPlane) control_plane;
    envoy__config__core__v3__control_plane__init(&control_plane);
    control_plane.identifier = (char *)"mltrainerd";
    DISCOVERY(DiscoveryResponse) message;
    envoy__service__discovery__v3__discovery_response__init(&message);
    message.version_info = version;
    message.nonce = nonce;
    message.type_url = (char *)(uintptr_t)xds_type_url(type);
    message.n_resources = response->count;
    message.resources = response->resources;
    message.control_plane = &control_plane;
    int error = mrpc_call_send(stream->call, &message.base);
    if (error)
        return error == MRPC_ERR_AGAIN || error == MRPC_ERR_DONE ? NO_ROOM : FAILED;
    stream->subscriptions[type].nonce = ++stream->last_nonce;
    atomic_fetch_add_explicit(&xds->stats.responses[type], 1, memory_order_relaxed);
    return SENT;
}

static void mark_sent(struct xds_subscription *subscription, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        struct xds_wanted *wanted = &subscription->wanted[i];
        wanted->life += wanted->current == XDS_ABSENT && wanted->sent > XDS_ABSENT;
        wanted->sent = wanted->current;
    }
}

/* Send names from *@at on, as many as make a part; *@at moves behind them. */
static enum outcome send_part(struct xds_stream *stream, enum xds_type type, const struct registry_view *view,
                              bool in_parts, size_t *at)
{
    struct xds_subscription *subscription = &stream->subscriptions[type];
    struct response response = {.arena = mrpc_arena_new(0)};
    size_t end = *at;
    enum outcome outcome = FAILED;
    if (response.arena)
        response.resources =
            mrpc_arena_calloc(response.arena, subscription->count + 1, sizeof *response.resources);
    for (; response.resources && end < subscription->count; end++) {
        const struct xds_wanted *wanted = &subscription->wanted[end];
        if (in_parts && wanted->current == wanted->sent)
            continue;
        if (in_parts && response.bytes >= PART_BYTES)
            break;
        if (!add_resource(stream, type, view, wanted, &response))
            goto out;
    }
    if (response.resources)
        outcome = send_response(stream, type, view, &response);
    if (outcome == SENT) {
        mark_sent(subscription, *at, end);
        *at = end;
    }
out:
    mrpc_arena_free(response.arena);
    return outcome;
}

static size_t assignments_bytes(struct xds_stream *stream, const struct registry_view *view)
{
    const struct xds_subscription *subscription = &stream->subscriptions[XDS_ASSIGNMENT];
    size_t bytes = 0;
    for (size_t i = 0; i < subscription->count; i++) {
        struct xds_name name;
        struct registry_service_view *service =
            find_service(view, XDS_ASSIGNMENT, subscription->wanted[i].name, &name);
        const struct xds_assignment *assignment =
            service ? xds_assignment_of(&stream->lane->xds->packer, service) : NULL;
        bytes += assignment ? assignment->size : 0;
    }
    return bytes;
}

static bool any_differs(const struct xds_subscription *subscription, size_t from)
{
    while (from < subscription->count && subscription->wanted[from].current == subscription->wanted[from].sent)
        from++;
    return from < subscription->count;
}

/* Something that it had does not exist any more. */
static bool any_is_gone(const struct xds_subscription *subscription)
{
    for (size_t i = 0; i < subscription->count; i++)
        if (subscription->wanted[i].current == XDS_ABSENT && subscription->wanted[i].sent > XDS_ABSENT)
            return true;
    return false;
}

static enum outcome catch_up_with(struct xds_stream *stream, enum xds_type type, const struct registry_view *view)
{
    bool differs;
    if (!look_at_all(stream, type, view, &differs))
        return FAILED;
    if (!differs)
        return SENT;
    bool in_parts = type == XDS_ASSIGNMENT && assignments_bytes(stream, view) > PART_BYTES;
    size_t at = 0;
    enum outcome outcome;
    do
        outcome = send_part(stream, type, view, in_parts, &at);
    while (outcome == SENT && any_differs(&stream->subscriptions[type], at));
    return outcome;
}

/* What goes, goes in the opposite order: a client should not have a listener whose cluster does not exist. */
static bool loses_listener(struct xds_stream *stream, const struct registry_view *view)
{
    bool differs;
    return look_at_all(stream, XDS_LISTENER, view, &differs) && differs &&
           any_is_gone(&stream->subscriptions[XDS_LISTENER]);
}

void xds_stream_catch_up(struct xds_stream *stream)
{
    if (stream->ending)
        return;
    const struct registry_view *view = registry_snapshot(stream->lane->xds->registry);
    enum outcome outcome = view ? SENT : NO_ROOM;
    if (view && loses_listener(stream, view))
        outcome = catch_up_with(stream, XDS_LISTENER, view);
    for (enum xds_type type = 0; type < XDS_TYPES && outcome == SENT; type++)
        outcome = catch_up_with(stream, type, view);
    registry_snapshot_release(view);
    if (outcome == FAILED)
        xds_stream_end(stream, MRPC_RESOURCE_EXHAUSTED, "no memory, or a service too large to tell");
}
