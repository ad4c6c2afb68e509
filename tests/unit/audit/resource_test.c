/* SPDX-License-Identifier: Apache-2.0 */

/* What a request is about, read from its bytes; and bytes that are none. */

#include "audit/resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mltrainer/admin/v1/admin.mrpc.h>
#include <mltrainer/execution/v1/execution.mrpc.h>
#include <mltrainer/registry/v1/registry.mrpc.h>

#include "test.h"

static void expect(const struct mrpc_message_info *info, const char *bytes, size_t size, const char *what,
                   const char *whom)
{
    struct audit_entry entry = {0};
    resource_read(&entry, info, bytes, size);
    assert_string_equal(entry.what, what);
    assert_string_equal(entry.whom, whom);
}

#define EXPECT(info, bytes, what, whom) expect(&info, bytes, sizeof bytes - 1, what, whom)

static void fields_that_name_things_are_told(void **state)
{
    EXPECT(mltrainer__registry__v1__deregister_request__info, "\x0a\x0c\x0a\x02ns\x12\x03web\x1a\x01" "a",
           "namespace:ns,service:web,id:a", "");
    EXPECT(mltrainer__admin__v1__create_token_request__info, "\x0a\x03" "ada\x12\x06" "viewer", "", "ada");
    EXPECT(mltrainer__execution__v1__set_alias_request__info, "\x0a\x01m\x12\x04live\x18\x07", "name:m,alias:live", "");
    EXPECT(mltrainer__execution__v1__delete_dataset_request__info, "\x0a\x06p\xc3\xa9, \n", "dataset:p%C3%A9%2C%20%0A",
           "");
}

static void what_is_no_message_ends_it(void **state)
{
    const struct mrpc_message_info *info = &mltrainer__registry__v1__deregister_request__info;
    expect(info, "\xff\xff\xff", 3, "", "");
    expect(info, "\x0a\x7f\x0a\x02ns", 6, "", "");                       /* longer than there is */
    expect(info, "\x0a\x04\x0a\x02ns\x0a\x02", 8, "namespace:ns", "");   /* torn behind it */
    expect(info, "\x0b\x0a\x02ns\x0c", 6, "", "");                       /* a group */
    expect(info, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "", "");
    expect(info, "", 0, "", "");
}

static void it_ends_whatever_comes(void **state)
{
    const struct mrpc_message_info *info = &mltrainer__execution__v1__submit_job_request__info;
    struct audit_entry entry = {0};
    uint8_t bytes[512];
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(rand_r(&seed) % (round % 2 ? 256 : 20));
        entry.what[0] = '\0';
        resource_read(&entry, info, bytes, (size_t)rand_r(&seed) % sizeof bytes);
        assert_true(strlen(entry.what) < sizeof entry.what);
    }
}

static void long_values_are_cut(void **state)
{
    char bytes[2003] = "\x0a\xd0\x0f";
    memset(bytes + 3, ' ', 2000);
    struct audit_entry entry = {0};
    resource_read(&entry, &mltrainer__execution__v1__delete_dataset_request__info, bytes, sizeof bytes);
    assert_int_equal(strlen(entry.what), strlen("dataset:") + 3 * 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_name_things_are_told),
        cmocka_unit_test(what_is_no_message_ends_it),
        cmocka_unit_test(it_ends_whatever_comes),
        cmocka_unit_test(long_values_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
