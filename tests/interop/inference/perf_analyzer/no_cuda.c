/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

/* What perf_analyzer is linked to of CUDA's run time, for machines without one. Only tensors in the memory of a GPU
 * would call it. */
#define NEVER_CALLED(name)                                                                                             \
    void name(void);                                                                                                   \
    void name(void)                                                                                                    \
    {                                                                                                                  \
        abort();                                                                                                       \
    }

NEVER_CALLED(cudaFree)
NEVER_CALLED(cudaGetErrorName)
NEVER_CALLED(cudaGetErrorString)
NEVER_CALLED(cudaIpcGetMemHandle)
NEVER_CALLED(cudaMalloc)
NEVER_CALLED(cudaMemcpy)
NEVER_CALLED(cudaSetDevice)
