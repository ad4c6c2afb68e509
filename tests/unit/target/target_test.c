/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "target/target.h"
#include "target/own_ports.h"
#include "test.h"

/* Where checks may go: rows R01 and R02. */

/* Ways to write an address that must lead nowhere. Most of them are refused as hosts already; those that are a proper
 * numeric address (or that getaddrinfo() makes into one, were they ever resolved) must fall to the judgement. */
static const char *const forbidden[] = {
    "169.254.169.254",
    "169.254.0.1",
    "[::ffff:a9fe:a9fe]",
    "::ffff:a9fe:a9fe",
    "::ffff:169.254.169.254",
    "::a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0251.254.169.254",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "169.16689662",
    "025177524776",
    "169.254.169.254.",
    " 169.254.169.254",
    "169.254.169.254 ",
    "169.254.169.254%25",
    "127.1",
    "0",
    "0.0.0.0",
    "00.00.00.00",
    "0x0",
    "::",
    "[::]",
    "::ffff:0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "ff02::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "240.0.0.1",
    "unix:/run/x.sock",
    "file:///etc/passwd",
    "http://127.0.0.1/",
    "user@host",
    "host/path",
    "a..b",
    "-leading.example",
    "",
    "１２７.０.０.１",
};

static const struct target_policy open_policy = {.loopback_allowed = false};

static int judge_text(const struct target_policy *policy, const char *text, uint16_t port, const char *peer)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *list;
    char number[8];
    snprintf(number, sizeof number, "%u", port);
    if (getaddrinfo(text, number, &hints, &list))
        return -1; /* not an address in anybody's eyes */
    struct fault fault = FAULT_INIT;
    int code = target_judge(policy, list->ai_addr, peer, &fault);
    freeaddrinfo(list);
    if (code)
        assert_true(fault.text[0]);
    return code;
}

static void forty_spellings_lead_nowhere(void **state)
{
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        int judged = judge_text(&open_policy, forbidden[i], 80, "");
        if (judged == MRPC_OK)
            fail_msg("\"%s\" was allowed", forbidden[i]);
        if (target_host_valid(forbidden[i]) && judged != MRPC_PERMISSION_DENIED)
            fail_msg("\"%s\" passes as a host and is not judged", forbidden[i]);
    }
}

