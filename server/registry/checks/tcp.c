/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/attempt.h"

/* A connection that is accepted is all that is asked. */

static void *begin(struct attempt *attempt, const PB(Check) * check, struct bufferevent *connection)
{
    attempt_pass(attempt, "connected");
    return NULL;
}

const struct attempt_protocol attempt_tcp = {.begin = begin};
