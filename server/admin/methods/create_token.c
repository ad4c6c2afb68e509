/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "admin/service.h"
#include "admin/token_message.h"

enum { LIFETIME_S = 90 * 24 * 3600, LIFETIME_LEAST_S = 60 };
static const int64_t lifetime_most_s = INT64_C(3653) * 24 * 3600;

/* In the call's arena. */
struct creation {
    struct admin *admin;
    struct mrpc_call *call;
    Mltrainer__Admin__V1__CreateTokenResponse *response;
    bool bootstrap;
    char secret[SECRET_BYTES + 1];
};

static bool is_name(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= TOKEN_NAME_BYTES_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

static int check_texts(const Mltrainer__Admin__V1__CreateTokenRequest *request, struct fault *fault)
{
    if (!is_name(request->identity))
        return fault_field(fault, "identity", "not [A-Za-z0-9._-]{1,128}");
    if (*request->request_id && !is_name(request->request_id))
        return fault_field(fault, "request_id", "not [A-Za-z0-9._-]{1,128}");
    if (strlen(request->description) > TOKEN_DESCRIPTION_BYTES_MAX)
        return fault_field(fault, "description", "%zu bytes; 256 at most", strlen(request->description));
    return 0;
}

static int read_lifetime(const Google__Protobuf__Duration *given, int64_t *out, struct fault *fault)
{
    *out = LIFETIME_S;
    if (!given)
        return 0;
    if (given->nanos != 0 || given->seconds < LIFETIME_LEAST_S || given->seconds > lifetime_most_s)
        return fault_field(fault, "lifetime", "%lld.%09d s is not whole seconds in 60..%lld", (long long)given->seconds,
                           (int)given->nanos, (long long)lifetime_most_s);
    *out = given->seconds;
    return 0;
}

/* On the commit thread, or in the handler. */
static void made(void *arg, struct token *token, const struct fault *fault)
{
    struct creation *creation = arg;
    struct mrpc_call *call = creation->call;
    if (creation->bootstrap)
        access_end_bootstrap(creation->admin->access, fault == NULL);
    if (fault) {
        mrpc_call_finish(call, fault_answer(call, fault), NULL);
        return;
    }
    log_info(creation->admin->log, "admin", "token made for=%s by=%s peer=%s", token->identity,
             mrpc_call_identity(call)->name, mrpc_call_peer(call));
    creation->response->token = token_message(token, mrpc_call_arena(call));
    creation->response->secret = creation->secret;
    if (creation->response->token)
        mrpc_call_finish(call, MRPC_OK, &creation->response->base);
    else
        mrpc_call_finish(call, mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory"), NULL);
}

static int begin(struct creation *creation, struct secret_hash *hash, struct fault *fault)
{
    if (secret_make(creation->secret) != 0 || secret_hash(creation->secret, hash) != 0)
        return fault_set(fault, MRPC_INTERNAL, "no random bytes");
    return access_begin_bootstrap(creation->admin->access, mrpc_call_identity(creation->call), &creation->bootstrap,
                                  fault);
}

int admin_create_token(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__CreateTokenRequest *request,
                       Mltrainer__Admin__V1__CreateTokenResponse *response)
{
    struct admin *admin = self;
    struct fault fault = FAULT_INIT;
    struct secret_hash hash;
    int64_t lifetime_s;
    struct creation *creation = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *creation);
    if (!creation)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    *creation = (struct creation){.admin = admin, .call = call, .response = response};
    (void)mrpc_call_set_compression(call, false); /* its length must not depend on the secret */
    if (check_texts(request, &fault) || read_lifetime(request->lifetime, &lifetime_s, &fault) ||
        access_check_grant(admin->access, mrpc_call_identity(call), request->identity, request->roles, request->n_roles,
                           &fault) ||
        begin(creation, &hash, &fault))
        return fault_answer(call, &fault);
    int64_t now_s = access_now_s(admin->access);
    const struct token_wish wish = {
        .identity = request->identity, .roles = request->roles, .role_count = request->n_roles,
        .description = request->description, .request_id = request->request_id,
        .create_s = now_s, .expire_s = now_s + lifetime_s};
    tokens_create(access_tokens(admin->access), &wish, &hash, made, creation);
    return MRPC_PENDING;
}
