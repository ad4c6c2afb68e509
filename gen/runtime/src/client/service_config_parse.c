/* SPDX-License-Identifier: Apache-2.0 */
#include "client/service_config_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/json_number.h"
#include "codec/json_reader.h"
#include "codec/json_time.h"

/* One function a field, each called with the first token of the field's value, and leaving its last. An object is a
 * table of such functions; what is not in the table is skipped, null is as if it were not there, and a field that comes
 * twice is an error. */

#define DEPTH_MAX 32
#define PATH_MAX_BYTES 160
#define THROTTLE_TOKENS_MAX 1000
#define CODE_COUNT 17

struct parser {
    struct mrpc_json_reader reader;
    struct mrpc_service_config *config;
    char path[PATH_MAX_BYTES]; /* of the field that is being read; cut when too long */
    size_t path_bytes;
    char *why;
    size_t why_bytes;
    int error;
};

struct field {
    const char *name;
    bool (*read)(struct parser *parser, void *out);
};

/* Errors. */

static bool fail(struct parser *parser, const char *reason)
{
    if (parser->error)
        return false;
    parser->error = MRPC_ERR_INVALID;
    if (parser->why_bytes > 0)
        snprintf(parser->why, parser->why_bytes, "%s%s%s", parser->path, parser->path_bytes ? ": " : "", reason);
    return false;
}

static bool fail_syntax(struct parser *parser)
{
    char reason[128];
    snprintf(reason, sizeof reason, "%s (at byte %zu)", parser->reader.reason, parser->reader.at);
    return fail(parser, reason);
}

static bool fail_memory(struct parser *parser)
{
    parser->error = MRPC_ERR_NOMEM;
    return false;
}

static bool want(struct parser *parser, enum mrpc_json_token token, const char *otherwise)
{
    if (parser->reader.token == MRPC_JSON_ERROR)
        return fail_syntax(parser);
    return parser->reader.token == token || fail(parser, otherwise);
}

/* Walking. */

static size_t enter(struct parser *parser, const char *format, ...) MRPC_PRINTF(2, 3);

/* Extend the path; returns what leave() wants. */
static size_t enter(struct parser *parser, const char *format, ...)
{
    size_t before = parser->path_bytes, room = PATH_MAX_BYTES - before;
    va_list args;
    va_start(args, format);
    int size = vsnprintf(parser->path + before, room, format, args);
    va_end(args);
    parser->path_bytes += size < 0 ? 0 : (size_t)size < room ? (size_t)size : room - 1;
    return before;
}

static void leave(struct parser *parser, size_t before)
{
    parser->path_bytes = before;
    parser->path[before] = '\0';
}

static size_t find_field(const struct parser *parser, const struct field *fields, size_t count)
{
    size_t at = 0;
    while (at < count && !mrpc_json_string_is(&parser->reader, fields[at].name))
        at++;
    return at;
}

static bool read_field(struct parser *parser, const struct field *field, uint32_t bit, uint32_t *seen, void *out)
{
    size_t before = enter(parser, "%s%s", parser->path_bytes ? "." : "", field->name);
    bool good = true;
    if (mrpc_json_next(&parser->reader) != MRPC_JSON_NULL) {
        good = !(*seen & bit) || fail(parser, "appears twice");
        *seen |= bit;
        good = good && field->read(parser, out);
    }
    leave(parser, before);
    return good;
}

/* Of an object: @seen has bit i for fields[i]. */
static bool read_object(struct parser *parser, const struct field *fields, size_t count, void *out, uint32_t *seen)
{
    *seen = 0;
    if (!want(parser, MRPC_JSON_OBJECT, "must be an object"))
        return false;
    while (mrpc_json_next(&parser->reader) == MRPC_JSON_KEY) {
        size_t at = find_field(parser, fields, count);
        if (at < count && !read_field(parser, &fields[at], UINT32_C(1) << at, seen, out))
            return false;
        if (at == count && (mrpc_json_next(&parser->reader), !mrpc_json_skip(&parser->reader)))
            return fail_syntax(parser);
    }
    return want(parser, MRPC_JSON_OBJECT_END, "");
}

#define READ_OBJECT(parser, fields, out, seen)                                                                         \
    read_object(parser, fields, sizeof(fields) / sizeof((fields)[0]), out, seen)

/* Each element, the path with its index. */
static bool read_array(struct parser *parser, bool (*read)(struct parser *parser, void *out), void *out)
{
    if (!want(parser, MRPC_JSON_ARRAY, "must be an array"))
        return false;
    for (size_t i = 0; mrpc_json_next(&parser->reader) != MRPC_JSON_ARRAY_END; i++) {
        size_t before = enter(parser, "[%zu]", i);
        if (!want(parser, parser->reader.token, "") || !read(parser, out))
            return false;
        leave(parser, before);
    }
    return true;
}

