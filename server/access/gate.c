/* SPDX-License-Identifier: Apache-2.0 */

/* The door itself: each call, and each web request, on its way in. */

#include "access/access_internal.h"
#include "access/stream_quota.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <mrpc/interceptor.h>

/* One text for all that is wrong with a token: whether it was one once is nobody's business. */
static int refuse(struct access *access, const char *peer, int64_t now_ms, struct fault *fault)
{
    uint64_t held_back;
    int64_t retry_ms = failures_charge(access->failures, peer, now_ms);
    if (log_limit_pass(&access->refused, &held_back))
        log_warn(access->log, "access", "bad credentials peer=%s held_back=%llu", peer, (unsigned long long)held_back);
    if (retry_ms > 0)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, retry_ms, "too many bad credentials from this address");
    return fault_set(fault, MRPC_UNAUTHENTICATED, "the credentials are not valid");
}

static void use(struct token *token, int64_t now_s)
{
    if (atomic_load_explicit(&token->last_use_s, memory_order_relaxed) != now_s)
        atomic_store_explicit(&token->last_use_s, now_s, memory_order_relaxed);
}

/* False: nobody's. */
static bool find(struct access *access, const char *secret, struct mrpc_identity *identity)
{
    static const char *const bootstrap_roles[] = {ROLE_BOOTSTRAP};
    struct secret_hash hash;
    if (!secret_is_one(secret) || secret_hash(secret, &hash) != 0)
        return false;
    int64_t now_s = access_now_s(access);
    struct token *token = tokens_find(access->tokens, &hash);
    if (token && token_is_valid(token, now_s)) {
        use(token, now_s);
        *identity = (struct mrpc_identity){MRPC_IDENTITY_TOKEN, token->identity, (const char *const *)token->roles,
                                           token->role_count};
        return true;
    }
    if (!bootstrap_is(&access->bootstrap, &hash))
        return false;
    *identity = (struct mrpc_identity){MRPC_IDENTITY_TOKEN, ROLE_BOOTSTRAP, bootstrap_roles, 1};
    return true;
}

/* The policy may be replaced while the call goes on: its texts are copied. */
static int give_roles(struct access *access, struct mrpc_arena *arena, struct mrpc_identity *identity)
{
    struct policy *policy = access_policy(access);
    const struct policy_identity *found = policy_find_identity(policy, identity);
    const char **roles = found ? mrpc_arena_calloc(arena, found->role_count + 1, sizeof *roles) : NULL;
    bool whole = !found || roles;
    for (size_t i = 0; found && whole && i < found->role_count; i++)
        whole = (roles[i] = mrpc_arena_strdup(arena, found->roles[i])) != NULL;
    if (found && whole) {
        identity->roles = roles;
        identity->role_count = found->role_count;
    }
    snapshot_release(&policy->snapshot);
    return whole ? 0 : MRPC_RESOURCE_EXHAUSTED;
}

/* Who comes with these credentials: @authorization is the header's value, NULL without one; @identity is preset to
 * what the connection knows. Texts that it gets live as long as the tokens, or in @arena. */
static int identify(struct access *access, const char *authorization, const char *peer, int64_t now_ms,
                    struct mrpc_arena *arena, struct mrpc_identity *identity, struct fault *fault)
{
    static const char scheme[] = "Bearer ";
    if (!authorization)
        return give_roles(access, arena, identity) ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory") : 0;
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return refuse(access, peer, now_ms, fault);
    const char *secret = authorization + sizeof scheme - 1;
    secret += strspn(secret, " ");
    return find(access, secret, identity) ? 0 : refuse(access, peer, now_ms, fault);
}

/* The value of the one authorization header. Of several, which one counts? None: "" is no credentials that we take. */
static const char *authorization_of(const struct mrpc_call *call)
{
    const struct mrpc_metadata *metadata = mrpc_call_request_metadata(call);
    const char *found = NULL;
    for (size_t i = 0; i < metadata->count; i++)
        if (strcmp(metadata->entries[i].key, "authorization") == 0)
            found = found ? "" : metadata->entries[i].value;
    return found;
}

static int authenticate(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    struct fault fault = FAULT_INIT;
    int code = identify(arg, authorization_of(call), mrpc_call_peer(call), mrpc_call_now_ms(call),
                        mrpc_call_arena(call), identity, &fault);
    return code ? fault_answer(call, &fault) : 0;
}

static int authorize(void *arg, struct mrpc_call *call)
{
    struct access *access = arg;
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    const char *path = mrpc_call_method(call)->path;
    int method = rights_find(path);
    bool bootstrap = identity->role_count == 1 && strcmp(identity->roles[0], ROLE_BOOTSTRAP) == 0;
    if ((!access->closed && !bootstrap) || access_may(access, identity, method))
        return 0;
    if (identity->kind == MRPC_IDENTITY_ANONYMOUS)
        return mrpc_call_fail(call, MRPC_UNAUTHENTICATED, "%s needs a token", path);
    return mrpc_call_fail(call, MRPC_PERMISSION_DENIED, "%.128s has no right to %s", identity->name, path);
}

int access_add_to_server(struct access *access, struct mrpc_server *server)
{
    const struct mrpc_authentication_options options = {
        .struct_bytes = sizeof options, .authenticate = authenticate, .authorize = authorize, .arg = access};
    int error = audit_add_to_server(access->audit, server, rights_change);
    if (!error)
        error = mrpc_authentication_new(&options, &access->authentication);
    if (!error)
        error = mrpc_authentication_add_to_server(access->authentication, server);
    if (!error)
        error = stream_quota_add_to_server(access->stream_quota, server);
    return error ? error : open_calls_add_to_server(access->open_calls, server);
}

/* Routes that show nothing: whether the server is well, and the page's own files. */
static bool is_public(const char *path)
{
    return strcmp(path, "/healthz") == 0 || strcmp(path, "/") == 0 || strncmp(path, "/page/", 6) == 0;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void refuse_web(struct access *access, struct mrpc_web *web, const struct mrpc_identity *identity, int code,
                       const char *text)
{
    int status = code == MRPC_UNAUTHENTICATED ? 401 : code == MRPC_PERMISSION_DENIED ? 403 : 429;
    audit_web_refused(access->audit, web, identity, (enum mrpc_code)code);
    if (status == 401)
        (void)!mrpc_web_add_header(web, "www-authenticate", "Bearer realm=\"mltrainer\"");
    mrpc_web_respond(web, status, "text/plain; charset=utf-8", text, strlen(text));
}

bool access_admit(void *self, struct mrpc_web *web)
{
    struct access *access = self;
    struct fault fault = FAULT_INIT;
    struct mrpc_identity identity = *mrpc_web_identity(web);
    if (is_public(mrpc_web_path(web)))
        return true;
    int code = identify(access, mrpc_web_header(web, "authorization"), mrpc_web_peer(web), monotonic_ms(),
                        mrpc_web_arena(web), &identity, &fault);
    bool nobody = identity.kind == MRPC_IDENTITY_ANONYMOUS;
    if (code)
        refuse_web(access, web, &identity, code, "the credentials are not valid\n");
    else if (access->closed && !access_has_right(access, &identity, RIGHT_READ))
        refuse_web(access, web, &identity, nobody ? MRPC_UNAUTHENTICATED : MRPC_PERMISSION_DENIED,
                   "this path needs a token with the right to read\n");
    else
        return true;
    return false;
}
