/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/service.h"

int admin_get_configuration(void *self, struct mrpc_call *call,
                            const Mltrainer__Admin__V1__GetConfigurationRequest *request,
                            Mltrainer__Admin__V1__GetConfigurationResponse *response)
{
    struct admin *admin = self;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    config_print(admin->config, out);
    fclose(out);
    response->yaml = text ? mrpc_arena_strdup(mrpc_call_arena(call), text) : NULL;
    free(text);
    return response->yaml ? MRPC_OK : mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}
