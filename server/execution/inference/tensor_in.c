/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "execution/field_path.h"
#include "execution/inference/inference.h"
#include "utf8/utf8.h"

/* Tensors to columns. Elements come raw, little endian and row by row, or in typed lists; whole numbers of 64 bits stay
 * what they are, all other numbers become doubles. */

enum { INPUTS_MAX = 4096, ELEMENTS_MAX = 4 * 1024 * 1024 };

typedef double to_number(const uint8_t *at);

#define READER(name, type)                                                                                             \
    static double read_##name(const uint8_t *at)                                                                       \
    {                                                                                                                  \
        type value;                                                                                                    \
        memcpy(&value, at, sizeof value);                                                                              \
        return (double)value;                                                                                          \
    }
READER(int8, int8_t)
READER(int16, int16_t)
READER(int32, int32_t)
READER(int64, int64_t)
READER(uint8, uint8_t)
READER(uint16, uint16_t)
READER(uint32, uint32_t)
READER(uint64, uint64_t)
READER(float, float)
READER(double, double)

#define LIST(member, ctype)                                                                                            \
    offsetof(OIP(InferTensorContents), n_##member), offsetof(OIP(InferTensorContents), member), sizeof(ctype)

static const struct datatype {
    const char *name;
    size_t bytes; /* of a raw element; 0: text */
    to_number *read;
    size_t list_count, list, list_bytes; /* in InferTensorContents */
    to_number *read_list;
} datatypes[] = {
    {"BOOL", 1, read_uint8, LIST(bool_contents, protobuf_c_boolean), read_int32},
    {"INT8", 1, read_int8, LIST(int_contents, int32_t), read_int32},
    {"INT16", 2, read_int16, LIST(int_contents, int32_t), read_int32},
    {"INT32", 4, read_int32, LIST(int_contents, int32_t), read_int32},
    {"INT64", 8, read_int64, LIST(int64_contents, int64_t), read_int64},
    {"UINT8", 1, read_uint8, LIST(uint_contents, uint32_t), read_uint32},
    {"UINT16", 2, read_uint16, LIST(uint_contents, uint32_t), read_uint32},
    {"UINT32", 4, read_uint32, LIST(uint_contents, uint32_t), read_uint32},
    {"UINT64", 8, read_uint64, LIST(uint64_contents, uint64_t), read_uint64},
    {"FP32", 4, read_float, LIST(fp32_contents, float), read_float},
    {"FP64", 8, read_double, LIST(fp64_contents, double), read_double},
    {"BYTES", 0, NULL, LIST(bytes_contents, ProtobufCBinaryData), NULL},
};

struct tensor {
    const OIP(ModelInferRequest__InferInputTensor) * message;
    const struct datatype *type;
    size_t rows, columns;
    const uint8_t *elements; /* raw, or a typed list */
    size_t element_bytes;
    to_number *read;
    char **texts; /* of BYTES */
    char field[FIELD_PATH_BYTES];
};

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int read_shape(struct tensor *tensor, struct fault *fault)
{
    const OIP(ModelInferRequest__InferInputTensor) *message = tensor->message;
    if (message->n_shape < 1 || message->n_shape > 2)
        return fault_field(fault, tensor->field,
                           "a shape of [rows] or [rows, columns] is wanted, not of %zu dimensions", message->n_shape);
    for (size_t i = 0; i < message->n_shape; i++)
        if (message->shape[i] < 0 || message->shape[i] > ELEMENTS_MAX)
            return fault_field(fault, tensor->field, "a dimension of %lld", (long long)message->shape[i]);
    tensor->rows = (size_t)message->shape[0];
    tensor->columns = message->n_shape == 2 ? (size_t)message->shape[1] : 1;
    if (tensor->rows * tensor->columns > ELEMENTS_MAX || tensor->columns < 1 || tensor->columns > INPUTS_MAX)
        return fault_field(fault, tensor->field, "%zu x %zu elements are too many, or none", tensor->rows,
                           tensor->columns);
    return 0;
}

static int wrong_count(const struct tensor *tensor, size_t count, struct fault *fault)
{
    return fault_field(fault, tensor->field, "holds %zu, its shape says %zu x %zu", count, tensor->rows,
                       tensor->columns);
}

static int keep_text(struct tensor *tensor, size_t index, const uint8_t *text, size_t bytes, struct mrpc_arena *arena,
                     struct fault *fault)
{
    if (memchr(text, 0, bytes) || !utf8_valid((const char *)text, bytes))
        return fault_field(fault, tensor->field, "element %zu is not UTF-8 without NUL", index);
    char *copy = mrpc_arena_alloc(arena, bytes + 1);
    if (!copy)
        return no_memory(fault);
    memcpy(copy, text, bytes);
    copy[bytes] = 0;
    tensor->texts[index] = copy;
    return 0;
}

/* Each text after its length in four bytes. */
static int read_raw_texts(struct tensor *tensor, const ProtobufCBinaryData *raw, struct mrpc_arena *arena,
                          struct fault *fault)
{
    size_t at = 0, count = tensor->rows * tensor->columns;
    for (size_t i = 0; i < count; i++) {
        uint32_t bytes = 0;
        if (raw->len - at < sizeof bytes)
            return wrong_count(tensor, i, fault);
        memcpy(&bytes, raw->data + at, sizeof bytes);
        at += sizeof bytes;
        if (raw->len - at < bytes)
            return wrong_count(tensor, i, fault);
        int code = keep_text(tensor, i, raw->data + at, bytes, arena, fault);
        if (code)
            return code;
        at += bytes;
    }
    return at == raw->len ? 0 : wrong_count(tensor, count + 1, fault);
}

static int read_listed_texts(struct tensor *tensor, struct mrpc_arena *arena, struct fault *fault)
{
    const OIP(InferTensorContents) *contents = tensor->message->contents;
    int code = 0;
    for (size_t i = 0; !code && i < contents->n_bytes_contents; i++)
        code = keep_text(tensor, i, contents->bytes_contents[i].data, contents->bytes_contents[i].len, arena, fault);
    return code;
}

/* Where the elements are. */
static int find_elements(struct tensor *tensor, const ProtobufCBinaryData *raw, struct mrpc_arena *arena,
                         struct fault *fault)
{
    const struct datatype *type = tensor->type;
    const char *contents = (const char *)tensor->message->contents;
    size_t count = tensor->rows * tensor->columns;
    if (!type->bytes && !(tensor->texts = mrpc_arena_calloc(arena, count + 1, sizeof *tensor->texts)))
        return no_memory(fault);
    if (raw && !type->bytes)
        return read_raw_texts(tensor, raw, arena, fault);
    if (raw) {
        tensor->elements = raw->data;
        tensor->element_bytes = type->bytes;
        tensor->read = type->read;
        return raw->len == count * type->bytes ? 0 : wrong_count(tensor, raw->len / type->bytes, fault);
    }
    size_t listed = contents ? *(const size_t *)(contents + type->list_count) : 0;
    if (listed != count)
        return wrong_count(tensor, listed, fault);
    if (!type->bytes)
        return count ? read_listed_texts(tensor, arena, fault) : 0;
    tensor->elements = count ? *(uint8_t *const *)(contents + type->list) : NULL;
    tensor->element_bytes = type->list_bytes;
    tensor->read = type->read_list;
    return 0;
}

static int open_tensor(const OIP(ModelInferRequest) * request, size_t index, struct mrpc_arena *arena,
                       struct tensor *tensor, struct fault *fault)
{
    *tensor = (struct tensor){.message = request->inputs[index]};
    field_path(tensor->field, "inputs[%zu]", index);
    for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++)
        if (strcmp(datatypes[i].name, tensor->message->datatype) == 0)
            tensor->type = &datatypes[i];
    if (!tensor->type)
        return fault_field(fault, tensor->field, "datatype \"%.32s\" is not known", tensor->message->datatype);
    int code = read_shape(tensor, fault);
    return code ? code
                : find_elements(tensor, request->n_raw_input_contents ? &request->raw_input_contents[index] : NULL,
                                arena, fault);
}

