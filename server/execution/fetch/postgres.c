/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "execution/fetch/csv_writer.h"
#include "execution/fetch/source_kind.h"

/* One statement by the extended protocol (which takes no second one), in a session whose transactions read only, row by
 * row. What the role of the connection may read is the database's to say. Passwords come from libpq's own places
 * (PGPASSFILE), never from a request. */

enum { CONNECT_SECONDS = 10, LOOK_MS = 200 };
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_FLOAT4 = 700, OID_FLOAT8 = 701,
       OID_DATE = 1082, OID_NUMERIC = 1700 };

struct run {
    PGconn *connection;
    const struct fetch_sink *sink;
    struct fault *fault;
    struct csv_writer *writer;
};

static int connection_fault(struct run *run, enum mrpc_code code)
{
    const char *text = PQerrorMessage(run->connection);
    return fault_set(run->fault, code, "%.*s", (int)strcspn(text, "\n"), text);
}

/* ?1 as PostgreSQL writes it, $1, outside of quotes. NULL when out of memory. */
static char *translate(const char *query)
{
    char *out = strdup(query), quote = 0;
    for (char *at = out; out && *at; at++) {
        if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '\'' || *at == '"')
            quote = *at;
        else if (*at == '?' && isdigit((unsigned char)at[1]))
            *at = '$';
    }
    return out;
}

static int open_connection(struct run *run, const char *address)
{
    const char *const names[] = {"dbname", "connect_timeout", "application_name", "client_encoding", "options", NULL};
    const char *const values[] = {address,   "10", "mltrainerd", "UTF8",
                                  "-c default_transaction_read_only=on -c datestyle=ISO -c extra_float_digits=1", NULL};
    run->connection = PQconnectdbParams(names, values, 1);
    if (!run->connection)
        return fault_set(run->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return PQstatus(run->connection) == CONNECTION_OK ? 0 : connection_fault(run, MRPC_UNAVAILABLE);
}

static int send_query(struct run *run, const API(SqlSource) * sql)
{
    char *query = translate(sql->query);
    if (!query)
        return fault_set(run->fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int sent = PQsendQueryParams(run->connection, query, (int)sql->n_arguments, NULL,
                                 (const char *const *)sql->arguments, NULL, NULL, 0);
    free(query);
    return sent && PQsetSingleRowMode(run->connection) ? 0 : connection_fault(run, MRPC_UNAVAILABLE);
}

static int cancel(struct run *run)
{
    char text[256];
    PGcancel *handle = PQgetCancel(run->connection);
    if (handle)
        PQcancel(handle, text, sizeof text);
    PQfreeCancel(handle);
    return fetch_stopped(run->fault);
}

/* Until a result can be had without waiting; meanwhile the sink may want to stop. */
static int wait_for_result(struct run *run)
{
    while (PQisBusy(run->connection)) {
        struct pollfd ready = {.fd = PQsocket(run->connection), .events = POLLIN};
        if (run->sink->stopped(run->sink->arg))
            return cancel(run);
        if (poll(&ready, 1, LOOK_MS) > 0 && !PQconsumeInput(run->connection))
            return connection_fault(run, MRPC_UNAVAILABLE);
    }
    return 0;
}

static int write_value(struct run *run, const PGresult *row, int column)
{
    Oid type = PQftype(row, column);
    const char *text = PQgetvalue(row, 0, column);
    size_t bytes = (size_t)PQgetlength(row, 0, column);
    if (type == OID_BYTEA)
        return fault_set(run->fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" holds bytes", PQfname(row, column));
    bool number = type == OID_INT8 || type == OID_INT2 || type == OID_INT4 || type == OID_FLOAT4 ||
                  type == OID_FLOAT8 || type == OID_NUMERIC || type == OID_DATE;
    if (PQgetisnull(row, 0, column))
        csv_writer_absent(run->writer);
    else if (type == OID_BOOL)
        csv_writer_plain(run->writer, *text == 't' ? "true" : "false", *text == 't' ? 4 : 5);
    else if (number)
        csv_writer_plain(run->writer, text, bytes);
    else
        csv_writer_text(run->writer, text, bytes);
    return 0;
}

static int write_header(struct run *run, const PGresult *result)
{
    for (int i = 0; i < PQnfields(result); i++)
        csv_writer_text(run->writer, PQfname(result, i), strlen(PQfname(result, i)));
    return csv_writer_end_row(run->writer);
}

/* Class 42: the query is wrong; 25006: it writes; 22: a value is; everything else may pass. */
static int result_fault(struct run *run, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum mrpc_code code = !state                                ? MRPC_UNAVAILABLE
                          : strcmp(state, "42501") == 0         ? MRPC_PERMISSION_DENIED
                          : strcmp(state, "25006") == 0         ? MRPC_PERMISSION_DENIED
                          : strncmp(state, "42", 2) == 0        ? MRPC_INVALID_ARGUMENT
                          : strncmp(state, "22", 2) == 0        ? MRPC_INVALID_ARGUMENT
                          : strncmp(state, "08P01", 5) == 0     ? MRPC_INVALID_ARGUMENT
                                                                : MRPC_UNAVAILABLE;
    return fault_set(run->fault, code, "%s", text ? text : "the connection broke");
}

static int take_result(struct run *run, const PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK: /* the end, without a row */
        if (PQnfields(result) == 0)
            return fault_set(run->fault, MRPC_INVALID_ARGUMENT, "a SELECT with columns is wanted");
        int code = run->writer->rows == 0 ? write_header(run, result) : 0;
        if (code || PQntuples(result) == 0)
            return code;
        for (int i = 0; !code && i < PQnfields(result); i++)
            code = write_value(run, result, i);
        return code ? code : csv_writer_end_row(run->writer);
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        return fault_set(run->fault, MRPC_INVALID_ARGUMENT, "a SELECT is wanted");
    default:
        return result_fault(run, result);
    }
}

static int take_results(struct run *run)
{
    for (;;) {
        int code = wait_for_result(run);
        PGresult *result = code ? NULL : PQgetResult(run->connection);
        if (!result)
            return code ? code : csv_writer_finish(run->writer);
        code = take_result(run, result);
        PQclear(result);
        if (code)
            return code;
    }
}

int postgres_fetch(const struct database *database, const API(SqlSource) * sql, const struct fetch_sink *sink,
                   struct fault *fault)
{
    struct run run = {.sink = sink, .fault = fault, .writer = calloc(1, sizeof *run.writer)};
    if (!run.writer)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *run.writer = (struct csv_writer){.sink = sink, .fault = fault};
    int code = open_connection(&run, database->address);
    if (!code)
        code = send_query(&run, sql);
    if (!code)
        code = take_results(&run);
    PQfinish(run.connection);
    free(run.writer);
    return code;
}
