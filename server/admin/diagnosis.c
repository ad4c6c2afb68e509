/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/diagnosis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <mrpc/attributes.h>

enum { DAY_S = 86400, SOON_DAYS = 7, NEAR_DAYS = 30, PERCENT_NEAR = 85, PERCENT_FULL = 97 };

#define MIB (UINT64_C(1) << 20)

struct diagnosis {
    const struct diagnosis_facts *facts;
    struct diagnosis_finding *findings;
    size_t count;
};

static void find(struct diagnosis *diagnosis, enum diagnosis_severity severity, const char *check, const char *remedy,
                 const char *format, ...) MRPC_PRINTF(5, 6);

static void find(struct diagnosis *diagnosis, enum diagnosis_severity severity, const char *check, const char *remedy,
                 const char *format, ...)
{
    struct diagnosis_finding *finding = &diagnosis->findings[diagnosis->count++];
    va_list arguments;
    *finding = (struct diagnosis_finding){
        .severity = severity, .check = check, .remedy = severity == DIAGNOSIS_OK ? "" : remedy};
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

static int percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (int)(100.0 * (double)part / (double)whole);
}

static enum diagnosis_severity by_percent(int share)
{
    return share >= PERCENT_FULL ? DIAGNOSIS_ERROR : share >= PERCENT_NEAR ? DIAGNOSIS_WARNING : DIAGNOSIS_OK;
}

static void look_at_life(struct diagnosis *diagnosis)
{
    if (diagnosis->facts->draining)
        find(diagnosis, DIAGNOSIS_WARNING, "serving", "wait until it has stopped or begun anew",
             "the server drains: new calls are refused");
    else
        find(diagnosis, DIAGNOSIS_OK, "serving", "", "new calls are taken");
}

static void look_at_certificate(struct diagnosis *diagnosis)
{
    static const char remedy[] = "put a new one in the place of tls.certificate and tls.key; it is taken by itself";
    int64_t left_s = diagnosis->facts->certificate_end_s - diagnosis->facts->now_s;
    long long days = (long long)(left_s / DAY_S);
    if (diagnosis->facts->certificate_end_s == 0)
        find(diagnosis, DIAGNOSIS_OK, "certificate", "", "there is no TLS");
    else if (left_s <= 0)
        find(diagnosis, DIAGNOSIS_ERROR, "certificate", remedy, "the certificate has expired");
    else
        find(diagnosis,
             days < SOON_DAYS   ? DIAGNOSIS_ERROR
             : days < NEAR_DAYS ? DIAGNOSIS_WARNING
                                : DIAGNOSIS_OK,
             "certificate", remedy, "the certificate is valid for %lld days more", days);
}

static void look_at_disk(struct diagnosis *diagnosis)
{
    uint64_t free_bytes = diagnosis->facts->disk_free_bytes, bytes = diagnosis->facts->disk_bytes;
    int used = percent(bytes - free_bytes, bytes);
    if (bytes == 0)
        find(diagnosis, DIAGNOSIS_WARNING, "disk", "see whether the data folder is there",
             "how full the data folder's file system is cannot be found out");
    else
        find(diagnosis, free_bytes < 64 * MIB ? DIAGNOSIS_ERROR : by_percent(used), "disk",
             "make room, or shorten retention.*: a full disk makes the store read-only",
             "%" PRIu64 " MiB of %" PRIu64 " MiB are free, %d %% used", free_bytes / MIB, bytes / MIB, used);
}

static void look_at_files(struct diagnosis *diagnosis)
{
    int used = percent(diagnosis->facts->open_files, diagnosis->facts->file_limit);
    find(diagnosis, by_percent(used), "descriptors",
         "raise LimitNOFILE= of the unit (ulimit -n), or lower limits.connections",
         "%" PRIu64 " of %" PRIu64 " descriptors are open", diagnosis->facts->open_files, diagnosis->facts->file_limit);
}