/* ---- To columns ---- */

static bool fill_doubles(const struct tensor *tensor, size_t column, struct mrpc_arena *arena, API(Column) * out)
{
    API(DoubleValues) *doubles = API_NEW(arena, DoubleValues, double_values);
    double *values = mrpc_arena_calloc(arena, tensor->rows + 1, sizeof *values);
    if (!doubles || !values)
        return false;
    for (size_t i = 0; i < tensor->rows; i++)
        values[i] = tensor->read(tensor->elements + (i * tensor->columns + column) * tensor->element_bytes);
    doubles->n_values = tensor->rows;
    doubles->values = values;
    out->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    out->doubles = doubles;
    return true;
}

static bool fill_integers(const struct tensor *tensor, size_t column, struct mrpc_arena *arena, API(Column) * out)
{
    API(IntegerValues) *integers = API_NEW(arena, IntegerValues, integer_values);
    int64_t *values = mrpc_arena_calloc(arena, tensor->rows + 1, sizeof *values);
    if (!integers || !values)
        return false;
    for (size_t i = 0; i < tensor->rows; i++)
        memcpy(&values[i], tensor->elements + (i * tensor->columns + column) * sizeof *values, sizeof *values);
    integers->n_values = tensor->rows;
    integers->values = values;
    out->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS;
    out->integers = integers;
    return true;
}

