/* SPDX-License-Identifier: Apache-2.0 */
#include "configuration.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "config/reload.h"

struct configuration {
    int argc;
    char **argv;
    pthread_mutex_t lock; /* a signal and a call may ask at once */
    struct config *read;  /* what the sources said; the server's own copy has what main made of it */
};

static int read_sources(int argc, char **argv, struct config **out, struct fault *fault)
{
    struct config *config;
    struct command_line line = {0};
    if (config_new(&config) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = command_line_read(argc, argv, config, &line, fault);
    if (!code && log_level_parse(config_text(config, "log.level")) < 0)
        code = fault_set(fault, MRPC_INVALID_ARGUMENT, "log.level: \"%s\" is not error, warn, info or debug",
                         config_text(config, "log.level"));
    if (code)
        config_free(config);
    else
        *out = config;
    return code;
}

int configuration_new(int argc, char **argv, struct configuration **out, struct fault *fault)
{
    struct configuration *configuration = calloc(1, sizeof *configuration);
    if (!configuration)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    configuration->argc = argc;
    configuration->argv = argv;
    pthread_mutex_init(&configuration->lock, NULL);
    int code = read_sources(argc, argv, &configuration->read, fault);
    if (code)
        configuration_free(configuration);
    else
        *out = configuration;
    return code;
}

void configuration_free(struct configuration *configuration)
{
    if (!configuration)
        return;
    config_free(configuration->read);
    pthread_mutex_destroy(&configuration->lock);
    free(configuration);
}

static int reload(struct configuration *configuration, struct config *live, struct log *log, char **done,
                  struct fault *fault)
{
    struct config *fresh;
    int before = log_level_parse(config_text(configuration->read, "log.level"));
    int code = read_sources(configuration->argc, configuration->argv, &fresh, fault);
    if (code)
        return code;
    int level = log_level_parse(config_text(fresh, "log.level"));
    code = config_reload(live, configuration->read, fresh, done, fault);
    if (!code && level != before) /* else what SetLogLevel said goes on */
        log_set_level(log, level);
    config_free(fresh);
    return code;
}

void configuration_reload(struct configuration *configuration, struct config *live, struct log *log,
                          struct admin_reload_result *out)
{
    struct fault fault = FAULT_INIT;
    char *done = NULL;
    pthread_mutex_lock(&configuration->lock);
    int code = reload(configuration, live, log, &done, &fault);
    pthread_mutex_unlock(&configuration->lock);
    *out = (struct admin_reload_result){.name = "configuration", .applied = code == 0};
    snprintf(out->message, sizeof out->message, "%s", code ? fault.text : done);
    free(done);
}
