/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <mrpc/mrpc.h>

#include <google/rpc/status.mrpc.h>
#include <grpc/health/v1/health.mrpc.h>
#include <grpc/reflection/v1/reflection.mrpc.h>

int main(void)
{
    const struct mrpc_message_info *infos[] = {
        &grpc__health__v1__health_check_request__info,
        &grpc__reflection__v1__server_reflection_request__info,
        &google__rpc__status__info,
    };
    for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
        if (strcmp(infos[i]->full_name, infos[i]->descriptor->name) != 0) {
            printf("%s has the descriptor of %s\n", infos[i]->full_name, infos[i]->descriptor->name);
            return 1;
        }
    }
    printf("%s\n", mrpc_error_text(MRPC_ERR_IN_USE));
    return 0;
}
