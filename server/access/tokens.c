/* SPDX-License-Identifier: Apache-2.0 */
#include "access/tokens_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { FORGET_S = 30 * 24 * 3600, USE_STEP_S = 60 };

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

struct token *token_new(const struct token_wish *wish, const struct secret_hash *hash)
{
    struct token *token = calloc(1, sizeof *token);
    if (!token)
        return NULL;
    token->number = secret_number(hash);
    token->hash = *hash;
    token->identity = copy(wish->identity);
    token->description = copy(wish->description);
    token->request_id = copy(wish->request_id);
    token->create_s = wish->create_s;
    token->expire_s = wish->expire_s;
    token->roles = calloc(wish->role_count + 1, sizeof *token->roles);
    bool whole = token->identity && token->description && token->request_id && token->roles;
    for (; whole && token->role_count < wish->role_count; token->role_count++)
        whole = (token->roles[token->role_count] = copy(wish->roles[token->role_count])) != NULL;
    if (whole)
        return token;
    token_free(token);
    return NULL;
}

void token_free(struct token *token)
{
    if (!token)
        return;
    for (size_t i = 0; token->roles && i < token->role_count; i++)
        free(token->roles[i]);
    free(token->roles);
    free(token->identity);
    free(token->description);
    free(token->request_id);
    free(token);
}

bool token_is_valid(const struct token *token, int64_t now_s)
{
    return now_s < token->expire_s && atomic_load_explicit(&token->revoke_s, memory_order_relaxed) == 0;
}

int tokens_new(struct store *store, int64_t now_s, struct tokens **out, struct fault *fault)
{
    struct tokens *tokens = calloc(1, sizeof *tokens);
    if (!tokens)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    tokens->store = store;
    pthread_mutex_init(&tokens->lock, NULL);
    int code = tokens_restore(tokens, now_s - FORGET_S, fault);
    if (code) {
        tokens_free(tokens);
        return code;
    }
    *out = tokens;
    return 0;
}

void tokens_free(struct tokens *tokens)
{
    if (!tokens)
        return;
    for (size_t i = 0; i < tokens->count; i++)
        token_free(tokens->sorted[i]);
    pthread_mutex_destroy(&tokens->lock);
    free(tokens);
}

static struct token *find_number(const struct tokens *tokens, uint64_t number)
{
    for (size_t slot = number % TOKEN_SLOTS;; slot = (slot + 1) % TOKEN_SLOTS) {
        struct token *token = atomic_load_explicit(&tokens->slots[slot], memory_order_acquire);
        if (!token || (token->number == number && atomic_load_explicit(&token->durable, memory_order_acquire)))
            return token;
    }
}

/* The id is public and may be looked for as it likes; that the rest is right is compared in constant time. */
struct token *tokens_find(const struct tokens *tokens, const struct secret_hash *hash)
{
    struct token *token = find_number(tokens, secret_number(hash));
    return token && secret_same(&token->hash, hash) ? token : NULL;
}

struct token *tokens_find_id(const struct tokens *tokens, const char *id)
{
    uint64_t number;
    return secret_id_parse(id, &number) ? find_number(tokens, number) : NULL;
}

