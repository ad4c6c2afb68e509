/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_WEBHOOK_SENDER_H
#define MLT_EXECUTION_WEBHOOK_SENDER_H

#include "execution/webhook/sign.h"
#include "target/own_ports.h"
#include "target/target.h"

/* One thread that POSTs, several at a time. What it connects to is judged (target.h) after the name is resolved. */

enum { WEBHOOK_URL_BYTES = 2048, WEBHOOK_NETWORKS_MAX = 32 };

/** The caller's memory, untouched by him between webhook_sender_post() and done(). */
struct webhook_post {
    const char *url, *id;
    int64_t time_s;
    const char *body;
    size_t body_bytes;
    char signature[WEBHOOK_SIGNATURE_BYTES];
    /* How it went. */
    long status;            /* of HTTP; 0: none came */
    int64_t retry_after_ms; /* that the answer asks for; 0: nothing */
    char why[200];          /* without a status */
    void (*done)(struct webhook_post *post); /* on the sender's thread, exactly once; may free it */
    struct webhook_post *next; /* the sender's, as what follows */
    struct webhook_sender *sender;
    void *easy, *headers; /* curl's */
    size_t answer_bytes;
    struct fault forbidden;
};

struct webhook_sender;

/** A thread that waits. @networks are copied. NULL when out of memory. */
struct webhook_sender *webhook_sender_new(const struct target_network *networks, size_t count) MRPC_MUST_USE;
/** What this server listens on is no target. Thread: any. */
void webhook_sender_set_own(struct webhook_sender *sender, const struct own_ports *own);
/** Give up what is under way (done() with status 0), end the thread. NULL is fine; what is posted later has done()
 *  called at once. */
void webhook_sender_stop(struct webhook_sender *sender);
void webhook_sender_free(struct webhook_sender *sender);

/** Thread: any. Never blocks. */
void webhook_sender_post(struct webhook_sender *sender, struct webhook_post *post);

/** http or https, a host that target.h knows, no user and no fragment. Errors: INVALID_ARGUMENT naming @field. */
int webhook_url_check(const char *url, const char *field, struct fault *fault) MRPC_MUST_USE;

#endif