static bool require(struct parser *parser, uint32_t seen, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seen >> i & 1)
            continue;
        enter(parser, ".%s", fields[i].name);
        return fail(parser, "is missing");
    }
    return true;
}

/* Scalars. */

static bool read_bool(struct parser *parser, bool *out)
{
    *out = parser->reader.token == MRPC_JSON_TRUE;
    return *out || want(parser, MRPC_JSON_FALSE, "must be true or false");
}

static bool read_whole(struct parser *parser, uint64_t *out)
{
    const struct mrpc_json_reader *reader = &parser->reader;
    static const char otherwise[] = "must be a whole number that is not negative";
    return want(parser, MRPC_JSON_NUMBER, otherwise) &&
           (mrpc_json_number_uint64(reader->raw, reader->raw_bytes, out) || fail(parser, otherwise));
}

static bool read_number(struct parser *parser, double *out)
{
    if (!want(parser, MRPC_JSON_NUMBER, "must be a number"))
        return false;
    *out = mrpc_json_number_double(parser->reader.raw, parser->reader.raw_bytes);
    return true;
}

static bool read_duration_ms(struct parser *parser, double *out)
{
    static const char otherwise[] = "must be a duration such as \"1.5s\"";
    const struct mrpc_json_reader *reader = &parser->reader;
    int64_t seconds;
    int32_t nanos;
    if (!want(parser, MRPC_JSON_STRING, otherwise))
        return false;
    if (!mrpc_json_parse_duration(reader->raw, reader->raw_bytes, &seconds, &nanos))
        return fail(parser, otherwise);
    *out = (double)seconds * 1e3 + (double)nanos / 1e6;
    return *out >= 0 || fail(parser, "must not be negative");
}

/* Up: a timeout of a microsecond is not none. */
static int64_t whole_ms(double value)
{
    int64_t floor = (int64_t)value;
    return floor + ((double)floor < value);
}

static bool read_text(struct parser *parser, char **out)
{
    if (!want(parser, MRPC_JSON_STRING, "must be a string"))
        return false;
    free(*out);
    *out = malloc(parser->reader.decoded_bytes + 1);
    if (!*out)
        return fail_memory(parser);
    mrpc_json_decode_string(&parser->reader, *out);
    (*out)[parser->reader.decoded_bytes] = '\0';
    return strlen(*out) == parser->reader.decoded_bytes || fail(parser, "must not have a NUL");
}

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

static bool read_code(struct parser *parser, void *out)
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
        return fail(parser, "is not a status code");
    *(uint32_t *)out |= UINT32_C(1) << code;
    return true;
}

/* retryPolicy and hedgingPolicy. */

static bool read_max_attempts(struct parser *parser, void *out)
{
    struct mrpc_method_config *method = out;
    uint64_t value;
    if (!read_whole(parser, &value))
        return false;
    if (value < 2)
        return fail(parser, "must be at least 2");
    method->max_attempts = value < MRPC_ATTEMPTS_MAX ? (unsigned)value : MRPC_ATTEMPTS_MAX;
    return true;
}

static bool read_backoff(struct parser *parser, double *out)
{
    return read_duration_ms(parser, out) && (*out > 0 || fail(parser, "must be greater than 0"));
}

static bool read_initial_backoff(struct parser *parser, void *out)
{
    return read_backoff(parser, &((struct mrpc_method_config *)out)->initial_backoff_ms);
}

static bool read_max_backoff(struct parser *parser, void *out)
{
    return read_backoff(parser, &((struct mrpc_method_config *)out)->max_backoff_ms);
}

static bool read_multiplier(struct parser *parser, void *out)
{
    double *multiplier = &((struct mrpc_method_config *)out)->backoff_multiplier;
    return read_number(parser, multiplier) && (*multiplier > 0 || fail(parser, "must be greater than 0"));
}

static bool read_codes(struct parser *parser, void *out)
{
    return read_array(parser, read_code, &((struct mrpc_method_config *)out)->codes);
}

static bool read_retryable_codes(struct parser *parser, void *out)
{
    return read_codes(parser, out) &&
           (((struct mrpc_method_config *)out)->codes != 0 || fail(parser, "must not be empty"));
}

static bool choose_policy(struct parser *parser, struct mrpc_method_config *method, enum mrpc_attempt_policy policy)
{
    if (method->policy != MRPC_ATTEMPT_ONCE)
        return fail(parser, "stands beside another policy: a method is retried or hedged, not both");
    method->policy = policy;
    return true;
}

