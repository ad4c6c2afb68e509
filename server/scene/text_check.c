/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/text_check.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "scene/scene.h"

bool scene_id_valid(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(id, allowed);
    return length > 0 && length <= SCENE_MAX_ID_BYTES && id[length] == '\0';
}

/* What a first byte announces; 0 when it is none. */
static size_t announced(unsigned char first)
{
    return first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
}

/* Decodes one character at @at; 0 when it is not UTF-8 (overlong, surrogate, out of range or cut). */
static size_t decode(const unsigned char *at, uint32_t *out)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = announced(at[0]);
    if (length == 0)
        return 0;
    uint32_t code = length == 1 ? at[0] : at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 2) /* also the terminating NUL */
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *out = code;
    return length;
}

size_t scene_utf8_prefix(const char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t code;
        const unsigned char *character = (const unsigned char *)bytes + at;
        size_t length = announced(*character);
        if (length == 0 || length > size - at || decode(character, &code) == 0)
            break;
        at += length;
    }
    return at;
}

const char *scene_text_fault(const char *text, size_t max_bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    if (strnlen(text, max_bytes + 1) > max_bytes)
        return "is too long";
    while (*at) {
        uint32_t code;
        size_t length = decode(at, &code);
        if (length == 0)
            return "is not UTF-8";
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return "holds a control character";
        if ((code & 0xfffe) == 0xfffe)
            return "holds a code point that is not a character";
        at += length;
    }
    return NULL;
}

bool scene_link_valid(const char *link)
{
    if (strncasecmp(link, "http://", 7) == 0 || strncasecmp(link, "https://", 8) == 0)
        return true;
    /* Relative: no scheme, and neither //host nor a backslash, which browsers read as a slash. */
    return strcspn(link, ":") >= strcspn(link, "/?#") && strncmp(link, "//", 2) != 0 && strchr(link, '\\') == NULL;
}
