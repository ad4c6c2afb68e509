/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { COLUMNS_MAX = 16 };

struct columns {
    const char *const *titles;
    size_t width;
    char **cells;
    size_t count, capacity;
};

static void *must(void *memory)
{
    if (memory)
        return memory;
    fputs("mltctl: out of memory\n", stderr);
    exit(1);
}

struct columns *columns_new(const char *const *titles)
{
    struct columns *columns = must(calloc(1, sizeof *columns));
    columns->titles = titles;
    while (titles[columns->width] && columns->width < COLUMNS_MAX)
        columns->width++;
    return columns;
}

static void replace_controls(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
}

void columns_add(struct columns *columns, const char *format, ...)
{
    if (columns->count == columns->capacity) {
        columns->capacity = columns->capacity ? 2 * columns->capacity : 64;
        columns->cells = must(realloc(columns->cells, columns->capacity * sizeof *columns->cells));
    }
    va_list args;
    char *text;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    replace_controls(must(text));
    columns->cells[columns->count++] = text;
}

/* Columns on a terminal, not bytes. */
static size_t display_width(const char *text)
{
    mbstate_t state = {0};
    size_t width = 0, left = strlen(text);
    while (left > 0) {
        wchar_t c;
        size_t size = mbrtowc(&c, text, left, &state);
        if (size == (size_t)-1 || size == (size_t)-2 || size == 0)
            return width + left;
        int cells = wcwidth(c);
        width += cells > 0 ? (size_t)cells : 0;
        text += size;
        left -= size;
    }
    return width;
}

static void print_cell(const char *text, size_t width, int right, int last)
{
    size_t pad = width - display_width(text);
    if (right)
        printf("%*s", (int)pad, "");
    fputs(text, stdout);
    if (!right && !last)
        printf("%*s", (int)pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

void columns_print(struct columns *columns)
{
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < columns->width; i++)
        widths[i] = display_width(columns->titles[i] + (*columns->titles[i] == '>'));
    for (size_t i = 0; i < columns->count; i++) {
        size_t width = display_width(columns->cells[i]);
        if (width > widths[i % columns->width])
            widths[i % columns->width] = width;
    }
    for (size_t i = 0; i < columns->width; i++) {
        int right = *columns->titles[i] == '>';
        print_cell(columns->titles[i] + right, widths[i], right, i + 1 == columns->width);
    }
    for (size_t i = 0; i < columns->count; i++) {
        size_t column = i % columns->width;
        print_cell(columns->cells[i], widths[column], *columns->titles[column] == '>', column + 1 == columns->width);
    }
    columns_free(columns);
}

void columns_free(struct columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->cells[i]);
    free(columns->cells);
    free(columns);
}