static bool read_retry_policy(struct parser *parser, void *out)
{
    static const struct field fields[] = {{"maxAttempts", read_max_attempts},
                                          {"initialBackoff", read_initial_backoff},
                                          {"maxBackoff", read_max_backoff},
                                          {"backoffMultiplier", read_multiplier},
                                          {"retryableStatusCodes", read_retryable_codes}};
    uint32_t seen;
    return choose_policy(parser, out, MRPC_ATTEMPT_RETRY) && READ_OBJECT(parser, fields, out, &seen) &&
           require(parser, seen, fields, 5);
}

static bool read_hedging_delay(struct parser *parser, void *out)
{
    double delay_ms;
    if (!read_duration_ms(parser, &delay_ms))
        return false;
    ((struct mrpc_method_config *)out)->hedging_delay_ms = whole_ms(delay_ms);
    return true;
}

static bool read_hedging_policy(struct parser *parser, void *out)
{
    static const struct field fields[] = {
        {"maxAttempts", read_max_attempts}, {"hedgingDelay", read_hedging_delay}, {"nonFatalStatusCodes", read_codes}};
    uint32_t seen;
    return choose_policy(parser, out, MRPC_ATTEMPT_HEDGE) && READ_OBJECT(parser, fields, out, &seen) &&
           require(parser, seen, fields, 1);
}

/* methodConfig. */

struct name {
    char *service;
    char *method;
};

static bool read_service(struct parser *parser, void *out)
{
    return read_text(parser, &((struct name *)out)->service);
}

static bool read_method(struct parser *parser, void *out)
{
    return read_text(parser, &((struct name *)out)->method);
}

static bool add_name(struct parser *parser, const struct name *name)
{
    struct mrpc_service_config *config = parser->config;
    bool has_service = name->service && *name->service, has_method = name->method && *name->method;
    if (has_method && !has_service)
        return fail(parser, "has a method and no service");
    struct mrpc_config_name *names = realloc(config->names, (config->name_count + 1) * sizeof *names);
    if (!names)
        return fail_memory(parser);
    config->names = names;
    char *path = NULL;
    if (asprintf(&path, "%s%s%s%s", has_service ? "/" : "", has_service ? name->service : "", has_service ? "/" : "",
                 has_method ? name->method : "") < 0)
        return fail_memory(parser);
    names[config->name_count++] = (struct mrpc_config_name){path, config->method_count - 1};
    return true;
}

static bool read_name(struct parser *parser, void *out)
{
    static const struct field fields[] = {{"service", read_service}, {"method", read_method}};
    struct name name = {0};
    uint32_t seen;
    bool good = READ_OBJECT(parser, fields, &name, &seen) && add_name(parser, &name);
    free(name.service);
    free(name.method);
    return good;
}

static bool read_names(struct parser *parser, void *out)
{
    return read_array(parser, read_name, NULL);
}

static bool read_timeout(struct parser *parser, void *out)
{
    double timeout_ms;
    if (!read_duration_ms(parser, &timeout_ms))
        return false;
    ((struct mrpc_method_config *)out)->timeout_ms = whole_ms(timeout_ms);
    return true;
}

static bool read_wait_for_ready(struct parser *parser, void *out)
{
    return read_bool(parser, &((struct mrpc_method_config *)out)->wait_for_ready);
}

static bool read_size(struct parser *parser, size_t *out)
{
    uint64_t value;
    if (!read_whole(parser, &value))
        return false;
    *out = value;
    return true;
}

static bool read_request_bytes(struct parser *parser, void *out)
{
    return read_size(parser, &((struct mrpc_method_config *)out)->request_bytes);
}

static bool read_response_bytes(struct parser *parser, void *out)
{
    return read_size(parser, &((struct mrpc_method_config *)out)->response_bytes);
}

