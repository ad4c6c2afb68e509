/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/webhook/sender.h"
#include "test.h"

/* Signing, pauses and URLs of webhooks. */

static void signs_as_the_specification_does(void **state)
{
    /* The example of Standard Webhooks 1.0: the bytes of whsec_plJ3nmyCDGBKInavdOK15jsl. */
    static const struct webhook_secret secret = {
        {0xa6, 0x52, 0x77, 0x9e, 0x6c, 0x82, 0x0c, 0x60, 0x4a, 0x22, 0x76, 0xaf, 0x74, 0xe2, 0xb5, 0xe6, 0x3b, 0x25},
        18};
    static const char body[] = "{\"event_type\":\"ping\",\"data\":{\"success\":true}}";
    char signature[WEBHOOK_SIGNATURE_BYTES];
    struct fault fault = FAULT_INIT;
    assert_int_equal(
        webhook_sign(&secret, "msg_loFOjxBNrRLzqYUf", 1731705121, body, sizeof body - 1, signature, &fault), 0);
    assert_string_equal(signature, "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
}

static void reads_secrets_of_24_to_64_bytes(void **state)
{
    static const struct {
        const char *text;
        size_t bytes; /* 0: refused */
    } cases[] = {
        {"whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", 24},
        {"whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==", 25},
        {"whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==", 64},
        {"whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", 0},
        {"whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", 0},
        {"MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u", 0},
        {"whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprb!1u", 0},
        {"whsec_", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct webhook_secret secret = {{0}, 0};
        struct fault fault = FAULT_INIT;
        assert_int_equal(webhook_secret_read(cases[i].text, &secret, &fault),
                         cases[i].bytes ? 0 : MRPC_INVALID_ARGUMENT);
        assert_int_equal(secret.count, cases[i].bytes);
    }
}

static void pauses_double_up_to_an_hour(void **state)
{
    assert_int_equal(webhook_pause_ms(1, 5000, 0), 5000);
    assert_int_equal(webhook_pause_ms(2, 5000, 0), 10000);
    assert_int_equal(webhook_pause_ms(10, 5000, 0), 2560000);
    assert_int_equal(webhook_pause_ms(11, 5000, 0), 3600000);
    assert_int_equal(webhook_pause_ms(4000000000u, 10, 0), 3600000);
    for (uint32_t random = 0; random < 5000; random += 7) {
        int64_t pause_ms = webhook_pause_ms(1, 5000, random);
        assert_in_range(pause_ms, 4000, 5000);
    }
}

static void takes_urls_that_lead_to_a_host(void **state)
{
    static const char *const taken[] = {"http://hooks.example/a?b=c", "HTTPS://hooks.example:8443",
                                        "http://127.0.0.1:1/", "http://[::1]:80/x"};
    static const char *const refused[] = {"",
                                          "hooks.example",
                                          "http:/hooks.example",
                                          "http:///hooks.example",
                                          "file:///etc/passwd",
                                          "gopher://hooks.example/",
                                          "http://",
                                          "http://user:password@hooks.example/",
                                          "http://hooks.example/#part",
                                          "http://hooks.example:99999/",
                                          "http://ho oks.example/"};
    struct fault fault = FAULT_INIT;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_int_equal(webhook_url_check(taken[i], "url", &fault), 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        fault = (struct fault)FAULT_INIT;
        assert_int_equal(webhook_url_check(refused[i], "url", &fault), MRPC_INVALID_ARGUMENT);
        assert_string_equal(fault.field, "url");
    }
    char longest[WEBHOOK_URL_BYTES + 1] = "http://h/";
    memset(longest + 9, 'x', sizeof longest - 10);
    assert_int_equal(webhook_url_check(longest, "url", &fault), MRPC_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_specification_does),
        cmocka_unit_test(reads_secrets_of_24_to_64_bytes),
        cmocka_unit_test(pauses_double_up_to_an_hour),
        cmocka_unit_test(takes_urls_that_lead_to_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
