/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

const struct config_key config_keys[] = {
    {"listen", CONFIG_LIST, "127.0.0.1:50051", 0, 0,
     "addresses to serve: HOST:PORT, [V6]:PORT, unix:PATH; port 0 lets the system choose"},
    {"insecure", CONFIG_SWITCH, "false", 0, 0, "allow an address other than loopback without TLS and authentication"},
    {"data_dir", CONFIG_TEXT, NULL, 0, 0,
     "where state lives; else $STATE_DIRECTORY, else $XDG_STATE_HOME/mltrainer, else ~/.local/state/mltrainer"},
    {"loops", CONFIG_COUNT, "0", 0, 256, "event loops for connections; 0: one a core"},
    {"drain_grace", CONFIG_DURATION, "30s", 0, 60 * MINUTE, "how long running calls may go on after SIGTERM"},
    {"log.level", CONFIG_TEXT, "info", 0, 0, "error, warn, info or debug"},
    {"tls.certificate", CONFIG_TEXT, NULL, 0, 0, "PEM file: the server's chain, leaf first; turns TLS on"},
    {"tls.key", CONFIG_TEXT, NULL, 0, 0, "PEM file: the private key of that certificate"},
    {"tls.client_ca", CONFIG_TEXT, NULL, 0, 0, "PEM file: whose client certificates are accepted; makes them required"},
    {"tls.crl", CONFIG_TEXT, NULL, 0, 0, "PEM file: lists of revoked client certificates, one for each CA of a chain"},
    {"reflection", CONFIG_SWITCH, "true", 0, 0, "serve grpc.reflection, so that grpcurl needs no .proto files"},
    {"registry.check_targets", CONFIG_LIST, NULL, 0, 0,
     "private networks (CIDR) that health checks may go to besides an instance's own address"},
    {"execution.workers", CONFIG_COUNT, "0", 0, 256, "worker processes; 0: one a core"},
    {"execution.threads", CONFIG_COUNT, "4", 1, 64, "threads for files and other waiting"},
    {"execution.plugins_dir", CONFIG_TEXT, NULL, 0, 0, "folder of the model plugins; found beside the executable"},
    {"execution.models_dir", CONFIG_TEXT, NULL, 0, 0, "folder of the model configurations; found beside the executable"},
    {"execution.worker", CONFIG_TEXT, NULL, 0, 0, "the worker executable; found beside the server's"},
    {"execution.queue", CONFIG_COUNT, "100000", 1, 1000000, "jobs that may wait"},
    {"diagram.renderer", CONFIG_TEXT, NULL, 0, 0, "the renderer executable; found beside the server's"},
    {0},
};
