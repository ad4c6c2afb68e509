/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

/* Opening is where a store is lost or kept. The order: lock the folder, adopt a
 * backup that waits there (sqlite_adopt.c), judge the files as files, open, judge the file
 * as a database, then as ours, then its version, then its structure; only then migrate. A new database is made under
 * another name and renamed when it is whole, so a file with the right name is never half made, and one that is damaged
 * is never taken for a new one. */

/* "mlTr" */
#define APPLICATION_ID 0x6d6c5472

#define LOCK_NAME "store.lock"
enum { HOLDER_BYTES = 16, LOCK_AGAIN_MS = 10, LOCK_PATIENCE_MS = 5000 };

struct migration {
    int to_version;
    const char *sql; /* ends by setting user_version, so that it is in the same transaction */
};

static const struct migration migrations[] = {
    {1,
     "CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL, revision INTEGER NOT NULL, sum INTEGER NOT NULL)"
     " WITHOUT ROWID;"
     "CREATE INDEX entries_by_revision ON entries (revision);"
     "CREATE TABLE deletions (revision INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (revision, key)) WITHOUT ROWID;"
     "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
     "INSERT INTO meta VALUES ('revision', 0), ('forgotten', 0);"
     "CREATE TABLE leaderships (name TEXT PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL,"
     " expires_ms INTEGER NOT NULL) WITHOUT ROWID;"
     "PRAGMA user_version = 1;"},
};
enum { SCHEMA_VERSION = 1 };

int sqlite_run(sqlite3 *database, const char *sql, const char *what, struct fault *fault)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return MRPC_OK;
    return fault_set(fault, sqlite_result_code(sqlite3_extended_errcode(database)), "store: %s: %s", what,
                     sqlite3_errmsg(database));
}

int sqlite_ask(sqlite3 *database, const char *sql, int64_t *out, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else
        fault_set(fault, sqlite_result_code(sqlite3_extended_errcode(database)), "store: %s: %s",
                  sqlite3_db_filename(database, "main"), sqlite3_errmsg(database));
    sqlite3_finalize(statement);
    if (result == SQLITE_ROW)
        return MRPC_OK;
    if (result == SQLITE_DONE) /* no row where there must be one */
        fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: a row is missing",
                  sqlite3_db_filename(database, "main"));
    return fault->code;
}

int sqlite_connect(const char *path, int flags, sqlite3 **out, struct fault *fault)
{
    sqlite3 *database = NULL;
    int result = sqlite3_open_v2(path, &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
    if (result != SQLITE_OK) {
        int code = sqlite_result_code(result);
        fault_set(fault, code ? code : MRPC_INTERNAL, "store: cannot open %s: %s", path,
                  database ? sqlite3_errmsg(database) : "no memory");
        sqlite3_close(database);
        return fault->code;
    }
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, SQLITE_BUSY_TIMEOUT_MS);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite_run(database,
                   "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cell_size_check = ON;"
                   "PRAGMA journal_size_limit = 67108864;",
                   path, fault)) {
        sqlite3_close(database);
        return fault->code;
    }
    *out = database;
    return MRPC_OK;
}

int sqlite_connect_again(struct sqlite_store *store, sqlite3 **out, struct fault *fault)
{
    sqlite3 *database;
    if (sqlite_check_place(store, fault) || sqlite_connect(store->path, SQLITE_OPEN_READWRITE, &database, fault))
        return fault->code;
    if (sqlite_check_place(store, fault)) {
        sqlite3_close(database);
        return fault->code;
    }
    *out = database;
    return MRPC_OK;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static int check_folder(const char *folder, struct fault *fault)
{
    struct stat status;
    if (stat(folder, &status))
        return fault_set(fault, errno == EACCES ? MRPC_FAILED_PRECONDITION : MRPC_INTERNAL, "store: %s: %s", folder,
                         strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s is not a folder", folder);
    if (status.st_mode & S_IWOTH)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s is writable by everybody: chmod o-w it", folder);
    struct statfs filesystem;
    if (statfs(folder, &filesystem) == 0 &&
        (filesystem.f_type == NFS_SUPER_MAGIC || (uint32_t)filesystem.f_type == 0xff534d42u /* CIFS */))
        return fault_set(fault, MRPC_FAILED_PRECONDITION,
                         "store: %s is on a network file system, where locks and the write-ahead log do not work",
                         folder);
    return MRPC_OK;
}

/* A process that is gone may have left a child that has not become its own program yet, and holds all that its parent
 * had open for as long as that takes: who starts again at once after a crash comes upon it. */
static bool holder_is_gone(const char *holder)
{
    char *end;
    long pid = strtol(holder, &end, 10);
    return end != holder && pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static bool take_lock(int fd, char holder[HOLDER_BYTES])
{
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB); waited_ms += LOCK_AGAIN_MS) {
        ssize_t bytes = pread(fd, holder, HOLDER_BYTES - 1, 0);
        holder[bytes > 0 ? bytes : 0] = '\0';
        holder[strcspn(holder, "\n")] = '\0';
        if (!holder_is_gone(holder) || waited_ms >= LOCK_PATIENCE_MS)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_AGAIN_MS * 1000000L}, NULL);
    }
    return true;
}

