/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A backup on its way back. Here it is judged and made ready, under a name that nobody opens:
 *
 *     what came ─► ours? whole? every row? ─► keep, raise revisions ─► sync ─► mltrainer.db.restore
 *
 * The last step is one rename; what stands before it is a file that the next start sweeps away, what stands behind it
 * is adopted by the next opening (sqlite_adopt.c). The store that is open goes on until it is closed. */

static const char name_of_it[] = "the backup";

/* SQLite runs what a schema says; ours has tables and indices. */
static int check_schema(sqlite3 *database, struct fault *fault)
{
    int64_t others;
    if (sqlite_ask(database, "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')", &others, fault))
        return fault->code;
    return others ? fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s has triggers or views", name_of_it) : MRPC_OK;
}

/* It grows from here: there must be room. */
static int check_revision(sqlite3 *database, struct fault *fault)
{
    int64_t good;
    static const char ask[] = "SELECT count(*) FROM meta WHERE name = 'revision' AND typeof(value) = 'integer'"
                              " AND value BETWEEN 0 AND 1 << 62";
    if (sqlite_ask(database, ask, &good, fault) == 0 && good == 1)
        return MRPC_OK;
    return fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: it has no revision", name_of_it);
}

static int check_row(sqlite3_stmt *row, struct fault *fault)
{
    const struct store_slice key = {sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0)};
    const struct store_slice value = {sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1)};
    uint64_t revision = (uint64_t)sqlite3_column_int64(row, 2);
    if (key.bytes == 0 || key.bytes > STORE_KEY_BYTES_MAX || value.bytes > STORE_VALUE_BYTES_MAX ||
        sqlite3_column_int64(row, 3) != sqlite_row_checksum(key, value, revision))
        return fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: the entry %.*s", name_of_it,
                         (int)(key.bytes > 200 ? 200 : key.bytes), key.bytes ? (const char *)key.data : "");
    return MRPC_OK;
}

/* Bits that flip in a value are no fault to SQLite. */
static int check_rows(sqlite3 *database, struct fault *fault)
{
    sqlite3_stmt *rows = NULL;
    int code = MRPC_OK;
    int result = sqlite3_prepare_v2(database, "SELECT key, value, revision, sum FROM entries", -1, &rows, NULL);
    if (result == SQLITE_OK)
        while (!code && (result = sqlite3_step(rows)) == SQLITE_ROW)
            code = check_row(rows, fault);
    if (!code && result != SQLITE_DONE)
        code = fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: %s", name_of_it, sqlite3_errmsg(database));
    sqlite3_finalize(rows);
    return code;
}

/* SQLite reads zeros where the last page is cut short. */
static int check_size(sqlite3 *database, const char *path, struct fault *fault)
{
    struct stat info;
    int64_t pages, page_bytes;
    if (sqlite_ask(database, "PRAGMA page_count", &pages, fault) ||
        sqlite_ask(database, "PRAGMA page_size", &page_bytes, fault))
        return fault->code;
    if (stat(path, &info) == 0 && info.st_size == pages * page_bytes)
        return MRPC_OK;
    return fault_set(fault, MRPC_DATA_LOSS, "store: %s is cut short: it has not its %lld pages", name_of_it,
                     (long long)pages);
}

static int judge(sqlite3 *database, const char *path, struct fault *fault)
{
    int64_t version;
    int code = sqlite_check_ours(database, name_of_it, &version, fault);
    if (!code)
        code = check_size(database, path, fault);
    if (!code)
        code = sqlite_check_structure(database, name_of_it, "PRAGMA integrity_check(1)", fault);
    if (!code)
        code = check_schema(database, fault);
    if (!code)
        code = sqlite_migrate(database, version, fault);
    if (!code)
        code = check_revision(database, fault);
    return code ? code : check_rows(database, fault);
}

/* One statement with @text as its only, or first and last, parameter. */
static int run_with(sqlite3 *database, const char *sql, const char *text, const char *end, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK && end) {
        sqlite3_bind_blob(statement, 1, text, (int)strlen(text), SQLITE_STATIC);
        sqlite3_bind_blob(statement, 2, end, (int)strlen(end), SQLITE_STATIC);
    } else if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    }
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result != SQLITE_DONE)
        fault_set(fault, sqlite_result_code(sqlite3_extended_errcode(database)), "store: restore: %s",
                  sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? MRPC_OK : fault->code;
}