size_t tokens_seek(const struct tokens *tokens, uint64_t number)
{
    size_t low = 0, high = tokens->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tokens->sorted[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void tokens_insert(struct tokens *tokens, struct token *token)
{
    size_t at = tokens_seek(tokens, token->number);
    memmove(&tokens->sorted[at + 1], &tokens->sorted[at], (tokens->count - at) * sizeof *tokens->sorted);
    tokens->sorted[at] = token;
    tokens->count++;
    size_t slot = token->number % TOKEN_SLOTS;
    while (atomic_load_explicit(&tokens->slots[slot], memory_order_relaxed))
        slot = (slot + 1) % TOKEN_SLOTS;
    atomic_store_explicit(&tokens->slots[slot], token, memory_order_release);
}

static const struct token *find_request(const struct tokens *tokens, const char *request_id)
{
    for (size_t i = 0; *request_id && i < tokens->count; i++)
        if (strcmp(tokens->sorted[i]->request_id, request_id) == 0)
            return tokens->sorted[i];
    return NULL;
}

static int add(struct tokens *tokens, struct token *token, struct fault *fault)
{
    char id[SECRET_ID_BYTES + 1];
    int code = 0;
    pthread_mutex_lock(&tokens->lock);
    const struct token *same = find_request(tokens, token->request_id);
    size_t at = tokens_seek(tokens, token->number);
    if (same) {
        secret_id(same->number, id);
        code = fault_set(fault, MRPC_ALREADY_EXISTS, "request_id: %s made token %s; its secret was shown once",
                         same->request_id, id);
    } else if (tokens->count == TOKENS_MAX) {
        code =
            fault_set(fault, MRPC_RESOURCE_EXHAUSTED,
                      "%d tokens are kept; those that have been invalid for 30 days go at the next start", TOKENS_MAX);
    } else if (at < tokens->count && tokens->sorted[at]->number == token->number) {
        code = fault_set(fault, MRPC_ABORTED, "another token has this id");
    } else {
        tokens_insert(tokens, token);
    }
    pthread_mutex_unlock(&tokens->lock);
    return code;
}

/* What a commit ends with; freed by it. */
struct pending {
    struct tokens *tokens;
    struct token *token;
    int64_t revoke_s;
    tokens_done *done;
    void *arg;
};

static void answer(struct pending *pending, const struct store_commit_result *result)
{
    struct fault fault = FAULT_INIT;
    if (result->code)
        fault_set(&fault, (enum mrpc_code)result->code, "%s", result->text ? result->text : "the store refused it");
    pending->done(pending->arg, pending->token, result->code ? &fault : NULL);
    free(pending);
}

/* One that the store did not take stays unseen until the process ends; its request may come again. */
static void created(void *arg, const struct store_commit_result *result)
{
    struct pending *pending = arg;
    if (result->code == 0) {
        atomic_store_explicit(&pending->token->durable, true, memory_order_release);
    } else {
        pthread_mutex_lock(&pending->tokens->lock);
        pending->token->request_id[0] = '\0';
        pthread_mutex_unlock(&pending->tokens->lock);
    }
    answer(pending, result);
}

static void revoked(void *arg, const struct store_commit_result *result)
{
    struct pending *pending = arg;
    int64_t not_yet = 0;
    if (result->code == 0)
        atomic_compare_exchange_strong(&pending->token->revoke_s, &not_yet, pending->revoke_s);
    answer(pending, result);
}

void tokens_create(struct tokens *tokens, const struct token_wish *wish, const struct secret_hash *hash,
                   tokens_done *done, void *arg)
{
    struct fault fault = FAULT_INIT;
    struct token *token = token_new(wish, hash);
    struct pending *pending = malloc(sizeof *pending);
    if (!token || !pending)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (fault.code || add(tokens, token, &fault)) {
        token_free(token);
        free(pending);
        done(arg, NULL, &fault);
        return;
    }
    *pending = (struct pending){.tokens = tokens, .token = token, .done = done, .arg = arg};
    store_commit(tokens->store, token_batch(token, 0), created, pending);
}

void tokens_revoke(struct tokens *tokens, struct token *token, int64_t now_s, tokens_done *done, void *arg)
{
    struct fault fault = FAULT_INIT;
    if (atomic_load(&token->revoke_s) != 0) {
        done(arg, token, NULL);
        return;
    }
    struct pending *pending = malloc(sizeof *pending);
    if (!pending) {
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        done(arg, token, &fault);
        return;
    }
    *pending = (struct pending){.tokens = tokens, .token = token, .revoke_s = now_s, .done = done, .arg = arg};
    store_commit(tokens->store, token_batch(token, now_s), revoked, pending);
}

size_t tokens_list(struct tokens *tokens, uint64_t after, int64_t valid_s, struct token **out, size_t limit)
{
    size_t count = 0;
    pthread_mutex_lock(&tokens->lock);
    for (size_t i = after ? tokens_seek(tokens, after + 1) : 0; i < tokens->count && count < limit; i++)
        if (atomic_load(&tokens->sorted[i]->durable) && (!valid_s || token_is_valid(tokens->sorted[i], valid_s)))
            out[count++] = tokens->sorted[i];
    pthread_mutex_unlock(&tokens->lock);
    return count;
}

void tokens_note_uses(struct tokens *tokens, int64_t now_s)
{
    struct store_batch *batch = NULL;
    pthread_mutex_lock(&tokens->lock);
    for (size_t i = 0; i < tokens->count; i++) {
        struct token *token = tokens->sorted[i];
        int64_t use_s = atomic_load_explicit(&token->last_use_s, memory_order_relaxed);
        bool due = use_s / USE_STEP_S > token->noted_use_s / USE_STEP_S && now_s >= token->noted_use_s + USE_STEP_S;
        if (!due || (!batch && !(batch = store_batch_new())))
            continue;
        token_put_use(batch, token, use_s);
        token->noted_use_s = use_s;
    }
    pthread_mutex_unlock(&tokens->lock);
    if (batch)
        store_commit(tokens->store, batch, NULL, NULL);
}