static int lock_folder(struct sqlite_store *store, const char *folder, struct fault *fault)
{
    char path[4096 + sizeof LOCK_NAME + 1];
    snprintf(path, sizeof path, "%s/%s", folder, LOCK_NAME);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault_set(fault, errno == ENOSPC ? MRPC_RESOURCE_EXHAUSTED : MRPC_FAILED_PRECONDITION, "store: %s: %s",
                         path, strerror(errno));
    char holder[HOLDER_BYTES] = "";
    if (!take_lock(fd, holder)) {
        close(fd);
        return fault_set(fault, MRPC_ALREADY_EXISTS, "store: %s is in use by process %s", folder,
                         holder[0] ? holder : "(unknown)");
    }
    char self[HOLDER_BYTES];
    int length = snprintf(self, sizeof self, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) || pwrite(fd, self, (size_t)length, 0) != length) {
        /* Only a hint for the message above: a full disk must not keep the server from starting read-only. */
    }
    store->lock_fd = fd;
    return MRPC_OK;
}

/* *@exists says whether the database is there; a file that is there must be ours alone. */
static int check_file(const char *path, bool *exists, struct fault *fault)
{
    struct stat status;
    if (lstat(path, &status)) {
        *exists = false;
        return errno == ENOENT ? MRPC_OK
                               : fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s: %s", path, strerror(errno));
    }
    *exists = true;
    if (!S_ISREG(status.st_mode))
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s is not a regular file", path);
    if (status.st_uid != geteuid())
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s belongs to user %u", path,
                         (unsigned)status.st_uid);
    if (status.st_mode & 0077)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s is open to other users: chmod 600 it", path);
    if (status.st_size == 0)
        return fault_set(fault, MRPC_DATA_LOSS, "store: %s is empty: restore a backup, or remove it to begin anew",
                         path);
    return MRPC_OK;
}

int sqlite_sync_folder(const char *folder, struct fault *fault)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd);
    int error = errno;
    if (fd >= 0)
        close(fd);
    return failed ? fault_set(fault, MRPC_INTERNAL, "store: cannot sync %s: %s", folder, strerror(error)) : MRPC_OK;
}

/* --- versions ---------------------------------------------------------------------------------------------------- */

int sqlite_migrate(sqlite3 *database, int64_t version, struct fault *fault)
{
    for (size_t i = 0; i < sizeof migrations / sizeof *migrations; i++) {
        if (migrations[i].to_version <= version)
            continue;
        if (sqlite_run(database, "BEGIN IMMEDIATE", "migration", fault))
            return fault->code;
        if (sqlite_run(database, migrations[i].sql, "migration", fault) ||
            sqlite_run(database, "COMMIT", "migration", fault)) {
            sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
            return fault->code;
        }
    }
    return MRPC_OK;
}

