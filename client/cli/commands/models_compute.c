/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "files.h"

static int save(const char *path, const Mltrainer__Execution__V1__Table *table)
{
    struct files_output output;
    int code = files_begin(&output, path);
    if (code)
        return code;
    execution_write_csv(table, output.stream);
    return files_commit(&output);
}

static int show(const struct cli_arguments *arguments, const Mltrainer__Execution__V1__ComputeResponse *response)
{
    const char *path = cli_option(arguments, "to", NULL);
    size_t rows = execution_table_rows(response->table);
    size_t tail = (size_t)cli_number(arguments, "tail", path ? 5 : 20, 0, INT32_MAX);
    int code = path ? save(path, response->table) : 0;
    if (response->table)
        execution_print_table(response->table, rows > tail ? rows - tail : 0, rows);
    for (size_t i = 0; i < response->n_metrics; i++)
        printf("%s = %.10g\n", response->metrics[i]->name, response->metrics[i]->value);
    if (path && !code)
        printf("%s: %zu rows\n", path, rows);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct execution_data data;
    static struct execution_parameters parameters;
    Mltrainer__Execution__V1__ComputeRequest request = MLTRAINER__EXECUTION__V1__COMPUTE_REQUEST__INIT;
    Mltrainer__Execution__V1__ComputeRequest__ParametersEntry entries[EXECUTION_PARAMETERS_MAX];
    Mltrainer__Execution__V1__ComputeRequest__ParametersEntry *pointers[EXECUTION_PARAMETERS_MAX];
    Mltrainer__Execution__V1__ComputeRequest__ColumnNamesEntry names[16], *name_pointers[16];
    char name_storage[16][129];
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    execution_parse_parameters(arguments, &parameters);
    for (size_t i = 0; i < parameters.count; i++) {
        mltrainer__execution__v1__compute_request__parameters_entry__init(&entries[i]);
        entries[i].key = parameters.names[i];
        entries[i].value = &parameters.values[i];
        pointers[i] = &entries[i];
    }
    const char *text;
    for (size_t i = 0; i < 16 && (text = cli_option_at(arguments, "column", i)); i++) {
        mltrainer__execution__v1__compute_request__column_names_entry__init(&names[i]);
        names[i].value = (char *)execution_split("column", text, name_storage[i]);
        names[i].key = name_storage[i];
        name_pointers[i] = &names[i];
        request.n_column_names++;
    }
    request.model = (char *)arguments->operands[0];
    request.parameters = pointers;
    request.n_parameters = parameters.count;
    request.column_names = name_pointers;
    request.data = execution_parse_data(arguments, &data);
    request.seed = (uint64_t)cli_number(arguments, "seed", 0, 0, INT64_MAX);
    const Mltrainer__Execution__V1__ComputeResponse *response =
        mltrainer__execution__v1__execution_service__compute(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__compute_response__info, &response->base);
    else if (response)
        code = show(arguments, response);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "a dataset: NAME, NAME@VERSION or sha256:HEX"},
    {"value", "COLUMN=VALUE", "a one-row table instead; may be repeated"},
    {"column", "INPUT=COLUMN", "which column of the dataset serves as an input"},
    {"param", "NAME=VALUE", "a parameter, a list in brackets: [1,2]; may be repeated"},
    {"seed", "N", "of models that draw random numbers [0]"},
    {"tail", "N", "how many of the last rows to print [20; 5 with --to]"},
    {"to", "FILE", "write the whole table as CSV"},
    {0},
};

const struct cli_command models_compute_command = {
    .noun = "models",
    .verb = "compute",
    .operands = "MODEL",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Compute an indicator, a price or a risk figure",
    .examples = "  mltctl models compute rsi --dataset sp500 --param window=14 --to rsi.csv\n"
                "  mltctl models compute black_scholes_greeks_model --value spot=100 --value strike=105 \\\n"
                "    --value time_to_expiry=0.5 --value risk_free_rate=0.03 --value volatility=0.2\n",
    .run = run,
};
