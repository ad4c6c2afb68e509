/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_ENTRY_H
#define MLT_AUDIT_ENTRY_H

#include <stdint.h>

#include <mrpc/call.h>

#include "audit/key.h"

/* What a line says, with names as they are: it never leaves the process like that. */

enum audit_kind { AUDIT_CHANGE, AUDIT_REFUSED, AUDIT_EVENT };

enum {
    ENTRY_WHO_BYTES = 512,
    ENTRY_WHOM_BYTES = 160,
    ENTRY_PEER_BYTES = 128,
    ENTRY_WHAT_BYTES = 400,
    ENTRY_CALL_BYTES = 33,
};

struct audit_entry {
    struct audit_entry *next;
    enum audit_kind kind;
    int64_t time_us;
    const char *method; /* a constant: "mltrainer.registry.v1.RegistryService/Register"; of an event what happened */
    enum mrpc_identity_kind who_kind;
    int code;
    uint64_t count;     /* of what an event counts; 0: it counts nothing */
    char who[ENTRY_WHO_BYTES];   /* of a name that is longer this begins */
    char peer[ENTRY_PEER_BYTES]; /* with its port */
    char what[ENTRY_WHAT_BYTES]; /* on what: resource.h; "": nothing is known */
    char whom[ENTRY_WHOM_BYTES]; /* whom the request names: for whom a token is; "": nobody */
    char call[ENTRY_CALL_BYTES]; /* trace id, 32 hexadecimal digits; "": none */
};

enum { ENTRY_LINE_BYTES = 1600 };

/** The line but for what the chain adds to it. */
void entry_write(const struct audit_entry *entry, const struct audit_key *key, char out[ENTRY_LINE_BYTES]);

#endif
