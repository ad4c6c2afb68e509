/* SPDX-License-Identifier: Apache-2.0 */
#include "flags.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void usage(const struct flag *flags, size_t count, const char *program, int status)
{
    FILE *out = status ? stderr : stdout;
    (void)fprintf(out, "usage: %s [--FLAG=VALUE]...\n", program);
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = &flags[i];
        if (flag->text)
            (void)fprintf(out, "  --%s (\"%s\")  %s\n", flag->name, *flag->text, flag->help);
        else if (flag->truth)
            (void)fprintf(out, "  --%s (%s)  %s\n", flag->name, *flag->truth ? "true" : "false", flag->help);
        else
            (void)fprintf(out, "  --%s (%d)  %s\n", flag->name, *flag->number, flag->help);
    }
    exit(status);
}

static const struct flag *find(const struct flag *flags, size_t count, const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(flags[i].name) == size && memcmp(flags[i].name, name, size) == 0)
            return &flags[i];
    return NULL;
}

static bool parse_truth(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "False", "True", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2;
            return true;
        }
    }
    return false;
}

static bool parse_number(const char *text, int *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < INT_MIN || value > INT_MAX)
        return false;
    *out = (int)value;
    return true;
}

static bool set(const struct flag *flag, const char *value)
{
    if (flag->truth)
        return parse_truth(value, flag->truth);
    if (flag->number)
        return parse_number(value, flag->number);
    *flag->text = value;
    return true;
}

void flags_parse(const struct flag *flags, size_t count, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i] + strspn(argv[i], "-");
        size_t size = strcspn(name, "=");
        const struct flag *flag = find(flags, count, name, size);
        if (strcmp(name, "help") == 0)
            usage(flags, count, argv[0], 0);
        if (name == argv[i] || !flag) {
            warnx("there is no flag %s", argv[i]);
            usage(flags, count, argv[0], 2);
        }
        const char *value = name[size] == '=' ? name + size + 1 : NULL;
        if (!value)
            value = flag->truth ? "true" : i + 1 < argc ? argv[++i] : "";
        if (!set(flag, value)) {
            warnx("--%s: \"%s\" is not a %s", flag->name, value, flag->truth ? "truth value" : "number");
            usage(flags, count, argv[0], 2);
        }
    }
}
