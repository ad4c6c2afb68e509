/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

/* Every documented limit of Instance, broken once: the error names the field. */

static struct sample sample;
static PB(Check) check;
static PB(Check) * checks[9];
static PB(HttpCheck) http;
static PB(TcpCheck) tcp;
static PB(TtlCheck) ttl;
static Google__Protobuf__Duration span;
static PB(MetadataValue) value;
static PB(Instance__MetadataEntry) entry;
static PB(Instance__MetadataEntry) * entries[129];
static char *tags[65];
static PB(Endpoint) * endpoints[17];
static char text[17 * 1024];

static char *mutable(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static void reset(void)
{
    sample_init(&sample, "web", "a", 80);
    mltrainer__registry__v1__check__init(&check);
    mltrainer__registry__v1__http_check__init(&http);
    mltrainer__registry__v1__tcp_check__init(&tcp);
    mltrainer__registry__v1__ttl_check__init(&ttl);
    google__protobuf__duration__init(&span);
    mltrainer__registry__v1__metadata_value__init(&value);
    mltrainer__registry__v1__instance__metadata_entry__init(&entry);
    value.kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    value.text = mutable("v");
    entry.key = mutable("k");
    entry.value = &value;
    for (int i = 0; i < 129; i++)
        entries[i] = &entry;
    for (int i = 0; i < 65; i++)
        tags[i] = mutable("tag");
    for (int i = 0; i < 17; i++)
        endpoints[i] = &sample.endpoint;
    for (int i = 0; i < 9; i++)
        checks[i] = &check;
    memset(text, 'x', sizeof text - 1);
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP;
    check.http = &http;
    sample.instance.checks = checks;
}

static void assert_refused(const char *field)
{
    struct registry_instance *out = NULL;
    struct fault fault = FAULT_INIT;
    int code = registry_definition_take(&sample.instance, "", &out, &fault);
    if (code != MRPC_INVALID_ARGUMENT || strcmp(fault.field, field) != 0)
        fail_msg("code %d, field \"%s\" (%s), expected \"%s\"", code, fault.field, fault.text, field);
    assert_true(fault.text[0]);
    reset();
}

static struct registry_instance *take(void)
{
    struct registry_instance *out = NULL;
    struct fault fault = FAULT_INIT;
    if (registry_definition_take(&sample.instance, "10.0.0.9", &out, &fault))
        fail_msg("%s: %s", fault.field, fault.text);
    return out;
}

static void broken_identity_is_named(void **state)
{
    static const char *const bad[] = {"", "a/b", "../../etc", "a b", "%s%n", "ä", "a\nb", "\xe2\x80\xae"};
    reset();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sample.key.service = mutable(bad[i]);
        assert_refused("instance.key.service");
        sample.key.id = mutable(bad[i]);
        assert_refused("instance.key.id");
    }
    sample.key.namespace_ = mutable("a/b");
    assert_refused("instance.key.namespace");
    text[129] = '\0';
    sample.key.id = text;
    assert_refused("instance.key.id");
    sample.instance.key = NULL;
    assert_refused("instance.key");
    struct fault fault = FAULT_INIT;
    struct registry_instance *out;
    assert_int_equal(registry_definition_take(NULL, "", &out, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.field, "instance");
}

static void broken_endpoint_is_named(void **state)
{
    reset();
    sample.instance.n_endpoints = 0;
    assert_refused("instance.endpoints");
    sample.instance.endpoints = endpoints;
    sample.instance.n_endpoints = 17;
    assert_refused("instance.endpoints");
    sample.instance.endpoints = endpoints;
    sample.instance.n_endpoints = 2;
    assert_refused("instance.endpoints[1]");
    sample.endpoint.port = 65536;
    assert_refused("instance.endpoints[0].port");
    sample.endpoint.address = mutable("http://x/");
    assert_refused("instance.endpoints[0].address");
    sample.endpoint.address = mutable("0x7f.1");
    assert_refused("instance.endpoints[0].address");
    sample.endpoint.protocol = mutable("a b");
    assert_refused("instance.endpoints[0].protocol");
}

static void broken_scalars_are_named(void **state)
{
    reset();
    sample.instance.weight = 65536;
    assert_refused("instance.weight");
    sample.instance.zone = mutable("a/b");
    assert_refused("instance.zone");
    sample.instance.version = mutable("1.2 3");
    assert_refused("instance.version");
    sample.instance.tags = tags;
    sample.instance.n_tags = 65;
    assert_refused("instance.tags");
    sample.instance.tags = tags;
    sample.instance.n_tags = 2;
    assert_refused("instance.tags");
    tags[0] = mutable("a b");
    sample.instance.tags = tags;
    sample.instance.n_tags = 1;
    assert_refused("instance.tags[0]");
}

static void broken_metadata_is_named(void **state)
{
    reset();
    sample.instance.metadata = entries;
    sample.instance.n_metadata = 129;
    assert_refused("instance.metadata");
    sample.instance.metadata = entries;
    sample.instance.n_metadata = 1;
    value.text = text;
    assert_refused("instance.metadata");
    sample.instance.metadata = entries;
    sample.instance.n_metadata = 1;
    entry.key = mutable("a b");
    assert_refused("instance.metadata");
    sample.instance.metadata = entries;
    sample.instance.n_metadata = 1;
    entry.value = NULL;
    assert_refused("instance.metadata");
    sample.instance.metadata = entries;
    sample.instance.n_metadata = 1;
    value.kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER;
    value.number = NAN;
    assert_refused("instance.metadata");
}

static void broken_lease_is_named(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } bad[] = {{0, 1}, {0, 999999999}, {86401, 0}, {-1, 0}, {1, -1}, {1, 1000000000}, {INT64_MAX, 0}, {INT64_MIN, 0}};
    reset();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (i == 1)
            continue; /* 0.999999999 s rounds up to the 1 s that is allowed */
        span.seconds = bad[i].seconds;
        span.nanos = bad[i].nanos;
        sample.instance.lease_ttl = &span;
        assert_refused("instance.lease_ttl");
    }
    sample.instance.lease_ttl = &span; /* 0 s, and no check */
    assert_refused("instance.lease_ttl");
}

