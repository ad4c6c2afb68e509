/* SPDX-License-Identifier: Apache-2.0 */

/* limits.* of the configuration: what it says by default is what the library does by default, and nothing is left
 * out. */

#include <stdio.h>
#include <string.h>

#include "api/limits.h"
#include "session/limits.h"
#include "test.h"

static void the_defaults_are_the_librarys(void **state)
{
    struct config *config;
    struct mrpc_limits library;
    assert_int_equal(config_new(&config), 0);
    mrpc_limits_resolve(NULL, &library);
    struct mrpc_limits said = limits_read(config);
    library.struct_bytes = said.struct_bytes;
    assert_memory_equal(&said, &library, sizeof said);
    config_free(config);
}

static void each_limit_is_a_key_of_its_own(void **state)
{
    struct config *config;
    size_t keys = 0;
    assert_int_equal(config_new(&config), 0);
    struct mrpc_limits before = limits_read(config);
    for (const struct config_key *key = config_keys; key->name; key++) {
        if (strncmp(key->name, "limits.", 7) != 0)
            continue;
        struct fault fault = FAULT_INIT;
        char text[32];
        keys++;
        (void)snprintf(text, sizeof text, "%lld%s", (long long)key->least, key->type == CONFIG_DURATION ? "ms" : "");
        assert_int_equal(config_set(config, key->name, text, "test", &fault), 0);
        struct mrpc_limits after = limits_read(config);
        assert_memory_not_equal(&after, &before, sizeof after);
        before = after;
    }
    /* One a member; the last may be followed by padding. */
    size_t members = (sizeof(struct mrpc_limits) - sizeof(size_t)) / sizeof(uint32_t);
    assert_in_range(keys, members - 1, members);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_librarys),
        cmocka_unit_test(each_limit_is_a_key_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
