/* SPDX-License-Identifier: Apache-2.0 */
#include "scene/text_check.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "scene/scene.h"
#include "utf8/utf8.h"

bool scene_id_valid(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strspn(id, allowed);
    return length > 0 && length <= SCENE_MAX_ID_BYTES && id[length] == '\0';
}

/* Decodes one character at @at, in a text; 0 when there is none. */
static size_t decode(const unsigned char *at, uint32_t *out)
{
    size_t length = utf8_character((const char *)at, 4);
    *out = length > 1 ? at[0] & (0x7fu >> length) : at[0];
    for (size_t i = 1; i < length; i++)
        *out = *out << 6 | (at[i] & 0x3f);
    return length;
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
