/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fault/fault.h"
#include "scene/scene_internal.h"

/* Two hashes are fed side by side: everything, and what the layout depends on. Text goes in with its terminating NUL,
 * so that no two scenes give the same bytes. */
struct digest {
    EVP_MD_CTX *all, *shape;
    int ok;
};

static void feed(struct digest *digest, const void *bytes, size_t size, bool shape)
{
    digest->ok &= EVP_DigestUpdate(digest->all, bytes, size);
    if (shape)
        digest->ok &= EVP_DigestUpdate(digest->shape, bytes, size);
}

static void feed_text(struct digest *digest, const char *text, bool shape)
{
    feed(digest, text, strlen(text) + 1, shape);
}

static void feed_number(struct digest *digest, uint32_t number, bool shape)
{
    const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                   (unsigned char)(number >> 8), (unsigned char)number};
    feed(digest, bytes, sizeof bytes, shape);
}

static void feed_item(struct digest *digest, const struct scene_item *item)
{
    feed_number(digest, item->is_group, true);
    feed_number(digest, (uint32_t)item->parent, true);
    feed_text(digest, item->id, true);
    feed_text(digest, item->title, true);
    feed_text(digest, item->kind, true);
    feed_text(digest, item->link, true);
    if (*item->plot)
        feed_text(digest, item->plot, true);
    feed_number(digest, item->color, true);
    /* A dot or a line that appears moves the text beside it. */
    feed_number(digest, item->health != SCENE_HEALTH_NONE, true);
    feed_number(digest, item->detail[0] != '\0', true);
    feed_number(digest, item->drift, true);
    feed_number(digest, item->icon, true);
    feed_text(digest, item->detail, false);
    feed_number(digest, item->health, false);
}

static void feed_scene(struct digest *digest, const struct scene *scene)
{
    feed_number(digest, scene->arrangement, true);
    feed_text(digest, scene->title, true);
    feed_text(digest, scene->subtitle, true);
    feed_text(digest, scene->description, true);
    feed_number(digest, (uint32_t)scene->item_count, true);
    for (int i = 0; i < scene->item_count; i++)
        feed_item(digest, &scene->items[i]);
    feed_number(digest, (uint32_t)scene->edge_count, true);
    for (int i = 0; i < scene->edge_count; i++) {
        const struct scene_edge *edge = &scene->edges[i];
        feed_number(digest, (uint32_t)edge->from, true);
        feed_number(digest, (uint32_t)edge->to, true);
        feed_text(digest, edge->label, true);
        feed_text(digest, edge->detail, true);
        feed_number(digest, edge->line, true);
        feed_number(digest, edge->drift, true);
        feed_number(digest, edge->health, true); /* patches carry items only, so an edge's health is shape */
    }
}

static void write_hex(EVP_MD_CTX *context, char out[65], int *ok)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    *ok &= EVP_DigestFinal_ex(context, hash, &size);
    for (unsigned i = 0; i < size && i < 32; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", hash[i]);
}

int scene_digest(struct scene *scene)
{
    struct digest digest = {EVP_MD_CTX_new(), EVP_MD_CTX_new(), 1};
    digest.ok = digest.all && digest.shape && EVP_DigestInit_ex(digest.all, EVP_sha256(), NULL) &&
                EVP_DigestInit_ex(digest.shape, EVP_sha256(), NULL);
    if (digest.ok) {
        feed_scene(&digest, scene);
        write_hex(digest.all, scene->digest, &digest.ok);
        write_hex(digest.shape, scene->shape_digest, &digest.ok);
    }
    EVP_MD_CTX_free(digest.all);
    EVP_MD_CTX_free(digest.shape);
    return digest.ok ? 0 : MRPC_RESOURCE_EXHAUSTED;
}
