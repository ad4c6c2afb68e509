/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FUZZER_H
#define MLT_FUZZER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** What libFuzzer calls with each input, and replay.c with each file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** An invariant; not assert(), which NDEBUG removes. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
