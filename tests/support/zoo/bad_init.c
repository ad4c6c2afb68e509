/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin_parameters.h>

/* A plugin that refuses to start. */
static int32_t init(const struct mltrainer_host *host, struct mltrainer_error *error)
{
    return mltrainer_fail(error, MLTRAINER_INTERNAL, "", "the moon is in the wrong phase");
}

const struct mltrainer_plugin mltrainer_plugin_v1 = {.size = sizeof(struct mltrainer_plugin),
                                                     .abi_major = MLTRAINER_ABI_MAJOR,
                                                     .family = "bad_init",
                                                     .version = "1.0.0",
                                                     .init = init};
