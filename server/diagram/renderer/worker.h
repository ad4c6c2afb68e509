/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_WORKER_H
#define MLT_DIAGRAM_WORKER_H

/** Serve requests (message.h) on the socket @fd until it is closed. Returns the process's exit status. */
int worker_serve(int fd);

#endif
