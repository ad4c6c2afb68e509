/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>
#include <mrpc/status.h>

static void names_are_those_of_the_specification(void **state)
{
    assert_string_equal(mrpc_code_name(0), "OK");
    assert_string_equal(mrpc_code_name(5), "NOT_FOUND");
    assert_string_equal(mrpc_code_name(16), "UNAUTHENTICATED");
    assert_string_equal(mrpc_code_name(17), "UNKNOWN");
    assert_string_equal(mrpc_code_name(-1), "UNKNOWN");
}

static void setting_a_status_again_may_quote_the_old_message(void **state)
{
    struct mrpc_status status = MRPC_STATUS_INIT;
    assert_int_equal(mrpc_status_set(&status, MRPC_NOT_FOUND, "no %s", "job"), MRPC_NOT_FOUND);
    status.details = malloc(3);
    status.details_bytes = 3;
    mrpc_status_set(&status, MRPC_ABORTED, "while asking: %s", status.message);
    assert_int_equal(status.code, MRPC_ABORTED);
    assert_string_equal(status.message, "while asking: no job");
    assert_null(status.details);
    mrpc_status_set(&status, MRPC_OK, "%s", "");
    assert_null(status.message);
    mrpc_status_fini(&status);
}

static void every_error_has_a_text_of_its_own(void **state)
{
    for (int a = MRPC_ERR_VERSION; a <= 0; a++) {
        assert_string_not_equal(mrpc_error_text(a), "unknown error");
        for (int b = a + 1; b <= 0; b++)
            assert_string_not_equal(mrpc_error_text(a), mrpc_error_text(b));
    }
    assert_string_equal(mrpc_error_text(1), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_specification),
        cmocka_unit_test(setting_a_status_again_may_quote_the_old_message),
        cmocka_unit_test(every_error_has_a_text_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
