/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "registry/filter.h"

/* MAJOR[.MINOR[.PATCH]][-PRE][+BUILD], ordered as Semantic Versioning 2.0.0, section 11, says; missing parts are 0. */

struct version {
    unsigned long parts[3];
    int part_count;
    const char *pre; /* behind '-'; "" without one */
    size_t pre_bytes;
};

static bool parse_version(const char *text, size_t bytes, struct version *out)
{
    *out = (struct version){.pre = ""};
    size_t at = 0;
    for (;;) {
        size_t digits = 0;
        unsigned long value = 0;
        for (; at + digits < bytes && text[at + digits] >= '0' && text[at + digits] <= '9' && digits < 9; digits++)
            value = value * 10 + (unsigned long)(text[at + digits] - '0');
        if (digits == 0)
            return false;
        out->parts[out->part_count++] = value;
        at += digits;
        if (out->part_count == 3 || at == bytes || text[at] != '.')
            break;
        at++;
    }
    if (at < bytes && text[at] == '-') {
        out->pre = text + at + 1;
        while (++at < bytes && text[at] != '+')
            out->pre_bytes++;
        if (out->pre_bytes == 0)
            return false;
    }
    return at == bytes || text[at] == '+';
}

static bool is_numeric(const char *text, size_t bytes)
{
    return bytes > 0 && strspn(text, "0123456789") >= bytes;
}

/* One dot-separated identifier: numbers by value and below words. */
static int compare_identifiers(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    bool a_number = is_numeric(a, a_bytes), b_number = is_numeric(b, b_bytes);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number && a_bytes != b_bytes)
        return a_bytes < b_bytes ? -1 : 1;
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static size_t identifier_bytes(const char *text, size_t bytes)
{
    size_t length = 0;
    while (length < bytes && text[length] != '.')
        length++;
    return length;
}

static int compare_pre(const struct version *a, const struct version *b)
{
    if (a->pre_bytes == 0 || b->pre_bytes == 0)
        return (a->pre_bytes == 0) - (b->pre_bytes == 0); /* a release is above its pre-releases */
    const char *x = a->pre, *y = b->pre;
    size_t x_left = a->pre_bytes, y_left = b->pre_bytes;
    while (x_left && y_left) {
        size_t x_bytes = identifier_bytes(x, x_left), y_bytes = identifier_bytes(y, y_left);
        int order = compare_identifiers(x, x_bytes, y, y_bytes);
        if (order)
            return order;
        size_t x_step = x_bytes + (x_bytes < x_left), y_step = y_bytes + (y_bytes < y_left);
        x += x_step, x_left -= x_step;
        y += y_step, y_left -= y_step;
    }
    return (x_left > 0) - (y_left > 0);
}

static int compare_parts(const struct version *a, const struct version *b, int count)
{
    for (int i = 0; i < count; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return 0;
}

struct comparison {
    char operator[3];
    struct version version;
};

/* Read one comparison off @at; false at the end or at nonsense (*@bad). */
static bool next_comparison(const char **at, struct comparison *out, bool *bad)
{
    *at += strspn(*at, " ");
    if (!**at)
        return false;
    size_t operator_bytes = strspn(*at, "<>=");
    *bad = operator_bytes > 2;
    if (*bad)
        return false;
    memcpy(out->operator, * at, operator_bytes);
    out->operator[operator_bytes] = '\0';
    static const char *const known[] = {"", "=", "<", ">", "<=", ">="};
    *bad = true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(out->operator, known[i]) == 0)
            *bad = false;
    *at += operator_bytes;
    size_t bytes = strcspn(*at, " ");
    *bad = *bad || !parse_version(*at, bytes, &out->version);
    *at += bytes;
    return !*bad;
}

bool registry_version_range_valid(const char *range)
{
    struct comparison comparison;
    bool bad = false;
    if (strlen(range) > 128)
        return false;
    while (next_comparison(&range, &comparison, &bad)) {
    }
    return !bad;
}

static bool satisfies(const struct version *version, const struct comparison *comparison)
{
    const char *operator= comparison->operator;
    if (!operator[0] && comparison->version.pre_bytes == 0) /* "1.2": any 1.2.z */
        return compare_parts(version, &comparison->version, comparison->version.part_count) == 0;
    int order = compare_parts(version, &comparison->version, 3);
    if (order == 0)
        order = compare_pre(version, &comparison->version);
    if (!operator[0] || strcmp(operator, "=") == 0)
        return order == 0;
    bool equal = operator[1] == '=' && order == 0;
    return equal || (operator[0] == '<' ? order < 0 : order> 0);
}

bool registry_version_in_range(const char *text, const char *range)
{
    struct version version;
    if (!parse_version(text, strlen(text), &version))
        return false;
    struct comparison comparison;
    bool bad = false, pre_named = version.pre_bytes == 0;
    while (next_comparison(&range, &comparison, &bad)) {
        if (!satisfies(&version, &comparison))
            return false;
        pre_named = pre_named || comparison.version.pre_bytes > 0;
    }
    return !bad && pre_named;
}
