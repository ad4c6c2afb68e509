/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/csv.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Two steps: find where a row ends (a line feed outside quotes; a doubled quote turns the state twice and so changes
 * nothing), then take the row apart. A row that lies whole in a chunk is read where it is; one that straddles chunks
 * is gathered in `row` first. */

enum { FIELDS_AHEAD = 32 }; /* room for more fields than a block can bring */

struct csv_reader {
    char delimiter;
    csv_row_callback *callback;
    void *arg;

    uint64_t line;      /* where the present row begins */
    uint64_t row_lines; /* line feeds inside its quotes so far */
    bool in_quotes;
    bool has_quotes; /* somewhere in the present row */
    bool begun;      /* the byte order mark has been looked for */
    char *row;  /* an incomplete row */
    size_t row_bytes;
    size_t row_room;

    struct csv_field *fields;
    size_t field_room;
    char *text; /* unescaped quoted fields of one row */
    size_t text_room;
};

struct csv_reader *csv_reader_new(char delimiter, csv_row_callback *callback, void *arg)
{
    struct csv_reader *reader = calloc(1, sizeof *reader);
    if (reader)
        *reader = (struct csv_reader){.delimiter = delimiter, .callback = callback, .arg = arg, .line = 1};
    return reader;
}

void csv_reader_free(struct csv_reader *reader)
{
    if (!reader)
        return;
    free(reader->row);
    free(reader->fields);
    free(reader->text);
    free(reader);
}

char csv_reader_delimiter(const struct csv_reader *reader)
{
    return reader->delimiter;
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int grow(void *pointer, size_t *room, size_t item_bytes, size_t wanted)
{
    void **memory = pointer;
    if (wanted <= *room)
        return 0;
    size_t next = *room ? *room * 2 : 64;
    if (next < wanted)
        next = wanted;
    void *bigger = realloc(*memory, next * item_bytes);
    if (!bigger)
        return -1;
    *memory = bigger;
    *room = next;
    return 0;
}

/* Where the row that begins at (or goes on at) @at ends: behind its line feed. NULL: not in these bytes. */
static const char *find_row_end(struct csv_reader *reader, const char *at, const char *end)
{
    while (at < end) {
        if (reader->in_quotes) {
            const char *quote = memchr(at, '"', (size_t)(end - at));
            const char *stop = quote ? quote : end;
            for (const char *feed = at; (feed = memchr(feed, '\n', (size_t)(stop - feed))); feed++)
                reader->row_lines++;
            if (!quote)
                return NULL;
            reader->in_quotes = false;
            at = quote + 1;
            continue;
        }
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        const char *stop = feed ? feed : end;
        const char *quote = memchr(at, '"', (size_t)(stop - at));
        if (!quote)
            return feed ? feed + 1 : NULL;
        reader->in_quotes = reader->has_quotes = true;
        at = quote + 1;
    }
    return NULL;
}

static char find_delimiter(const char *row, size_t bytes)
{
    static const char candidates[] = ",;|\t";
    size_t counts[4] = {0};
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        quoted ^= row[i] == '"';
        const char *found = quoted || !row[i] ? NULL : strchr(candidates, row[i]);
        if (found)
            counts[found - candidates]++;
    }
    size_t best = 0;
    for (size_t i = 1; i < 4; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

/* Where in its row a fault lies: the line, for a row may have several, and the field counted from 1. */
static int field_fault(const struct csv_reader *reader, const char *row, const char *at, size_t field,
                       struct fault *fault, const char *what)
{
    uint64_t line = reader->line;
    for (const char *feed = row; feed < at && (feed = memchr(feed, '\n', (size_t)(at - feed))); feed++)
        line++;
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu, column %zu: %s", (unsigned long long)line, field + 1,
                     what);
}

/* One quoted field: @at stands behind its opening quote. Its text goes to reader->text, which has room for the row. */
static int read_quoted(struct csv_reader *reader, const char *row, const char *end, const char **at, char **text,
                       size_t index, struct fault *fault)
{
    struct csv_field *field = &reader->fields[index];
    field->text = *text;
    field->quoted = true;
    for (;;) {
        const char *quote = memchr(*at, '"', (size_t)(end - *at));
        if (!quote)
            return field_fault(reader, row, row, index, fault, "a quoted field is not closed");
        if (memchr(*at, 0, (size_t)(quote - *at)))
            return field_fault(reader, row, *at, index, fault, "a NUL byte");
        memcpy(*text, *at, (size_t)(quote - *at));
        *text += quote - *at;
        *at = quote + 1;
        if (*at == end || **at != '"')
            break;
        *(*text)++ = '"';
        (*at)++;
    }
    field->bytes = (size_t)(*text - field->text);
    if (*at < end && **at != reader->delimiter)
        return field_fault(reader, row, *at, index, fault, "text behind a closing quote");
    return 0;
}

static int read_plain(struct csv_reader *reader, const char *row, const char *end, const char **at, size_t index,
                      struct fault *fault)
{
    static const bool stops[256] = {[0] = true, ['"'] = true, ['\r'] = true};
    const char *stop = *at;
    while (stop < end && *stop != reader->delimiter && !stops[(unsigned char)*stop])
        stop++;
    if (stop < end && *stop != reader->delimiter)
        return field_fault(reader, row, stop, index, fault,
                           *stop == '"' ? "a quote inside a field that is not quoted"
                           : *stop      ? "a carriage return without a line feed"
                                        : "a NUL byte");
    reader->fields[index] = (struct csv_field){.text = *at, .bytes = (size_t)(stop - *at)};
    *at = stop;
    return 0;
}

#ifdef __SSE2__
enum { BLOCK_BYTES = 16 };

/* Where delimiters are among the first @bytes of a block, a bit each. *@wrong is set if a byte is that no plain field
 * may have; quotes are none here. */
static unsigned find_delimiters(const char *at, unsigned bytes, char delimiter, unsigned *wrong)
{
    const unsigned all = (1u << bytes) - 1;
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i bad = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(block, _mm_setzero_si128()));
    *wrong |= (unsigned)_mm_movemask_epi8(bad) & all;
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(delimiter))) & all;
}