/* The journal mode is set last: the file is then whole without a log beside it. */
static int create_at(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault_set(fault, errno == ENOSPC ? MRPC_RESOURCE_EXHAUSTED : MRPC_FAILED_PRECONDITION, "store: %s: %s",
                         path, strerror(errno));
    close(fd);
    sqlite3 *database;
    if (sqlite_connect(path, SQLITE_OPEN_READWRITE, &database, fault))
        return fault->code;
    _Static_assert(APPLICATION_ID == 1835816050, "the number below");
    int code = sqlite_run(database, "PRAGMA application_id = 1835816050", path, fault);
    if (!code)
        code = sqlite_migrate(database, 0, fault);
    if (!code)
        code = sqlite_run(database, "PRAGMA journal_mode = WAL", path, fault);
    sqlite3_close(database);
    return code;
}

static int create_database(const struct sqlite_store *store, const char *folder, struct fault *fault)
{
    static const char *const leftovers[] = {"", "-wal", "-shm", "-journal"};
    char path[4200], beside[4220];
    snprintf(path, sizeof path, "%s/%s.new", folder, SQLITE_DATABASE_NAME);
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
        snprintf(beside, sizeof beside, "%s%s", path, leftovers[i]);
        unlink(beside); /* of a start that was killed */
    }
    snprintf(beside, sizeof beside, "%s-wal", store->path);
    if (access(beside, F_OK) == 0)
        return fault_set(fault, MRPC_DATA_LOSS, "store: %s is missing, but its log %s-wal is there: restore a backup",
                         store->path, SQLITE_DATABASE_NAME);
    if (create_at(path, fault))
        return fault->code;
    if (rename(path, store->path))
        return fault_set(fault, MRPC_INTERNAL, "store: %s: %s", store->path, strerror(errno));
    return sqlite_sync_folder(folder, fault);
}

int sqlite_check_ours(sqlite3 *database, const char *name, int64_t *version, struct fault *fault)
{
    int64_t application;
    if (sqlite_ask(database, "PRAGMA application_id", &application, fault) ||
        sqlite_ask(database, "PRAGMA user_version", version, fault))
        return fault->code;
    if (application != APPLICATION_ID)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "store: %s is a database of another program", name);
    if (*version > SCHEMA_VERSION)
        return fault_set(
            fault, MRPC_FAILED_PRECONDITION,
            "store: %s has schema version %lld, this program knows up to %d: it was written by a newer one", name,
            (long long)*version, SCHEMA_VERSION);
    if (*version < 1)
        return fault_set(fault, MRPC_DATA_LOSS, "store: %s has schema version %lld", name, (long long)*version);
    return MRPC_OK;
}

int sqlite_check_structure(sqlite3 *database, const char *name, const char *pragma, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, pragma, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    const char *said = result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    int code = MRPC_OK;
    if (!said)
        code = fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: %s", name, sqlite3_errmsg(database));
    else if (strcmp(said, "ok") != 0)
        code = fault_set(fault, MRPC_DATA_LOSS, "store: %s is corrupt: %s", name, said);
    sqlite3_finalize(statement);
    return code;
}

static int open_checked(struct sqlite_store *store, struct fault *fault)
{
    int64_t version;
    if (sqlite_connect(store->path, SQLITE_OPEN_READWRITE, &store->writer, fault))
        return fault->code;
    if (sqlite_check_ours(store->writer, store->path, &version, fault) ||
        sqlite_check_structure(store->writer, store->path, "PRAGMA quick_check(1)", fault) ||
        sqlite_migrate(store->writer, version, fault))
        return fault->code;
    return sqlite_run(store->writer, "PRAGMA journal_mode = WAL", store->path, fault);
}

int sqlite_open_writer(struct sqlite_store *store, struct fault *fault)
{
    char *folder = realpath(store->options.directory, NULL);
    if (!folder)
        return fault_set(fault, MRPC_INTERNAL, "store: %s: %s", store->options.directory, strerror(errno));
    bool exists = false;
    int code = check_folder(folder, fault);
    if (!code)
        code = lock_folder(store, folder, fault);
    if (!code)
        code = sqlite_adopt(folder, fault);
    if (!code && asprintf(&store->path, "%s/%s", folder, SQLITE_DATABASE_NAME) < 0) {
        store->path = NULL;
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    }
    if (!code)
        code = check_file(store->path, &exists, fault);
    if (!code && !exists)
        code = create_database(store, folder, fault);
    if (!code)
        code = open_checked(store, fault);
    free(folder);
    return code;
}
