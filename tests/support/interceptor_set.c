/* SPDX-License-Identifier: Apache-2.0 */
#include "interceptor_set.h"

#include <string.h>

#include "test.h"

static void count_line(void *arg, int level, const char *line)
{
    struct interceptor_set *set = arg;
    set->lines++;
}

static int everybody_is_ada(void *arg, struct mrpc_call *call, struct mrpc_identity *identity)
{
    *identity = (struct mrpc_identity){.kind = MRPC_IDENTITY_TOKEN, .name = "ada"};
    return 0;
}

static int everybody_may(void *arg, struct mrpc_call *call)
{
    return strcmp(mrpc_call_identity(call)->name, "ada") == 0 ? 0 : MRPC_PERMISSION_DENIED;
}

void interceptor_set_add(struct mrpc_server *server, void *arg)
{
    struct interceptor_set *set = arg;
    if (set->kinds & WITH_METRICS) {
        assert_int_equal(mrpc_metrics_new(NULL, &set->metrics), 0);
        assert_int_equal(mrpc_metrics_add_to_server(set->metrics, server), 0);
    }
    if (set->kinds & WITH_TRACING) {
        assert_int_equal(mrpc_tracing_new(&set->tracing), 0);
        assert_int_equal(mrpc_tracing_add_to_server(set->tracing, server), 0);
    }
    if (set->kinds & WITH_CALL_LOG) {
        struct mrpc_call_log_options options = {.struct_bytes = sizeof(options), .write = count_line, .arg = set,
                                                .lines_per_second = set->lines_per_second};
        assert_int_equal(mrpc_call_log_new(&options, &set->call_log), 0);
        assert_int_equal(mrpc_call_log_add_to_server(set->call_log, server), 0);
    }
    if (set->kinds & WITH_AUTHENTICATION) {
        struct mrpc_authentication_options options = {
            .struct_bytes = sizeof(options), .authenticate = everybody_is_ada, .authorize = everybody_may};
        assert_int_equal(mrpc_authentication_new(&options, &set->authentication), 0);
        assert_int_equal(mrpc_authentication_add_to_server(set->authentication, server), 0);
    }
    if (set->kinds & WITH_RATE_LIMIT) {
        struct mrpc_rate_limit_options options = {.struct_bytes = sizeof(options), .calls_per_second = 1000000000};
        assert_int_equal(mrpc_rate_limit_new(&options, &set->rate_limit), 0);
        assert_int_equal(mrpc_rate_limit_add_to_server(set->rate_limit, server), 0);
    }
}

void interceptor_set_fini(struct interceptor_set *set)
{
    mrpc_metrics_free(set->metrics);
    mrpc_tracing_free(set->tracing);
    mrpc_call_log_free(set->call_log);
    mrpc_authentication_free(set->authentication);
    mrpc_rate_limit_free(set->rate_limit);
}
