/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libfyaml.h>

#include "execution/catalog/model.h"
#include "execution/catalog/nearest.h"
#include "execution/catalog/yaml.h"
#include "execution/dataset/number.h"
#include "text/plain.h"

enum { KEYS_MAX = 32 };

/* libfyaml knows places of tokens only, so a mapping or list is placed at its first scalar. */
static int line_of(struct fy_node *node)
{
    while (node && !fy_node_is_scalar(node)) {
        if (fy_node_is_sequence(node))
            node = fy_node_sequence_get_by_index(node, 0);
        else
            node = fy_node_pair_key(fy_node_mapping_get_by_index(node, 0));
    }
    struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return mark ? mark->line + 1 : 1;
}

int yaml_fault(const struct yaml_file *file, struct fy_node *at, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s:%d: %s", file->path, line_of(at), text);
}

static int no_memory(const struct yaml_file *file)
{
    return fault_set(file->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static const char *key_name(const void *names, size_t index)
{
    return ((const struct yaml_key *)names)[index].name;
}

static const struct yaml_key *find_key(const struct yaml_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static size_t key_count(const struct yaml_key *keys)
{
    size_t count = 0;
    while (keys[count].name)
        count++;
    return count;
}

static int unknown_key(const struct yaml_file *file, struct fy_node *at, const struct yaml_key *keys, const char *name)
{
    const char *nearest = nearest_name(name, keys, key_count(keys), key_name);
    if (nearest)
        return yaml_fault(file, at, "unknown key \"%s\"; is \"%s\" meant?", name, nearest);
    return yaml_fault(file, at, "unknown key \"%s\"", name);
}

int yaml_read_mapping(const struct yaml_file *file, struct fy_node *node, const struct yaml_key *keys, void *into)
{
    if (!node || !fy_node_is_mapping(node))
        return yaml_fault(file, node, "a mapping of keys is wanted here");
    bool seen[KEYS_MAX] = {false};
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &iterator))) {
        struct fy_node *at = fy_node_pair_key(pair), *value = fy_node_pair_value(pair);
        size_t length = 0;
        const char *bytes = at ? fy_node_get_scalar(at, &length) : NULL;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)length, bytes ? bytes : "");
        const struct yaml_key *key = find_key(keys, name);
        if (!key)
            return unknown_key(file, at, keys, name);
        if (seen[key - keys])
            return yaml_fault(file, at, "\"%s\" for the second time", name);
        seen[key - keys] = true;
        if (!value)
            return yaml_fault(file, at, "\"%s\" has no value", name);
        int code = key->read(file, value, into, key->offset);
        if (code)
            return code;
    }
    for (const struct yaml_key *key = keys; key->name; key++)
        if (key->required && !seen[key - keys])
            return yaml_fault(file, node, "the key \"%s\" is missing", key->name);
    return 0;
}

static void keep_quiet(struct fy_diag *diag, void *user, const char *bytes, size_t size)
{
}

/* libfyaml tells its errors to a diagnostics object: the first one is ours to tell. */
static int malformed(const struct yaml_file *file, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    if (!error)
        return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s: not well-formed YAML", file->path);
    return fault_set(file->fault, MRPC_INVALID_ARGUMENT, "%s:%d: %s", file->path, error->line, error->msg);
}

int yaml_read_file(const struct yaml_file *file, const char *bytes, size_t size, const struct yaml_key *keys,
                   void *into)
{
    if (text_check_plain(bytes, size, file->path, file->fault) != 0)
        return file->fault->code;
    struct fy_diag_cfg how;
    fy_diag_cfg_default(&how);
    how.fp = NULL;
    how.output_fn = keep_quiet;
    struct fy_diag *diag = fy_diag_create(&how);
    if (!diag)
        return no_memory(file);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg settings = {.flags = FYPCF_DEFAULT_VERSION_AUTO, .diag = diag};
    struct fy_document *document = fy_document_build_from_string(&settings, bytes, size);
    if (!document) {
        int code = malformed(file, diag);
        fy_diag_destroy(diag);
        return code;
    }
    int code = yaml_read_mapping(file, fy_document_root(document), keys, into);
    fy_document_destroy(document);
    fy_diag_destroy(diag);
    return code;
}

int yaml_read_list(const struct yaml_file *file, struct fy_node *node, const struct yaml_key *keys, size_t item_bytes,
                   void **items, size_t *count)
{
    if (!fy_node_is_sequence(node))
        return yaml_fault(file, node, "a list is wanted here");
    size_t wanted = (size_t)fy_node_sequence_item_count(node);
    char *array = mrpc_arena_calloc(file->arena, wanted ? wanted : 1, item_bytes);
    if (!array)
        return no_memory(file);
    for (size_t i = 0; i < wanted; i++) {
        int code = yaml_read_mapping(file, fy_node_sequence_get_by_index(node, (int)i), keys, array + i * item_bytes);
        if (code)
            return code;
    }
    *items = array;
    *count = wanted;
    return 0;
}

static int scalar(const struct yaml_file *file, struct fy_node *value, const char **out)
{
    size_t length = 0;
    const char *bytes = fy_node_is_scalar(value) ? fy_node_get_scalar(value, &length) : NULL;
    if (!bytes)
        return yaml_fault(file, value, "a single value is wanted here");
    char *text = mrpc_arena_alloc(file->arena, length + 1);
    if (!text)
        return no_memory(file);
    memcpy(text, bytes, length);
    text[length] = 0;
    *out = text;
    return 0;
}

int yaml_text(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    return scalar(file, value, (const char **)((char *)into + offset));
}

int yaml_identifier(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    const char *text;
    int code = scalar(file, value, &text);
    if (code)
        return code;
    if (!catalog_identifier(text))
        return yaml_fault(file, value, "\"%s\" is not an identifier [A-Za-z0-9._-]{1,128}", text);
    *(const char **)((char *)into + offset) = text;
    return 0;
}

int yaml_bool(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    const char *text;
    int code = scalar(file, value, &text);
    if (code)
        return code;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return yaml_fault(file, value, "\"%s\" is neither true nor false", text);
    *(bool *)((char *)into + offset) = *text == 't';
    return 0;
}

int yaml_number(const struct yaml_file *file, struct fy_node *value, void *into, size_t offset)
{
    const char *text;
    int code = scalar(file, value, &text);
    if (code)
        return code;
    if (!number_double(text, strlen(text), (double *)((char *)into + offset)))
        return yaml_fault(file, value, "\"%s\" is not a number", text);
    return 0;
}

int yaml_texts(const struct yaml_file *file, struct fy_node *value, const char *const **items, size_t *count)
{
    if (!fy_node_is_sequence(value))
        return yaml_fault(file, value, "a list is wanted here");
    size_t wanted = (size_t)fy_node_sequence_item_count(value);
    const char **texts = mrpc_arena_calloc(file->arena, wanted ? wanted : 1, sizeof *texts);
    if (!texts)
        return no_memory(file);
    for (size_t i = 0; i < wanted; i++) {
        int code = scalar(file, fy_node_sequence_get_by_index(value, (int)i), &texts[i]);
        if (code)
            return code;
    }
    *items = texts;
    *count = wanted;
    return 0;
}
