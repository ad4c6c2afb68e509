/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "help.h"
#include "nearest.h"

static const struct cli_option *find_option(const struct cli_command *command, const char *name, size_t length)
{
    for (const struct cli_option *option = command->options; option && option->name; option++)
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    return NULL;
}

static int no_such_option(const struct cli_command *command, const char *text, int length)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", length, text);
    struct nearest nearest = {.text = name};
    for (const struct cli_option *option = command->options; option && option->name; option++)
        nearest_offer(&nearest, option->name);
    for (const struct cli_option *option = help_global_options; option->name; option++)
        nearest_offer(&nearest, option->name);
    if (nearest.word)
        return cli_usage("%s%s%s has no option --%s; is --%s meant?", command->noun, *command->verb ? " " : "",
                         command->verb, name, nearest.word);
    return cli_usage("%s%s%s has no option --%s; try mltctl %s%s%s --help", command->noun, *command->verb ? " " : "",
                     command->verb, name, command->noun, *command->verb ? " " : "", command->verb);
}

static int read_option(const struct cli_command *command, int argc, char **argv, int *at, struct cli_arguments *out)
{
    const char *text = argv[(*at)++] + 2;
    size_t length = strcspn(text, "=");
    const struct cli_option *option = find_option(command, text, length);
    if (!option)
        return no_such_option(command, text, (int)length);
    if (out->option_count == CLI_OPTIONS_MAX)
        return cli_usage("more than %d options", CLI_OPTIONS_MAX);
    const char *value = text[length] ? text + length + 1 : NULL;
    if (option->value && !value) {
        if (*at == argc)
            return cli_usage("--%s needs a value: %s", option->name, option->value);
        value = argv[(*at)++];
    }
    if (!option->value && value)
        return cli_usage("--%s takes no value", option->name);
    out->options[out->option_count].name = option->name;
    out->options[out->option_count++].value = value ? value : "";
    return 0;
}

int cli_arguments_read(const struct cli_command *command, int argc, char **argv, struct cli_arguments *out)
{
    *out = (struct cli_arguments){0};
    for (int at = 0; at < argc;) {
        if (strcmp(argv[at], "--") == 0) {
            out->rest = argv + at + 1;
            break;
        }
        if (strncmp(argv[at], "--", 2) == 0) {
            int code = read_option(command, argc, argv, &at, out);
            if (code)
                return code;
            continue;
        }
        if (out->operand_count == command->operands_most || out->operand_count == CLI_OPERANDS_MAX)
            return cli_usage("\"%s\" is one argument too many; usage: mltctl %s %s %s", argv[at], command->noun,
                             command->verb, command->operands);
        out->operands[out->operand_count++] = argv[at++];
    }
    if (out->operand_count < command->operands_least)
        return cli_usage("an argument is missing; usage: mltctl %s %s %s", command->noun, command->verb,
                         command->operands);
    return 0;
}

const char *cli_option_at(const struct cli_arguments *arguments, const char *name, size_t index)
{
    for (size_t i = 0; i < arguments->option_count; i++)
        if (strcmp(arguments->options[i].name, name) == 0 && index-- == 0)
            return arguments->options[i].value;
    return NULL;
}

const char *cli_option(const struct cli_arguments *arguments, const char *name, const char *fallback)
{
    const char *value = fallback;
    for (size_t i = 0; i < arguments->option_count; i++)
        if (strcmp(arguments->options[i].name, name) == 0)
            value = arguments->options[i].value;
    return value;
}

bool cli_switch(const struct cli_arguments *arguments, const char *name)
{
    return cli_option(arguments, name, NULL) != NULL;
}

int64_t cli_number(const struct cli_arguments *arguments, const char *name, int64_t fallback, int64_t least,
                   int64_t most)
{
    const char *text = cli_option(arguments, name, NULL);
    if (!text)
        return fallback;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < least || number > most)
        exit(cli_usage("--%s: \"%s\" is not a whole number in %lld..%lld", name, text, (long long)least,
                       (long long)most));
    return number;
}

int cli_parse_real(const char *text, double *out)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number))
        return -1;
    *out = number;
    return 0;
}

double cli_real(const struct cli_arguments *arguments, const char *name, double fallback)
{
    const char *text = cli_option(arguments, name, NULL);
    double number = fallback;
    if (text && cli_parse_real(text, &number) != 0)
        exit(cli_usage("--%s: \"%s\" is not a number", name, text));
    return number;
}

int64_t cli_duration_ms(const struct cli_arguments *arguments, const char *name, int64_t fallback_ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"min", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    const char *text = cli_option(arguments, name, NULL);
    if (!text)
        return fallback_ms;
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0 && number >= 0 && number * units[i].ms < 1e15)
            return (int64_t)(number * units[i].ms);
    exit(cli_usage("--%s: \"%s\" is not a duration such as 30, 500ms, 2min or 1h", name, text));
}

static MRPC_PRINTF(1, 0) void complain(const char *format, va_list args)
{
    fputs("mltctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    return CLI_USAGE;
}

int cli_failed(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(format, args);
    va_end(args);
    return CLI_FAILED;
}
