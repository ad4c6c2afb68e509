/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The writing connection. One transaction a group: each batch first compares everything it expects, so that a batch
 * whose conditions fail has written nothing and needs no savepoint. A failure of SQLite itself (full disk, input/output
 * error) undoes the group and fails all of it. */

static const char *const sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_REVISION_OF] = "SELECT revision FROM entries WHERE key = ?1",
    [SQL_PUT] = "INSERT INTO entries (key, value, revision, sum) VALUES (?1, ?2, ?3, ?4)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision,"
                " sum = excluded.sum",
    [SQL_DELETE] = "DELETE FROM entries WHERE key = ?1",
    [SQL_KEEP_DELETION] = "INSERT OR IGNORE INTO deletions (revision, key) VALUES (?1, ?2)",
    [SQL_FIND_FORGETTABLE] = "SELECT revision FROM deletions ORDER BY revision LIMIT 1 OFFSET ?1",
    [SQL_FORGET_DELETIONS] = "DELETE FROM deletions WHERE revision <= ?1",
    [SQL_SET_META] = "UPDATE meta SET value = ?2 WHERE name = ?1",
    [SQL_FIND_LEADERSHIP] = "SELECT holder, token, expires_ms FROM leaderships WHERE name = ?1",
    [SQL_SET_LEADERSHIP] = "INSERT INTO leaderships (name, holder, token, expires_ms) VALUES (?1, ?2, ?3, ?4)"
                           " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token,"
                           " expires_ms = excluded.expires_ms",
};

static int on_wal(void *arg, sqlite3 *database, const char *name, int pages)
{
    struct sqlite_store *store = arg;
    store->wal_pages = pages;
    return SQLITE_OK;
}

int sqlite_prepare_writer(struct sqlite_store *store, struct fault *fault)
{
    for (int i = 0; i < SQL_COUNT; i++)
        if (sqlite3_prepare_v3(store->writer, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL))
            return fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: %s", store->path,
                             sqlite3_errmsg(store->writer));
    int64_t revision, restored, deletions;
    if (sqlite_ask(store->writer, "SELECT ifnull(max(value), 0) FROM meta WHERE name = 'restored'", &restored, fault) ||
        sqlite_ask(store->writer, "SELECT value FROM meta WHERE name = 'revision'", &revision, fault) ||
        sqlite_ask(store->writer, "SELECT count(*) FROM deletions", &deletions, fault))
        return fault->code;
    store->restored = (uint64_t)restored;
    store->group_revision = (uint64_t)revision;
    atomic_store(&store->revision, (uint64_t)revision);
    store->deletion_count = (uint64_t)deletions;
    sqlite3_wal_hook(store->writer, on_wal, store);
    return MRPC_OK;
}

void sqlite_finish_writer(struct sqlite_store *store)
{
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->writer);
}

/* Run a statement that gives no row. Returns SQLITE_OK or the extended result. */
static int step(struct sqlite_store *store, enum sqlite_statement which)
{
    sqlite3_stmt *statement = store->statements[which];
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW ? SQLITE_OK : result;
}

static void bind_slice(sqlite3_stmt *statement, int at, struct store_slice slice)
{
    sqlite3_bind_blob64(statement, at, slice.bytes ? slice.data : "", slice.bytes, SQLITE_STATIC);
}