static void look_at_connections(struct diagnosis *diagnosis)
{
    int used = percent(diagnosis->facts->connections, diagnosis->facts->connection_limit);
    find(diagnosis, by_percent(used), "connections", "raise limits.connections, or find who opens so many (channelz)",
         "%" PRIu64 " of %" PRIu64 " connections", diagnosis->facts->connections, diagnosis->facts->connection_limit);
}

static void look_at_store(struct diagnosis *diagnosis)
{
    if (*diagnosis->facts->store_trouble)
        find(diagnosis, DIAGNOSIS_ERROR, "store",
             "make room or mount the data folder again: the store goes on by itself at the next commit",
             "nothing can be changed: %s", diagnosis->facts->store_trouble);
    else if (diagnosis->facts->log_bytes > 512 * MIB)
        find(diagnosis, DIAGNOSIS_WARNING, "store", "see whether the disk is slow, or a long read holds the log",
             "the store's log has %" PRIu64 " MiB", diagnosis->facts->log_bytes / MIB);
    else
        find(diagnosis, DIAGNOSIS_OK, "store", "", "changes are taken");
}

static void look_at_backup(struct diagnosis *diagnosis)
{
    if (diagnosis->facts->backup_refused)
        find(diagnosis, DIAGNOSIS_WARNING, "restore",
             "the log of that start says why; remove mltrainer.db.refused when it is of no use",
             "a backup that nothing could start from lies in the data folder");
    else
        find(diagnosis, DIAGNOSIS_OK, "restore", "", "no backup was refused");
}

static void look_at_log(struct diagnosis *diagnosis)
{
    find(diagnosis, diagnosis->facts->log_lines_dropped ? DIAGNOSIS_WARNING : DIAGNOSIS_OK, "log",
         "whoever reads standard error is too slow; a higher log.level or fewer log.calls help",
         "%" PRIu64 " lines were dropped since the start", diagnosis->facts->log_lines_dropped);
}

static void look_at_memory(struct diagnosis *diagnosis)
{
    uint64_t used = diagnosis->facts->memory_used_bytes, limit = diagnosis->facts->memory_limit_bytes;
    static const char remedy[] = "raise MemoryMax= or memory.limit, or see who sends so much";
    if (limit == 0)
        find(diagnosis, DIAGNOSIS_OK, "memory", "", "there is no limit");
    else if (diagnosis->facts->refusing[0] != 'n')
        find(diagnosis, DIAGNOSIS_ERROR, "memory", remedy, "%" PRIu64 " of %" PRIu64 " MiB in use, refused is: %s",
             used / MIB, limit / MIB, diagnosis->facts->refusing);
    else
        find(diagnosis, percent(used, limit) >= 75 ? DIAGNOSIS_WARNING : DIAGNOSIS_OK, "memory", remedy,
             "%" PRIu64 " of %" PRIu64 " MiB in use", used / MIB, limit / MIB);
}

static void look_at_loops(struct diagnosis *diagnosis)
{
    static const char remedy[] = "the log has the stack (\"stands still\"); report it, addr2line names the place";
    if (diagnosis->facts->loops_stalled)
        find(diagnosis, DIAGNOSIS_ERROR, "loops", remedy, "%u loops stand still, %s among them",
             diagnosis->facts->loops_stalled, diagnosis->facts->stalled_loop);
    else
        find(diagnosis, diagnosis->facts->loop_stalls ? DIAGNOSIS_WARNING : DIAGNOSIS_OK, "loops", remedy,
             "all loops answer, %" PRIu64 " stood still since the start", diagnosis->facts->loop_stalls);
}

size_t diagnosis_make(const struct diagnosis_facts *facts, struct diagnosis_finding out[DIAGNOSIS_FINDINGS_MAX])
{
    static void (*const looks[])(struct diagnosis *) = {
        look_at_life,  look_at_certificate, look_at_disk, look_at_files,  look_at_connections,
        look_at_store, look_at_backup,      look_at_log,  look_at_memory, look_at_loops};
    struct diagnosis diagnosis = {.facts = facts, .findings = out};
    _Static_assert(sizeof looks / sizeof *looks <= DIAGNOSIS_FINDINGS_MAX, "each look finds one thing");
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        looks[i](&diagnosis);
    return diagnosis.count;
}
