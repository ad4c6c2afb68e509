/* SPDX-License-Identifier: Apache-2.0 */
#include "access/access_internal.h"
#include "access/policy_file.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/page.h"

enum { LOOK_MS = 1000, LIST_AT_A_TIME = 256 };

struct policy *access_policy(struct access *access)
{
    return (struct policy *)snapshot_acquire(&access->policy);
}

bool access_is_closed(const struct access *access)
{
    return access->closed;
}

int64_t access_now_s(const struct access *access)
{
    return access_clock_now_s(&access->clock);
}

struct tokens *access_tokens(struct access *access)
{
    return access->tokens;
}

bool access_may(struct access *access, const struct mrpc_identity *identity, int method)
{
    struct policy *policy = access_policy(access);
    struct method_set rights = policy_rights(policy, identity->roles, identity->role_count);
    snapshot_release(&policy->snapshot);
    return method_set_has(&rights, method);
}

bool access_has_right(struct access *access, const struct mrpc_identity *identity, enum right right)
{
    struct method_set wanted = {{0}};
    struct policy *policy = access_policy(access);
    struct method_set rights = policy_rights(policy, identity->roles, identity->role_count);
    snapshot_release(&policy->snapshot);
    method_set_add_right(&wanted, right);
    return method_set_covers(&rights, &wanted);
}

/* The token, if that is who calls; tokens stay where they are. */
static const void *ticket(void *arg, struct mrpc_call *call)
{
    const struct access *access = arg;
    struct secret_hash hash;
    const char *secret = mrpc_call_identity(call)->kind == MRPC_IDENTITY_TOKEN ? mrpc_call_bearer_token(call) : NULL;
    return secret && secret_hash(secret, &hash) == 0 ? tokens_find(access->tokens, &hash) : NULL;
}

/* A stream that was let in goes on while its token is valid and its caller has the method. */
static bool may_go_on(void *arg, struct mrpc_call *call, const void *ticket)
{
    struct access *access = arg;
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    const struct token *token = ticket;
    if (identity->kind == MRPC_IDENTITY_TOKEN && (!token || !token_is_valid(token, access_now_s(access))))
        return false;
    return !access->closed || access_may(access, identity, rights_find(mrpc_call_method(call)->path));
}

static bool may_make_tokens(struct access *access, const struct token *token)
{
    struct mrpc_identity identity = {.roles = (const char *const *)token->roles, .role_count = token->role_count};
    return access_may(access, &identity, rights_find("/mltrainer.admin.v1.AdminService/CreateToken"));
}

static bool has_administrator(struct access *access, int64_t now_s)
{
    struct token *some[LIST_AT_A_TIME];
    uint64_t after = 0;
    for (size_t count; (count = tokens_list(access->tokens, after, now_s, some, LIST_AT_A_TIME)) > 0;) {
        for (size_t i = 0; i < count; i++)
            if (may_make_tokens(access, some[i]))
                return true;
        after = some[count - 1]->number;
    }
    return false;
}

/* A policy that nobody asks would let in whom it denies. */
static int read_mode(struct access *access, const struct config *config, struct fault *fault)
{
    const char *mode = config_text(config, "access.mode");
    access->closed = strcmp(mode, "token") == 0;
    access->policy_path = config_text(config, "access.policy");
    if (!access->closed && strcmp(mode, "open") != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "access.mode: \"%s\" is not open or token", mode);
    if (!access->closed && access->policy_path)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "access.policy: nothing is asked of it while access.mode is open; token asks it");
    return 0;
}

static int make_policy(const char *path, struct policy **out, struct fault *fault)
{
    if (path)
        return policy_load(path, out, fault);
    *out = policy_new();
    return *out ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* The new one is in force whole, or the old one stays. */
static int take_policy(struct access *access, struct fault *fault)
{
    struct policy *policy;
    int code = make_policy(access->policy_path, &policy, fault);
    if (!code)
        snapshot_publish(&access->policy, &policy->snapshot);
    return code;
}

int access_check(const struct config *config, struct fault *fault)
{
    struct access access = {0};
    struct policy *policy;
    int code = read_mode(&access, config, fault);
    if (!code)
        code = make_policy(access.policy_path, &policy, fault);
    if (!code)
        snapshot_release(&policy->snapshot);
    return code;
}

int access_reload(struct access *access, const char **done, struct fault *fault)
{
    *done = "there is no policy file, nothing to read";
    if (!access->policy_path)
        return 0;
    int code = take_policy(access, fault);
    if (code)
        return code;
    *done = "policy read again";
    open_calls_look(access->open_calls);
    return 0;
}

static int begin_bootstrap(struct access *access, const struct config *config, struct fault *fault)
{
    bool wanted = access->closed && !has_administrator(access, access_now_s(access));
    int code = bootstrap_begin(&access->bootstrap, config_text(config, "data_dir"), wanted, fault);
    if (!code && wanted)
        log_warn(access->log, "access", "nobody may make tokens yet: the secret in %s makes the first",
                 access->bootstrap.path);
    return code;
}

int access_new(const struct config *config, struct log *log, struct store *store, struct audit *audit,
               struct access **out, struct fault *fault)
{
    struct access *access = calloc(1, sizeof *access);
    if (!access)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    access->log = log;
    access->audit = audit;
    access_clock_begin(&access->clock);
    snapshot_cell_init(&access->policy);
    int code = read_mode(access, config, fault);
    if (!code)
        code = take_policy(access, fault);
    const struct open_calls_judge judge = {.ticket = ticket, .may_go_on = may_go_on, .arg = access};
    access->stream_quota =
        quota_new("access.stream_quota", "streams open", (uint64_t)config_number(config, "access.stream_quota"));
    if (!code && (!access->stream_quota || failures_new(&access->failures) != 0 ||
                  open_calls_new(&judge, &access->open_calls) != 0))
        code = fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "access: out of memory");
    if (!code)
        code = tokens_new(store, access_now_s(access), &access->tokens, fault);
    if (!code)
        code = begin_bootstrap(access, config, fault);
    if (code) {
        access_free(access);
        return code;
    }
    *out = access;
    return 0;
}

void access_free(struct access *access)
{
    if (!access)
        return;
    mrpc_authentication_free(access->authentication);
    open_calls_free(access->open_calls);
    quota_free(access->stream_quota);
    failures_free(access->failures);
    tokens_free(access->tokens);
    snapshot_cell_fini(&access->policy);
    free(access);
}

void access_end_streams(struct access *access)
{
    open_calls_look(access->open_calls);
}

int access_write_metrics(const struct access *access, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg, .error = audit_write_metrics(access->audit, write, arg)};
    metrics_single(&page, "mltrainer_stream_quota_refused_total", "counter",
                   "Streams refused because their caller has too many.", quota_refused(access->stream_quota));
    return page.error;
}

int access_look(struct access *access, int64_t now_s)
{
    if (now_s == access->looked_s)
        return LOOK_MS;
    access->looked_s = now_s;
    tokens_note_uses(access->tokens, access_now_s(access));
    open_calls_look(access->open_calls);
    return LOOK_MS;
}
