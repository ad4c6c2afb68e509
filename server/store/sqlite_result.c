/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_backend.h"

#include <zlib.h>

bool sqlite_result_full(int result)
{
    /* The index of the write-ahead log grows by its own result code. */
    return (result & 0xff) == SQLITE_FULL || result == SQLITE_IOERR_SHMSIZE;
}

bool sqlite_result_fatal(int result)
{
    /* After a failed fsync the kernel may have dropped the dirty pages and report success the next time: retrying would
     * acknowledge what is not there. Source: Rebello et al., "Can Applications Recover from fsync Failures?", 2020. */
    return result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC || (result & 0xff) == SQLITE_CORRUPT ||
           (result & 0xff) == SQLITE_NOTADB;
}

int sqlite_result_code(int result)
{
    if (sqlite_result_fatal(result))
        return MRPC_DATA_LOSS;
    if (sqlite_result_full(result))
        return MRPC_RESOURCE_EXHAUSTED;
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return MRPC_OK;
    case SQLITE_NOMEM:
        return MRPC_RESOURCE_EXHAUSTED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return MRPC_UNAVAILABLE;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return MRPC_UNAVAILABLE;
    default:
        return MRPC_INTERNAL;
    }
}

int64_t sqlite_row_checksum(struct store_slice key, struct store_slice value, uint64_t revision)
{
    unsigned char number[8];
    for (int i = 0; i < 8; i++)
        number[i] = (unsigned char)(revision >> (8 * i));
    uLong sum = crc32_z(0, number, sizeof number);
    sum = crc32_z(sum, key.data, key.bytes);
    if (value.bytes)
        sum = crc32_z(sum, value.data, value.bytes);
    return (int64_t)sum;
}
