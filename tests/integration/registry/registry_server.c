/* SPDX-License-Identifier: Apache-2.0 */

/* A server with nothing but the registry, to be killed: registry_server FOLDER. Prints its address. */

#include <stdio.h>
#include <unistd.h>

#include <mrpc/server.h>

#include "fault/fault.h"
#include "registry/service.h"
#include "store/sqlite.h"

static int complain(const char *what, const struct fault *fault)
{
    fprintf(stderr, "%s: %s\n", what, fault->text);
    return 1;
}

int main(int argc, char **argv)
{
    struct fault fault = FAULT_INIT;
    struct store *store;
    struct registry *registry;
    struct mrpc_server *server;
    struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 2};
    char *address;
    if (argc != 2)
        return 2;
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = argv[1]}, &store, &fault))
        return complain("store", &fault);
    if (registry_new(&(struct registry_options){.store = store}, &registry, &fault) ||
        registry_start(registry, &fault) || registry_run_leases(registry, true) || registry_run_health(registry, true))
        return complain("registry", &fault);
    if (mrpc_server_new(&options, &server) || registry_add_to_server(registry, server) ||
        mrpc_server_listen(server, "127.0.0.1:0", NULL, &address) || mrpc_server_start(server))
        return 1;
    printf("%s\n", address);
    fflush(stdout);
    for (;;)
        pause();
}
