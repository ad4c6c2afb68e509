/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADMIN_DIAGNOSIS_H
#define MLT_ADMIN_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with a server, judged from what it knows of itself. Pure: facts in, findings out, so that every finding
 * can be tested without the misfortune that it tells of. */

struct diagnosis_facts {
    int64_t now_s;
    int64_t certificate_end_s;            /* 0: no TLS */
    uint64_t disk_free_bytes, disk_bytes; /* of the data folder; 0 of 0: not known */
    uint64_t open_files, file_limit;
    uint64_t connections, connection_limit;
    const char *store_trouble; /* why nothing can be changed; "": it can */
    uint64_t log_bytes;        /* the store's write-ahead log */
    bool backup_refused;       /* a backup that nothing could start from lies in the data folder */
    uint64_t log_lines_dropped;
    uint64_t memory_used_bytes, memory_limit_bytes; /* 0: no limit */
    const char *refusing;                           /* what is refused for memory: "none", "work", … */
    uint64_t loop_stalls;                           /* since the start */
    unsigned loops_stalled;                         /* now */
    const char *stalled_loop;                       /* one of them; "" */
    bool draining;
};

enum diagnosis_severity { DIAGNOSIS_OK = 1, DIAGNOSIS_WARNING, DIAGNOSIS_ERROR };

struct diagnosis_finding {
    enum diagnosis_severity severity;
    const char *check; /* "disk" */
    char text[400];
    const char *remedy; /* "" when all is well */
};

enum { DIAGNOSIS_FINDINGS_MAX = 16 };

/** One finding a check, in a fixed order. Returns how many. */
size_t diagnosis_make(const struct diagnosis_facts *facts, struct diagnosis_finding out[DIAGNOSIS_FINDINGS_MAX]);

#endif
