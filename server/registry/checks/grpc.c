/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <nghttp2/nghttp2.h>

/* One unary grpc.health.v1.Health/Check over a connection of its own, in clear text. libmrpc's channel is not used: it
 * resolves and connects by itself, and here the address must be judged in between and be that very address. */

enum { REPLY_MAX = 1024, INPUT_MAX = 64 * 1024 };

struct grpc {
    struct attempt *attempt;
    nghttp2_session *session;
    uint8_t request[5 + 3 + 256]; /* prefix, tag and length, name */
    size_t request_bytes;
    size_t request_sent;
    uint8_t reply[REPLY_MAX];
    size_t reply_bytes;
    size_t input_bytes;
    int http_status;
    int grpc_status; /* -1: none yet */
    bool closed;
};

static void release(void *state)
{
    struct grpc *grpc = state;
    nghttp2_session_del(grpc->session);
    free(grpc);
}

/* HealthCheckRequest{service = 1}, behind the five bytes of a gRPC message. */
static void encode_request(struct grpc *grpc, const char *service)
{
    size_t length = strlen(service), message = 0;
    uint8_t *at = grpc->request + 5;
    if (length) {
        at[message++] = 0x0a;
        if (length >= 0x80)
            at[message++] = (uint8_t)(length | 0x80);
        at[message++] = (uint8_t)(length >= 0x80 ? length >> 7 : length);
        memcpy(at + message, service, length);
        message += length;
    }
    grpc->request[3] = (uint8_t)(message >> 8);
    grpc->request[4] = (uint8_t)message;
    grpc->request_bytes = 5 + message;
}

static ssize_t read_request(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                            nghttp2_data_source *source, void *user)
{
    struct grpc *grpc = user;
    size_t left = grpc->request_bytes - grpc->request_sent;
    size_t bytes = left < room ? left : room;
    memcpy(out, grpc->request + grpc->request_sent, bytes);
    grpc->request_sent += bytes;
    if (grpc->request_sent == grpc->request_bytes)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)bytes;
}

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
    struct grpc *grpc = user;
    if (is(name, name_bytes, ":status"))
        grpc->http_status = number(value, value_bytes);
    else if (is(name, name_bytes, "grpc-status"))
        grpc->grpc_status = number(value, value_bytes);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
                   void *user)
{
    struct grpc *grpc = user;
    if (size > REPLY_MAX - grpc->reply_bytes)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(grpc->reply + grpc->reply_bytes, data, size);
    grpc->reply_bytes += size;
    return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user)
{
    ((struct grpc *)user)->closed = true;
    return 0;
}

static bool varint(const uint8_t *at, size_t size, size_t *used, uint64_t *out)
{
    *out = 0;
    for (*used = 0; *used < size && *used < 10; ++*used) {
        *out |= (uint64_t)(at[*used] & 0x7f) << (7 * *used);
        if (!(at[*used] & 0x80)) {
            ++*used;
            return true;
        }
    }
    return false;
}

/* HealthCheckResponse{status = 1}: the status, 0 when it is not there, -1 when this is none. Fields of later versions
 * are skipped. */
static int decode_reply(const uint8_t *at, size_t size)
{
    uint64_t status = 0;
    while (size) {
        uint64_t tag, value;
        size_t used;
        if (!varint(at, size, &used, &tag))
            return -1;
        at += used, size -= used;
        if ((tag & 7) != 0 && (tag & 7) != 2)
            return -1;
        if (!varint(at, size, &used, &value))
            return -1;
        at += used, size -= used;
        if ((tag & 7) == 2) {
            if (value > size)
                return -1;
            at += value, size -= (size_t)value;
        } else if (tag >> 3 == 1) {
            status = value;
        }
    }
    return status <= 3 ? (int)status : -1;
}

