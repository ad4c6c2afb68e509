/* SPDX-License-Identifier: Apache-2.0 */
#include "access/policy_file.h"

#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "text/file.h"
#include "text/plain.h"

struct reader {
    const char *source;
    struct policy *policy;
    struct fault *fault;
};

enum { NAME_BYTES = 256, IDENTITY_ROLES_MAX = 16 };

static int complain(struct reader *reader, struct fy_node *node, const char *what, const char *name)
{
    struct fy_token *token = node && fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return fault_set(reader->fault, MRPC_INVALID_ARGUMENT, "%.200s:%d: %s%s%.100s%s", reader->source,
                     mark ? mark->line + 1 : 1, what, *name ? " \"" : "", name, *name ? "\"" : "");
}

/* A plain text without NUL, not empty, that fits. */
static int read_text(struct reader *reader, struct fy_node *node, char out[NAME_BYTES])
{
    size_t bytes = 0;
    const char *text =
        node && fy_node_is_scalar(node) && !fy_node_is_alias(node) ? fy_node_get_scalar(node, &bytes) : NULL;
    if (!text || bytes == 0 || bytes >= NAME_BYTES || memchr(text, '\0', bytes))
        return complain(reader, node, "a text of 1..255 bytes must stand here", "");
    memcpy(out, text, bytes);
    out[bytes] = '\0';
    return 0;
}

/* "SERVICE/METHOD" or "SERVICE/" and a star. */
static bool add_methods(struct method_set *set, const char *rule)
{
    size_t bytes = strlen(rule);
    bool whole = bytes > 2 && rule[bytes - 1] == '*' && rule[bytes - 2] == '/';
    bool found = false;
    for (size_t i = 0; i < rights_method_count; i++) {
        const char *path = rights_of_methods[i].path + 1;
        if (whole ? strncmp(path, rule, bytes - 1) != 0 : strcmp(path, rule) != 0)
            continue;
        method_set_add(set, (int)i);
        found = true;
    }
    return found;
}

static int read_rules(struct reader *reader, struct fy_node *list, struct method_set *out)
{
    char rule[NAME_BYTES];
    enum right right;
    void *iterator = NULL;
    if (!list || !fy_node_is_sequence(list))
        return complain(reader, list, "a list of rights and methods must stand here", "");
    for (struct fy_node *item; (item = fy_node_sequence_iterate(list, &iterator));) {
        int code = read_text(reader, item, rule);
        if (code)
            return code;
        if (right_parse(rule, &right))
            method_set_add_right(out, right);
        else if (!add_methods(out, rule))
            return complain(reader, item, "there is no right and no method", rule);
    }
    return 0;
}

static int read_role_fields(struct reader *reader, struct fy_node *body, struct policy_role *role)
{
    char field[NAME_BYTES];
    void *iterator = NULL;
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(body, &iterator));) {
        struct method_set *set;
        int code = read_text(reader, fy_node_pair_key(pair), field);
        if (code)
            return code;
        if (strcmp(field, "allow") == 0)
            set = &role->allow;
        else if (strcmp(field, "deny") == 0)
            set = &role->deny;
        else
            return complain(reader, fy_node_pair_key(pair), "a role has allow and deny, not", field);
        code = read_rules(reader, fy_node_pair_value(pair), set);
        if (code)
            return code;
    }
    return 0;
}

