/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_malloc.h"

#include <stdbool.h>

/* -Wl,--wrap=malloc sends calls of malloc here and names the real one __real_malloc. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static size_t calls;
static size_t failing_call;
static int fails_forever;

void failing_malloc_at(size_t nth, int forever)
{
    calls = 0;
    failing_call = nth;
    fails_forever = forever;
}

size_t failing_malloc_calls(void)
{
    return calls;
}

static bool fails(void)
{
    calls++;
    return failing_call && (calls == failing_call || (fails_forever && calls > failing_call));
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return fails() ? NULL : __real_realloc(at, size);
}
