/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "otlp/endpoint.h"
#include "test.h"

static void an_endpoint_is_scheme_host_and_port(void **state)
{
    static const struct {
        const char *text, *target; /* NULL: refused */
        bool tls, local;
    } cases[] = {
        {"http://127.0.0.1:4317", "127.0.0.1:4317", false, true},
        {"http://localhost:4317/", "localhost:4317", false, true},
        {"https://collector.example", "collector.example:4317", true, false},
        {"http://[::1]", "[::1]:4317", false, true},
        {"https://[2001:db8::1]:443", "[2001:db8::1]:443", true, false},
        {"http://127.example:1", "127.example:1", false, false},
        {"localhost:4317"},
        {"http://"},
        {"grpc://host:1"},
        {"http://host:4318/v1/traces"},
        {"http://[::1"},
        {""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct otlp_endpoint endpoint;
        struct fault fault = FAULT_INIT;
        int code = otlp_endpoint_parse(cases[i].text, "traces.otlp", &endpoint, &fault);
        assert_int_equal(code, cases[i].target ? 0 : MRPC_INVALID_ARGUMENT);
        if (code) {
            assert_memory_equal(fault.text, "traces.otlp: ", 13);
            continue;
        }
        assert_string_equal(endpoint.target, cases[i].target);
        assert_int_equal(endpoint.tls, cases[i].tls);
        assert_int_equal(endpoint.local, cases[i].local);
    }
    char endless[2000] = "http://";
    struct otlp_endpoint endpoint;
    struct fault fault = FAULT_INIT;
    memset(endless + 7, 'a', sizeof endless - 8);
    assert_int_equal(otlp_endpoint_parse(endless, "traces.otlp", &endpoint, &fault), MRPC_INVALID_ARGUMENT);
}

struct seen {
    char text[512];
};

static int see(void *arg, const char *key, const char *value)
{
    struct seen *seen = arg;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%s=%s;", key, value);
    return strcmp(key, "bad") == 0;
}

static int pairs(const char *text, struct seen *seen, struct fault *fault)
{
    *seen = (struct seen){""};
    *fault = (struct fault)FAULT_INIT;
    return otlp_pairs(text, "HEADERS", see, seen, fault);
}

static void pairs_are_percent_decoded(void **state)
{
    struct seen seen;
    struct fault fault;
    assert_int_equal(pairs("authorization=Bearer%20a%2Cb, team = quant ,,x=", &seen, &fault), 0);
    assert_string_equal(seen.text, "authorization=Bearer a,b;team=quant;x=;");
    assert_int_equal(pairs(NULL, &seen, &fault), 0);
    assert_int_equal(pairs("", &seen, &fault), 0);
    assert_string_equal(seen.text, "");
}

static void what_is_wrong_with_pairs_is_said_without_their_values(void **state)
{
    static const char *const wrong[] = {"key", "=secret", "key=%2", "key=%00secret", "key=%zzsecret", "bad=secret"};
    struct seen seen;
    struct fault fault;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(pairs(wrong[i], &seen, &fault), MRPC_INVALID_ARGUMENT);
        assert_memory_equal(fault.text, "HEADERS: ", 9);
        assert_null(strstr(fault.text, "secret"));
    }
    char many[OTLP_PAIR_BYTES + 10] = "";
    for (int i = 0; i <= OTLP_PAIRS_MAX; i++)
        strcat(many, "a=b,");
    assert_int_equal(pairs(many, &seen, &fault), MRPC_INVALID_ARGUMENT);
    memset(many, 'a', sizeof many - 1);
    assert_int_equal(pairs(many, &seen, &fault), MRPC_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_scheme_host_and_port),
        cmocka_unit_test(pairs_are_percent_decoded),
        cmocka_unit_test(what_is_wrong_with_pairs_is_said_without_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
