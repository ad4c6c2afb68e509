/* SPDX-License-Identifier: Apache-2.0 */

/* Which hosts are ours, and which origins may call them. */

#include "test.h"
#include "web/rules.h"

#include <mrpc/error.h>

static void hosts(void **state)
{
    static const struct {
        const char *authority, *local;
        bool ours;
    } cases[] = {
        {"localhost", NULL, true},
        {"LocalHost:50051", NULL, true},
        {"localhost.", NULL, true},
        {"127.0.0.1:8080", NULL, true},
        {"127.9.9.9", NULL, true},
        {"[::1]:50051", NULL, true},
        {"app.example.com", NULL, true},
        {"APP.example.com.:443", NULL, true},
        {"[2001:db8::5]", NULL, true},
        {"10.1.2.3:50051", "10.1.2.3:50051", true},
        {"10.1.2.3:8080", "10.1.2.3:50051", true},   /* a port that is forwarded */
        {"[fe80:0::1]:1", "[fe80::1]:2", true},
        {"10.1.2.4", "10.1.2.3:50051", false},
        {"10.1.2.3", NULL, false},
        {"[::1]x", NULL, false},
        {"[::1", NULL, false},
        {"evil.example", "127.0.0.1:50051", false},
        {"localhost.evil.example", NULL, false},
        {"evil.localhost", NULL, false},
        {"127.0.0.1.evil.example", "127.0.0.1:1", false},
        {"127.1", NULL, false},
        {"2130706433", NULL, false},
        {"0.0.0.0", "127.0.0.1:1", false},
        {"localhost:80:80", NULL, false},
        {"localhost:80@evil.example", NULL, false},
        {"", NULL, false},
        {":80", NULL, false},
        {"app.example.com.evil", NULL, false},
    };
    struct web_rules rules = {0};
    assert_int_equal(mrpc_web_rules_add_host(&rules, "App.example.com"), 0);
    assert_int_equal(mrpc_web_rules_add_host(&rules, "[2001:db8::5]"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (mrpc_web_host_is_ours(&rules, cases[i].authority, cases[i].local) != cases[i].ours)
            fail_msg("host %s at %s", cases[i].authority, cases[i].local != NULL ? cases[i].local : "-");
    mrpc_web_rules_fini(&rules);
}

static void origins(void **state)
{
    static const struct {
        const char *origin, *authority;
        enum web_origin expected;
    } cases[] = {
        {"http://localhost:50051", "localhost:50051", WEB_ORIGIN_SAME},
        {"http://LOCALHOST:50051", "localhost:50051", WEB_ORIGIN_SAME},
        {"http://localhost", "localhost:80", WEB_ORIGIN_SAME},
        {"https://localhost:443", "localhost", WEB_ORIGIN_SAME},
        {"https://[::1]:50051", "[::1]:50051", WEB_ORIGIN_SAME},
        {"https://app.example.com", "localhost:50051", WEB_ORIGIN_LISTED},
        {"https://app.example.com:8443", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://app.example.com", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://localhost:3000", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://localhost", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://127.0.0.1:50051", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://evil.example", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"null", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"file://", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"chrome-extension://localhost:50051", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://localhost:50051/", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://localhost:50051@evil.example", "localhost:50051", WEB_ORIGIN_FOREIGN},
        {"http://localhost:50051 http://evil.example", "localhost:50051", WEB_ORIGIN_FOREIGN},
    };
    struct web_rules rules = {0};
    assert_int_equal(mrpc_web_rules_add_origin(&rules, "https://App.example.com"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (mrpc_web_origin_judge(&rules, cases[i].origin, cases[i].authority) != cases[i].expected)
            fail_msg("origin %s at %s", cases[i].origin, cases[i].authority);
    mrpc_web_rules_fini(&rules);
}

static void what_cannot_be_listed(void **state)
{
    static const char *const bad_hosts[] = {"", "a:80", "a:", "::1", "a/b", "*", "*.example.com", "a b", "http://a"};
    static const char *const bad_origins[] = {"",           "null",        "*",       "app.example.com", "https://",
                                              "https://a/", "https://*.a", "ftp://a", "https://a:b",     "https://u@a"};
    struct web_rules rules = {0};
    for (size_t i = 0; i < sizeof(bad_hosts) / sizeof(*bad_hosts); i++)
        if (mrpc_web_rules_add_host(&rules, bad_hosts[i]) != MRPC_ERR_INVALID)
            fail_msg("host %s was taken", bad_hosts[i]);
    for (size_t i = 0; i < sizeof(bad_origins) / sizeof(*bad_origins); i++)
        if (mrpc_web_rules_add_origin(&rules, bad_origins[i]) != MRPC_ERR_INVALID)
            fail_msg("origin %s was taken", bad_origins[i]);
    mrpc_web_rules_fini(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts),
        cmocka_unit_test(origins),
        cmocka_unit_test(what_cannot_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
