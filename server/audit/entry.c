/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/chain.h"

static const char *const kinds[] = {[AUDIT_CHANGE] = "change", [AUDIT_REFUSED] = "refused", [AUDIT_EVENT] = "event"};
static const char *const who_kinds[] = {"anonymous", "unix", "tls", "token"};

struct line {
    char *text;
    size_t used;
};

MRPC_PRINTF(2, 3) static void put(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line->text + line->used, ENTRY_LINE_BYTES - line->used, format, args);
    va_end(args);
    line->used += size > 0 ? (size_t)size : 0;
    if (line->used >= ENTRY_LINE_BYTES)
        line->used = ENTRY_LINE_BYTES - 1;
}

/* A name with its kind, "token/ada", as in the owners of what it makes (caller.h), hidden. */
static void put_name(struct line *line, const char *field, const struct audit_key *key, const char *kind,
                     const char *name)
{
    char full[ENTRY_WHO_BYTES + 16], hidden[AUDIT_NAME_DIGITS + 1];
    snprintf(full, sizeof full, "%s/%s", kind, name);
    audit_key_name(key, full, hidden);
    put(line, " %s=%s/%s", field, kind, hidden);
}

/* The address without its port, "unix" for a socket that has none. */
static void put_address(struct line *line, const struct audit_key *key, const char *peer)
{
    char address[ENTRY_PEER_BYTES], hidden[AUDIT_NAME_DIGITS + 1];
    const char *colon = strrchr(peer, ':');
    size_t size = colon ? (size_t)(colon - peer) : strlen(peer);
    if (strncmp(peer, "unix", 4) == 0) {
        put(line, " from=unix");
        return;
    }
    snprintf(address, sizeof address, "%.*s", (int)size, peer);
    audit_key_name(key, address, hidden);
    put(line, " from=%s", hidden);
}

void entry_write(const struct audit_entry *entry, const struct audit_key *key, char out[ENTRY_LINE_BYTES])
{
    struct line line = {.text = out};
    char when[48];
    chain_time(entry->time_us, when);
    put(&line, "%s kind=%s", when, kinds[entry->kind]);
    if (entry->kind == AUDIT_EVENT) {
        put(&line, " what=%s", entry->method);
        if (entry->count)
            put(&line, " count=%llu", (unsigned long long)entry->count);
        return;
    }
    if (entry->who_kind == MRPC_IDENTITY_ANONYMOUS)
        put(&line, " who=anonymous");
    else
        put_name(&line, "who", key, who_kinds[entry->who_kind], entry->who);
    put_address(&line, key, entry->peer);
    put(&line, " method=%s", entry->method);
    if (entry->what[0])
        put(&line, " what=%s", entry->what);
    if (entry->whom[0])
        put_name(&line, "whom", key, "token", entry->whom);
    put(&line, " outcome=%s", mrpc_code_name((enum mrpc_code)entry->code));
    if (entry->call[0])
        put(&line, " call=%s", entry->call);
}
