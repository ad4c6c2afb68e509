/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SERVICE_MANAGER_H
#define MLT_SERVICE_MANAGER_H

/** Tell systemd (or whoever set $NOTIFY_SOCKET) what state we are in, "READY=1". Nothing without it.
 *  Source: sd_notify(3), the datagram form. */
void service_manager_notify(const char *state);

#endif
