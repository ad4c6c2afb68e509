// SPDX-License-Identifier: Apache-2.0
// The plugin ABI as a C++ plugin sees it: it compiles, and the sizes of version 1.0 are what they were.
#include <mltrainer/plugin_table.h>

static_assert(sizeof(mltrainer_plugin) == 88, "frozen in 1.0");
static_assert(sizeof(mltrainer_algorithm) == 88, "frozen in 1.0");
static_assert(sizeof(mltrainer_host) == 96, "frozen in 1.0");
static_assert(sizeof(mltrainer_request) == 80, "frozen in 1.0");
static_assert(sizeof(mltrainer_parameter) == 64, "frozen in 1.0");
static_assert(sizeof(mltrainer_output) == 160, "frozen in 1.0");
static_assert(sizeof(mltrainer_error) == 512, "frozen in 1.0");
static_assert(sizeof(ArrowSchema) == 72 && sizeof(ArrowArray) == 80, "frozen by Arrow");
static_assert(offsetof(mltrainer_algorithm, trainable) == 32, "frozen in 1.0");

static int32_t nothing(const mltrainer_host *, mltrainer_error *error)
{
    return mltrainer_fail(error, MLTRAINER_INTERNAL, "", "%s", "no");
}

const mltrainer_plugin mltrainer_plugin_v1 = {sizeof(mltrainer_plugin), MLTRAINER_ABI_MAJOR, MLTRAINER_ABI_MINOR, "cxx",
                                              "1.0.0", "", "", "", nothing, nullptr, 0, nullptr, nullptr};
