/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/blas_core.h"

#include <stdlib.h>

/* OpenBLAS looks a processor's model up in a list. Intel's that are younger than the library are not in it, and some of
 * them get the kernels of 2004 (0.3.21, Debian 12's, on Granite Rapids: a fifth of the speed). What a processor can is
 * known without a list. Others' models are left to OpenBLAS. */
static const char *best_core(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_is("intel"))
        return NULL;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "Haswell";
#endif
    return NULL;
}

void blas_core_choose(void)
{
    const char *core = best_core();

    if (core)
        (void)setenv("OPENBLAS_CORETYPE", core, 0);
}
