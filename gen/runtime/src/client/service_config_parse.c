/* SPDX-License-Identifier: Apache-2.0 */
#include "client/service_config_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/config_parser.h"
#include "codec/json_number.h"

/* What a service config may say, field by field. */

#define DEPTH_MAX 32
#define THROTTLE_TOKENS_MAX 1000
#define CODE_COUNT 17

/* Status codes. */

static bool code_of_name(const struct mrpc_json_reader *reader, unsigned *out)
{
    for (unsigned code = 0; code < CODE_COUNT; code++) {
        const char *name = mrpc_code_name((int)code);
        if (strlen(name) == reader->raw_bytes && strncasecmp(name, reader->raw, reader->raw_bytes) == 0) {
            *out = code;
            return true;
        }
    }
    return false;
}

static bool read_code(struct mrpc_config_parser *parser, void *out)
{
    const struct mrpc_json_reader *reader = &parser->reader;
    unsigned code = CODE_COUNT;
    uint64_t number;
    if (reader->token == MRPC_JSON_NUMBER && mrpc_json_number_uint64(reader->raw, reader->raw_bytes, &number) &&
        number < CODE_COUNT)
        code = (unsigned)number;
    else if (reader->token == MRPC_JSON_STRING)
        (void)code_of_name(reader, &code);
    if (code == CODE_COUNT)
        return mrpc_config_fail(parser, "is not a status code");
    *(uint32_t *)out |= UINT32_C(1) << code;
    return true;
}

/* Up: a timeout of a microsecond is not none. */
static int64_t whole_ms(double value)
{
    int64_t floor = (int64_t)value;
    return floor + ((double)floor < value);
}

/* retryPolicy and hedgingPolicy. */

static bool read_max_attempts(struct mrpc_config_parser *parser, void *out)
{
    struct mrpc_method_config *method = out;
    uint64_t value;
    if (!mrpc_config_read_whole(parser, &value))
        return false;
    if (value < 2)
        return mrpc_config_fail(parser, "must be at least 2");
    method->max_attempts = value < MRPC_ATTEMPTS_MAX ? (unsigned)value : MRPC_ATTEMPTS_MAX;
    return true;
}

static bool read_backoff(struct mrpc_config_parser *parser, double *out)
{
    return mrpc_config_read_duration_ms(parser, out) &&
           (*out > 0 || mrpc_config_fail(parser, "must be greater than 0"));
}

static bool read_initial_backoff(struct mrpc_config_parser *parser, void *out)
{
    return read_backoff(parser, &((struct mrpc_method_config *)out)->initial_backoff_ms);
}

static bool read_max_backoff(struct mrpc_config_parser *parser, void *out)
{
    return read_backoff(parser, &((struct mrpc_method_config *)out)->max_backoff_ms);
}

static bool read_multiplier(struct mrpc_config_parser *parser, void *out)
{
    double *multiplier = &((struct mrpc_method_config *)out)->backoff_multiplier;
    return mrpc_config_read_number(parser, multiplier) &&
           (*multiplier > 0 || mrpc_config_fail(parser, "must be greater than 0"));
}

static bool read_codes(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_array(parser, read_code, &((struct mrpc_method_config *)out)->codes);
}

static bool read_retryable_codes(struct mrpc_config_parser *parser, void *out)
{
    return read_codes(parser, out) &&
           (((struct mrpc_method_config *)out)->codes != 0 || mrpc_config_fail(parser, "must not be empty"));
}

static bool choose_policy(struct mrpc_config_parser *parser, struct mrpc_method_config *method,
                          enum mrpc_attempt_policy policy)
{
    if (method->policy != MRPC_ATTEMPT_ONCE)
        return mrpc_config_fail(parser, "stands beside another policy: a method is retried or hedged, not both");
    method->policy = policy;
    return true;
}

