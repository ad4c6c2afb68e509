/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/service_config.h"
#include "failing_malloc.h"

static struct mrpc_service_config *parse(const char *json)
{
    struct mrpc_service_config *config = NULL;
    char why[256] = "";
    int error = mrpc_service_config_parse(json, strlen(json), why, sizeof why, &config);
    if (error)
        print_message("%s\n", why);
    assert_int_equal(error, 0);
    return config;
}

static const char whole[] =
    "{\"methodConfig\":["
    "{\"name\":[{\"service\":\"a.B\",\"method\":\"C\"},{\"service\":\"a.D\",\"method\":\"E\"}],\"timeout\":\"1.5s\","
    "\"waitForReady\":true,\"maxRequestMessageBytes\":1000,\"maxResponseMessageBytes\":2000,"
    "\"retryPolicy\":{\"maxAttempts\":9,\"initialBackoff\":\"0.1s\",\"maxBackoff\":\"1s\",\"backoffMultiplier\":1.5,"
    "\"retryableStatusCodes\":[\"UNAVAILABLE\",\"aborted\",8]}},"
    "{\"name\":[{\"service\":\"a.B\"}],\"hedgingPolicy\":{\"maxAttempts\":3,\"hedgingDelay\":\"0.0005s\","
    "\"nonFatalStatusCodes\":[\"INTERNAL\"]},\"timeout\":null},"
    "{\"name\":[{}],\"timeout\":\"3s\",\"futureField\":{\"x\":[1,{}]}}],"
    "\"retryThrottling\":{\"maxTokens\":10,\"tokenRatio\":0.3456},"
    "\"loadBalancingConfig\":[{\"from_the_future\":{\"a\":[]}},{\"round_robin\":{}},{\"pick_first\":{}}],"
    "\"healthCheckConfig\":{\"serviceName\":\"a.B\"}}";

static void every_field_is_read(void **state)
{
    struct mrpc_service_config *config = parse(whole);
    const struct mrpc_method_config *method = mrpc_service_config_method(config, "/a.B/C");
    assert_int_equal(method->timeout_ms, 1500);
    assert_true(method->wait_for_ready);
    assert_int_equal(method->request_bytes, 1000);
    assert_int_equal(method->response_bytes, 2000);
    assert_int_equal(method->policy, MRPC_ATTEMPT_RETRY);
    assert_int_equal(method->max_attempts, 5); /* A6: values greater than 5 are treated as 5 */
    assert_true(fabs(method->initial_backoff_ms - 100) < 1e-9);
    assert_true(fabs(method->max_backoff_ms - 1000) < 1e-9);
    assert_true(fabs(method->backoff_multiplier - 1.5) < 1e-9);
    assert_int_equal(method->codes, 1 << MRPC_UNAVAILABLE | 1 << MRPC_ABORTED | 1 << MRPC_RESOURCE_EXHAUSTED);
    struct mrpc_retry_throttling throttling = mrpc_service_config_throttling(config);
    assert_int_equal(throttling.max_millitokens, 10000);
    assert_int_equal(throttling.ratio_millitokens, 345); /* A6: decimal places beyond 3 are ignored */
    struct mrpc_lb_choice choice = mrpc_service_config_balancing(config, (struct mrpc_lb_choice){0});
    assert_int_equal(choice.balancing, MRPC_ROUND_ROBIN);
    assert_true(choice.watch_health);
    assert_string_equal(choice.health_service, "a.B");
    mrpc_service_config_free(config);
}

static void the_most_specific_name_counts(void **state)
{
    struct mrpc_service_config *config = parse(whole);
    const struct mrpc_method_config *method = mrpc_service_config_method(config, "/a.B/C");
    assert_ptr_equal(mrpc_service_config_method(config, "/a.D/E"), method);
    const struct mrpc_method_config *service = mrpc_service_config_method(config, "/a.B/Other");
    assert_int_equal(service->policy, MRPC_ATTEMPT_HEDGE);
    assert_int_equal(service->hedging_delay_ms, 1); /* rounded up */
    assert_int_equal(service->timeout_ms, INT64_MAX);
    assert_int_equal(mrpc_service_config_method(config, "/a.D/Other")->timeout_ms, 3000);
    assert_int_equal(mrpc_service_config_method(config, "/a.B")->timeout_ms, 3000);
    assert_int_equal(mrpc_service_config_method(config, "/a.BC/C")->timeout_ms, 3000);
    mrpc_service_config_free(config);
    const struct mrpc_method_config *none = mrpc_service_config_method(NULL, "/a.B/C");
    assert_int_equal(none->timeout_ms, INT64_MAX);
    assert_int_equal(none->policy, MRPC_ATTEMPT_ONCE);
    assert_true(none->request_bytes == SIZE_MAX);
}

