/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/service.h"
#include "admin/token_message.h"

/* In the call's arena. */
struct revocation {
    struct admin *admin;
    struct mrpc_call *call;
    Mltrainer__Admin__V1__RevokeTokenResponse *response;
};

/* On the commit thread, or in the handler. */
static void revoked(void *arg, struct token *token, const struct fault *fault)
{
    struct revocation *revocation = arg;
    struct mrpc_call *call = revocation->call;
    if (fault) {
        mrpc_call_finish(call, fault_answer(call, fault), NULL);
        return;
    }
    access_end_streams(revocation->admin->access);
    log_info(revocation->admin->log, "admin", "token revoked of=%s by=%s peer=%s", token->identity,
             mrpc_call_identity(call)->name, mrpc_call_peer(call));
    revocation->response->token = token_message(token, mrpc_call_arena(call));
    if (revocation->response->token)
        mrpc_call_finish(call, MRPC_OK, &revocation->response->base);
    else
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory"), NULL);
}

int admin_revoke_token(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__RevokeTokenRequest *request,
                       Mltrainer__Admin__V1__RevokeTokenResponse *response)
{
    struct admin *admin = self;
    uint64_t number;
    if (!secret_id_parse(request->token_id, &number))
        return mrpc_call_fail_field(call, "token_id", "not 16 hexadecimal digits");
    struct token *token = tokens_find_id(access_tokens(admin->access), request->token_id);
    if (!token)
        return mrpc_call_fail(call, MRPC_NOT_FOUND, "there is no token %s", request->token_id);
    struct revocation *revocation = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *revocation);
    if (!revocation)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *revocation = (struct revocation){admin, call, response};
    tokens_revoke(access_tokens(admin->access), token, access_now_s(admin->access), revoked, revocation);
    return MRPC_PENDING;
}
