/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SERVING_STREAM_H
#define MLT_EXECUTION_SERVING_STREAM_H

#include "execution/service.h"

/* A stream of predictions: one request at a time, answered in order; one that fails does not end the stream. What the
 * messages look like is a kind's affair. */

struct serve_question {
    const API(DataReference) * data;
    bool last_row_only;
};

struct serve_kind {
    /** Which artifact a request is for; "" means that of the request before, NULL that there is no memory. */
    const char *(*reference)(const ProtobufCMessage *request, struct mrpc_arena *arena);
    /** Where ask() needs it: the header of an artifact that is not open. Thread: the loop's. May be NULL. */
    int (*find_header)(struct execution *engine, const char *reference, struct mrpc_arena *arena,
                       const API(Artifact) * *out, struct fault *fault);
    /** What is asked, in @arena. @header is NULL when the artifact is not open and find_header is. Thread: any. */
    int (*ask)(const ProtobufCMessage *request, const API(Artifact) * header, struct mrpc_arena *arena,
               struct serve_question *out, struct fault *fault);
    /** The answer, also one that failed, in @arena; NULL when out of memory. Thread: any. */
    ProtobufCMessage *(*answer)(struct execution *engine, const ProtobufCMessage *request, const struct served *served,
                                struct mrpc_arena *arena);
};

/** The message callback of such a call. */
int serve_stream_message(struct execution *engine, struct mrpc_call *call, const struct serve_kind *kind,
                         const ProtobufCMessage *message);

#endif
