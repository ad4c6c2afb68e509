/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

/* A connection that is accepted is all that is asked. */

static void opened(void *arg)
{
    attempt_pass(arg, "connected");
}

static void input(void *arg, struct evbuffer *input, bool end)
{
}

static void failed(void *arg, const char *text)
{
    attempt_fail(arg, "%s", text);
}

static void *begin(struct attempt *attempt)
{
    const struct link_options options = {
        .kind = LINK_TCP,
        .peer = attempt_options(attempt)->peer,
        .user = {.opened = opened, .input = input, .failed = failed, .arg = attempt},
    };
    struct link *link = link_open(attempt_options(attempt)->place, &options);
    if (!link)
        attempt_fail(attempt, "no memory");
    return link;
}

static void release(void *state)
{
    link_close(state);
}

const struct attempt_protocol attempt_tcp = {.begin = begin, .release = release};
