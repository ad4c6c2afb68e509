/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/component.h"

#include <stdlib.h>

#include "config/config.h"
#include "otlp/exporter.h"

/* Secrets stand in the environment, under OpenTelemetry's names, and never in a file or on a command line. */
static int create(void *const *dependencies, void **out, struct fault *fault)
{
    const struct otlp_options options = {
        .endpoint = config_text(dependencies[0], "traces.otlp"),
        .ca_file = config_text(dependencies[0], "traces.otlp_ca"),
        .headers = getenv("OTEL_EXPORTER_OTLP_HEADERS"),
        .resource_attributes = getenv("OTEL_RESOURCE_ATTRIBUTES"),
        .service_name = getenv("OTEL_SERVICE_NAME"),
    };
    struct otlp_exporter *exporter;
    int code = otlp_exporter_new(&options, dependencies[2], dependencies[1], &exporter, fault);
    if (!code)
        *out = exporter;
    return code;
}

static int start(void *instance, struct fault *fault)
{
    return otlp_exporter_start(instance, fault);
}

static void stop(void *instance)
{
    otlp_exporter_stop(instance);
}

static void destroy(void *instance)
{
    otlp_exporter_free(instance);
}

static const char *const dependencies[] = {"config", "log", "traces", NULL};

const struct component otlp_component = {
    .name = "otlp",
    .lifetime = COMPONENT_SINGLETON,
    .dependencies = dependencies,
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
};
