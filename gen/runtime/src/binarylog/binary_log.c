/* SPDX-License-Identifier: Apache-2.0 */

/* The interceptor: each event of a chosen call becomes an entry, made in a scratch arena, encoded and handed on. */

#include <mrpc/binary_log.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/binlog/v1/binarylog.mrpc.h>

#include <mrpc/codec.h>
#include <mrpc/interceptor.h>

#include "binarylog/filter.h"

#define BL(NAME) Mrpc__Priv__Grpc__Binarylog__V1__##NAME
#define BL_INIT(NAME, MESSAGE) mrpc__priv__grpc__binarylog__v1__##NAME##__init(MESSAGE)
#define EVENT(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__GRPC_LOG_ENTRY__EVENT_TYPE__EVENT_TYPE_##NAME
#define PAYLOAD(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__GRPC_LOG_ENTRY__PAYLOAD_##NAME
#define ADDRESS_TYPE(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__ADDRESS__TYPE__TYPE_##NAME

struct mrpc_binary_log {
    struct binary_log_filter *filter;
    void (*write)(void *arg, const void *entry, size_t bytes);
    void *arg;
};

/* Of a call. */
struct logged_call {
    const struct log_extent *extent;   /* NULL: not logged */
    uint64_t id;
    uint64_t sequence;
};

/* An entry that is being made. */
struct draft {
    const struct mrpc_binary_log *log;
    struct logged_call *state;
    struct mrpc_arena *arena;
    BL(GrpcLogEntry) entry;
};

static bool begin(struct draft *draft, const struct mrpc_binary_log *log, struct logged_call *state, unsigned type)
{
    if (state->extent == NULL)
        return false;
    *draft = (struct draft){.log = log, .state = state, .arena = mrpc_arena_new(0)};
    if (draft->arena == NULL)
        return false;
    BL_INIT(grpc_log_entry, &draft->entry);
    draft->entry.call_id = state->id;
    draft->entry.sequence_id_within_call = ++state->sequence;
    draft->entry.type = (BL(GrpcLogEntry__EventType))type;
    draft->entry.logger = MRPC__PRIV__GRPC__BINARYLOG__V1__GRPC_LOG_ENTRY__LOGGER__LOGGER_SERVER;
    return true;
}

static void hand_on(struct draft *draft)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    Mrpc__Priv__Google__Protobuf__Timestamp timestamp;
    mrpc__priv__google__protobuf__timestamp__init(&timestamp);
    timestamp.seconds = now.tv_sec;
    timestamp.nanos = (int32_t)now.tv_nsec;
    draft->entry.timestamp = &timestamp;
    size_t size;
    const struct mrpc_message_info *info = &mrpc__priv__grpc__binarylog__v1__grpc_log_entry__info;
    if (mrpc_encoded_size(info, &draft->entry.base, &size, NULL) == 0) {
        uint8_t *bytes = mrpc_arena_alloc(draft->arena, size);
        if (bytes != NULL) {
            mrpc_encode(info, &draft->entry.base, bytes);
            draft->log->write(draft->log->arg, bytes, size);
        }
    }
    mrpc_arena_free(draft->arena);
}

static bool secret(const char *key)
{
    return strcmp(key, "authorization") == 0 || strcmp(key, "cookie") == 0;
}

