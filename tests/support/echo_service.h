/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ECHO_SERVICE_H
#define MLT_ECHO_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

#include "echo_methods.h"

#define ECHO_HELD_MAX 512

/** test.Echo, told what to do by the text of a request:
 *      Say     "fail:5:why"  that status   "size:1000"  that many x   "hold"  pending, see held   anything else: itself
 *              "details"     INVALID_ARGUMENT with BadRequest          "retry" UNAVAILABLE with RetryInfo
 *              "long:9000"   NOT_FOUND with that many x as its text    "details:9000" the same, also as a detail
 *              "trailers:9"  UNAVAILABLE, having asked for so many trailers of 1 KiB, see trailers_taken
 *              "on:1000", "off:1000"   that many x after mrpc_call_set_compression(), see compression_error
 *      Split   "3:1000"      3 messages of 1,000 x, as there is room    "hold"  pending
 *              "forget"      pending, its request forgotten
 *      Join    answers "count:bytes" of what came
 *      Chat    each message comes back; with hold_messages each is held until mrpc_call_resume(), with keep_chats
 *              the call is kept from its start
 *  Everything is counted on the loop's thread. */
struct echo_service {
    unsigned said;
    unsigned cancelled;           /* on_cancel calls */
    unsigned released;            /* calls destroyed */
    unsigned messages;            /* that came on Join and Chat */
    unsigned half_closes;
    unsigned sent;                /* messages of Split */
    bool request_compressed;      /* Say's last */
    int compression_error;        /* of the last mrpc_call_set_compression() */
    bool alternate;               /* Split: the first message compressed, the second not, … */
    bool headers_first;           /* Say: send the headers at once */
    bool hold_messages;
    bool keep_chats;
    unsigned trailers_taken;
    bool answer_at_cancel;        /* finish held calls in on_cancel */
    struct mrpc_call *held[ECHO_HELD_MAX];
    size_t held_count;
    struct mrpc_call *chat;       /* the last */
    char peer[128];
    char identity[128];
};

int echo_service_add(struct echo_service *echo, struct mrpc_server *server);
/** Finish all that is held with @code; for code 0 with the text "late". */
void echo_service_finish_held(struct echo_service *echo, int code);

#endif
