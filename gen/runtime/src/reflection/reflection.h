/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_REFLECTION_REFLECTION_H
#define MRPC_REFLECTION_REFLECTION_H

struct mrpc_reflection;
struct mrpc_server;

/** Index the files of the server's services, once no more can be added. Nothing to do when reflection is off.
 *  Errors: MRPC_ERR_NOMEM. */
int mrpc_reflection_build(struct mrpc_server *server);
void mrpc_reflection_free(struct mrpc_reflection *reflection);

#endif