/* A row without quotes, block by block. Returns how many fields it has; 0 if that is for split_slowly() to say: it is
 * wrong, or has nearly as many fields as may be. */
static size_t split_quickly(struct csv_reader *reader, const char *row, size_t bytes, const char *readable)
{
    const char *end = row + bytes, *begin = row;
    struct csv_field *fields = reader->fields;
    size_t count = 0;
    unsigned wrong = 0;
    for (const char *at = row; at < end; at += BLOCK_BYTES) {
        size_t left = (size_t)(end - at);
        if ((size_t)(readable - at) < BLOCK_BYTES || count + BLOCK_BYTES >= reader->field_room)
            return 0;
        unsigned whole = left < BLOCK_BYTES ? (unsigned)left : BLOCK_BYTES;
        unsigned found = find_delimiters(at, whole, reader->delimiter, &wrong);
        for (; found; found &= found - 1) {
            const char *stop = at + __builtin_ctz(found);
            fields[count++] = (struct csv_field){.text = begin, .bytes = (size_t)(stop - begin)};
            begin = stop + 1;
        }
    }
    fields[count++] = (struct csv_field){.text = begin, .bytes = (size_t)(end - begin)};
    return wrong || count > CSV_COLUMNS_MAX ? 0 : count;
}
#else
static size_t split_quickly(struct csv_reader *reader, const char *row, size_t bytes, const char *readable)
{
    return 0;
}
#endif

static int split_slowly(struct csv_reader *reader, const char *row, size_t bytes, size_t *out, struct fault *fault)
{
    const char *at = row, *end = row + bytes;
    if (grow(&reader->text, &reader->text_room, 1, bytes + 1))
        return no_memory(fault);
    char *text = reader->text;
    size_t count = 0;
    for (;;) {
        if (count == CSV_COLUMNS_MAX)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "line %llu: more than %d columns",
                             (unsigned long long)reader->line, CSV_COLUMNS_MAX);
        if (grow(&reader->fields, &reader->field_room, sizeof *reader->fields, count + FIELDS_AHEAD))
            return no_memory(fault);
        int code;
        if (at < end && *at == '"') {
            at++;
            code = read_quoted(reader, row, end, &at, &text, count, fault);
        } else {
            code = read_plain(reader, row, end, &at, count, fault);
        }
        if (code)
            return code;
        count++;
        if (at == end)
            break;
        at++;
    }
    *out = count;
    return 0;
}