static void broken_check_is_named(void **state)
{
    reset();
    sample.instance.n_checks = 9;
    assert_refused("instance.checks");
    sample.instance.n_checks = 2;
    assert_refused("instance.checks[1]");
    sample.instance.n_checks = 1;
    check.kind_case = MLTRAINER__REGISTRY__V1__CHECK__KIND__NOT_SET;
    assert_refused("instance.checks[0]");
    sample.instance.n_checks = 1;
    check.name = mutable("a b");
    assert_refused("instance.checks[0].name");
    sample.instance.n_checks = 1;
    http.path = mutable("no slash");
    assert_refused("instance.checks[0].http.path");
    sample.instance.n_checks = 1;
    http.path = mutable("/a\r\nX-Injected: yes");
    assert_refused("instance.checks[0].http.path");
    sample.instance.n_checks = 1;
    http.host = mutable("a\r\nb");
    assert_refused("instance.checks[0].http.host");
    sample.instance.n_checks = 1;
    http.status_min = 300;
    http.status_max = 200;
    assert_refused("instance.checks[0].http.status_min");
    sample.instance.n_checks = 1;
    text[257] = '\0';
    http.body_contains = text;
    assert_refused("instance.checks[0].http.body_contains");
    sample.instance.n_checks = 1;
    check.interval = &span;
    assert_refused("instance.checks[0].interval");
    sample.instance.n_checks = 1;
    span.seconds = 11; /* longer than the interval of 10 s */
    check.timeout = &span;
    assert_refused("instance.checks[0].timeout");
    sample.instance.n_checks = 1;
    check.rise = 101;
    assert_refused("instance.checks[0].rise");
    sample.instance.n_checks = 1;
    check.fall = 101;
    assert_refused("instance.checks[0].fall");
    sample.instance.n_checks = 1;
    PB(Endpoint) target;
    mltrainer__registry__v1__endpoint__init(&target);
    target.address = mutable("169.254.169.254.");
    target.port = 80;
    http.target = &target;
    assert_refused("instance.checks[0].http.target.address");
}

