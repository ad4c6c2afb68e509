/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/field_path.h"

#include <stdarg.h>
#include <stdio.h>

void field_path(char path[FIELD_PATH_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(path, FIELD_PATH_BYTES, format, args);
    va_end(args);
}
