/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SAMPLE_H
#define REGISTRY_SAMPLE_H

#include "registry/definition.h"
#include "registry/instance.h"
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

#endif
