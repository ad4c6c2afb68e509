/* SPDX-License-Identifier: Apache-2.0 */

/* traceparent and tracestate, read and written. Source: W3C Trace Context Level 2, sections 3.2 (traceparent) and 3.3
 * (tracestate). */

#include <mrpc/trace.h>

#include <string.h>

#define VERSION_00_LENGTH 55
#define MEMBERS_MAX 32
#define KEY_MAX 256
#define VALUE_MAX 256
#define TENANT_MAX 241
#define SYSTEM_MAX 14

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;   /* upper case is malformed */
}

static bool read_hex(const char *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high >= 0 ? hex_digit(text[2 * i + 1]) : -1;
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

bool mrpc_trace_parse(const char *traceparent, struct mrpc_trace *trace)
{
    size_t length = strlen(traceparent);
    uint8_t version, flags, trace_id[16], parent_id[8];
    if (length < VERSION_00_LENGTH || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-')
        return false;
    if (!read_hex(traceparent, &version, 1) || !read_hex(traceparent + 3, trace_id, 16) ||
        !read_hex(traceparent + 36, parent_id, 8) || !read_hex(traceparent + 53, &flags, 1))
        return false;
    if (version == 0xff || all_zero(trace_id, 16) || all_zero(parent_id, 8))
        return false;
    /* A later version may say more behind another dash; what is before it means the same. */
    if (length > VERSION_00_LENGTH && (version == 0 || traceparent[VERSION_00_LENGTH] != '-'))
        return false;
    memcpy(trace->trace_id, trace_id, 16);
    memcpy(trace->parent_id, parent_id, 8);
    trace->flags = flags & (MRPC_TRACE_SAMPLED | MRPC_TRACE_RANDOM);
    return true;
}

static char *write_hex(char *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 0x0f];
    }
    return text;
}

void mrpc_trace_format(const struct mrpc_trace *trace, char text[MRPC_TRACEPARENT_BYTES])
{
    *text++ = '0';
    *text++ = '0';
    *text++ = '-';
    text = write_hex(text, trace->trace_id, 16);
    *text++ = '-';
    text = write_hex(text, trace->span_id, 8);
    *text++ = '-';
    text = write_hex(text, &trace->flags, 1);
    *text = '\0';
}

int mrpc_trace_add(const struct mrpc_trace *trace, struct mrpc_metadata *metadata)
{
    char text[MRPC_TRACEPARENT_BYTES];
    mrpc_trace_format(trace, text);
    int error = mrpc_metadata_add_text(metadata, "traceparent", text);
    if (error == 0 && trace->state != NULL && trace->state[0] != '\0')
        error = mrpc_metadata_add_text(metadata, "tracestate", trace->state);
    return error;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool key_characters(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && (text[i] == '\0' || strchr("_-*/", text[i]) == NULL))
            return false;
    return true;
}

/* "vendor", or "tenant@vendor". */
static bool key_valid(const char *key, size_t size)
{
    const char *at = memchr(key, '@', size);
    if (at == NULL)
        return size > 0 && size <= KEY_MAX && is_lower(key[0]) && key_characters(key, size);
    size_t tenant = (size_t)(at - key);
    size_t vendor = size - tenant - 1;
    return tenant > 0 && tenant <= TENANT_MAX && (is_lower(key[0]) || is_digit(key[0])) &&
           key_characters(key, tenant) && vendor > 0 && vendor <= SYSTEM_MAX && is_lower(at[1]) &&
           key_characters(at + 1, vendor);
}

/* Neither a comma (it would have ended the member) nor another '='; no blank at the end (it has been trimmed). */
static bool value_valid(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (value[i] < 0x20 || value[i] > 0x7e || value[i] == '=')
            return false;
    return size > 0 && size <= VALUE_MAX;
}

struct key {
    const char *text;
    size_t size;
};

static bool seen_before(const struct key *keys, size_t count, struct key key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].size == key.size && memcmp(keys[i].text, key.text, key.size) == 0)
            return true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One member, blanks around it dropped; an empty one is allowed and counts for nothing. */
static bool take_member(const char *member, size_t size, struct key *keys, size_t *count)
{
    while (size > 0 && is_blank(member[0])) {
        member++;
        size--;
    }
    while (size > 0 && is_blank(member[size - 1]))
        size--;
    if (size == 0)
        return true;
    const char *equals = memchr(member, '=', size);
    if (equals == NULL || *count == MEMBERS_MAX)
        return false;
    struct key key = {member, (size_t)(equals - member)};
    if (!key_valid(key.text, key.size) || !value_valid(equals + 1, size - key.size - 1) ||
        seen_before(keys, *count, key))
        return false;
    keys[(*count)++] = key;
    return true;
}

bool mrpc_trace_state_valid(const char *tracestate)
{
    struct key keys[MEMBERS_MAX];
    size_t count = 0;
    for (;;) {
        size_t size = strcspn(tracestate, ",");
        if (!take_member(tracestate, size, keys, &count))
            return false;
        if (tracestate[size] == '\0')
            return true;
        tracestate += size + 1;
    }
}
