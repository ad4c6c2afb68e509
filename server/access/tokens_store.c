/* SPDX-License-Identifier: Apache-2.0 */
#include "access/tokens_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/arena.h>
#include <mrpc/codec.h>

#include <access/record.mrpc.h>

#include "store/message.h"

/* How tokens lie in the store: record.proto. */

typedef Mltrainer__Access__Record__TokenRecord TokenRecord;
typedef Mltrainer__Access__Record__UseRecord UseRecord;

static const char token_prefix[] = ACCESS_TOKENS_OF_STORE;
static const char use_prefix[] = "access/use/";
enum { KEY_BYTES = 64 };

static struct store_slice key_of(char buffer[KEY_BYTES], const char *prefix, uint64_t number)
{
    char id[SECRET_ID_BYTES + 1];
    secret_id(number, id);
    snprintf(buffer, KEY_BYTES, "%s%s", prefix, id);
    return store_text(buffer);
}

struct store_batch *token_batch(const struct token *token, int64_t revoke_s)
{
    char key[KEY_BYTES];
    TokenRecord record;
    mltrainer__access__record__token_record__init(&record);
    record.secret_hash = (ProtobufCBinaryData){SECRET_HASH_BYTES, (uint8_t *)(uintptr_t)token->hash.bytes};
    record.identity = token->identity;
    record.roles = token->roles;
    record.n_roles = token->role_count;
    record.create_time = token->create_s;
    record.expire_time = token->expire_s;
    record.revoke_time = revoke_s;
    record.description = token->description;
    record.request_id = token->request_id;
    struct store_batch *batch = store_batch_new();
    if (batch && store_batch_put_message(batch, key_of(key, token_prefix, token->number),
                                         &mltrainer__access__record__token_record__info, &record.base))
        return batch;
    store_batch_free(batch);
    return NULL;
}

void token_put_use(struct store_batch *batch, const struct token *token, int64_t use_s)
{
    char key[KEY_BYTES];
    UseRecord record;
    mltrainer__access__record__use_record__init(&record);
    record.last_use_time = use_s;
    (void)store_batch_put_message(batch, key_of(key, use_prefix, token->number),
                                  &mltrainer__access__record__use_record__info, &record.base);
}

/* NULL when it is broken. */
static struct token *token_of(const TokenRecord *record)
{
    struct secret_hash hash;
    if (record->secret_hash.len != SECRET_HASH_BYTES || record->n_roles > TOKEN_ROLES_MAX)
        return NULL;
    memcpy(hash.bytes, record->secret_hash.data, SECRET_HASH_BYTES);
    const struct token_wish wish = {
        .identity = record->identity, .roles = record->roles, .role_count = record->n_roles,
        .description = record->description, .request_id = record->request_id,
        .create_s = record->create_time, .expire_s = record->expire_time};
    struct token *token = token_new(&wish, &hash);
    if (!token)
        return NULL;
    atomic_store(&token->revoke_s, record->revoke_time);
    atomic_store(&token->durable, true);
    return token;
}

/* Under another id it would be there twice, and stay valid in the store when it is revoked. */
static bool lies_at_its_id(const struct store_entry *entry, const TokenRecord *record)
{
    struct secret_hash hash;
    uint64_t number;
    if (record->secret_hash.len != SECRET_HASH_BYTES ||
        !secret_id_parse((const char *)entry->key.data + sizeof token_prefix - 1, &number))
        return false;
    memcpy(hash.bytes, record->secret_hash.data, SECRET_HASH_BYTES);
    return number == secret_number(&hash);
}

static int take_token(struct tokens *tokens, const struct store_entry *entry, int64_t forget_s,
                      struct store_batch *forgotten, struct mrpc_arena *arena)
{
    ProtobufCMessage *message;
    if (mrpc_decode(&mltrainer__access__record__token_record__info, entry->value.data, entry->value.bytes, NULL,
                    arena, &message, NULL) != 0)
        return MRPC_DATA_LOSS;
    const TokenRecord *record = (const TokenRecord *)message;
    if (!lies_at_its_id(entry, record))
        return MRPC_DATA_LOSS;
    if (record->expire_time < forget_s || (record->revoke_time && record->revoke_time < forget_s)) {
        char key[KEY_BYTES];
        store_batch_delete(forgotten, entry->key, STORE_EXPECT_ANY);
        snprintf(key, sizeof key, "%s%s", use_prefix, (const char *)entry->key.data + sizeof token_prefix - 1);
        store_batch_delete(forgotten, store_text(key), STORE_EXPECT_ANY);
        return 0;
    }
    struct token *token = tokens->count < TOKENS_MAX ? token_of(record) : NULL;
    if (!token)
        return MRPC_DATA_LOSS;
    tokens_insert(tokens, token);
    return 0;
}

static int take_use(struct tokens *tokens, const struct store_entry *entry, struct mrpc_arena *arena)
{
    ProtobufCMessage *message;
    if (mrpc_decode(&mltrainer__access__record__use_record__info, entry->value.data, entry->value.bytes, NULL, arena,
                    &message, NULL) != 0)
        return MRPC_DATA_LOSS;
    struct token *token = tokens_find_id(tokens, (const char *)entry->key.data + sizeof use_prefix - 1);
    if (!token)
        return 0;
    token->noted_use_s = ((const UseRecord *)message)->last_use_time;
    atomic_store(&token->last_use_s, token->noted_use_s);
    return 0;
}

static int take(struct tokens *tokens, const struct store_list *list, bool uses, int64_t forget_s,
                struct store_batch *forgotten, struct fault *fault)
{
    for (size_t i = 0; i < list->count; i++) {
        struct mrpc_arena *arena = mrpc_arena_new(0);
        if (!arena)
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        int code = uses ? take_use(tokens, &list->entries[i], arena)
                        : take_token(tokens, &list->entries[i], forget_s, forgotten, arena);
        mrpc_arena_free(arena);
        if (code)
            return fault_set(fault, MRPC_DATA_LOSS, "%s cannot be read", (const char *)list->entries[i].key.data);
    }
    return 0;
}

static int read_all(struct tokens *tokens, bool uses, int64_t forget_s, struct store_batch *forgotten,
                    struct fault *fault)
{
    char last[KEY_BYTES] = "";
    int code = 0;
    for (bool more = true; !code && more;) {
        struct store_list list = STORE_LIST_INIT;
        const struct store_range range = {.prefix = store_text(uses ? use_prefix : token_prefix),
                                          .after = store_text(last)};
        code = store_range(tokens->store, &range, &list, fault);
        if (!code)
            code = take(tokens, &list, uses, forget_s, forgotten, fault);
        more = list.more;
        if (list.count > 0)
            snprintf(last, sizeof last, "%s", (const char *)list.entries[list.count - 1].key.data);
        store_list_fini(&list);
    }
    return code;
}

int tokens_restore(struct tokens *tokens, int64_t forget_s, struct fault *fault)
{
    struct store_batch *forgotten = store_batch_new();
    if (!forgotten)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = read_all(tokens, false, forget_s, forgotten, fault);
    if (!code)
        code = read_all(tokens, true, forget_s, forgotten, fault);
    if (code) {
        store_batch_free(forgotten);
        return code;
    }
    store_commit(tokens->store, forgotten, NULL, NULL);
    return 0;
}