/* @bytes: the row without its line end. */
static int split_row(struct csv_reader *reader, const char *row, size_t bytes, const char *readable,
                     struct fault *fault)
{
    struct csv_row whole = {.line = reader->line, .readable = reader->has_quotes ? NULL : readable};
    if (!reader->has_quotes)
        whole.count = split_quickly(reader, row, bytes, readable);
    int code = whole.count ? 0 : split_slowly(reader, row, bytes, &whole.count, fault);
    whole.fields = reader->fields;
    return code ? code : reader->callback(reader->arg, &whole, fault);
}

/* A whole row, its line end included if it has one. @readable: the end of what may be read, not before the row's. */
static int take_row(struct csv_reader *reader, const char *row, size_t bytes, const char *readable,
                    struct fault *fault)
{
    bool has_end = bytes && row[bytes - 1] == '\n';
    if (has_end)
        bytes--;
    if (bytes && row[bytes - 1] == '\r')
        bytes--;
    int code = 0;
    if (bytes && !reader->delimiter)
        reader->delimiter = find_delimiter(row, bytes);
    if (bytes)
        code = split_row(reader, row, bytes, readable, fault);
    reader->line += reader->row_lines + 1;
    reader->row_lines = 0;
    reader->has_quotes = false;
    return code;
}

static int row_too_long(const struct csv_reader *reader, struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "line %llu: a row of more than %d bytes",
                     (unsigned long long)reader->line, CSV_ROW_BYTES_MAX);
}

static int gather(struct csv_reader *reader, const char *bytes, size_t size, struct fault *fault)
{
    if (size > CSV_ROW_BYTES_MAX - reader->row_bytes)
        return row_too_long(reader, fault);
    if (grow(&reader->row, &reader->row_room, 1, reader->row_bytes + size))
        return no_memory(fault);
    memcpy(reader->row + reader->row_bytes, bytes, size);
    reader->row_bytes += size;
    return 0;
}

/* The byte order mark may come in pieces too: wait until three bytes are gathered or a byte differs. */
static int skip_mark(struct csv_reader *reader, const char **at, const char *end, struct fault *fault)
{
    static const char mark[3] = "\xef\xbb\xbf";
    while (!reader->begun && *at < end) {
        if (**at != mark[reader->row_bytes]) {
            reader->begun = true;
            if (reader->row_bytes)
                return field_fault(reader, reader->row, reader->row, 0, fault, "not UTF-8");
            return 0;
        }
        int code = gather(reader, (*at)++, 1, fault);
        if (code)
            return code;
        reader->begun = reader->row_bytes == sizeof mark;
        if (reader->begun)
            reader->row_bytes = 0;
    }
    return 0;
}

int csv_reader_feed(struct csv_reader *reader, const void *bytes, size_t size, struct fault *fault)
{
    const char *at = bytes, *end = at + size;
    int code = skip_mark(reader, &at, end, fault);
    while (!code && at < end) {
        const char *row_end = find_row_end(reader, at, end);
        if (!row_end)
            return gather(reader, at, (size_t)(end - at), fault);
        size_t row_bytes = (size_t)(row_end - at);
        if (reader->row_bytes) {
            code = gather(reader, at, row_bytes, fault);
            if (!code)
                code = take_row(reader, reader->row, reader->row_bytes, reader->row + reader->row_bytes, fault);
            reader->row_bytes = 0;
        } else if (row_bytes > CSV_ROW_BYTES_MAX) {
            code = row_too_long(reader, fault);
        } else {
            code = take_row(reader, at, row_bytes, end, fault);
        }
        at = row_end;
    }
    return code;
}

int csv_reader_finish(struct csv_reader *reader, struct fault *fault)
{
    if (!reader->row_bytes)
        return 0;
    if (!reader->begun)
        return field_fault(reader, reader->row, reader->row, 0, fault, "not UTF-8");
    size_t bytes = reader->row_bytes;
    reader->row_bytes = 0;
    return take_row(reader, reader->row, bytes, reader->row + bytes, fault);
}
