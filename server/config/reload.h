/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CONFIG_RELOAD_H
#define MLT_CONFIG_RELOAD_H

#include "config/config.h"

/** Read again while the server runs. @read is what all sources said at the start (or at the last reload), @fresh what
 *  they say now, @live what the server goes by: keys that say so in the table are taken over into @live and @read, the
 *  others stay until a restart, and are named each time. *@out gets a sentence that names every key that differs,
 *  free()d by the caller. Thread: one at a time; readers of @live go on. Errors: RESOURCE_EXHAUSTED. */
int config_reload(struct config *live, struct config *read, const struct config *fresh, char **out,
                  struct fault *fault) MRPC_MUST_USE;

#endif
