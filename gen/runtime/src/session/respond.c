/* SPDX-License-Identifier: Apache-2.0 */

/* HEADERS out: response headers, trailers, and both in one when there was nothing to say before the end.
 *
 * The status must arrive: nghttp2 refuses a header block over 64 KiB and a client one over its
 * SETTINGS_MAX_HEADER_LIST_SIZE, so texts and details are cut to size here, and what still is too much is left out,
 * largest first. Source: gRPC PROTOCOL-HTTP2, "Responses". */

#include <string.h>

#include "codec/utf8.h"
#include "session/header_list.h"
#include "session/session.h"
#include "wire/frame.h"
#include "wire/metadata_wire.h"
#include "wire/percent.h"
#include "wire/base64.h"

#define OWN_HEADERS_MAX STREAM_OWN_HEADERS_MAX

/* With what a handler may add (MRPC_RESPONSE_METADATA_MAX_BYTES) these are sure to be less than nghttp2's 64 KiB. */
#define STATUS_TEXT_MAX_BYTES 4096        /* three times that when each byte is escaped */
#define STATUS_DETAILS_MAX_BYTES 12288
#define HEADER_OVERHEAD_BYTES 32          /* RFC 9113 section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE */

static void add_metadata(struct header_list *list, const struct mrpc_metadata *metadata, struct mrpc_arena *arena)
{
    for (size_t i = 0; metadata != NULL && i < metadata->count; i++) {
        size_t size;
        const char *value = mrpc_metadata_wire_value(&metadata->entries[i], arena, &size);
        if (value != NULL)
            list->entries[list->count++] = mrpc_nv(metadata->entries[i].key, value, size, NV_BORROWED);
    }
}

static void add_answer_head(struct header_list *list, const struct web_answer *answer)
{
    mrpc_header_add(list, ":status", answer->status);
    if (answer->content_type != NULL)
        mrpc_header_add(list, "content-type", answer->content_type);
    if (answer->length[0] != '\0')
        mrpc_header_add(list, "content-length", answer->length);
}

static void add_call_head(struct header_list *list, const struct mrpc_stream *stream)
{
    static const char *const types[][2] = {
        [MRPC_DIALECT_GRPC] = {"application/grpc", "application/grpc+json"},
        [MRPC_DIALECT_WEB] = {"application/grpc-web+proto", "application/grpc-web+json"},
        [MRPC_DIALECT_WEB_TEXT] = {"application/grpc-web-text+proto", "application/grpc-web-text+json"},
        [MRPC_DIALECT_CONNECT_STREAM] = {"application/connect+proto", "application/connect+json"},
    };
    bool connect = stream->dialect == MRPC_DIALECT_CONNECT_STREAM;
    mrpc_header_add(list, ":status", "200");
    mrpc_header_add(list, "content-type", types[stream->dialect][stream->content_type == MRPC_CONTENT_JSON]);
    if (stream->response_encoding != MRPC_ENCODING_IDENTITY)
        mrpc_header_add(list, connect ? "connect-content-encoding" : "grpc-encoding",
                        mrpc_encoding_name(stream->response_encoding));
}

/* Of a web request, else NULL. */
static const struct web_answer *answer_of(const struct mrpc_stream *stream)
{
    return stream->desk != NULL ? stream->desk->answer : NULL;
}

static void add_response_head(struct header_list *list, const struct mrpc_stream *stream)
{
    const struct web_answer *answer = answer_of(stream);
    if (answer != NULL)
        add_answer_head(list, answer);
    else
        add_call_head(list, stream);
    if (stream->dialect != MRPC_DIALECT_GRPC && stream->desk->cors_origin != NULL)
        mrpc_header_add_cors(list, stream);
}

static const char *encode_message(const char *text, struct mrpc_arena *arena, size_t *size)
{
    size_t length = strnlen(text, STATUS_TEXT_MAX_BYTES + 1);
    if (length > STATUS_TEXT_MAX_BYTES)
        length = mrpc_utf8_valid_prefix(text, STATUS_TEXT_MAX_BYTES);
    *size = mrpc_percent_encoded_size(text, length);
    if (*size == length)
        return text;
    char *encoded = mrpc_arena_alloc(arena, *size + 1);
    if (encoded != NULL)
        *mrpc_percent_encode(text, length, encoded) = '\0';
    return encoded;
}

static void add_details(struct header_list *list, const struct stream_end *end, struct mrpc_arena *arena)
{
    size_t size = mrpc_base64_encoded_size(end->details_bytes, false);
    char *encoded = mrpc_arena_alloc(arena, size + 1);
    if (encoded == NULL)
        return;
    mrpc_base64_encode(end->details, end->details_bytes, false, encoded);
    list->entries[list->count++] = mrpc_nv("grpc-status-details-bin", encoded, size, NV_BORROWED);
}

