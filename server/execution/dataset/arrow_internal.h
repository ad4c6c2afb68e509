/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_ARROW_INTERNAL_H
#define MLT_EXECUTION_DATASET_ARROW_INTERNAL_H

#include "execution/dataset/arrow.h"
#include "execution/dataset/flatbuffer.h"

/* Between arrow.c (messages and the order of batches), arrow_schema.c (fields), arrow_column.c (bodies, dictionaries)
 * and arrow_cell.c. */

enum { ARROW_COLUMNS_MAX = 4096, ARROW_BUFFERS_A_COLUMN = 3, ARROW_PIECES_MAX = 65536 };

/** A record batch, its own or that of a dictionary: where its buffers lie. */
struct arrow_batch {
    struct flatbuffer metadata;
    struct flat_vector nodes, buffers;
    int64_t rows;
    int codec; /* -1: none */
    const uint8_t *body;
    size_t body_bytes;
};

struct arrow_piece {
    struct arrow_column column;
    int64_t first;                         /* position of its first value in the dictionary */
    uint8_t *memory[ARROW_BUFFERS_A_COLUMN]; /* of what was compressed */
};

struct arrow_dictionary {
    int64_t id;
    struct arrow_type type;
    struct arrow_piece *pieces; /* one, and one more a delta */
    size_t count, room;
    int64_t length;
};

struct arrow_reader {
    const uint8_t *bytes;
    size_t size;
    bool is_file;
    size_t at;                       /* the next message; of a file: where the next batch may begin */
    struct flatbuffer footer;        /* of a file */
    struct flat_vector file_batches; /* of a file */
    uint32_t file_next;
    struct arrow_field *fields;
    size_t field_count;
    uint32_t buffer_count; /* of a batch */
    struct arrow_dictionary *dictionaries;
    size_t dictionary_count;
    struct arrow_batch batch;
    uint8_t *memory[ARROW_BUFFERS_A_COLUMN]; /* of the present column, where it was compressed */
    size_t room[ARROW_BUFFERS_A_COLUMN];
    uint64_t inflated_bytes;
};

int arrow_bad(struct fault *fault, const char *what);
int arrow_schema_read(struct arrow_reader *reader, struct flat_table schema, struct fault *fault) MRPC_MUST_USE;
/** @table is a RecordBatch in @batch->metadata, which is filled in with the body already. */
int arrow_batch_read(struct arrow_batch *batch, struct flat_table table, struct fault *fault) MRPC_MUST_USE;
/** Buffers of a column of @type in every batch. */
uint32_t arrow_buffer_count(struct arrow_type type);
int arrow_dictionary_read(struct arrow_reader *reader, struct flat_table table, struct arrow_batch *batch,
                          struct fault *fault) MRPC_MUST_USE;
void arrow_dictionary_fini(struct arrow_dictionary *dictionary);

#endif