static void an_empty_config_says_nothing(void **state)
{
    struct mrpc_service_config *config = parse(" {} ");
    assert_int_equal(mrpc_service_config_method(config, "/a.B/C")->max_attempts, 1);
    assert_int_equal(mrpc_service_config_throttling(config).max_millitokens, 0);
    const struct mrpc_lb_choice options = {.balancing = MRPC_WEIGHTED_ROUND_ROBIN};
    struct mrpc_lb_choice choice = mrpc_service_config_balancing(config, options);
    assert_int_equal(choice.balancing, MRPC_WEIGHTED_ROUND_ROBIN);
    assert_false(choice.watch_health);
    assert_int_equal(mrpc_service_config_balancing(NULL, options).balancing, MRPC_WEIGHTED_ROUND_ROBIN);
    mrpc_service_config_free(config);
    config = parse("{\"loadBalancingPolicy\":\"ROUND_ROBIN\"}");
    assert_int_equal(mrpc_service_config_balancing(config, options).balancing, MRPC_ROUND_ROBIN);
    mrpc_service_config_free(config);
    config = parse("{\"loadBalancingPolicy\":\"round_robin\",\"loadBalancingConfig\":[{\"pick_first\":{}}]}");
    assert_int_equal(mrpc_service_config_balancing(config, options).balancing, MRPC_PICK_FIRST);
    mrpc_service_config_free(config);
}

#define RETRY(FIELDS) "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{" FIELDS "}}]}"
#define HEDGE(FIELDS) "{\"methodConfig\":[{\"name\":[{}],\"hedgingPolicy\":{" FIELDS "}}]}"
#define BACKOFF "\"initialBackoff\":\"1s\",\"maxBackoff\":\"1s\",\"backoffMultiplier\":1"
#define CODES ",\"retryableStatusCodes\":[14]"

