/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_PLUGIN_FILE_H
#define MLT_WORKER_PLUGIN_FILE_H

#include <mltrainer/plugin.h>

#include "fault/fault.h"
#include "worker/host.h"

/* Plugins as files. Loaded ones stay loaded: a worker that is to forget one is replaced. */

struct plugin_shelf;

struct plugin_shelf *plugin_shelf_new(void);

/** The plugin at @path, which must be a plain file directly in one of @folders (no links), and like its folder not
 *  writable by everybody and owned by root, by this process's user, or by whoever owns this program. Its init() runs on
 *  @host the first time. Errors: FAILED_PRECONDITION (file, ELF, symbol, ABI, init), RESOURCE_EXHAUSTED. */
int plugin_shelf_get(struct plugin_shelf *shelf, const char *const *folders, size_t folder_count, const char *path,
                     const struct mltrainer_host *host, const struct mltrainer_plugin **out, struct fault *fault);

/** The algorithm @id, or NULL. */
const struct mltrainer_algorithm *plugin_find_algorithm(const struct mltrainer_plugin *plugin, const char *id);

#endif
