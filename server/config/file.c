/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "config/config.h"
#include "text/file.h"
#include "text/plain.h"

/* The YAML file is a mapping of keys; "log.level: info" and "log: {level: info}" say the same. */

enum { FILE_BYTES_MAX = 1 << 20 };

struct reader {
    struct config *config;
    const char *path;
    struct fault *fault;
};

static int read_node(struct reader *reader, struct fy_node *node, const char *name);

static int line_of(struct fy_node *node)
{
    struct fy_token *token = fy_node_get_scalar_token(node);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return mark ? mark->line + 1 : 1;
}

static int read_scalar(struct reader *reader, struct fy_node *node, const char *name)
{
    size_t length = 0;
    const char *bytes = fy_node_get_scalar(node, &length);
    char *text = strndup(bytes ? bytes : "", length);
    if (!text)
        return fault_set(reader->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    char source[512];
    snprintf(source, sizeof source, "%s:%d", reader->path, line_of(node));
    int code = config_set(reader->config, name, text, source, reader->fault);
    free(text);
    return code;
}

static int read_sequence(struct reader *reader, struct fy_node *node, const char *name)
{
    void *iterator = NULL;
    struct fy_node *item;
    while ((item = fy_node_sequence_iterate(node, &iterator))) {
        if (!fy_node_is_scalar(item))
            return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: %s: a list holds texts", reader->path, name);
        int code = read_scalar(reader, item, name);
        if (code)
            return code;
    }
    return 0;
}

static int read_mapping(struct reader *reader, struct fy_node *node, const char *prefix)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    while ((pair = fy_node_mapping_iterate(node, &iterator))) {
        size_t length = 0;
        const char *key = fy_node_get_scalar(fy_node_pair_key(pair), &length);
        char name[128];
        int size = snprintf(name, sizeof name, "%s%s%.*s", prefix, *prefix ? "." : "", (int)length, key ? key : "");
        if (size < 0 || (size_t)size >= sizeof name)
            return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: a key is too long", reader->path);
        int code = read_node(reader, fy_node_pair_value(pair), name);
        if (code)
            return code;
    }
    return 0;
}

static int read_node(struct reader *reader, struct fy_node *node, const char *name)
{
    if (!node)
        return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: %s: no value", reader->path, name);
    if (fy_node_is_mapping(node))
        return read_mapping(reader, node, name);
    if (fy_node_is_sequence(node))
        return read_sequence(reader, node, name);
    return read_scalar(reader, node, name);
}

static int not_well_formed(const char *path, struct fault *fault)
{
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: not well-formed YAML", path);
}

static int read_document(struct reader *reader, struct fy_document *document)
{
    struct fy_node *root = fy_document_root(document);
    size_t length = 0;
    if (!root || (fy_node_is_scalar(root) && (!fy_node_get_scalar(root, &length) || length == 0)))
        return 0;
    if (!fy_node_is_mapping(root))
        return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: the file is not a mapping of keys", reader->path);
    return read_mapping(reader, root, "");
}

/* A file without a document says nothing: empty, or every line of it a comment, as the one that packages install. */
static int read_stream(struct reader *reader, struct fy_parser *parser)
{
    struct fy_document *document = fy_parse_load_document(parser);
    if (!document)
        return fy_parser_get_stream_error(parser) ? not_well_formed(reader->path, reader->fault) : 0;
    int code = read_document(reader, document);
    fy_parse_document_destroy(parser, document);
    struct fy_document *second = code ? NULL : fy_parse_load_document(parser);
    if (second)
        code = fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%s: more than one document", reader->path);
    else if (!code && fy_parser_get_stream_error(parser))
        code = not_well_formed(reader->path, reader->fault);
    fy_parse_document_destroy(parser, second);
    return code;
}

/* Parse what is there; the file's bytes outlive it. */
static int read_bytes(struct reader *reader, const char *bytes, size_t size)
{
    if (text_check_plain(bytes, size, reader->path, reader->fault) != 0)
        return reader->fault->code;
    struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_AUTO};
    struct fy_parser *parser = fy_parser_create(&settings);
    if (!parser)
        return fault_set(reader->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = fy_parser_set_string(parser, bytes, size) == 0 ? read_stream(reader, parser)
                                                              : not_well_formed(reader->path, reader->fault);
    fy_parser_destroy(parser);
    return code;
}

int config_read_file(struct config *config, const char *path, struct fault *fault)
{
    struct reader reader = {config, path, fault};
    char *bytes = NULL;
    size_t size = 0;
    int code = text_read_file(path, FILE_BYTES_MAX, &bytes, &size, fault);
    if (!code)
        config_begin_file(config);
    if (!code && size)
        code = read_bytes(&reader, bytes, size);
    free(bytes);
    return code;
}