static void conclude(struct grpc *grpc)
{
    static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    struct attempt *attempt = grpc->attempt;
    const uint8_t *reply = grpc->reply;
    if (grpc->http_status != 200) {
        attempt_fail(attempt, "HTTP status %d", grpc->http_status);
        return;
    }
    if (grpc->grpc_status != 0) {
        attempt_fail(attempt, "gRPC status %d", grpc->grpc_status);
        return;
    }
    size_t length = grpc->reply_bytes >= 5 ? (size_t)reply[3] << 8 | reply[4] : 0;
    int status = -1;
    if (grpc->reply_bytes >= 5 && reply[0] == 0 && reply[1] == 0 && reply[2] == 0 && length == grpc->reply_bytes - 5)
        status = decode_reply(reply + 5, length);
    if (status == 1)
        attempt_pass(attempt, "SERVING");
    else
        attempt_fail(attempt, "%s", status < 0 ? "the reply is not a HealthCheckResponse" : names[status]);
}

static bool flush(struct grpc *grpc, struct bufferevent *connection)
{
    const uint8_t *bytes;
    ssize_t size;
    while ((size = nghttp2_session_mem_send(grpc->session, &bytes)) > 0)
        bufferevent_write(connection, bytes, (size_t)size);
    return size == 0;
}

static void input(struct attempt *attempt, void *state, struct bufferevent *connection, bool end)
{
    struct grpc *grpc = state;
    struct evbuffer *buffer = bufferevent_get_input(connection);
    size_t size = evbuffer_get_length(buffer);
    grpc->input_bytes += size;
    ssize_t used = 0;
    if (size)
        used = nghttp2_session_mem_recv(grpc->session, evbuffer_pullup(buffer, -1), size);
    evbuffer_drain(buffer, size);
    if (grpc->closed)
        conclude(grpc);
    else if (used < 0)
        attempt_fail(attempt, "not HTTP/2: %s", nghttp2_strerror((int)used));
    else if (grpc->input_bytes > INPUT_MAX)
        attempt_fail(attempt, "reply over %d bytes", INPUT_MAX);
    else if (!flush(grpc, connection))
        attempt_fail(attempt, "HTTP/2 failed");
    else if (!nghttp2_session_want_read(grpc->session)) /* it has sent GOAWAY: what came was no HTTP/2 */
        attempt_fail(attempt, "not HTTP/2");
}

static bool open_session(struct grpc *grpc)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks))
        return false;
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    int error = nghttp2_session_client_new(&grpc->session, callbacks, grpc);
    nghttp2_session_callbacks_del(callbacks);
    return error == 0;
}

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE \
    }

static bool submit(struct grpc *grpc, const char *authority)
{
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 8192}};
    const nghttp2_nv headers[] = {
        HEADER(":method", "POST"),
        HEADER(":scheme", "http"),
        HEADER(":path", "/grpc.health.v1.Health/Check"),
        HEADER(":authority", authority),
        HEADER("content-type", "application/grpc"),
        HEADER("te", "trailers"),
        HEADER("user-agent", "mltrainer-check"),
    };
    nghttp2_data_provider body = {.read_callback = read_request};
    return nghttp2_submit_settings(grpc->session, NGHTTP2_FLAG_NONE, settings, 2) == 0 &&
           nghttp2_submit_request(grpc->session, NULL, headers, sizeof headers / sizeof *headers, &body, NULL) > 0;
}

static void *begin(struct attempt *attempt, const PB(Check) * check, struct bufferevent *connection)
{
    struct grpc *grpc = calloc(1, sizeof *grpc);
    if (!grpc) {
        attempt_fail(attempt, "no memory");
        return NULL;
    }
    grpc->attempt = attempt;
    grpc->grpc_status = -1;
    encode_request(grpc, check->grpc->service);
    if (!open_session(grpc) || !submit(grpc, attempt_authority(attempt)) || !flush(grpc, connection)) {
        attempt_fail(attempt, "no memory");
        release(grpc);
        return NULL;
    }
    return grpc;
}

const struct attempt_protocol attempt_grpc = {.begin = begin, .input = input, .release = release};
