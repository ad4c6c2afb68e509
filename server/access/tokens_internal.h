/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ACCESS_TOKENS_INTERNAL_H
#define MLT_ACCESS_TOKENS_INTERNAL_H

#include <pthread.h>

#include "access/tokens.h"

enum { TOKEN_SLOTS = 32768 }; /* a power of two, so that a third at most is taken */

struct tokens {
    struct store *store;
    pthread_mutex_t lock;            /* guards `sorted`, and additions to `slots` */
    struct token *sorted[TOKENS_MAX]; /* by number */
    size_t count;
    _Atomic(struct token *) slots[TOKEN_SLOTS];
};

/** A token with copies of what @wish holds. NULL when out of memory. */
struct token *token_new(const struct token_wish *wish, const struct secret_hash *hash);
void token_free(struct token *token);
/** Where it stands, or would, in `sorted`. Under the lock. */
size_t tokens_seek(const struct tokens *tokens, uint64_t number);
/** Under the lock; not full, and the number is new. */
void tokens_insert(struct tokens *tokens, struct token *token);

/** The batch that writes the token as it is, revoked at @revoke_s. */
struct store_batch *token_batch(const struct token *token, int64_t revoke_s);
void token_put_use(struct store_batch *batch, const struct token *token, int64_t use_s);
/** Read all; those that have been invalid since before @forget_s are deleted. */
int tokens_restore(struct tokens *tokens, int64_t forget_s, struct fault *fault) MRPC_MUST_USE;

#endif
