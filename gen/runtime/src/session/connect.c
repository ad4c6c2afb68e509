/* SPDX-License-Identifier: Apache-2.0 */

/* Connect's dialects. A unary call is an HTTP exchange such as anybody can make with curl:
 *
 *     POST /package.Service/Method       content-type: application/json | application/proto
 *     GET  /package.Service/Method?connect=v1&encoding=json&message=…       of methods without side effects
 *
 * with HTTP's own content-encoding. The answer is one head and one body: 200 and the message, or the HTTP status of the
 * code and the error in JSON; trailers are headers with "trailer-" before their names. Streams have gRPC's frames, and
 * their end is a frame of JSON with the flag 2. Source: connectrpc.com/docs/protocol. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <google/rpc/error_details.mrpc.h>
#include <google/rpc/status.mrpc.h>

#include <mrpc/codec.h>

#include "codec/json_writer.h"
#include "session/header_list.h"
#include "session/session.h"
#include "wire/base64.h"
#include "wire/frame.h"
#include "wire/metadata_wire.h"

#define END_STREAM_FLAG 2
#define TIMEOUT_MAX_DIGITS 10
#define TRAILER_PREFIX "trailer-"
/* :status, content-type, content-encoding, accept-encoding */
#define CONNECT_OWN_HEADERS (4 + ANSWER_CORS_HEADERS)

/* The request
 * ------------------------------------------------------------------------------------------------------- */

static const char *find(const struct mrpc_stream *stream, const char *name)
{
    const struct mrpc_metadatum *entry = mrpc_metadata_find(&stream->desk->metadata, name);
    return entry != NULL ? entry->value : NULL;
}

static bool parse_timeout(const char *text, int64_t *ms)
{
    int64_t value = 0;
    size_t digits = 0;
    for (; text[digits] >= '0' && text[digits] <= '9' && digits < TIMEOUT_MAX_DIGITS; digits++)
        value = value * 10 + (text[digits] - '0');
    if (digits == 0 || text[digits] != '\0')
        return false;
    *ms = value;
    return true;
}

const char *mrpc_connect_take_head(struct mrpc_stream *stream)
{
    bool unary = stream->dialect == MRPC_DIALECT_CONNECT;
    const char *encoding = find(stream, unary ? "content-encoding" : "connect-content-encoding");
    const char *accepted = find(stream, unary ? "accept-encoding" : "connect-accept-encoding");
    const char *timeout = find(stream, "connect-timeout-ms");
    const char *version = find(stream, "connect-protocol-version");
    if (encoding != NULL && stream->desk->query_message == NULL)
        stream->desk->encoding = mrpc_encoding_parse(encoding, strlen(encoding));
    if (accepted != NULL)
        stream->desk->accept_encodings = mrpc_accept_encoding_parse(accepted, strlen(accepted));
    if (timeout != NULL && !parse_timeout(timeout, &stream->desk->timeout_ms))
        return "malformed connect-timeout-ms";
    return version != NULL && strcmp(version, "1") != 0 ? "connect-protocol-version is 1 here" : NULL;
}

/* One parameter's value: still as it stands in the query. */
struct query_value {
    const char *at;   /* NULL: missing */
    size_t size;
};

static struct query_value find_parameter(const char *query, const char *name)
{
    size_t name_bytes = strlen(name);
    while (*query != '\0') {
        size_t size = strcspn(query, "&");
        if (size > name_bytes && memcmp(query, name, name_bytes) == 0 && query[name_bytes] == '=')
            return (struct query_value){query + name_bytes + 1, size - name_bytes - 1};
        query += size + (query[size] == '&');
    }
    return (struct query_value){NULL, 0};
}

