/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/doctor.h"

#include "columns.h"
#include "commands/commands.h"

/* Exit status: as bad as the worst finding. */
enum { EXIT_WELL = 0, EXIT_WARNINGS = 1, EXIT_ERRORS = 2 };

static Mltrainer__Admin__V1__Severity worst(const struct doctor *doctor)
{
    Mltrainer__Admin__V1__Severity worst = DOCTOR_OK;
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->findings[i]->severity > worst)
            worst = doctor->findings[i]->severity;
    return worst;
}

static void print(const struct doctor *doctor)
{
    static const char *const titles[] = {"SEVERITY", "CHECK", "FOUND", NULL};
    static const char *const names[] = {"?", "ok", "warning", "error"};
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < doctor->count; i++) {
        const Mltrainer__Admin__V1__Finding *finding = doctor->findings[i];
        columns_add(columns, "%s", finding->severity <= DOCTOR_ERROR ? names[finding->severity] : names[0]);
        columns_add(columns, "%s", finding->check);
        columns_add(columns, "%s%s%s", finding->text, *finding->remedy ? "; " : "", finding->remedy);
    }
    columns_print(columns);
}

static int print_json(struct doctor *doctor)
{
    Mltrainer__Admin__V1__DiagnoseResponse all = MLTRAINER__ADMIN__V1__DIAGNOSE_RESPONSE__INIT;
    all.findings = doctor->findings;
    all.n_findings = doctor->count;
    if (doctor->server_time.seconds)
        all.server_time = &doctor->server_time;
    return cli_print_json(&mltrainer__admin__v1__diagnose_response__info, &all.base);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const int exits[] = {EXIT_ERRORS, EXIT_WELL, EXIT_WARNINGS, EXIT_ERRORS};
    const char *folder = cli_option(arguments, "data-dir", NULL);
    struct doctor doctor = {.cli = cli, .arena = mrpc_arena_new(0)};
    doctor.stuck_after_s = cli_duration_ms(arguments, "stuck-after", INT64_C(24) * 3600 * 1000) / 1000;
    google__protobuf__timestamp__init(&doctor.server_time);
    if (!doctor.arena)
        return cli_failed("out of memory");
    if (folder) {
        doctor_look_at_folder(&doctor, folder);
    } else if (doctor_ask_server(&doctor)) {
        doctor_ask_engine(&doctor);
        doctor_ask_registry(&doctor);
    }
    int failed = 0;
    if (cli->json)
        failed = print_json(&doctor);
    else
        print(&doctor);
    Mltrainer__Admin__V1__Severity severity = worst(&doctor);
    mrpc_arena_free(doctor.arena);
    return failed ? failed : exits[severity <= DOCTOR_ERROR ? severity : 0];
}

static const struct cli_option options[] = {
    {"data-dir", "DIR", "look at a data folder instead, whose server need not run"},
    {"stuck-after", "TIME", "a job that runs for so long is told of [24h]"},
    {0},
};

const struct cli_command doctor_command = {
    .noun = "doctor",
    .verb = "",
    .operands = "",
    .options = options,
    .summary = "Say what is wrong and what to do; ends with 0, 1 or 2",
    .examples = "  mltctl doctor\n  mltctl doctor --data-dir /var/lib/mltrainer\n  mltctl -o json doctor\n",
    .run = run,
};
