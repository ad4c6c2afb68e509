/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_CLIENT_STAGE_H
#define MLT_CLIENT_STAGE_H

#include <semaphore.h>
#include <stdatomic.h>

#include <mrpc/mrpc.h>

#include "client/channel_core.h"
#include "scripted_server.h"

/* A channel with a loop that the test itself drives, fed by a resolver that the test itself plays, and servers that say
 * their names. The test may look into the channel between two wake-ups. */

#define STAGE_CALLS_MAX 128

struct stage_call {
    bool done;
    enum mrpc_code code;
    char text[128]; /* the response, or the status message */
};

struct stage {
    struct mrpc_loop *loop;
    struct mrpc_channel *channel;
    struct mrpc_resolver_listener *listener;
    char resolver_target[64]; /* what the resolver was started with */
    unsigned starts, asked, stops;
    bool refuse_start;
    struct stage_call calls[STAGE_CALLS_MAX];
    size_t call_count;
};

/** The target "test:///users", resolved by the test. Members of @options that are zero get values for tests. */
void stage_open(struct stage *stage, struct mrpc_channel_options options);
/** Another target, with its own resolver. */
void stage_open_target(struct stage *stage, const char *target, struct mrpc_channel_options options);
void stage_close(struct stage *stage);

/** Begin to resolve; the listener is there when it returns. */
void stage_connect(struct stage *stage);
/** Push "A,B,C", with weights 1 or those of @weights, and a service config (NULL: none). */
void stage_push(struct stage *stage, const char *addresses, const uint32_t *weights, const char *service_config);

/** Begin a call; its index. */
size_t stage_call(struct stage *stage, const struct mrpc_call_options *options);
size_t stage_call_with(struct stage *stage, const struct mrpc_call_options *options, const char *text);
/** Drive the loop until @done says so. */
void stage_drive(struct stage *stage, bool (*done)(const struct stage *stage));
bool stage_all_done(const struct stage *stage);
bool stage_is_ready(const struct stage *stage);
bool stage_has_failed(const struct stage *stage);
/** Every subchannel is READY. */
bool stage_all_ready(const struct stage *stage);
/** Make @count calls, one after the other, which must succeed; how many of them @name answered. */
unsigned stage_ask(struct stage *stage, unsigned count, const char *name);
unsigned stage_count_text(const struct stage *stage, const char *text);
size_t stage_subchannels(const struct stage *stage, enum mrpc_connectivity state);

/* Servers. */

/** A server that answers every unary call with @name, on @connections connections. */
void named_server_start(struct scripted_server *server, const char *name, unsigned connections);
/** For scripts: answer with @text. */
void say_text(struct scripted_server *server, int32_t id, const char *text);
/** For scripts: answer everything from stream @id on with the name in server->arg. */
void say_name_from(struct scripted_server *server, int32_t id);

#endif
