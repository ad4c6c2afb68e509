/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HOST_H
#define REGISTRY_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* The registry under test, at an address that stays the same over its lives, with its store in a folder of its own. */

enum host_kind {
    HOST_IN_PROCESS, /* the service behind a server in this process; its store can be made to fail and to be slow */
    HOST_DAEMON,     /* mltrainerd, which is killed */
};

struct host;

/** Start it; fails the test otherwise. */
struct host *host_new(enum host_kind kind);
void host_free(struct host *host);
/** What a channel is opened to. */
const char *host_target(const struct host *host);
/** kill -9; in process, stop in order. Blocks. */
void host_stop(struct host *host);
void host_start(struct host *host);
/** HOST_IN_PROCESS: from now on every @one_in th group of batches fails whole (0: none), and each takes up to
 * @delay_us. Nothing of a group that fails is written. */
void host_fail_commits(struct host *host, unsigned one_in, unsigned delay_us);

#endif
