/* SPDX-License-Identifier: Apache-2.0 */
#include "http1/head.h"

#include <string.h>
#include <strings.h>

#include <mrpc/error.h>

int mrpc_http1_scan(struct http1_scan *scan, const uint8_t *bytes, size_t size, size_t *used)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        bool after_cr = scan->matched == 1 || scan->matched == 3;
        if (after_cr != (byte == '\n') || (byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') || byte == 0x7f)
            return MRPC_ERR_MALFORMED;
        if (byte == '\r' || byte == '\n')
            scan->matched++;
        else
            scan->matched = 0;
        if (scan->matched == 4) {
            *used = i + 1;
            return 1;
        }
    }
    *used = size;
    return 0;
}

/* RFC 9110 section 5.6.2. */
static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct http1_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_token_char((unsigned char)text.at[i]))
            return false;
    return text.size > 0;
}

static bool is(struct http1_text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.at, word, text.size) == 0;
}

static bool starts_with(struct http1_text text, const char *word)
{
    return text.size >= strlen(word) && strncasecmp(text.at, word, strlen(word)) == 0;
}

/* What comes before @stop in @text, which is moved behind it; all of it, with false, when there is no @stop. */
static bool cut(struct http1_text *text, char stop, struct http1_text *out)
{
    const char *at = text->size > 0 ? memchr(text->at, stop, text->size) : NULL;
    *out = (struct http1_text){text->at, at != NULL ? (size_t)(at - text->at) : text->size};
    size_t taken = out->size + (at != NULL ? 1 : 0);
    *text = (struct http1_text){text->at + taken, text->size - taken};
    return at != NULL;
}

static struct http1_text trim(struct http1_text text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* A line without its CR LF. The scan has seen to it that each LF has its CR. */
static struct http1_text next_line(struct http1_text *rest)
{
    struct http1_text line;
    (void)cut(rest, '\n', &line);
    if (line.size > 0)
        line.size--;
    return line;
}

static bool visible(struct http1_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] <= 0x20 || (unsigned char)text.at[i] >= 0x7f)
            return false;
    return text.size > 0;
}

/* uri-host and port: what a name, an address or [v6] is made of. Whether we go by that name is web/rules.c's
 * question. */
static bool is_authority(struct http1_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            (c == '\0' || strchr("-._~%!$&'()*+,;=:[]", c) == NULL))
            return false;
    }
    return text.size > 0;
}

/* RFC 9112 section 3.2: origin form, absolute form or "*". CONNECT's authority form is not for us. */
static bool parse_target(struct http1_text target, struct http1_head *out)
{
    if (!visible(target))
        return false;
    out->target = target;
    if (target.at[0] == '/' || is(target, "*"))
        return true;
    size_t scheme = starts_with(target, "http://") ? 7 : starts_with(target, "https://") ? 8 : 0;
    if (scheme == 0)
        return false;
    struct http1_text rest = {target.at + scheme, target.size - scheme};
    const char *slash = memchr(rest.at, '/', rest.size);
    out->authority = (struct http1_text){rest.at, slash != NULL ? (size_t)(slash - rest.at) : rest.size};
    out->target =
        slash != NULL ? (struct http1_text){slash, rest.size - out->authority.size} : (struct http1_text){"/", 1};
    return is_authority(out->authority);
}

static int parse_request_line(struct http1_text line, struct http1_head *out, const char **why)
{
    struct http1_text target;
    *why = "malformed request line";
    if (!cut(&line, ' ', &out->method) || !cut(&line, ' ', &target) || !is_token(out->method))
        return 400;
    if (line.size != 8 || memcmp(line.at, "HTTP/", 5) != 0 || line.at[6] != '.')
        return 400;
    if (memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '0' && line.at[7] != '1')) {
        *why = "only HTTP/1.1 and HTTP/2 are spoken here";
        return 505;
    }
    out->minor = (unsigned)(line.at[7] - '0');
    *why = "malformed request target";
    return parse_target(target, out) ? 0 : 400;
}

static int parse_field(struct http1_text line, char *bytes, struct http1_head *out, const char **why)
{
    if (out->field_count == HTTP1_FIELDS_MAX) {
        *why = "too many header fields";
        return 431;
    }
    struct http1_field *field = &out->fields[out->field_count];
    *why = "malformed header field";
    if (!cut(&line, ':', &field->name) || !is_token(field->name))
        return 400;   /* a folded line begins with a blank, which no token has */
    field->value = trim(line);
    char *name = bytes + (field->name.at - bytes);
    for (size_t i = 0; i < field->name.size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] = (char)(name[i] - 'A' + 'a');
    out->field_count++;
    return 0;
}

static bool parse_length(struct http1_text text, uint64_t *out)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 18)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    *out = value;
    return true;
}

static void read_connection(struct http1_text value, struct http1_head *out)
{
    struct http1_text option;
    do {
        bool more = cut(&value, ',', &option);
        if (is(trim(option), "close"))
            out->close = true;
        if (!more)
            return;
    } while (true);
}

/* Fields that decide where the message ends or whom it is for may come once. */
struct seen {
    bool host, length, coding;
};

static int read_field(const struct http1_field *field, struct http1_head *out, struct seen *seen, const char **why)
{
    if (is(field->name, "host")) {
        *why = "the Host field is malformed or comes twice";
        if (seen->host || !is_authority(field->value))
            return 400;
        seen->host = true;
        if (out->authority.size == 0)
            out->authority = field->value;   /* an absolute target wins: RFC 9112 section 3.2.2 */
    } else if (is(field->name, "content-length")) {
        *why = "the Content-Length field is malformed or comes twice";
        if (seen->length || !parse_length(field->value, &out->length))
            return 400;
        seen->length = out->has_length = true;
    } else if (is(field->name, "transfer-encoding")) {
        *why = "the only transfer coding here is chunked";
        if (seen->coding)
            return 400;
        if (!is(field->value, "chunked"))
            return 501;
        seen->coding = out->chunked = true;
    } else if (is(field->name, "connection")) {
        read_connection(field->value, out);
    } else if (is(field->name, "expect")) {
        *why = "unknown expectation";
        if (!is(field->value, "100-continue"))
            return 417;
        out->expects_continue = out->minor > 0;
    }
    return 0;
}

/* RFC 9112 sections 3.2 and 6.1. */
static int check_framing(const struct http1_head *head, const struct seen *seen, const char **why)
{
    *why = "a request has one Host field";
    if (head->minor > 0 && !seen->host)
        return 400;
    *why = "Content-Length and Transfer-Encoding exclude each other";
    if (seen->coding && seen->length)
        return 400;
    *why = "HTTP/1.0 has no transfer codings";
    return seen->coding && head->minor == 0 ? 400 : 0;
}

int mrpc_http1_head_parse(char *bytes, size_t size, struct http1_head *out, const char **why)
{
    struct http1_text rest = {bytes, size};
    struct seen seen = {0};
    memset(out, 0, offsetof(struct http1_head, fields));
    out->field_count = 0;
    int status = parse_request_line(next_line(&rest), out, why);
    while (status == 0 && rest.size > 2) {
        status = parse_field(next_line(&rest), bytes, out, why);
        if (status == 0)
            status = read_field(&out->fields[out->field_count - 1], out, &seen, why);
    }
    if (status == 0)
        status = check_framing(out, &seen, why);
    out->close |= out->minor == 0;
    return status;
}
