/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* Answers must fit into a message, whatever lies in the jobs. */

enum { ROWS = 100000, JOBS = 12 };

/* A moving average of a table of some @rows x 8 bytes, which stands in the job itself. Static memory. */
static API(JobSpec) * average_of(size_t rows)
{
    static API(JobSpec) job;
    static API(ComputeSpec) compute;
    static API(DataReference) data;
    static API(Table) table;
    static API(Column) close, *columns[] = {&close};
    static API(DoubleValues) values;
    static double prices[ROWS];
    for (size_t i = 0; i < rows; i++)
        prices[i] = (double)(i % 97);
    INIT(job_spec, &job);
    INIT(compute_spec, &compute);
    INIT(data_reference, &data);
    INIT(table, &table);
    INIT(column, &close);
    INIT(double_values, &values);
    values.values = prices;
    values.n_values = rows;
    close.name = (char *)"close";
    close.values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    close.doubles = &values;
    table.columns = columns;
    table.n_columns = 1;
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = &table;
    compute.model = (char *)"sma";
    compute.data = &data;
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE;
    job.compute = &compute;
    return &job;
}

static void a_page_ends_before_the_answer_is_too_large(void **state)
{
    struct fixture fixture;
    API(ListJobsRequest) request;
    char token[64] = "", *id = NULL;
    size_t found = 0, pages = 0;
    fixture_open(&fixture, NULL);
    for (int i = 0; i < JOBS; i++) {
        free(id);
        assert_non_null(id = submit(&fixture, average_of(ROWS), ""));
    }
    free(id);
    do {
        INIT(list_jobs_request, &request);
        request.page_size = 1000;
        request.page_token = token;
        const API(ListJobsResponse) *response = RPC(list_jobs)(fixture.channel, NULL, &request, fresh(&fixture));
        assert_non_null(response);
        assert_true(response->n_jobs >= 1 && response->n_jobs < JOBS);
        found += response->n_jobs;
        pages++;
        snprintf(token, sizeof token, "%s", response->next_page_token);
    } while (*token);
    assert_int_equal(found, JOBS);
    assert_true(pages >= 2);
    fixture_close(&fixture);
}

static void a_schedule_is_no_place_for_large_tables(void **state)
{
    struct fixture fixture;
    API(CreateScheduleRequest) request;
    API(Schedule) schedule;
    fixture_open(&fixture, NULL);
    INIT(create_schedule_request, &request);
    INIT(schedule, &schedule);
    schedule.name = (char *)"large";
    schedule.when_case = MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_CRON;
    schedule.cron = (char *)"0 0 1 1 *";
    schedule.job = average_of(ROWS);
    request.schedule = &schedule;
    assert_null(RPC(create_schedule)(fixture.channel, NULL, &request, fresh(&fixture)));
    assert_int_equal(CODE(&fixture), MRPC_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(TEXT(&fixture), "more than 256 KiB"));
    schedule.job = average_of(100);
    assert_non_null(RPC(create_schedule)(fixture.channel, NULL, &request, fresh(&fixture)));
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_ends_before_the_answer_is_too_large),
        cmocka_unit_test(a_schedule_is_no_place_for_large_tables),
    };
    return cmocka_run_group_tests_name("execution/list", tests, NULL, NULL);
}