static void bad_certificates_of_checks_are_named(void **state)
{
    PB(CheckTls) certificate;
    mltrainer__registry__v1__check_tls__init(&certificate);
    sample.instance.n_checks = 1;
    http.certificate = &certificate;
    assert_refused("instance.checks[0].http.certificate");
    sample.instance.n_checks = 1;
    http.tls = true;
    http.certificate = &certificate;
    certificate.ca_pem = mutable("no PEM");
    assert_refused("instance.checks[0].http.certificate.ca_pem");
    sample.instance.n_checks = 1;
    http.tls = true;
    http.certificate = &certificate;
    certificate.ca_pem = mutable("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_refused("instance.checks[0].http.certificate.ca_pem");
    sample.instance.n_checks = 1;
    http.tls = true;
    http.certificate = &certificate;
    certificate.ca_pem = text; /* 17 KiB */
    assert_refused("instance.checks[0].http.certificate.ca_pem");
    certificate.ca_pem = mutable("");
    sample.instance.n_checks = 1;
    http.tls = true;
    http.certificate = &certificate;
    certificate.server_name = mutable("a b");
    assert_refused("instance.checks[0].http.certificate.server_name");
    sample.instance.n_checks = 1;
    http.tls = true;
    http.certificate = &certificate;
    certificate.server_name = mutable("a.example");
    certificate.ignore = true;
    assert_refused("instance.checks[0].http.certificate.ignore");
}

static void defaults_are_filled_in(void **state)
{
    reset();
    sample.instance.n_checks = 1;
    struct registry_instance *instance = take();
    const PB(Instance) *message = instance->message;
    assert_string_equal(message->key->namespace_, "default");
    assert_string_equal(message->endpoints[0]->protocol, "grpc");
    assert_int_equal(message->weight, 100);
    assert_int_equal(registry_instance_lease_ms(instance), 30000);
    assert_string_equal(message->checks[0]->name, "http");
    assert_string_equal(message->checks[0]->http->path, "/");
    assert_int_equal(message->checks[0]->http->status_max, 299);
    assert_int_equal(registry_duration_ms(message->checks[0]->interval), 10000);
    assert_int_equal(registry_duration_ms(message->checks[0]->timeout), 5000);
    assert_int_equal(message->checks[0]->rise, 2);
    assert_int_equal(message->checks[0]->fall, 3);
    assert_int_equal(message->checks[0]->http->target->port, 80);
    assert_string_equal(instance->peer, "10.0.0.9");
    registry_instance_unref(instance);
    span.seconds = 2;
    check.interval = &span;
    instance = take();
    assert_int_equal(registry_duration_ms(instance->message->checks[0]->timeout), 2000);
    registry_instance_unref(instance);
}

/* What means the same is stored the same, so registering it again is no change. */
static void tags_and_metadata_are_sorted(void **state)
{
    PB(Instance__MetadataEntry) other = entry;
    char *forth[] = {mutable("x"), mutable("y")}, *back[] = {mutable("y"), mutable("x")};
    reset();
    other = entry;
    other.key = mutable("j");
    PB(Instance__MetadataEntry) * up[] = {&other, &entry}, *down[] = {&entry, &other};
    sample.instance.tags = forth;
    sample.instance.n_tags = 2;
    sample.instance.metadata = up;
    sample.instance.n_metadata = 2;
    struct registry_instance *first = take();
    sample.instance.tags = back;
    sample.instance.metadata = down;
    struct registry_instance *second = take();
    assert_int_equal(registry_instance_same_definition(first, second), 1);
    value.text = mutable("w");
    struct registry_instance *third = take();
    assert_int_equal(registry_instance_same_definition(first, third), 0);
    assert_true(registry_instance_same_checks(first, third));
    registry_instance_unref(first);
    registry_instance_unref(second);
    registry_instance_unref(third);
}

static void outputs_given_by_the_client_are_dropped(void **state)
{
    PB(InstanceStatus) status;
    mltrainer__registry__v1__instance_status__init(&status);
    reset();
    status.state = (PB(HealthState))HEALTH_HEALTHY;
    sample.instance.status = &status;
    sample.instance.owner = mutable("token/root");
    sample.instance.incarnation = 7;
    sample.instance.revision = 8;
    struct registry_instance *instance = take();
    assert_null(instance->message->status);
    assert_string_equal(instance->message->owner, "");
    assert_int_equal(instance->message->incarnation, 0);
    assert_int_equal(instance->message->revision, 0);
    registry_instance_unref(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_identity_is_named),
        cmocka_unit_test(broken_endpoint_is_named),
        cmocka_unit_test(broken_scalars_are_named),
        cmocka_unit_test(broken_metadata_is_named),
        cmocka_unit_test(broken_lease_is_named),
        cmocka_unit_test(broken_check_is_named),
        cmocka_unit_test(bad_certificates_of_checks_are_named),
cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(tags_and_metadata_are_sorted),
        cmocka_unit_test(outputs_given_by_the_client_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