/* The rules are those of gRFC A6, "Validation of retryPolicy", "… hedgingPolicy", "… retryThrottling". */
static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *json;
        const char *why;
    } wrong[] = {
        {"", "the text ends too early (at byte 0)"},
        {"[]", "must be an object"},
        {"{} {}", "the text goes on after its value (at byte 3)"},
        {"{\"x\":1,}", "a key is expected here (at byte 7)"},
        {"{\"methodConfig\":{}}", "methodConfig: must be an array"},
        {"{\"methodConfig\":[1]}", "methodConfig[0]: must be an object"},
        {"{\"methodConfig\":[{},{\"name\":[{\"service\":5}]}]}", "methodConfig[1].name[0].service: must be a string"},
        {"{\"methodConfig\":[{\"name\":[{\"method\":\"C\"}]}]}",
         "methodConfig[0].name[0]: has a method and no service"},
        {"{\"methodConfig\":[{\"name\":[{\"service\":\"a\"},{\"service\":\"a\"}]}]}",
         "methodConfig: two entries name \"/a/\""},
        {"{\"methodConfig\":[{\"name\":[{}]},{\"name\":[{}]}]}", "methodConfig: two entries name \"all methods\""},
        {"{\"methodConfig\":[{\"timeout\":\"1s\",\"timeout\":\"2s\"}]}", "methodConfig[0].timeout: appears twice"},
        {"{\"methodConfig\":[{\"timeout\":1}]}", "methodConfig[0].timeout: must be a duration such as \"1.5s\""},
        {"{\"methodConfig\":[{\"timeout\":\"1\"}]}", "methodConfig[0].timeout: must be a duration such as \"1.5s\""},
        {"{\"methodConfig\":[{\"timeout\":\"-1s\"}]}", "methodConfig[0].timeout: must not be negative"},
        {"{\"methodConfig\":[{\"waitForReady\":1}]}", "methodConfig[0].waitForReady: must be true or false"},
        {"{\"methodConfig\":[{\"maxRequestMessageBytes\":-1}]}",
         "methodConfig[0].maxRequestMessageBytes: must be a whole number that is not negative"},
        {"{\"methodConfig\":[{\"maxResponseMessageBytes\":1.5}]}",
         "methodConfig[0].maxResponseMessageBytes: must be a whole number that is not negative"},
        {RETRY(BACKOFF CODES), "methodConfig[0].retryPolicy.maxAttempts: is missing"},
        {RETRY("\"maxAttempts\":1," BACKOFF CODES), "methodConfig[0].retryPolicy.maxAttempts: must be at least 2"},
        {RETRY("\"maxAttempts\":\"2\"," BACKOFF CODES),
         "methodConfig[0].retryPolicy.maxAttempts: must be a whole number that is not negative"},
        {RETRY("\"maxAttempts\":2," BACKOFF), "methodConfig[0].retryPolicy.retryableStatusCodes: is missing"},
        {RETRY("\"maxAttempts\":2," BACKOFF ",\"retryableStatusCodes\":[]"),
         "methodConfig[0].retryPolicy.retryableStatusCodes: must not be empty"},
        {RETRY("\"maxAttempts\":2," BACKOFF ",\"retryableStatusCodes\":[14,\"NO_SUCH\"]"),
         "methodConfig[0].retryPolicy.retryableStatusCodes[1]: is not a status code"},
        {RETRY("\"maxAttempts\":2," BACKOFF ",\"retryableStatusCodes\":[17]"),
         "methodConfig[0].retryPolicy.retryableStatusCodes[0]: is not a status code"},
        {RETRY("\"initialBackoff\":\"0s\""), "methodConfig[0].retryPolicy.initialBackoff: must be greater than 0"},
        {RETRY("\"maxBackoff\":\"0s\""), "methodConfig[0].retryPolicy.maxBackoff: must be greater than 0"},
        {RETRY("\"backoffMultiplier\":0"), "methodConfig[0].retryPolicy.backoffMultiplier: must be greater than 0"},
        {RETRY("\"backoffMultiplier\":\"2\""), "methodConfig[0].retryPolicy.backoffMultiplier: must be a number"},
        {HEDGE(""), "methodConfig[0].hedgingPolicy.maxAttempts: is missing"},
        {HEDGE("\"hedgingDelay\":\"soon\""),
         "methodConfig[0].hedgingPolicy.hedgingDelay: must be a duration such as \"1.5s\""},
        {HEDGE("\"nonFatalStatusCodes\":[true]"),
         "methodConfig[0].hedgingPolicy.nonFatalStatusCodes[0]: is not a status code"},
        {"{\"methodConfig\":[{\"hedgingPolicy\":{\"maxAttempts\":2},\"retryPolicy\":{}}]}",
         "methodConfig[0].retryPolicy: stands beside another policy: a method is retried or hedged, not both"},
        {"{\"retryThrottling\":{\"maxTokens\":1}}", "retryThrottling.tokenRatio: is missing"},
        {"{\"retryThrottling\":{\"maxTokens\":0}}", "retryThrottling.maxTokens: must be in 1..1000"},
        {"{\"retryThrottling\":{\"maxTokens\":1001}}", "retryThrottling.maxTokens: must be in 1..1000"},
        {"{\"retryThrottling\":{\"tokenRatio\":0}}", "retryThrottling.tokenRatio: must be greater than 0"},
        {"{\"loadBalancingConfig\":[]}", "loadBalancingConfig: has no policy that is known"},
        {"{\"loadBalancingConfig\":[{\"x\":{}}]}", "loadBalancingConfig: has no policy that is known"},
        {"{\"loadBalancingConfig\":[{}]}", "loadBalancingConfig[0]: must have one field"},
        {"{\"loadBalancingConfig\":[{\"x\":{},\"y\":{}}]}", "loadBalancingConfig[0]: must have one field"},
        {"{\"loadBalancingConfig\":[{\"x\":1}]}", "loadBalancingConfig[0]: must have an object as its value"},
        {"{\"loadBalancingPolicy\":\"x\"}", "loadBalancingPolicy: is no policy that is known"},
        {"{\"healthCheckConfig\":{\"serviceName\":\"a\\u0000b\"}}",
         "healthCheckConfig.serviceName: must not have a NUL"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char why[256] = "";
        int error = mrpc_service_config_check(wrong[i].json, why, sizeof why);
        if (error != MRPC_ERR_INVALID || strcmp(why, wrong[i].why) != 0)
            print_message("%s\n  says %s\n", wrong[i].json, why);
        assert_int_equal(error, MRPC_ERR_INVALID);
        assert_string_equal(why, wrong[i].why);
        assert_int_equal(mrpc_service_config_check(wrong[i].json, NULL, 0), MRPC_ERR_INVALID);
    }
}

