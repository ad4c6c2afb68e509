/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/body.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "registry/pack.h"

struct registry_body {
    _Atomic uint32_t references;
    uint32_t weight;
    struct registry_part *parts[PART_KINDS];
    PB(InstanceKey) * key;
    size_t endpoint_count;
    PB(Endpoint) * *endpoints;
    char *owner;
    char *peer;
};

static struct registry_body *fill(struct packer *packer, const PB(Instance) * definition, const char *owner,
                                  const char *peer)
{
    struct registry_body *body = pack_room(packer, sizeof *body), ignored;
    struct registry_body *out = body ? body : &ignored;
    out->weight = definition->weight;
    out->key = pack_message(packer, definition->key);
    out->endpoint_count = definition->n_endpoints;
    out->endpoints = pack_messages(packer, (void *const *)definition->endpoints, definition->n_endpoints);
    out->owner = pack_text(packer, owner);
    out->peer = pack_text(packer, peer);
    return body;
}

struct registry_body *registry_body_new(struct registry_parts *parts, const PB(Instance) * definition,
                                        const char *owner, const char *peer)
{
    struct packer packer = {0};
    fill(&packer, definition, owner, peer);
    void *memory = malloc(pack_bytes(&packer));
    if (!memory)
        return NULL;
    pack_into(&packer, memory);
    struct registry_body *body = fill(&packer, definition, owner, peer);
    atomic_init(&body->references, 1);
    bool complete = true;
    for (int kind = 0; kind < PART_KINDS; kind++) {
        body->parts[kind] = registry_part_of(parts, (enum registry_part_kind)kind, definition);
        complete = complete && body->parts[kind];
    }
    if (complete)
        return body;
    registry_body_unref(body);
    return NULL;
}

struct registry_body *registry_body_ref(struct registry_body *body)
{
    atomic_fetch_add_explicit(&body->references, 1, memory_order_relaxed);
    return body;
}

void registry_body_unref(struct registry_body *body)
{
    if (!body || atomic_fetch_sub_explicit(&body->references, 1, memory_order_acq_rel) != 1)
        return;
    for (int kind = 0; kind < PART_KINDS; kind++)
        registry_part_unref(body->parts[kind]);
    free(body);
}

void registry_body_show(const struct registry_body *body, PB(Instance) * message)
{
    for (int kind = 0; kind < PART_KINDS; kind++)
        registry_part_show(body->parts[kind], message);
    message->key = body->key;
    message->weight = body->weight;
    message->n_endpoints = body->endpoint_count;
    message->endpoints = body->endpoints;
    message->owner = body->owner;
}

const char *registry_body_peer(const struct registry_body *body)
{
    return body->peer;
}
