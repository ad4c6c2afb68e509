/* SPDX-License-Identifier: Apache-2.0 */

/* A server's making: options, services; its running is in run.c. */

#include "server/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "channelz/channelz.h"
#include "health/health.h"
#include "reflection/reflection.h"
#include "server/run.h"
#include "session/limits.h"

/* Older ones have no bound on CONTINUATION frames and no rate limit on resets. */
#define NGHTTP2_OLDEST 0x013400

static unsigned default_loops(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (unsigned)cores : 1;
}

int mrpc_server_new(const struct mrpc_server_options *options, struct mrpc_server **out)
{
    if (nghttp2_version(NGHTTP2_OLDEST) == NULL)
        return MRPC_ERR_VERSION;
    struct mrpc_server_options given = {0};
    if (options != NULL) {
        size_t known = options->struct_bytes;
        memcpy(&given, options, known == 0 || known > sizeof(given) ? sizeof(given) : known);
    }
    struct mrpc_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return MRPC_ERR_NOMEM;
    mrpc_limits_resolve(&given.limits, &server->limits);
    if (given.observer != NULL)
        server->observer = *given.observer;
    server->channelz_id = mrpc_channelz_new_id();
    server->created_ms = mrpc_channelz_now_ms();
    server->web.http1 = true;
    server->loop_count = given.loops > 0 ? given.loops : default_loops();
    pthread_mutex_init(&server->lock, NULL);
    *out = server;
    return 0;
}

int mrpc_server_add_service(struct mrpc_server *server, const struct mrpc_skeleton *skeleton, const void *handlers,
                            void *self)
{
    if (server->frozen)
        return MRPC_ERR_INVALID;
    return mrpc_methods_add(&server->methods, skeleton, handlers, self);
}

void mrpc_server_free(struct mrpc_server *server)
{
    if (server == NULL)
        return;
    mrpc_server_stop(server);
    mrpc_run_fini(server);
    mrpc_health_free(server->health);
    mrpc_reflection_free(server->reflection);
    mrpc_methods_fini(&server->methods);
    mrpc_chain_fini(&server->chain);
    mrpc_routes_fini(&server->web.routes);
    mrpc_web_rules_fini(&server->web.rules);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void mrpc_server_log(const struct mrpc_server *server, int level, const char *format, ...)
{
    if (server->observer.log == NULL)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    server->observer.log(server->observer.arg, level, text);
}
