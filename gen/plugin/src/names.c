/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* ASCII only, whatever the locale. */
static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char to_lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* Walk the dotted pieces of @full_name, joined by "__"; empty pieces are left out. */
static char *name_pieces(struct pool *pool, const char *full_name,
                         void (*piece)(struct text *text, const char *bytes, size_t size))
{
    struct text text;
    text_init(&text, pool);
    while (*full_name) {
        size_t size = strcspn(full_name, ".");
        if (size > 0) {
            text_print(&text, "%s", text.size > 0 ? "__" : "");
            piece(&text, full_name, size);
        }
        full_name += size + (full_name[size] == '.');
    }
    return text.bytes;
}

static void piece_type(struct text *text, const char *bytes, size_t size)
{
    bool capital_next = true;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '_') {
            capital_next = true;
            continue;
        }
        char c = capital_next ? to_upper(bytes[i]) : bytes[i];
        text_bytes(text, &c, 1);
        capital_next = false;
    }
}

static void piece_separated(struct text *text, const char *bytes, size_t size, char (*convert)(char c))
{
    bool was_upper = true;
    for (size_t i = 0; i < size; i++) {
        if (is_upper(bytes[i]) && !was_upper) {
            text_bytes(text, "_", 1);
        }
        was_upper = is_upper(bytes[i]);
        char c = convert(bytes[i]);
        text_bytes(text, &c, 1);
    }
}

static void piece_lower(struct text *text, const char *bytes, size_t size)
{
    piece_separated(text, bytes, size, to_lower);
}

static void piece_upper(struct text *text, const char *bytes, size_t size)
{
    piece_separated(text, bytes, size, to_upper);
}

char *name_type(struct pool *pool, const char *full_name)
{
    return name_pieces(pool, full_name, piece_type);
}

char *name_lower(struct pool *pool, const char *full_name)
{
    return name_pieces(pool, full_name, piece_lower);
}

char *name_upper(struct pool *pool, const char *full_name)
{
    return name_pieces(pool, full_name, piece_upper);
}

char *name_member(struct pool *pool, const char *field_name)
{
    char *name = pool_strdup(pool, field_name);
    for (char *at = name; *at; at++) {
        *at = to_lower(*at);
    }
    return name;
}

char *name_file(struct pool *pool, const char *file_name)
{
    struct text text;
    text_init(&text, pool);
    if (file_name[0] >= '0' && file_name[0] <= '9') {
        text_print(&text, "_");
    }
    for (; *file_name; file_name++) {
        unsigned char c = (unsigned char)*file_name;
        if (c < 0x80 && isalnum(c)) {
            text_bytes(&text, file_name, 1);
        } else {
            text_print(&text, "_%02x", c);
        }
    }
    return text.bytes;
}

char *name_stem(struct pool *pool, const char *file_name)
{
    static const char *const endings[] = {".protodevel", ".proto"};
    char *stem = pool_strdup(pool, file_name);
    size_t size = strlen(stem);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t ending = strlen(endings[i]);
        if (size > ending && strcmp(stem + size - ending, endings[i]) == 0) {
            stem[size - ending] = '\0';
            return stem;
        }
    }
    return stem;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool name_is_reserved(const char *name)
{
    static const char *const reserved[] = {
        /* sorted */
        "alignas",    "alignof",       "and",         "and_eq",    "asm",          "auto",
        "bitand",     "bitor",         "bool",        "break",     "case",         "catch",
        "char",       "char16_t",      "char32_t",    "char8_t",   "class",        "co_await",
        "co_return",  "co_yield",      "compl",       "complex",   "concept",      "const",
        "const_cast", "consteval",     "constexpr",   "constinit", "continue",     "decltype",
        "default",    "delete",        "do",          "double",    "dynamic_cast", "else",
        "enum",       "errno",         "explicit",    "export",    "extern",       "false",
        "float",      "for",           "friend",      "goto",      "if",           "inline",
        "int",        "linux",         "long",        "mutable",   "namespace",    "new",
        "noexcept",   "not",           "not_eq",      "nullptr",   "operator",     "or",
        "or_eq",      "private",       "protected",   "public",    "register",     "reinterpret_cast",
        "requires",   "restrict",      "return",      "short",     "signed",       "sizeof",
        "static",     "static_assert", "static_cast", "stderr",    "stdin",        "stdout",
        "struct",     "switch",        "template",    "this",      "thread_local", "throw",
        "true",       "try",           "typedef",     "typeid",    "typename",     "typeof",
        "union",      "unix",          "unsigned",    "using",     "virtual",      "void",
        "volatile",   "wchar_t",       "while",       "xor",       "xor_eq",
    };
    return bsearch(&name, reserved, sizeof(reserved) / sizeof(reserved[0]), sizeof(reserved[0]), compare_names) != NULL;
}

void name_set_init(struct name_set *set, struct pool *pool)
{
    *set = (struct name_set){.pool = pool};
}

/* Where @name is, or belongs, in the sorted names. */
static size_t name_set_place(const struct name_set *set, const char *name)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(set->names[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool name_set_has(const struct name_set *set, const char *name)
{
    size_t place = name_set_place(set, name);
    return place < set->count && strcmp(set->names[place], name) == 0;
}

void name_set_add(struct name_set *set, const char *name)
{
    size_t place = name_set_place(set, name);
    if (place < set->count && strcmp(set->names[place], name) == 0) {
        return;
    }
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 16;
        const char **names = pool_alloc(set->pool, capacity * sizeof(*names));
        if (set->count > 0) {
            memcpy(names, set->names, set->count * sizeof(*names));
        }
        set->names = names;
        set->capacity = capacity;
    }
    memmove(set->names + place + 1, set->names + place, (set->count - place) * sizeof(*set->names));
    set->names[place] = name;
    set->count++;
}
