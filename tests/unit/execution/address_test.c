/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "execution/fetch/provider.h"
#include "test.h"

static bool may(const char *text, bool literal)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return provider_may_connect((struct sockaddr *)&v4, literal);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return provider_may_connect((struct sockaddr *)&v6, literal);
}

static void goes_to_public_addresses(void **state)
{
    static const char *const addresses[] = {"93.184.216.34", "172.32.0.1", "2606:2800:220:1::1",
                                            "::ffff:93.184.216.34"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        assert_true(may(addresses[i], false));
}

/* A name that leads inside is somebody's trick; an address that was configured is the operator's wish. */
static void goes_inside_only_when_told_so_by_address(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "10.1.2.3",  "172.16.0.1", "172.31.255.255",  "192.168.1.1",
                                            "100.64.0.1", "::1",      "fd12::1",    "::ffff:10.0.0.1",
                                            "64:ff9b::10.0.0.1", "2002:7f00:1::1"}; /* NAT64, 6to4 */
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        assert_false(may(addresses[i], false));
        assert_true(may(addresses[i], true));
    }
}

static void never_goes_where_clouds_keep_their_metadata(void **state)
{
    static const char *const addresses[] = {"169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "fe80::1",
                                            "fd00:ec2::254",   "::",      "ff02::1",   "::ffff:169.254.169.254",
                                            "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        assert_false(may(addresses[i], false));
        assert_false(may(addresses[i], true));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_to_public_addresses),
        cmocka_unit_test(goes_inside_only_when_told_so_by_address),
        cmocka_unit_test(never_goes_where_clouds_keep_their_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
