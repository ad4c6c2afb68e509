/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "execution/inference/inference.h"

/* Columns to tensors, always raw: Triton's client reads nothing else. An absent number is NaN, any other absent value 0
 * or empty. */

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static bool is_absent(const struct table_column *column, size_t row)
{
    return column->validity && !(column->validity[row / 8] >> row % 8 & 1);
}

static const char *datatype_of(const struct table_column *column)
{
    static const struct {
        const char *format, *datatype;
    } known[] = {{"g", "FP64"},    {"f", "FP32"}, {"l", "INT64"}, {"i", "INT32"},
                 {"tdD", "INT32"}, {"b", "BOOL"}, {"u", "BYTES"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].format, column->format) == 0)
            return known[i].datatype;
    return "INT64"; /* timestamps */
}

/* Each text after its length in four bytes. */
static bool write_texts(const struct table_column *column, struct mrpc_arena *arena, ProtobufCBinaryData *out)
{
    size_t rows = (size_t)column->length;
    out->len = rows * sizeof(uint32_t) + (size_t)column->offsets[rows];
    uint8_t *at = out->data = mrpc_arena_alloc(arena, out->len + 1);
    for (size_t i = 0; at && i < rows; i++) {
        uint32_t bytes = (uint32_t)(column->offsets[i + 1] - column->offsets[i]);
        memcpy(at, &bytes, sizeof bytes);
        memcpy(at + sizeof bytes, (const char *)column->values + column->offsets[i], bytes);
        at += sizeof bytes + bytes;
    }
    return out->data != NULL;
}

static bool write_bools(const struct table_column *column, struct mrpc_arena *arena, ProtobufCBinaryData *out)
{
    out->len = (size_t)column->length;
    out->data = mrpc_arena_alloc(arena, out->len + 1);
    for (size_t i = 0; out->data && i < out->len; i++)
        out->data[i] = ((const uint8_t *)column->values)[i / 8] >> i % 8 & 1;
    return out->data != NULL;
}

static bool write_numbers(const struct table_column *column, struct mrpc_arena *arena, ProtobufCBinaryData *out)
{
    size_t rows = (size_t)column->length;
    out->len = column->values_bytes;
    out->data = mrpc_arena_alloc(arena, out->len + 1);
    if (!out->data)
        return false;
    if (rows)
        memcpy(out->data, column->values, out->len);
    if (column->format[0] == 'g')
        for (size_t i = 0; i < rows; i++)
            if (is_absent(column, i))
                memcpy(out->data + i * sizeof(double), &(double){NAN}, sizeof(double));
    return true;
}

static int add(const struct table_column *column, struct mrpc_arena *arena, OIP(ModelInferResponse) * response,
               struct fault *fault)
{
    OIP(ModelInferResponse__InferOutputTensor) *tensor =
        OIP_NEW(arena, ModelInferResponse__InferOutputTensor, model_infer_response__infer_output_tensor);
    int64_t *shape = mrpc_arena_alloc(arena, sizeof *shape);
    ProtobufCBinaryData *raw = &response->raw_output_contents[response->n_raw_output_contents];
    if (!tensor || !shape || !(tensor->name = mrpc_arena_strdup(arena, column->name)))
        return no_memory(fault);
    *shape = column->length;
    tensor->datatype = (char *)datatype_of(column);
    tensor->n_shape = 1;
    tensor->shape = shape;
    bool written = column->format[0] == 'u'   ? write_texts(column, arena, raw)
                   : column->format[0] == 'b' ? write_bools(column, arena, raw)
                                              : write_numbers(column, arena, raw);
    if (!written)
        return no_memory(fault);
    response->outputs[response->n_outputs++] = tensor;
    response->n_raw_output_contents++;
    return 0;
}

/* What goes before the predictions says what they belong to; a client of tensors knows the order of its rows. */
static bool is_own(const struct served *served, size_t index, const char *name)
{
    return !(index == 0 && strcmp(name, "row") == 0) && !(index == 1 && strcmp(name, served->time_column) == 0);
}

static int add_all(const struct served *served, struct mrpc_arena *arena, OIP(ModelInferResponse) * response,
                   struct fault *fault)
{
    int code = 0;
    for (size_t i = 0; !code && i < table_columns(&served->table->array); i++) {
        struct table_column column;
        table_column_view(&served->table->schema, &served->table->array, i, &column);
        if (is_own(served, i, column.name))
            code = add(&column, arena, response, fault);
    }
    return code;
}

static int add_named(const OIP(ModelInferRequest) * request, const struct served *served, struct mrpc_arena *arena,
                     OIP(ModelInferResponse) * response, struct fault *fault)
{
    int code = 0;
    for (size_t i = 0; !code && i < request->n_outputs; i++) {
        struct table_column column;
        int64_t index = table_find(&served->table->schema, request->outputs[i]->name);
        if (index < 0)
            return fault_field(fault, "outputs", "the model gives no \"%.64s\"", request->outputs[i]->name);
        table_column_view(&served->table->schema, &served->table->array, (size_t)index, &column);
        code = add(&column, arena, response, fault);
    }
    return code;
}

int inference_write(const OIP(ModelInferRequest) * request, const struct served *served, struct mrpc_arena *arena,
                    OIP(ModelInferResponse) * response, struct fault *fault)
{
    size_t most = request->n_outputs + table_columns(&served->table->array);
    response->outputs = mrpc_arena_calloc(arena, most, sizeof *response->outputs);
    response->raw_output_contents = mrpc_arena_calloc(arena, most, sizeof *response->raw_output_contents);
    response->model_name = request->model_name;
    response->model_version = mrpc_arena_printf(arena, "%u", served->version);
    response->id = request->id;
    if (!response->outputs || !response->raw_output_contents || !response->model_version)
        return no_memory(fault);
    return request->n_outputs ? add_named(request, served, arena, response, fault)
                              : add_all(served, arena, response, fault);
}