/* Entries are left out from the first that does not fit on. NULL without memory. */
static BL(Metadata) *copy_metadata(struct draft *draft, const struct mrpc_metadata *metadata)
{
    BL(Metadata) *out = mrpc_arena_alloc(draft->arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    BL_INIT(metadata, out);
    out->entry = mrpc_arena_alloc(draft->arena, (metadata->count + 1) * sizeof(*out->entry));
    uint64_t room = draft->state->extent->header_bytes;
    for (size_t i = 0; out->entry != NULL && i < metadata->count; i++) {
        const struct mrpc_metadatum *from = &metadata->entries[i];
        uint64_t size = strlen(from->key) + from->value_bytes;
        BL(MetadataEntry) *entry = size <= room ? mrpc_arena_alloc(draft->arena, sizeof(*entry)) : NULL;
        if (entry == NULL) {
            draft->entry.payload_truncated = true;
            break;
        }
        room -= size;
        BL_INIT(metadata_entry, entry);
        entry->key = (char *)(uintptr_t)from->key;
        if (!secret(from->key))
            entry->value = (ProtobufCBinaryData){from->value_bytes, (uint8_t *)(uintptr_t)from->value};
        out->entry[out->n_entry++] = entry;
    }
    return out;
}

/* "1.2.3.4:5", "[::1]:5", "unix:…". */
static BL(Address) *peer_of(struct draft *draft, const char *text)
{
    BL(Address) *out = mrpc_arena_alloc(draft->arena, sizeof(*out));
    char *copy = mrpc_arena_strdup(draft->arena, text);
    if (out == NULL || copy == NULL)
        return NULL;
    BL_INIT(address, out);
    out->address = copy;
    if (strncmp(text, "unix", 4) == 0) {
        out->type = ADDRESS_TYPE(UNIX);
        return out;
    }
    char *colon = strrchr(copy, ':');
    if (colon == NULL)
        return out;
    *colon = '\0';
    out->ip_port = (uint32_t)strtoul(colon + 1, NULL, 10);
    out->type = copy[0] == '[' ? ADDRESS_TYPE(IPV6) : ADDRESS_TYPE(IPV4);
    if (copy[0] == '[') {
        out->address = copy + 1;
        colon[-1] = '\0';
    }
    return out;
}

static Mrpc__Priv__Google__Protobuf__Duration *timeout_of(struct draft *draft, const struct mrpc_call *call)
{
    int64_t deadline_ms = mrpc_call_deadline_ms(call);
    if (deadline_ms == INT64_MAX)
        return NULL;
    Mrpc__Priv__Google__Protobuf__Duration *out = mrpc_arena_alloc(draft->arena, sizeof(*out));
    if (out == NULL)
        return NULL;
    int64_t left_ms = deadline_ms - mrpc_call_now_ms(call);
    mrpc__priv__google__protobuf__duration__init(out);
    out->seconds = left_ms / 1000;
    out->nanos = (int32_t)(left_ms % 1000) * 1000000;
    return out;
}

static int on_started(void *self, void *state, struct mrpc_call *call)
{
    static _Atomic uint64_t last_id;
    const struct mrpc_binary_log *log = self;
    struct logged_call *logged = state;
    const char *path = mrpc_call_method(call)->path;
    struct draft draft;
    logged->extent = mrpc_binary_log_filter_find(log->filter, path);
    if (logged->extent == NULL)
        return 0;
    logged->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    if (!begin(&draft, log, logged, EVENT(CLIENT_HEADER)))
        return 0;
    BL(ClientHeader) header;
    BL_INIT(client_header, &header);
    header.metadata = copy_metadata(&draft, mrpc_call_request_metadata(call));
    header.method_name = (char *)(uintptr_t)path;
    header.authority = (char *)(uintptr_t)mrpc_call_authority(call);
    header.timeout = timeout_of(&draft, call);
    draft.entry.client_header = &header;
    draft.entry.payload_case = PAYLOAD(CLIENT_HEADER);
    draft.entry.peer = peer_of(&draft, mrpc_call_peer(call));
    hand_on(&draft);
    return 0;
}

static void log_message(void *self, void *state, const struct mrpc_call_message *message, unsigned type)
{
    struct draft draft;
    if (!begin(&draft, self, state, type))
        return;
    BL(Message) payload;
    BL_INIT(message, &payload);
    uint64_t most = draft.state->extent->message_bytes;
    size_t size = message->data == NULL ? 0 : message->bytes < most ? message->bytes : (size_t)most;
    payload.length = (uint32_t)message->bytes;
    payload.data = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)message->data};
    draft.entry.payload_truncated = size < message->bytes;
    draft.entry.message = &payload;
    draft.entry.payload_case = PAYLOAD(MESSAGE);
    hand_on(&draft);
}

static void on_received(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    log_message(self, state, message, EVENT(CLIENT_MESSAGE));
}

static void on_sent(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    log_message(self, state, message, EVENT(SERVER_MESSAGE));
}

static void on_half_closed(void *self, void *state, struct mrpc_call *call)
{
    struct draft draft;
    if (begin(&draft, self, state, EVENT(CLIENT_HALF_CLOSE)))
        hand_on(&draft);
}

static void on_headers(void *self, void *state, struct mrpc_call *call, const struct mrpc_metadata *headers)
{
    struct draft draft;
    if (!begin(&draft, self, state, EVENT(SERVER_HEADER)))
        return;
    BL(ServerHeader) header;
    BL_INIT(server_header, &header);
    header.metadata = copy_metadata(&draft, headers);
    draft.entry.server_header = &header;
    draft.entry.payload_case = PAYLOAD(SERVER_HEADER);
    hand_on(&draft);
}

static void on_cancelled(void *self, void *state, struct mrpc_call *call, int code)
{
    struct draft draft;
    if (begin(&draft, self, state, EVENT(CANCEL)))
        hand_on(&draft);
}

/* A peer that has cancelled is told nothing any more. */
static void on_ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct draft draft;
    if ((end->cancelled && end->code == MRPC_CANCELLED) || !begin(&draft, self, state, EVENT(SERVER_TRAILER)))
        return;
    BL(Trailer) trailer;
    BL_INIT(trailer, &trailer);
    trailer.metadata = copy_metadata(&draft, end->trailers);
    trailer.status_code = (uint32_t)end->code;
    trailer.status_message = (char *)(uintptr_t)(end->message != NULL ? end->message : "");
    trailer.status_details = (ProtobufCBinaryData){end->details_bytes, (uint8_t *)(uintptr_t)end->details};
    draft.entry.trailer = &trailer;
    draft.entry.payload_case = PAYLOAD(TRAILER);
    hand_on(&draft);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "binary_log",
    .state_bytes = sizeof(struct logged_call),
    .message_data = true,
    .started = on_started,
    .received = on_received,
    .half_closed = on_half_closed,
    .headers = on_headers,
    .sent = on_sent,
    .cancelled = on_cancelled,
    .ended = on_ended,
};

int mrpc_binary_log_new(const struct mrpc_binary_log_options *options, struct mrpc_binary_log **out, char *why,
                        size_t why_bytes)
{
    if (options->write == NULL || options->filter == NULL)
        return MRPC_ERR_INVALID;
    struct mrpc_binary_log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return MRPC_ERR_NOMEM;
    log->write = options->write;
    log->arg = options->arg;
    int error = mrpc_binary_log_filter_parse(options->filter, &log->filter, why, why_bytes);
    if (error != 0) {
        free(log);
        return error;
    }
    *out = log;
    return 0;
}

void mrpc_binary_log_free(struct mrpc_binary_log *log)
{
    if (log == NULL)
        return;
    mrpc_binary_log_filter_free(log->filter);
    free(log);
}

int mrpc_binary_log_add_to_server(struct mrpc_binary_log *log, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, log);
}
