/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_FAMILY_H
#define PLUGIN_SUPPORT_FAMILY_H

#include <mltrainer/plugin.h>

/** The one symbol of a plugin: family @id, whose algorithms are the array @list of pointers. To give besides:
 *  .description, a sentence; .licence, an SPDX expression of what is linked, this project's being Apache-2.0; .engine,
 *  what does the work. */
#define FAMILY(id, list, ...)                                                                                          \
    const struct mltrainer_plugin mltrainer_plugin_v1 = {.size = sizeof(struct mltrainer_plugin),                      \
                                                         .abi_major = MLTRAINER_ABI_MAJOR,                             \
                                                         .abi_minor = MLTRAINER_ABI_MINOR,                             \
                                                         .family = id,                                                 \
                                                         .version = "1.0.0",                                           \
                                                         .algorithm_count = sizeof(list) / sizeof((list)[0]),          \
                                                         .algorithms = list,                                           \
                                                         __VA_ARGS__}

#endif
