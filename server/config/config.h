/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONFIG_H
#define MLT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault/fault.h"

/* The server's configuration: one table of keys (keys.c) that the YAML file, the environment, the command line, --help
 * and the documentation share. What comes later wins: defaults, file, environment, flags. Read-only once main has it,
 * but for keys that a reload takes over (config/reload.h). */

enum config_type {
    CONFIG_TEXT,
    CONFIG_LIST,      /* texts; a flag that is given again adds one to those of flags */
    CONFIG_SWITCH,    /* true or false, on or off */
    CONFIG_COUNT,
    CONFIG_DURATION,  /* "250ms", "30s", "5min", "2h"; read in ms */
    CONFIG_SIZE,      /* "64KiB", "16MiB", "4GiB"; read in bytes */
};

struct config_key {
    const char *name;         /* "log.level"; MLTRAINER_LOG_LEVEL in the environment, --log-level as a flag */
    enum config_type type;
    const char *fallback;     /* NULL: unset */
    int64_t least, most;      /* of counts, durations (ms) and sizes (bytes) */
    const char *doc;
    bool reloads;             /* takes effect on reload, without a restart */
};

/** The table, ended by a key without a name. */
extern const struct config_key config_keys[];

struct config;

/** All keys at their defaults. */
int config_new(struct config **out) MRPC_MUST_USE;
void config_free(struct config *config);

/** Read a YAML file. Errors: MRPC_NOT_FOUND, MRPC_INVALID_ARGUMENT naming file, line and key; an unknown key names the
 *  nearest one that exists. */
int config_read_file(struct config *config, const char *path, struct fault *fault) MRPC_MUST_USE;
/** Take every MLTRAINER_… variable of the environment. Errors: MRPC_INVALID_ARGUMENT. */
int config_read_environment(struct config *config, char *const *environment, struct fault *fault) MRPC_MUST_USE;
/** What is set from now on comes from a file, from the command line. */
void config_begin_file(struct config *config);
void config_begin_flags(struct config *config);
/** Set one key from text; @source ("--listen") is named in errors. A list that an earlier source began is begun anew,
 *  one that this source began grows. */
int config_set(struct config *config, const char *name, const char *text, const char *source, struct fault *fault)
    MRPC_MUST_USE;
/** Add an entry to a list, whoever began it; only its default goes. */
int config_add(struct config *config, const char *name, const char *text, const char *source, struct fault *fault)
    MRPC_MUST_USE;
/** Take every entry of a list away. */
void config_empty(struct config *config, const char *name);
/** The key that a flag stands for: "--data-dir" gives "data_dir". NULL if none does. */
const struct config_key *config_find_flag(const char *flag);

/** Values; asking for a key that is not in the table or has another type is a fault of the program and aborts. */
const char *config_text(const struct config *config, const char *name);   /* NULL: unset */
bool config_switch(const struct config *config, const char *name);
int64_t config_number(const struct config *config, const char *name);     /* count, ms or bytes */
size_t config_list_count(const struct config *config, const char *name);
const char *config_list_item(const struct config *config, const char *name, size_t index);

/** Do both say the same of @key? Thread: not beside config_take(). */
bool config_same(const struct config *a, const struct config *b, const struct config_key *key);
/** Take over what @from says of @key. Numbers and switches may be read meanwhile; texts only by config_print(). Errors:
 *  MRPC_ERR_NOMEM. */
int config_take(struct config *config, const struct config *from, const struct config_key *key) MRPC_MUST_USE;

/** @text as it may be shown: in each URL a password, before the host or as password=…, is "***".
 *  Cut to @size. */
void config_redact(const char *text, char *out, size_t size);

/** Print every key with its value, type and doc as a YAML file that can be read back, but for passwords in
 *  URLs, which are not shown. */
void config_print(const struct config *config, FILE *out);

#endif