static bool value_is(struct query_value value, const char *text)
{
    return value.at != NULL && value.size == strlen(text) && memcmp(value.at, text, value.size) == 0;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* Into the place of the text itself, which it is never longer than. */
static size_t decode_percent(const char *text, size_t size, char *out)
{
    char *start = out;
    for (size_t i = 0; i < size; i++) {
        bool escape = text[i] == '%' && size - i > 2 && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        if (escape) {
            *out++ = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        } else {
            *out++ = text[i] == '+' ? ' ' : text[i];
        }
    }
    return (size_t)(out - start);
}

/* RFC 4648 section 5, padded or not. */
static bool decode_base64_url(char *text, size_t *size)
{
    for (size_t i = 0; i < *size; i++)
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    return mrpc_base64_decode(text, *size, (uint8_t *)text, size) == 0;
}

static const char *decode_message(struct mrpc_stream *stream, const char *query, size_t *size)
{
    struct query_value message = find_parameter(query, "message");
    char *text = mrpc_arena_alloc(stream->desk->arena, message.size + 1);
    if (text == NULL)
        return NULL;
    *size = decode_percent(message.at, message.size, text);
    if (value_is(find_parameter(query, "base64"), "1") && !decode_base64_url(text, size))
        return NULL;
    return text;
}

void mrpc_connect_take_get(struct mrpc_stream *stream)
{
    const char *query = stream->desk->path != NULL ? strchr(stream->desk->path, '?') : NULL;
    if (query == NULL)
        return;
    query++;
    struct query_value encoding = find_parameter(query, "encoding"), version = find_parameter(query, "connect");
    struct query_value compression = find_parameter(query, "compression");
    bool json = value_is(encoding, "json"), ours = version.at == NULL || value_is(version, "v1");
    if ((!json && !value_is(encoding, "proto")) || !ours || find_parameter(query, "message").at == NULL)
        return;
    const char *message = decode_message(stream, query, &stream->desk->query_message_bytes);
    if (message == NULL)
        return;
    if (compression.at != NULL)
        stream->desk->encoding = mrpc_encoding_parse(compression.at, compression.size);
    stream->desk->query_message = (const uint8_t *)message;
    stream->content_type = json ? MRPC_CONTENT_JSON : MRPC_CONTENT_PROTO;
    stream->dialect = MRPC_DIALECT_CONNECT;
    stream->desk->path_bytes = (size_t)(query - 1 - stream->desk->path);
    *(char *)(uintptr_t)(query - 1) = '\0'; /* it is our copy */
}

/* Errors in JSON
 * ---------------------------------------------------------------------------------------------------- */

/* "INVALID_ARGUMENT" is said in lower case, and CANCELLED with one L. */
static void write_code(struct mrpc_json_writer *writer, int code)
{
    char text[32];
    size_t size = 0;
    for (const char *name = mrpc_code_name(code); name[size] != '\0' && size < sizeof(text) - 1; size++)
        text[size] = (char)tolower((unsigned char)name[size]);
    bool cancelled = code == MRPC_CANCELLED;
    mrpc_json_string(writer, cancelled ? "canceled" : text, cancelled ? strlen("canceled") : size);
}

/* Details that can be shown as what they are, for those who read errors with their own eyes. */
static const struct mrpc_message_info *find_detail(const char *name)
{
    static const struct mrpc_message_info *const known[] = {
        &mrpc__priv__google__rpc__bad_request__info,          &mrpc__priv__google__rpc__error_info__info,
        &mrpc__priv__google__rpc__retry_info__info,           &mrpc__priv__google__rpc__quota_failure__info,
        &mrpc__priv__google__rpc__precondition_failure__info, &mrpc__priv__google__rpc__resource_info__info,
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(known[i]->full_name, name) == 0)
            return known[i];
    return NULL;
}

static void write_debug(struct mrpc_json_writer *writer, const char *name, const ProtobufCBinaryData *value,
                        struct mrpc_arena *arena)
{
    const struct mrpc_message_info *info = find_detail(name);
    ProtobufCMessage *message;
    char *text;
    if (info == NULL || mrpc_decode(info, value->data, value->len, NULL, arena, &message, NULL) != 0 ||
        mrpc_json_print(info, message, 0, &text) != 0)
        return;
    mrpc_json_key(writer, "debug");
    mrpc_json_literal(writer, text);
    free(text);
}

static void write_detail(struct mrpc_json_writer *writer, const Mrpc__Priv__Google__Protobuf__Any *detail,
                         struct mrpc_arena *arena)
{
    const char *slash = strrchr(detail->type_url, '/');
    const char *name = slash != NULL ? slash + 1 : detail->type_url;
    mrpc_json_element(writer);
    mrpc_json_open(writer, '{');
    mrpc_json_key(writer, "type");
    mrpc_json_string(writer, name, strlen(name));
    mrpc_json_key(writer, "value");
    mrpc_json_base64(writer, detail->value.data, detail->value.len);
    write_debug(writer, name, &detail->value, arena);
    mrpc_json_close(writer, '}');
}

static void write_details(struct mrpc_json_writer *writer, const struct stream_end *end)
{
    const struct mrpc_message_info *info = &mrpc__priv__google__rpc__status__info;
    struct mrpc_arena *arena = end->details_bytes > 0 ? mrpc_arena_new(0) : NULL;
    ProtobufCMessage *message;
    if (arena == NULL)
        return;
    if (mrpc_decode(info, end->details, end->details_bytes, NULL, arena, &message, NULL) == 0) {
        const Mrpc__Priv__Google__Rpc__Status *status = (const Mrpc__Priv__Google__Rpc__Status *)message;
        mrpc_json_key(writer, "details");
        mrpc_json_open(writer, '[');
        for (size_t i = 0; i < status->n_details; i++)
            write_detail(writer, status->details[i], arena);
        mrpc_json_close(writer, ']');
    }
    mrpc_arena_free(arena);
}

static void write_error(struct mrpc_json_writer *writer, const struct stream_end *end)
{
    mrpc_json_open(writer, '{');
    mrpc_json_key(writer, "code");
    write_code(writer, end->code);
    if (end->message != NULL && end->message[0] != '\0') {
        mrpc_json_key(writer, "message");
        mrpc_json_string(writer, end->message, strlen(end->message));
    }
    write_details(writer, end);
    mrpc_json_close(writer, '}');
}

/* A text that is not UTF-8 has no JSON: then the code must do. */
static bool write_whole_error(struct mrpc_json_writer *writer, const struct stream_end *end)
{
    write_error(writer, end);
    if (writer->error != MRPC_ERR_INVALID)
        return writer->error == 0;
    mrpc_buffer_fini(&writer->text);
    *writer = (struct mrpc_json_writer){0};
    write_error(writer, &(struct stream_end){.code = end->code});
    return writer->error == 0;
}

/* The end of a unary call
 * ------------------------------------------------------------------------------------------- */

static int queue_error(struct mrpc_stream *stream, const struct stream_end *end)
{
    struct mrpc_json_writer writer = {0};
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    bool written =
        chunk != NULL && write_whole_error(&writer, end) &&
        mrpc_buffer_append(&chunk->bytes, mrpc_buffer_bytes(&writer.text), mrpc_buffer_size(&writer.text)) == 0;
    mrpc_buffer_fini(&writer.text);
    if (!written) {
        mrpc_chunk_unref(chunk);
        return -1;
    }
    mrpc_stream_send_chunk(stream, chunk);
    return 0;
}

/* nghttp2 copies them: the arena is a scratch one. */
static void add_metadata(struct header_list *list, const char *prefix, const struct mrpc_metadata *metadata,
                         struct mrpc_arena *arena)
{
    for (size_t i = 0; metadata != NULL && i < metadata->count; i++) {
        size_t size;
        const char *value = mrpc_metadata_wire_value(&metadata->entries[i], arena, &size);
        const char *name = mrpc_arena_printf(arena, "%s%s", prefix, metadata->entries[i].key);
        if (value != NULL && name != NULL)
            list->entries[list->count++] = mrpc_nv(name, value, size, NGHTTP2_NV_FLAG_NONE);
    }
}

static void add_own(struct header_list *list, const struct mrpc_stream *stream, const struct stream_end *end)
{
    bool json = end->code != 0 || stream->content_type == MRPC_CONTENT_JSON;
    mrpc_header_add(list, ":status", end->code == 0 ? "200" : mrpc_http_status_of(end->code));
    mrpc_header_add(list, "content-type", json ? "application/json" : "application/proto");
    if (end->code == 0 && stream->response_encoding != MRPC_ENCODING_IDENTITY)
        mrpc_header_add(list, "content-encoding", mrpc_encoding_name(stream->response_encoding));
    if (end->list_encodings)
        mrpc_header_add(list, "accept-encoding", "gzip, deflate");
    if (stream->desk->cors_origin != NULL)
        mrpc_header_add_cors(list, stream);
}

static size_t count_of(const struct mrpc_metadata *metadata)
{
    return metadata != NULL ? metadata->count : 0;
}

int mrpc_connect_finish(struct mrpc_stream *stream, const struct stream_end *end)
{
    struct mrpc_arena *scratch = mrpc_arena_new(0);
    size_t count = CONNECT_OWN_HEADERS + count_of(end->headers) + count_of(end->trailers);
    struct header_list list = {.entries =
                                   scratch != NULL ? mrpc_arena_alloc(scratch, count * sizeof(nghttp2_nv)) : NULL};
    int error = list.entries == NULL || (end->code != 0 && queue_error(stream, end) != 0) ? -1 : 0;
    if (error == 0) {
        add_own(&list, stream, end);
        add_metadata(&list, "", end->headers, scratch);
        add_metadata(&list, TRAILER_PREFIX, end->trailers, scratch);
        stream->plain = 1;
        error = stream->session->wire->head(stream, list.entries, list.count);
    }
    mrpc_arena_free(scratch);
    stream->headers_sent = error == 0;
    return error;
}

/* The end of a stream
 * ----------------------------------------------------------------------------------------------- */

static bool said_before(const struct mrpc_metadata *metadata, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(metadata->entries[i].key, metadata->entries[index].key) == 0)
            return true;
    return false;
}

