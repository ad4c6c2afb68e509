/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_AUDIT_CHAIN_H
#define MLT_AUDIT_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "audit/key.h"
#include "log/log.h"

/* The file: lines that hang together.
 *
 *     seq=41 time=… kind=file key=… previous=MAC mac=MAC       first in each file, MAC of the last line before
 *     seq=42 time=… kind=change … mac=MAC
 *
 * MAC = HMAC-SHA256(key, the MAC of the line before, 32 bytes; the line up to, without, " mac="). Sequence numbers go
 * up by one over all files. What the file does not have any more can only be known from elsewhere: HEAD, a file of one
 * line beside the key, "SEQ MAC", written after each line, says how far it went.
 *
 * Thread: one at a time. */

enum { CHAIN_LINE_BYTES = 2048 };

struct chain {
    const char *path, *head_path; /* borrowed */
    uint64_t rotate_bytes;
    unsigned files;
    const struct audit_key *key; /* borrowed */
    struct log *log;             /* borrowed */
    struct log_limit troubles;
    int fd, head_fd;
    uint64_t size;               /* of the file, with what is yet to be written */
    uint64_t seq;                /* of the last line; 0: none */
    uint8_t mac[AUDIT_MAC_BYTES];
    char *waiting;               /* lines that are chained and not in the file; from @sent on */
    size_t used, sent, capacity;
    bool dirty;                  /* not on the disk yet */
};

/** Open the file and go on behind its last line. What is wrong with its end (a torn line, lines that HEAD knows of and
 *  the file does not have) is logged and stands in the file. Errors: INVALID_ARGUMENT. */
int chain_open(struct chain *chain, struct fault *fault) MRPC_MUST_USE;
void chain_close(struct chain *chain);
/** The file under its name may be another now. Errors: as chain_open(), then the old one goes on. */
int chain_reopen(struct chain *chain, struct fault *fault) MRPC_MUST_USE;
/** Chain a line: "time=… kind=…", which is cut at CHAIN_LINE_BYTES. -1: out of memory, nothing was taken. */
int chain_add(struct chain *chain, const char *line) MRPC_MUST_USE;
/** Write what waits, rotate when it is time. 0, or errno: what was not written waits on. */
int chain_flush(struct chain *chain) MRPC_MUST_USE;
/** Have it on the disk. */
void chain_sync(struct chain *chain);

/** "time=2026-11-29T09:00:00.123456Z"; @out of 48 bytes. */
void chain_time(int64_t time_us, char out[48]);
/** Now, in µs since 1970. */
int64_t chain_now_us(void);

#endif
