/* SPDX-License-Identifier: Apache-2.0 */

/* Row A03: what a policy may say, and where it is refused. */

#include "access/policy_file.h"

#include <string.h>

#include "test.h"

static const char whole[] =
    "identities:\n"
    "  tls/mesh/*: [nightly, viewer]\n"
    "  anonymous: [viewer]\n"
    "roles:\n"
    "  nightly:\n"
    "    allow: [read, mltrainer.admin.v1.AdminService/Backup, mltrainer.execution.v1.ExecutionService/*]\n"
    "    deny: [mltrainer.execution.v1.ExecutionService/DeleteArtifact]\n"
    "  anyone: {allow: [grpc.health.v1.Health/*]}\n"
    "  trainer: {}\n";

static bool may(const struct policy *policy, const char *role, const char *path)
{
    struct method_set rights = policy_rights(policy, &role, 1);
    int method = rights_find(path);
    assert_true(method >= 0);
    return method_set_has(&rights, method);
}

static void a_policy_gives_what_it_says(void **state)
{
    struct fault fault = FAULT_INIT;
    struct policy *policy;
    assert_int_equal(policy_read(whole, strlen(whole), "p.yaml", &policy, &fault), 0);
    assert_true(may(policy, "nightly", "/mltrainer.admin.v1.AdminService/Backup"));
    assert_true(may(policy, "nightly", "/mltrainer.execution.v1.ExecutionService/SubmitJob"));
    assert_true(may(policy, "nightly", "/mltrainer.registry.v1.RegistryService/Discover"));
    assert_false(may(policy, "nightly", "/mltrainer.execution.v1.ExecutionService/DeleteArtifact"));
    assert_false(may(policy, "nightly", "/mltrainer.admin.v1.AdminService/Drain"));
    assert_true(may(policy, "anyone", "/grpc.health.v1.Health/Watch"));
    assert_false(may(policy, "anyone", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
    assert_false(may(policy, "trainer", "/mltrainer.execution.v1.ExecutionService/SubmitJob"));
    assert_true(may(policy, "viewer", "/mltrainer.registry.v1.RegistryService/Discover"));
    const struct policy_identity *found =
        policy_find_identity(policy, &(struct mrpc_identity){.kind = MRPC_IDENTITY_TLS, .name = "mesh/a"});
    assert_non_null(found);
    assert_int_equal(found->role_count, 2);
    assert_string_equal(found->roles[0], "nightly");
    snapshot_release(&policy->snapshot);
}

static void what_is_not_understood_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "empty"},
        {"# nothing\n", "empty"},
        {"{}", "empty"},
        {"- a\n", "empty"},
        {"roles: [", "not well-formed"},
        {"role:\n  a: {}\n", "p:1: a policy has roles and identities, not \"role\""},
        {"roles:\n  a: {}\nversion: 1\n", "p:3: a policy has"},
        {"roles: [a]\n", "p:1: a mapping must follow \"roles\""},
        {"roles:\n", "a mapping must follow"},
        {"roles:\n  a:\n    allows: [read]\n", "p:3: a role has allow and deny, not \"allows\""},
        {"roles:\n  a:\n    allow: [read, reed]\n", "p:3: there is no right and no method \"reed\""},
        {"roles:\n  a: {allow: [mltrainer.admin.v1.AdminService/Backups]}\n", "no method"},
        {"roles:\n  a: {allow: [/*]}\n", "no method"},
        {"roles:\n  a: {allow: ['*']}\n", "no method"},
        {"roles:\n  a: {allow: [mltrainer.admin.v1.Admin*]}\n", "no method"},
        {"roles:\n  a: {allow: read}\n", "a list of rights"},
        {"roles:\n  a: {allow: [[read]]}\n", "a text of"},
        {"roles:\n  a: {allow: ['']}\n", "a text of"},
        {"roles:\n  a: {allow: ['re\\0ad', \"re\\0ad\"]}\n", "no right"},
        {"roles:\n  a: viewer\n", "allow or deny must follow"},
        {"roles:\n  admin: {deny: [read]}\n", "p:2: this role is fixed: \"admin\""},
        {"roles:\n  bootstrap: {allow: [read]}\n", "fixed"},
        {"roles:\n  a/b: {allow: [read]}\n", "a role's name is"},
        {"roles:\n  a: {allow: [read], allow: [work]}\n", "not well-formed"},
        {"identities:\n  tls/a: viewer\n", "a list of roles"},
        {"identities:\n  tls/a: [king]\n", "p:2: there is no role \"king\""},
        {"identities:\n  tls/a: [bootstrap]\n", "there is no role"},
        {"identities:\n  bob: [viewer]\n", "an identity is"},
        {"identities:\n  tls/: [viewer]\n", "an identity is"},
        {"identities:\n  token/a: [viewer]\n", "an identity is"},
        {"identities:\n  '*': [admin]\n", "an identity is"},
        {"roles: &a\n  x: {allow: [read]}\nidentities: *a\n", "a mapping must follow"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = FAULT_INIT;
        struct policy *policy;
        if (policy_read(rows[i].text, strlen(rows[i].text), "p", &policy, &fault) == 0)
            fail_msg("taken: %s", rows[i].text);
        assert_int_equal(fault.code, MRPC_INVALID_ARGUMENT);
        if (!strstr(fault.text, rows[i].why))
            fail_msg("%s\nsays: %s\nnot: %s", rows[i].text, fault.text, rows[i].why);
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct fault fault = FAULT_INIT;
    struct policy *policy;
    assert_int_equal(policy_load("/nonexistent/policy.yaml", &policy, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "access.policy: /nonexistent/policy.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_gives_what_it_says),
        cmocka_unit_test(what_is_not_understood_is_refused_with_its_place),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
