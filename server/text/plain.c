/* SPDX-License-Identifier: Apache-2.0 */
#include "text/plain.h"

#include "fault/fault.h"

/* How many bytes the character at @at has, 0: it is none. */
static size_t character(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return at[0] >= 0x20 || at[0] == '\t' || at[0] == '\n' || at[0] == '\r' ? 1 : 0;
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < bytes)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool outside = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return overlong || outside ? 0 : bytes;
}

size_t text_plain_prefix(const char *bytes, size_t size)
{
    size_t at = 0;
    for (size_t step; at < size; at += step)
        if ((step = character((const unsigned char *)bytes + at, size - at)) == 0)
            break;
    return at;
}

int text_check_plain(const char *bytes, size_t size, const char *source, struct fault *fault)
{
    size_t plain = text_plain_prefix(bytes, size), line = 1;
    if (plain == size)
        return 0;
    for (size_t i = 0; i < plain; i++)
        line += bytes[i] == '\n';
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.200s:%zu: not UTF-8 text", source, line);
}
