/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/resource.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 4, FIELDS_MAX = 64, VALUE_MAX_BYTES = 128 };

/* Fields that name what a call is about, wherever they stand. */
static const char *const naming[] = {"namespace", "service", "id",       "name",       "alias", "artifact",
                                     "dataset",   "model",   "token_id", "model_name", "key",   "artifact_name",
                                     NULL};

struct wire {
    const uint8_t *at, *end;
};

static bool read_varint(struct wire *wire, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
        uint8_t byte = *wire->at++;
        *out |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}

/* The content of a field: of one with a length that alone, of others nothing. */
static bool read_field(struct wire *wire, uint32_t *number, struct wire *content)
{
    uint64_t tag, length = 0;
    *content = (struct wire){0};
    if (!read_varint(wire, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return false;
    *number = (uint32_t)(tag >> 3);
    bool known = true, delimited = (tag & 7) == 2;
    if ((tag & 7) == 0 || delimited)
        known = read_varint(wire, &length);
    else if ((tag & 7) == 1 || (tag & 7) == 5)
        length = (tag & 7) == 1 ? 8 : 4;
    else
        known = false;
    if ((tag & 7) == 0)
        length = 0;
    if (!known || length > (uint64_t)(wire->end - wire->at))
        return false;
    if (delimited)
        *content = (struct wire){wire->at, wire->at + length};
    wire->at += length;
    return true;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._~/@-", c));
}

void resource_put(struct audit_entry *entry, const char *text, size_t size)
{
    size_t used = strlen(entry->what);
    for (size_t i = 0; i < size && i < VALUE_MAX_BYTES && used + 4 <= sizeof entry->what; i++) {
        if (is_plain(text[i]))
            entry->what[used++] = text[i];
        else
            used += (size_t)snprintf(entry->what + used, 4, "%%%02X", (unsigned char)text[i]);
    }
    entry->what[used] = '\0';
}

static bool names_something(const char *field)
{
    const char *const *at = naming;
    while (*at && strcmp(*at, field) != 0)
        at++;
    return *at != NULL;
}

static void put_field(struct audit_entry *entry, const char *field, struct wire content)
{
    size_t used = strlen(entry->what), size = (size_t)(content.end - content.at);
    if (strcmp(field, "identity") == 0)
        snprintf(entry->whom, sizeof entry->whom, "%.*s", (int)(size < 1024 ? size : 1024), (const char *)content.at);
    if (!size || !names_something(field) || used + strlen(field) + 8 > sizeof entry->what)
        return;
    snprintf(entry->what + used, sizeof entry->what - used, "%s%s:", used ? "," : "", field);
    resource_put(entry, (const char *)content.at, size);
}

/* At most DEPTH_MAX deep. */
static void walk(struct audit_entry *entry, const struct mrpc_message_info *info, struct wire wire, int depth)
{
    struct wire content;
    uint32_t number;
    for (int i = 0; i < FIELDS_MAX && wire.at < wire.end && read_field(&wire, &number, &content); i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(info->descriptor, number);
        if (!field || !content.at || field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        const struct mrpc_field_info *more = &info->fields[field - info->descriptor->fields];
        if (field->type == PROTOBUF_C_TYPE_STRING)
            put_field(entry, more->proto_name, content);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE && more->message && depth < DEPTH_MAX)
            walk(entry, more->message, content, depth + 1);
    }
}

void resource_read(struct audit_entry *entry, const struct mrpc_message_info *info, const void *bytes, size_t size)
{
    walk(entry, info, (struct wire){bytes, (const uint8_t *)bytes + size}, 1);
}
