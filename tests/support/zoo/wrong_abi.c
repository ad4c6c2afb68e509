/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin.h>

/* A plugin of a version that does not exist. */
const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin), .abi_major = 9, .family = "wrong_abi", .version = "1.0.0"};
