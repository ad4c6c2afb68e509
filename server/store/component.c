/* SPDX-License-Identifier: Apache-2.0 */
#include "store/component.h"

#include <stdlib.h>
#include <unistd.h>

#include "config/config.h"
#include "log/log.h"
#include "store/sqlite.h"

/* A store that cannot trust its disk ends the process: at the next start it recovers from what is really there. */
static void on_fatal(void *arg, const char *text)
{
    log_error(arg, "store", "fatal, leaving: %s", text);
    _exit(4);
}

static void on_trouble(void *arg, enum store_trouble trouble, const char *path)
{
    if (trouble)
        log_error(arg, "store", "no change is accepted: %s: %s", path, store_trouble_text(trouble));
    else
        log_info(arg, "store", "changes are accepted again: %s", path);
}

static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct config *config = dependencies[0];
    struct store_sqlite_options options = {.directory = config_text(config, "data_dir"),
                                           .on_fatal = on_fatal,
                                           .on_trouble = on_trouble,
                                           .arg = dependencies[1]};
    struct store *store;
    int code = store_sqlite_open(&options, &store, fault);
    if (code)
        return code;
    *out = store;
    return 0;
}

static void destroy(void *instance)
{
    store_close(instance);
}

static const char *const dependencies[] = {"config", "log", NULL};

const struct component store_component = {
    .name = "store",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .destroy = destroy,
};
