/* SPDX-License-Identifier: Apache-2.0 */

#include "access/policy.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

#define METHOD(name) rights_find("/mltrainer." name)

static int set_up(void **state)
{
    return (*state = policy_new()) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct policy *policy = *state;
    snapshot_release(&policy->snapshot);
    return 0;
}

static bool may(const struct policy *policy, const char *role, int method)
{
    struct method_set rights = policy_rights(policy, &role, 1);
    assert_true(method >= 0);
    return method_set_has(&rights, method);
}

static void roles_of_our_own_give_what_they_say(void **state)
{
    static const struct {
        const char *role;
        bool list, register_, submit, reload, token;
    } rows[] = {
        {"anyone", false, false, false, false, false}, {"viewer", true, false, false, false, false},
        {"service", true, true, false, false, false},  {"trainer", true, false, true, false, false},
        {"operator", true, true, true, true, false},   {"admin", true, true, true, true, true},
        {"bootstrap", false, false, false, false, true}, {"nobody-knows-it", false, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *role = rows[i].role;
        assert_int_equal(may(*state, role, METHOD("registry.v1.RegistryService/ListServices")), rows[i].list);
        assert_int_equal(may(*state, role, METHOD("registry.v1.RegistryService/Register")), rows[i].register_);
        assert_int_equal(may(*state, role, METHOD("execution.v1.ExecutionService/SubmitJob")), rows[i].submit);
        assert_int_equal(may(*state, role, METHOD("admin.v1.AdminService/Reload")), rows[i].reload);
        assert_int_equal(may(*state, role, METHOD("admin.v1.AdminService/CreateToken")), rows[i].token);
        assert_true(may(*state, role, rights_find("/grpc.health.v1.Health/Check")));
    }
}

/* Row A04. */
static void what_one_role_denies_no_other_allows(void **state)
{
    struct policy *policy = *state;
    int submit = METHOD("execution.v1.ExecutionService/SubmitJob");
    struct policy_role *held = policy_add_role(policy, "held");
    method_set_add(&held->deny, submit);
    const char *const roles[] = {"admin", "held"}, *const turned[] = {"held", "admin"};
    struct method_set rights = policy_rights(policy, roles, 2);
    assert_false(method_set_has(&rights, submit));
    rights = policy_rights(policy, turned, 2);
    assert_false(method_set_has(&rights, submit));
    assert_true(method_set_has(&rights, METHOD("execution.v1.ExecutionService/CancelJob")));
    struct policy_role *anyone = policy_add_role(policy, ROLE_ANYONE);
    method_set_add(&anyone->deny, METHOD("execution.v1.ExecutionService/CancelJob"));
    assert_false(may(policy, "admin", METHOD("execution.v1.ExecutionService/CancelJob")));
}

static void roles_of_an_identity_go_by_its_kind_and_name(void **state)
{
    struct policy *policy = *state;
    static const char *const viewer[] = {"viewer"}, *const trainer[] = {"trainer", "service"};
    assert_int_equal(policy_add_identity(policy, "tls/spiffe://mesh/prod/*", trainer, 2), 0);
    assert_int_equal(policy_add_identity(policy, "tls/exact", viewer, 1), 0);
    const struct {
        enum mrpc_identity_kind kind;
        const char *name, *role;
    } rows[] = {
        {MRPC_IDENTITY_TLS, "spiffe://mesh/prod/a", "trainer"}, {MRPC_IDENTITY_TLS, "spiffe://mesh/prod/", "trainer"},
        {MRPC_IDENTITY_TLS, "spiffe://mesh/prod", NULL},        {MRPC_IDENTITY_TLS, "exact", "viewer"},
        {MRPC_IDENTITY_TLS, "exactly", NULL},                   {MRPC_IDENTITY_TLS, "uid:0", NULL},
        {MRPC_IDENTITY_UNIX, "uid:0", "admin"},                 {MRPC_IDENTITY_UNIX, "exact", NULL},
        {MRPC_IDENTITY_TOKEN, "exact", NULL},                   {MRPC_IDENTITY_ANONYMOUS, "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct mrpc_identity identity = {.kind = rows[i].kind, .name = rows[i].name};
        const struct policy_identity *found = policy_find_identity(policy, &identity);
        if (!rows[i].role)
            assert_null(found);
        else
            assert_string_equal(found->roles[0], rows[i].role);
    }
    assert_int_equal(policy_add_identity(policy, "anonymous", viewer, 1), 0);
    assert_non_null(policy_find_identity(policy, &(struct mrpc_identity){.name = ""}));
}

static void there_is_room_for_so_many(void **state)
{
    struct policy *policy = *state;
    char name[16];
    while (policy->role_count < POLICY_ROLES_MAX) {
        snprintf(name, sizeof name, "r%zu", policy->role_count);
        assert_non_null(policy_add_role(policy, name));
    }
    assert_null(policy_add_role(policy, "one-more"));
    assert_ptr_equal(policy_add_role(policy, "viewer"), policy_find_role(policy, "viewer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(roles_of_our_own_give_what_they_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_role_denies_no_other_allows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(roles_of_an_identity_go_by_its_kind_and_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_room_for_so_many, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
