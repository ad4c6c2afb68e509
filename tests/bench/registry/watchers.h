/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCHERS_H
#define REGISTRY_WATCHERS_H

#include "load.h"

/* Many watches of one service, and what they are told. A watch that ends, or tells something twice, ends the program.
 */

struct watchers {
    const struct load_settings *settings;
    struct mrpc_loop *loop;
    /** A change came to one watcher. On the loop. */
    void (*changed)(void *arg, const PB(Change) * change, int64_t revision);
    void *arg;
    size_t complete; /* watches whose snapshot is whole */
    size_t count;
    struct mrpc_channel **channels;
    struct watcher *all;
};

void watchers_init(struct watchers *watchers, const struct load_settings *settings, struct mrpc_loop *loop);
/** Bring every connection to @streams watches, and wait for what holds. */
void watchers_grow(struct watchers *watchers, int streams);
void watchers_fini(struct watchers *watchers);

#endif
