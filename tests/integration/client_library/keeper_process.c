/* SPDX-License-Identifier: Apache-2.0 */

/* keeper_process TARGET SERVICE ID LEASE_MS EXPIRE: a process that says when it is registered, stays so until its
 * input ends, then prints how often it registered again. To be stopped, continued and killed. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mltrainer/mltrainer.h>

int main(int argc, char **argv)
{
    struct mlt_client *client;
    struct mlt_registration *registration;
    struct mlt_error error;
    char byte;
    if (argc != 6)
        return 2;
    const struct mlt_instance instance = {.struct_bytes = sizeof instance, .service = argv[2], .id = argv[3],
                                          .address = "127.0.0.1", .port = 8080, .lease_ttl_ms = atoi(argv[4]),
                                          .expire_on_disconnect = atoi(argv[5])};
    if (mlt_client_new(argv[1], NULL, &client, &error) != 0 ||
        mlt_registration_begin(client, &instance, &registration, &error) != 0) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("kept\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    printf("%llu\n", (unsigned long long)mlt_registration_renewals(registration));
    mlt_registration_end(registration);
    mlt_client_free(client);
    return 0;
}
