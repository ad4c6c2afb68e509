/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

static const char small[] = "a,b\n1,x\n2,y\n";

static void keeps_what_it_acknowledged(void **state)
{
    struct fixture fixture;
    char name[160];
    fixture_open(&fixture, NULL);
    for (size_t step = 1; step < sizeof small; step++) {
        assert_int_equal(upload(&fixture, "small", small, sizeof small - 1, step, name), 0);
        assert_string_equal(name, "small@1"); /* the same bytes are the same version, however they are cut */
    }
    assert_int_equal(upload(&fixture, "small", "a\n1\n", 4, 4, name), 0);
    assert_string_equal(name, "small@2");
    fixture_crash(&fixture);
    API(PreviewDatasetRequest) request;
    INIT(preview_dataset_request, &request);
    request.dataset = "small@1";
    request.first_row = 1;
    const API(PreviewDatasetResponse) *response =
        RPC(preview_dataset)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->total_rows, 2);
    assert_int_equal(response->table->columns[0]->integers->values[0], 2);
    assert_string_equal(response->table->columns[1]->texts->values[0], "y");
    fixture_close(&fixture);
}

static void says_what_is_wrong_with_a_file(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    static const char ragged[] = "a,b\n1,2\n1,2,3\n";
    assert_int_equal(upload(&fixture, "bad", ragged, sizeof ragged - 1, 4, NULL), MRPC_INVALID_ARGUMENT);
    assert_string_equal(TEXT(&fixture), "line 3: 3 fields where the header has 2");
    char *wide = malloc(2000000);
    for (size_t i = 0; i < 1000000; i++)
        memcpy(wide + 2 * i, "1,", 2);
    assert_int_equal(upload(&fixture, "bad", wide, 2000000, 65536, NULL), MRPC_RESOURCE_EXHAUSTED);
    free(wide);
    assert_int_equal(upload(&fixture, "b d", small, sizeof small - 1, 100, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(upload(&fixture, "empty", "", 0, 1, NULL), MRPC_INVALID_ARGUMENT);
    API(ListDatasetsRequest) request;
    INIT(list_datasets_request, &request);
    const API(ListDatasetsResponse) *response = RPC(list_datasets)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->n_datasets, 0);
    fixture_close(&fixture);
}

static int files_left(const struct fixture *fixture, const char *pattern)
{
    char command[200];
    snprintf(command, sizeof command, "test -z \"$(find %s/data/datasets -type f -name '%s')\"", fixture->root,
             pattern);
    return system(command);
}

static void leaves_no_file_behind(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    assert_int_equal(upload(&fixture, "small", small, sizeof small - 1, 5, NULL), 0);
    static const char ragged[] = "a,b\n1\n";
    assert_int_equal(upload(&fixture, "bad", ragged, sizeof ragged - 1, 3, NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(files_left(&fixture, ".tmp-*"), 0);
    API(DeleteDatasetRequest) request;
    INIT(delete_dataset_request, &request);
    request.dataset = "small";
    const API(DeleteDatasetResponse) *response = RPC(delete_dataset)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->deleted_count, 1);
    assert_int_equal(files_left(&fixture, "*"), 0);
    assert_null(RPC(delete_dataset)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_acknowledged),
        cmocka_unit_test(says_what_is_wrong_with_a_file),
        cmocka_unit_test(leaves_no_file_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
