/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <stdio.h>

#include <mltrainer/mltrainer.h>

/* discover ADDRESS SERVICE: where the next healthy instance of a service is. */
int main(int argc, char **argv)
{
    struct mlt_client *client;
    struct mlt_endpoint endpoint;
    struct mlt_error error;
    if (argc != 3)
        errx(2, "usage: discover ADDRESS SERVICE");
    if (mlt_client_new(argv[1], NULL, &client, &error) != 0)
        errx(1, "%s", error.message);
    if (mlt_discover(client, NULL, argv[2], &endpoint, &error) != 0)
        errx(1, "%s", error.message);
    printf("%s:%u\n", endpoint.address, endpoint.port);
    mlt_client_free(client);
    return 0;
}