static int revision_of(struct sqlite_store *store, struct store_slice key, int64_t *revision)
{
    sqlite3_stmt *statement = store->statements[SQL_REVISION_OF];
    bind_slice(statement, 1, key);
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *revision = sqlite3_column_int64(statement, 0);
    else if (result == SQLITE_DONE)
        *revision = STORE_EXPECT_ABSENT;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

/* --- leadership --------------------------------------------------------------------------------------------------- */

struct leadership {
    bool found;
    char holder[STORE_NAME_BYTES_MAX + 1];
    uint64_t token;
    int64_t expires_ms;
};

static int find_leadership(struct sqlite_store *store, const char *name, struct leadership *out)
{
    sqlite3_stmt *statement = store->statements[SQL_FIND_LEADERSHIP];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    int result = sqlite3_step(statement);
    *out = (struct leadership){.found = result == SQLITE_ROW};
    if (out->found) {
        snprintf(out->holder, sizeof out->holder, "%s", (const char *)sqlite3_column_text(statement, 0));
        out->token = (uint64_t)sqlite3_column_int64(statement, 1);
        out->expires_ms = sqlite3_column_int64(statement, 2);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

static int set_leadership(struct sqlite_store *store, const char *name, const char *holder, uint64_t token,
                          int64_t expires_ms)
{
    sqlite3_stmt *statement = store->statements[SQL_SET_LEADERSHIP];
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, holder, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)token);
    sqlite3_bind_int64(statement, 4, expires_ms);
    return step(store, SQL_SET_LEADERSHIP);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int acquire(struct sqlite_store *store, struct store_batch *batch)
{
    struct leadership leadership;
    int result = find_leadership(store, batch->fence, &leadership);
    if (result != SQLITE_OK)
        return result;
    int64_t now = wall_ms();
    bool same = leadership.found && strcmp(leadership.holder, batch->holder) == 0;
    if (leadership.found && !same && leadership.holder[0] && leadership.expires_ms > now) {
        store_batch_fail(batch, MRPC_ALREADY_EXISTS, "%s leads %s", leadership.holder, batch->fence);
        return SQLITE_OK;
    }
    batch->lead_token = leadership.token + !same;
    return set_leadership(store, batch->fence, batch->holder, batch->lead_token, now + batch->lead_ttl_ms);
}

/* --- one batch ---------------------------------------------------------------------------------------------------- */

/* *@hold false: the batch's result says why. */
static int fence_holds(struct sqlite_store *store, struct store_batch *batch, bool *hold)
{
    struct leadership leadership;
    int result = find_leadership(store, batch->fence, &leadership);
    *hold = leadership.found && leadership.holder[0] && leadership.token == batch->fence_token;
    if (result == SQLITE_OK && !*hold)
        store_batch_fail(batch, MRPC_FAILED_PRECONDITION, "the token of %s is old", batch->fence);
    return result;
}

static int conditions_hold(struct sqlite_store *store, struct store_batch *batch, bool *hold)
{
    *hold = true;
    for (size_t i = 0; i < batch->operation_count; i++) {
        const struct store_operation *operation = &batch->operations[i];
        if (operation->expected == STORE_EXPECT_ANY)
            continue;
        int64_t revision = 0;
        int result = revision_of(store, store_batch_key(batch, operation), &revision);
        if (result != SQLITE_OK)
            return result;
        if (revision == operation->expected)
            continue;
        *hold = false;
        batch->result.conflict = i;
        store_batch_fail(batch, MRPC_ABORTED, "an entry has revision %lld, not %lld", (long long)revision,
                         (long long)operation->expected);
        return SQLITE_OK;
    }
    return SQLITE_OK;
}

static int put(struct sqlite_store *store, struct store_slice key, struct store_slice value, uint64_t revision)
{
    sqlite3_stmt *statement = store->statements[SQL_PUT];
    bind_slice(statement, 1, key);
    bind_slice(statement, 2, value);
    sqlite3_bind_int64(statement, 3, (int64_t)revision);
    sqlite3_bind_int64(statement, 4, sqlite_row_checksum(key, value, revision));
    return step(store, SQL_PUT);
}

static int erase(struct sqlite_store *store, struct store_slice key, uint64_t revision)
{
    bind_slice(store->statements[SQL_DELETE], 1, key);
    int result = step(store, SQL_DELETE);
    if (result != SQLITE_OK || sqlite3_changes(store->writer) == 0)
        return result;
    sqlite3_bind_int64(store->statements[SQL_KEEP_DELETION], 1, (int64_t)revision);
    bind_slice(store->statements[SQL_KEEP_DELETION], 2, key);
    result = step(store, SQL_KEEP_DELETION);
    if (result == SQLITE_OK)
        store->deletion_count += (uint64_t)sqlite3_changes64(store->writer);
    return result;
}

static int write_operations(struct sqlite_store *store, const struct store_batch *batch, uint64_t revision)
{
    int result = SQLITE_OK;
    for (size_t i = 0; i < batch->operation_count && result == SQLITE_OK; i++) {
        const struct store_operation *operation = &batch->operations[i];
        if (operation->kind == STORE_PUT)
            result = put(store, store_batch_key(batch, operation), store_batch_value(batch, operation), revision);
        else if (operation->kind == STORE_DELETE)
            result = erase(store, store_batch_key(batch, operation), revision);
    }
    return result;
}

/* Returns the result of SQLite; that the batch's own conditions failed stands in its result. */
static int apply(struct sqlite_store *store, struct store_batch *batch)
{
    batch->result = (struct store_commit_result){.code = MRPC_OK};
    if (batch->lead == STORE_LEAD_ACQUIRE)
        return acquire(store, batch);
    bool hold = true;
    if (batch->fence[0]) {
        int result = fence_holds(store, batch, &hold);
        if (result != SQLITE_OK || !hold)
            return result;
    }
    if (batch->lead == STORE_LEAD_RESIGN)
        return set_leadership(store, batch->fence, "", batch->fence_token, 0);
    int result = conditions_hold(store, batch, &hold);
    if (result != SQLITE_OK || !hold || !store_batch_writes(batch))
        return result;
    result = write_operations(store, batch, store->group_revision + 1);
    if (result == SQLITE_OK)
        store->group_revision++;
    return result;
}

/* --- the group ---------------------------------------------------------------------------------------------------- */

static int set_meta(struct sqlite_store *store, const char *name, uint64_t value)
{
    sqlite3_bind_text(store->statements[SQL_SET_META], 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(store->statements[SQL_SET_META], 2, (int64_t)value);
    return step(store, SQL_SET_META);
}

static int forget_deletions(struct sqlite_store *store)
{
    uint64_t kept = store->options.deletions_kept;
    if (store->deletion_count <= kept + kept / 10)
        return SQLITE_OK;
    sqlite3_stmt *find = store->statements[SQL_FIND_FORGETTABLE];
    sqlite3_bind_int64(find, 1, (int64_t)(store->deletion_count - kept - 1));
    int result = sqlite3_step(find);
    uint64_t last = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? SQLITE_OK : result;
    sqlite3_bind_int64(store->statements[SQL_FORGET_DELETIONS], 1, (int64_t)last);
    result = step(store, SQL_FORGET_DELETIONS);
    if (result != SQLITE_OK)
        return result;
    store->deletion_count -= (uint64_t)sqlite3_changes64(store->writer);
    return set_meta(store, "forgotten", last);
}

static int write_group(struct sqlite_store *store, struct store_batch *const *batches, size_t count)
{
    int result = step(store, SQL_BEGIN);
    for (size_t i = 0; i < count && result == SQLITE_OK; i++) {
        result = apply(store, batches[i]);
        batches[i]->result.revision = store->group_revision;
    }
    if (result == SQLITE_OK)
        result = forget_deletions(store);
    if (result == SQLITE_OK && store->group_revision != atomic_load(&store->revision))
        result = set_meta(store, "revision", store->group_revision);
    return result == SQLITE_OK ? step(store, SQL_COMMIT) : result;
}

static void fail_all(struct sqlite_store *store, struct store_batch *const *batches, size_t count, int code,
                     const char *text)
{
    for (size_t i = 0; i < count; i++) {
        store_batch_fail(batches[i], code, "%s", text);
        batches[i]->result.revision = atomic_load(&store->revision);
    }
}

void sqlite_die(struct sqlite_store *store, const char *text)
{
    store->dead = true;
    if (store->options.on_fatal) {
        store->options.on_fatal(store->options.arg, text);
        return;
    }
    dprintf(STDERR_FILENO, "store: fatal: %s\n", text);
    _exit(4);
}

/* Of the log: sqlite3_system_errno() may be that of the roll-back. */
static bool is_read_only(sqlite3 *writer, int result)
{
    sqlite3_file *log = NULL;
    int last = 0;
    if (result != SQLITE_IOERR_WRITE ||
        sqlite3_file_control(writer, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || !log || !log->pMethods)
        return false;
    return log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &last) == SQLITE_OK && last == EROFS;
}

static void undo_group(struct sqlite_store *store, int result, struct store_batch *const *batches, size_t count)
{
    char text[STORE_RESULT_TEXT_BYTES];
    snprintf(text, sizeof text, "%s (SQLite %d)", sqlite3_errmsg(store->writer), result);
    bool full = sqlite_result_full(result), fixed = is_read_only(store->writer, result);
    if (!sqlite3_get_autocommit(store->writer))
        step(store, SQL_ROLLBACK);
    store->group_revision = atomic_load(&store->revision);
    int64_t deletions;
    struct fault ignored = FAULT_INIT;
    if (sqlite_ask(store->writer, "SELECT count(*) FROM deletions", &deletions, &ignored) == MRPC_OK)
        store->deletion_count = (uint64_t)deletions;
    if (full || fixed)
        sqlite_set_trouble(store, full ? STORE_TROUBLE_FULL : STORE_TROUBLE_READ_ONLY);
    if (sqlite_result_fatal(result))
        sqlite_die(store, text);
    fail_all(store, batches, count, fixed ? MRPC_RESOURCE_EXHAUSTED : sqlite_result_code(result),
             full    ? store_trouble_text(STORE_TROUBLE_FULL)
             : fixed ? store_trouble_text(STORE_TROUBLE_READ_ONLY)
                     : text);
}

void sqlite_commit(struct store *base, struct store_batch *const *batches, size_t count)
{
    struct sqlite_store *store = sqlite_of(base);
    if (store->dead) {
        fail_all(store, batches, count, MRPC_DATA_LOSS, "the store has failed");
        return;
    }
    struct fault fault = FAULT_INIT;
    if (sqlite_check_place(store, &fault)) {
        fail_all(store, batches, count, fault.code, fault.text);
        return;
    }
    int result = write_group(store, batches, count);
    if (result != SQLITE_OK) {
        undo_group(store, result, batches, count);
        return;
    }
    atomic_store(&store->revision, store->group_revision);
    sqlite_set_trouble(store, STORE_TROUBLE_NONE);
    sqlite_checkpoint(store, store->wal_pages);
    atomic_store(&store->wal_bytes, (uint64_t)store->wal_pages * 4096);
}