static bool read_retry_policy(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {{"maxAttempts", read_max_attempts},
                                          {"initialBackoff", read_initial_backoff},
                                          {"maxBackoff", read_max_backoff},
                                          {"backoffMultiplier", read_multiplier},
                                          {"retryableStatusCodes", read_retryable_codes}};
    uint32_t seen;
    return choose_policy(parser, out, MRPC_ATTEMPT_RETRY) && MRPC_CONFIG_READ_OBJECT(parser, fields, out, &seen) &&
           mrpc_config_require(parser, seen, fields, 5);
}

static bool read_hedging_delay(struct mrpc_config_parser *parser, void *out)
{
    double delay_ms;
    if (!mrpc_config_read_duration_ms(parser, &delay_ms))
        return false;
    ((struct mrpc_method_config *)out)->hedging_delay_ms = whole_ms(delay_ms);
    return true;
}

static bool read_hedging_policy(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {
        {"maxAttempts", read_max_attempts}, {"hedgingDelay", read_hedging_delay}, {"nonFatalStatusCodes", read_codes}};
    uint32_t seen;
    return choose_policy(parser, out, MRPC_ATTEMPT_HEDGE) && MRPC_CONFIG_READ_OBJECT(parser, fields, out, &seen) &&
           mrpc_config_require(parser, seen, fields, 1);
}

/* methodConfig. */

struct name {
    char *service;
    char *method;
};

static bool read_service(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_text(parser, &((struct name *)out)->service);
}

static bool read_method(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_text(parser, &((struct name *)out)->method);
}

static bool add_name(struct mrpc_config_parser *parser, const struct name *name)
{
    struct mrpc_service_config *config = parser->config;
    bool has_service = name->service && *name->service, has_method = name->method && *name->method;
    if (has_method && !has_service)
        return mrpc_config_fail(parser, "has a method and no service");
    struct mrpc_config_name *names = realloc(config->names, (config->name_count + 1) * sizeof *names);
    if (!names)
        return mrpc_config_fail_memory(parser);
    config->names = names;
    char *path = NULL;
    if (asprintf(&path, "%s%s%s%s", has_service ? "/" : "", has_service ? name->service : "", has_service ? "/" : "",
                 has_method ? name->method : "") < 0)
        return mrpc_config_fail_memory(parser);
    names[config->name_count++] = (struct mrpc_config_name){path, config->method_count - 1};
    return true;
}

static bool read_name(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {{"service", read_service}, {"method", read_method}};
    struct name name = {0};
    uint32_t seen;
    bool good = MRPC_CONFIG_READ_OBJECT(parser, fields, &name, &seen) && add_name(parser, &name);
    free(name.service);
    free(name.method);
    return good;
}

static bool read_names(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_array(parser, read_name, NULL);
}

static bool read_timeout(struct mrpc_config_parser *parser, void *out)
{
    double timeout_ms;
    if (!mrpc_config_read_duration_ms(parser, &timeout_ms))
        return false;
    ((struct mrpc_method_config *)out)->timeout_ms = whole_ms(timeout_ms);
    return true;
}

static bool read_wait_for_ready(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_bool(parser, &((struct mrpc_method_config *)out)->wait_for_ready);
}

static bool read_size(struct mrpc_config_parser *parser, size_t *out)
{
    uint64_t value;
    if (!mrpc_config_read_whole(parser, &value))
        return false;
    *out = value;
    return true;
}

static bool read_request_bytes(struct mrpc_config_parser *parser, void *out)
{
    return read_size(parser, &((struct mrpc_method_config *)out)->request_bytes);
}

static bool read_response_bytes(struct mrpc_config_parser *parser, void *out)
{
    return read_size(parser, &((struct mrpc_method_config *)out)->response_bytes);
}

