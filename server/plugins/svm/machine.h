/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SVM_MACHINE_H
#define SVM_MACHINE_H

#include "gram/gram.h"
#include "support/learner.h"

/* What every algorithm here learns: y(x) = constant + sum of coefficient k(x, vector). A linear machine is one
 * vector. */
struct machine {
    struct gram_kernel kernel;
    size_t vectors, features;
    double constant;
    double numbers[]; /* a coefficient a vector, then the vectors feature after feature */
};

/** NULL when out of memory. */
struct machine *machine_new(size_t vectors, size_t features);
static inline double *machine_columns(struct machine *machine)
{
    return machine->numbers + machine->vectors;
}

/** Neither library knows weights of rows: INVALID_DATA where there are some. Also at most 100,000 rows. */
void machine_check(struct call *call);

int32_t machine_apply(struct call *call, const void *state);
void machine_save(const void *state, struct artifact_writer *writer);
void *machine_restore(struct artifact_reader *reader, size_t feature_count);

#endif
