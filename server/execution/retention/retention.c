/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/retention/retention.h"

#include <event2/event.h>

#include "execution/engine.h"

enum { MORE_MS = 100 };

static void arm(struct execution *engine, bool more)
{
    int64_t pause_ms = more ? MORE_MS : config_number(engine->config, "retention.interval");
    struct timeval pause = {.tv_sec = pause_ms / 1000, .tv_usec = pause_ms % 1000 * 1000};
    if (engine->retention.running)
        evtimer_add(engine->retention.timer, &pause);
}

/* Jobs first, and the files when no job is left to go: their walk ends the round. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct execution *engine = arg;
    int64_t now_ms = api_now_ms();
    if (!engine->retention.running || engine->stopping)
        return;
    if (retention_sweep_jobs(engine, now_ms))
        return arm(engine, true);
    retention_sweep_files(engine, now_ms);
    if (!engine->retention.sweep)
        arm(engine, false); /* the pool was full */
}

void retention_swept_files(struct execution *engine, bool more)
{
    arm(engine, more);
}

int retention_init(struct execution *engine)
{
    engine->retention.timer = evtimer_new(domain_loop_base(engine->loop), on_timer, engine);
    return engine->retention.timer ? 0 : -1;
}

void retention_fini(struct execution *engine)
{
    if (engine->retention.timer)
        event_free(engine->retention.timer);
}

void retention_start(struct execution *engine)
{
    engine->retention.running = true;
    arm(engine, false);
}

void retention_stop(struct execution *engine)
{
    engine->retention.running = false;
    evtimer_del(engine->retention.timer);
}

bool retention_is_idle(const struct execution *engine)
{
    return !engine->retention.sweep;
}
