/* SPDX-License-Identifier: Apache-2.0 */
#include "api/metrics_route.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/metrics.h>
#include <mrpc/web.h>

enum { PAGES_AT_A_TIME = 4, FIRST_CAPACITY = 64 * 1024 };

struct page {
    struct thread_task task;
    struct metrics_route *route;
    struct mrpc_web *web;
    char *text;
    size_t size, capacity;
};

static int append(void *arg, const char *text, size_t size)
{
    struct page *page = arg;
    if (page->size + size > page->capacity) {
        size_t capacity = page->capacity ? page->capacity * 2 : FIRST_CAPACITY;
        while (capacity < page->size + size)
            capacity *= 2;
        char *larger = realloc(page->text, capacity);
        if (!larger)
            return MRPC_ERR_NOMEM;
        page->text = larger;
        page->capacity = capacity;
    }
    memcpy(page->text + page->size, text, size);
    page->size += size;
    return 0;
}

static void say(struct mrpc_web *web, int status, const char *text)
{
    mrpc_web_respond(web, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* The place is given back before the answer, so that who has it may ask again at once. */
static void write_page(struct thread_task *task)
{
    struct page *page = (struct page *)task;
    struct metrics_route *route = page->route;
    int error = route->write_page(route->self, append, page);
    atomic_fetch_sub(&route->under_way, 1);
    if (error)
        say(page->web, 500, "the metrics cannot be written\n");
    else
        mrpc_web_respond(page->web, 200, MRPC_PROMETHEUS_CONTENT_TYPE, page->text, page->size);
    free(page->text);
    free(page);
}

static bool submit(struct metrics_route *route, struct mrpc_web *web)
{
    struct fault fault = FAULT_INIT;
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return false;
    page->task.work = write_page;
    page->route = route;
    page->web = web;
    if (thread_pool_submit(route->pool, &page->task, &fault) == 0)
        return true;
    free(page);
    return false;
}

static void handle(void *self, struct mrpc_web *web)
{
    struct metrics_route *route = self;
    (void)!mrpc_web_add_header(web, "cache-control", "no-store");
    if (atomic_fetch_add(&route->under_way, 1) < PAGES_AT_A_TIME && submit(route, web))
        return;
    atomic_fetch_sub(&route->under_way, 1);
    say(web, 503, "too busy to write the metrics\n");
}

int metrics_route_add(struct metrics_route *route, struct mrpc_server *server)
{
    const struct mrpc_web_route get = {
        .struct_bytes = sizeof get, .method = "GET", .path = "/metrics", .handle = handle, .self = route};
    return mrpc_server_add_route(server, &get);
}
