/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "execution/fetch/csv_writer.h"
#include "execution/fetch/source_kind.h"

/* One SELECT on a file that is opened for reading alone. What the query may do is held by an authorizer: read tables,
 * call functions (none that loads code), nothing else; so no ATTACH leads to another file. */

enum { BUSY_MS = 5000, STEPS_BETWEEN_LOOKS = 100000 };

static int authorize(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    bool loads = action == SQLITE_FUNCTION && second && sqlite3_stricmp(second, "load_extension") == 0;
    bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                 action == SQLITE_RECURSIVE;
    return reads && !loads ? SQLITE_OK : SQLITE_DENY;
}

static int look(void *arg)
{
    const struct fetch_sink *sink = arg;
    return sink->stopped(sink->arg);
}

static int sqlite_fault(sqlite3 *db, struct fault *fault)
{
    int error = sqlite3_errcode(db) & 0xff;
    enum mrpc_code code = error == SQLITE_BUSY || error == SQLITE_LOCKED     ? MRPC_UNAVAILABLE
                          : error == SQLITE_CORRUPT || error == SQLITE_NOTADB ? MRPC_DATA_LOSS
                          : error == SQLITE_AUTH                             ? MRPC_PERMISSION_DENIED
                          : error == SQLITE_CANTOPEN                         ? MRPC_NOT_FOUND
                          : error == SQLITE_NOMEM                            ? MRPC_RESOURCE_EXHAUSTED
                                                                             : MRPC_INVALID_ARGUMENT;
    if (error == SQLITE_INTERRUPT)
        return fetch_stopped(fault);
    return fault_set(fault, code, "%s", sqlite3_errmsg(db));
}

static int prepare(sqlite3 *db, const API(SqlSource) * sql, sqlite3_stmt **out, struct fault *fault)
{
    const char *rest = NULL;
    if (sqlite3_prepare_v2(db, sql->query, -1, out, &rest) != SQLITE_OK)
        return sqlite_fault(db, fault);
    if (!*out || sqlite3_column_count(*out) == 0 || !sqlite3_stmt_readonly(*out))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a SELECT is wanted");
    if (rest[strspn(rest, " \t\r\n;")])
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "one statement is wanted, and something stands behind it");
    if ((size_t)sqlite3_bind_parameter_count(*out) != sql->n_arguments)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the query has %d parameters, and %zu arguments are given",
                         sqlite3_bind_parameter_count(*out), sql->n_arguments);
    for (size_t i = 0; i < sql->n_arguments; i++)
        if (sqlite3_bind_text(*out, (int)i + 1, sql->arguments[i], -1, SQLITE_STATIC) != SQLITE_OK)
            return sqlite_fault(db, fault);
    return 0;
}

static int write_value(struct csv_writer *writer, sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        csv_writer_integer(writer, sqlite3_column_int64(statement, column));
        return 0;
    case SQLITE_FLOAT:
        csv_writer_number(writer, sqlite3_column_double(statement, column));
        return 0;
    case SQLITE_TEXT:
        csv_writer_text(writer, (const char *)sqlite3_column_text(statement, column),
                        (size_t)sqlite3_column_bytes(statement, column));
        return 0;
    case SQLITE_NULL:
        csv_writer_absent(writer);
        return 0;
    default:
        return fault_set(writer->fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" holds blobs",
                         sqlite3_column_name(statement, column));
    }
}

static int write_rows(sqlite3 *db, sqlite3_stmt *statement, struct csv_writer *writer)
{
    int columns = sqlite3_column_count(statement), step;
    for (int i = 0; i < columns; i++)
        csv_writer_text(writer, sqlite3_column_name(statement, i), strlen(sqlite3_column_name(statement, i)));
    int code = csv_writer_end_row(writer);
    while (!code && (step = sqlite3_step(statement)) != SQLITE_DONE) {
        if (step != SQLITE_ROW)
            return sqlite_fault(db, writer->fault);
        for (int i = 0; !code && i < columns; i++)
            code = write_value(writer, statement, i);
        if (!code)
            code = csv_writer_end_row(writer);
    }
    return code ? code : csv_writer_finish(writer);
}

int sqlite_fetch(const struct database *database, const API(SqlSource) * sql, const struct fetch_sink *sink,
                 struct fault *fault)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    struct csv_writer *writer = calloc(1, sizeof *writer);
    int code = writer ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code && sqlite3_open_v2(database->address, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        code = db ? sqlite_fault(db, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code) {
        *writer = (struct csv_writer){.sink = sink, .fault = fault};
        sqlite3_busy_timeout(db, BUSY_MS);
        sqlite3_set_authorizer(db, authorize, NULL);
        sqlite3_progress_handler(db, STEPS_BETWEEN_LOOKS, look, (void *)sink);
        code = prepare(db, sql, &statement, fault);
    }
    if (!code)
        code = write_rows(db, statement, writer);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    free(writer);
    return code;
}
