/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <sys/types.h>

/* A real mltrainerd in a folder of its own, at a unix socket in it: the same address after a restart. */
struct server_process {
    char folder[64];
    char target[96];  /* "unix:FOLDER/socket" */
    pid_t pid;
};

/** Make the folder, start, and wait until it is ready. Fails the test otherwise. */
void server_process_begin(struct server_process *server);
/** SIGTERM, and exit code 0; then the folder goes. */
void server_process_end(struct server_process *server);

void server_process_start(struct server_process *server);
/** kill -9. */
void server_process_kill(struct server_process *server);

#endif
