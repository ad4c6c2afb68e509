/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/execution/v1/execution.mrpc.h>

#include "client.h"

enum { COLUMNS_MAX = 4096 };

static int first_number(const Mltrainer__Execution__V1__Table *table, double *out)
{
    for (size_t i = 0; table && i < table->n_columns; i++) {
        const Mltrainer__Execution__V1__Column *column = table->columns[i];
        if (column->values_case == MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES && column->doubles->n_values > 0) {
            *out = column->doubles->values[column->doubles->n_values - 1];
            return 0;
        }
    }
    return -1;
}

static Mltrainer__Execution__V1__Table *make_table(struct mrpc_arena *arena, const char *const *names,
                                                   const double *values, size_t count)
{
    Mltrainer__Execution__V1__Table *table = mrpc_arena_alloc(arena, sizeof *table);
    Mltrainer__Execution__V1__Column *columns = mrpc_arena_alloc(arena, count * sizeof *columns);
    Mltrainer__Execution__V1__Column **pointers = mrpc_arena_alloc(arena, count * sizeof *pointers);
    Mltrainer__Execution__V1__DoubleValues *doubles = mrpc_arena_alloc(arena, count * sizeof *doubles);
    if (!table || !columns || !pointers || !doubles)
        return NULL;
    mltrainer__execution__v1__table__init(table);
    for (size_t i = 0; i < count; i++) {
        mltrainer__execution__v1__column__init(&columns[i]);
        mltrainer__execution__v1__double_values__init(&doubles[i]);
        doubles[i].values = (double *)&values[i];
        doubles[i].n_values = 1;
        columns[i].name = (char *)names[i];
        columns[i].values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
        columns[i].doubles = &doubles[i];
        pointers[i] = &columns[i];
    }
    table->columns = pointers;
    table->n_columns = count;
    return table;
}

int mlt_predict(struct mlt_client *client, const char *artifact, const char *const *names, const double *values,
                size_t count, double *out, struct mlt_error *error)
{
    Mltrainer__Execution__V1__PredictRequest request = MLTRAINER__EXECUTION__V1__PREDICT_REQUEST__INIT;
    Mltrainer__Execution__V1__DataReference data = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__INIT;
    struct mrpc_call_options options = client_call_options(client);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    if (count > COLUMNS_MAX)
        return client_fail_text(error, MRPC_INVALID_ARGUMENT, "more than %d columns", COLUMNS_MAX);
    struct mrpc_arena *arena = mrpc_arena_new(0);
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    data.table = arena ? make_table(arena, names, values, count) : NULL;
    if (!data.table) {
        mrpc_arena_free(arena);
        return client_fail_text(error, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    request.artifact = (char *)artifact;
    request.data = &data;
    const Mltrainer__Execution__V1__PredictResponse *response =
        mltrainer__execution__v1__execution_service__predict(client->channel, &options, &request, &reply);
    int code = response ? 0 : client_fail(error, &reply.status);
    if (response && first_number(response->table, out) != 0)
        code = client_fail_text(error, MRPC_INTERNAL, "the answer holds no number");
    mrpc_reply_fini(&reply);
    mrpc_arena_free(arena);
    return code;
}
