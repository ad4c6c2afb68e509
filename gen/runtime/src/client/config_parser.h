/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_CONFIG_PARSER_H
#define MRPC_CLIENT_CONFIG_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include "client/service_config_parse.h"
#include "codec/json_reader.h"

/* Reading a configuration from JSON: one function a field, each called with the first token of the field's value, and
 * leaving its last. An object is a table of such functions; what is not in the table is skipped, null is as if it were
 * not there, and a field that comes twice is an error. Each function returns false once there is an error. */

#define MRPC_CONFIG_PATH_MAX_BYTES 160

struct mrpc_config_parser {
    struct mrpc_json_reader reader;
    struct mrpc_service_config *config;
    char path[MRPC_CONFIG_PATH_MAX_BYTES]; /* of the field that is being read; cut when too long */
    size_t path_bytes;
    char *why; /* why_bytes for the error's text */
    size_t why_bytes;
    int error;
};

struct mrpc_config_field {
    const char *name;
    bool (*read)(struct mrpc_config_parser *parser, void *out);
};

/** The value of the field at hand is wrong, and why. */
bool mrpc_config_fail(struct mrpc_config_parser *parser, const char *reason);
/** The text is no JSON. */
bool mrpc_config_fail_syntax(struct mrpc_config_parser *parser);
bool mrpc_config_fail_memory(struct mrpc_config_parser *parser);
/** Fail with @otherwise unless the token is @token. */
bool mrpc_config_want(struct mrpc_config_parser *parser, enum mrpc_json_token token, const char *otherwise);

/** @seen has bit i for fields[i]. */
bool mrpc_config_read_object(struct mrpc_config_parser *parser, const struct mrpc_config_field *fields, size_t count,
                             void *out, uint32_t *seen);
#define MRPC_CONFIG_READ_OBJECT(parser, fields, out, seen)                                                             \
    mrpc_config_read_object(parser, fields, sizeof(fields) / sizeof((fields)[0]), out, seen)
/** Of the first @count fields all must have been seen. */
bool mrpc_config_require(struct mrpc_config_parser *parser, uint32_t seen, const struct mrpc_config_field *fields,
                         size_t count);
/** Each element, the path with its index. */
bool mrpc_config_read_array(struct mrpc_config_parser *parser,
                            bool (*read)(struct mrpc_config_parser *parser, void *out), void *out);

bool mrpc_config_read_bool(struct mrpc_config_parser *parser, bool *out);
bool mrpc_config_read_whole(struct mrpc_config_parser *parser, uint64_t *out);
bool mrpc_config_read_number(struct mrpc_config_parser *parser, double *out);
/** "1.5s"; not negative. */
bool mrpc_config_read_duration_ms(struct mrpc_config_parser *parser, double *out);
/** Ownership: *@out is malloc'ed; what was there is freed. */
bool mrpc_config_read_text(struct mrpc_config_parser *parser, char **out);

#endif
