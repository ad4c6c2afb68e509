/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <stdlib.h>
#include <string.h>

#include "store/list.h"

/* Reading connections. Each read is one transaction, so rows and revision belong together. */

enum reader_statement {
    READ_BEGIN,
    READ_END,
    READ_REVISION,
    READ_FORGOTTEN,
    READ_GET,
    READ_UP,
    READ_DOWN,
    READ_CHANGES,
    READ_COUNT,
};

static const char *const sql[READ_COUNT] = {
    [READ_BEGIN] = "BEGIN",
    [READ_END] = "COMMIT",
    [READ_REVISION] = "SELECT value FROM meta WHERE name = 'revision'",
    [READ_FORGOTTEN] = "SELECT value FROM meta WHERE name = 'forgotten'",
    [READ_GET] = "SELECT key, value, revision, 0, sum FROM entries WHERE key = ?1",
    [READ_UP] = "SELECT key, value, revision, 0, sum FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key",
    [READ_DOWN] = "SELECT key, value, revision, 0, sum FROM entries WHERE key >= ?1 AND key < ?2 ORDER BY key DESC",
    [READ_CHANGES] = "SELECT key, value, revision, 0, sum FROM entries WHERE revision > ?1"
                     " UNION ALL SELECT key, x'', revision, 1, 0 FROM deletions WHERE revision > ?1"
                     " ORDER BY 3, 4 DESC, 1",
};

struct sqlite_reader {
    struct sqlite_reader *next;
    sqlite3 *database;
    sqlite3_stmt *statements[READ_COUNT];
};

static void close_reader(struct sqlite_reader *reader)
{
    for (int i = 0; i < READ_COUNT; i++)
        sqlite3_finalize(reader->statements[i]);
    sqlite3_close(reader->database);
    free(reader);
}

static int open_reader(struct sqlite_store *store, struct sqlite_reader **out, struct fault *fault)
{
    struct sqlite_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    if (sqlite_connect_again(store, &reader->database, fault)) {
        free(reader);
        return fault->code;
    }
    for (int i = 0; i < READ_COUNT; i++) {
        int result =
            sqlite3_prepare_v3(reader->database, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &reader->statements[i], NULL);
        if (result == SQLITE_OK)
            continue;
        fault_set(fault, sqlite_result_code(result), "store: %s", sqlite3_errmsg(reader->database));
        close_reader(reader);
        return fault->code;
    }
    *out = reader;
    return MRPC_OK;
}

static int borrow_reader(struct sqlite_store *store, struct sqlite_reader **out, struct fault *fault)
{
    pthread_mutex_lock(&store->readers_lock);
    while (!store->readers && store->reader_count == SQLITE_READERS_MAX)
        pthread_cond_wait(&store->reader_free, &store->readers_lock);
    struct sqlite_reader *reader = store->readers;
    if (reader)
        store->readers = reader->next;
    else
        store->reader_count++;
    pthread_mutex_unlock(&store->readers_lock);
    if (reader) {
        *out = reader;
        return MRPC_OK;
    }
    int code = open_reader(store, out, fault);
    if (code) {
        pthread_mutex_lock(&store->readers_lock);
        store->reader_count--;
        pthread_cond_signal(&store->reader_free);
        pthread_mutex_unlock(&store->readers_lock);
    }
    return code;
}

static void return_reader(struct sqlite_store *store, struct sqlite_reader *reader)
{
    pthread_mutex_lock(&store->readers_lock);
    reader->next = store->readers;
    store->readers = reader;
    pthread_cond_signal(&store->reader_free);
    pthread_mutex_unlock(&store->readers_lock);
}

void sqlite_close_readers(struct sqlite_store *store)
{
    while (store->readers) {
        struct sqlite_reader *reader = store->readers;
        store->readers = reader->next;
        close_reader(reader);
    }
}

/* --- one read ----------------------------------------------------------------------------------------------------- */

struct reading {
    struct sqlite_store *store;
    struct sqlite_reader *reader;
    struct list_builder builder;
    struct fault *fault;
    uint64_t revision;
};

