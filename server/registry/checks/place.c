/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/checks/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/ssl.h>

enum { BUCKETS = 4096, KEPT_MAX = 16384, FILES_OF_OTHERS = 128 };

struct place {
    LIST_ENTRY(place) entry;
    struct places *places;
    uint32_t references;
    uint16_t port;
    uint16_t active;
    struct turn_queue waiting;
    LIST_HEAD(, kept) kept;
    char *authority; /* behind the address */
    char address[];
};

LIST_HEAD(place_list, place);

struct places {
    struct places_options options;
    SSL_CTX *tls;
    size_t active;
    size_t kept;
    struct turn_queue waiting; /* their place has room, but all places together have not */
    struct place_list buckets[BUCKETS];
};

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* A check in flight and a kept connection are a descriptor each; the server's callers want some too. */
static void bound_by_files(struct places_options *options)
{
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit); /* fails for no valid argument; the default stands if it does */
    size_t files = limit.rlim_cur > 1000000 ? 1000000 : (size_t)limit.rlim_cur;
    size_t ours = files > 2 * FILES_OF_OTHERS ? (files - FILES_OF_OTHERS) * 2 / 3 : 16;
    if (!options->active_max)
        options->active_max = ours / 4 < PLACES_ACTIVE_MAX ? ours / 4 : PLACES_ACTIVE_MAX;
    size_t rest = ours - (ours / 4 < options->active_max ? ours / 4 : options->active_max);
    if (!options->kept_max)
        options->kept_max = rest < KEPT_MAX ? rest : KEPT_MAX;
}

struct places *places_new(const struct places_options *options)
{
    struct places *places = calloc(1, sizeof *places);
    if (!places)
        return NULL;
    places->options = *options;
    bound_by_files(&places->options);
    TAILQ_INIT(&places->waiting);
    return places;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    SSL_CTX_free(places->tls);
    free(places);
}

const struct places_options *places_options(const struct places *places)
{
    return &places->options;
}

size_t places_active(const struct places *places)
{
    return places->active;
}

/* The system's CAs are looked up as they are needed, one small file each. How a certificate is judged each link
 * says. */
struct ssl_ctx_st *places_tls(struct places *places)
{
    if (places->tls)
        return places->tls;
    places->tls = SSL_CTX_new(TLS_client_method());
    if (!places->tls)
        return NULL;
    SSL_CTX_set_min_proto_version(places->tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(places->tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_verify_dir(places->tls);
    SSL_CTX_set_options(places->tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(places->tls, SSL_MODE_RELEASE_BUFFERS);
    return places->tls;
}

/* --- one ---------------------------------------------------------------------------------------------------------- */

static struct place_list *bucket_of(struct places *places, const char *address, uint16_t port)
{
    uint32_t hash = UINT32_C(0x811c9dc5) ^ port;
    for (const char *at = address; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT32_C(0x01000193);
    return &places->buckets[(hash ^ hash >> 15) % BUCKETS];
}

static struct place *make(struct places *places, const char *address, uint16_t port)
{
    size_t address_bytes = strlen(address) + 1, authority_bytes = address_bytes + sizeof "[]:65535" - 1;
    struct place *place = calloc(1, sizeof *place + address_bytes + authority_bytes);
    if (!place)
        return NULL;
    memcpy(place->address, address, address_bytes);
    place->authority = place->address + address_bytes;
    snprintf(place->authority, authority_bytes, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, port);
    place->places = places;
    place->port = port;
    TAILQ_INIT(&place->waiting);
    return place;
}

struct place *place_get(struct places *places, const char *address, uint16_t port)
{
    struct place_list *bucket = bucket_of(places, address, port);
    struct place *place;
    LIST_FOREACH(place, bucket, entry)
    {
        if (place->port == port && strcmp(place->address, address) == 0)
            break;
    }
    if (!place) {
        place = make(places, address, port);
        if (!place)
            return NULL;
        LIST_INSERT_HEAD(bucket, place, entry);
    }
    place->references++;
    return place;
}

void place_unref(struct place *place)
{
    if (!place || --place->references)
        return;
    LIST_REMOVE(place, entry);
    while (!LIST_EMPTY(&place->kept)) {
        struct kept *kept = LIST_FIRST(&place->kept);
        kept->close(kept);
    }
    free(place);
}

struct places *place_owner(const struct place *place)
{
    return place->places;
}

const char *place_address(const struct place *place)
{
    return place->address;
}

uint16_t place_port(const struct place *place)
{
    return place->port;
}

const char *place_authority(const struct place *place)
{
    return place->authority;
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static bool is_full(const struct places *places)
{
    return places->active >= places->options.active_max;
}

static void wait_in(struct turn_queue *queue, struct place_turn *turn)
{
    turn->waits_in = queue;
    TAILQ_INSERT_TAIL(queue, turn, entry);
}

bool place_enter(struct place *place, struct place_turn *turn)
{
    turn->place = place;
    turn->waits_in = NULL;
    if (place->active >= PLACE_ACTIVE_MAX) {
        wait_in(&place->waiting, turn);
        return false;
    }
    if (is_full(place->places)) {
        wait_in(&place->places->waiting, turn);
        return false;
    }
    place->active++;
    place->places->active++;
    return true;
}

void place_give_up(struct place_turn *turn)
{
    if (turn->waits_in)
        TAILQ_REMOVE(turn->waits_in, turn, entry);
    turn->waits_in = NULL;
}

static bool admit(struct place_turn *turn)
{
    place_give_up(turn);
    if (!place_enter(turn->place, turn))
        return false; /* it waits for its place now */
    turn->admitted(turn);
    return true;
}

/* One has left: of those that wait for this place the first, else the first of all whose place has room. */
void place_leave(struct place *place)
{
    struct places *places = place->places;
    place->active--;
    places->active--;
    if (!TAILQ_EMPTY(&place->waiting))
        admit(TAILQ_FIRST(&place->waiting));
    while (!is_full(places) && !TAILQ_EMPTY(&places->waiting) && !admit(TAILQ_FIRST(&places->waiting))) {
    }
}

/* --- kept connections --------------------------------------------------------------------------------------------- */

bool place_keep(struct place *place, struct kept *kept)
{
    if (place->places->kept >= place->places->options.kept_max)
        return false;
    place->places->kept++;
    LIST_INSERT_HEAD(&place->kept, kept, entry);
    return true;
}

void place_unkeep(struct place *place, struct kept *kept)
{
    LIST_REMOVE(kept, entry);
    place->places->kept--;
}

struct kept *place_kept(struct place *place)
{
    return LIST_FIRST(&place->kept);
}
