/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "registry/checks/http_reply.h"

/* GET over HTTP/1.1, over a kept connection where there is one. Of the reply only the status counts, and the first 4
 * KiB of the body if a text is looked for. Redirects are a status like any other: never followed (CVE-2022-29153). */

enum { REQUEST_MAX = 2048, REST_MAX = 64 * 1024 };

struct http {
    struct attempt *attempt;
    const PB(HttpCheck) * check;
    struct link *link;
    struct http_reply reply;
    bool is_reused; /* the link, and nothing has come over it yet */
    char body[];
};

static void start_over_new_link(struct http *http);

/* --- the verdict -------------------------------------------------------------------------------------------------- */

/* Keep the connection if its next message begins where this one ends, and that is near. */
static void let_go(struct http *http)
{
    struct link *link = http->link;
    const struct http_reply *reply = &http->reply;
    http->link = NULL;
    bool done = reply->state == HTTP_REPLY_DONE;
    bool near = reply->state == HTTP_REPLY_BODY && reply->has_length && reply->rest <= REST_MAX;
    if (reply->keeps_open && (done || near))
        link_release(link, done ? 0 : (size_t)reply->rest);
    else
        link_close(link);
}

static bool status_fits(const struct http *http)
{
    return (unsigned)http->reply.status >= http->check->status_min &&
           (unsigned)http->reply.status <= http->check->status_max;
}

/* True when there is no more to wait for. */
static bool judge(struct http *http)
{
    const struct http_reply *reply = &http->reply;
    struct attempt *attempt = http->attempt;
    if (reply->state == HTTP_REPLY_BAD) {
        attempt_fail(attempt, "%s", reply->error);
        return true;
    }
    if (!http_reply_has_status(reply))
        return false;
    if (!status_fits(http)) {
        attempt_fail(attempt, "status %d", reply->status);
        return true;
    }
    const char *wanted = http->check->body_contains;
    if (!wanted[0]) {
        attempt_pass(attempt, "status %d", reply->status);
        return true;
    }
    if (memmem(reply->body, reply->body_bytes, wanted, strlen(wanted))) {
        attempt_pass(attempt, "status %d, text found", reply->status);
        return true;
    }
    if (reply->state != HTTP_REPLY_DONE && reply->body_bytes < reply->body_room)
        return false;
    attempt_fail(attempt, "status %d, text not found in the first %zu bytes", reply->status, reply->body_bytes);
    return true;
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static void opened(void *arg)
{
}

static void failed(void *arg, const char *text)
{
    struct http *http = arg;
    if (!http->is_reused) {
        attempt_fail(http->attempt, "%s", text); /* release() closes it */
        return;
    }
    link_close(http->link);
    start_over_new_link(http); /* the peer had closed it: that says nothing about the peer */
}

static void input(void *arg, struct evbuffer *input, bool end)
{
    struct http *http = arg;
    size_t size = evbuffer_get_length(input);
    if (end && size == 0 && http->is_reused) {
        failed(http, "");
        return;
    }
    http->is_reused = false;
    if (size) {
        size_t used = http_reply_read(&http->reply, (const char *)evbuffer_pullup(input, -1), size);
        if (used < size)
            http->reply.keeps_open = false;
        evbuffer_drain(input, size);
    }
    if (end && http->reply.state < HTTP_REPLY_DONE && !judge(http))
        http_reply_end(&http->reply);
    if (judge(http))
        let_go(http);
}

static bool send_request(struct http *http)
{
    char request[REQUEST_MAX];
    const char *host = http->check->host;
    if (!host[0])
        host = place_authority(attempt_options(http->attempt)->place);
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: mltrainer-check\r\nAccept: */*\r\n"
                        "Accept-Encoding: identity\r\n\r\n",
                        http->check->path, host);
    return size > 0 && (size_t)size < sizeof request && link_write(http->link, request, (size_t)size);
}

static struct link_options link_of(struct http *http)
{
    return (struct link_options){
        .kind = LINK_HTTP,
        .terms = terms_of_http(http->check),
        .peer = attempt_options(http->attempt)->peer,
        .user = {.opened = opened, .input = input, .failed = failed, .arg = http},
    };
}

static void start_over_new_link(struct http *http)
{
    const struct link_options options = link_of(http);
    http->is_reused = false;
    http->link = link_open(attempt_options(http->attempt)->place, &options);
    if (!http->link || !send_request(http))
        attempt_fail(http->attempt, "no memory");
}

static void *begin(struct attempt *attempt)
{
    const PB(HttpCheck) *check = attempt_options(attempt)->check->http;
    size_t room = check->body_contains[0] ? HTTP_REPLY_BODY_MAX : 0;
    struct http *http = calloc(1, sizeof *http + room);
    if (!http) {
        attempt_fail(attempt, "no memory");
        return NULL;
    }
    http->attempt = attempt;
    http->check = check;
    http->reply.body = http->body;
    http->reply.body_room = room;
    const struct link_options options = link_of(http);
    http->link = link_take(attempt_options(attempt)->place, &options);
    if (http->link && send_request(http))
        http->is_reused = true;
    else if (!http->link)
        start_over_new_link(http);
    else
        attempt_fail(attempt, "no memory");
    return http;
}

static void release(void *state)
{
    struct http *http = state;
    link_close(http->link);
    free(http);
}

const struct attempt_protocol attempt_http = {.begin = begin, .release = release};
