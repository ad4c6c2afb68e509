/* SPDX-License-Identifier: Apache-2.0 */
#include "columns.h"

#include <stdarg.h>
#include <stdbool.h>
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

/* One line; blanks are written before a cell that needs them, so that no line ends in blanks. */
static void print_row(const struct columns *columns, const size_t *widths, char *const *cells, FILE *out)
{
    size_t blanks = 0;
    for (size_t i = 0; i < columns->width; i++) {
        size_t pad = widths[i] - display_width(cells[i]);
        bool right = *columns->titles[i] == '>';
        if (*cells[i])
            fprintf(out, "%*s%s", (int)(blanks + (right ? pad : 0)), "", cells[i]);
        blanks = *cells[i] ? (right ? 0 : pad) + 2 : blanks + pad + 2;
    }
    fputc('\n', out);
}

void columns_print(struct columns *columns)
{
    columns_print_to(columns, stdout);
}

static void free_cells(struct columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->cells[i]);
    free(columns->cells);
    free(columns);
}

void columns_print_to(struct columns *columns, FILE *out)
{
    size_t widths[COLUMNS_MAX] = {0};
    char *titles[COLUMNS_MAX];
    for (size_t i = 0; i < columns->width; i++) {
        titles[i] = (char *)columns->titles[i] + (*columns->titles[i] == '>');
        widths[i] = display_width(titles[i]);
    }
    for (size_t i = 0; i < columns->count; i++) {
        size_t width = display_width(columns->cells[i]);
        if (width > widths[i % columns->width])
            widths[i % columns->width] = width;
    }
    print_row(columns, widths, titles, out);
    for (size_t i = 0; i + columns->width <= columns->count; i += columns->width)
        print_row(columns, widths, columns->cells + i, out);
    free_cells(columns);
}
