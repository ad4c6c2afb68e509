/* SPDX-License-Identifier: Apache-2.0 */
/* A service config comes from a resolver: whatever it says, it is read or refused with a line of text, and what was
 * read is within the bounds that the client counts on. */
#include <string.h>

#include "client/service_config.h"
#include "fuzzer.h"

static void check_method(const struct mrpc_method_config *method)
{
    MUST(method->timeout_ms >= 0 && method->hedging_delay_ms >= 0);
    MUST(method->max_attempts >= 1 && method->max_attempts <= MRPC_ATTEMPTS_MAX);
    if (method->policy != MRPC_ATTEMPT_ONCE)
        MUST(method->max_attempts >= 2);
    if (method->policy == MRPC_ATTEMPT_RETRY)
        MUST(method->codes != 0 && method->initial_backoff_ms > 0 && method->max_backoff_ms > 0 &&
             method->backoff_multiplier > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrpc_service_config *config = NULL;
    char why[200] = "";
    int error = mrpc_service_config_parse((const char *)data, size, why, sizeof why, &config);
    if (error) {
        MUST(!config && (error == MRPC_ERR_INVALID || error == MRPC_ERR_LIMIT) && *why);
        return 0;
    }
    check_method(mrpc_service_config_method(config, "/a.B/C"));
    check_method(mrpc_service_config_method(config, "/a.B/"));
    check_method(mrpc_service_config_method(config, ""));
    MUST(mrpc_service_config_throttling(config).max_millitokens <= 1000000);
    struct mrpc_lb_choice choice = mrpc_service_config_balancing(config, (struct mrpc_lb_choice){0});
    MUST(memchr(choice.health_service, '\0', sizeof choice.health_service));
    mrpc_service_config_free(config);
    return 0;
}