static void add_status(struct header_list *list, const struct stream_end *end, struct mrpc_arena *arena)
{
    static const char *const numbers[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7", "8",
                                          "9", "10", "11", "12", "13", "14", "15", "16"};
    bool known = end->code >= 0 && end->code <= MRPC_UNAUTHENTICATED;
    mrpc_header_add(list, "grpc-status", numbers[known ? end->code : MRPC_UNKNOWN]);
    if (end->message != NULL && end->message[0] != '\0') {
        size_t size;
        const char *text = encode_message(end->message, arena, &size);
        if (text != NULL)
            list->entries[list->count++] = mrpc_nv("grpc-message", text, size, NV_BORROWED);
    }
    if (end->details_bytes > 0 && end->details_bytes <= STATUS_DETAILS_MAX_BYTES)
        add_details(list, end, arena);
    if (end->list_encodings)
        mrpc_header_add(list, "grpc-accept-encoding", MRPC_ACCEPT_ENCODING);
    if (end->pushback != NULL)
        mrpc_header_add(list, "grpc-retry-pushback-ms", end->pushback);
}

static bool may_be_left_out(const nghttp2_nv *header)
{
    static const char *const needed[] = {":status", "content-type", "grpc-status"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        if (strcmp((const char *)header->name, needed[i]) == 0)
            return false;
    return true;
}

static size_t header_bytes(const nghttp2_nv *header)
{
    return header->namelen + header->valuelen + HEADER_OVERHEAD_BYTES;
}

static size_t list_bytes(const struct header_list *list)
{
    size_t total = 0;
    for (size_t i = 0; i < list->count; i++)
        total += header_bytes(&list->entries[i]);
    return total;
}

/* False when nothing more may be left out. */
static bool leave_out_largest(struct header_list *list)
{
    size_t largest = list->count;
    for (size_t i = 0; i < list->count; i++)
        if (may_be_left_out(&list->entries[i]) &&
            (largest == list->count || header_bytes(&list->entries[i]) > header_bytes(&list->entries[largest])))
            largest = i;
    if (largest == list->count)
        return false;
    list->count--;
    memmove(&list->entries[largest], &list->entries[largest + 1], (list->count - largest) * sizeof(nghttp2_nv));
    return true;
}

/* Leave out what the client would refuse with all the rest. */
static void fit(struct header_list *list, const struct mrpc_stream *stream)
{
    size_t allowed = nghttp2_session_get_remote_settings(stream->session->h2, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
    while (list_bytes(list) > allowed && leave_out_largest(list))
        continue;
}

/* Custom headers are encoded in a scratch arena and copied by nghttp2: the stream's arena may be in use by a handler on
 * another thread. */
static int submit_with_metadata(struct mrpc_stream *stream, const struct mrpc_metadata *headers)
{
    struct mrpc_arena *scratch = mrpc_arena_new(0);
    struct header_list list = {0};
    if (scratch != NULL)
        list.entries = mrpc_arena_alloc(scratch, (OWN_HEADERS_MAX + headers->count) * sizeof(nghttp2_nv));
    int rv = NGHTTP2_ERR_NOMEM;
    if (list.entries != NULL) {
        add_response_head(&list, stream);
        size_t own = list.count;
        add_metadata(&list, headers, scratch);
        for (size_t i = own; i < list.count; i++)
            list.entries[i].flags = NGHTTP2_NV_FLAG_NONE;
        rv = stream->session->wire->head(stream, list.entries, list.count);
    }
    mrpc_arena_free(scratch);
    return rv;
}

int mrpc_stream_send_headers(struct mrpc_stream *stream, const struct mrpc_metadata *headers)
{
    if (stream->session == NULL || stream->ended || stream->headers_sent)
        return MRPC_ERR_DONE;
    const struct web_answer *answer = answer_of(stream);
    stream->bodiless |= answer != NULL && answer->bodiless;
    int rv;
    if (headers != NULL && headers->count > 0) {
        rv = submit_with_metadata(stream, headers);
    } else {
        nghttp2_nv entries[OWN_HEADERS_MAX];
        struct header_list list = {.entries = entries};
        add_response_head(&list, stream);
        rv = stream->session->wire->head(stream, list.entries, list.count);
    }
    if (rv != 0)
        return MRPC_ERR_NOMEM;
    stream->headers_sent = 1;
    return 0;
}

/* Room for the end's headers that lives as long as the stream. The arena is asked only for a handler's own trailers,
 * which come with its finish; a call that is ended early, while a handler still has the arena, has none. */
static bool list_for_end(struct header_list *list, struct mrpc_stream *stream, const struct stream_end *end)
{
    list->count = 0;
    list->entries = stream->desk->own_trailers;
    if (end->trailers != NULL)
        list->entries =
            mrpc_arena_alloc(stream->desk->arena, (OWN_HEADERS_MAX + end->trailers->count) * sizeof(nghttp2_nv));
    return list->entries != NULL;
}

static int submit_trailers_only(struct mrpc_stream *stream, const struct stream_end *end)
{
    struct header_list list;
    if (!list_for_end(&list, stream, end))
        return -1;
    add_response_head(&list, stream);
    add_status(&list, end, stream->desk->arena);
    add_metadata(&list, end->trailers, stream->desk->arena);
    fit(&list, stream);
    stream->headers_sent = 1;
    stream->bodiless = 1;
    return stream->session->wire->head(stream, list.entries, list.count);
}

static int queue_trailers(struct mrpc_stream *stream, const struct stream_end *end)
{
    struct header_list list;
    if (!list_for_end(&list, stream, end))
        return -1;
    add_status(&list, end, stream->desk->arena);
    add_metadata(&list, end->trailers, stream->desk->arena);
    fit(&list, stream);
    stream->desk->trailers = list.entries;
    stream->desk->trailer_count = list.count;
    return 0;
}

/* gRPC-Web: the trailers are the last frame of the body, with the flag 0x80, as lines of an HTTP/1 header block.
 * Source: gRPC PROTOCOL-WEB. */
#define TRAILERS_FLAG 0x80

static size_t block_bytes(const struct header_list *list)
{
    size_t total = 0;
    for (size_t i = 0; i < list->count; i++)
        total += list->entries[i].namelen + list->entries[i].valuelen + 4;
    return total;
}

static void put_block(const struct header_list *list, uint8_t *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const nghttp2_nv *header = &list->entries[i];
        out = (uint8_t *)mempcpy(out, header->name, header->namelen);
        out = (uint8_t *)mempcpy(out, ": ", 2);
        out = (uint8_t *)mempcpy(out, header->value, header->valuelen);
        out = (uint8_t *)mempcpy(out, "\r\n", 2);
    }
}

static int queue_end_frame(struct mrpc_stream *stream, const struct stream_end *end)
{
    if (!stream->headers_sent && mrpc_stream_send_headers(stream, NULL) != 0)
        return -1;
    struct mrpc_chunk *chunk = mrpc_connect_end_frame(end);
    if (chunk == NULL)
        return -1;
    stream->plain = 1;
    mrpc_stream_send_chunk(stream, chunk);
    return 0;
}

static struct mrpc_chunk *trailer_frame(const struct header_list *list)
{
    size_t size = block_bytes(list);
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    uint8_t *out = chunk != NULL ? mrpc_buffer_reserve(&chunk->bytes, MRPC_FRAME_PREFIX_BYTES + size) : NULL;
    if (out == NULL) {
        mrpc_chunk_unref(chunk);
        return NULL;
    }
    const uint8_t prefix[MRPC_FRAME_PREFIX_BYTES] = {TRAILERS_FLAG, (uint8_t)(size >> 24), (uint8_t)(size >> 16),
                                                     (uint8_t)(size >> 8), (uint8_t)size};
    memcpy(out, prefix, sizeof(prefix));
    put_block(list, out + sizeof(prefix));
    mrpc_buffer_commit(&chunk->bytes, sizeof(prefix) + size);
    return chunk;
}

static int queue_trailer_frame(struct mrpc_stream *stream, const struct stream_end *end)
{
    struct header_list list;
    if (!list_for_end(&list, stream, end) || (!stream->headers_sent && mrpc_stream_send_headers(stream, NULL) != 0))
        return -1;
    add_status(&list, end, stream->desk->arena);
    add_metadata(&list, end->trailers, stream->desk->arena);
    struct mrpc_chunk *chunk = trailer_frame(&list);
    if (chunk == NULL)
        return -1;
    stream->plain = 1;
    mrpc_stream_send_chunk(stream, chunk);
    return 0;
}

static int say_end(struct mrpc_stream *stream, const struct stream_end *end)
{
    if (stream->dialect == MRPC_DIALECT_CONNECT)
        return mrpc_connect_finish(stream, end);
    if (stream->dialect == MRPC_DIALECT_CONNECT_STREAM)
        return queue_end_frame(stream, end);
    if (stream->dialect != MRPC_DIALECT_GRPC)
        return queue_trailer_frame(stream, end);
    return !stream->headers_sent && stream->queued_bytes == 0 ? submit_trailers_only(stream, end)
                                                              : queue_trailers(stream, end);
}

void mrpc_stream_finish(struct mrpc_stream *stream, const struct stream_end *end)
{
    if (stream->session == NULL || stream->ended)
        return;
    mrpc_stream_discard(stream);
    if (!mrpc_stream_take_desk(stream)) {
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    if (stream->desk->route != NULL && (end->code != 0 || !stream->headers_sent)) {
        mrpc_stream_fail_http(stream, end);
        return;
    }
    stream->plain |= stream->desk->route != NULL;
    if (stream->desk->route == NULL && say_end(stream, end) != 0) {
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    stream->ended = 1;
    mrpc_send_resume(stream);
}
