/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_H
#define MLT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/server.h>
#include <mrpc/web.h>

#include "container/component.h"
#include "fault/fault.h"
#include "log/log.h"

/* Who did what: a line for each call that changes something, for each that was refused, and for the server's own start,
 * stop and reload, in a file of its own. Names and addresses are keyed hashes; each line carries an HMAC over itself
 * and the line before, so that one that was changed or taken out is seen (chain.h). Loops hand entries to one thread,
 * which writes them.
 *
 * Nothing is lost silently. What changes something is let in only while there is room in the queue, and its entry is
 * there before it begins; when the disk takes nothing, such calls are refused. Of what is refused so much a second is
 * written, and the rest counted, in the file, too. */

struct audit;

/** Needs "config" and "log". */
extern const struct component audit_component;
/** Opens the file again. Needs "audit". */
extern const struct component audit_reload_component;

struct audit_options {
    const char *file;           /* NULL: no audit log, all functions do nothing */
    const char *key_file;       /* 64 hexadecimal digits, mode 0600; made if it is not there */
    const char *head_file;      /* how far the file went, so that a cut end is seen */
    uint64_t rotate_bytes;      /* then FILE becomes FILE.1, FILE.1 FILE.2 … */
    unsigned files;             /* that are kept so, at least 1 */
    uint32_t queue_lines;       /* that may wait */
    uint32_t refused_a_second;  /* lines about refused calls */
    struct log *log;            /* borrowed */
};

/** Texts are copied. Blocks. Errors: INVALID_ARGUMENT naming the key of the configuration. */
int audit_new(const struct audit_options *options, struct audit **out, struct fault *fault) MRPC_MUST_USE;
/** Writes what waits, "stop" last. Blocks; a disk that takes nothing loses what waits, and the log says how much. */
void audit_free(struct audit *audit);
/** Open the file again, as after its rotation by somebody else. Blocks. Thread: no loop.
 *  Errors: FAILED_PRECONDITION. */
int audit_reopen(struct audit *audit, struct fault *fault) MRPC_MUST_USE;

/** The interceptor; before those that refuse. @changes says of a method's path whether it changes something.
 *  Errors: as mrpc_server_add_interceptor(). */
int audit_add_to_server(struct audit *audit, struct mrpc_server *server,
                        bool (*changes)(const char *path)) MRPC_MUST_USE;
/** A web request was answered @code, a refusal. Thread: its loop. */
void audit_web_refused(struct audit *audit, struct mrpc_web *web, const struct mrpc_identity *identity,
                       enum mrpc_code code);
/** Something happened to the server; @what is a constant word. Thread: any. */
void audit_event(struct audit *audit, const char *what);

/** Part of GET /metrics. Thread: any. */
int audit_write_metrics(const struct audit *audit, int (*write)(void *arg, const char *text, size_t size), void *arg)
    MRPC_MUST_USE;

#endif