/* Entries go over as they are: their checksum covers key, value and revision. Prefixes end in '/'. */
static int keep(sqlite3 *database, const char *prefix, struct fault *fault)
{
    char end[STORE_KEY_BYTES_MAX + 1];
    snprintf(end, sizeof end, "%s", prefix);
    end[strlen(end) - 1]++;
    return run_with(database,
                    "INSERT OR REPLACE INTO entries (key, value, revision, sum)"
                    " SELECT key, value, revision, sum FROM present.entries WHERE key >= ?1 AND key < ?2",
                    prefix, end, fault);
}

/* Revisions never go back: who knows one of the store that is replaced must not take it for one of this one. */
static const char raise_revisions[] =
    "UPDATE meta SET value = 1 + max(value, (SELECT value FROM present.meta WHERE name = 'revision'))"
    " WHERE name = 'revision';"
    "INSERT OR REPLACE INTO meta SELECT 'forgotten', value FROM meta WHERE name = 'revision';"
    "INSERT OR REPLACE INTO meta SELECT 'restored', value FROM meta WHERE name = 'revision';"
    "DELETE FROM deletions;";

static int make_ready(sqlite3 *database, const char *present, const char *const *kept, uint64_t *revision,
                      struct fault *fault)
{
    int64_t raised = 0;
    int code = run_with(database, "ATTACH ?1 AS present", present, NULL, fault);
    if (!code)
        code = sqlite_run(database, "BEGIN", "restore", fault);
    for (; !code && *kept; kept++)
        code = keep(database, *kept, fault);
    if (!code)
        code = sqlite_run(database, raise_revisions, "restore", fault);
    if (!code)
        code = sqlite_run(database, "COMMIT; DETACH present; PRAGMA journal_mode = DELETE", "restore", fault);
    if (!code)
        code = sqlite_ask(database, "SELECT value FROM meta WHERE name = 'revision'", &raised, fault);
    *revision = (uint64_t)raised;
    return code;
}

/* What an earlier restore left beside the store goes; then the name that the next opening looks for. */
static int put_beside(const char *path, const char *database, struct fault *fault)
{
    static const char *const earlier[] = {".replaced-wal", ".replaced"};
    char name[4200], folder[4200];
    for (size_t i = 0; i < sizeof earlier / sizeof *earlier; i++) {
        snprintf(name, sizeof name, "%s%s", database, earlier[i]);
        unlink(name);
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(database, '/') - database), database);
    snprintf(name, sizeof name, "%s.restore", database);
    if (sqlite_sync_folder(folder, fault))
        return fault->code;
    if (rename(path, name))
        return fault_set(fault, MRPC_INTERNAL, "store: %s: %m", name);
    return sqlite_sync_folder(folder, fault);
}

/* A backup that is no good is the caller's fault, not this store's. */
static int blame(struct fault *fault)
{
    return fault->code == MRPC_DATA_LOSS ? (fault->code = MRPC_INVALID_ARGUMENT) : fault->code;
}

int sqlite_restore(struct store *store, const struct store_restoration *restoration, uint64_t *revision,
                   struct fault *fault)
{
    struct fault own = FAULT_INIT;
    sqlite3 *database = NULL;
    uint64_t raised = 0;
    if (!fault)
        fault = &own;
    if (sqlite_check_place(sqlite_of(store), fault))
        return fault->code;
    if (sqlite_connect(restoration->path, SQLITE_OPEN_READWRITE, &database, fault))
        return blame(fault);
    int code = judge(database, restoration->path, fault);
    if (code)
        code = blame(fault);
    if (!code)
        code = make_ready(database, sqlite_of(store)->path, restoration->kept, &raised, fault);
    sqlite3_close(database);
    if (!code)
        code = sqlite_sync_file(restoration->path, fault);
    if (!code && restoration->withdrawn && restoration->withdrawn(restoration->arg))
        code = fault_set(fault, MRPC_CANCELLED, "store: the backup was withdrawn");
    if (!code)
        code = put_beside(restoration->path, sqlite_of(store)->path, fault);
    if (!code)
        *revision = raised;
    return code;
}
