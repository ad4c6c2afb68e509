/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_INTAKE_INTERNAL_H
#define MLT_EXECUTION_DATASET_INTAKE_INTERNAL_H

#include <openssl/evp.h>

#include "execution/dataset/intake.h"
#include "execution/dataset/scan.h"

/* Shared by intake.c (bytes, on the thread pool) and intake_register.c (the record, on the loop). */

struct intake {
    struct execution *engine;
    struct mrpc_arena *arena;
    const API(UploadDatasetHeader) * header; /* in the arena, like all texts */
    struct caller caller;
    struct dataset_requirement *required;
    struct dataset_scan *scan; /* NULL: Arrow */
    EVP_MD_CTX *hash;
    struct upload_stage stage; /* its file, staged or temporary, and what it has of the quota */
    const char *expected;      /* what the hash must be; NULL: whatever it is */
    bool ended;                /* it came behind the bytes: no more of them */
    uint64_t size_bytes;
    uint64_t begun_bytes; /* of them, that the disk has been told to begin with */
    bool failed;
    bool registering; /* counted in engine->registering */
    char sha256[65];
    API(Dataset) * dataset;

    void (*done)(void *arg, const struct fault *fault);
    void *arg;
    bool existed;
    struct record *record; /* until it is durable */
};

#endif
