/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watch_selection.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>

#include "registry/identifier.h"
#include "registry/pack.h"

int watch_selections_new(struct watch_selections **out)
{
    struct watch_selections *selections = calloc(1, sizeof *selections);
    if (!selections)
        return MRPC_RESOURCE_EXHAUSTED;
    pthread_mutex_init(&selections->lock, NULL);
    *out = selections;
    return MRPC_OK;
}

void watch_selections_free(struct watch_selections *selections)
{
    if (!selections)
        return;
    pthread_mutex_destroy(&selections->lock);
    free(selections);
}

/* FNV-1a. Who chooses requests that collide makes his own watches begin slowly: chains are as long as he has
 * watches. */
static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static struct watch_selection **bucket(struct watch_selections *selections, uint64_t hash)
{
    return &selections->buckets[(hash >> 32) % WATCH_SELECTION_BUCKETS];
}

/* The selection's contents lie behind its key. */
static size_t pack_selection(struct packer *packer, struct watch_selection *selection, const PB(WatchRequest) * key)
{
    const char *namespace_name = pack_text(packer, key->namespace_);
    const char *service = pack_text(packer, key->service);
    const PB(InstanceFilter) *filter = pack_message(packer, key->filter);
    if (selection) {
        selection->namespace_name = namespace_name;
        selection->service = service;
        selection->filter = filter;
    }
    return pack_bytes(packer);
}

static size_t aligned(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static struct watch_selection *selection_new(const PB(WatchRequest) * key, size_t key_bytes)
{
    struct packer packer = {0};
    size_t head = aligned(sizeof(struct watch_selection) + key_bytes);
    struct watch_selection *selection = malloc(head + pack_selection(&packer, NULL, key));
    if (!selection)
        return NULL;
    *selection = (struct watch_selection){.references = 1, .key_bytes = key_bytes};
    pack_into(&packer, (char *)selection + head);
    pack_selection(&packer, selection, key);
    mrpc_encode(PB_INFO(watch_request), &key->base, selection->key);
    selection->hash = hash_of(selection->key, key_bytes);
    return selection;
}

static struct watch_selection *find(struct watch_selections *selections, const struct watch_selection *like)
{
    struct watch_selection *at = *bucket(selections, like->hash);
    while (at && (at->hash != like->hash || at->key_bytes != like->key_bytes ||
                  memcmp(at->key, like->key, like->key_bytes) != 0))
        at = at->next;
    return at;
}

struct watch_selection *watch_selection_get(struct watch_selections *selections, const PB(WatchRequest) * request)
{
    PB(WatchRequest) key = MLTRAINER__REGISTRY__V1__WATCH_REQUEST__INIT;
    key.service = request->service;
    key.namespace_ =
        request->service[0] ? (char *)(uintptr_t)registry_namespace(request->namespace_) : request->namespace_;
    key.filter = request->filter;
    size_t size;
    if (mrpc_encoded_size(PB_INFO(watch_request), &key.base, &size, NULL))
        return NULL;
    struct watch_selection *made = selection_new(&key, size);
    if (!made)
        return NULL;
    pthread_mutex_lock(&selections->lock);
    struct watch_selection *found = find(selections, made);
    if (found) {
        found->references++;
    } else {
        struct watch_selection **at = bucket(selections, made->hash);
        made->table = selections;
        made->next = *at;
        *at = made;
    }
    pthread_mutex_unlock(&selections->lock);
    if (found)
        free(made);
    return found ? found : made;
}

void watch_selection_unref(struct watch_selection *selection)
{
    if (!selection)
        return;
    struct watch_selections *table = selection->table;
    pthread_mutex_lock(&table->lock);
    bool last = --selection->references == 0;
    struct watch_selection **at = last ? bucket(table, selection->hash) : NULL;
    while (last && *at != selection)
        at = &(*at)->next;
    if (last)
        *at = selection->next;
    pthread_mutex_unlock(&table->lock);
    if (last)
        free(selection);
}

bool watch_selection_has(const struct watch_selection *selection, const char *namespace_name, const char *service)
{
    return (!selection->namespace_name[0] || strcmp(selection->namespace_name, namespace_name) == 0) &&
           (!selection->service[0] || strcmp(selection->service, service) == 0);
}
