/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "load.h"

static void add_metadata(struct load_instance *instance, size_t at, const char *key, const char *text)
{
    mltrainer__registry__v1__metadata_value__init(&instance->values[at]);
    mltrainer__registry__v1__instance__metadata_entry__init(&instance->entries[at]);
    instance->values[at].kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    instance->values[at].text = (char *)(uintptr_t)text;
    instance->entries[at].key = (char *)(uintptr_t)key;
    instance->entries[at].value = &instance->values[at];
    instance->metadata[at] = &instance->entries[at];
}

static void add_check(struct load_instance *instance)
{
    mltrainer__registry__v1__check__init(&instance->check);
    mltrainer__registry__v1__ttl_check__init(&instance->ttl_check);
    google__protobuf__duration__init(&instance->interval);
    instance->interval.seconds = 3600;
    instance->check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL;
    instance->check.ttl = &instance->ttl_check;
    instance->check.interval = &instance->interval;
    instance->checks[0] = &instance->check;
    instance->instance.checks = instance->checks;
    instance->instance.n_checks = 1;
}

static void name_it(struct load_instance *instance, const struct load_settings *settings, uint64_t number)
{
    if (settings->services > 1)
        snprintf(instance->service, sizeof instance->service, "%s-%llu", settings->service,
                 (unsigned long long)number % (unsigned)settings->services);
    else
        snprintf(instance->service, sizeof instance->service, "%s", settings->service);
    snprintf(instance->id, sizeof instance->id, "%s-%08llu", settings->prefix, (unsigned long long)number);
    mltrainer__registry__v1__instance_key__init(&instance->key);
    instance->key.service = instance->service;
    instance->key.id = instance->id;
}

void load_instance_init(struct load_instance *instance, const struct load_settings *settings, uint64_t number)
{
    PB(Instance) *message = &instance->instance;
    name_it(instance, settings, number);
    mltrainer__registry__v1__endpoint__init(&instance->endpoint);
    mltrainer__registry__v1__instance__init(message);
    mltrainer__registry__v1__register_request__init(&instance->request);
    google__protobuf__duration__init(&instance->lease_ttl);
    instance->endpoint.address = (char *)(uintptr_t) "192.0.2.17";
    instance->endpoint.port = 1024 + (uint32_t)(number % 60000);
    instance->endpoints[0] = &instance->endpoint;
    instance->tags[0] = (char *)(uintptr_t) "canary";
    instance->tags[1] = (char *)(uintptr_t) "primary";
    add_metadata(instance, 0, "build", "2026-11-28T10:00:00Z");
    add_metadata(instance, 1, "commit", "1f0c3e9a77d1");
    add_metadata(instance, 2, "team", "payments");
    instance->lease_ttl.seconds = settings->ttl_ms / 1000;
    instance->lease_ttl.nanos = (int32_t)(settings->ttl_ms % 1000) * 1000000;
    message->key = &instance->key;
    message->version = (char *)(uintptr_t) "1.4.2";
    message->zone = (char *)(uintptr_t) "eu-1a";
    message->endpoints = instance->endpoints;
    message->n_endpoints = 1;
    message->tags = instance->tags;
    message->n_tags = 2;
    message->metadata = instance->metadata;
    message->n_metadata = 3;
    message->lease_ttl = &instance->lease_ttl;
    if (settings->checked)
        add_check(instance);
    instance->request.instance = message;
}
