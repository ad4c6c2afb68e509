/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tabular.h"

static void read_inputs(struct call *call, const struct tabular *tabular)
{
    for (size_t i = 0; i < CALL_INPUTS_MAX && tabular->inputs[i] && !call->status; i++) {
        const char *name = tabular->inputs[i];
        if (name[0] == '@')
            name = call_text(call, name + 1);
        call->in[i] = call_column(call, name);
    }
    if (tabular->features)
        call_read_features(call);
}

static const void **add_column(struct call *call, const char *name, const char *format, int64_t buffers)
{
    struct ArrowSchema *schema = call_memory(call, 1, sizeof(*schema));
    struct ArrowArray *array = call_memory(call, 1, sizeof(*array));
    const void **memory = call_memory(call, (size_t)buffers, sizeof(*memory));

    if (call->status)
        return NULL;
    *schema = (struct ArrowSchema){.format = format, .name = name, .release = mltrainer_release_schema};
    *array = (struct ArrowArray){
        .length = call->rows_out, .n_buffers = buffers, .buffers = memory, .release = mltrainer_release_array};
    call->output->schema.children[call->output->schema.n_children++] = schema;
    call->output->array.children[call->output->array.n_children++] = array;
    return memory;
}

int32_t tabular_start(struct call *call, const struct tabular *tabular, int64_t rows)
{
    size_t count = 0;

    if (call->status)
        return call->status;
    while (count < CALL_OUTPUTS_MAX && tabular->outputs[count])
        count++;
    call->rows_out = rows;
    call->status = mltrainer_output_start(call->host, call->output, rows, count + 1, call->error);
    if (!call->status && tabular->label)
        add_column(call, tabular->label, "u", 3);
    for (size_t i = 0; i < count && !call->status; i++) {
        call->out[i] = call_numbers(call, rows);
        const void **buffers = add_column(call, tabular->outputs[i], "g", 2);
        if (buffers)
            buffers[1] = call->out[i];
    }
    return call->status;
}

int32_t tabular_label(struct call *call, const char *const *texts)
{
    const void **buffers = call->output->array.children[0]->buffers;
    int32_t *offsets = call_memory(call, (size_t)call->rows_out + 1, sizeof(*offsets));
    size_t bytes = 0;

    for (int64_t row = 0; row < call->rows_out; row++)
        bytes += strlen(texts[row]);
    if (bytes > INT32_MAX)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "the names take %zu bytes", bytes);
    char *text = call_memory(call, bytes + 1, 1);
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows_out; row++) {
        size_t length = strlen(texts[row]);
        memcpy(text + offsets[row], texts[row], length);
        offsets[row + 1] = offsets[row] + (int32_t)length;
    }
    buffers[1] = offsets;
    buffers[2] = text;
    return call->status;
}

int32_t tabular_compute(const struct tabular *tabular, const struct mltrainer_host *host,
                        const struct mltrainer_request *request, struct mltrainer_output *output,
                        struct mltrainer_error *error)
{
    struct call call = {.host = host, .request = request, .output = output, .error = error};

    if (!request->schema && (tabular->inputs[0] || tabular->features))
        return call_fail(&call, MLTRAINER_INVALID_DATA, "", "there is no table to compute from");
    call.rows = request->schema ? request->array->length : 0;
    read_inputs(&call, tabular);
    if (!call.status && call_step(&call, 0, 1))
        return call.status;
    if (!tabular->own_rows)
        tabular_start(&call, tabular, call.rows);
    if (call.status || tabular->fill(&call))
        return call.status;
    call_part(&call, 0, 1);
    call_step(&call, 1, 1);
    return call.status;
}