static bool fill_texts(const struct tensor *tensor, size_t column, struct mrpc_arena *arena, API(Column) * out)
{
    API(TextValues) *texts = API_NEW(arena, TextValues, text_values);
    char **values = mrpc_arena_calloc(arena, tensor->rows + 1, sizeof *values);
    if (!texts || !values)
        return false;
    for (size_t i = 0; i < tensor->rows; i++)
        values[i] = tensor->texts[i * tensor->columns + column];
    texts->n_values = tensor->rows;
    texts->values = values;
    out->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS;
    out->texts = texts;
    return true;
}

static int add_column(const struct tensor *tensor, size_t column, const char *name, struct mrpc_arena *arena,
                      API(Table) * table, struct fault *fault)
{
    API(Column) *out = API_NEW(arena, Column, column);
    if (!out || !(out->name = mrpc_arena_strdup(arena, name)))
        return no_memory(fault);
    table->columns[table->n_columns++] = out;
    bool done = !tensor->type->bytes                            ? fill_texts(tensor, column, arena, out)
                : strcmp(tensor->type->name, "INT64") == 0 ? fill_integers(tensor, column, arena, out)
                                                                : fill_doubles(tensor, column, arena, out);
    return done ? 0 : no_memory(fault);
}

static bool is_input(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A single tensor that is not one of the inputs holds all of them. */
static int read_matrix(const struct tensor *tensor, const char *const *names, size_t count, struct mrpc_arena *arena,
                       API(Table) * table, struct fault *fault)
{
    if (tensor->columns != count)
        return fault_field(fault, tensor->field,
                           "\"%.64s\" is no input, and %zu columns are not the model's %zu inputs",
                           tensor->message->name, tensor->columns, count);
    int code = 0;
    for (size_t i = 0; !code && i < count; i++)
        code = add_column(tensor, i, names[i], arena, table, fault);
    return code;
}

static int read_tensors(const OIP(ModelInferRequest) * request, const char *const *names, size_t count,
                        struct mrpc_arena *arena, API(Table) * table, struct fault *fault)
{
    bool one = request->n_inputs == 1;
    int code = 0;
    for (size_t i = 0; !code && i < request->n_inputs; i++) {
        struct tensor tensor;
        code = open_tensor(request, i, arena, &tensor, fault);
        if (!code && one && !is_input(tensor.message->name, names, count))
            return read_matrix(&tensor, names, count, arena, table, fault);
        if (!code && tensor.columns != 1)
            code = fault_field(fault, tensor.field, "%zu columns, where one is wanted", tensor.columns);
        if (!code)
            code = add_column(&tensor, 0, tensor.message->name, arena, table, fault);
    }
    return code;
}

int inference_read(const OIP(ModelInferRequest) * request, const API(Artifact) * artifact, struct mrpc_arena *arena,
                   API(DataReference) * *out, struct fault *fault)
{
    const char *names[INPUTS_MAX];
    size_t count = inference_inputs(artifact, names, INPUTS_MAX),
           most = count > request->n_inputs ? count : request->n_inputs;
    if (!request->n_inputs || request->n_inputs > INPUTS_MAX)
        return fault_field(fault, "inputs", "%zu, not 1 to %d", request->n_inputs, INPUTS_MAX);
    if (request->n_raw_input_contents && request->n_raw_input_contents != request->n_inputs)
        return fault_field(fault, "raw_input_contents", "%zu for %zu inputs", request->n_raw_input_contents,
                           request->n_inputs);
    API(DataReference) *data = API_NEW(arena, DataReference, data_reference);
    API(Table) *table = API_NEW(arena, Table, table);
    if (!data || !table || !(table->columns = mrpc_arena_calloc(arena, most + 1, sizeof *table->columns)))
        return no_memory(fault);
    data->data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data->table = table;
    int code = read_tensors(request, names, count, arena, table, fault);
    if (!code)
        *out = data;
    return code;
}
