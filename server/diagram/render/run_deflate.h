/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_RUN_DEFLATE_H
#define MLT_DIAGRAM_RUN_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A compressor for what is nearly all runs of one byte: it writes a zlib stream (RFC 1950, 1951) whose only matches are
 * repeats of the byte before, each block with Huffman codes of its own. zlib's strategy Z_RLE does the same, byte by
 * byte; here a run costs as much as its matches. */

enum { RUN_DEFLATE_TOKENS = 32768, RUN_DEFLATE_OUT_BYTES = 65536 };

struct run_deflate {
    /** Takes what is written, in pieces of at most RUN_DEFLATE_OUT_BYTES. */
    void (*write)(void *arg, const unsigned char *bytes, size_t size);
    void *arg;
    uint64_t bits;        /* not written yet, the first at the bottom */
    int bit_count;
    int last;             /* byte before; -1 at the beginning */
    uint32_t adler_a, adler_b;
    uint32_t token_count;
    uint32_t frequency[286];
    size_t out_bytes;
    uint16_t tokens[RUN_DEFLATE_TOKENS]; /* 0..255 a byte; 256 + n: the last byte n + 3 times more */
    unsigned char out[RUN_DEFLATE_OUT_BYTES + 16];
};

/** Begins a stream; @d is the caller's memory. */
void run_deflate_begin(struct run_deflate *d, void (*write)(void *arg, const unsigned char *bytes, size_t size),
                       void *arg);
void run_deflate_add(struct run_deflate *d, const unsigned char *bytes, size_t size);
/** The same for @size zeros, in a time that hardly depends on their number. */
void run_deflate_add_zeros(struct run_deflate *d, size_t size);
/** Ends the stream and writes what is left. */
void run_deflate_end(struct run_deflate *d);

#endif
