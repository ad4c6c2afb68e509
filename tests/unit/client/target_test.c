/* SPDX-License-Identifier: Apache-2.0 */
#include "client/target.h"

#include <string.h>

#include "client/address.h"
#include "test.h"

struct row {
    const char *text;
    enum mrpc_target_kind kind;
    const char *host;
    const char *port;
    const char *rest; /* path or list */
    const char *authority;
};

static const struct row good[] = {
    {"localhost:50051", MRPC_TARGET_DNS, "localhost", "50051", NULL, "localhost:50051"},
    {"example.com", MRPC_TARGET_DNS, "example.com", "443", NULL, "example.com"},
    {"127.0.0.1:1", MRPC_TARGET_DNS, "127.0.0.1", "1", NULL, "127.0.0.1:1"},
    {"[::1]:50051", MRPC_TARGET_DNS, "::1", "50051", NULL, "[::1]:50051"},
    {"[fe80::1%eth0]:1", MRPC_TARGET_DNS, "fe80::1%eth0", "1", NULL, "[fe80::1%eth0]:1"},
    {"::1", MRPC_TARGET_DNS, "::1", "443", NULL, "[::1]"},
    {"dns:host:7", MRPC_TARGET_DNS, "host", "7", NULL, "host:7"},
    {"dns:///host:7", MRPC_TARGET_DNS, "host", "7", NULL, "host:7"},
    {"dns:///[::1]:7", MRPC_TARGET_DNS, "::1", "7", NULL, "[::1]:7"},
    {"ipv4:10.0.0.1:80", MRPC_TARGET_IPV4, NULL, NULL, "10.0.0.1:80", "10.0.0.1:80"},
    {"ipv4:10.0.0.1:80,10.0.0.2:81", MRPC_TARGET_IPV4, NULL, NULL, "10.0.0.1:80,10.0.0.2:81", "10.0.0.1:80"},
    {"ipv6:[::1]:80", MRPC_TARGET_IPV6, NULL, NULL, "[::1]:80", "[::1]:80"},
    {"unix:/run/x.sock", MRPC_TARGET_UNIX, NULL, NULL, "/run/x.sock", "localhost"},
    {"unix:///run/x.sock", MRPC_TARGET_UNIX, NULL, NULL, "/run/x.sock", "localhost"},
    {"unix:relative", MRPC_TARGET_UNIX, NULL, NULL, "relative", "localhost"},
    {"unix-abstract:name", MRPC_TARGET_UNIX, NULL, NULL, "@name", "localhost"},
};

static void every_form_parses(void **state)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct mrpc_target target;
        print_message("%s\n", good[i].text);
        assert_int_equal(mrpc_target_parse(good[i].text, &target), 0);
        assert_int_equal(target.kind, good[i].kind);
        assert_string_equal(target.authority, good[i].authority);
        if (good[i].host) {
            assert_string_equal(target.host, good[i].host);
            assert_string_equal(target.port, good[i].port);
        } else {
            assert_string_equal(target.path ? target.path : target.list, good[i].rest);
        }
        mrpc_target_fini(&target);
    }
}

static void what_is_no_target_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ":50051",
        "host:",
        "host:x",
        "host:70000",
        "host:-1",
        "host:123456",
        "[::1",
        "[::1]x",
        "[]:1",
        "ho st:1",
        "http://a:1",
        "a/b",
        "a:1,b:2",
        "ipv4:",
        "ipv4:1,",
        "unix:",
        "unix://",
        "unix://host/x",
        "dns:",
        "dns:///",
        "dns://8.8.8.8/host:1",
        "host:1\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mrpc_target target;
        print_message("%s\n", bad[i]);
        assert_int_equal(mrpc_target_parse(bad[i], &target), MRPC_ERR_ADDRESS);
        assert_null(target.authority);
    }
}

static void a_path_longer_than_a_socket_name_is_refused(void **state)
{
    char text[200] = "unix:";
    struct mrpc_target target;
    memset(text + 5, 'a', 107);
    assert_int_equal(mrpc_target_parse(text, &target), 0);
    mrpc_target_fini(&target);
    text[5 + 107] = 'a';
    assert_int_equal(mrpc_target_parse(text, &target), MRPC_ERR_ADDRESS);
}

static int addresses(const char *text, struct mrpc_address_list *list)
{
    struct mrpc_target target;
    assert_int_equal(mrpc_target_parse(text, &target), 0);
    int error = mrpc_address_list_from_target(&target, list);
    mrpc_target_fini(&target);
    return error;
}

static void numeric_targets_need_no_look_up(void **state)
{
    static const struct {
        const char *text, *first;
        size_t count;
        bool local;
    } rows[] = {
        {"127.0.0.1:5", "127.0.0.1:5", 1, true},
        {"127.9.9.9:5", "127.9.9.9:5", 1, true},
        {"10.1.2.3:5", "10.1.2.3:5", 1, false},
        {"[::1]:5", "[::1]:5", 1, true},
        {"[2001:db8::1]:5", "[2001:db8::1]:5", 1, false},
        {"ipv4:10.1.2.3:5,10.1.2.4:6", "10.1.2.3:5", 2, false},
        {"ipv6:[::1]:5", "[::1]:5", 1, true},
        {"unix:/tmp/a", "unix:/tmp/a", 1, true},
        {"unix-abstract:a", "unix-abstract:a", 1, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mrpc_address_list list = {0};
        print_message("%s\n", rows[i].text);
        assert_int_equal(addresses(rows[i].text, &list), 0);
        assert_int_equal(list.count, rows[i].count);
        assert_string_equal(list.items[0].text, rows[i].first);
        assert_int_equal(mrpc_address_is_local(&list.items[0]), rows[i].local);
        mrpc_address_list_fini(&list);
    }
}

static void names_must_be_looked_up_and_wrong_families_are_refused(void **state)
{
    struct mrpc_address_list list = {0};
    assert_int_equal(addresses("localhost:5", &list), MRPC_ERR_AGAIN);
    assert_int_equal(addresses("ipv4:[::1]:5", &list), MRPC_ERR_ADDRESS);
    assert_int_equal(addresses("ipv4:localhost:5", &list), MRPC_ERR_ADDRESS);
    assert_int_equal(addresses("ipv6:127.0.0.1:5", &list), MRPC_ERR_ADDRESS);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_parses),
        cmocka_unit_test(what_is_no_target_is_refused),
        cmocka_unit_test(a_path_longer_than_a_socket_name_is_refused),
        cmocka_unit_test(numeric_targets_need_no_look_up),
        cmocka_unit_test(names_must_be_looked_up_and_wrong_families_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
