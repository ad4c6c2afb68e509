/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_RAW_PEER_H
#define MLT_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

/* The other end of an HTTP/2 connection, frame by frame: it sends whatever a test says, in order or not, and keeps what
 * came as a list of frames. Only HPACK is done for it. */

#define RAW_FRAMES_MAX 4096
#define RAW_HEADER_TEXT 4096

struct raw_frame {
    uint8_t type;
    uint8_t flags;
    int32_t id;
    uint8_t *payload;
    size_t size;
    char *headers; /* HEADERS: "name: value\n" lines, in order */
};

struct raw_peer {
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    uint8_t *out; /* what the peer has sent and the test not yet delivered */
    size_t out_size;
    uint8_t *in; /* received, not yet parsed */
    size_t in_size;
    bool preface_seen;
    struct raw_frame frames[RAW_FRAMES_MAX];
    size_t frame_count;
};

struct raw_field {
    const char *name;
    const char *value;
};

void raw_peer_init(struct raw_peer *peer);
void raw_peer_fini(struct raw_peer *peer);
/** Forget the frames that have come; what HPACK knows stays. */
void raw_peer_forget(struct raw_peer *peer);

/** Parse what the other side sent. Asserts that it is well formed. */
void raw_peer_receive(struct raw_peer *peer, const void *bytes, size_t size);
/** The last frame of that type on that stream (-1: any), or NULL. */
const struct raw_frame *raw_peer_find(const struct raw_peer *peer, uint8_t type, int32_t id);
size_t raw_peer_count(const struct raw_peer *peer, uint8_t type, int32_t id);
/** The value of a header in a HEADERS frame, or NULL; valid until the next call. */
const char *raw_frame_header(const struct raw_frame *frame, const char *name);
/** The error code of RST_STREAM or GOAWAY. */
uint32_t raw_frame_error(const struct raw_frame *frame);

/* Sending: appended to out. */
void raw_bytes(struct raw_peer *peer, const void *bytes, size_t size);
void raw_frame(struct raw_peer *peer, uint8_t type, uint8_t flags, int32_t id, const void *payload, size_t size);
void raw_settings(struct raw_peer *peer);
void raw_setting(struct raw_peer *peer, uint16_t setting, uint32_t value);
void raw_settings_ack(struct raw_peer *peer);
void raw_headers(struct raw_peer *peer, int32_t id, bool end_stream, const struct raw_field *fields, size_t count);
void raw_data(struct raw_peer *peer, int32_t id, bool end_stream, const void *bytes, size_t size);
/** One gRPC message in one DATA frame. */
void raw_message(struct raw_peer *peer, int32_t id, bool end_stream, const void *bytes, size_t size);
void raw_rst(struct raw_peer *peer, int32_t id, uint32_t code);
void raw_goaway(struct raw_peer *peer, int32_t last_id, uint32_t code, const char *debug);
void raw_window_update(struct raw_peer *peer, int32_t id, uint32_t increment);

/** 200 with content-type application/grpc. */
void raw_ok_headers(struct raw_peer *peer, int32_t id);
/** grpc-status, and grpc-message unless NULL; ends the stream. */
void raw_trailers(struct raw_peer *peer, int32_t id, const char *status, const char *message);

#endif
