/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin.h>

/* A plugin that needs something which nobody has. */
int nobody_has_this(void);

static int32_t init(const struct mltrainer_host *host, struct mltrainer_error *error)
{
    return nobody_has_this();
}

const struct mltrainer_plugin mltrainer_plugin_v1 = {.size = sizeof(struct mltrainer_plugin),
                                                     .abi_major = MLTRAINER_ABI_MAJOR,
                                                     .family = "undefined",
                                                     .version = "1.0.0",
                                                     .init = init};
