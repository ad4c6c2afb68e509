/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_CLI_H
#define MLTCTL_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/mrpc.h>

/* What every command of mltctl has at hand. A command is a constant table entry (struct cli_command) beside the
 * function that runs it, one file a command in commands/; cli_commands lists them all, and help and completion read
 * that list. */

/** Exit codes: 0, these, and 64 + the gRPC status code of a failed call (69 is NOT_FOUND). */
enum { CLI_FAILED = 1, CLI_USAGE = 2, CLI_STATUS = 64 };

struct cli_option {
    const char *name;    /* "page-size", given as --page-size */
    const char *value;   /* "N"; NULL for a switch */
    const char *doc;
};

enum { CLI_OPERANDS_MAX = 32, CLI_OPTIONS_MAX = 64 };

/** What stood on the command line after noun and verb. Borrowed from argv. */
struct cli_arguments {
    const char *operands[CLI_OPERANDS_MAX];
    size_t operand_count;
    struct {
        const char *name, *value;
    } options[CLI_OPTIONS_MAX];
    size_t option_count;
    char **rest;         /* what followed "--", NULL-terminated; NULL without it */
};

struct cli {
    const char *server;
    bool json;
    bool terminal;       /* stdout is one: progress bars, live tables */
    int64_t timeout_ms;  /* of unary calls */
    struct mrpc_tls *tls;
    const char *token;
    struct mrpc_channel *channel;
};

struct cli_command {
    const char *noun, *verb;           /* "": the noun is the command */
    const char *operands;              /* "NAME [FILE]"; "" for none */
    size_t operands_least, operands_most;
    const struct cli_option *options;  /* ended by one without a name; NULL: none */
    const char *summary;
    const char *examples;              /* lines, each ended by '\n' */
    bool local;                        /* it asks no server: there is no channel, and no token is read */
    int (*run)(struct cli *cli, const struct cli_arguments *arguments);
};

extern const struct cli_command *const cli_commands[]; /* NULL-terminated, grouped by noun */

/** The value of the option's last occurrence, @fallback without one. */
const char *cli_option(const struct cli_arguments *arguments, const char *name, const char *fallback);
bool cli_switch(const struct cli_arguments *arguments, const char *name);
/** The @index-th value of a repeated option, NULL behind the last. */
const char *cli_option_at(const struct cli_arguments *arguments, const char *name, size_t index);
/** A whole number in @least..@most; exits with CLI_USAGE and a message otherwise. */
int64_t cli_number(const struct cli_arguments *arguments, const char *name, int64_t fallback, int64_t least,
                   int64_t most);
double cli_real(const struct cli_arguments *arguments, const char *name, double fallback);
/** Seconds as "30", "1.5", "500ms", "2min", "1h"; in ms. Exits as cli_number(). */
int64_t cli_duration_ms(const struct cli_arguments *arguments, const char *name, int64_t fallback_ms);
/** Parse a number as above from a text that is not an option's. Returns 0 or -1. */
int cli_parse_real(const char *text, double *out);

/** Split argv behind noun and verb by the command's table. Returns 0, or CLI_USAGE after saying what is wrong. */
int cli_arguments_read(const struct cli_command *command, int argc, char **argv,
                       struct cli_arguments *out) MRPC_MUST_USE;

/** Say what is wrong with the command line; returns CLI_USAGE. */
int cli_usage(const char *format, ...) MRPC_PRINTF(1, 2);
/** Say what went wrong here; returns CLI_FAILED. */
int cli_failed(const char *format, ...) MRPC_PRINTF(1, 2);
/** Print a status with its details on stderr; returns 64 + code, 0 for OK. */
int cli_status(const struct cli *cli, const struct mrpc_status *status);

/** The options of a unary call: the timeout of --timeout. */
struct mrpc_call_options cli_call_options(const struct cli *cli);

/** Print a message as canonical JSON: indented, or on one line as an element of a stream. Returns 0 or CLI_FAILED. */
int cli_print_json(const struct mrpc_message_info *info, const ProtobufCMessage *message);
int cli_print_json_line(const struct mrpc_message_info *info, const ProtobufCMessage *message);

#endif
