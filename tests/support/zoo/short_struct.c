/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin.h>

/* A plugin that says it is shorter than version 1.0 was. */
const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = 16, .abi_major = MLTRAINER_ABI_MAJOR, .family = "short", .version = "1.0.0"};
