/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "admin/diagnosis.h"
#include "test.h"

/* Each misfortune by its facts alone, and that nothing else is said to be wrong then. */

enum { DAY_S = 86400, NOW_S = 1800000000 };

#define MIB (UINT64_C(1) << 20)

static const struct diagnosis_facts well = {
    .now_s = NOW_S,
    .certificate_end_s = NOW_S + 90 * DAY_S,
    .disk_free_bytes = 500 * MIB,
    .disk_bytes = 1000 * MIB,
    .open_files = 100,
    .file_limit = 1024,
    .connections = 10,
    .connection_limit = 1000,
    .store_trouble = "",
    .refusing = "none",
    .memory_used_bytes = 100 * MIB,
    .memory_limit_bytes = 1000 * MIB,
    .stalled_loop = "",
};

/* The worst of all findings, and the one of @check. */
static enum diagnosis_severity judge(const struct diagnosis_facts *facts, const char *check,
                                     struct diagnosis_finding *out)
{
    struct diagnosis_finding findings[DIAGNOSIS_FINDINGS_MAX];
    enum diagnosis_severity worst = DIAGNOSIS_OK;
    size_t count = diagnosis_make(facts, findings), found = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(findings[i].text[0] != 0);
        assert_int_equal(findings[i].remedy[0] == 0, findings[i].severity == DIAGNOSIS_OK);
        if (strcmp(findings[i].check, check) == 0) {
            *out = findings[i];
            found++;
        } else if (findings[i].severity != DIAGNOSIS_OK) {
            fail_msg("%s is said to be wrong, too: %s", findings[i].check, findings[i].text);
        }
        worst = findings[i].severity > worst ? findings[i].severity : worst;
    }
    assert_int_equal(found, 1);
    return worst;
}

static void expect(struct diagnosis_facts facts, const char *check, enum diagnosis_severity severity, const char *text)
{
    struct diagnosis_finding finding;
    enum diagnosis_severity worst = judge(&facts, check, &finding);
    if (worst != severity || !strstr(finding.text, text))
        fail_msg("%s: severity %d, \"%s\"; expected %d, \"%s\"", check, worst, finding.text, severity, text);
}

#define WITH(...) \
    ({ \
        struct diagnosis_facts facts = well; \
        __VA_ARGS__; \
        facts; \
    })

static void what_is_well_is_told_as_well(void **state)
{
    expect(well, "disk", DIAGNOSIS_OK, "500 MiB of 1000 MiB are free, 50 % used");
    expect(WITH(facts.certificate_end_s = 0), "certificate", DIAGNOSIS_OK, "no TLS");
    expect(WITH(facts.memory_limit_bytes = 0), "memory", DIAGNOSIS_OK, "there is no limit");
}

static void a_certificate_is_told_of_before_its_end(void **state)
{
    expect(WITH(facts.certificate_end_s = NOW_S + 31 * DAY_S), "certificate", DIAGNOSIS_OK, "31 days");
    expect(WITH(facts.certificate_end_s = NOW_S + 20 * DAY_S), "certificate", DIAGNOSIS_WARNING, "20 days");
    expect(WITH(facts.certificate_end_s = NOW_S + DAY_S), "certificate", DIAGNOSIS_ERROR, "1 days");
    expect(WITH(facts.certificate_end_s = NOW_S), "certificate", DIAGNOSIS_ERROR, "has expired");
}

static void what_runs_full_is_told_of_before_and_when_it_is(void **state)
{
    expect(WITH(facts.disk_free_bytes = 100 * MIB), "disk", DIAGNOSIS_WARNING, "90 % used");
    expect(WITH(facts.disk_free_bytes = 20 * MIB), "disk", DIAGNOSIS_ERROR, "98 % used");
    expect(WITH(facts.disk_free_bytes = 63 * MIB, facts.disk_bytes = 100 * MIB), "disk", DIAGNOSIS_ERROR, "63 MiB");
    expect(WITH(facts.disk_bytes = facts.disk_free_bytes = 0), "disk", DIAGNOSIS_WARNING, "cannot be found out");
    expect(WITH(facts.open_files = 900), "descriptors", DIAGNOSIS_WARNING, "900 of 1024");
    expect(WITH(facts.open_files = 1020), "descriptors", DIAGNOSIS_ERROR, "1020 of 1024");
    expect(WITH(facts.connections = 900), "connections", DIAGNOSIS_WARNING, "900 of 1000");
    expect(WITH(facts.connections = 1000), "connections", DIAGNOSIS_ERROR, "1000 of 1000");
    expect(WITH(facts.memory_used_bytes = 800 * MIB), "memory", DIAGNOSIS_WARNING, "800 of 1000 MiB");
    expect(WITH(facts.memory_used_bytes = 900 * MIB, facts.refusing = "work"), "memory", DIAGNOSIS_ERROR, "work");
}

static void what_needs_a_person_is_told(void **state)
{
    expect(WITH(facts.store_trouble = "the disk is full"), "store", DIAGNOSIS_ERROR, "the disk is full");
    expect(WITH(facts.log_bytes = 600 * MIB), "store", DIAGNOSIS_WARNING, "600 MiB");
    expect(WITH(facts.backup_refused = true), "restore", DIAGNOSIS_WARNING, "nothing could start from");
    expect(WITH(facts.log_lines_dropped = 7), "log", DIAGNOSIS_WARNING, "7 lines");
    expect(WITH(facts.loop_stalls = 2), "loops", DIAGNOSIS_WARNING, "2 stood still");
    expect(WITH(facts.loops_stalled = 1, facts.loop_stalls = 1, facts.stalled_loop = "registry"), "loops",
           DIAGNOSIS_ERROR, "registry");
    expect(WITH(facts.draining = true), "serving", DIAGNOSIS_WARNING, "drains");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_well_is_told_as_well),
        cmocka_unit_test(a_certificate_is_told_of_before_its_end),
        cmocka_unit_test(what_runs_full_is_told_of_before_and_when_it_is),
        cmocka_unit_test(what_needs_a_person_is_told),
    };
    return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
