/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WEB_RULES_H
#define MRPC_WEB_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* Who may speak to us through a browser. A page of any site can make its reader's browser send requests to a server on
 * that reader's own machine, so a request that a browser may have sent is served only if
 *
 *     its Host (:authority) is ours    a loopback name, the address that the connection came in on, or one that is
 *                                      listed; else a site could point its own name at us (DNS rebinding) and read
 *     its Origin is ours               the same host and port as Host, or one that is listed; else a form or a script
 *                                      of another site could act here, though it cannot read what comes of it
 *
 * Source: RFC 6454; RFC 9110 section 7.4 (421); Fetch standard, "CORS protocol". */

struct web_rules {
    char **hosts;      /* names without port, lower case */
    size_t host_count;
    char **origins;    /* "https://app.example.com", lower case */
    size_t origin_count;
};

/** Errors: MRPC_ERR_INVALID for a host with a port or an origin that is not scheme://host[:port], MRPC_ERR_NOMEM. */
int mrpc_web_rules_add_host(struct web_rules *rules, const char *host);
int mrpc_web_rules_add_origin(struct web_rules *rules, const char *origin);
void mrpc_web_rules_fini(struct web_rules *rules);

/** Is "host[:port]" ours? @local is the connection's own address, "127.0.0.1:80" or "[::1]:80"; NULL: not known. */
bool mrpc_web_host_is_ours(const struct web_rules *rules, const char *authority, const char *local);
/** True for a loopback name or a listed one: @local need not be found out. */
bool mrpc_web_host_is_known(const struct web_rules *rules, const char *authority);

enum web_origin { WEB_ORIGIN_SAME, WEB_ORIGIN_LISTED, WEB_ORIGIN_FOREIGN };

/** Where does a page of @origin stand towards a request whose Host, which is ours, is @authority? */
enum web_origin mrpc_web_origin_judge(const struct web_rules *rules, const char *origin, const char *authority);

#endif
