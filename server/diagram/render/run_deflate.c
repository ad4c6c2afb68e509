/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/render/run_deflate.h"

#include <string.h>
#include <zlib.h>

enum { END_OF_BLOCK = 256, SYMBOLS = 286, MAX_CODE_BITS = 15, MIN_RUN = 3, MAX_RUN = 258, ADLER_MODULUS = 65521 };

/* RFC 1951, 3.2.5: code 257 + n stands for lengths from length_base[n], with length_extra[n] bits behind it. */
static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

static int length_code(int length)
{
    int code = 0;
    while (code < 28 && length >= length_base[code + 1])
        code++;
    return code;
}

/* ---- bits ---- */

static void flush_bytes(struct run_deflate *d)
{
    while (d->bit_count >= 8) {
        d->out[d->out_bytes++] = (unsigned char)d->bits;
        d->bits >>= 8;
        d->bit_count -= 8;
    }
    if (d->out_bytes < RUN_DEFLATE_OUT_BYTES)
        return;
    size_t rest = d->out_bytes - RUN_DEFLATE_OUT_BYTES;
    d->write(d->arg, d->out, RUN_DEFLATE_OUT_BYTES);
    memmove(d->out, d->out + RUN_DEFLATE_OUT_BYTES, rest);
    d->out_bytes = rest;
}

/* At most 32 at a time. */
static void put_bits(struct run_deflate *d, uint32_t bits, int count)
{
    d->bits |= (uint64_t)bits << d->bit_count;
    d->bit_count += count;
    if (d->bit_count >= 32)
        flush_bytes(d);
}

/* ---- codes ---- */

struct leaf {
    uint32_t frequency;
    int symbol;
};

/* The depths of a Huffman tree over @leaves, which are sorted by frequency: two queues, that of the leaves and that of
 * the inner nodes. Returns the greatest. */
static int tree_depths(const struct leaf *leaves, int count, uint8_t depth_of[SYMBOLS])
{
    uint64_t weight[2 * SYMBOLS];
    int parent[2 * SYMBOLS], next_leaf = 0, next_inner = count, made = count, greatest = 0;
    for (int i = 0; i < count; i++)
        weight[i] = leaves[i].frequency;
    for (; made < 2 * count - 1; made++) {
        weight[made] = 0;
        for (int side = 0; side < 2; side++) {
            bool leaf = next_leaf < count && (next_inner >= made || weight[next_leaf] <= weight[next_inner]);
            int child = leaf ? next_leaf++ : next_inner++;
            weight[made] += weight[child];
            parent[child] = made;
        }
    }
    uint8_t depth[2 * SYMBOLS];
    depth[made - 1] = 0;
    for (int i = made - 2; i >= 0; i--) {
        depth[i] = (uint8_t)(depth[parent[i]] + 1);
        if (i < count) {
            depth_of[leaves[i].symbol] = depth[i];
            greatest = depth[i] > greatest ? depth[i] : greatest;
        }
    }
    return greatest;
}

/* Code lengths of at most 15 bits: where the tree is deeper, frequencies are brought nearer to each other. */
static void code_lengths(const uint32_t frequency[SYMBOLS], uint8_t lengths[SYMBOLS])
{
    struct leaf leaves[SYMBOLS];
    for (int shift = 0;; shift++) {
        int count = 0;
        memset(lengths, 0, SYMBOLS);
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            if (frequency[symbol] == 0)
                continue;
            struct leaf leaf = {frequency[symbol] >> shift ? frequency[symbol] >> shift : 1, symbol};
            int at = count++;
            for (; at > 0 && leaves[at - 1].frequency > leaf.frequency; at--)
                leaves[at] = leaves[at - 1];
            leaves[at] = leaf;
        }
        if (tree_depths(leaves, count, lengths) <= MAX_CODE_BITS)
            return;
    }
}

static uint32_t reversed(uint32_t code, int bits)
{
    uint32_t out = 0;
    for (int i = 0; i < bits; i++)
        out |= (code >> i & 1) << (bits - 1 - i);
    return out;
}

/* RFC 1951, 3.2.2: codes of a length follow each other; they are sent from their top bit. */
static void canonical_codes(const uint8_t lengths[SYMBOLS], uint32_t codes[SYMBOLS])
{
    uint32_t next = 0;
    for (int bits = 1; bits <= MAX_CODE_BITS; bits++, next <<= 1)
        for (int symbol = 0; symbol < SYMBOLS; symbol++)
            if (lengths[symbol] == bits)
                codes[symbol] = reversed(next++, bits);
}

/* ---- blocks ---- */

/* Code lengths in a code of four bits each; one distance, that of the byte before, with a code of one bit. */
static void write_block_head(struct run_deflate *d, const uint8_t lengths[SYMBOLS])
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    put_bits(d, 0 /* not the last */ | 2 /* own codes */ << 1, 3);
    put_bits(d, SYMBOLS - 257, 5);
    put_bits(d, 0, 5);
    put_bits(d, 19 - 4, 4);
    for (int i = 0; i < 19; i++)
        put_bits(d, order[i] < 16 ? 4 : 0, 3);
    for (int symbol = 0; symbol < SYMBOLS; symbol++)
        put_bits(d, reversed(lengths[symbol], 4), 4);
    put_bits(d, reversed(1, 4), 4);
}

