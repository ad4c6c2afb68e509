/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKER_BLAS_CORE_H
#define WORKER_BLAS_CORE_H

/** Name for OpenBLAS the kernels that this processor can run, by OPENBLAS_CORETYPE, unless that is set or OpenBLAS
 *  knows better. It reads the variable when it is loaded: call before the first plugin is.
 *  Thread: the only one there is. */
void blas_core_choose(void);

#endif
