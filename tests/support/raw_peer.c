/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define FRAME_HEADER 9

void raw_peer_init(struct raw_peer *peer)
{
    *peer = (struct raw_peer){0};
    assert_int_equal(nghttp2_hd_deflate_new(&peer->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&peer->inflater), 0);
}

void raw_peer_forget(struct raw_peer *peer)
{
    for (size_t i = 0; i < peer->frame_count; i++) {
        free(peer->frames[i].payload);
        free(peer->frames[i].headers);
        peer->frames[i] = (struct raw_frame){0};
    }
    peer->frame_count = 0;
}

void raw_peer_fini(struct raw_peer *peer)
{
    raw_peer_forget(peer);
    nghttp2_hd_deflate_del(peer->deflater);
    nghttp2_hd_inflate_del(peer->inflater);
    free(peer->out);
    free(peer->in);
}

/* Receiving. */

static char *inflate_block(struct raw_peer *peer, const uint8_t *bytes, size_t size)
{
    char *text = NULL;
    size_t text_size;
    FILE *file = open_memstream(&text, &text_size);
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(peer->inflater, &nv, &flags, bytes, size, 1);
        assert_true(used >= 0);
        bytes += used;
        size -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            fprintf(file, "%.*s: %.*s\n", (int)nv.namelen, nv.name, (int)nv.valuelen, nv.value);
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    nghttp2_hd_inflate_end_headers(peer->inflater);
    fclose(file);
    return text;
}

static size_t parse_one(struct raw_peer *peer)
{
    const uint8_t *at = peer->in;
    if (peer->in_size < FRAME_HEADER)
        return 0;
    size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    if (peer->in_size < FRAME_HEADER + size)
        return 0;
    assert_true(peer->frame_count < RAW_FRAMES_MAX);
    struct raw_frame *frame = &peer->frames[peer->frame_count++];
    frame->type = at[3];
    frame->flags = at[4];
    frame->id = (int32_t)((uint32_t)(at[5] & 0x7f) << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8]);
    frame->size = size;
    frame->payload = malloc(size + 1);
    memcpy(frame->payload, at + FRAME_HEADER, size);
    if (frame->type == NGHTTP2_HEADERS) {
        assert_true(frame->flags & NGHTTP2_FLAG_END_HEADERS);
        frame->headers = inflate_block(peer, frame->payload, size);
    }
    return FRAME_HEADER + size;
}

void raw_peer_receive(struct raw_peer *peer, const void *bytes, size_t size)
{
    size_t used;
    peer->in = realloc(peer->in, peer->in_size + size + 1);
    memcpy(peer->in + peer->in_size, bytes, size);
    peer->in_size += size;
    if (!peer->preface_seen) {
        if (peer->in_size < NGHTTP2_CLIENT_MAGIC_LEN)
            return;
        assert_memory_equal(peer->in, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
        peer->preface_seen = true;
        peer->in_size -= NGHTTP2_CLIENT_MAGIC_LEN;
        memmove(peer->in, peer->in + NGHTTP2_CLIENT_MAGIC_LEN, peer->in_size);
    }
    while ((used = parse_one(peer)) > 0) {
        peer->in_size -= used;
        memmove(peer->in, peer->in + used, peer->in_size);
    }
}

static bool matches(const struct raw_frame *frame, uint8_t type, int32_t id)
{
    return frame->type == type && (id < 0 || frame->id == id);
}

const struct raw_frame *raw_peer_find(const struct raw_peer *peer, uint8_t type, int32_t id)
{
    for (size_t i = peer->frame_count; i-- > 0;)
        if (matches(&peer->frames[i], type, id))
            return &peer->frames[i];
    return NULL;
}

size_t raw_peer_count(const struct raw_peer *peer, uint8_t type, int32_t id)
{
    size_t count = 0;
    for (size_t i = 0; i < peer->frame_count; i++)
        count += matches(&peer->frames[i], type, id);
    return count;
}

const char *raw_frame_header(const struct raw_frame *frame, const char *name)
{
    static _Thread_local char value[RAW_HEADER_TEXT];
    size_t size = strlen(name);
    for (const char *line = frame->headers; line && *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, size) != 0 || strncmp(line + size, ": ", 2) != 0)
            continue;
        const char *start = line + size + 2;
        snprintf(value, sizeof value, "%.*s", (int)(strchr(start, '\n') - start), start);
        return value;
    }
    return NULL;
}