static bool read_method_config(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {{"name", read_names},
                                          {"timeout", read_timeout},
                                          {"waitForReady", read_wait_for_ready},
                                          {"maxRequestMessageBytes", read_request_bytes},
                                          {"maxResponseMessageBytes", read_response_bytes},
                                          {"retryPolicy", read_retry_policy},
                                          {"hedgingPolicy", read_hedging_policy}};
    struct mrpc_service_config *config = parser->config;
    struct mrpc_method_config *methods = realloc(config->methods, (config->method_count + 1) * sizeof *methods);
    uint32_t seen;
    if (!methods)
        return mrpc_config_fail_memory(parser);
    config->methods = methods;
    struct mrpc_method_config *method = &methods[config->method_count++];
    *method = *mrpc_service_config_method(NULL, "");
    return MRPC_CONFIG_READ_OBJECT(parser, fields, method, &seen);
}

static bool read_method_configs(struct mrpc_config_parser *parser, void *out)
{
    return mrpc_config_read_array(parser, read_method_config, NULL);
}

/* retryThrottling. */

static bool read_max_tokens(struct mrpc_config_parser *parser, void *out)
{
    uint64_t value;
    if (!mrpc_config_read_whole(parser, &value))
        return false;
    if (value == 0 || value > THROTTLE_TOKENS_MAX)
        return mrpc_config_fail(parser, "must be in 1..1000");
    ((struct mrpc_retry_throttling *)out)->max_millitokens = (uint32_t)value * 1000;
    return true;
}

static bool read_token_ratio(struct mrpc_config_parser *parser, void *out)
{
    double value;
    if (!mrpc_config_read_number(parser, &value))
        return false;
    if (!(value > 0))
        return mrpc_config_fail(parser, "must be greater than 0");
    /* Decimal places beyond three are ignored; 0.3 * 1000 is 299.99… */
    double milli = value * 1000 + 1e-6;
    double most = THROTTLE_TOKENS_MAX * 1000.0;
    ((struct mrpc_retry_throttling *)out)->ratio_millitokens = (uint32_t)(milli < most ? milli : most);
    return true;
}

static bool read_throttling(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {{"maxTokens", read_max_tokens}, {"tokenRatio", read_token_ratio}};
    uint32_t seen;
    return MRPC_CONFIG_READ_OBJECT(parser, fields, &parser->config->throttling, &seen) &&
           mrpc_config_require(parser, seen, fields, 2);
}

/* loadBalancingConfig, healthCheckConfig. */

/* What read_policy() has found so far. */
struct found_policy {
    bool known;
    enum mrpc_balancing balancing;
};

/* The first one that is known is taken. */
static void consider(const struct mrpc_json_reader *reader, struct found_policy *found)
{
    for (unsigned i = 0; i <= MRPC_WEIGHTED_ROUND_ROBIN && !found->known; i++) {
        const char *name = mrpc_balancer_class_of((enum mrpc_balancing)i)->name;
        found->known = strlen(name) == reader->raw_bytes && strncasecmp(name, reader->raw, reader->raw_bytes) == 0;
        found->balancing = (enum mrpc_balancing)i;
    }
}

static void choose(struct mrpc_service_config *config, const struct found_policy *found)
{
    config->has_balancing = true;
    config->choice.balancing = found->balancing;
}

/* {"round_robin": {}}: an object of one field. */
static bool read_policy(struct mrpc_config_parser *parser, void *out)
{
    struct mrpc_json_reader *reader = &parser->reader;
    if (!mrpc_config_want(parser, MRPC_JSON_OBJECT, "must be an object") ||
        (mrpc_json_next(reader), !mrpc_config_want(parser, MRPC_JSON_KEY, "must have one field")))
        return false;
    consider(reader, out);
    mrpc_json_next(reader);
    if (!mrpc_config_want(parser, MRPC_JSON_OBJECT, "must have an object as its value"))
        return false;
    if (!mrpc_json_skip(reader))
        return mrpc_config_fail_syntax(parser);
    mrpc_json_next(reader);
    return mrpc_config_want(parser, MRPC_JSON_OBJECT_END, "must have one field");
}

