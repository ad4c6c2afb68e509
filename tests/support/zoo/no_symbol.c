/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that is no plugin. */
__attribute__((visibility("default"))) extern const int mltrainer_plugin_v2;
const int mltrainer_plugin_v2 = 2;
