/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SERVICE_MANAGER_H
#define MLT_SERVICE_MANAGER_H

#include <stdint.h>

/* systemd's side of a service, without its library: two small protocols that are stable by promise. */

/** Tell systemd (or whoever set $NOTIFY_SOCKET) what state we are in, "READY=1". Nothing without it.
 *  Source: sd_notify(3), the datagram form. */
void service_manager_notify(const char *state);

/** The server begins anew in its process; READY=1 follows. Source: sd_notify(3), "RELOADING=1". */
void service_manager_reloading(void);

/** How often WATCHDOG=1 is to be said, half of what systemd waits; 0: never.
 *  Source: sd_watchdog_enabled(3). */
int64_t service_manager_watchdog_ms(void);

/** Listening sockets that we were started with: how many there are from descriptor SERVICE_MANAGER_FIRST_FD on; they
 *  are closed on exec from now on, and the environment forgets them. 0 when they are not meant for us.
 *  Source: sd_listen_fds(3). */
unsigned service_manager_sockets(void);

enum { SERVICE_MANAGER_FIRST_FD = 3 };

#endif
