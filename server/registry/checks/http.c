/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

/* GET by HTTP/1.0 with a Host header: the reply is then neither chunked nor kept open, so its body can be looked at
 * without a parser for either. Of the reply only the status line counts, and the first 4 KiB of the body if a text is
 * looked for. Redirects are a status like any other: never followed (CVE-2022-29153). */

enum { STATUS_LINE_MAX = 512, HEADERS_MAX = 16 * 1024, BODY_MAX = 4096 };

struct http {
    const PB(HttpCheck) * check;
    int status; /* 0: not read yet */
    bool headers_done;
    size_t headers_bytes; /* skipped so far */
};

static void *begin(struct attempt *attempt, const PB(Check) * check, struct bufferevent *connection)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http) {
        attempt_fail(attempt, "no memory");
        return NULL;
    }
    http->check = check->http;
    evbuffer_add_printf(bufferevent_get_output(connection),
                        "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: mltrainer-check\r\nAccept: */*\r\n"
                        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
                        check->http->path, check->http->host[0] ? check->http->host : attempt_authority(attempt));
    return http;
}

/* False: ended, or more is needed. */
static bool read_status(struct attempt *attempt, struct http *http, struct evbuffer *input)
{
    size_t length = 0;
    char *line = evbuffer_readln(input, &length, EVBUFFER_EOL_CRLF);
    if (!line) {
        if (evbuffer_get_length(input) >= STATUS_LINE_MAX)
            attempt_fail(attempt, "not HTTP: no status line");
        return false;
    }
    bool sane = length >= 12 && strncmp(line, "HTTP/1.", 7) == 0 && (line[7] == '0' || line[7] == '1') &&
                line[8] == ' ' && strspn(line + 9, "0123456789") == 3 && (line[12] == ' ' || line[12] == '\0');
    if (sane)
        http->status = atoi(line + 9);
    free(line);
    if (!sane) {
        attempt_fail(attempt, "not HTTP: bad status line");
        return false;
    }
    if ((unsigned)http->status < http->check->status_min || (unsigned)http->status > http->check->status_max) {
        attempt_fail(attempt, "status %d", http->status);
        return false;
    }
    if (!http->check->body_contains[0]) {
        attempt_pass(attempt, "status %d", http->status);
        return false;
    }
    return true;
}

static bool skip_headers(struct attempt *attempt, struct http *http, struct evbuffer *input)
{
    for (;;) {
        size_t length = 0;
        char *line = evbuffer_readln(input, &length, EVBUFFER_EOL_CRLF);
        if (!line)
            break;
        free(line);
        http->headers_bytes += length + 2;
        if (length == 0) {
            http->headers_done = true;
            return true;
        }
        if (http->headers_bytes > HEADERS_MAX)
            break;
    }
    /* A line that fills the whole read buffer will not end. */
    if (http->headers_bytes > HEADERS_MAX || evbuffer_get_length(input) >= 8192)
        attempt_fail(attempt, "headers over %d bytes", HEADERS_MAX);
    return false;
}

static void look_into_body(struct attempt *attempt, struct http *http, struct evbuffer *input, bool end)
{
    const char *wanted = http->check->body_contains;
    size_t there = evbuffer_get_length(input);
    size_t looked = there < BODY_MAX ? there : BODY_MAX;
    char body[BODY_MAX];
    evbuffer_copyout(input, body, looked);
    if (memmem(body, looked, wanted, strlen(wanted)))
        attempt_pass(attempt, "status %d, text found", http->status);
    else if (end || there >= BODY_MAX)
        attempt_fail(attempt, "status %d, text not found in the first %zu bytes", http->status, looked);
}

static void input(struct attempt *attempt, void *state, struct bufferevent *connection, bool end)
{
    struct http *http = state;
    struct evbuffer *buffer = bufferevent_get_input(connection);
    if (!http->status && !read_status(attempt, http, buffer))
        return;
    if (!http->headers_done && !skip_headers(attempt, http, buffer))
        return;
    look_into_body(attempt, http, buffer, end);
}

const struct attempt_protocol attempt_http = {.begin = begin, .input = input, .release = free};