static int fail(struct reading *reading, int result)
{
    int code = sqlite_result_code(result);
    return fault_set(reading->fault, code ? code : MRPC_INTERNAL, "store: %s (SQLite %d)",
                     sqlite3_errmsg(reading->reader->database), result);
}

static int run(struct reading *reading, enum reader_statement which)
{
    int result = sqlite3_step(reading->reader->statements[which]);
    sqlite3_reset(reading->reader->statements[which]);
    return result == SQLITE_DONE ? MRPC_OK : fail(reading, result);
}

static int ask(struct reading *reading, enum reader_statement which, uint64_t *out)
{
    sqlite3_stmt *statement = reading->reader->statements[which];
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(statement, 0);
    int code = result == SQLITE_ROW    ? MRPC_OK
               : result == SQLITE_DONE ? fault_set(reading->fault, MRPC_DATA_LOSS, "store: a row of meta is missing")
                                       : fail(reading, result);
    sqlite3_reset(statement);
    return code;
}

static int begin(struct reading *reading)
{
    int code = borrow_reader(reading->store, &reading->reader, reading->fault);
    if (code)
        return code;
    code = run(reading, READ_BEGIN);
    return code ? code : ask(reading, READ_REVISION, &reading->revision);
}

/* Ends the read; @code is how it went so far. */
static int end(struct reading *reading, int code, bool more, struct store_list *list)
{
    if (reading->reader) {
        if (!sqlite3_get_autocommit(reading->reader->database))
            (void)run(reading, READ_END);
        return_reader(reading->store, reading->reader);
    }
    if (!code && !list_builder_finish(&reading->builder, more, reading->revision, list))
        code = fault_set(reading->fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    list_builder_fini(&reading->builder);
    return code;
}

static struct store_slice column(sqlite3_stmt *statement, int at)
{
    const void *data = sqlite3_column_blob(statement, at);
    return (struct store_slice){data, (size_t)sqlite3_column_bytes(statement, at)};
}

/* Add the statement's present row. */
static int take_row(struct reading *reading, sqlite3_stmt *statement, bool keys_only)
{
    struct store_slice key = column(statement, 0), value = column(statement, 1);
    uint64_t revision = (uint64_t)sqlite3_column_int64(statement, 2);
    bool deleted = sqlite3_column_int(statement, 3);
    if (!deleted && sqlite3_column_int64(statement, 4) != sqlite_row_checksum(key, value, revision))
        return fault_set(reading->fault, MRPC_DATA_LOSS, "store: %s is corrupt: the checksum of %.*s is wrong",
                         reading->store->path, key.bytes < 80 ? (int)key.bytes : 80, (const char *)key.data);
    if (keys_only)
        value.bytes = 0;
    if (list_builder_add(&reading->builder, key, value, revision, deleted))
        return MRPC_OK;
    return fault_set(reading->fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
}

struct cut {
    uint32_t limit;
    bool keys_only;
    bool whole_revisions; /* the limit is rounded up */
};

static int take_rows(struct reading *reading, sqlite3_stmt *statement, struct cut cut, bool *more)
{
    int code = MRPC_OK, result;
    *more = false;
    while (!code && (result = sqlite3_step(statement)) != SQLITE_DONE) {
        if (result != SQLITE_ROW) {
            code = fail(reading, result);
            break;
        }
        bool same = cut.whole_revisions &&
                    (uint64_t)sqlite3_column_int64(statement, 2) == list_builder_last_revision(&reading->builder);
        if (reading->builder.count >= cut.limit && !same) {
            *more = true;
            break;
        }
        code = take_row(reading, statement, cut.keys_only);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code;
}

static void bind_key(sqlite3_stmt *statement, int at, const void *data, size_t bytes)
{
    sqlite3_bind_blob64(statement, at, bytes ? data : "", bytes, SQLITE_STATIC);
}

int sqlite_get(struct store *store, struct store_slice key, struct store_list *list, struct fault *fault)
{
    struct fault own = FAULT_INIT;
    struct reading reading = {.store = sqlite_of(store), .fault = fault ? fault : &own};
    bool more;
    int code = begin(&reading);
    if (!code) {
        sqlite3_stmt *statement = reading.reader->statements[READ_GET];
        bind_key(statement, 1, key.data, key.bytes);
        code = take_rows(&reading, statement, (struct cut){.limit = 1}, &more);
    }
    if (!code && reading.builder.count == 0)
        code = fault_set(reading.fault, MRPC_NOT_FOUND, "store: no such entry");
    return end(&reading, code, false, list);
}

/* The least key above all that begin with @prefix; keys never begin with 1,025 bytes of 0xff. */
static void key_above(struct store_slice prefix, unsigned char *out, size_t *bytes)
{
    if (prefix.bytes)
        memcpy(out, prefix.data, prefix.bytes);
    *bytes = prefix.bytes;
    while (*bytes && out[*bytes - 1] == 0xff)
        --*bytes;
    if (*bytes) {
        out[*bytes - 1]++;
        return;
    }
    *bytes = STORE_KEY_BYTES_MAX + 1;
    memset(out, 0xff, *bytes);
}

/* @range as the half-open interval [low, high) of keys. */
struct interval {
    unsigned char low[STORE_KEY_BYTES_MAX + 1];
    size_t low_bytes;
    unsigned char high[STORE_KEY_BYTES_MAX + 1];
    size_t high_bytes;
};

static void interval_of(const struct store_range *range, struct interval *interval)
{
    if (range->prefix.bytes)
        memcpy(interval->low, range->prefix.data, range->prefix.bytes);
    interval->low_bytes = range->prefix.bytes;
    key_above(range->prefix, interval->high, &interval->high_bytes);
    if (!range->after.bytes)
        return;
    struct store_slice low = {interval->low, interval->low_bytes}, high = {interval->high, interval->high_bytes};
    if (range->descending && store_slice_compare(range->after, high) < 0) {
        memcpy(interval->high, range->after.data, range->after.bytes);
        interval->high_bytes = range->after.bytes;
    } else if (!range->descending && store_slice_compare(range->after, low) >= 0) {
        memcpy(interval->low, range->after.data, range->after.bytes);
        interval->low[range->after.bytes] = '\0'; /* the least key that is greater */
        interval->low_bytes = range->after.bytes + 1;
    }
}

int sqlite_range(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault)
{
    struct fault own = FAULT_INIT;
    struct reading reading = {.store = sqlite_of(store), .fault = fault ? fault : &own};
    struct interval interval;
    interval_of(range, &interval);
    bool more = false;
    int code = begin(&reading);
    if (!code) {
        sqlite3_stmt *statement = reading.reader->statements[range->descending ? READ_DOWN : READ_UP];
        bind_key(statement, 1, interval.low, interval.low_bytes);
        bind_key(statement, 2, interval.high, interval.high_bytes);
        code = take_rows(&reading, statement, (struct cut){range->limit, range->keys_only, false}, &more);
    }
    return end(&reading, code, more, list);
}

static int check_since(struct reading *reading, uint64_t since)
{
    uint64_t forgotten;
    if (since > reading->revision)
        return fault_set(reading->fault, MRPC_INVALID_ARGUMENT, "store: revision %llu is in the future",
                         (unsigned long long)since);
    int code = ask(reading, READ_FORGOTTEN, &forgotten);
    if (code || since >= forgotten)
        return code;
    return fault_set(reading->fault, MRPC_OUT_OF_RANGE, "store: changes are known after revision %llu",
                     (unsigned long long)forgotten);
}

int sqlite_changes(struct store *store, uint64_t since, uint32_t limit, struct store_list *list, struct fault *fault)
{
    struct fault own = FAULT_INIT;
    struct reading reading = {.store = sqlite_of(store), .fault = fault ? fault : &own};
    bool more = false;
    int code = begin(&reading);
    if (!code)
        code = check_since(&reading, since);
    if (!code) {
        sqlite3_stmt *statement = reading.reader->statements[READ_CHANGES];
        sqlite3_bind_int64(statement, 1, (int64_t)since);
        code = take_rows(&reading, statement, (struct cut){limit, false, true}, &more);
    }
    return end(&reading, code, more, list);
}
