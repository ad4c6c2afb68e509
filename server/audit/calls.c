/* SPDX-License-Identifier: Apache-2.0 */

/* What is looked at of calls and web requests. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/interceptor.h>
#include <mrpc/trace.h>

#include "audit/queue.h"
#include "audit/resource.h"

enum { RETRY_MS = 1000 };

/* A call's state. */
struct audited {
    struct audit_entry *entry; /* of what changes something; NULL: it does not */
    bool ran;                  /* it has got as far as its handler */
};

/* Methods are constants: what is said of one is kept beside its address, and a lookup is one load. */
static bool changes(struct audit *audit, const struct mrpc_method *method)
{
    _Static_assert(_Alignof(struct mrpc_method) > 1, "the lowest bit is free");
    uintptr_t address = (uintptr_t)method;
    _Atomic uintptr_t *known = &audit->methods[(address ^ address >> 11) / sizeof *method % 256];
    uintptr_t seen = atomic_load_explicit(known, memory_order_relaxed);
    if ((seen & ~(uintptr_t)1) == address)
        return seen & 1;
    bool it_does = audit->changes(method->path);
    atomic_store_explicit(known, address | it_does, memory_order_relaxed);
    return it_does;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct audit *audit = self;
    struct audited *audited = state;
    if (!changes(audit, mrpc_call_method(call)))
        return 0;
    if (audit_has_room(audit) && (audited->entry = audit_entry_new()))
        return 0;
    atomic_fetch_add_explicit(&audit->turned_away, 1, memory_order_relaxed);
    return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, RETRY_MS,
                                "the audit log cannot be written: nothing is changed until it can");
}

/* The first message says what it is about; of a stream the others are its content. */
static void received(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_message *message)
{
    struct audited *audited = state;
    if (audited->entry && !audited->ran && message->data)
        resource_read(audited->entry, mrpc_call_method(call)->request, message->data, message->bytes);
    audited->ran = true;
}

static bool is_refusal(int code)
{
    return code == MRPC_UNAUTHENTICATED || code == MRPC_PERMISSION_DENIED || code == MRPC_RESOURCE_EXHAUSTED;
}

static void copy(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

static void say_who(struct audit_entry *entry, const struct mrpc_identity *identity, const char *peer)
{
    entry->who_kind = identity->kind <= MRPC_IDENTITY_TOKEN ? identity->kind : MRPC_IDENTITY_ANONYMOUS;
    copy(entry->who, sizeof entry->who, identity->name ? identity->name : "");
    copy(entry->peer, sizeof entry->peer, peer);
}

static void say_call(struct audit_entry *entry, struct mrpc_call *call)
{
    const struct mrpc_trace *trace = mrpc_call_trace(call);
    entry->method = mrpc_call_method(call)->path + 1;
    say_who(entry, mrpc_call_identity(call), mrpc_call_peer(call));
    if (trace)
        audit_key_hex(trace->trace_id, sizeof trace->trace_id, entry->call);
}

/* What has changed something, or may have, is always written; what was turned away before, as far as there is a budget
 * for it. */
static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct audit *audit = self;
    struct audited *audited = state;
    bool refused = is_refusal(end->code), may_have_changed = audited->entry && (audited->ran || !refused);
    if (!may_have_changed && (!refused || !audit_refused_pass(audit))) {
        free(audited->entry);
        return;
    }
    struct audit_entry *entry = audited->entry ? audited->entry : audit_entry_new();
    if (!entry)
        return;
    entry->kind = refused ? AUDIT_REFUSED : AUDIT_CHANGE;
    entry->code = end->code;
    say_call(entry, call);
    audit_submit(audit, entry);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof interceptor,
    .name = "audit",
    .state_bytes = sizeof(struct audited),
    .started = started,
    .received = received,
    .ended = ended,
    .forget = mrpc_interceptor_forgets,
};

int audit_add_to_server(struct audit *audit, struct mrpc_server *server, bool (*it_changes)(const char *path))
{
    audit->changes = it_changes;
    return audit->on ? mrpc_server_add_interceptor(server, &interceptor, audit) : 0;
}

void audit_web_refused(struct audit *audit, struct mrpc_web *web, const struct mrpc_identity *identity,
                       enum mrpc_code code)
{
    struct audit_entry *entry = audit->on && audit_refused_pass(audit) ? audit_entry_new() : NULL;
    if (!entry)
        return;
    entry->kind = AUDIT_REFUSED;
    entry->code = code;
    entry->method = "web";
    resource_put(entry, mrpc_web_path(web), strlen(mrpc_web_path(web)));
    say_who(entry, identity, mrpc_web_peer(web));
    audit_submit(audit, entry);
}