static void spellings_that_only_inet_aton_reads_are_no_hosts(void **state)
{
    static const char *const odd[] = {"127.1",     "0",        "0x7f.1", "2130706433", "0251.0376.0251.0376",
                                      "1.2.3.4.5", "foo.0x7f", "foo.1",  "256.1.1.1",  "1.2.3",
                                      "01.2.3.4"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (target_host_valid(odd[i]))
            fail_msg("\"%s\" passes", odd[i]);
    static const char *const fine[] = {"127.0.0.1",         "::1",       "2001:4860::8888", "localhost",
                                       "db-1.prod.example", "1.example", "a_b.example",     "0x7f.example"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (!target_host_valid(fine[i]))
            fail_msg("\"%s\" does not pass", fine[i]);
}

static void loopback_only_beside_a_loopback_server(void **state)
{
    static const char *const loopback[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"};
    const struct target_policy local = {.loopback_allowed = true};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        assert_int_equal(judge_text(&open_policy, loopback[i], 80, ""), MRPC_PERMISSION_DENIED);
        assert_int_equal(judge_text(&open_policy, loopback[i], 80, loopback[i]), MRPC_PERMISSION_DENIED);
        assert_int_equal(judge_text(&local, loopback[i], 80, ""), MRPC_OK);
    }
}

static void private_ranges_need_a_network_or_the_callers_own_address(void **state)
{
    static const char *const private[] = {"10.1.2.3",   "172.16.0.1",   "172.31.255.255",  "192.168.1.1",
                                          "100.64.0.1", "fd12:3456::1", "::ffff:10.1.2.3", "2002:0a01:0203::1"};
    struct target_network networks[2];
    struct fault fault = FAULT_INIT;
    assert_int_equal(target_network_parse("10.0.0.0/8", &networks[0], &fault), MRPC_OK);
    assert_int_equal(target_network_parse("fd12:3456::/32", &networks[1], &fault), MRPC_OK);
    const struct target_policy policy = {.networks = networks, .network_count = 2};
    for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
        assert_int_equal(judge_text(&open_policy, private[i], 80, ""), MRPC_PERMISSION_DENIED);
        assert_int_equal(judge_text(&open_policy, private[i], 80, private[i]), MRPC_OK);
    }
    assert_int_equal(judge_text(&policy, "10.200.0.1", 80, ""), MRPC_OK);
    assert_int_equal(judge_text(&policy, "::ffff:10.200.0.1", 80, ""), MRPC_OK);
    assert_int_equal(judge_text(&policy, "192.168.1.1", 80, ""), MRPC_PERMISSION_DENIED);
    assert_int_equal(judge_text(&policy, "fd12:3456:1::1", 80, ""), MRPC_OK);
    assert_int_equal(judge_text(&policy, "fd12:3457::1", 80, ""), MRPC_PERMISSION_DENIED);
    assert_int_equal(judge_text(&policy, "169.254.169.254", 80, "169.254.169.254"), MRPC_PERMISSION_DENIED);
}

static void public_addresses_are_allowed(void **state)
{
    assert_int_equal(judge_text(&open_policy, "8.8.8.8", 53, ""), MRPC_OK);
    assert_int_equal(judge_text(&open_policy, "172.32.0.1", 53, ""), MRPC_OK);
    assert_int_equal(judge_text(&open_policy, "2606:4700::1111", 53, ""), MRPC_OK);
}

static void own_ports_are_never_targets(void **state)
{
    struct own_ports own;
    own_ports_read((const char *const[]){"127.0.0.1:50051", "[::1]:50052", "unix:/run/x", NULL}, &own);
    assert_true(own.loopback_only);
    assert_int_equal(own.count, 2);
    const struct target_policy policy = {.loopback_allowed = true, .own_ports = own.ports, .own_port_count = own.count};
    assert_int_equal(judge_text(&policy, "127.0.0.1", 50051, ""), MRPC_PERMISSION_DENIED);
    assert_int_equal(judge_text(&policy, "127.9.9.9", 50052, ""), MRPC_PERMISSION_DENIED);
    assert_int_equal(judge_text(&policy, "::1", 50051, ""), MRPC_PERMISSION_DENIED);
    assert_int_equal(judge_text(&policy, "127.0.0.1", 50053, ""), MRPC_OK);
    assert_int_equal(judge_text(&policy, "8.8.8.8", 50051, ""), MRPC_OK); /* another machine's */
    own_ports_read((const char *const[]){"127.0.0.1:1", "0.0.0.0:2", NULL}, &own);
    assert_false(own.loopback_only);
    own_ports_read((const char *const[]){"nonsense", NULL}, &own);
    assert_false(own.loopback_only);
    own_ports_read(NULL, &own);
    assert_true(own.loopback_only);
}

static void networks_are_read_strictly(void **state)
{
    static const char *const bad[] = {"",         "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                                      "10.0.0/8", "::/129",      "host/8",    "10.0.0.0/+8"};
    struct target_network network;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault fault = FAULT_INIT;
        if (target_network_parse(bad[i], &network, &fault) != MRPC_INVALID_ARGUMENT)
            fail_msg("\"%s\" was read", bad[i]);
    }
    struct fault fault = FAULT_INIT;
    assert_int_equal(target_network_parse("10.1.2.3", &network, &fault), MRPC_OK);
    assert_int_equal(network.prefix_bits, 32);
    assert_int_equal(target_network_parse("::/0", &network, &fault), MRPC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_spellings_lead_nowhere),
        cmocka_unit_test(spellings_that_only_inet_aton_reads_are_no_hosts),
        cmocka_unit_test(loopback_only_beside_a_loopback_server),
        cmocka_unit_test(private_ranges_need_a_network_or_the_callers_own_address),
        cmocka_unit_test(public_addresses_are_allowed),
        cmocka_unit_test(own_ports_are_never_targets),
        cmocka_unit_test(networks_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
