/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WEB_PAGE_H
#define MLT_WEB_PAGE_H

#include <mrpc/server.h>

#include "fault/fault.h"

/** Put the page on the server, before its start: GET / and the files that it loads, under /page/. They are part of the
 *  executable and hold nothing of the server's state, which the page asks for by calls as any client does; so whoever
 *  reaches the port may load them. The browser is told to run nothing else and to speak with nobody else (Content-
 *  Security-Policy), and to ask each time whether they have changed (ETag). Errors: MRPC_INTERNAL. */
int web_page_add(struct mrpc_server *server, struct fault *fault) MRPC_MUST_USE;

#endif
