/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/definition.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/target.h"
#include "registry/checks/terms.h"
#include "registry/identifier.h"

enum {
    ENDPOINTS_MAX = 16,
    TAGS_MAX = 64,
    METADATA_ENTRIES_MAX = 128,
    METADATA_BYTES_MAX = 16 * 1024,
    WEIGHT_DEFAULT = 100,
    LEASE_DEFAULT_S = 30,
    LEASE_MAX_MS = 24 * 3600 * 1000,
    INTERVAL_DEFAULT_S = 10,
    INTERVAL_MAX_MS = 3600 * 1000,
    TIMEOUT_DEFAULT_MS = 5000,
    TIMEOUT_MAX_MS = 60 * 1000,
    CA_BYTES_MAX = 16 * 1024,
};

/* What the functions below share: where in the message they are, for the errors. */
struct taking {
    struct registry_instance *instance;
    PB(Instance) * message;
    struct fault *fault;
    size_t ca_bytes; /* of all checks so far */
};

static int no_memory(struct taking *taking)
{
    return fault_set(taking->fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
}

#define FIELD(buffer, ...) (snprintf(buffer, sizeof(buffer), __VA_ARGS__), (buffer))

/* Field buffers are shorter than a path can get only by their own prefixes, which are bounded. */
enum { PATH_BYTES = 96 };

static int take_endpoint(struct taking *taking, PB(Endpoint) * endpoint, const char *path)
{
    char field[PATH_BYTES];
    if (!target_host_valid(endpoint->address))
        return fault_field(taking->fault, FIELD(field, "%.70s.address", path),
                           "\"%.64s\" is neither a numeric IPv4 or IPv6 address nor a host name", endpoint->address);
    if (endpoint->port < 1 || endpoint->port > 65535)
        return fault_field(taking->fault, FIELD(field, "%.70s.port", path), "%u is not in 1..65535", endpoint->port);
    if (!endpoint->protocol[0])
        endpoint->protocol = (char *)(uintptr_t) "grpc";
    if (!registry_identifier_valid(endpoint->protocol, 32))
        return fault_field(taking->fault, FIELD(field, "%.70s.protocol", path), "is not [A-Za-z0-9._-]{1,32}");
    return MRPC_OK;
}

static int take_endpoints(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    char path[PATH_BYTES];
    if (message->n_endpoints < 1 || message->n_endpoints > ENDPOINTS_MAX)
        return fault_field(taking->fault, "instance.endpoints", "%zu given, 1 to %d are needed", message->n_endpoints,
                           ENDPOINTS_MAX);
    for (size_t i = 0; i < message->n_endpoints; i++) {
        int code = take_endpoint(taking, message->endpoints[i], FIELD(path, "instance.endpoints[%zu]", i));
        if (code)
            return code;
        for (size_t j = 0; j < i; j++)
            if (message->endpoints[i]->port == message->endpoints[j]->port &&
                strcmp(message->endpoints[i]->address, message->endpoints[j]->address) == 0 &&
                strcmp(message->endpoints[i]->protocol, message->endpoints[j]->protocol) == 0)
                return fault_field(taking->fault, path, "is the same as endpoints[%zu]", j);
    }
    return MRPC_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int take_tags(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    char field[PATH_BYTES];
    if (message->n_tags > TAGS_MAX)
        return fault_field(taking->fault, "instance.tags", "%zu given, at most %d are allowed", message->n_tags,
                           TAGS_MAX);
    for (size_t i = 0; i < message->n_tags; i++)
        if (!registry_identifier_valid(message->tags[i], 64))
            return fault_field(taking->fault, FIELD(field, "instance.tags[%zu]", i), "is not [A-Za-z0-9._-]{1,64}");
    if (message->n_tags)
        qsort(message->tags, message->n_tags, sizeof *message->tags, compare_texts);
    for (size_t i = 1; i < message->n_tags; i++)
        if (strcmp(message->tags[i - 1], message->tags[i]) == 0)
            return fault_field(taking->fault, "instance.tags", "\"%s\" is there twice", message->tags[i]);
    return MRPC_OK;
}

static size_t value_bytes(const PB(MetadataValue) * value)
{
    switch (value->kind_case) {
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT:
        return strlen(value->text);
    case MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_DATA:
        return value->data.len;
    default:
        return 8;
    }
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp((*(PB(Instance__MetadataEntry) *const *)a)->key, (*(PB(Instance__MetadataEntry) *const *)b)->key);
}

static int take_metadata(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    size_t bytes = 0;
    if (message->n_metadata > METADATA_ENTRIES_MAX)
        return fault_field(taking->fault, "instance.metadata", "%zu entries, at most %d are allowed",
                           message->n_metadata, METADATA_ENTRIES_MAX);
    for (size_t i = 0; i < message->n_metadata; i++) {
        const PB(Instance__MetadataEntry) *entry = message->metadata[i];
        if (!registry_identifier_valid(entry->key, 128))
            return fault_field(taking->fault, "instance.metadata", "a key is not [A-Za-z0-9._-]{1,128}");
        if (!entry->value || entry->value->kind_case == MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND__NOT_SET)
            return fault_field(taking->fault, "instance.metadata", "\"%s\" has no value", entry->key);
        if (entry->value->kind_case == MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER &&
            !isfinite(entry->value->number))
            return fault_field(taking->fault, "instance.metadata", "\"%s\" is not a finite number", entry->key);
        bytes += strlen(entry->key) + value_bytes(entry->value);
    }
    if (bytes > METADATA_BYTES_MAX)
        return fault_field(taking->fault, "instance.metadata", "%zu bytes, at most 16 KiB are allowed", bytes);
    if (message->n_metadata)
        qsort(message->metadata, message->n_metadata, sizeof *message->metadata, compare_entries);
    return MRPC_OK;
}

/* --- durations ---------------------------------------------------------------------------------------------------- */

static Google__Protobuf__Duration *duration(struct taking *taking, int64_t ms)
{
    Google__Protobuf__Duration *made = mrpc_arena_alloc(taking->instance->arena, sizeof *made);
    if (!made)
        return NULL;
    google__protobuf__duration__init(made);
    made->seconds = ms / 1000;
    made->nanos = (int32_t)(ms % 1000) * 1000000;
    return made;
}

/* *@at becomes @fallback_ms when it is absent. */
static int take_duration(struct taking *taking, Google__Protobuf__Duration **at, int64_t fallback_ms, int64_t least_ms,
                         int64_t most_ms, const char *field)
{
    if (!*at)
        *at = duration(taking, fallback_ms);
    if (!*at)
        return no_memory(taking);
    bool sane = (*at)->seconds >= 0 && (*at)->seconds <= 1000000 && (*at)->nanos >= 0 && (*at)->nanos < 1000000000;
    int64_t ms = sane ? registry_duration_ms(*at) : -1;
    if (ms >= least_ms && ms <= most_ms)
        return MRPC_OK;
    return fault_field(taking->fault, field, "is not in %g s..%g s", (double)least_ms / 1000, (double)most_ms / 1000);
}

static int take_lease(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    bool none = message->lease_ttl && message->lease_ttl->seconds == 0 && message->lease_ttl->nanos == 0;
    if (none && message->n_checks == 0)
        return fault_field(taking->fault, "instance.lease_ttl",
                           "0 needs a check: without both nothing would tell whether the instance lives");
    if (none)
        return MRPC_OK;
    return take_duration(taking, &message->lease_ttl, LEASE_DEFAULT_S * 1000, 1000, LEASE_MAX_MS, "instance.lease_ttl");
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static bool visible(const char *text)
{
    for (; *text; text++)
        if (*text <= 0x20 || *text >= 0x7f)
            return false;
    return true;
}

static int take_target(struct taking *taking, PB(Endpoint) * *target, const char *path)
{
    char field[PATH_BYTES];
    if (*target)
        return take_endpoint(taking, *target, FIELD(field, "%.80s.target", path));
    *target = taking->message->endpoints[0];
    return MRPC_OK;
}

static int take_certificate(struct taking *taking, const PB(CheckTls) * certificate, bool tls, const char *path)
{
    char field[PATH_BYTES];
    if (!certificate)
        return MRPC_OK;
    if (!tls)
        return fault_field(taking->fault, FIELD(field, "%.70s.certificate", path), "is there without tls");
    if (certificate->ignore && (certificate->ca_pem[0] || certificate->server_name[0]))
        return fault_field(taking->fault, FIELD(field, "%.70s.certificate.ignore", path),
                           "contradicts ca_pem and server_name");
    if (certificate->server_name[0] && !target_host_valid(certificate->server_name))
        return fault_field(taking->fault, FIELD(field, "%.70s.certificate.server_name", path),
                           "\"%.64s\" is neither a numeric IPv4 or IPv6 address nor a host name",
                           certificate->server_name);
    taking->ca_bytes += strlen(certificate->ca_pem);
    if (taking->ca_bytes > CA_BYTES_MAX)
        return fault_field(taking->fault, FIELD(field, "%.70s.certificate.ca_pem", path),
                           "makes more than 16 KiB of CAs in the instance's checks");
    if (certificate->ca_pem[0] && !terms_pem_valid(certificate->ca_pem))
        return fault_field(taking->fault, FIELD(field, "%.70s.certificate.ca_pem", path), "is not certificates in PEM");
    return MRPC_OK;
}

static int take_http(struct taking *taking, PB(HttpCheck) * http, const char *path)
{
    char field[PATH_BYTES];
    if (!http->path[0])
        http->path = (char *)(uintptr_t) "/";
    if (http->path[0] != '/' || strlen(http->path) > 1024 || !visible(http->path))
        return fault_field(taking->fault, FIELD(field, "%.80s.path", path),
                           "does not begin with '/' and go on with at most 1,023 visible ASCII characters");
    if (strlen(http->host) > 253 || !visible(http->host))
        return fault_field(taking->fault, FIELD(field, "%.80s.host", path), "is not a host name");
    http->status_min = http->status_min ? http->status_min : 200;
    http->status_max = http->status_max ? http->status_max : 299;
    if (http->status_min < 100 || http->status_max > 599 || http->status_min > http->status_max)
        return fault_field(taking->fault, FIELD(field, "%.80s.status_min", path), "%u..%u is not a range in 100..599",
                           http->status_min, http->status_max);
    if (strlen(http->body_contains) > 256)
        return fault_field(taking->fault, FIELD(field, "%.80s.body_contains", path), "has more than 256 bytes");
    int code = take_certificate(taking, http->certificate, http->tls, path);
    return code ? code : take_target(taking, &http->target, path);
}

static int take_grpc(struct taking *taking, PB(GrpcCheck) * grpc, const char *path)
{
    char field[PATH_BYTES];
    if (strlen(grpc->service) > 256)
        return fault_field(taking->fault, FIELD(field, "%.80s.service", path), "has more than 256 bytes");
    int code = take_certificate(taking, grpc->certificate, grpc->tls, path);
    return code ? code : take_target(taking, &grpc->target, path);
}

/* What the check does; *@kind receives its name. */
static int take_kind(struct taking *taking, PB(Check) * check, const char *path, const char **kind)
{
    char inner[PATH_BYTES];
    switch (check->kind_case) {
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_HTTP:
        *kind = "http";
        return take_http(taking, check->http, FIELD(inner, "%.80s.http", path));
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_GRPC:
        *kind = "grpc";
        return take_grpc(taking, check->grpc, FIELD(inner, "%.80s.grpc", path));
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_TCP:
        *kind = "tcp";
        return take_target(taking, &check->tcp->target, FIELD(inner, "%.80s.tcp", path));
    case MLTRAINER__REGISTRY__V1__CHECK__KIND_TTL:
        *kind = "ttl";
        return MRPC_OK;
    default:
        return fault_field(taking->fault, path, "has none of http, grpc, tcp, ttl");
    }
}

static int take_threshold(struct taking *taking, uint32_t *value, uint32_t fallback, const char *path, const char *name)
{
    char field[PATH_BYTES];
    *value = *value ? *value : fallback;
    if (*value <= 100)
        return MRPC_OK;
    return fault_field(taking->fault, FIELD(field, "%.80s.%s", path, name), "%u is not in 1..100", *value);
}

static int take_check(struct taking *taking, PB(Check) * check, const char *path)
{
    char field[PATH_BYTES];
    const char *kind = "";
    int code = take_kind(taking, check, path, &kind);
    if (code)
        return code;
    if (!check->name[0])
        check->name = (char *)(uintptr_t)kind;
    if (!registry_identifier_valid(check->name, 64))
        return fault_field(taking->fault, FIELD(field, "%.80s.name", path), "is not [A-Za-z0-9._-]{1,64}");
    code = take_duration(taking, &check->interval, INTERVAL_DEFAULT_S * 1000, 1000, INTERVAL_MAX_MS,
                         FIELD(field, "%.80s.interval", path));
    if (code)
        return code;
    int64_t interval_ms = registry_duration_ms(check->interval);
    code =
        take_duration(taking, &check->timeout, interval_ms < TIMEOUT_DEFAULT_MS ? interval_ms : TIMEOUT_DEFAULT_MS, 50,
                      interval_ms < TIMEOUT_MAX_MS ? interval_ms : TIMEOUT_MAX_MS, FIELD(field, "%.80s.timeout", path));
    if (!code)
        code = take_threshold(taking, &check->rise, 2, path, "rise");
    if (!code)
        code = take_threshold(taking, &check->fall, 3, path, "fall");
    return code;
}

static int take_checks(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    char path[PATH_BYTES];
    if (message->n_checks > REGISTRY_CHECKS_MAX)
        return fault_field(taking->fault, "instance.checks", "%zu given, at most %d are allowed", message->n_checks,
                           REGISTRY_CHECKS_MAX);
    for (size_t i = 0; i < message->n_checks; i++) {
        int code = take_check(taking, message->checks[i], FIELD(path, "instance.checks[%zu]", i));
        if (code)
            return code;
        for (size_t j = 0; j < i; j++)
            if (strcmp(message->checks[i]->name, message->checks[j]->name) == 0)
                return fault_field(taking->fault, path, "the name \"%s\" is there twice", message->checks[i]->name);
    }
    return MRPC_OK;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void drop_outputs(PB(Instance) * message)
{
    message->status = NULL;
    message->owner = (char *)(uintptr_t)protobuf_c_empty_string;
    message->incarnation = 0;
    message->revision = 0;
    message->create_time = NULL;
    message->update_time = NULL;
}

static int take_scalars(struct taking *taking)
{
    PB(Instance) *message = taking->message;
    static const char version[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
    message->key->namespace_ = (char *)(uintptr_t)registry_namespace(message->key->namespace_);
    if (strlen(message->version) > 64 || message->version[strspn(message->version, version)])
        return fault_field(taking->fault, "instance.version", "is not [A-Za-z0-9._+-]{0,64}");
    message->weight = message->weight ? message->weight : WEIGHT_DEFAULT;
    if (message->weight > 65535)
        return fault_field(taking->fault, "instance.weight", "%u is not in 1..65535", message->weight);
    if (message->zone[0] && !registry_identifier_valid(message->zone, 64))
        return fault_field(taking->fault, "instance.zone", "is not [A-Za-z0-9._-]{0,64}");
    return MRPC_OK;
}

int registry_definition_take(const PB(Instance) * source, const char *peer, struct registry_instance **out,
                             struct fault *fault)
{
    if (!source)
        return fault_field(fault, "instance", "is required");
    if (registry_key_check(source->key, "instance.key", fault))
        return fault->code;
    struct registry_instance *instance = registry_instance_draft(source, peer);
    if (!instance)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory");
    struct taking taking = {instance, instance->message, fault};
    drop_outputs(instance->message);
    int code = take_scalars(&taking);
    if (!code)
        code = take_endpoints(&taking);
    if (!code)
        code = take_tags(&taking);
    if (!code)
        code = take_metadata(&taking);
    if (!code)
        code = take_lease(&taking);
    if (!code)
        code = take_checks(&taking);
    if (code) {
        registry_instance_unref(instance);
        return code;
    }
    *out = instance;
    return MRPC_OK;
}
