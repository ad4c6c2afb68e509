/* SPDX-License-Identifier: Apache-2.0 */
/* Z8: bytes as a server would send them, against a client session with three open streams. The first byte chooses the
 * sizes of the pieces in which they arrive (0: all at once), the second which readers hold back their messages and
 * which requests are still open. Every stream must end exactly once, with a code that gRPC knows. */
#include "client/client_session.h"
#include "fuzzer.h"

#define STREAMS 3

struct probe {
    struct mrpc_client_stream stream; /* first */
    struct mrpc_arena *arena;
    bool holds;
    bool half_closed;
    size_t left;
    unsigned headers_count;
    unsigned closed_count;
};

struct run {
    struct mrpc_client_session *session;
    struct probe probes[STREAMS];
    unsigned open_count;
    int64_t now_ms;
};

static void on_headers(struct mrpc_client_stream *stream)
{
    MUST(++((struct probe *)stream)->headers_count == 1);
}

static bool on_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct probe *probe = (struct probe *)stream;
    MUST(probe->headers_count == 1 && probe->closed_count == 0 && bytes && size <= 1 << 16);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return !probe->holds;
}

static size_t outgoing(struct mrpc_client_stream *stream, bool *last)
{
    struct probe *probe = (struct probe *)stream;
    *last = probe->half_closed;
    return probe->left;
}

static void take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct probe *probe = (struct probe *)stream;
    MUST(size <= probe->left);
    for (size_t i = 0; i < size; i++)
        out[i] = 'r';
    probe->left -= size;
}

static void closed(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    struct probe *probe = (struct probe *)stream;
    MUST(++probe->closed_count == 1);
    MUST(end->code >= MRPC_OK && end->code <= MRPC_UNAUTHENTICATED && end->message && end->trailers);
    MUST(!(end->unprocessed && probe->headers_count > 0));
    for (size_t i = 0; i < end->trailers->count; i++)
        MUST(end->trailers->entries[i].value[end->trailers->entries[i].value_bytes] == '\0');
}

static void on_ready(void *arg)
{
}

static void on_draining(void *arg, bool too_many_pings)
{
}

static void open_streams(struct run *run, uint8_t mode)
{
    static const struct mrpc_client_stream_events events = {
        .headers = on_headers, .message = on_message, .outgoing = outgoing, .take = take, .closed = closed};
    for (unsigned i = 0; i < STREAMS; i++) {
        struct probe *probe = &run->probes[i];
        *probe = (struct probe){.arena = mrpc_arena_new(1 << 20),
                                .holds = mode >> i & 1,
                                .half_closed = !(mode >> (i + 4) & 1),
                                .left = i * 40000};
        mrpc_client_stream_init(&probe->stream, &events, 1 << 16);
        probe->stream.arena = probe->arena;
        if (mrpc_client_session_open(run->session, &probe->stream, "/a/b", "x", NULL, 0) == 0)
            run->open_count++;
        else
            probe->closed_count = 1;
    }
}

static void produce(struct run *run)
{
    struct mrpc_buffer out = {0};
    MUST(mrpc_client_session_produce(run->session, &out, 1 << 20) == 0);
    mrpc_buffer_fini(&out);
}

/* Some readers wake up now and then. */
static void resume(struct run *run, uint8_t which)
{
    struct probe *probe = &run->probes[which % STREAMS];
    if (probe->closed_count == 0)
        mrpc_client_stream_resume_reading(&probe->stream);
}

static void receive(struct run *run, const uint8_t *bytes, size_t size, uint8_t seed)
{
    uint32_t state = seed;
    while (size > 0) {
        state = state * 1664525 + 1013904223;
        size_t piece = seed ? 1 + (state >> 24) % seed : size;
        if (piece > size)
            piece = size;
        if (mrpc_client_session_receive(run->session, bytes, piece, run->now_ms += 10) != 0)
            return;
        bytes += piece;
        size -= piece;
        resume(run, (uint8_t)(state >> 16));
        produce(run);
        if (mrpc_client_session_tick(run->session, run->now_ms) != 0)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mrpc_client_session_config config = {
        .scheme = "http", .keepalive_time_ms = 10000, .keepalive_timeout_ms = 10000};
    static const struct mrpc_client_session_events events = {.ready = on_ready, .draining = on_draining};
    static const uint8_t settings[9] = {0, 0, 0, 4};
    struct run run = {0};
    if (size < 2)
        return 0;
    MUST(mrpc_client_session_new(&config, &events, &run, 0, &run.session) == 0);
    MUST(mrpc_client_session_receive(run.session, settings, sizeof settings, 0) == 0);
    open_streams(&run, data[1]);
    MUST(run.open_count == STREAMS);
    produce(&run);
    receive(&run, data + 2, size - 2, data[0]);
    mrpc_client_session_lost(run.session, "the end");
    for (unsigned i = 0; i < STREAMS; i++)
        MUST(run.probes[i].closed_count == 1);
    MUST(mrpc_client_session_stream_count(run.session) == 0);
    mrpc_client_session_free(run.session);
    for (unsigned i = 0; i < STREAMS; i++) {
        mrpc_client_stream_fini(&run.probes[i].stream);
        mrpc_arena_free(run.probes[i].arena);
    }
    return 0;
}
