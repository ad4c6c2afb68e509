/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "execution/inference/inference.h"
#include "test.h"

/* Tensors as a client might send them, against a model with the inputs "a" and "b". */

struct world {
    struct mrpc_arena *arena;
    API(Artifact) artifact;
    OIP(ModelInferRequest) request;
    OIP(ModelInferRequest__InferInputTensor) tensors[2];
    OIP(ModelInferRequest__InferInputTensor) * list[2];
    OIP(InferTensorContents) contents[2];
    ProtobufCBinaryData raw[2];
    int64_t shapes[2][2];
    API(DataReference) * data;
    struct fault fault;
};

static char *features[] = {"a", "b"};

static void set_up(struct world *world, size_t inputs)
{
    *world = (struct world){.arena = mrpc_arena_new(0)};
    mltrainer__execution__v1__artifact__init(&world->artifact);
    world->artifact.n_features = 2;
    world->artifact.features = features;
    inference__model_infer_request__init(&world->request);
    world->request.n_inputs = inputs;
    world->request.inputs = world->list;
    world->request.raw_input_contents = world->raw;
    for (size_t i = 0; i < 2; i++) {
        inference__model_infer_request__infer_input_tensor__init(&world->tensors[i]);
        inference__infer_tensor_contents__init(&world->contents[i]);
        world->tensors[i].name = features[i];
        world->tensors[i].shape = world->shapes[i];
        world->list[i] = &world->tensors[i];
    }
}

static void give_raw(struct world *world, size_t index, const char *datatype, int64_t rows, const void *bytes,
                     size_t size)
{
    world->tensors[index].datatype = (char *)datatype;
    world->tensors[index].n_shape = 1;
    world->shapes[index][0] = rows;
    world->raw[index] = (ProtobufCBinaryData){.data = (uint8_t *)bytes, .len = size};
    world->request.n_raw_input_contents = world->request.n_inputs;
}

static int read_request(struct world *world)
{
    world->fault = (struct fault)FAULT_INIT;
    return inference_read(&world->request, &world->artifact, world->arena, &world->data, &world->fault);
}

static void refused(struct world *world, const char *field, const char *text)
{
    assert_int_equal(read_request(world), MRPC_INVALID_ARGUMENT);
    assert_string_equal(world->fault.field, field);
    if (!strstr(world->fault.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, world->fault.text);
}

static void each_datatype_is_read(void **state)
{
    static const struct {
        const char *datatype;
        const void *bytes;
        size_t size;
        double expected;
    } cases[] = {
        {"BOOL", "\1", 1, 1},
        {"INT8", "\xfe", 1, -2},
        {"INT16", "\xfe\xff", 2, -2},
        {"INT32", "\xfe\xff\xff\xff", 4, -2},
        {"UINT8", "\xfe", 1, 254},
        {"UINT16", "\xfe\xff", 2, 65534},
        {"UINT32", "\xfe\xff\xff\xff", 4, 4294967294.0},
        {"UINT64", "\0\0\0\0\1\0\0\0", 8, 4294967296.0},
        {"FP32", "\0\0\xc0\x3f", 4, 1.5},
        {"FP64", "\0\0\0\0\0\0\xf8\x3f", 8, 1.5},
    };
    struct world world;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(&world, 1);
        give_raw(&world, 0, cases[i].datatype, 1, cases[i].bytes, cases[i].size);
        assert_int_equal(read_request(&world), 0);
        assert_int_equal(world.data->table->n_columns, 1);
        assert_string_equal(world.data->table->columns[0]->name, "a");
        assert_true(world.data->table->columns[0]->doubles->values[0] == cases[i].expected);
        give_raw(&world, 0, cases[i].datatype, 1, cases[i].bytes, cases[i].size - 1);
        refused(&world, "inputs[0]", "its shape says 1 x 1");
        mrpc_arena_free(world.arena);
    }
}

