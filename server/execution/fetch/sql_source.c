/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/field_path.h"
#include "execution/fetch/source_kind.h"

enum { QUERY_BYTES_MAX = 64 * 1024, ARGUMENTS_MAX = 100, ARGUMENT_BYTES_MAX = 64 * 1024 };

static const struct database *find(const struct fetch_sources *sources, const char *name)
{
    for (size_t i = 0; i < sources->database_count; i++)
        if (strcmp(sources->databases[i].name, name) == 0)
            return &sources->databases[i];
    return NULL;
}

static int check(const struct fetch_sources *sources, const API(Source) * source, const char *field,
                 struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    const API(SqlSource) *sql = source->sql;
    field_path(path, "%s.sql.connection", field);
    if (!find(sources, sql->connection))
        return fault_set(fault, MRPC_NOT_FOUND, "%s: no database \"%.64s\" is configured (execution.databases)", path,
                         sql->connection);
    field_path(path, "%s.sql.query", field);
    if (!*sql->query || strlen(sql->query) > QUERY_BYTES_MAX)
        return fault_field(fault, path, "a query of 1 to %d bytes is wanted", QUERY_BYTES_MAX);
    field_path(path, "%s.sql.arguments", field);
    if (sql->n_arguments > ARGUMENTS_MAX)
        return fault_field(fault, path, "more than %d", ARGUMENTS_MAX);
    for (size_t i = 0; i < sql->n_arguments; i++)
        if (strlen(sql->arguments[i]) > ARGUMENT_BYTES_MAX)
            return fault_field(fault, path, "one of more than %d bytes", ARGUMENT_BYTES_MAX);
    return 0;
}

static int run(struct fetch_sources *sources, const API(Source) * source, const struct fetch_sink *sink,
               struct fault *fault)
{
    const struct database *database = find(sources, source->sql->connection);
    if (!database)
        return fault_set(fault, MRPC_NOT_FOUND, "the database is not configured any more");
    int code = database->engine == DATABASE_SQLITE ? sqlite_fetch(database, source->sql, sink, fault)
                                                   : postgres_fetch(database, source->sql, sink, fault);
    return code ? fault_prefix(fault, "database %s", database->name) : 0;
}

const struct source_kind sql_source = {"sql", check, run};
