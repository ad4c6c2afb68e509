/* SPDX-License-Identifier: Apache-2.0 */
#include "text/plain.h"

#include "fault/fault.h"
#include "utf8/utf8.h"

static size_t character(const char *at, size_t left)
{
    bool control = (unsigned char)*at < 0x20 && *at != '\t' && *at != '\n' && *at != '\r';
    return control ? 0 : utf8_character(at, left);
}

static size_t plain_prefix(const char *bytes, size_t size)
{
    size_t at = 0;
    for (size_t step; at < size; at += step)
        if ((step = character(bytes + at, size - at)) == 0)
            break;
    return at;
}

int text_check_plain(const char *bytes, size_t size, const char *source, struct fault *fault)
{
    size_t plain = plain_prefix(bytes, size), line = 1;
    if (plain == size)
        return 0;
    for (size_t i = 0; i < plain; i++)
        line += bytes[i] == '\n';
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%.200s:%zu: not UTF-8 text", source, line);
}
