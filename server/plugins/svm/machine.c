/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <stdlib.h>

enum { ROWS_MAX = 100000 };

struct machine *machine_new(size_t vectors, size_t features)
{
    struct machine *machine = malloc(sizeof(*machine) + (vectors * (features + 1) + 1) * sizeof(double));

    if (machine)
        *machine = (struct machine){.vectors = vectors, .features = features};
    return machine;
}

void machine_check(struct call *call)
{
    if (!call->status && call->weights)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "support vector machines here take no weights of rows");
    if (!call->status && call->feature_count == 0)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "there are no features");
    if (!call->status && call->rows > ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d", (long long)call->rows, ROWS_MAX);
}

int32_t machine_apply(struct call *call, const void *state)
{
    const struct machine *machine = state;

    return gram_sum(call, &machine->kernel, machine->numbers + machine->vectors, machine->numbers, machine->vectors,
                    machine->constant, call->out[0]);
}

void machine_save(const void *state, struct artifact_writer *writer)
{
    const struct machine *machine = state;

    artifact_put_u32(writer, (uint32_t)machine->kernel.shape);
    artifact_put_double(writer, machine->kernel.factor);
    artifact_put_double(writer, machine->kernel.offset);
    artifact_put_double(writer, machine->kernel.power);
    artifact_put_double(writer, machine->constant);
    artifact_put_u64(writer, machine->vectors);
    artifact_put_doubles(writer, machine->numbers, machine->vectors * (machine->features + 1));
}

void *machine_restore(struct artifact_reader *reader, size_t feature_count)
{
    uint32_t shape = artifact_take_u32(reader);
    struct gram_kernel kernel = {.factor = artifact_take_double(reader)};
    kernel.offset = artifact_take_double(reader);
    kernel.power = artifact_take_double(reader);
    double constant = artifact_take_double(reader);
    size_t vectors = artifact_take_count(reader, (feature_count + 1) * sizeof(double));

    if (shape > GRAM_GAUSSIAN || kernel.factor < 0 || kernel.power < 0 || kernel.power > 100 || vectors > ROWS_MAX)
        return NULL;
    kernel.shape = (enum gram_shape)shape;
    struct machine *machine = machine_new(vectors, feature_count);
    if (!machine)
        return NULL;
    machine->kernel = kernel;
    machine->constant = constant;
    artifact_take_doubles(reader, machine->numbers, vectors * (feature_count + 1));
    return machine;
}
