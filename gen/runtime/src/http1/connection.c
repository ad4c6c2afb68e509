/* SPDX-License-Identifier: Apache-2.0 */
#include "http1/connection.h"

#include <stdlib.h>

#include "http1/exchange.h"

#define TARGET_MAX_BYTES 8192
/* What a client may send ahead of its answers, and what it may have sent while nobody takes its body. */
#define AHEAD_MAX_BYTES (64u << 10)
#define IDLE_MAX_MS 60000

static void clock_due(struct mrpc_timer *timer);

static void set_clock(struct mrpc_session *session, int64_t after_ms)
{
    (void)!mrpc_session_after(session, &session->http1->clock, after_ms, clock_due);
}

static void await_head(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    int64_t idle_ms = session->limits->connection_idle_ms;
    http1->phase = HTTP1_HEAD;
    http1->scan = (struct http1_scan){0};
    http1->scanned = 0;
    http1->head_begun = http1->head_written = false;
    set_clock(session, idle_ms < IDLE_MAX_MS ? idle_ms : IDLE_MAX_MS);
}

int mrpc_http1_begin(struct mrpc_session *session)
{
    struct http1 *http1 = calloc(1, sizeof(*http1));
    if (http1 == NULL)
        return MRPC_ERR_NOMEM;
    http1->session = session;
    nghttp2_session_del(session->h2);
    session->h2 = NULL;
    session->http1 = http1;
    session->wire = &mrpc_wire_http1;
    session->state = SESSION_OPEN;
    mrpc_timers_clear(&session->timers, &session->handshake);
    mrpc_timers_clear(&session->timers, &session->keepalive);
    mrpc_timers_clear(&session->timers, &session->idle);
    await_head(session);
    return 0;
}

void mrpc_http1_free(struct http1 *http1)
{
    if (http1 == NULL)
        return;
    mrpc_buffer_fini(&http1->in);
    mrpc_buffer_fini(&http1->fields);
    free(http1);
}

/* The request cannot be served, or not be waited for: say so, unless an answer has begun, and close. */
static void give_up(struct mrpc_session *session, const char *status, const char *text, const char *word)
{
    struct http1 *http1 = session->http1;
    if (!http1->head_written)
        mrpc_http1_put_error(session, status, text);
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, word);
    http1->stream = NULL;
    while (session->streams != NULL)
        mrpc_stream_close(session->streams);
}

static void clock_due(struct mrpc_timer *timer)
{
    struct http1 *http1 = MRPC_CONTAINER_OF(timer, struct http1, clock);
    struct mrpc_session *session = http1->session;
    if (http1->phase == HTTP1_HEAD && !http1->head_begun)
        session->state = SESSION_FINISHED;
    else if (http1->phase == HTTP1_HEAD)
        give_up(session, "408", "the request head did not come in time", "header_block_timeout");
    else if (http1->phase == HTTP1_BODY)
        give_up(session, "408", "the request body did not come in time", "body_timeout");
}

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {{400, "400"}, {417, "417"}, {431, "431"}, {501, "501"}, {505, "505"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i].status == status)
            return known[i].text;
    return "400";
}

static bool add(struct mrpc_session *session, struct mrpc_stream *stream, struct http1_text name,
                struct http1_text value)
{
    const struct request_header header = {
        .known = mrpc_header_name(name.at, name.size),
        .name = name.at,
        .name_bytes = name.size,
        .value = value.at,
        .value_bytes = value.size,
    };
    return mrpc_headers_add(session, stream, &header) == 0;
}

static struct http1_text text(const char *literal)
{
    return (struct http1_text){.at = literal, .size = strlen(literal)};
}

/* Fields of the connection itself stay here, as they would in a gateway: RFC 9110 section 7.6.1. */
static bool is_for_the_connection(struct http1_text name)
{
    static const char *const names[] = {"connection", "content-length", "expect", "host", "keep-alive",
                                        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i]) == name.size && memcmp(names[i], name.at, name.size) == 0)
            return true;
    return false;
}

static bool add_head(struct mrpc_session *session, struct mrpc_stream *stream, const struct http1_head *head)
{
    bool added = add(session, stream, text(":method"), head->method) &&
                 add(session, stream, text(":path"), head->target) &&
                 (head->authority.size == 0 || add(session, stream, text(":authority"), head->authority));
    for (size_t i = 0; added && i < head->field_count; i++) {
        const struct http1_field *field = &head->fields[i];
        added = is_for_the_connection(field->name) || add(session, stream, field->name, field->value);
    }
    return added;
}

static void begin_request(struct mrpc_session *session, const struct http1_head *head)
{
    struct http1 *http1 = session->http1;
    struct mrpc_stream *stream = session->events->opened(session->owner);
    if (stream == NULL) {
        give_up(session, "503", "this connection has too much under way", "refused_stream");
        return;
    }
    mrpc_http1_exchange_begin(http1, stream, head);
    mrpc_stream_open(session, stream, ++http1->requests);
    if (!add_head(session, stream, head)) {
        give_up(session, "431", "the request head is too long", "header_list");
        return;
    }
    http1->phase = http1->body.state == BODY_DONE ? HTTP1_ANSWER : HTTP1_BODY;
    stream->remote_closed = http1->phase == HTTP1_ANSWER;
    mrpc_headers_end(stream);
    if (http1->phase == HTTP1_ANSWER) {
        mrpc_timers_clear(&session->timers, &http1->clock);
        mrpc_data_end(stream);
        return;
    }
    set_clock(session, session->limits->message_timeout_ms);
    if (head->expects_continue)
        mrpc_http1_put_continue(session);
}