static void write_block(struct run_deflate *d)
{
    uint8_t lengths[SYMBOLS], bit_count[512];
    uint32_t codes[SYMBOLS] = {0}, bits[512]; /* of tokens, with all that belongs to them */
    if (d->token_count == 0)
        return;
    d->frequency[END_OF_BLOCK] = 1;
    code_lengths(d->frequency, lengths);
    canonical_codes(lengths, codes);
    write_block_head(d, lengths);
    for (int token = 0; token < 256; token++) {
        bits[token] = codes[token];
        bit_count[token] = lengths[token];
    }
    for (int token = 256; token < 512; token++) {
        int length = token - 256 + MIN_RUN, code = length_code(length);
        bits[token] = codes[257 + code] | (uint32_t)(length - length_base[code]) << lengths[257 + code];
        bit_count[token] = (uint8_t)(lengths[257 + code] + length_extra[code] + 1); /* the distance's code is 0 */
    }
    for (uint32_t i = 0; i < d->token_count; i++)
        put_bits(d, bits[d->tokens[i]], bit_count[d->tokens[i]]);
    put_bits(d, codes[END_OF_BLOCK], lengths[END_OF_BLOCK]);
    d->token_count = 0;
    memset(d->frequency, 0, sizeof d->frequency);
}

/* ---- the stream ---- */

static void add_token(struct run_deflate *d, int token)
{
    if (d->token_count == RUN_DEFLATE_TOKENS)
        write_block(d);
    d->tokens[d->token_count++] = (uint16_t)token;
    d->frequency[token < 256 ? token : 257 + length_code(token - 256 + MIN_RUN)]++;
}

static void add_run(struct run_deflate *d, size_t count)
{
    for (; count >= MIN_RUN; count -= count < MAX_RUN ? count : MAX_RUN)
        add_token(d, 256 + (int)(count < MAX_RUN ? count : MAX_RUN) - MIN_RUN);
    for (; count > 0; count--)
        add_token(d, d->last);
}

/* How many of @bytes at the beginning are @byte. */
static size_t run_length(const unsigned char *bytes, size_t size, int byte)
{
    const uint64_t pattern = (uint64_t)byte * UINT64_C(0x0101010101010101);
    size_t at = 0;
    uint64_t word;
    for (; at + 8 <= size; at += 8) {
        memcpy(&word, bytes + at, 8);
        if (word != pattern)
            break;
    }
    while (at < size && bytes[at] == byte)
        at++;
    return at;
}

void run_deflate_begin(struct run_deflate *d, void (*write)(void *arg, const unsigned char *bytes, size_t size),
                       void *arg)
{
    d->write = write;
    d->arg = arg;
    d->bits = 0;
    d->bit_count = 0;
    d->last = -1;
    d->adler_a = 1;
    d->adler_b = 0;
    d->token_count = 0;
    d->out_bytes = 0;
    memset(d->frequency, 0, sizeof d->frequency);
    put_bits(d, 0x0178, 16); /* deflate, window of 32 KiB, fastest */
}

void run_deflate_add(struct run_deflate *d, const unsigned char *bytes, size_t size)
{
    uLong adler = adler32((uLong)d->adler_b << 16 | d->adler_a, bytes, (uInt)size);
    d->adler_a = (uint32_t)adler & 0xffff;
    d->adler_b = (uint32_t)adler >> 16;
    for (size_t at = 0; at < size;) {
        size_t run = d->last < 0 ? 0 : run_length(bytes + at, size - at, d->last);
        add_run(d, run);
        at += run;
        if (at < size)
            add_token(d, d->last = bytes[at++]);
    }
}

void run_deflate_add_zeros(struct run_deflate *d, size_t size)
{
    if (size == 0)
        return;
    d->adler_b = (uint32_t)((d->adler_b + (uint64_t)(size % ADLER_MODULUS) * d->adler_a) % ADLER_MODULUS);
    if (d->last != 0) {
        add_token(d, d->last = 0);
        size--;
    }
    add_run(d, size);
}

void run_deflate_end(struct run_deflate *d)
{
    write_block(d);
    put_bits(d, 1 /* the last */ | 1 /* fixed codes */ << 1, 3);
    put_bits(d, 0, 7); /* end of block */
    put_bits(d, 0, -d->bit_count & 7);
    flush_bytes(d);
    uint32_t adler = d->adler_b << 16 | d->adler_a;
    for (int shift = 24; shift >= 0; shift -= 8)
        put_bits(d, adler >> shift & 0xff, 8);
    flush_bytes(d);
    d->write(d->arg, d->out, d->out_bytes);
    d->out_bytes = 0;
}
