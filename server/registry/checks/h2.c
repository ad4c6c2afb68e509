/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/h2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <nghttp2/nghttp2.h>

/* INPUT_MAX is what a peer may send between two of our calls: a Watch that never stops talking ends there. */
enum { INPUT_MAX = 64 * 1024, WATCHES_MAX = 64, CALLS_BESIDE = 8, HEADER_LIST_MAX = 8192 };

struct h2 {
    struct kept kept; /* first: the place gives it back */
    struct place *place;
    struct link *link;
    nghttp2_session *session;
    TAILQ_HEAD(, h2_call) calls;
    size_t call_count;
    size_t input_bytes;
    unsigned busy; /* inside a call back: not to be freed */
    bool tls;
    bool is_kept;
    bool is_leaving; /* GOAWAY: no further calls */
    bool without_watch;
    const char *error; /* found inside nghttp2 */
};

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void unkeep(struct h2 *h2)
{
    if (h2->is_kept)
        place_unkeep(h2->place, &h2->kept);
    h2->is_kept = false;
}

static void free_h2(struct h2 *h2)
{
    unkeep(h2);
    link_close(h2->link);
    nghttp2_session_del(h2->session);
    free(h2);
}

/* Without calls, only a place's list keeps it. */
static void free_if_unused(struct h2 *h2)
{
    if (!h2->busy && !h2->is_kept && TAILQ_EMPTY(&h2->calls))
        free_h2(h2);
}

static void forget_call(struct h2_call *call)
{
    TAILQ_REMOVE(&call->h2->calls, call, entry);
    call->h2->call_count--;
    call->h2 = NULL;
}

void h2_fail(struct h2 *h2, const char *text)
{
    unkeep(h2);
    h2->is_leaving = true;
    h2->busy++;
    while (!TAILQ_EMPTY(&h2->calls)) {
        struct h2_call *call = TAILQ_FIRST(&h2->calls);
        nghttp2_session_set_stream_user_data(h2->session, call->stream, NULL);
        forget_call(call);
        call->closed(call, text);
    }
    h2->busy--;
    free_if_unused(h2);
}

static void close_kept(struct kept *kept)
{
    struct h2 *h2 = (struct h2 *)kept;
    unkeep(h2);
    free_if_unused(h2);
}

/* --- inside nghttp2: only notes
 * ---------------------------------------------------------------------------------------
 */

static int number(const uint8_t *value, size_t length)
{
    int result = 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9' || result > 1000)
            return -1;
        result = result * 10 + value[i] - '0';
    }
    return length ? result : -1;
}

static bool is(const uint8_t *name, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(name, text, length) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
                     const uint8_t *value, size_t value_bytes, uint8_t flags, void *user)
{
    struct h2_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call)
        return 0;
    if (is(name, name_bytes, ":status"))
        call->http_status = number(value, value_bytes);
    else if (is(name, name_bytes, "grpc-status"))
        call->grpc_status = number(value, value_bytes);
    return 0;
}

/* What a message is to hold, its prefix with it; 0 while that is not known. */
static size_t wanted_bytes(const struct h2_call *call)
{
    const uint8_t *prefix = call->reply;
    if (call->reply_bytes < 5)
        return 0;
    return 5 + ((size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4]);
}

/* Of messages that come together only the last is told: it is the state that holds. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
                   void *user)
{
    struct h2 *h2 = user;
    struct h2_call *call = nghttp2_session_get_stream_user_data(session, stream);
    if (!call || call->http_status != 200) /* a page in words, most likely */
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (call->has_message && call->reply_bytes == wanted_bytes(call)) {
            call->reply_bytes = 0;
            call->has_message = false;
        }
        call->reply[call->reply_bytes++] = data[i];
        size_t wanted = wanted_bytes(call);
        if (wanted > sizeof call->reply || (wanted && call->reply[0] != 0)) {
            h2->error = call->reply[0] ? "the reply is compressed" : "the reply is over 256 bytes";
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        }
        call->has_message = wanted == call->reply_bytes;
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user)
{
    struct h2_call *call = nghttp2_session_get_stream_user_data(session, stream);
    if (call)
        call->is_over = true;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h2->is_leaving = true;
    return 0;
}