/* Returns false when more bytes are needed, or none are wanted. */
static bool take_head(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    size_t size = mrpc_buffer_size(&http1->in), used;
    if (size == http1->scanned)
        return false;
    if (!http1->head_begun)
        set_clock(session, session->limits->header_block_timeout_ms);
    http1->head_begun = true;
    char *bytes = (char *)mrpc_buffer_bytes(&http1->in);
    int got = mrpc_http1_scan(&http1->scan, (const uint8_t *)bytes + http1->scanned, size - http1->scanned, &used);
    if (got < 0) {
        give_up(session, "400", "bare CR, bare LF or a control character in the request head", "http1_malformed");
        return false;
    }
    http1->scanned += used;
    if (http1->scanned > session->limits->header_list_bytes + TARGET_MAX_BYTES) {
        give_up(session, "431", "the request head is too long", "header_list");
        return false;
    }
    if (got == 0)
        return false;
    struct http1_head head;
    const char *why;
    int status = mrpc_http1_head_parse(bytes, http1->scanned, &head, &why);
    if (status != 0) {
        give_up(session, status_text(status), why, "http1_malformed");
        return false;
    }
    begin_request(session, &head);
    mrpc_buffer_consume(&http1->in, http1->scanned);
    return session->state == SESSION_OPEN;
}

static bool take_body(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    struct mrpc_stream *stream = http1->stream;
    const uint8_t *bytes = mrpc_buffer_bytes(&http1->in), *piece;
    size_t size = mrpc_buffer_size(&http1->in), before = size, piece_bytes;
    int got = 0;
    while (!stream->holding && (got = mrpc_http1_body_feed(&http1->body, &bytes, &size, &piece, &piece_bytes)) > 0)
        mrpc_data_received(stream, piece, piece_bytes);
    if (got < 0) {
        give_up(session, "400", "the request body is malformed", "http1_malformed");
        return false;
    }
    mrpc_buffer_consume(&http1->in, before - size);
    if (http1->body.state != BODY_DONE)
        return false;
    http1->phase = HTTP1_ANSWER;
    mrpc_timers_clear(&session->timers, &http1->clock);
    mrpc_data_end(stream);
    return true;
}

/* What has been refused is waited for if it is short; else the answer leaves at once, and the connection with it. */
static void refuse_now(struct http1 *http1)
{
    struct mrpc_stream *stream = http1->stream;
    bool is_short = http1->body.state == BODY_COUNTED && http1->body.left <= AHEAD_MAX_BYTES && !http1->waits;
    if (http1->phase == HTTP1_BODY && stream->desk->refusal_status != NULL && !stream->ended && !is_short)
        mrpc_stream_refuse(stream);
}

void mrpc_http1_advance(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    bool goes_on = session->state == SESSION_OPEN;
    while (goes_on) {
        if (http1->phase == HTTP1_HEAD)
            goes_on = take_head(session);
        else
            goes_on = http1->phase == HTTP1_BODY && take_body(session);
    }
    if (session->state == SESSION_OPEN)
        refuse_now(http1);
    if (mrpc_buffer_size(&http1->in) == 0)
        mrpc_buffer_clear(&http1->in, 0);
}

static void feed(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    if (mrpc_buffer_append(&session->http1->in, bytes, size) != 0)
        give_up(session, "503", "out of memory", "out_of_memory");
    else
        mrpc_http1_advance(session);
}

void mrpc_http1_exchange_over(struct mrpc_session *session)
{
    struct http1 *http1 = session->http1;
    struct mrpc_stream *stream = http1->stream;
    bool last = http1->close || http1->cut || http1->phase != HTTP1_ANSWER || session->drain != DRAIN_NO;
    http1->stream = NULL;
    if (last)
        session->state = SESSION_FINISHED;
    mrpc_stream_close(stream);
    if (!last)
        await_head(session);
}

/* A peer that goes away while it waits for its answer is noticed by reading, so reading goes on, as far as there is
 * room for what it sends ahead. */
static bool want_read(const struct mrpc_session *session)
{
    return mrpc_buffer_size(&session->http1->in) < AHEAD_MAX_BYTES;
}

static bool over(const struct mrpc_session *session)
{
    return false;
}

static void drain(struct mrpc_session *session)
{
    session->drain = DRAIN_LAST;
    if (session->http1->stream == NULL)
        session->state = SESSION_FINISHED;
}

static void last_words(struct mrpc_session *session, uint32_t code, const char *reason)
{
    session->http1->stream = NULL;
}

static void resume(struct mrpc_stream *stream)
{
}

static void reset(struct mrpc_stream *stream, uint32_t code)
{
    stream->session->http1->cut = true;
}

static void taken(struct mrpc_stream *stream, size_t bytes)
{
}

const struct session_wire mrpc_wire_http1 = {
    .feed = feed,
    .pull = mrpc_http1_pull,
    .want_read = want_read,
    .over = over,
    .drain = drain,
    .last_words = last_words,
    .head = mrpc_http1_head,
    .resume = resume,
    .reset = reset,
    .taken = taken,
};