static bool read_balancing(struct mrpc_config_parser *parser, void *out)
{
    struct found_policy found = {0};
    if (!mrpc_config_read_array(parser, read_policy, &found))
        return false;
    if (!found.known)
        return mrpc_config_fail(parser, "has no policy that is known");
    choose(parser->config, &found);
    return true;
}

/* The older form; loadBalancingConfig goes before it. gRFC A24. */
static bool read_old_balancing(struct mrpc_config_parser *parser, void *out)
{
    if (!mrpc_config_want(parser, MRPC_JSON_STRING, "must be a string"))
        return false;
    consider(&parser->reader, out);
    return ((struct found_policy *)out)->known || mrpc_config_fail(parser, "is no policy that is known");
}

static bool read_health_service(struct mrpc_config_parser *parser, void *out)
{
    struct mrpc_service_config *config = parser->config;
    char *name = NULL;
    if (!mrpc_config_read_text(parser, &name)) {
        free(name);
        return false;
    }
    struct mrpc_lb_choice *choice = &config->choice;
    int size = snprintf(choice->health_service, sizeof choice->health_service, "%s", name);
    free(name);
    choice->watch_health = true;
    return (size_t)size < sizeof choice->health_service || mrpc_config_fail(parser, "is longer than 256 bytes");
}

static bool read_health(struct mrpc_config_parser *parser, void *out)
{
    static const struct mrpc_config_field fields[] = {{"serviceName", read_health_service}};
    uint32_t seen;
    return MRPC_CONFIG_READ_OBJECT(parser, fields, NULL, &seen);
}

/* The whole. */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct mrpc_config_name *)a)->path, ((const struct mrpc_config_name *)b)->path);
}

static bool sort_names(struct mrpc_config_parser *parser)
{
    struct mrpc_service_config *config = parser->config;
    char reason[128];
    if (config->name_count > 0)
        qsort(config->names, config->name_count, sizeof *config->names, by_path);
    for (size_t i = 1; i < config->name_count; i++) {
        if (strcmp(config->names[i - 1].path, config->names[i].path) != 0)
            continue;
        const char *path = config->names[i].path;
        snprintf(reason, sizeof reason, "methodConfig: two entries name \"%.80s\"", *path ? path : "all methods");
        return mrpc_config_fail(parser, reason);
    }
    return true;
}

static bool read_config(struct mrpc_config_parser *parser)
{
    static const struct mrpc_config_field fields[] = {{"methodConfig", read_method_configs},
                                          {"retryThrottling", read_throttling},
                                          {"loadBalancingConfig", read_balancing},
                                          {"loadBalancingPolicy", read_old_balancing},
                                          {"healthCheckConfig", read_health}};
    struct found_policy old = {0};
    struct mrpc_service_config *config = parser->config;
    uint32_t seen;
    mrpc_json_next(&parser->reader);
    if (!MRPC_CONFIG_READ_OBJECT(parser, fields, &old, &seen))
        return false;
    if (mrpc_json_next(&parser->reader) != MRPC_JSON_END)
        return mrpc_config_fail_syntax(parser);
    if (old.known && !config->has_balancing)
        choose(config, &old);
    return sort_names(parser);
}

int mrpc_service_config_read(const char *json, size_t size, struct mrpc_service_config *config, char *why,
                             size_t why_bytes)
{
    struct mrpc_config_parser parser = {.config = config, .why = why, .why_bytes = why ? why_bytes : 0};
    if (size > MRPC_SERVICE_CONFIG_MAX_BYTES) {
        (void)mrpc_config_fail(&parser, "the service config is longer than 256 KiB");
        return MRPC_ERR_LIMIT;
    }
    mrpc_json_reader_init(&parser.reader, json, size, DEPTH_MAX);
    return read_config(&parser) ? 0 : parser.error;
}