/* HealthCheckRequest{service = 1}, behind the five bytes of a gRPC message. */
static size_t encode_request(const char *service, uint8_t out[5 + 3 + 256])
{
    size_t length = strnlen(service, 256), bytes = 5;
    if (length) {
        out[bytes++] = 0x0a;
        if (length >= 0x80)
            out[bytes++] = (uint8_t)(length | 0x80);
        out[bytes++] = (uint8_t)(length >= 0x80 ? length >> 7 : length);
        memcpy(out + bytes, service, length);
        bytes += length;
    }
    out[0] = out[1] = out[2] = 0;
    out[3] = (uint8_t)((bytes - 5) >> 8);
    out[4] = (uint8_t)(bytes - 5);
    return bytes;
}

static ssize_t read_request(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                            nghttp2_data_source *source, void *user)
{
    struct h2_call *call = nghttp2_session_get_stream_user_data(session, stream);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* cancelled */
    uint8_t request[5 + 3 + 256];
    size_t whole = encode_request(call->service, request), left = whole - call->request_sent;
    size_t bytes = left < room ? left : room;
    memcpy(out, request + call->request_sent, bytes);
    call->request_sent += bytes;
    if (call->request_sent == whole)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)bytes;
}

/* --- input and output
 * -------------------------------------------------------------------------------------------------
 */

static bool flush(struct h2 *h2)
{
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(h2->session, &bytes)) > 0)
        if (!link_write(h2->link, bytes, (size_t)size))
            return false;
    return size == 0;
}

/* A call that has news, none of which is told yet. */
static struct h2_call *next_with_news(struct h2 *h2)
{
    struct h2_call *call;
    TAILQ_FOREACH(call, &h2->calls, entry)
    {
        if (call->is_over || call->has_message)
            return call;
    }
    return NULL;
}

static void tell_call(struct h2_call *call)
{
    if (call->has_message) {
        size_t bytes = call->reply_bytes - 5;
        call->has_message = false;
        call->reply_bytes = 0;
        call->message(call, call->reply + 5, bytes);
        return;
    }
    forget_call(call);
    call->closed(call, NULL);
}

static void tell(struct h2 *h2)
{
    struct h2_call *call;
    h2->busy++;
    while ((call = next_with_news(h2)))
        tell_call(call);
    h2->busy--;
}

static void take_bytes(struct h2 *h2, struct evbuffer *input)
{
    size_t size = evbuffer_get_length(input);
    h2->input_bytes += size;
    ssize_t used = size ? nghttp2_session_mem_recv(h2->session, evbuffer_pullup(input, -1), size) : 0;
    evbuffer_drain(input, size);
    if (used < 0 && !h2->error)
        h2->error = used == NGHTTP2_ERR_NOMEM ? "no memory" : "not HTTP/2";
    else if (h2->input_bytes > INPUT_MAX && !h2->error)
        h2->error = "the peer sends more than 64 KiB";
}

static void on_input(void *arg, struct evbuffer *input, bool end)
{
    struct h2 *h2 = arg;
    take_bytes(h2, input);
    if (h2->is_leaving)
        unkeep(h2);
    tell(h2);
    bool flushed = flush(h2);
    if (!h2->error && !nghttp2_session_want_read(h2->session) && !h2->is_leaving)
        h2->error = "not HTTP/2"; /* it has sent GOAWAY itself */
    if (h2->error)
        h2_fail(h2, h2->error);
    else if (end || !flushed)
        h2_fail(h2, end ? "connection closed early" : "no memory");
    else
        free_if_unused(h2);
}

static void on_opened(void *arg)
{
}

static void on_failed(void *arg, const char *text)
{
    h2_fail(arg, text);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool open_session(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX}};
    if (nghttp2_session_callbacks_new(&callbacks))
        return false;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    int error = nghttp2_session_client_new(&h2->session, callbacks, h2);
    nghttp2_session_callbacks_del(callbacks);
    return error == 0 && nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, 2) == 0;
}

