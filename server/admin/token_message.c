/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/token_message.h"

#include <stdatomic.h>

/* NULL for 0, never. */
static Google__Protobuf__Timestamp *time_message(int64_t seconds, struct mrpc_arena *arena, bool *whole)
{
    if (seconds == 0)
        return NULL;
    Google__Protobuf__Timestamp *message = mrpc_arena_alloc(arena, sizeof *message);
    if (!message) {
        *whole = false;
        return NULL;
    }
    google__protobuf__timestamp__init(message);
    message->seconds = seconds;
    return message;
}

Mltrainer__Admin__V1__Token *token_message(const struct token *token, struct mrpc_arena *arena)
{
    enum { MINUTE_S = 60 };
    bool whole = true;
    Mltrainer__Admin__V1__Token *message = mrpc_arena_alloc(arena, sizeof *message);
    char *id = mrpc_arena_alloc(arena, SECRET_ID_BYTES + 1);
    if (!message || !id)
        return NULL;
    mltrainer__admin__v1__token__init(message);
    secret_id(token->number, id);
    message->token_id = id;
    message->identity = token->identity;
    message->roles = token->roles;
    message->n_roles = token->role_count;
    message->description = token->description;
    int64_t last_use_s = atomic_load(&token->last_use_s);
    message->create_time = time_message(token->create_s, arena, &whole);
    message->expire_time = time_message(token->expire_s, arena, &whole);
    message->last_use_time = time_message(last_use_s - last_use_s % MINUTE_S, arena, &whole);
    message->revoke_time = time_message(atomic_load(&token->revoke_s), arena, &whole);
    return whole ? message : NULL;
}
