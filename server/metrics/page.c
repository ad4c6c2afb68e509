/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void metrics_put(struct metrics_page *page, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (!page->error)
        page->error = page->write(page->arg, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

void metrics_head(struct metrics_page *page, const char *name, const char *type, const char *help)
{
    metrics_put(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_single(struct metrics_page *page, const char *name, const char *type, const char *help, uint64_t value)
{
    metrics_head(page, name, type, help);
    metrics_put(page, "%s %" PRIu64 "\n", name, value);
}
