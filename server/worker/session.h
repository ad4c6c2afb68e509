/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_SESSION_H
#define MLT_WORKER_SESSION_H

/** Serve the server that started this process: setup, then task after task, until its end of the socket closes.
 *  @server_pid: who that must be. Returns the exit status. */
int session_run(int server_pid);

#endif
