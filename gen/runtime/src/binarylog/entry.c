/* SPDX-License-Identifier: Apache-2.0 */

/* Entries: each event of a chosen call becomes one, made in a scratch arena, encoded and handed on. */

#include "binarylog/entry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/binlog/v1/binarylog.mrpc.h>

#include <mrpc/codec.h>

#include "binarylog/filter.h"

#define BL(NAME) Mrpc__Priv__Grpc__Binarylog__V1__##NAME
#define BL_INIT(NAME, MESSAGE) mrpc__priv__grpc__binarylog__v1__##NAME##__init(MESSAGE)
#define LOGGER(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__GRPC_LOG_ENTRY__LOGGER__LOGGER_##NAME
#define PAYLOAD(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__GRPC_LOG_ENTRY__PAYLOAD_##NAME
#define ADDRESS_TYPE(NAME) MRPC__PRIV__GRPC__BINARYLOG__V1__ADDRESS__TYPE__TYPE_##NAME

/* An entry that is being made. */
struct draft {
    const struct mrpc_binary_log *log;
    struct logged_call *state;
    struct mrpc_arena *arena;
    BL(GrpcLogEntry) entry;
};

static bool begin(struct draft *draft, const struct mrpc_binary_log *log, struct logged_call *state,
                  enum log_event type)
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
    draft->entry.logger = state->client ? LOGGER(CLIENT) : LOGGER(SERVER);
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

/* "1.2.3.4:5", "[::1]:5", "unix:…"; NULL or "": none. */
static BL(Address) *peer_of(struct draft *draft, const char *text)
{
    if (text == NULL || *text == '\0')
        return NULL;
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

static void fill_duration(Mrpc__Priv__Google__Protobuf__Duration *out, int64_t ms)
{
    mrpc__priv__google__protobuf__duration__init(out);
    out->seconds = ms / 1000;
    out->nanos = (int32_t)(ms % 1000) * 1000000;
}

bool mrpc_log_choose(const struct mrpc_binary_log *log, struct logged_call *state, const char *path)
{
    static _Atomic uint64_t last_id;
    state->extent = mrpc_binary_log_filter_find(log->filter, path);
    if (state->extent == NULL)
        return false;
    state->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
    return true;
}

void mrpc_log_client_header(const struct mrpc_binary_log *log, struct logged_call *state,
                            const struct log_request *request)
{
    struct draft draft;
    if (!begin(&draft, log, state, LOG_CLIENT_HEADER))
        return;
    BL(ClientHeader) header;
    Mrpc__Priv__Google__Protobuf__Duration timeout;
    BL_INIT(client_header, &header);
    header.metadata = copy_metadata(&draft, request->metadata);
    header.method_name = (char *)(uintptr_t)request->path;
    header.authority = (char *)(uintptr_t)request->authority;
    if (request->has_timeout) {
        fill_duration(&timeout, request->timeout_ms);
        header.timeout = &timeout;
    }
    draft.entry.client_header = &header;
    draft.entry.payload_case = PAYLOAD(CLIENT_HEADER);
    draft.entry.peer = peer_of(&draft, request->peer);
    hand_on(&draft);
}

void mrpc_log_server_header(const struct mrpc_binary_log *log, struct logged_call *state,
                            const struct mrpc_metadata *metadata, const char *peer)
{
    struct draft draft;
    if (!begin(&draft, log, state, LOG_SERVER_HEADER))
        return;
    BL(ServerHeader) header;
    BL_INIT(server_header, &header);
    header.metadata = copy_metadata(&draft, metadata);
    draft.entry.server_header = &header;
    draft.entry.payload_case = PAYLOAD(SERVER_HEADER);
    draft.entry.peer = peer_of(&draft, peer);
    hand_on(&draft);
}

void mrpc_log_message(const struct mrpc_binary_log *log, struct logged_call *state, enum log_event type,
                      const void *data, size_t bytes)
{
    struct draft draft;
    if (!begin(&draft, log, state, type))
        return;
    BL(Message) payload;
    BL_INIT(message, &payload);
    uint64_t most = draft.state->extent->message_bytes;
    size_t size = data == NULL ? 0 : bytes < most ? bytes : (size_t)most;
    payload.length = (uint32_t)bytes;
    payload.data = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
    draft.entry.payload_truncated = size < bytes;
    draft.entry.message = &payload;
    draft.entry.payload_case = PAYLOAD(MESSAGE);
    hand_on(&draft);
}

void mrpc_log_mark(const struct mrpc_binary_log *log, struct logged_call *state, enum log_event type)
{
    struct draft draft;
    if (begin(&draft, log, state, type))
        hand_on(&draft);
}

void mrpc_log_trailer(const struct mrpc_binary_log *log, struct logged_call *state, const struct log_status *status)
{
    struct draft draft;
    if (!begin(&draft, log, state, LOG_SERVER_TRAILER))
        return;
    BL(Trailer) trailer;
    BL_INIT(trailer, &trailer);
    trailer.metadata = copy_metadata(&draft, status->trailers);
    trailer.status_code = (uint32_t)status->code;
    trailer.status_message = (char *)(uintptr_t)(status->message != NULL ? status->message : "");
    trailer.status_details = (ProtobufCBinaryData){status->details_bytes, (uint8_t *)(uintptr_t)status->details};
    draft.entry.trailer = &trailer;
    draft.entry.payload_case = PAYLOAD(TRAILER);
    draft.entry.peer = peer_of(&draft, status->peer);
    hand_on(&draft);
}
