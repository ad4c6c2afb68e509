/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fault/fault.h"
#include "test.h"
#include "utf8/utf8.h"

static char long_name[1024]; /* of characters of two bytes, behind @lead of one */

static const char *name_behind(size_t lead)
{
    memset(long_name, 'a', lead);
    for (size_t i = lead; i + 2 < sizeof long_name; i += 2)
        memcpy(long_name + i, "\xc3\xbc", 2);
    return long_name;
}

static void check(const struct fault *fault)
{
    assert_true(strlen(fault->text) > 0);
    assert_true(utf8_valid(fault->text, strlen(fault->text)));
    assert_true(utf8_valid(fault->field, strlen(fault->field)));
}

/* It goes into messages, whose strings are UTF-8 or are not sent. */
static void a_text_is_utf8_wherever_it_was_cut(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 2; lead++) {
        struct fault fault = FAULT_INIT;
        const char *name = name_behind(lead);
        fault_set(&fault, MRPC_NOT_FOUND, "%s", name);
        check(&fault);
        fault_field(&fault, name, "\"%.63s\" is not one", name);
        check(&fault);
        fault_retry(&fault, MRPC_UNAVAILABLE, 1, "%s", name);
        check(&fault);
        fault_set(&fault, MRPC_NOT_FOUND, "not there");
        fault_prefix(&fault, "column \"%s\"", name);
        check(&fault);
        fault_prefix(&fault, "%.*s", 200, name);
        check(&fault);
    }
}

static void a_prefix_stands_before_the_text(void **state)
{
    struct fault fault = FAULT_INIT;
    (void)state;
    assert_int_equal(fault_retry(&fault, MRPC_UNAVAILABLE, 20, "it is %s", "busy"), MRPC_UNAVAILABLE);
    assert_int_equal(fault_prefix(&fault, "disk %d", 3), MRPC_UNAVAILABLE);
    assert_string_equal(fault.text, "disk 3: it is busy");
    assert_int_equal(fault.retry_after_ms, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_utf8_wherever_it_was_cut),
        cmocka_unit_test(a_prefix_stands_before_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
