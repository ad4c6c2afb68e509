/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_SERVER_RUN_H
#define MRPC_SERVER_RUN_H

struct mrpc_server;

/** Free acceptor and loops of a server that has stopped, or never started. */
void mrpc_run_fini(struct mrpc_server *server);

#endif
