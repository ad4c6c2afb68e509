/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/path.h"

#include <string.h>

#include <mrpc/error.h>

#include "wire/visible.h"

int mrpc_path_split(const char *path, size_t size, struct mrpc_path *out)
{
    if (size == 0 || path[0] != '/' || !mrpc_visible(path, size, 0x21))
        return MRPC_ERR_MALFORMED;
    const char *last = memrchr(path, '/', size);
    size_t service_bytes = last == path ? 0 : (size_t)(last - path) - 1;
    size_t method_bytes = (size_t)(path + size - last) - 1;
    if (service_bytes == 0 || method_bytes == 0)
        return MRPC_ERR_MALFORMED;
    *out = (struct mrpc_path){path + 1, service_bytes, last + 1, method_bytes};
    return 0;
}
