/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SESSION_DRIVER_H
#define MLT_SESSION_DRIVER_H

#include <mrpc/interceptor.h>
#include <mrpc/session.h>

#include "echo_service.h"
#include "raw_peer.h"

/** A server's session with test.Echo behind it, a raw client before it, and a clock that stands still: bytes go to and
 *  fro in memory, whole or in pieces. */
struct session_driver {
    struct mrpc_server *server;
    struct mrpc_session_host *host;
    struct mrpc_session *session;
    struct echo_service echo;
    struct raw_peer client;
    int64_t now_ms;
    size_t piece;                 /* feed at most so many bytes at once; 0: all */
    bool deaf;                    /* the client takes nothing */
    unsigned wakes;
    unsigned output_ready;
    char rejected[4096];          /* reasons, each followed by a blank */
    char ended[4096];             /* status numbers of ended calls, each followed by a blank */
};

/** @limits may be NULL. Prefaces and SETTINGS are exchanged and acknowledged. */
void driver_open(struct session_driver *driver, const struct mrpc_limits *limits);
/** The same without a byte sent. */
void driver_open_silent(struct session_driver *driver, const struct mrpc_limits *limits);
/** The same with a server that speaks HTTP/2 only. */
void driver_open_silent_strict(struct session_driver *driver);
/** As driver_open(), after @prepare(driver->server, arg) has added what it wants to the server. */
void driver_open_with(struct session_driver *driver, void (*prepare)(struct mrpc_server *server, void *arg), void *arg);
/** The same without the driver's own interceptor: nothing is told of ended calls. */
void driver_open_bare(struct session_driver *driver, void (*prepare)(struct mrpc_server *server, void *arg), void *arg);
/** Close the connection and open another, from @peer. */
void driver_reconnect(struct session_driver *driver, const char *peer);
/** Asserts that no call is left. Held calls must have been finished. */
void driver_close(struct session_driver *driver);
/** Only the connection. */
void driver_disconnect(struct session_driver *driver);

/** Deliver what the client has queued, run what was posted, and give it what the server says. */
void driver_pump(struct session_driver *driver);
/** The same frame by frame, so that windows are given back in between. The client must have sent its preface. */
void driver_pump_frames(struct session_driver *driver);
void driver_advance(struct session_driver *driver, int64_t ms);

/** Queue a request's HEADERS with the usual fields; @more replaces fields of the same name or adds. */
void driver_headers(struct session_driver *driver, int32_t id, const char *method, const struct raw_field *more,
                    size_t more_count);
/** Queue one message holding @text. */
void driver_message(struct session_driver *driver, int32_t id, const char *text, bool end_stream);
/** Headers and one message with END_STREAM, pumped. */
void driver_call(struct session_driver *driver, int32_t id, const char *method, const char *text);

/* For those that count what the server does, and not what the client beside it does: */

/** Take what the client has queued: malloc'ed. */
uint8_t *driver_take_queued(struct session_driver *driver, size_t *size);
/** Give it to the server, and throw away what the server says. The client must have opened its window. */
void driver_feed(struct session_driver *driver, const uint8_t *bytes, size_t size);

/** grpc-status of a stream's last HEADERS, or -1. */
int driver_status(struct session_driver *driver, int32_t id);
/** A header of a stream's last HEADERS, or "". */
const char *driver_trailer(struct session_driver *driver, int32_t id, const char *name);
/** Payload of a stream's DATA, joined: malloc'ed. */
uint8_t *driver_data(struct session_driver *driver, int32_t id, size_t *size);
/** The texts of its messages, joined with '|': malloc'ed. */
char *driver_texts(struct session_driver *driver, int32_t id);
/** Was this reason rejected? */
bool driver_rejected(const struct session_driver *driver, const char *reason);
/** GOAWAY's error code, or -1. */
int64_t driver_goaway(struct session_driver *driver);

#endif
