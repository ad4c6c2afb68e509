/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent (first byte even) and tracestate (odd) of W3C Trace Context. What is a tracestate is judged a second
 * time, by the specification's grammar as a regular expression. */
#include <mrpc/trace.h>

#include <regex.h>
#include <string.h>

#include "fuzzer.h"

static void check_parent(const char *text)
{
    struct mrpc_trace trace, again;
    char out[MRPC_TRACEPARENT_BYTES];
    if (!mrpc_trace_parse(text, &trace))
        return;
    MUST((trace.flags & ~(MRPC_TRACE_SAMPLED | MRPC_TRACE_RANDOM)) == 0);
    memcpy(trace.span_id, trace.parent_id, sizeof(trace.span_id));
    mrpc_trace_format(&trace, out);
    MUST(strlen(out) == MRPC_TRACEPARENT_BYTES - 1 && memcmp(out + 3, text + 3, 49) == 0);
    MUST(mrpc_trace_parse(out, &again) && again.flags == trace.flags);
    MUST(memcmp(again.trace_id, trace.trace_id, sizeof(trace.trace_id)) == 0);
}

/* Level 2, section 3.3.1: list-member, with the blanks around it, or nothing. */
static bool is_member(const char *text)
{
    static regex_t member;
    static bool compiled;
    if (!compiled)
        MUST(regcomp(&member,
                     "^[ \t]*(([a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})="
                     "[]\\ !\"#$%&'()*+./0-9:;<>?@A-Z[^_`a-z{|}~-]{0,255}"
                     "[]\\!\"#$%&'()*+./0-9:;<>?@A-Z[^_`a-z{|}~-])?[ \t]*$",
                     REG_EXTENDED | REG_NOSUB) == 0);
    compiled = true;
    return regexec(&member, text, 0, NULL, 0) == 0;
}

/* The same key, up to '=', as one of the members before it? */
static bool is_twice(char *const *members, size_t count, const char *member)
{
    size_t size = strcspn(member, "=") + 1;
    for (size_t i = 0; i < count; i++)
        if (strncmp(members[i], member, size) == 0)
            return true;
    return false;
}

static void check_state(char *text)
{
    char *members[512];
    size_t count = 0;
    bool valid = mrpc_trace_state_valid(text), expected = true;
    if (strlen(text) > 600)
        return;   /* the expression is slow */
    for (char *rest = text, *member; expected && (member = strsep(&rest, ",")) != NULL;) {
        expected = is_member(member);
        member += strspn(member, " \t");
        if (!expected || *member == '\0')
            continue;
        expected = count < 32 && !is_twice(members, count, member);
        members[count++] = member;
    }
    MUST(valid == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size);   /* a copy of its own, so that a byte read beyond its end is seen */
    MUST(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 2 == 0)
        check_parent(text);
    else
        check_state(text);
    free(text);
    return 0;
}
