/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include <mltrainer/plugin.h>

/* A plugin that crashes while it is loaded. */
__attribute__((constructor)) static void crash(void)
{
    abort();
}

const struct mltrainer_plugin mltrainer_plugin_v1 = {.size = sizeof(struct mltrainer_plugin)};
