/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SAMPLE_H
#define REGISTRY_SAMPLE_H

#include <stdlib.h>

#include "registry/definition.h"
#include "registry/instance.h"
#include "registry/view.h"
#include "test.h"

/* An instance as a client would send it, in memory of the test's own. */
struct sample {
    PB(InstanceKey) key;
    PB(Endpoint) endpoint;
    PB(Endpoint) * endpoints[1];
    PB(Instance) instance;
};

static inline void sample_init(struct sample *sample, const char *service, const char *id, uint32_t port)
{
    mltrainer__registry__v1__instance_key__init(&sample->key);
    mltrainer__registry__v1__endpoint__init(&sample->endpoint);
    mltrainer__registry__v1__instance__init(&sample->instance);
    sample->key.service = (char *)(uintptr_t)service;
    sample->key.id = (char *)(uintptr_t)id;
    sample->endpoint.address = (char *)(uintptr_t) "192.0.2.1";
    sample->endpoint.port = port;
    sample->endpoints[0] = &sample->endpoint;
    sample->instance.key = &sample->key;
    sample->instance.endpoints = sample->endpoints;
    sample->instance.n_endpoints = 1;
}

/** A draft as Register makes it. */
static inline struct registry_instance *sample_draft(const char *service, const char *id, uint32_t port)
{
    struct sample sample;
    struct registry_instance *draft;
    struct fault fault = FAULT_INIT;
    sample_init(&sample, service, id, port);
    assert_int_equal(registry_definition_take(&sample.instance, "", &draft, &fault), MRPC_OK);
    return draft;
}

/** An instance of a draft, which passes over. */
static inline struct registry_instance *sample_instance(struct registry_instance *draft,
                                                        const struct registry_state *state)
{
    struct registry_parts *parts = registry_parts_new();
    assert_non_null(parts);
    struct registry_body *body = registry_body_new(parts, draft->message, "test", draft->peer);
    struct registry_instance *instance = registry_instance_new(body, state);
    assert_non_null(instance);
    registry_parts_unref(parts);
    registry_instance_unref(draft);
    return instance;
}

static inline int sample_compare(const void *a, const void *b)
{
    int64_t x = (*(struct registry_instance *const *)a)->message->incarnation;
    int64_t y = (*(struct registry_instance *const *)b)->message->incarnation;
    return (x > y) - (x < y);
}

/** A view of a service with those instances, given by id. */
static inline struct registry_service_view *sample_view(const char *service, struct registry_cursors *cursors,
                                                        struct registry_instance *const *instances, size_t count)
{
    struct registry_instance **order = malloc((count + 1) * sizeof *order);
    struct registry_run *run = registry_run_new(instances, count);
    assert_non_null(order);
    assert_non_null(run);
    for (size_t i = 0; i < count; i++)
        order[i] = instances[i];
    qsort(order, count, sizeof *order, sample_compare);
    struct registry_service_view_parts parts = {
        .namespace_name = "default",
        .name = service,
        .revision = 1,
        .cursors = cursors,
        .runs = &run,
        .run_count = 1,
        .by_incarnation = order,
    };
    struct registry_service_view *view = registry_service_view_new(&parts);
    assert_non_null(view);
    registry_run_unref(run);
    free(order);
    return view;
}

#endif