struct h2 *h2_new(struct place *place, const struct terms *terms, const char *peer)
{
    struct h2 *h2 = calloc(1, sizeof *h2);
    if (!h2)
        return NULL;
    const struct link_options options = {
        .kind = LINK_HTTP2,
        .terms = *terms,
        .peer = peer,
        .user = {.opened = on_opened, .input = on_input, .failed = on_failed, .arg = h2},
    };
    h2->place = place;
    h2->tls = terms->tls;
    TAILQ_INIT(&h2->calls);
    h2->link = link_open(place, &options);
    if (!h2->link || !open_session(h2)) {
        free_h2(h2);
        return NULL;
    }
    h2->kept = (struct kept){.kind = LINK_HTTP2, .close = close_kept};
    terms_mark(terms, &h2->kept.terms);
    h2->is_kept = place_keep(place, &h2->kept);
    return h2;
}

bool h2_serves(const struct h2 *h2, const char *peer)
{
    return !h2->is_leaving && !h2->error && link_allows(h2->link, peer);
}

struct h2 *h2_get(struct place *place, const struct terms *terms, const char *peer, bool *is_reused)
{
    struct terms_mark mark;
    terms_mark(terms, &mark);
    *is_reused = false;
    for (struct kept *at = place_kept(place); at; at = LIST_NEXT(at, entry)) {
        struct h2 *h2 = (struct h2 *)at;
        if (at->kind != LINK_HTTP2 || !terms_mark_same(&at->terms, &mark) || !h2_serves(h2, peer))
            continue;
        *is_reused = true;
        return h2;
    }
    return h2_new(place, terms, peer);
}

bool h2_has_room_for_watch(const struct h2 *h2)
{
    uint32_t most = nghttp2_session_get_remote_settings(h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return h2->is_kept && !h2->without_watch && h2->call_count < WATCHES_MAX && h2->call_count + CALLS_BESIDE < most;
}

void h2_set_without_watch(struct h2 *h2)
{
    h2->without_watch = true;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE \
    }

static int32_t submit(struct h2 *h2, struct h2_call *call, const char *path)
{
    const nghttp2_nv headers[] = {
        HEADER(":method", "POST"),
        HEADER(":scheme", h2->tls ? "https" : "http"),
        HEADER(":path", path),
        HEADER(":authority", place_authority(h2->place)),
        HEADER("content-type", "application/grpc"),
        HEADER("te", "trailers"),
        HEADER("user-agent", "mltrainer-check"),
    };
    const nghttp2_data_provider body = {.read_callback = read_request};
    return nghttp2_submit_request(h2->session, NULL, headers, sizeof headers / sizeof *headers, &body, call);
}

bool h2_call_open(struct h2 *h2, struct h2_call *call, const char *method)
{
    char path[64];
    snprintf(path, sizeof path, "/grpc.health.v1.Health/%s", method);
    call->http_status = call->grpc_status = -1;
    call->request_sent = call->reply_bytes = 0;
    call->has_message = call->is_over = false;
    h2->input_bytes = 0;
    call->stream = submit(h2, call, path);
    if (call->stream < 0) {
        free_if_unused(h2);
        return false;
    }
    call->h2 = h2;
    TAILQ_INSERT_TAIL(&h2->calls, call, entry);
    h2->call_count++;
    if (flush(h2))
        return true;
    h2_call_cancel(call);
    return false;
}

void h2_call_cancel(struct h2_call *call)
{
    struct h2 *h2 = call->h2;
    if (!h2)
        return;
    nghttp2_session_set_stream_user_data(h2->session, call->stream, NULL);
    forget_call(call);
    /* Should either fail, then for want of memory: the stream stays until the connection goes. */
    if (!call->is_over && nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, call->stream, NGHTTP2_CANCEL) == 0)
        (void)!flush(h2);
    free_if_unused(h2);
}
