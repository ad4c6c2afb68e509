/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/jobs_submit.h"

enum { ARGUMENTS_MAX = 32 };

static void describe_file(const struct cli_arguments *arguments, Mltrainer__Execution__V1__Source *source)
{
    static Mltrainer__Execution__V1__FileSource file = MLTRAINER__EXECUTION__V1__FILE_SOURCE__INIT;
    static Mltrainer__Execution__V1__CsvOptions csv = MLTRAINER__EXECUTION__V1__CSV_OPTIONS__INIT;
    file.path = (char *)cli_option(arguments, "file", "");
    const char *ending = strrchr(file.path, '.');
    bool arrow =
        ending && (strcmp(ending, ".arrow") == 0 || strcmp(ending, ".arrows") == 0 || strcmp(ending, ".feather") == 0);
    file.format = arrow ? MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW
                        : MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
    csv.delimiter = (char *)cli_option(arguments, "delimiter", "");
    csv.no_header = cli_switch(arguments, "no-header");
    file.csv = arrow ? NULL : &csv;
    source->source_case = MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_FILE;
    source->file = &file;
}

static void describe_query(const struct cli_arguments *arguments, Mltrainer__Execution__V1__Source *source)
{
    static Mltrainer__Execution__V1__SqlSource sql = MLTRAINER__EXECUTION__V1__SQL_SOURCE__INIT;
    static const char *values[CLI_OPTIONS_MAX];
    sql.connection = (char *)cli_option(arguments, "database", "");
    sql.query = (char *)cli_option(arguments, "query", "");
    while ((values[sql.n_arguments] = cli_option_at(arguments, "argument", sql.n_arguments)))
        sql.n_arguments++;
    sql.arguments = (char **)(uintptr_t)values;
    source->source_case = MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_SQL;
    source->sql = &sql;
}

static void describe_series(const struct cli_arguments *arguments, Mltrainer__Execution__V1__Source *source)
{
    static Mltrainer__Execution__V1__HttpSource http = MLTRAINER__EXECUTION__V1__HTTP_SOURCE__INIT;
    static Mltrainer__Execution__V1__HttpSource__ArgumentsEntry entries[ARGUMENTS_MAX], *pointers[ARGUMENTS_MAX];
    static char names[ARGUMENTS_MAX][129];
    const char *text;
    http.provider = (char *)cli_option(arguments, "provider", "");
    http.series = (char *)cli_option(arguments, "series", "");
    http.begin_date = (char *)cli_option(arguments, "begin", "");
    http.end_date = (char *)cli_option(arguments, "end", "");
    for (size_t i = 0; (text = cli_option_at(arguments, "set", i)); i++) {
        if (i == ARGUMENTS_MAX)
            exit(cli_usage("more than %d of --set", ARGUMENTS_MAX));
        mltrainer__execution__v1__http_source__arguments_entry__init(&entries[i]);
        entries[i].value = (char *)execution_split("set", text, names[i]);
        entries[i].key = names[i];
        pointers[i] = &entries[i];
        http.n_arguments = i + 1;
    }
    http.arguments = pointers;
    source->source_case = MLTRAINER__EXECUTION__V1__SOURCE__SOURCE_HTTP;
    source->http = &http;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__JobSpec job = MLTRAINER__EXECUTION__V1__JOB_SPEC__INIT;
    Mltrainer__Execution__V1__FetchSpec fetch = MLTRAINER__EXECUTION__V1__FETCH_SPEC__INIT;
    Mltrainer__Execution__V1__Source source = MLTRAINER__EXECUTION__V1__SOURCE__INIT;
    bool file = cli_option(arguments, "file", NULL), query = cli_option(arguments, "database", NULL),
         series = cli_option(arguments, "provider", NULL);
    if (file + query + series != 1)
        return cli_usage("one of --file, --database and --provider is wanted");
    if (file)
        describe_file(arguments, &source);
    else if (query)
        describe_query(arguments, &source);
    else
        describe_series(arguments, &source);
    fetch.dataset = (char *)arguments->operands[0];
    fetch.source = &source;
    job.work_case = MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_FETCH;
    job.fetch = &fetch;
    return jobs_submit(cli, arguments, &job);
}

static const struct cli_option options[] = {
    {"file", "PATH", "a file of the server's, .arrow or CSV"},
    {"delimiter", "CHAR", "of its fields, in CSV [found by looking]"},
    {"no-header", NULL, "its first line is data"},
    {"database", "NAME", "a database that the server knows, and what to ask it:"},
    {"query", "SQL", "one SELECT, its parameters written ?1, ?2"},
    {"argument", "VALUE", "of a parameter, in their order; may be given again"},
    {"provider", "NAME", "an HTTP interface that the server knows, and what to ask it:"},
    {"series", "ID", "as the provider calls it"},
    {"begin", "DATE", "first day"},
    {"end", "DATE", "last day"},
    {"set", "NAME=VALUE", "a further argument of the provider; may be given again"},
    JOBS_SUBMIT_OPTIONS,
    {0},
};

const struct cli_command datasets_fetch_command = {
    .noun = "datasets",
    .verb = "fetch",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Have the server get a dataset: file, query or series",
    .examples = "  mltctl datasets fetch gdp --provider fred --series GDP --begin 1990-01-01 --follow\n"
                "  mltctl datasets fetch prices --database market --query 'SELECT * FROM bars WHERE symbol = ?1' "
                "--argument AAPL\n",
    .run = run,
};