static bool read_method_config(struct parser *parser, void *out)
{
    static const struct field fields[] = {{"name", read_names},
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
        return fail_memory(parser);
    config->methods = methods;
    struct mrpc_method_config *method = &methods[config->method_count++];
    *method = *mrpc_service_config_method(NULL, "");
    return READ_OBJECT(parser, fields, method, &seen);
}

static bool read_method_configs(struct parser *parser, void *out)
{
    return read_array(parser, read_method_config, NULL);
}

/* retryThrottling. */

static bool read_max_tokens(struct parser *parser, void *out)
{
    uint64_t value;
    if (!read_whole(parser, &value))
        return false;
    if (value == 0 || value > THROTTLE_TOKENS_MAX)
        return fail(parser, "must be in 1..1000");
    ((struct mrpc_retry_throttling *)out)->max_millitokens = (uint32_t)value * 1000;
    return true;
}

static bool read_token_ratio(struct parser *parser, void *out)
{
    double value;
    if (!read_number(parser, &value))
        return false;
    if (!(value > 0))
        return fail(parser, "must be greater than 0");
    /* Decimal places beyond three are ignored; 0.3 * 1000 is 299.99… */
    double milli = value * 1000 + 1e-6;
    double most = THROTTLE_TOKENS_MAX * 1000.0;
    ((struct mrpc_retry_throttling *)out)->ratio_millitokens = (uint32_t)(milli < most ? milli : most);
    return true;
}

static bool read_throttling(struct parser *parser, void *out)
{
    static const struct field fields[] = {{"maxTokens", read_max_tokens}, {"tokenRatio", read_token_ratio}};
    uint32_t seen;
    return READ_OBJECT(parser, fields, &parser->config->throttling, &seen) && require(parser, seen, fields, 2);
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
static bool read_policy(struct parser *parser, void *out)
{
    struct mrpc_json_reader *reader = &parser->reader;
    if (!want(parser, MRPC_JSON_OBJECT, "must be an object") ||
        (mrpc_json_next(reader), !want(parser, MRPC_JSON_KEY, "must have one field")))
        return false;
    consider(reader, out);
    mrpc_json_next(reader);
    if (!want(parser, MRPC_JSON_OBJECT, "must have an object as its value"))
        return false;
    if (!mrpc_json_skip(reader))
        return fail_syntax(parser);
    mrpc_json_next(reader);
    return want(parser, MRPC_JSON_OBJECT_END, "must have one field");
}

static bool read_balancing(struct parser *parser, void *out)
{
    struct found_policy found = {0};
    if (!read_array(parser, read_policy, &found))
        return false;
    if (!found.known)
        return fail(parser, "has no policy that is known");
    choose(parser->config, &found);
    return true;
}

/* The older form; loadBalancingConfig goes before it. gRFC A24. */
static bool read_old_balancing(struct parser *parser, void *out)
{
    if (!want(parser, MRPC_JSON_STRING, "must be a string"))
        return false;
    consider(&parser->reader, out);
    return ((struct found_policy *)out)->known || fail(parser, "is no policy that is known");
}

static bool read_health_service(struct parser *parser, void *out)
{
    struct mrpc_service_config *config = parser->config;
    char *name = NULL;
    if (!read_text(parser, &name)) {
        free(name);
        return false;
    }
    struct mrpc_lb_choice *choice = &config->choice;
    int size = snprintf(choice->health_service, sizeof choice->health_service, "%s", name);
    free(name);
    choice->watch_health = true;
    return (size_t)size < sizeof choice->health_service || fail(parser, "is longer than 256 bytes");
}

static bool read_health(struct parser *parser, void *out)
{
    static const struct field fields[] = {{"serviceName", read_health_service}};
    uint32_t seen;
    return READ_OBJECT(parser, fields, NULL, &seen);
}

/* The whole. */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct mrpc_config_name *)a)->path, ((const struct mrpc_config_name *)b)->path);
}

static bool sort_names(struct parser *parser)
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
        return fail(parser, reason);
    }
    return true;
}

static bool read_config(struct parser *parser)
{
    static const struct field fields[] = {{"methodConfig", read_method_configs},
                                          {"retryThrottling", read_throttling},
                                          {"loadBalancingConfig", read_balancing},
                                          {"loadBalancingPolicy", read_old_balancing},
                                          {"healthCheckConfig", read_health}};
    struct found_policy old = {0};
    struct mrpc_service_config *config = parser->config;
    uint32_t seen;
    mrpc_json_next(&parser->reader);
    if (!READ_OBJECT(parser, fields, &old, &seen))
        return false;
    if (mrpc_json_next(&parser->reader) != MRPC_JSON_END)
        return fail_syntax(parser);
    if (old.known && !config->has_balancing)
        choose(config, &old);
    return sort_names(parser);
}

int mrpc_service_config_read(const char *json, size_t size, struct mrpc_service_config *config, char *why,
                             size_t why_bytes)
{
    struct parser parser = {.config = config, .why = why, .why_bytes = why ? why_bytes : 0};
    if (size > MRPC_SERVICE_CONFIG_MAX_BYTES) {
        (void)fail(&parser, "the service config is longer than 256 KiB");
        return MRPC_ERR_LIMIT;
    }
    mrpc_json_reader_init(&parser.reader, json, size, DEPTH_MAX);
    return read_config(&parser) ? 0 : parser.error;
}
