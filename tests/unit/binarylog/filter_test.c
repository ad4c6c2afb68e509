/* SPDX-License-Identifier: Apache-2.0 */

/* The binary log's filter: the forms of gRFC A16, what wins, and what is refused where. */

#include <stdio.h>
#include <string.h>

#include <mrpc/error.h>

#include "binarylog/filter.h"
#include "test.h"

#define ALL UINT64_MAX

static void expect(const char *text, const char *path, uint64_t header_bytes, uint64_t message_bytes)
{
    struct binary_log_filter *filter;
    assert_int_equal(mrpc_binary_log_filter_parse(text, &filter, NULL, 0), 0);
    const struct log_extent *extent = mrpc_binary_log_filter_find(filter, path);
    assert_non_null(extent);
    assert_int_equal(extent->header_bytes, header_bytes);
    assert_int_equal(extent->message_bytes, message_bytes);
    mrpc_binary_log_filter_free(filter);
}

static void expect_nothing(const char *text, const char *path)
{
    struct binary_log_filter *filter;
    assert_int_equal(mrpc_binary_log_filter_parse(text, &filter, NULL, 0), 0);
    assert_null(mrpc_binary_log_filter_find(filter, path));
    mrpc_binary_log_filter_free(filter);
}

static void extents_are_read(void **state)
{
    expect("*", "/a.B/C", ALL, ALL);
    expect("*{h}", "/a.B/C", ALL, 0);
    expect("*{m:256}", "/a.B/C", 0, 256);
    expect("*{h:10;m}", "/a.B/C", 10, ALL);
    expect("a.B/*{h:0;m:7}", "/a.B/C", 0, 7);
    expect("a.B/C", "/a.B/C", ALL, ALL);
}

static void the_closest_entry_wins_wherever_it_stands(void **state)
{
    const char *const both[] = {"*{h},a.B/*{m},a.B/C{h:1}", "a.B/C{h:1},a.B/*{m},*{h}"};
    for (size_t i = 0; i < 2; i++) {
        expect(both[i], "/a.B/C", 1, 0);
        expect(both[i], "/a.B/D", 0, ALL);
        expect(both[i], "/a.BB/C", ALL, 0);
    }
    expect_nothing("*,-a.B/C", "/a.B/C");
    expect("*,-a.B/C", "/a.B/CC", ALL, ALL);
    expect_nothing("a.B/*", "/a.C/D");
    expect_nothing("a.B/C", "/a.B/c");
}

static void what_is_no_filter_is_refused_where_it_goes_wrong(void **state)
{
    const struct {
        const char *text;
        unsigned at;
    } wrong[] = {{"", 0},
                 {",", 0},
                 {"*,", 2},
                 {"a", 0},
                 {"a/", 0},
                 {"/b", 0},
                 {"**", 1},
                 {"a.B/C{", 6},
                 {"a.B/C{}", 6},
                 {"a.B/C{x}", 6},
                 {"a.B/C{h", 7},
                 {"a.B/C{h:}", 8},
                 {"a.B/C{m;h}", 7},
                 {"*{h:-1}", 4},
                 {"-a.B/*", 6},
                 {"-*", 2},
                 {"-a.B/C{h}", 6},
                 {"*,*", 3},
                 {"a.B/C,a.B/C{h}", 14},
                 {"a b/c", 0},
                 {"*{h:1234567890123456}", 19}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct binary_log_filter *filter = NULL;
        char why[128] = "", place[32];
        assert_int_equal(mrpc_binary_log_filter_parse(wrong[i].text, &filter, why, sizeof(why)), MRPC_ERR_INVALID);
        assert_null(filter);
        (void)snprintf(place, sizeof(place), "byte %u:", wrong[i].at);
        if (strstr(why, place) == NULL)
            fail_msg("\"%s\": %s, not at %u", wrong[i].text, why, wrong[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extents_are_read),
        cmocka_unit_test(the_closest_entry_wins_wherever_it_stands),
        cmocka_unit_test(what_is_no_filter_is_refused_where_it_goes_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