static void write_values(struct mrpc_json_writer *writer, const struct mrpc_metadata *metadata, const char *key,
                         struct mrpc_arena *arena)
{
    mrpc_json_key(writer, key);
    mrpc_json_open(writer, '[');
    for (size_t i = 0; i < metadata->count; i++) {
        size_t size;
        const char *value = strcmp(metadata->entries[i].key, key) == 0
                                ? mrpc_metadata_wire_value(&metadata->entries[i], arena, &size)
                                : NULL;
        if (value == NULL)
            continue;
        mrpc_json_element(writer);
        mrpc_json_string(writer, value, size);
    }
    mrpc_json_close(writer, ']');
}

static void write_metadata(struct mrpc_json_writer *writer, const struct mrpc_metadata *metadata)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    mrpc_json_key(writer, "metadata");
    mrpc_json_open(writer, '{');
    for (size_t i = 0; arena != NULL && i < metadata->count; i++)
        if (!said_before(metadata, i))
            write_values(writer, metadata, metadata->entries[i].key, arena);
    mrpc_json_close(writer, '}');
    mrpc_arena_free(arena);
}

static void write_end(struct mrpc_json_writer *writer, const struct stream_end *end)
{
    mrpc_json_open(writer, '{');
    if (end->code != 0) {
        mrpc_json_key(writer, "error");
        write_error(writer, end);
    }
    if (count_of(end->trailers) > 0)
        write_metadata(writer, end->trailers);
    mrpc_json_close(writer, '}');
}

struct mrpc_chunk *mrpc_connect_end_frame(const struct stream_end *end)
{
    struct mrpc_json_writer writer = {0};
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    write_end(&writer, end);
    if (writer.error == MRPC_ERR_INVALID) {
        mrpc_buffer_fini(&writer.text);
        writer = (struct mrpc_json_writer){0};
        write_end(&writer, &(struct stream_end){.code = end->code});
    }
    bool framed = chunk != NULL && writer.error == 0 &&
                  mrpc_frame_bytes(mrpc_buffer_bytes(&writer.text), mrpc_buffer_size(&writer.text),
                                   MRPC_ENCODING_IDENTITY, 0, &chunk->bytes) == 0;
    mrpc_buffer_fini(&writer.text);
    if (!framed) {
        mrpc_chunk_unref(chunk);
        return NULL;
    }
    mrpc_buffer_bytes(&chunk->bytes)[0] = END_STREAM_FLAG;
    return chunk;
}
