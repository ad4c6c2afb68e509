/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/listen_policy.h"
#include "test.h"

static void loopback_in_every_spelling_is_local(void **state)
{
    const char *const local[] = {"127.0.0.1:0",   "127.1.2.3:80",           "[::1]:50051", "localhost:1", "unix:/run/x",
                                 "unix-abstract:x", "[::ffff:127.0.0.1]:80"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (!listen_is_local(local[i]))
            fail_msg("%s is local", local[i]);
}

/* A06: an inherited socket is judged by where it is bound. */
static void A06_an_inherited_socket_is_judged_by_its_address(void **state)
{
    const uint32_t hosts[] = {INADDR_LOOPBACK, INADDR_ANY};
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(hosts[i])};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char text[16];
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        (void)snprintf(text, sizeof text, "fd:%d", fd);
        assert_int_equal(listen_is_local(text), i == 0);
        close(fd);
        assert_false(listen_is_local(text));
    }
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
        cmocka_unit_test(A06_an_inherited_socket_is_judged_by_its_address),
        cmocka_unit_test(A06_everything_else_is_refused_without_tls_and_authentication),
    };
    return cmocka_run_group_tests_name("listen_policy", tests, NULL, NULL);
}
