/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

enum { NAMES_MAX = 256, VALUES_MAX = 512 };

static struct line {
    char name[64];
    double *values;
    size_t count;
} lines[NAMES_MAX];
static size_t line_count;

static void read_line(char *text)
{
    assert_true(line_count < NAMES_MAX);
    struct line *line = &lines[line_count++];
    char *rest, *word = strtok_r(text, " \n", &rest);
    snprintf(line->name, sizeof line->name, "%s", word);
    line->count = 0;
    line->values = calloc(VALUES_MAX, sizeof *line->values);
    assert_non_null(line->values);
    while ((word = strtok_r(NULL, " \n", &rest))) {
        assert_true(line->count < VALUES_MAX);
        line->values[line->count++] = strtod(word, NULL);
    }
}

void figures_open(const char *path)
{
    static char text[VALUES_MAX * 32];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    line_count = 0;
    while (fgets(text, sizeof text, file))
        read_line(text);
    fclose(file);
    assert_true(line_count > 0);
}

void figures_close(void)
{
    while (line_count > 0)
        free(lines[--line_count].values);
}

const double *figures(const char *name, size_t *count)
{
    for (size_t i = 0; i < line_count; i++)
        if (strcmp(lines[i].name, name) == 0) {
            if (count)
                *count = lines[i].count;
            return lines[i].values;
        }
    fail_msg("there is no figure \"%s\"", name);
    return NULL;
}

double figure(const char *name)
{
    size_t count;
    const double *values = figures(name, &count);
    assert_int_equal(count, 1);
    return values[0];
}

void figure_is(double value, const char *name)
{
    double wanted = figure(name);
    bool same = isnan(wanted) ? isnan(value) : fabs(value - wanted) <= 1e-12 * fmax(1, fabs(wanted));
    if (!same)
        fail_msg("%s is %.17g, not %.17g", name, value, wanted);
}