static bool is_role_name(const char *name)
{
    return strlen(name) <= ROLE_NAME_BYTES_MAX &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static int read_role(struct reader *reader, struct fy_node *key, struct fy_node *body)
{
    char name[NAME_BYTES];
    int code = read_text(reader, key, name);
    if (code)
        return code;
    if (strcmp(name, "admin") == 0 || strcmp(name, ROLE_BOOTSTRAP) == 0)
        return complain(reader, key, "this role is fixed:", name);
    if (!is_role_name(name))
        return complain(reader, key, "a role's name is [A-Za-z0-9._-]{1,64}, not", name);
    if (!body || !fy_node_is_mapping(body))
        return complain(reader, key, "allow or deny must follow the role", name);
    struct policy_role *role = policy_add_role(reader->policy, name);
    if (!role)
        return complain(reader, key, "there are too many roles at", name);
    role->allow = role->deny = (struct method_set){{0}};
    return read_role_fields(reader, body, role);
}

static bool is_pattern(const char *pattern)
{
    return strcmp(pattern, "anonymous") == 0 || (strncmp(pattern, "tls/", 4) == 0 && pattern[4]) ||
           (strncmp(pattern, "unix/uid:", 9) == 0 && pattern[9]);
}

static int read_identity(struct reader *reader, struct fy_node *key, struct fy_node *list)
{
    char pattern[NAME_BYTES], names[IDENTITY_ROLES_MAX][NAME_BYTES];
    const char *roles[IDENTITY_ROLES_MAX];
    size_t count = 0;
    void *iterator = NULL;
    int code = read_text(reader, key, pattern);
    if (code)
        return code;
    if (!is_pattern(pattern))
        return complain(reader, key, "an identity is tls/NAME, unix/uid:NUMBER or anonymous, not", pattern);
    if (!list || !fy_node_is_sequence(list))
        return complain(reader, key, "a list of roles must follow", pattern);
    for (struct fy_node *item; (item = fy_node_sequence_iterate(list, &iterator)); count++) {
        if (count == IDENTITY_ROLES_MAX)
            return complain(reader, item, "there are more than 16 roles for", pattern);
        code = read_text(reader, item, names[count]);
        if (code)
            return code;
        if (!policy_find_role(reader->policy, names[count]) || strcmp(names[count], ROLE_BOOTSTRAP) == 0)
            return complain(reader, item, "there is no role", names[count]);
        roles[count] = names[count];
    }
    return policy_add_identity(reader->policy, pattern, roles, count) == 0
               ? 0
               : fault_set(reader->fault, MRPC_RESOURCE_EXHAUSTED, "%.200s: too many identities", reader->source);
}

static int read_pairs(struct reader *reader, struct fy_node *mapping,
                      int (*read)(struct reader *reader, struct fy_node *key, struct fy_node *value))
{
    void *iterator = NULL;
    int code = 0;
    for (struct fy_node_pair *pair; !code && (pair = fy_node_mapping_iterate(mapping, &iterator));)
        code = read(reader, fy_node_pair_key(pair), fy_node_pair_value(pair));
    return code;
}

static int check_field(struct reader *reader, struct fy_node *key, struct fy_node *value)
{
    char field[NAME_BYTES];
    int code = read_text(reader, key, field);
    if (code)
        return code;
    if (strcmp(field, "roles") != 0 && strcmp(field, "identities") != 0)
        return complain(reader, key, "a policy has roles and identities, not", field);
    return value && fy_node_is_mapping(value) ? 0 : complain(reader, key, "a mapping must follow", field);
}

/* Roles first, wherever they stand: identities name them. */
static int read_document(struct reader *reader, struct fy_node *root)
{
    if (!root || !fy_node_is_mapping(root) || fy_node_mapping_item_count(root) == 0)
        return complain(reader, NULL, "a policy has roles or identities; this one is empty", "");
    int code = read_pairs(reader, root, check_field);
    struct fy_node *roles = fy_node_mapping_lookup_by_string(root, "roles", FY_NT);
    struct fy_node *identities = fy_node_mapping_lookup_by_string(root, "identities", FY_NT);
    if (!code && roles)
        code = read_pairs(reader, roles, read_role);
    if (!code && identities)
        code = read_pairs(reader, identities, read_identity);
    return code;
}

/* What libfyaml has to say would go to standard error. */
static void keep_quiet(struct fy_diag *diag, void *arg, const char *text, size_t bytes)
{
}

static struct fy_document *parse(const char *text, size_t bytes)
{
    struct fy_diag_cfg silence;
    fy_diag_cfg_default(&silence);
    silence.fp = NULL;
    silence.output_fn = keep_quiet;
    struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_AUTO,
                                    .diag = fy_diag_create(&silence)};
    struct fy_document *document =
        settings.diag && bytes > 0 ? fy_document_build_from_string(&settings, text, bytes) : NULL;
    fy_diag_destroy(settings.diag);
    return document;
}

int policy_read(const char *text, size_t bytes, const char *source, struct policy **out, struct fault *fault)
{
    if (text_check_plain(text, bytes, source, fault) != 0)
        return fault->code;
    struct fy_document *document = parse(text, bytes);
    if (!document)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.200s: empty, or not well-formed YAML", source);
    struct reader reader = {source, policy_new(), fault};
    int code = reader.policy ? read_document(&reader, fy_document_root(document))
                             : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    fy_document_destroy(document);
    if (code && reader.policy)
        snapshot_release(&reader.policy->snapshot);
    if (!code)
        *out = reader.policy;
    return code;
}

int policy_load(const char *path, struct policy **out, struct fault *fault)
{
    char *text = NULL;
    size_t bytes = 0;
    int code = text_read_file(path, POLICY_FILE_BYTES_MAX, &text, &bytes, fault);
    if (code) {
        fault->code = code == MRPC_NOT_FOUND ? MRPC_INVALID_ARGUMENT : code;
        return fault_prefix(fault, "access.policy");
    }
    code = policy_read(text, bytes, path, out, fault);
    free(text);
    return code;
}
