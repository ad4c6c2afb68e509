/* SPDX-License-Identifier: Apache-2.0 */
#include "watchdog/overload.h"

#include <stddef.h>
#include <string.h>

static const unsigned begins_percent[] = {0, 85, 92, 95};
enum { DOWN_PERCENT = 3 };

static bool is_over(uint64_t used, uint64_t limit, unsigned percent)
{
    return limit > 0 && (double)used >= (double)limit * percent / 100;
}

enum overload overload_step(enum overload step, uint64_t used, uint64_t limit)
{
    while (step < OVERLOAD_ALL && is_over(used, limit, begins_percent[step + 1]))
        step++;
    while (step > OVERLOAD_NONE && !is_over(used, limit, begins_percent[step] - DOWN_PERCENT))
        step--;
    return step;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_one_of(const char *path, const char *const *prefixes)
{
    while (*prefixes && !begins_with(path, *prefixes))
        prefixes++;
    return *prefixes != NULL;
}

/* What keeps others alive, and lets somebody look after the server. */
static bool is_vital(const char *path)
{
    static const char *const vital[] = {
        "/grpc.health.v1.", "/mltrainer.admin.", "/mltrainer.registry.v1.RegistryService/Heartbeat",
        "/mltrainer.registry.v1.RegistryService/Deregister", NULL};
    return is_one_of(path, vital);
}

/* What begins something that takes memory; asking and cancelling frees rather than takes. */
static bool is_work(const char *path)
{
    static const char *const services[] = {"/mltrainer.execution.", "/mltrainer.diagram.", "/inference.", NULL};
    static const char *const harmless[] = {"Get", "List", "Cancel", "Delete", "Server", NULL};
    const char *method = strrchr(path, '/');
    return is_one_of(path, services) && !is_one_of(method ? method + 1 : "", harmless);
}

bool overload_refuses(enum overload step, const char *path, bool streams)
{
    if (step == OVERLOAD_NONE || is_vital(path))
        return false;
    if (step == OVERLOAD_WORK)
        return is_work(path);
    return step == OVERLOAD_ALL || streams || !begins_with(path, "/mltrainer.registry.");
}

const char *overload_name(enum overload step)
{
    static const char *const names[] = {"none", "work", "most", "all"};
    return names[step];
}