static void whole_numbers_and_texts_stay_what_they_are(void **state)
{
    struct world world;
    set_up(&world, 2);
    give_raw(&world, 0, "INT64", 1, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
    give_raw(&world, 1, "BYTES", 1, "\2\0\0\0hi", 6);
    assert_int_equal(read_request(&world), 0);
    assert_true(world.data->table->columns[0]->integers->values[0] == INT64_MAX);
    assert_string_equal(world.data->table->columns[1]->texts->values[0], "hi");
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } broken[] = {
        {"\2\0\0\0h", 5, "holds 0"},          {"\2\0\0", 3, "holds 0"},
        {"\2\0\0\0hix", 7, "holds 2"},        {"\xff\xff\xff\xffhi", 6, "holds 0"},
        {"\2\0\0\0h\0", 6, "without NUL"},    {"\2\0\0\0\xc3\x28", 6, "UTF-8"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        give_raw(&world, 1, "BYTES", 1, broken[i].bytes, broken[i].size);
        refused(&world, "inputs[1]", broken[i].text);
    }
    mrpc_arena_free(world.arena);
}

static void matrix_is_split_by_the_models_inputs(void **state)
{
    static const float values[6] = {1, 2, 3, 4, 5, 6};
    struct world world;
    set_up(&world, 1);
    give_raw(&world, 0, "FP32", 3, values, sizeof values);
    world.tensors[0].name = "anything";
    world.tensors[0].n_shape = 2;
    world.shapes[0][1] = 2;
    assert_int_equal(read_request(&world), 0);
    assert_int_equal(world.data->table->n_columns, 2);
    assert_string_equal(world.data->table->columns[1]->name, "b");
    assert_true(world.data->table->columns[0]->doubles->values[2] == 5);
    assert_true(world.data->table->columns[1]->doubles->values[2] == 6);
    world.shapes[0][0] = 2;
    world.shapes[0][1] = 3;
    refused(&world, "inputs[0]", "3 columns are not the model's 2 inputs");
    world.tensors[0].name = "a";
    refused(&world, "inputs[0]", "3 columns, where one is wanted");
    mrpc_arena_free(world.arena);
}

static void typed_contents_are_counted(void **state)
{
    double values[] = {1, 2};
    struct world world;
    set_up(&world, 1);
    world.tensors[0].datatype = "FP64";
    world.tensors[0].n_shape = 1;
    world.shapes[0][0] = 2;
    refused(&world, "inputs[0]", "holds 0"); /* no contents at all */
    world.tensors[0].contents = &world.contents[0];
    world.contents[0].fp64_contents = values;
    world.contents[0].n_fp64_contents = 2;
    assert_int_equal(read_request(&world), 0);
    assert_true(world.data->table->columns[0]->doubles->values[1] == 2);
    world.tensors[0].datatype = "INT32"; /* the list of another type */
    refused(&world, "inputs[0]", "holds 0");
    mrpc_arena_free(world.arena);
}

static void shapes_have_limits(void **state)
{
    struct world world;
    set_up(&world, 1);
    give_raw(&world, 0, "FP64", -1, "", 0);
    refused(&world, "inputs[0]", "a dimension of -1");
    give_raw(&world, 0, "FP64", INT64_MAX, "", 0);
    refused(&world, "inputs[0]", "a dimension of");
    give_raw(&world, 0, "FP64", 4194304, "", 0);
    world.tensors[0].n_shape = 2;
    world.shapes[0][1] = 4194304;
    refused(&world, "inputs[0]", "too many");
    world.tensors[0].n_shape = 0;
    refused(&world, "inputs[0]", "0 dimensions");
    give_raw(&world, 0, "FP128", 0, "", 0);
    refused(&world, "inputs[0]", "FP128");
    world.request.n_raw_input_contents = 2;
    refused(&world, "raw_input_contents", "2 for 1");
    world.request.n_inputs = 0;
    refused(&world, "inputs", "0, not 1 to");
    mrpc_arena_free(world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_datatype_is_read),
        cmocka_unit_test(whole_numbers_and_texts_stay_what_they_are),
        cmocka_unit_test(matrix_is_split_by_the_models_inputs),
        cmocka_unit_test(typed_contents_are_counted),
        cmocka_unit_test(shapes_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