uint32_t raw_frame_error(const struct raw_frame *frame)
{
    const uint8_t *at = frame->payload + (frame->type == NGHTTP2_GOAWAY ? 4 : 0);
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Sending. */

void raw_bytes(struct raw_peer *peer, const void *bytes, size_t size)
{
    peer->out = realloc(peer->out, peer->out_size + size + 1);
    if (size > 0)
        memcpy(peer->out + peer->out_size, bytes, size);
    peer->out_size += size;
}

static void put32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

void raw_frame(struct raw_peer *peer, uint8_t type, uint8_t flags, int32_t id, const void *payload, size_t size)
{
    uint8_t header[FRAME_HEADER] = {(uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, type, flags};
    put32(header + 5, (uint32_t)id);
    raw_bytes(peer, header, sizeof header);
    raw_bytes(peer, payload, size);
}

void raw_settings(struct raw_peer *peer)
{
    raw_frame(peer, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

void raw_setting(struct raw_peer *peer, uint16_t setting, uint32_t value)
{
    uint8_t payload[6] = {(uint8_t)(setting >> 8), (uint8_t)setting};
    put32(payload + 2, value);
    raw_frame(peer, NGHTTP2_SETTINGS, 0, 0, payload, sizeof payload);
}

void raw_settings_ack(struct raw_peer *peer)
{
    raw_frame(peer, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

void raw_headers(struct raw_peer *peer, int32_t id, bool end_stream, const struct raw_field *fields, size_t count)
{
    nghttp2_nv *nv = calloc(count, sizeof *nv);
    for (size_t i = 0; i < count; i++)
        nv[i] = (nghttp2_nv){.name = (uint8_t *)fields[i].name,
                             .value = (uint8_t *)fields[i].value,
                             .namelen = strlen(fields[i].name),
                             .valuelen = strlen(fields[i].value)};
    size_t bound = nghttp2_hd_deflate_bound(peer->deflater, nv, count);
    uint8_t *block = malloc(bound);
    ssize_t size = nghttp2_hd_deflate_hd(peer->deflater, block, bound, nv, count);
    assert_true(size >= 0);
    size_t left = (size_t)size, at = 0;
    uint8_t type = NGHTTP2_HEADERS;
    do {
        size_t piece = left < 16384 ? left : 16384;
        uint8_t flags = (uint8_t)((left == piece ? NGHTTP2_FLAG_END_HEADERS : 0) |
                                  (end_stream && type == NGHTTP2_HEADERS ? NGHTTP2_FLAG_END_STREAM : 0));
        raw_frame(peer, type, flags, id, block + at, piece);
        type = NGHTTP2_CONTINUATION;
        at += piece;
        left -= piece;
    } while (left > 0);
    free(block);
    free(nv);
}

void raw_data(struct raw_peer *peer, int32_t id, bool end_stream, const void *bytes, size_t size)
{
    raw_frame(peer, NGHTTP2_DATA, end_stream ? NGHTTP2_FLAG_END_STREAM : 0, id, bytes, size);
}

void raw_message(struct raw_peer *peer, int32_t id, bool end_stream, const void *bytes, size_t size)
{
    uint8_t *framed = calloc(1, size + 5);
    put32(framed + 1, (uint32_t)size);
    if (size > 0)
        memcpy(framed + 5, bytes, size);
    for (size_t at = 0, total = size + 5; at < total;) {
        size_t piece = total - at < 16384 ? total - at : 16384;
        raw_data(peer, id, end_stream && at + piece == total, framed + at, piece);
        at += piece;
    }
    free(framed);
}

void raw_rst(struct raw_peer *peer, int32_t id, uint32_t code)
{
    uint8_t payload[4];
    put32(payload, code);
    raw_frame(peer, NGHTTP2_RST_STREAM, 0, id, payload, sizeof payload);
}

void raw_goaway(struct raw_peer *peer, int32_t last_id, uint32_t code, const char *debug)
{
    uint8_t payload[256];
    put32(payload, (uint32_t)last_id);
    put32(payload + 4, code);
    memcpy(payload + 8, debug, strlen(debug));
    raw_frame(peer, NGHTTP2_GOAWAY, 0, 0, payload, 8 + strlen(debug));
}

void raw_window_update(struct raw_peer *peer, int32_t id, uint32_t increment)
{
    uint8_t payload[4];
    put32(payload, increment);
    raw_frame(peer, NGHTTP2_WINDOW_UPDATE, 0, id, payload, sizeof payload);
}

void raw_ok_headers(struct raw_peer *peer, int32_t id)
{
    const struct raw_field fields[] = {{":status", "200"}, {"content-type", "application/grpc"}};
    raw_headers(peer, id, false, fields, 2);
}

void raw_trailers(struct raw_peer *peer, int32_t id, const char *status, const char *message)
{
    const struct raw_field fields[] = {{"grpc-status", status}, {"grpc-message", message ? message : ""}};
    raw_headers(peer, id, true, fields, message ? 2 : 1);
}
