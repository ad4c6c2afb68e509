/* SPDX-License-Identifier: Apache-2.0 */

/* mrpc-interop-server: gRPC's interop server on libmrpc, with the flags of gRPC's own. Prints "ready ADDRESS:PORT" and
 * serves until SIGINT or SIGTERM. */

#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <mrpc/mrpc.h>

#include "delays.h"
#include "flags.h"
#include "test_service.h"

static struct mrpc_tls *load_tls(const char *certificate_file, const char *key_file)
{
    const struct mrpc_tls_options options = {
        .struct_bytes = sizeof options, .certificate_file = certificate_file, .key_file = key_file};
    struct mrpc_tls *tls;
    char why[256];
    if (mrpc_tls_server_new(&options, &tls, why, sizeof why) != 0)
        errx(2, "TLS: %s", why);
    return tls;
}

static void check(int error, const char *what)
{
    if (error)
        errx(3, "%s: %s", what, mrpc_error_text(error));
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1", *certificate_file = "", *key_file = "";
    int port = 10000, received;
    bool use_tls = false;
    const struct flag flags[] = {
        {"port", "the port to listen on, 0: any", .number = &port},
        {"address", "the address to listen on", .text = &address},
        {"use_tls", "TLS instead of clear text", .truth = &use_tls},
        {"tls_cert_file", "the certificate, with its chain (PEM)", .text = &certificate_file},
        {"tls_key_file", "its key (PEM)", .text = &key_file},
    };
    flags_parse(flags, sizeof flags / sizeof *flags, argc, argv);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* for all threads to come */

    const struct mrpc_server_options options = {.struct_bytes = sizeof options, .loops = 2};
    struct mrpc_tls *tls = use_tls ? load_tls(certificate_file, key_file) : NULL;
    struct mrpc_server *server;
    char *listen_on, *bound;
    if (asprintf(&listen_on, "%s:%d", address, port) < 0 || delays_start() != 0)
        err(3, "start");
    check(mrpc_server_new(&options, &server), "server");
    check(test_service_add(server), "service");
    check(mrpc_server_enable_reflection(server), "reflection");
    check(mrpc_server_listen(server, listen_on, tls, &bound), listen_on);
    check(mrpc_server_start(server), "start");
    (void)printf("ready %s\n", bound);
    (void)fflush(stdout);
    sigwait(&signals, &received);
    mrpc_server_stop(server);
    mrpc_server_free(server);
    mrpc_tls_free(tls);
    free(bound);
    free(listen_on);
    return 0;
}
