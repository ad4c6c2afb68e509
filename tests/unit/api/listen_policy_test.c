/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/listen_policy.h"
#include "test.h"

static void loopback_in_every_spelling_is_local(void **state)
{
    const char *const local[] = {"127.0.0.1:0",   "127.1.2.3:80",           "[::1]:50051", "localhost:1", "unix:/run/x",
                                 "unix-abstract:x", "[::ffff:127.0.0.1]:80", "fd:3"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (!listen_is_local(local[i]))
            fail_msg("%s is local", local[i]);
}

/* A06 */
static void A06_everything_else_is_refused_without_tls_and_authentication(void **state)
{
    const char *const open[] = {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "host.example:80", "[::ffff:0.0.0.0]:80",
                                "128.0.0.1:80", "127.0.0.1.example:80", "localhost.example:80", ":80", "0:80"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        struct fault fault = FAULT_INIT;
        assert_int_equal(listen_check(open[i], false, false, false, &fault), MRPC_INVALID_ARGUMENT);
        assert_non_null(strstr(fault.text, open[i]));
        assert_int_equal(listen_check(open[i], true, false, false, NULL), MRPC_INVALID_ARGUMENT);
        assert_int_equal(listen_check(open[i], true, true, false, NULL), 0);
        assert_int_equal(listen_check(open[i], false, false, true, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_in_every_spelling_is_local),
        cmocka_unit_test(A06_everything_else_is_refused_without_tls_and_authentication),
    };
    return cmocka_run_group_tests_name("listen_policy", tests, NULL, NULL);
}
