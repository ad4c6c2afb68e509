/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_TOKENS_H
#define MLT_ACCESS_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/secret.h"
#include "fault/fault.h"
#include "store/store.h"

/* All tokens, in memory, durable through the store. A token is found by its hash without a lock, on any loop: tokens
 * are added and never taken out while the process lives, so one that has been found stays. What has been invalid for
 * 30 days is forgotten at the next start. */

enum {
    TOKENS_MAX = 10000,
    TOKEN_ROLES_MAX = 16,
    TOKEN_NAME_BYTES_MAX = 128,
    TOKEN_DESCRIPTION_BYTES_MAX = 256,
};

/** One token. Constant but for the atomics. */
struct token {
    uint64_t number;
    struct secret_hash hash;
    char *identity;
    char **roles;
    size_t role_count;
    char *description;
    char *request_id; /* "": none */
    int64_t create_s, expire_s; /* Unix time */
    _Atomic int64_t revoke_s;   /* 0: not */
    _Atomic int64_t last_use_s; /* 0: never */
    _Atomic bool durable;       /* false: not in the store (yet) */
    int64_t noted_use_s;        /* the last use that the store knows; tokens_note_uses()'s */
};

/** Prefix of their keys in the store. */
#define ACCESS_TOKENS_OF_STORE "access/token/"

struct tokens;

/** Reads what the store has. Blocks. Errors: as store_range(), DATA_LOSS for a record that cannot be read. */
int tokens_new(struct store *store, int64_t now_s, struct tokens **out, struct fault *fault) MRPC_MUST_USE;
/** After the store has committed what was asked of it. */
void tokens_free(struct tokens *tokens);

/** The token with this secret if it is durable, valid or not; NULL: none. Thread: any. */
struct token *tokens_find(const struct tokens *tokens, const struct secret_hash *hash);
struct token *tokens_find_id(const struct tokens *tokens, const char *id);
bool token_is_valid(const struct token *token, int64_t now_s);

struct token_wish {
    const char *identity;
    char *const *roles;
    size_t role_count;
    const char *description;
    const char *request_id;
    int64_t create_s, expire_s;
};

/** @done(arg, token, fault) runs once, on the store's commit thread or, when nothing could be asked of the store,
 *  before the function returns; @fault is NULL when the store has it. Must not block. */
typedef void tokens_done(void *arg, struct token *token, const struct fault *fault);

/** Make a token whose secret hashes to @hash. Everything is copied. Thread: any.
 *  Faults: ALREADY_EXISTS (request_id), RESOURCE_EXHAUSTED (TOKENS_MAX, memory), what the store says. */
void tokens_create(struct tokens *tokens, const struct token_wish *wish, const struct secret_hash *hash,
                   tokens_done *done, void *arg);
/** Revoke it; one that is revoked stays as it is. Thread: any. Faults: what the store says. */
void tokens_revoke(struct tokens *tokens, struct token *token, int64_t now_s, tokens_done *done, void *arg);

/** At most @limit durable tokens with a number above @after (0: all), by number, into @out; returns how many. @valid_s:
 *  only those that are valid then; 0: all. */
size_t tokens_list(struct tokens *tokens, uint64_t after, int64_t valid_s, struct token **out, size_t limit);

/** Write the uses that the store does not know, to the minute. Thread: one. */
void tokens_note_uses(struct tokens *tokens, int64_t now_s);

#endif
