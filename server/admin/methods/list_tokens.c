/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"
#include "admin/token_message.h"

enum { PAGE = 100, PAGE_MOST = 1000 };

int admin_list_tokens(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__ListTokensRequest *request,
                      Mltrainer__Admin__V1__ListTokensResponse *response)
{
    struct admin *admin = self;
    struct mrpc_arena *arena = mrpc_call_arena(call);
    uint64_t after = 0;
    if (request->page_size < 0 || request->page_size > PAGE_MOST)
        return mrpc_call_fail_field(call, "page_size", "%d is not in 0..%d", (int)request->page_size, PAGE_MOST);
    if (*request->page_token && !secret_id_parse(request->page_token, &after))
        return mrpc_call_fail_field(call, "page_token", "not a token of this list");
    size_t size = request->page_size > 0 ? (size_t)request->page_size : PAGE;
    struct token **tokens = mrpc_arena_calloc(arena, size + 1, sizeof *tokens);
    response->tokens = mrpc_arena_calloc(arena, size, sizeof *response->tokens);
    if (!tokens || !response->tokens)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int64_t valid_s = request->include_invalid ? 0 : access_now_s(admin->access);
    size_t found = tokens_list(access_tokens(admin->access), after, valid_s, tokens, size + 1);
    for (; response->n_tokens < found && response->n_tokens < size; response->n_tokens++)
        if (!(response->tokens[response->n_tokens] = token_message(tokens[response->n_tokens], arena)))
            return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (found > size)
        response->next_page_token = response->tokens[size - 1]->token_id;
    return MRPC_OK;
}
