/* SPDX-License-Identifier: Apache-2.0 */

/* Which route a request goes to. */

#include <string.h>

#include "test.h"
#include "web/routes.h"

#include <mrpc/error.h>

static void handle(void *self, struct mrpc_web *web)
{
}

static int add(struct route_table *table, const char *method, const char *path, bool prefix, const char *name)
{
    return mrpc_routes_add(table, &(struct mrpc_web_route){.method = method, .path = path, .prefix = prefix,
                                                           .handle = handle, .self = (void *)(uintptr_t)name});
}

static void the_most_exact_route_wins(void **state)
{
    static const struct {
        const char *method, *path, *expected;
        bool known;
    } cases[] = {
        {"GET", "/a", "exact", true},         {"HEAD", "/a", "exact", true},   {"GET", "/a?x=/b", "exact", true},
        {"POST", "/a", "post", true},         {"PUT", "/a", NULL, true},       {"GET", "/a/", NULL, false},
        {"GET", "/files/", "files", true},    {"GET", "/files/x", "files", true},
        {"GET", "/files/deep/x", "deep", true}, {"POST", "/files/x", NULL, true},
        {"DELETE", "/any", "any", true},      {"HEAD", "/any", "any", true},   {"GET", "/A", NULL, false},
        {"GET", "/", NULL, false},            {"GET", "/files", NULL, false},  {"GET", "*", NULL, false},
        {"GET", "/files/../a", "files", true}, {"GET", "/%61", NULL, false},
    };
    struct route_table table = {0};
    assert_int_equal(add(&table, "GET", "/files/", true, "files"), 0);
    assert_int_equal(add(&table, "GET", "/files/deep/", true, "deep"), 0);
    assert_int_equal(add(&table, "GET", "/a", false, "exact"), 0);
    assert_int_equal(add(&table, "POST", "/a", false, "post"), 0);
    assert_int_equal(add(&table, NULL, "/any", false, "any"), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool known;
        const struct web_route *route =
            mrpc_routes_find(&table, cases[i].method, cases[i].path, strlen(cases[i].path), &known);
        const char *name = route != NULL ? route->self : NULL;
        if (known != cases[i].known || (name == NULL) != (cases[i].expected == NULL) ||
            (name != NULL && strcmp(name, cases[i].expected) != 0))
            fail_msg("%s %s went to %s", cases[i].method, cases[i].path, name != NULL ? name : "nobody");
    }
    char allowed[64];
    mrpc_routes_allowed(&table, "/a?x", 4, allowed, sizeof(allowed));
    assert_string_equal(allowed, "GET, HEAD, POST");
    mrpc_routes_fini(&table);
}

static void what_cannot_be_registered(void **state)
{
    struct route_table table = {0};
    assert_int_equal(add(&table, "GET", "/a", false, ""), 0);
    assert_int_equal(add(&table, "GET", "/a", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "GET", "/a", true, ""), 0);
    assert_int_equal(add(&table, "GET", "a", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "GET", "/a?b", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "GET", "/a b", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "GET", NULL, false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "get", "/b", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(add(&table, "", "/b", false, ""), MRPC_ERR_INVALID);
    assert_int_equal(mrpc_routes_add(&table, &(struct mrpc_web_route){.path = "/c"}), MRPC_ERR_INVALID);
    assert_int_equal(table.count, 2);
    mrpc_routes_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_exact_route_wins),
        cmocka_unit_test(what_cannot_be_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
