/* SPDX-License-Identifier: Apache-2.0 */
/* A library of one file, for what abi.py sees of its changes. */
#include <stddef.h>

struct mlt_handle;

enum mlt_kind { MLT_FIRST, MLT_SECOND };

struct mlt_point {
    int x, y;
};

struct mlt_options {
    size_t struct_bytes;
    const char *name;
    int limit;
};

int mlt_version = 1;

int mlt_open(const struct mlt_options *options, struct mlt_point at, enum mlt_kind kind, int flags)
{
    return options->limit + at.x + kind + flags;
}

/* clang-format off: one line, to be left out */
int mlt_close(struct mlt_handle *handle) { return handle == NULL; }