static void a_long_path_is_cut(void **state)
{
    char why[512];
    char json[600] = "{\"methodConfig\":[{\"retryPolicy\":{\"maxAttempts\":\"";
    memset(json + strlen(json), 'x', 500);
    strcpy(json + 545, "\"}}]}");
    assert_int_equal(mrpc_service_config_check(json, why, sizeof why), MRPC_ERR_INVALID);
    assert_non_null(strstr(why, "retryPolicy.maxAttempts"));
    assert_int_equal(mrpc_service_config_check(json, why, 10), MRPC_ERR_INVALID);
    assert_string_equal(why, "methodCon");
}

static void a_text_over_256_kib_is_not_read(void **state)
{
    char *json = malloc(MRPC_SERVICE_CONFIG_MAX_BYTES + 2);
    char why[128];
    memset(json, ' ', MRPC_SERVICE_CONFIG_MAX_BYTES + 1);
    memcpy(json, "{}", 2);
    json[MRPC_SERVICE_CONFIG_MAX_BYTES] = '\0';
    assert_int_equal(mrpc_service_config_check(json, why, sizeof why), 0);
    json[MRPC_SERVICE_CONFIG_MAX_BYTES] = ' ';
    json[MRPC_SERVICE_CONFIG_MAX_BYTES + 1] = '\0';
    assert_int_equal(mrpc_service_config_check(json, why, sizeof why), MRPC_ERR_LIMIT);
    assert_string_equal(why, "the service config is longer than 256 KiB");
    free(json);
}

static void every_failing_allocation_is_told(void **state)
{
    struct mrpc_service_config *config = NULL;
    size_t failures = 0;
    for (size_t nth = 1;; nth++) {
        failing_malloc_at(nth, 0);
        int error = mrpc_service_config_parse(whole, strlen(whole), NULL, 0, &config);
        failing_malloc_at(0, 0);
        if (!error)
            break;
        assert_int_equal(error, MRPC_ERR_NOMEM);
        failures++;
    }
    mrpc_service_config_free(config);
    assert_true(failures >= 10);
}

static void every_prefix_is_refused(void **state)
{
    for (size_t size = 0; size < strlen(whole); size++) {
        struct mrpc_service_config *config = NULL;
        char *json = malloc(size ? size : 1);
        memcpy(json, whole, size);
        assert_int_equal(mrpc_service_config_parse(json, size, NULL, 0, &config), MRPC_ERR_INVALID);
        free(json);
    }
}

/* The guide's blocks of JSON are configs that a channel takes. */
static void the_guide_shows_what_is_taken(void **state)
{
    char text[16384], why[256] = "";
    FILE *file = fopen(MLT_GUIDE, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    int blocks = 0;
    for (char *at = text; (at = strstr(at, "```json\n")); blocks++) {
        char *end = strstr(at + 8, "```");
        assert_non_null(end);
        *end = '\0';
        assert_int_equal(mrpc_service_config_check(at + 8, why, sizeof why), 0);
        at = end + 1;
    }
    assert_int_equal(blocks, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(the_most_specific_name_counts),
        cmocka_unit_test(an_empty_config_says_nothing),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_long_path_is_cut),
        cmocka_unit_test(a_text_over_256_kib_is_not_read),
        cmocka_unit_test(every_failing_allocation_is_told),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(the_guide_shows_what_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
