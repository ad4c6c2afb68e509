/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caller/caller.h"
#include "test.h"

static struct mrpc_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = mrpc_arena_new(0);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mrpc_arena_free(arena);
    return 0;
}

static void an_owner_says_its_kind_first(void **state)
{
    (void)state;
    static const struct {
        struct mrpc_identity identity;
        const char *owner;
    } table[] = {
        {{.kind = MRPC_IDENTITY_ANONYMOUS, .name = ""}, "anonymous"},
        {{.kind = MRPC_IDENTITY_UNIX, .name = "uid:1000"}, "unix/uid:1000"},
        {{.kind = MRPC_IDENTITY_TLS, .name = "alice"}, "tls/alice"},
        {{.kind = MRPC_IDENTITY_TOKEN, .name = "alice"}, "token/alice"},
        {{.kind = MRPC_IDENTITY_TLS, .name = "anonymous"}, "tls/anonymous"},
        {{.kind = (enum mrpc_identity_kind)(MRPC_IDENTITY_TOKEN + 1), .name = "later"}, "anonymous"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_string_equal(caller_owner(&table[i].identity, arena), table[i].owner);
}

/* Two names that begin alike are two owners, however long they are. */
static void a_long_name_is_kept_whole(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'x', sizeof name);
    name[255] = 0;
    const char *one = caller_owner(&(struct mrpc_identity){.kind = MRPC_IDENTITY_TLS, .name = name}, arena);
    assert_int_equal(strlen(one), 4 + 255);
    name[254] = 'y';
    const char *other = caller_owner(&(struct mrpc_identity){.kind = MRPC_IDENTITY_TLS, .name = name}, arena);
    assert_string_not_equal(one, other);
}

static void roles_and_the_owners_of_the_data_may_change_everything(void **state)
{
    (void)state;
    static const char *const reader[] = {"viewer", "administrator"}, *const operator[] = {"viewer", "operator"},
                             *const admin[] = {"admin"};
    char own[32], other[32];
    snprintf(own, sizeof own, "uid:%u", (unsigned)geteuid());
    snprintf(other, sizeof other, "uid:%u", (unsigned)geteuid() + 1);
    struct mrpc_identity identity = {.kind = MRPC_IDENTITY_TOKEN, .name = "t", .roles = reader, .role_count = 2};
    assert_false(caller_is_privileged(&identity));
    identity.roles = operator;
    assert_true(caller_is_privileged(&identity));
    identity = (struct mrpc_identity){.kind = MRPC_IDENTITY_TLS, .name = "t", .roles = admin, .role_count = 1};
    assert_true(caller_is_privileged(&identity));
    assert_true(caller_is_privileged(&(struct mrpc_identity){.kind = MRPC_IDENTITY_UNIX, .name = own}));
    assert_true(caller_is_privileged(&(struct mrpc_identity){.kind = MRPC_IDENTITY_UNIX, .name = "uid:0"}));
    assert_false(caller_is_privileged(&(struct mrpc_identity){.kind = MRPC_IDENTITY_UNIX, .name = other}));
    assert_false(caller_is_privileged(&(struct mrpc_identity){.kind = MRPC_IDENTITY_TLS, .name = "uid:0"}));
    assert_false(caller_is_privileged(&(struct mrpc_identity){.kind = MRPC_IDENTITY_ANONYMOUS, .name = ""}));
}

static void nobody_else_may_change_it(void **state)
{
    (void)state;
    struct fault fault = FAULT_INIT;
    const struct caller alice = {"tls/alice", false}, root = {"unix/uid:0", true};
    assert_int_equal(caller_check(&alice, "tls/alice", "job", "j1", &fault), 0);
    assert_int_equal(caller_check(&root, "tls/alice", "job", "j1", &fault), 0);
    assert_int_equal(caller_check(&alice, "token/alice", "job", "j1", &fault), MRPC_PERMISSION_DENIED);
    assert_string_equal(fault.text, "job j1 belongs to token/alice");
}

static void bare_names_of_earlier_versions_get_their_kind(void **state)
{
    (void)state;
    assert_string_equal(caller_migrated_owner("", arena), "anonymous");
    assert_string_equal(caller_migrated_owner("uid:7", arena), "unix/uid:7");
    assert_string_equal(caller_migrated_owner("spiffe://x/y", arena), "tls/spiffe://x/y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_says_its_kind_first),
        cmocka_unit_test(a_long_name_is_kept_whole),
        cmocka_unit_test(roles_and_the_owners_of_the_data_may_change_everything),
        cmocka_unit_test(nobody_else_may_change_it),
        cmocka_unit_test(bare_names_of_earlier_versions_get_their_kind),
    };
    return cmocka_run_group_tests_name("unit/caller", tests, set_up, tear_down);
}
